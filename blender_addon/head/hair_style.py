"""Another style, size or colour of a character's scalp hair: grown anew from what the character holds of it."""

from __future__ import annotations

import json
from dataclasses import replace

import bpy
import numpy as np

from ...core.errors import CharacterFileError
from ...core.hair.hair_colour import LOG_RANGE, HairColour
from ...core.hair.scalp import Scalp, grow_scalp
from ...core.hair.strands import SCALP
from .. import names
from ..hair.follow_nodes import SLIDERS
from ..hair.hair_objects import hair_object, store_scalp_tone
from ..scene.modifier_inputs import get_input, set_input
from .character_store import character_from, stored_bytes
from .characters import find_part
from .hair_choice import show_chosen_hair

CHOSEN = "furrow_scalp_hair"  # on the collection: the header of the scalp hair in use, as JSON


def scalp_of(collection: bpy.types.Collection, guess: Scalp | None) -> Scalp | None:
    """The scalp hair in use: what an artist has chosen, else the photo's guess."""
    stored = collection.get(CHOSEN)
    if not stored:
        return guess
    try:
        return Scalp.of_header(json.loads(stored))
    except (ValueError, KeyError, TypeError):
        return guess


def restyle(
    collection: bpy.types.Collection,
    style: str,
    length: float = 1.0,
    volume: float = 1.0,
    mirrored: bool = False,
    colour: tuple[float, float, float] | None = None,
) -> bpy.types.Object | None:
    """Give a character other scalp hair; what its sliders say stays. The new object, None for a bare scalp.

    Args:
        style: of ``core.hair.styles.STYLES``, or ``core.hair.scalp.NONE``.
        length, volume: times those of the style.
        mirrored: the parting is on the character's right.
        colour: linear; None keeps it.

    Raises:
        CharacterFileError: the character is not in the .blend any more, or its file is older than scalp hair.
    """
    character, head = character_from(stored_bytes(collection)), find_part(collection, "head")
    scalp = scalp_of(collection, character.hair.scalp)
    if scalp is None or head is None:
        raise CharacterFileError(
            f"{collection.name} knows nothing of the hair of its scalp: reconstruct its photo again with this Furrow."
        )
    if colour is not None:
        pigmented = np.clip(np.log(np.maximum(colour, 1e-3)), *LOG_RANGE)
        scalp = replace(scalp, colour=HairColour(pigmented, 0.0))
    scalp = replace(scalp, style=style, length=length, volume=volume, mirrored=mirrored)
    strands = grow_scalp(character.topology, character.neutral, character.joints, scalp, character.wrinkle_seed)
    old = find_part(collection, names.HAIR_PART + SCALP)
    made = None if strands is None else hair_object(character, strands, head, collection)
    if old is not None:
        _take_over(old, made)
    store_scalp_tone(head, character, scalp)
    collection[CHOSEN] = json.dumps(scalp.header())
    show_chosen_hair(collection)
    return made


def _take_over(old: bpy.types.Object, made: bpy.types.Object | None) -> None:
    """Sliders and name of the old hair's object, which goes."""
    name, data, materials = old.name, old.data, [s.material for s in old.material_slots if s.material]
    before = old.modifiers.get(names.FOLLOW)
    if made is not None and before is not None and before.node_group is not None:
        for slider in SLIDERS:
            set_input(made.modifiers[names.FOLLOW], slider, get_input(before, slider))
    bpy.data.objects.remove(old)
    if data.users == 0:
        bpy.data.hair_curves.remove(data)
    for material in materials:
        if material.users == 0:
            bpy.data.materials.remove(material)
    if made is not None:
        made.name = name
