"""Another style, size or colour of a character's scalp hair: grown anew from what the character holds of it."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ...core.errors import CharacterFileError
from ...core.hair.hair_colour import dyed
from ...core.hair.strands import SCALP
from .. import names
from ..hair.hair_objects import scalp_object, store_scalp_tone
from .character_store import character_from, stored_bytes
from .characters import find_part
from .hair_choice import SCALP_CHOSEN, remember_hair, scalp_of, show_chosen_hair
from .replace import put_in_place


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
        scalp = replace(scalp, colour=dyed(colour))
    scalp = replace(scalp, style=style, length=length, volume=volume, mirrored=mirrored)
    old = find_part(collection, names.HAIR_PART + SCALP)
    made = scalp_object(character, scalp, head, collection)
    put_in_place(old, made)
    store_scalp_tone(head, character, scalp)
    remember_hair(collection, SCALP_CHOSEN, scalp, colour is not None)
    show_chosen_hair(collection)
    return made

