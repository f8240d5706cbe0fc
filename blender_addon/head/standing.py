"""What a character is in this file, and what of it may be changed here: said in one line where something may not.

Linked data cannot be changed. A library override keeps expressions, poses and modifier inputs, and loses the rest when
the file is opened again, so that the rest is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ...core.errors import FurrowError
from .. import names
from .belongings import others, sharers, stand_alone
from .characters import MARKS, active_character, find_part, holder_of, is_character
from .connections import is_unbound
from .missing import missing

EXPRESSION, SHAPE = "expression", "shape"  # what is to be changed: shape keys' values; meshes, hair and maps


@dataclass(frozen=True)
class Remark:
    """A line about the active object or its character.

    Attributes:
        text: what it is, and what to do.
        operator: what does that, an operator's id; empty for none.
        icon: of the line.
    """

    text: str
    operator: str = ""
    icon: str = "INFO"


def library_of(collection: bpy.types.Collection) -> str:
    """File name of the library that a character is linked from, overridden or not; empty for a local one."""
    for block in filter(None, (collection, find_part(collection, "head"), find_part(collection, names.RIG))):
        reference = block.override_library.reference if block.override_library is not None else block
        if reference is not None and reference.library is not None:
            return bpy.path.basename(reference.library.filepath)
    return ""


def refusal(collection: bpy.types.Collection, change: str) -> str:
    """Why a change of a character would not last, in one line; empty where it may be made.

    Args:
        change: EXPRESSION or SHAPE.
    """
    head, library = find_part(collection, "head"), library_of(collection)
    if head is None:
        return f"{collection.name} has lost its head: press Repair."
    if not library:
        return ""
    name = collection.name
    if collection.library is not None or head.library is not None:
        return f"{name} is linked from {library}: make a library override of it, or open that file."
    if change == EXPRESSION:
        keys = head.data.shape_keys
        if keys is None or not keys.is_editable:
            return (
                f"Expressions of {name} would be lost here: open {library}, press Repair and save, then make the "
                "override again."
            )
        return ""
    return f"{name} is a library override, which keeps no such change: open {library} and make it there."


def refuse(collection: bpy.types.Collection | None, change: str = SHAPE) -> bpy.types.Collection:
    """The character, where a change of it would last.

    Raises:
        FurrowError: there is none, it lacks its head, or the change would not last.
    """
    if collection is None:
        raise FurrowError("No character is active: select its head first.")
    words = refusal(collection, change)
    if words:
        raise FurrowError(words)
    return collection


def check(collection: bpy.types.Collection | None, change: str = SHAPE) -> bpy.types.Collection:
    """The character, ready to be changed: what it shares with other characters has become its own.

    Raises:
        FurrowError: see :func:`refuse`.
    """
    collection = refuse(collection, change)
    if not library_of(collection):
        stand_alone(collection)
    return collection


def may_change(collection: bpy.types.Collection, change: str = SHAPE) -> bool:
    """Whether a change may be made at all, for buttons and sliders."""
    return not refusal(collection, change)


def moves_alone(collection: bpy.types.Collection) -> bool:
    """Whether the expression sliders move this character, and no other one with it."""
    mesh = find_part(collection, "head").data
    heads = (find_part(c, "head") for c in others(collection))
    return may_change(collection, EXPRESSION) and all(head is None or head.data != mesh for head in heads)


def remarks(context: bpy.types.Context) -> list[Remark]:
    """What the artist should know of the active object and of the active character, most pressing first."""
    item, collection = context.object, active_character(context)
    found = [] if item is None else _of_object(item, collection, context.scene)
    if collection is None:
        return found
    if library_of(collection):
        words = refusal(collection, EXPRESSION) or (
            f"{collection.name} is a library override of {library_of(collection)}: expressions, pose and strengths "
            "are kept here; head shape, wrinkles and hair are changed in that file"
        )
        return [*found, Remark(words, "", "LIBRARY_DATA_OVERRIDE")]
    found += _of_local(collection)
    if not found and item is not None and _hangs(item):
        found.append(Remark(f"{item.name} moves with its rig", "furrow.select_rig", "LOCKED"))
    return found


def _of_local(collection: bpy.types.Collection) -> list[Remark]:
    """What there is to say of a character of this file."""
    found, gone, shared = [], missing(collection), sharers(collection)
    if gone:
        found.append(Remark(f"{collection.name} has lost {listed(gone)}", "furrow.repair_character", "ERROR"))
    elif is_unbound(find_part(collection, "head")):
        words = f"{collection.name} is of an earlier Furrow: Repair readies it for linking into other files"
        found.append(Remark(words, "furrow.repair_character"))
    if shared:
        words = (
            f"{collection.name} shares meshes or materials with {listed([c.name for c in shared])}: it becomes "
            "independent at the first change, or now"
        )
        found.append(Remark(words, "furrow.make_independent", "LINKED"))
    return found


def _hangs(item: bpy.types.Object) -> bool:
    """Whether an object is a part that is locked to its rig."""
    return item.get(names.PART) in MARKS and item.parent is not None and all(item.lock_location)


def _of_object(
    item: bpy.types.Object, collection: bpy.types.Collection | None, scene: bpy.types.Scene
) -> list[Remark]:
    """What there is to say of the active object itself."""
    instanced = item.instance_collection
    if is_character(instanced):
        words = f"{item.name} is an instance of {instanced.name}"
        if instanced.library is not None:
            return [Remark(f"{words}, which is linked: make a library override of it to pose it", "", "LINKED")]
        return [Remark(f"{words} and follows it in everything: Duplicate makes another character", "", "LINKED")]
    if item.get(names.PART) not in MARKS or collection is not None:
        return []
    holder = holder_of(item, scene)
    words = f"{item.name} is a part of a character, without its collection"
    if holder is not None:
        words = f"{item.name} is a copy inside {holder.name}, and no character yet"
    return [Remark(words, "furrow.make_independent" if is_whole_enough(item) else "")]


def is_whole_enough(item: bpy.types.Object) -> bool:
    """Whether a copied object can become a character: a head or a rig."""
    return item.get(names.PART) in ("head", names.RIG)


def listed(words: list[str]) -> str:
    """A, B and C."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
