"""Replacing a character by a new one, removing one, and telling whether an artist has worked on it."""

from __future__ import annotations

import bpy
import numpy as np

from .. import names
from ..scene.fingerprint import FINGERPRINT, fingerprint
from ..scene.modifier_inputs import default_inputs, get_input, set_input
from ..wrinkles.detail_mask import add_mask
from .build_head import HeadObjects
from .characters import objects_of, parts_of
from .expressions import set_expression
from .hair_choice import keep_hair, keep_sliders


def is_edited(collection: bpy.types.Collection) -> bool:
    """Whether the character differs from what was built, poses and slider values aside."""
    if any(collection.get("furrow_directions", ())):
        return True
    return collection.get(FINGERPRINT) != fingerprint(collection)


def replace_character(old: bpy.types.Collection, made: HeadObjects) -> None:
    """Put the new head where the old character stood and remove the old one's objects.

    Expression, strengths of the wrinkles, painted mask and what was chosen of the hair stay as they were. Objects that
    the artist put into the old collection are kept: they move to the new one.
    """
    before = objects_of(old)
    if before.armature is not None:
        made.armature.matrix_world = before.armature.matrix_world.copy()
    if "head" in before.parts and before.head.data.shape_keys:
        set_expression(made.head, {k.name: k.value for k in before.head.data.shape_keys.key_blocks[1:]})
    if "head" in before.parts:
        _keep_strengths(before.head, made.head)
        _keep_mask(before.head.data, made.head.data)
    keep_hair(before, made)
    parts = parts_of(old).values()
    for item in list(old.objects):
        if item not in parts:
            made.collection.objects.link(item)
            if item.parent in (before.armature, before.parts.get("head")) and item.parent is not None:
                item.parent = made.armature if item.parent == before.armature else made.head
    wanted = made.collection.name.rpartition(".")
    remove_character(old, made.collection)
    if wanted[2].isdigit() and wanted[0] not in bpy.data.collections:  # the name that the old one held is free now
        made.collection.name = wanted[0]
        for item in (made.armature, *made.parts.values(), *made.hair.values()):
            item.name = item.name.rpartition(".")[0] or item.name


def _keep_strengths(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Set the inputs of the tension modifier as on another head, as far as its nodes have them."""
    before, after = (made.modifiers.get(names.TENSION) for made in (old, new))
    if before is not None and before.node_group is not None:
        for name in default_inputs(before).keys() & default_inputs(after).keys():
            set_input(after, name, get_input(before, name))


def _keep_mask(old: bpy.types.Mesh, new: bpy.types.Mesh) -> None:
    """Paint the mask of another head of the same mesh."""
    mask = old.color_attributes.get(names.PAINT)
    if mask is None or mask.domain != "POINT" or len(mask.data) != len(new.vertices):
        return
    colours = np.empty(4 * len(mask.data), np.float32)
    mask.data.foreach_get("color", colours)
    add_mask(new).data.foreach_set("color", colours)


def remove_character(collection: bpy.types.Collection, heir: bpy.types.Collection | None = None) -> None:
    """Remove a character with its data; materials, images and node groups that nothing else uses go too.

    Args:
        heir: takes over child collections; without one they go to the scene with the artist's own objects, and
            with copies of parts that he made.
    """
    place = heir or bpy.context.scene.collection
    parts = list(parts_of(collection).values())
    for child in list(collection.children):
        collection.children.unlink(child)
        place.children.link(child)
    for item in parts:
        remove_object(item)
    for item in list(collection.objects):
        if heir is None and item.name not in place.objects:
            place.objects.link(item)
    name = collection.name
    bpy.data.collections.remove(collection)
    for image in [i for i in bpy.data.images if i.users == 0 and i.name.startswith(name) and i.packed_file]:
        bpy.data.images.remove(image)


def remove_object(item: bpy.types.Object) -> None:
    """Remove an object of a character; its data and materials go too, if nothing else uses them."""
    data, materials = item.data, [s.material for s in item.material_slots if s.material]
    bpy.data.objects.remove(item)
    _remove_unused(data)
    for material in materials:
        _remove_unused(material)


def _remove_unused(block: bpy.types.ID) -> None:
    if block.users == 0:
        owner = {
            "MESH": bpy.data.meshes,
            "CURVES": bpy.data.hair_curves,
            "ARMATURE": bpy.data.armatures,
            "MATERIAL": bpy.data.materials,
            "CAMERA": bpy.data.cameras,
        }
        owner[block.id_type].remove(block)


def put_in_place(old: bpy.types.Object | None, made: bpy.types.Object | None) -> None:
    """Remove hair of a kind for other hair of it, which takes over its name and its sliders; either may be none."""
    if old is None:
        return
    name = old.name
    if made is not None:
        keep_sliders(old, made)
    remove_object(old)
    if made is not None:
        made.name = name
