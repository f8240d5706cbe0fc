"""Finding characters again: a character is a collection with the property ``furrow_schema``, and its first part each.

What lies in such a collection beyond the first object of each part is a copy, as Blender's own Duplicate makes them: it
has the part's mark, but is no part of the character.
"""

from __future__ import annotations

import bpy

from ..names import CHARACTER, HAIR_NAMES, HAIR_PART, PART, PART_NAMES, RIG
from .build_head import HeadObjects

MARKS = {RIG, *PART_NAMES, *(HAIR_PART + group for group in HAIR_NAMES)}


def is_character(collection: bpy.types.Collection | None) -> bool:
    """Whether a collection is a character's."""
    return collection is not None and CHARACTER in collection


def all_characters(scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """Collections of the scene that hold a character, whole or broken, in their order; one without any part is gone."""
    found = (c for c in scene.collection.children_recursive if CHARACTER in c)
    return [c for c in found if any(PART in item for item in c.all_objects)]


def parts_of(collection: bpy.types.Collection) -> dict[str, bpy.types.Object]:
    """What a character consists of, {part: object}: parts that are gone are absent, cameras of photos are in it.

    A part that the artist has put into another collection of a scene is found by its parent.
    """
    found: dict[str, bpy.types.Object] = {}
    for item in collection.all_objects:
        part = item.get(PART)
        if part is not None:
            found.setdefault(part, item)
    owners = [found[part] for part in (RIG, "head") if part in found]
    if owners and not found.keys() >= PART_NAMES.keys():
        for item in bpy.data.objects:
            if item.parent in owners and item.get(PART) in MARKS and item.users_collection:
                found.setdefault(item[PART], item)
    return found


def copies_in(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """Objects that have a part's mark and are none: copies that were made inside the character's collection."""
    parts = parts_of(collection)
    return [o for o in collection.all_objects if o.get(PART) in MARKS and parts[o[PART]] != o]


def find_part(collection: bpy.types.Collection, part: str) -> bpy.types.Object | None:
    """The object of one part ("armature" or one of ``names.PART_NAMES``); None where the artist removed it."""
    for item in collection.all_objects:
        if item.get(PART) == part:
            return item
    return parts_of(collection).get(part) if part in MARKS else None


def objects_of(collection: bpy.types.Collection) -> HeadObjects:
    """The objects of a character; parts that were removed are absent."""
    found = parts_of(collection)
    return HeadObjects(
        collection,
        found.get(RIG),
        {part: found[part] for part in PART_NAMES if part in found},
        {group: found[HAIR_PART + group] for group in HAIR_NAMES if HAIR_PART + group in found},
    )


def holder_of(item: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """The character in whose collection an object lies, be it a part, a copy of one, or a thing of the artist's."""
    for collection in item.users_collection:
        if CHARACTER in collection:
            return collection
    return next((c for c in all_characters(scene) if c.all_objects.get(item.name) == item), None)


def is_copy(item: bpy.types.Object, collection: bpy.types.Collection) -> bool:
    """Whether an object in a character's collection has a part's mark and is not that part."""
    return item.get(PART) in MARKS and find_part(collection, item[PART]) != item


def active_character(context: bpy.types.Context) -> bpy.types.Collection | None:
    """The character that the active object belongs to, else the one chosen in the panel, else the only one.

    It may be broken or linked: ``standing`` tells what may be done with it. A copy of a part is no one's: the sliders
    of its original are not its own.
    """
    item = context.object
    if item is not None:
        collection = holder_of(item, context.scene)
        if collection is not None:
            return None if is_copy(item, collection) else collection
        if item.get(PART) in MARKS:
            found = (c for c in all_characters(context.scene) if item in parts_of(c).values())
            return next(found, None)
    found = all_characters(context.scene)
    settings = getattr(context.scene, "furrow", None)
    if settings is not None and settings.character in found:
        return settings.character
    return found[0] if len(found) == 1 else None


def has_head(collection: bpy.types.Collection | None) -> bool:
    """Whether there is a character, with a head."""
    return collection is not None and find_part(collection, "head") is not None
