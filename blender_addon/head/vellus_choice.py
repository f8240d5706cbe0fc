"""The fine down of a face, which a character has only where an artist asks for it."""

from __future__ import annotations

import bpy

from ...core.hair.strands import VELLUS
from .. import names
from ..hair.hair_objects import vellus_object
from .character_store import character_from, stored_bytes
from .characters import find_part
from .hair_choice import show_chosen_hair
from .replace import remove_object


def set_vellus(collection: bpy.types.Collection, grows: bool) -> bpy.types.Object | None:
    """Give a character vellus, or take it away; the object, None for none.

    Raises:
        CharacterFileError: the character is not in the .blend any more.
    """
    made, head = (find_part(collection, part) for part in (names.HAIR_PART + VELLUS, "head"))
    if made is not None and not grows:
        remove_object(made)
        made = None
    elif made is None and grows and head is not None:
        made = vellus_object(character_from(stored_bytes(collection)), head, collection)
    show_chosen_hair(collection)
    return made
