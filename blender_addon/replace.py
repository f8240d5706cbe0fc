"""Replacing a character by a new one, and telling whether an artist has worked on it."""

from __future__ import annotations

import hashlib

import bpy
import numpy as np

from .build_head import HeadObjects
from .characters import objects_of
from .expressions import set_expression
from .shape_keys import key_coordinates

FINGERPRINT = "furrow_fingerprint"


def fingerprint(collection: bpy.types.Collection) -> str:
    """Digest of what an artist may edit: objects, shape key coordinates, modifiers, materials, children, animation."""
    digest = hashlib.sha256()
    for made in sorted(collection.all_objects, key=lambda o: o.name):
        names = [m.name for m in made.modifiers] + [s.material.name if s.material else "" for s in made.material_slots]
        names += [m.node_group.name for m in made.modifiers if m.type == "NODES" and m.node_group]
        animated = [bool(d and d.action) for d in (made.animation_data, _key_animation(made))]
        digest.update(repr((made.get("furrow_part"), made.type, names, animated)).encode())
        if made.type == "MESH":
            for key in made.data.shape_keys.key_blocks if made.data.shape_keys else ():
                digest.update(key.name.encode())
                digest.update(key_coordinates(key).tobytes())
            positions = np.empty(len(made.data.vertices) * 3, np.float32)
            made.data.vertices.foreach_get("co", positions)
            digest.update(positions.tobytes())
    return digest.hexdigest()


def _key_animation(made: bpy.types.Object) -> bpy.types.AnimData | None:
    keys = getattr(made.data, "shape_keys", None)
    return keys.animation_data if keys else None


def is_edited(collection: bpy.types.Collection) -> bool:
    """Whether the character differs from what was built, poses and slider values aside."""
    if any(collection.get("furrow_directions", ())):
        return True
    return collection.get(FINGERPRINT) != fingerprint(collection)


def replace_character(old: bpy.types.Collection, made: HeadObjects) -> None:
    """Put the new head where the old character stood, with its expression, and remove the old one's objects.

    Objects that the artist put into the old collection are kept: they move to the new one.
    """
    before = objects_of(old)
    if before.armature is not None:
        made.armature.matrix_world = before.armature.matrix_world.copy()
    if "head" in before.parts and before.head.data.shape_keys:
        set_expression(made.head, {k.name: k.value for k in before.head.data.shape_keys.key_blocks[1:]})
    for item in list(old.objects):
        if "furrow_part" not in item:
            made.collection.objects.link(item)
            if item.parent in (before.armature, before.parts.get("head")) and item.parent is not None:
                item.parent = made.armature if item.parent == before.armature else made.head
    remove_character(old, made.collection)


def remove_character(collection: bpy.types.Collection, heir: bpy.types.Collection | None = None) -> None:
    """Remove a character with its data; materials, images and node groups that nothing else uses go too.

    Args:
        heir: takes over child collections; without one they go to the scene with the artist's own objects.
    """
    place = heir or bpy.context.scene.collection
    for child in list(collection.children):
        collection.children.unlink(child)
        place.children.link(child)
    for item in list(collection.objects):
        if "furrow_part" in item:
            data, materials = item.data, [s.material for s in item.material_slots if s.material]
            bpy.data.objects.remove(item)
            _remove_unused(data)
            for material in materials:
                _remove_unused(material)
        elif heir is None and item.name not in place.objects:
            place.objects.link(item)
    name = collection.name
    bpy.data.collections.remove(collection)
    for image in [i for i in bpy.data.images if i.users == 0 and i.name.startswith(name) and i.packed_file]:
        bpy.data.images.remove(image)


def _remove_unused(block: bpy.types.ID) -> None:
    if block.users == 0:
        owner = {"MESH": bpy.data.meshes, "ARMATURE": bpy.data.armatures, "MATERIAL": bpy.data.materials}
        owner[block.id_type].remove(block)
