"""A Character to objects in the scene: the plain Python way that operators, scripts and tests share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import bpy
import numpy as np

from ...core.character.character import Character
from ...core.character.presets import photo_expression
from ...core.fit.iris_size import IRIS_DIAMETER
from ...core.head.eyeball import iris_angle
from ...core.head.model import DIRECTIONS, neck_edge, region_sum
from ...core.mesh.carried import CarriedMesh
from ...core.texts import one_line
from ...core.texture.eye_map import eye_map
from ...core.texture.teeth_map import teeth_map
from ...core.texture.tongue_map import tongue_map
from .. import names
from ..hair.hair_objects import build_hair, store_beard_tone, store_scalp_tone
from ..hair.showing import show_hair
from ..materials import eye, skin
from ..materials.fine_skin import fine_skin_images
from ..materials.mouth import (
    lash_material,
    store_lash_coordinates,
    teeth_material,
    tongue_material,
)
from ..materials.shading import scale_lengths
from ..scene import armature as rig
from ..scene import mesh_objects, shape_keys
from ..scene.fingerprint import FINGERPRINT, fingerprint
from ..scene.free_place import free_place, units_a_metre
from ..scene.images import packed_image
from ..scene.modifier_inputs import set_input
from ..wrinkles.tension_nodes import tension_tree
from ..wrinkles.wrinkle_nodes import wrinkle_tree
from . import character_store
from .connections import connect
from .part_meshes import part_meshes

VIEW_LEVELS = 2
RENDER_LEVELS = 3
SPACING = 0.32  # metres on a side that a head with hair stands on
SCHEMA = 1
EXPECTED = "furrow_parts"  # on the collection: names of the parts that it was built with


@dataclass(frozen=True)
class HeadObjects:
    """What :func:`build_head` made; ``parts`` maps each name of ``PARTS`` to its object, ``hair`` each kind."""

    collection: bpy.types.Collection
    armature: bpy.types.Object
    parts: dict[str, bpy.types.Object]
    hair: dict[str, bpy.types.Object] = field(default_factory=dict)

    @property
    def head(self) -> bpy.types.Object:
        """The object that has the shape keys and the wrinkles."""
        return self.parts["head"]


def build_head(
    character: Character, context: bpy.types.Context | None = None, source: str = "", activate: bool = True
) -> HeadObjects:
    """Build the head of a character in the current scene, in a collection of its own.

    One armature; head, eyes, teeth, tongue and lashes parented to it; 52 shape keys; the wrinkle modifiers and
    materials. True scale: where the scene's unit is no metre, the rig is scaled. Nothing that exists is changed.

    Args:
        source: path of the .furrow file that the character was read from; its bytes are kept in the .blend.
        activate: go to Object Mode and select the head alone; else mode, active object and selection stay.
    """
    context = context or bpy.context
    active = context.view_layer.objects.active
    if activate and active is not None and active.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    unit = units_a_metre(context.scene)
    place = free_place(context, SPACING * unit, float(np.ptp(character.neutral[:, 1])) * names.METRES * unit)
    lowest = float(character.neutral[:, 1].min()) * names.METRES * unit
    collection = bpy.data.collections.new(character.name)
    context.scene.collection.children.link(collection)
    skeleton = rig.create_armature(f"{character.name} Rig", names.to_blender(character.joints), collection)
    meshes = part_meshes(character)
    parts = {part: _build_part(character, part, mesh, skeleton, collection) for part, mesh in meshes.items()}
    result = HeadObjects(collection, skeleton, parts, build_hair(character, parts["head"], collection))
    connect(skeleton, parts, result.hair)
    _dress(character, result, source)
    remember(character, collection, source)
    collection[EXPECTED] = list(parts)
    skeleton.data["furrow_joint_directions"] = names.to_blender(character.joint_directions).ravel().tolist()
    skeleton[names.PART] = names.RIG
    show_hair(collection.objects)
    skeleton.location, skeleton.scale = (place.x, place.y, place.z - lowest), (unit, unit, unit)
    for material in materials_of(result):
        scale_lengths(material, unit)
    if activate:
        context.view_layer.objects.active = parts["head"]
        for item in context.view_layer.objects:
            item.select_set(item == parts["head"])
    context.view_layer.update()
    collection[FINGERPRINT] = fingerprint(collection)
    return result


def materials_of(made: HeadObjects) -> set[bpy.types.Material]:
    """Materials of all parts and hair."""
    items = (*made.parts.values(), *made.hair.values())
    return {slot.material for item in items for slot in item.material_slots if slot.material is not None}


def _build_part(
    character: Character, part: str, mesh: CarriedMesh, skeleton: bpy.types.Object, collection: bpy.types.Collection
) -> bpy.types.Object:
    """One part: mesh, attributes, vertex groups, shape keys, parent and Armature modifier."""
    topology = character.topology
    basis = names.to_blender(mesh.vertices)
    title = f"{character.name} {names.PART_NAMES[part]}"
    made = mesh_objects.part_object(title, basis, mesh.faces, mesh.uv, collection)
    made[names.PART] = part
    if mesh.material.any():
        made.data.polygons.foreach_set("material_index", mesh.material)
    mesh_objects.set_attribute(made.data, names.REST_POSITION, basis)
    mesh_objects.store_directions(made.data, names.to_blender(mesh.carried(character.directions)))
    if part == "head":
        mesh_objects.store_wrinkle_attributes(made.data, topology)
        store_scalp_tone(made, character, character.hair.scalp)
        store_beard_tone(made, character, character.hair.beard)
        mesh_objects.set_attribute(made.data, names.MOIST, region_sum(topology, ("lips",))[topology.part_slice("head")])
    if part == "lashes":
        eyes = names.to_blender(character.neutral[topology.part_slice("eyes")])
        store_lash_coordinates(made.data, basis, eyes)
    mesh_objects.add_vertex_groups(made, mesh.carrier @ topology.skin_weights)
    if part == "head":
        made.vertex_groups.new(name=names.NECK_EDGE).add(neck_edge(topology).tolist(), 1.0, "REPLACE")
    deltas = names.to_blender(mesh.carried(character.expression_deltas))
    if part == "head" or np.abs(deltas).max(initial=0.0) > shape_keys.STILL:
        shape_keys.add_shape_keys(made, basis, character.expression_names, deltas, keep_still=part == "head")
    made.parent = skeleton
    made.modifiers.new("Armature", "ARMATURE").object = skeleton
    return made


def _dress(character: Character, made: HeadObjects, source: str) -> None:
    """Modifiers and materials."""
    head, name, seed = made.head, character.name, character.wrinkle_seed
    maps = character_store.maps_image(character, Path(source).read_bytes() if source else b"")
    scale = maps[character_store.SCALE]
    made.collection[character_store.MAPS] = made.collection[character_store.ORIGINAL] = maps
    head.modifiers.new(names.TENSION, "NODES").node_group = tension_tree()
    for part, item in made.parts.items():
        if part != "lashes":
            subdivision = item.modifiers.new(names.SUBDIVISION, "SUBSURF")
            subdivision.levels = VIEW_LEVELS if part == "head" else 1
            subdivision.render_levels = RENDER_LEVELS if part == "head" else 2
    wrinkles = head.modifiers.new(names.WRINKLE, "NODES")
    wrinkles.node_group = wrinkle_tree()
    set_input(wrinkles, "Maps", maps)
    set_input(wrinkles, "Scale (mm)", scale)
    bands = maps[character_store.BANDS]
    set_input(wrinkles, "Bands", bands)
    set_input(wrinkles, "Bands Scale (mm)", bands[character_store.SCALE])
    albedo, roughness = maps[character_store.ALBEDO], maps[character_store.ROUGHNESS]
    materials = {
        "head": skin.skin_material(
            f"{name} Skin",
            albedo,
            roughness,
            (maps, scale),
            (bands, bands[character_store.SCALE]),
            fine_skin_images(character),
            [
                (maps[character_store.PATCH_IMAGES[kind]], patch.bounds, names.PAINTED[kind])
                for kind, patch in character.hair.patches().items()
            ],
        ),
        "eyes": _eye_material(character),
        "teeth": teeth_material(f"{name} Teeth", _picture(character, "Teeth", teeth_map(character.tooth_colour, seed))),
        "tongue": tongue_material(f"{name} Tongue", _picture(character, "Tongue", tongue_map(seed))),
        "lashes": lash_material(f"{name} Lashes"),
    }
    for part, material in materials.items():
        made.parts[part].data.materials.append(material)
    if names.WET in made.parts:
        made.parts["eyes"].data.materials.append(eye.caruncle_material(f"{name} Caruncle"))
        for material in (eye.cornea_material(f"{name} Cornea"), eye.tear_material(f"{name} Tears")):  # as slots count
            made.parts[names.WET].data.materials.append(material)
        made.parts[names.WET].visible_shadow = False


def _eye_material(character: Character) -> bpy.types.Material:
    """Material of the eyeballs, the iris as large on its picture as on the ball."""
    eyes = character.neutral[character.topology.part_slice("eyes")].astype(np.float64)
    share = float(np.sin(iris_angle(eyes[eyes[:, 0] > 0], character.iris_diameter or IRIS_DIAMETER)))
    picture = _picture(character, "Eye", eye_map(character.eye_colour, share, character.wrinkle_seed))
    return eye.eye_material(f"{character.name} Eyes", picture, share)


def _picture(character: Character, kind: str, pixels: np.ndarray) -> bpy.types.Image:
    return packed_image(f"{character.name} {kind}", pixels, colour=True)


def remember(character: Character, collection: bpy.types.Collection, source: str) -> None:
    """Custom properties that the panel and later sessions read; plain data, present without the add-on."""
    collection[names.CHARACTER] = SCHEMA
    collection["furrow_source"] = one_line(source)  # Blender keeps UTF-8 alone
    collection["furrow_regions"] = list(character.topology.region_names)
    collection["furrow_views"] = [view.photo for view in character.views]
    collection["furrow_warnings"] = list(character.warnings)
    collection["furrow_photo_expression"] = photo_expression(character)
    collection["furrow_directions"] = [0.0] * len(DIRECTIONS)
