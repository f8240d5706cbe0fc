"""What an artist has chosen of a character's hair: applied to its objects, and kept when the character is replaced."""

from __future__ import annotations

import json
from dataclasses import replace

import bpy

from ...core.character.character import Character
from ...core.hair.beard import Beard
from ...core.hair.scalp import Scalp
from .. import names
from ..hair.follow_nodes import SLIDERS
from ..hair.showing import show_hair
from ..scene.modifier_inputs import default_inputs, get_input, set_input
from .build_head import HeadObjects
from .characters import parts_of

# on the collection: the headers of the scalp hair and the beard in use, as JSON
SCALP_CHOSEN, BEARD_CHOSEN = "furrow_scalp_hair", "furrow_chosen_beard"
DYED = "dyed"  # beside the header: the colour was chosen too
CHOICES = ("hair", "painted_brows", "lash_plates", "painted_beard", "gaze")  # of the panel


def scalp_of(collection: bpy.types.Collection, guess: Scalp | None) -> Scalp | None:
    """The scalp hair in use: what an artist has chosen, else the photo's guess, whose hairline always stays."""
    try:
        chosen = Scalp.of_header(_stored(collection, SCALP_CHOSEN))
    except (ValueError, KeyError, TypeError):
        return guess
    if guess is None:
        return chosen
    colour = chosen.colour if _dyed(collection, SCALP_CHOSEN) else guess.colour
    return replace(chosen, hairline=guess.hairline, colour=colour)


def beard_of(collection: bpy.types.Collection, seen: Beard | None) -> Beard | None:
    """The beard in use: what an artist has chosen, else the photo's, whose area always stays."""
    if seen is None:
        return None
    try:
        chosen = Beard.of_header(_stored(collection, BEARD_CHOSEN), seen.cover.pixels)
    except (ValueError, KeyError, TypeError):
        return seen
    colour = chosen.colour if _dyed(collection, BEARD_CHOSEN) else seen.colour
    return replace(seen, kind=chosen.kind, length=chosen.length, colour=colour)


def remember_hair(collection: bpy.types.Collection, key: str, chosen: Scalp | Beard, colour_too: bool) -> None:
    """Keep on a character what was chosen of its scalp hair or its beard.

    Args:
        key: ``SCALP_CHOSEN`` or ``BEARD_CHOSEN``.
        colour_too: its colour is the artist's; what he chose before stays his.
    """
    collection[key] = json.dumps(chosen.header() | {DYED: colour_too or _dyed(collection, key)})


def with_chosen_hair(character: Character, collection: bpy.types.Collection) -> Character:
    """A character with the scalp hair and the beard that were chosen for one of the same person.

    Args:
        collection: that one's, which may be the character's own.
    """
    hair = character.hair
    scalp = None if hair.scalp is None else scalp_of(collection, hair.scalp)
    return replace(character, hair=replace(hair, scalp=scalp, beard=beard_of(collection, hair.beard)))


def _stored(collection: bpy.types.Collection, key: str) -> dict:
    """The header of what was chosen; empty where nothing was, or where it is none.

    Raises:
        ValueError: it is no JSON.
    """
    found = json.loads(collection.get(key) or "{}")
    return found if isinstance(found, dict) else {}


def _dyed(collection: bpy.types.Collection, key: str) -> bool:
    """Whether an artist has chosen the colour."""
    try:
        return bool(_stored(collection, key).get(DYED))
    except (ValueError, TypeError):
        return False


def show_chosen_hair(collection: bpy.types.Collection) -> None:
    """Show of a character's hair what its properties say."""
    settings = getattr(collection, "furrow", None)  # scripts use the package without the panel
    chosen = () if settings is None else (
        settings.hair, settings.painted_brows, settings.lash_plates, settings.painted_beard
    )  # fmt: skip
    show_hair(parts_of(collection).values(), *chosen)


def keep_hair(old: HeadObjects, new: HeadObjects) -> None:
    """Give a new character the choices and the sliders of an old one's hair."""
    for key in (SCALP_CHOSEN, BEARD_CHOSEN):
        if old.collection.get(key):
            new.collection[key] = old.collection[key]
    for group in old.hair.keys() & new.hair.keys():
        keep_sliders(old.hair[group], new.hair[group])
    chosen, taken = (getattr(made.collection, "furrow", None) for made in (old, new))
    if chosen is not None:
        for name in CHOICES:
            setattr(taken, name, getattr(chosen, name))


def keep_sliders(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Set the sliders of new hair as those of old hair are, as far as that still has them."""
    before, after = (made.modifiers.get(names.FOLLOW) for made in (old, new))
    if before is not None and before.node_group is not None:
        for name in SLIDERS.keys() & default_inputs(before).keys():
            set_input(after, name, get_input(before, name))
