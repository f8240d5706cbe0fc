"""Repair: what a character has lost is built again from the stored character; what is there stays as it is.

A whole second head is built, gives what is missing, and is removed again.
"""

from __future__ import annotations

import bpy
from mathutils import Matrix

from ...core.character.character import Character
from ...core.errors import CharacterFileError, FurrowError
from ...core.head.model import DIRECTIONS
from .. import names
from ..hair.follow_nodes import CAGE, follow_tree
from ..scene.modifier_inputs import default_inputs, get_input, set_input
from ..scene.shape_keys import key_coordinates
from .belongings import image_places
from .build_head import EXPECTED, HeadObjects, build_head
from .character_store import BELONGING, MAPS, ORIGINAL, character_from, stored_bytes
from .characters import MARKS, objects_of, parts_of
from .connections import ARMATURE, connect
from .hair_choice import show_chosen_hair
from .head_shape import apply_directions
from .missing import HEAD_MODIFIERS, has_group, holes, imageless, missing
from .replace import remove_character
from .standing import library_of

STACK = (ARMATURE, *HEAD_MODIFIERS)  # order of the head's modifiers


def repair(collection: bpy.types.Collection, context: bpy.types.Context) -> list[str]:
    """Build what a character has lost; its names, as ``missing`` gives them.

    Raises:
        FurrowError: the character is linked from another file.
        CharacterFileError: the stored character is not in the .blend any more.
    """
    library = library_of(collection)
    if library:
        raise FurrowError(f"{collection.name} is linked from {library}: open that file and repair it there.")
    gone = missing(collection)
    _take_back(collection)
    if missing(collection):
        before = set(bpy.data.images)
        donor = build_head(_stored(collection), context, activate=False)
        shape = collection.get("furrow_directions")
        apply_directions(donor.collection, [0.0] * len(DIRECTIONS) if shape is None else list(shape))
        _share_maps(collection, donor)
        _mend(collection, donor)
        remove_character(donor.collection)
        for image in set(bpy.data.images) - before:
            if image.users == 0:
                bpy.data.images.remove(image)
    made = objects_of(collection)
    connect(made.armature, made.parts, made.hair)
    collection[EXPECTED] = list(made.parts)
    show_chosen_hair(collection)
    context.view_layer.update()
    return gone


def _take_back(collection: bpy.types.Collection) -> None:
    """Link deleted parts again that are still in the file because something uses them, as hair uses its head."""
    parts = parts_of(collection)
    for item in bpy.data.objects:
        part = item.get(names.PART)
        if part in MARKS and part not in parts and not item.users_collection and item.parent in parts.values():
            collection.objects.link(item)
            parts[part] = item


def _stored(collection: bpy.types.Collection) -> Character:
    """The character as it was reconstructed.

    Raises:
        CharacterFileError: neither the maps in use nor the original ones hold it.
    """
    try:
        return character_from(stored_bytes(collection))
    except CharacterFileError:
        return character_from(stored_bytes(collection, ORIGINAL))


def _share_maps(collection: bpy.types.Collection, donor: HeadObjects) -> None:
    """Give the donor the images that the character has, and the character those that it lacks."""
    given = donor.collection[MAPS]
    if not isinstance(collection.get(MAPS), bpy.types.Image):
        kept = collection.get(ORIGINAL)
        collection[MAPS] = kept if isinstance(kept, bpy.types.Image) else given
    if not isinstance(collection.get(ORIGINAL), bpy.types.Image):
        collection[ORIGINAL] = collection[MAPS]
    used = collection[MAPS]
    same = {given: used}
    for kind in BELONGING:
        if isinstance(given.get(kind), bpy.types.Image):
            if not isinstance(used.get(kind), bpy.types.Image):
                used[kind] = given[kind]
            same[given[kind]] = used[kind]
    for place in list(image_places(donor.collection)):
        if place.block in same and same[place.block] != place.block:
            place.put(same[place.block])


def _mend(collection: bpy.types.Collection, donor: HeadObjects) -> None:
    """Move missing parts over, and give the others what they lack."""
    parts, given = parts_of(collection), parts_of(donor.collection)
    new = [part for part in (names.RIG, *names.PART_NAMES) if part in given and part not in parts]
    for part in new:
        donor.collection.objects.unlink(given[part])
        collection.objects.link(given[part])
        _take_name(given[part])
    if names.RIG in new:
        _stand_where(given[names.RIG], parts)
    made = objects_of(collection)
    connect(made.armature, made.parts, made.hair)
    if "head" in new:
        _take_expression(made)
    for part, item in parts.items():
        if part in given and item.type == "MESH" and given[part].type == "MESH":
            _mend_keys(item, given[part])
            _mend_modifiers(item, given[part])
            _mend_materials(item, given[part])
    for item in made.hair.values():
        _mend_hair(item, made.head)


def _take_name(item: bpy.types.Object) -> None:
    """Drop the number that the object's name has because another one had it."""
    plain, _, number = item.name.rpartition(".")
    if number.isdigit() and plain not in bpy.data.objects:
        item.name = plain


def _stand_where(rig: bpy.types.Object, parts: dict[str, bpy.types.Object]) -> None:
    """Put a new rig where the parts stand that have lost theirs."""
    orphans = [item for part, item in parts.items() if part in names.PART_NAMES and item.parent is None]
    if orphans:
        rig.matrix_basis = next((o for o in orphans if o[names.PART] == "head"), orphans[0]).matrix_world.copy()
    for item in orphans:
        item.matrix_basis = item.matrix_parent_inverse = Matrix.Identity(4)


def _take_expression(made: HeadObjects) -> None:
    """Give a new head the expression that the other parts still have."""
    keys = made.head.data.shape_keys.key_blocks
    for part, item in made.parts.items():
        for key in item.data.shape_keys.key_blocks[1:] if part != "head" and item.data.shape_keys else ():
            if key.name in keys:
                keys[key.name].value = key.value


def _mend_keys(item: bpy.types.Object, given: bpy.types.Object) -> None:
    """Add the shape keys to a mesh that has lost all of them and still has the same vertices."""
    if item.data.shape_keys or not given.data.shape_keys or len(item.data.vertices) != len(given.data.vertices):
        return
    item.shape_key_add(name="Basis", from_mix=False)
    basis = key_coordinates(item.data.shape_keys.key_blocks[0])
    rest = key_coordinates(given.data.shape_keys.key_blocks[0])
    for key in given.data.shape_keys.key_blocks[1:]:
        made = item.shape_key_add(name=key.name, from_mix=False)
        made.data.foreach_set("co", (basis + key_coordinates(key) - rest).ravel())
        made.value = 0.0


def _mend_modifiers(item: bpy.types.Object, given: bpy.types.Object) -> None:
    """Add modifiers of the donor that are gone, in their place of the stack, and node groups to those without."""
    for source in given.modifiers:
        found = item.modifiers.get(source.name)
        if found is None and source.type == "ARMATURE" and any(m.type == "ARMATURE" for m in item.modifiers):
            continue
        if found is None:
            found = item.modifiers.new(source.name, source.type)
            _place_in_stack(item, found)
            if source.type == "SUBSURF":
                found.levels, found.render_levels = source.levels, source.render_levels
        if source.type == "NODES" and found.type == "NODES":
            bare = found.node_group is None
            if bare:
                found.node_group = source.node_group
            for name in default_inputs(source) if bare or imageless(found) else ():
                set_input(found, name, get_input(source, name))


def _place_in_stack(item: bpy.types.Object, modifier: bpy.types.Modifier) -> None:
    """Move a new modifier behind the last of those that come before it in ``STACK``; the artist's own stay later."""
    before = STACK[: STACK.index(modifier.name)] if modifier.name in STACK else ()
    places = [k for k, other in enumerate(item.modifiers) if other.name in before]
    item.modifiers.move(len(item.modifiers) - 1, max(places, default=-1) + 1)


def _mend_materials(item: bpy.types.Object, given: bpy.types.Object) -> None:
    """Fill empty slots, and image nodes that have lost their image; other changes of the artist's stay."""
    for k, slot in enumerate(given.material_slots):
        if k >= len(item.material_slots):
            item.data.materials.append(slot.material)
        elif item.material_slots[k].material is None:
            item.material_slots[k].material = slot.material
        elif item.material_slots[k].material.node_tree is not None:
            for node in holes(item.material_slots[k].material):
                source = slot.material.node_tree.nodes.get(node.name)
                node.image = getattr(source, "image", None)


def _mend_hair(item: bpy.types.Object, head: bpy.types.Object) -> None:
    """Have hair follow the head again."""
    follow = item.modifiers.get(names.FOLLOW)
    if has_group(follow):
        return
    if follow is None:
        follow = item.modifiers.new(names.FOLLOW, "NODES")
        item.modifiers.move(len(item.modifiers) - 1, 0)
    follow.node_group = follow_tree()
    set_input(follow, CAGE, len(head.data.polygons))
