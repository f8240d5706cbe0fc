"""A second character from a first one: a full copy beside it, or what Blender's own copying made, set free."""

from __future__ import annotations

import bpy
from mathutils import Matrix, Vector

from ...core.errors import FurrowError
from .. import names
from ..scene.copying import copy_objects
from ..scene.fingerprint import FINGERPRINT, fingerprint
from ..scene.free_place import free_place
from ..scene.modifier_inputs import get_input
from .belongings import STAGES, own, own_actions, stand_alone
from .build_head import SPACING, remember
from .character_store import FILE, MAPS, ORIGINAL, character_from
from .characters import MARKS, copies_in, is_character, objects_of, parts_of
from .repair import repair


def duplicate(collection: bpy.types.Collection, context: bpy.types.Context) -> bpy.types.Collection:
    """Copy a character with everything behind it, into a collection of its own, free of the original and beside it.

    Objects of the artist's that lie in the collection are copied too.
    """
    items = list(dict.fromkeys([*collection.all_objects, *parts_of(collection).values()]))
    copied_parts = {o for o in copies_in(collection)}
    copies = copy_objects([o for o in items if o not in copied_parts])
    made = _empty_copy(collection, context)
    for copy in copies.values():
        made.objects.link(copy)
    _name(collection.name, made, copies)
    theirs = {place.block for stage in STAGES for place in stage(collection) if place.block.library is None}
    own(made, theirs.__contains__)
    actions: dict[bpy.types.ID, bpy.types.ID] = {}
    for copy in copies.values():
        own_actions(copy, actions)
        if copy.data is not None:
            own_actions(copy.data, actions)
    context.view_layer.update()
    _set_beside(objects_of(collection).armature, copies, context)
    context.view_layer.update()
    made[FINGERPRINT] = fingerprint(made)
    return made


def _empty_copy(collection: bpy.types.Collection, context: bpy.types.Context) -> bpy.types.Collection:
    """A collection with the properties of another one, in the scene, with nothing in it."""
    made = collection.copy()
    for item in list(made.objects):
        made.objects.unlink(item)
    for child in list(made.children):
        made.children.unlink(child)
    context.scene.collection.children.link(made)
    return made


def _name(old: str, made: bpy.types.Collection, copies: dict[bpy.types.Object, bpy.types.Object]) -> None:
    """Call objects after the new collection where the originals are called after the old one."""
    for source, copy in copies.items():
        if source.name.startswith(old):
            copy.name = made.name + source.name[len(old) :]


def _set_beside(
    rig: bpy.types.Object | None, copies: dict[bpy.types.Object, bpy.types.Object], context: bpy.types.Context
) -> None:
    """Move what was copied to the next free place beside the rig of the original."""
    head = next((o for o in copies if o.get(names.PART) == "head"), None)
    anchor = rig or head
    if anchor is None:
        return
    scale = max(anchor.matrix_world.to_scale())
    height = head.dimensions.z if head is not None else SPACING * scale
    start = anchor.matrix_world.translation + Vector((SPACING * scale, 0.0, 0.0))
    lowest = min((c.z for c in _corners(head)), default=start.z) if head is not None else start.z
    place = free_place(context, SPACING * scale, height, Vector((start.x, start.y, lowest)))
    way = Vector((place.x - anchor.matrix_world.translation.x, 0.0, 0.0))
    for copy in copies.values():
        if copy.parent is not None and copy.parent not in copies.values():
            copy.matrix_world = Matrix.Translation(way) @ copy.matrix_world
        elif copy.parent is None and copy.animation_data is not None and copy.animation_data.action is not None:
            copy.delta_location += way  # keyframes hold the place itself
        elif copy.parent is None:
            copy.location += way


def _corners(item: bpy.types.Object) -> list[Vector]:
    return [item.matrix_world @ Vector(corner) for corner in item.bound_box]


def set_free(item: bpy.types.Object, context: bpy.types.Context) -> bpy.types.Collection:
    """Make a character of its own of copied objects: those that hang together with one of them.

    What the copy lacks is built from the stored character.

    Args:
        item: a head or a rig with the mark of a part, which is no part of a character.

    Raises:
        FurrowError: it is neither, or the stored character is not in this file.
    """
    source = next((c for c in bpy.data.collections if is_character(c) and item in copies_in(c)), None)
    loose = copies_in(source) if source is not None else [o for o in _strays(context) if o != item] + [item]
    family = _family(item, loose)
    if not any(o.get(names.PART) in ("head", names.RIG) for o in family):
        raise FurrowError(f"{item.name} is a copy of one part alone: copy the head or the rig with it.")
    made = _empty_copy(source, context) if source is not None else _remembered(family, context)
    for member in family:
        for place in list(member.users_collection):
            place.objects.unlink(member)
        made.objects.link(member)
    stand_alone(made)
    repair(made, context)
    return made


def _strays(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Objects of the scene with the mark of a part that belong to no character."""
    known = {o for c in bpy.data.collections if is_character(c) for o in c.all_objects}
    return [o for o in context.scene.objects if o.get(names.PART) in MARKS and o not in known]


def _family(item: bpy.types.Object, loose: list[bpy.types.Object]) -> list[bpy.types.Object]:
    """The objects of ``loose`` that share the topmost loose ancestor of one of them, one of each part."""
    def top(member: bpy.types.Object) -> bpy.types.Object:
        while member.parent is not None and member.parent in loose:
            member = member.parent
        return member

    root, found = top(item), {item[names.PART]: item}
    for member in loose:
        if top(member) == root:
            found.setdefault(member[names.PART], member)
    return list(found.values())


def _remembered(family: list[bpy.types.Object], context: bpy.types.Context) -> bpy.types.Collection:
    """A character's collection for parts that came without one, of the maps that the head carries.

    Raises:
        FurrowError: it carries none.
    """
    head = next((o for o in family if o.get(names.PART) == "head"), None)
    modifier = head.modifiers.get(names.WRINKLE) if head is not None else None
    maps = get_input(modifier, "Maps") if modifier is not None and modifier.node_group is not None else None
    if maps is None or FILE not in maps:
        raise FurrowError("These parts have come without their character: append or link its collection instead.")
    character = character_from(bytes(maps[FILE]))
    made = bpy.data.collections.new(character.name)
    context.scene.collection.children.link(made)
    made[MAPS] = made[ORIGINAL] = maps
    remember(character, made, "")
    return made
