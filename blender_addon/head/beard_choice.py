"""Another kind, length or colour of a character's beard: grown anew where the photo shows one, or one would be."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ...core.errors import CharacterFileError
from ...core.hair.hair_colour import dyed
from ...core.hair.strands import BEARD
from .. import names
from ..hair.hair_objects import beard_object, store_beard_tone
from .character_store import character_from, stored_bytes
from .characters import find_part
from .hair_choice import BEARD_CHOSEN, beard_of, remember_hair, show_chosen_hair
from .replace import put_in_place


def grow_other_beard(
    collection: bpy.types.Collection, kind: str, length: float = 1.0, colour: tuple[float, float, float] | None = None
) -> bpy.types.Object | None:
    """Give a character another beard; what its sliders say stays. The new object, None for a kind without strands.

    Args:
        kind: of ``core.hair.beard_kinds.LABELS``.
        length: times that of the kind.
        colour: linear; None keeps it.

    Raises:
        CharacterFileError: the character is not in the .blend any more, or its file is older than beards.
    """
    character, head = character_from(stored_bytes(collection)), find_part(collection, "head")
    beard = beard_of(collection, character.hair.beard)
    if beard is None or head is None:
        raise CharacterFileError(
            f"{collection.name} knows nothing of its beard: reconstruct its photo again with this Furrow."
        )
    if colour is not None:
        beard = replace(beard, colour=dyed(colour))
    beard = replace(beard, kind=kind, length=length)
    old = find_part(collection, names.HAIR_PART + BEARD)
    made = beard_object(character, beard, head, collection)
    put_in_place(old, made)
    store_beard_tone(head, character, beard)
    remember_hair(collection, BEARD_CHOSEN, beard, colour is not None)
    show_chosen_hair(collection)
    return made
