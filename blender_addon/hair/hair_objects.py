"""Strands to a Curves object that follows the head."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.character.character import Character
from ...core.hair.attachment import LEVELS, Cage, attach, frames, grid_vertices, limit_points
from ...core.hair.beard import Beard, beard_colour, beard_tone, grow_beard
from ...core.hair.scalp import Scalp, grow_scalp, scalp_colour, scalp_tone
from ...core.hair.strands import BEARD, SCALP, SPARE, Strands
from ...core.hair.vellus import grow_vellus
from ...core.image.colour import srgb_to_linear
from .. import names
from ..materials.hair import hair_material
from ..scene.mesh_objects import set_attribute
from ..scene.modifier_inputs import set_input
from .follow_nodes import CAGE, HEAD, SCALP_IN_VIEWPORT, VIEWPORT, follow_tree

TAPER = 0.22  # radius at the tip over that at the root
TAPER_FROM = 0.35  # of the length: thick up to there


def build_hair(character: Character, head: bpy.types.Object, collection: bpy.types.Collection) -> dict:
    """The hair of a character, {group: Curves object}; empty for one without.

    Args:
        head: object of the head part, which the hair grows on and is parented to.
        collection: linked into the view layer.
    """
    made = {s.group: _hair_object(character, s, head, collection) for s in character.hair.strands}
    grown = {
        SCALP: scalp_object(character, character.hair.scalp, head, collection),
        BEARD: beard_object(character, character.hair.beard, head, collection),
    }
    return made | {group: item for group, item in grown.items() if item is not None}


def scalp_object(
    character: Character, scalp: Scalp | None, head: bpy.types.Object, collection: bpy.types.Collection
) -> bpy.types.Object | None:
    """Scalp hair grown on a character; None for a bare scalp, or where nothing is known of it."""
    if scalp is None:
        return None
    strands = grow_scalp(character.topology, character.neutral, character.joints, scalp, character.wrinkle_seed)
    return None if strands is None else _hair_object(character, strands, head, collection)


def beard_object(
    character: Character, beard: Beard | None, head: bpy.types.Object, collection: bpy.types.Collection
) -> bpy.types.Object | None:
    """A beard grown on a character; None for a kind without strands, or where nothing is known of it."""
    if beard is None:
        return None
    strands = grow_beard(character.topology, character.neutral, beard, character.wrinkle_seed)
    return _hair_object(character, strands, head, collection) if strands is not None and len(strands) else None


def vellus_object(
    character: Character, head: bpy.types.Object, collection: bpy.types.Collection
) -> bpy.types.Object:
    """The fine down of a character's face."""
    strands = grow_vellus(character.topology, character.neutral, character.wrinkle_seed)
    return _hair_object(character, strands, head, collection)


def store_beard_tone(head: bpy.types.Object, character: Character, beard: Beard | None) -> None:
    """Keep on the head how far, and in which colour, a beard shows in its skin."""
    set_attribute(head.data, names.BEARD_TONE, beard_tone(character.topology, beard))
    head[names.BEARD_COLOUR] = [float(v) for v in beard_colour(beard)]


def store_scalp_tone(head: bpy.types.Object, character: Character, scalp: Scalp | None) -> None:
    """Keep on the head how far, and in which colour, hair shows in the skin of the scalp."""
    tone = scalp_tone(character.topology, character.neutral, scalp)
    set_attribute(head.data, names.SCALP_TONE, tone)
    head[names.SCALP_COLOUR] = [float(v) for v in scalp_colour(scalp)]


def _hair_object(
    character: Character, strands: Strands, head: bpy.types.Object, collection: bpy.types.Collection
) -> bpy.types.Object:
    """A Curves object of strands, parented to the head and carried by it."""
    name = f"{character.name} {names.HAIR_NAMES[strands.group]}"
    data = bpy.data.hair_curves.new(name)
    count, points = strands.points.shape[:2]
    data.add_curves([points] * count)
    data.points.foreach_set("position", names.to_blender(strands.points).ravel())
    data.surface, data.surface_uv_map = head, names.UV_MAP
    _store(data, "surface_uv_coordinate", strands.roots)
    share = np.linspace(0.0, 1.0, points, dtype=np.float32)
    taper = np.interp(share, (0.0, TAPER_FROM, 1.0), (1.0, 1.0, TAPER))
    radius = strands.radii[:, None] * taper[None] * names.METRES
    _store(data, "radius", radius.astype(np.float32).ravel(), "POINT")
    colour = srgb_to_linear(strands.colours)
    _store(data, names.HAIR_COLOUR, np.column_stack([colour, np.ones(count)]).astype(np.float32))
    _store(data, names.HAIR_RANK, (SPARE * (np.arange(count) + 0.5) / count).astype(np.float32))
    _store_places(data, character, strands, head)
    made = bpy.data.objects.new(name, data)
    made[names.PART] = names.HAIR_PART + strands.group
    collection.objects.link(made)
    made.parent = head
    modifier = made.modifiers.new(names.FOLLOW, "NODES")
    modifier.node_group = follow_tree()
    set_input(modifier, HEAD, head)
    if strands.group == SCALP:
        set_input(modifier, VIEWPORT, SCALP_IN_VIEWPORT)
    set_input(modifier, CAGE, int(np.count_nonzero(character.topology.face_part == 0)))
    material = hair_material(name, strands.tip, thick=strands.group in (SCALP, BEARD))
    material.diffuse_color = (*np.median(colour, axis=0).tolist(), 1.0)  # of the Solid view
    data.materials.append(material)
    return made


def _store_places(data: bpy.types.Curves, character: Character, strands: Strands, head: bpy.types.Object) -> None:
    """Where on the cage each root sits, and how the skin lies there at rest."""
    topology = character.topology
    found = attach(topology, strands.roots)
    corners = limit_points(topology, character.neutral)[topology.part_faces("head")[found.face]]
    along, normal = frames(corners, found.place)
    _store(data, names.HAIR_CAGE, topology.part_faces("head")[found.face].astype(np.float32))
    cage = _cage(head.data)
    for level in range(LEVELS):
        _store(data, f"{names.HAIR_GRID}{level}", grid_vertices(cage, found, level).astype(np.float32))
    _store(data, names.HAIR_PLACE, np.column_stack([found.place, np.zeros(len(found.place), np.float32)]))
    _store(data, names.HAIR_ROOT, names.to_blender(strands.points[:, 0]))
    _store(data, names.HAIR_ALONG, names.directions_to_blender(along))
    _store(data, names.HAIR_NORMAL, names.directions_to_blender(normal))


def _cage(mesh: bpy.types.Mesh) -> Cage:
    """The mesh's own numbers of vertices and edges, by which Blender numbers those of the subdivided mesh."""
    corners, edges = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.loops.foreach_get("edge_index", edges)
    ends = np.empty(2 * len(mesh.edges), np.int32)
    mesh.edges.foreach_get("vertices", ends)
    return Cage(len(mesh.vertices), corners.reshape(-1, 4), edges.reshape(-1, 4), ends.reshape(-1, 2))


_KINDS = {1: ("FLOAT", "value"), 2: ("FLOAT2", "vector"), 3: ("FLOAT_VECTOR", "vector"), 4: ("FLOAT_COLOR", "color")}


def _store(data: bpy.types.Curves, name: str, values: np.ndarray, domain: str = "CURVE") -> None:
    """Store an attribute of numbers (n,) or of 2 to 4 of them each (n, k)."""
    kind, field = ("INT", "value") if values.dtype.kind == "i" else _KINDS[1 if values.ndim == 1 else values.shape[1]]
    attribute = data.attributes.get(name) or data.attributes.new(name, kind, domain)
    attribute.data.foreach_set(field, np.ascontiguousarray(values, np.int32 if kind == "INT" else np.float32).ravel())
