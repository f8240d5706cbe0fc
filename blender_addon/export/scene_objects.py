"""The pieces as objects of the temporary scene: one armature, meshes with all shape keys, plain materials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..scene import mesh_objects
from .pieces import HAIR_ROUGHNESS, Piece
from .settings import GLTF, ExportSettings, plain_name
from .stand_in import mean_colour
from .surfaces import Surface, build_material, write_pictures
from .temporary import borrow_name

COLOURS = "Color"  # the vertex colours, as importers call them
CENTIMETRES = 100.0  # in a metre
LEAST_WEIGHT = 5e-4  # of a bone, below which a vertex does not hang on it


def exported_armature(source: bpy.types.Object, scene: bpy.types.Scene, settings: ExportSettings, name: str):
    """The armature at rest, at the origin, its bones named as the program wants them."""
    made = bpy.data.objects.new(source.name, source.data.copy())
    scene.collection.objects.link(made)
    made.data.animation_data_clear()
    made.data.pose_position = "REST"
    for key in list(made.data.keys()):  # properties of Furrow's that no other program reads
        del made.data[key]
    for bone in made.data.bones:
        bone.name = settings.to.bone(bone.name)
    if settings.centimetres:
        made.data.transform(Matrix.Scale(CENTIMETRES, 4))
    rig = settings.to.rig.format(name=name)
    borrow_name(made, rig, "objects")
    borrow_name(made.data, rig, "armatures")
    return made


def exported_mesh(
    piece: Piece,
    armature: bpy.types.Object,
    scene: bpy.types.Scene,
    settings: ExportSettings,
    name: str,
    key_names: Sequence[str],
    folder: Path,
) -> bpy.types.Object:
    """One piece as an object; all of ``key_names`` are its shape keys, in that order, and further ones after them."""
    arrays, scale = piece.arrays, CENTIMETRES if settings.centimetres else 1.0
    basis = np.asarray(arrays.vertices * scale, np.float32)
    title = settings.to.mesh.format(name=name, part=piece.part)
    made = mesh_objects.part_object(title, basis, arrays.faces, arrays.uv, scene.collection)
    borrow_name(made, title, "objects")
    borrow_name(made.data, title, "meshes")
    made.data.polygons.foreach_set("material_index", arrays.material)
    _colour(made, arrays.colours)
    _bind(made, arrays.weights, armature, settings)
    made.shape_key_add(name="Basis", from_mix=False)
    for key_name in [*key_names, *(extra for extra in arrays.keys if extra not in key_names)]:
        key = made.shape_key_add(name=key_name, from_mix=False)
        if key_name in arrays.keys:
            key.data.foreach_set("co", np.ascontiguousarray(basis + scale * arrays.keys[key_name], np.float32).ravel())
        key.value = 0.0
    for slot, surface in piece.surfaces.items():
        def picture(kind: str, slot: str = slot) -> str:
            return settings.to.picture.format(name=name, part=slot, kind=settings.to.kind(kind))

        paths = write_pictures(surface, folder, picture, settings.falling_green)
        wanted = settings.to.material.format(name=name, part=slot)
        material = build_material(wanted, surface, paths, COLOURS, cut_off=settings.format == GLTF)
        borrow_name(material, wanted, "materials")
        made.data.materials.append(material)
    if arrays.normals is not None:
        made.data.normals_split_custom_set_from_vertices(np.asarray(arrays.normals, np.float32).tolist())
    return made


def _colour(made: bpy.types.Object, colours: np.ndarray | None) -> None:
    if colours is not None:
        attribute = made.data.color_attributes.new(COLOURS, "FLOAT_COLOR", "POINT")
        attribute.data.foreach_set("color", np.ascontiguousarray(colours, np.float32).ravel())
        made.data.color_attributes.active_color_index = made.data.color_attributes.render_color_index = 0


def _bind(made: bpy.types.Object, weights, armature: bpy.types.Object, settings: ExportSettings) -> None:
    made.parent = armature
    made.modifiers.new("Armature", "ARMATURE").object = armature
    mesh_objects.add_groups(made, {
        settings.to.bone(bone): np.where(column < LEAST_WEIGHT, 0.0, column) for bone, column in weights.items()
    })  # fmt: skip


def exported_curves(
    source: bpy.types.Object, scene: bpy.types.Scene, settings: ExportSettings, name: str, part: str
) -> bpy.types.Object:
    """Hair as curves at rest: what an evaluated object shows, without modifiers.

    Args:
        source: evaluated on the stand-in.
    """
    title = settings.to.mesh.format(name=name, part=part)
    made = bpy.data.objects.new(title, source.data.copy())
    scene.collection.objects.link(made)
    made.data.surface = None
    made.data.materials.clear()
    wanted = settings.to.material.format(name=name, part=part)
    material = build_material(wanted, Surface({}, mean_colour(made.data), HAIR_ROUGHNESS), {}, COLOURS)
    borrow_name(material, wanted, "materials")
    made.data.materials.append(material)
    borrow_name(made, title, "objects")
    borrow_name(made.data, title, "hair_curves")
    return made


def plain_title(collection: bpy.types.Collection, settings: ExportSettings) -> str:
    """The name of a character in a file."""
    return plain_name(collection.name, settings.target)
