"""Finding characters again: a character is a collection with the property ``furrow_schema``."""

from __future__ import annotations

import bpy

from ..names import HAIR_NAMES, HAIR_PART, PART_NAMES
from .build_head import HeadObjects


def all_characters(scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """Collections of the scene that hold a character with a head, in their order."""
    return [c for c in scene.collection.children_recursive if "furrow_schema" in c and find_part(c, "head")]


def find_part(collection: bpy.types.Collection, part: str) -> bpy.types.Object | None:
    """The object of one part ("armature" or one of ``names.PART_NAMES``); None where the artist removed it."""
    return next((o for o in collection.objects if o.get("furrow_part") == part), None)


def objects_of(collection: bpy.types.Collection) -> HeadObjects:
    """The objects of a character; parts that were removed are absent."""
    found = {part: find_part(collection, part) for part in PART_NAMES}
    hair = {group: find_part(collection, HAIR_PART + group) for group in HAIR_NAMES}
    return HeadObjects(
        collection,
        find_part(collection, "armature"),
        {part: o for part, o in found.items() if o is not None},
        {group: o for group, o in hair.items() if o is not None},
    )


def active_character(context: bpy.types.Context) -> bpy.types.Collection | None:
    """The character that the active object belongs to, else the one chosen in the panel, else the only one."""
    found = all_characters(context.scene)
    if context.object is not None:
        for collection in found:
            if context.object.name in collection.objects:
                return collection
    settings = getattr(context.scene, "furrow", None)
    if settings is not None and settings.character in found:
        return settings.character
    return found[0] if len(found) == 1 else None
