"""Arrays to mesh objects: vertices, faces, UV map, point attributes and vertex groups of each part of the head."""

from __future__ import annotations

import bpy
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ...core.head.model import DIRECTIONS, JOINTS, HeadTopology
from ...core.head.tension import tension_mask
from .. import names

WEIGHT_STEPS = 1000  # vertex group weights are rounded to 1/1000, so that equal weights go in one call


def part_object(
    name: str, vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray, collection: bpy.types.Collection
) -> bpy.types.Object:
    """A smooth-shaded mesh object with one UV map.

    Args:
        vertices: (n, 3) metres.
        faces: (f, 4) indices; a triangle repeats its last index.
        uv: (f, 4, 2).
    """
    mesh = bpy.data.meshes.new(name)
    corners = np.ones(faces.shape, bool)
    corners[:, 3] = faces[:, 3] != faces[:, 2]
    counts = corners.sum(1)
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(vertices, np.float32).ravel())
    mesh.loops.add(int(counts.sum()))
    mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(faces[corners], np.int32))
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", (np.cumsum(counts) - counts).astype(np.int32))
    layer = mesh.uv_layers.new(name=names.UV_MAP)
    layer.uv.foreach_set("vector", np.ascontiguousarray(uv[corners], np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    made = bpy.data.objects.new(name, mesh)
    collection.objects.link(made)
    return made


def set_attribute(mesh: bpy.types.Mesh, name: str, values: np.ndarray) -> None:
    """Store a point attribute: (n,) as FLOAT or (n, 3) as FLOAT_VECTOR; one of that name is overwritten."""
    data_type, field = ("FLOAT", "value") if values.ndim == 1 else ("FLOAT_VECTOR", "vector")
    attribute = mesh.attributes.get(name) or mesh.attributes.new(name, data_type, "POINT")
    attribute.data.foreach_set(field, np.ascontiguousarray(values, np.float32).ravel())


def get_attribute(mesh: bpy.types.Mesh, name: str) -> np.ndarray:
    """(n,) or (n, 3) float32 values of a point attribute.

    Raises:
        KeyError: there is no such attribute.
    """
    attribute = mesh.attributes[name]
    width, field = (3, "vector") if attribute.data_type == "FLOAT_VECTOR" else (1, "value")
    values = np.empty(len(attribute.data) * width, np.float32)
    attribute.data.foreach_get(field, values)
    return values.reshape(-1, 3) if width == 3 else values


def store_directions(mesh: bpy.types.Mesh, directions: np.ndarray) -> None:
    """Keep the head shape directions (6, n, 3) metres on the mesh, those that move it."""
    for name, direction in zip(DIRECTIONS, directions, strict=True):
        if np.abs(direction).max(initial=0.0) > 1e-7:
            set_attribute(mesh, names.DIRECTION + name, direction)


def store_wrinkle_attributes(mesh: bpy.types.Mesh, topology: HeadTopology) -> None:
    """What the tension nodes read: wrinkle normals, masks of tension, UV seam and artist regions."""
    head = topology.part_slice("head")
    for name, normals in zip(names.WRINKLE_NORMALS, topology.wrinkle_normals[:, head], strict=True):
        set_attribute(mesh, name, names.directions_to_blender(normals))
    set_attribute(mesh, names.TENSION_MASK, tension_mask(topology))
    set_attribute(mesh, names.SEAM_MASK, seam_mask(topology))
    regions = artist_regions(topology)
    for k, name in enumerate(names.REGION_MASKS):
        set_attribute(mesh, name, regions[3 * k : 3 * k + 3].T)


def seam_mask(topology: HeadTopology) -> np.ndarray:
    """(V_head,) 0 at vertices where the UV chart is cut, else 1.

    At a cut one vertex has several texture positions and the nodes would read their mean, far away in the chart.
    """
    chosen = topology.face_part == 0
    index, uv = topology.faces[chosen].ravel(), topology.uv[chosen].reshape(-1, 2)
    count = topology.part_slice("head").stop
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, index, uv)
    np.maximum.at(high, index, uv)
    return np.where((high - low).max(1) > 1e-5, 0.0, 1.0).astype(np.float32)


def artist_regions(topology: HeadTopology) -> np.ndarray:
    """(6, V_head) masks of ``names.REGIONS`` that sum to at most 1."""
    head = topology.part_slice("head")
    masks = np.zeros((len(names.REGIONS), head.stop), np.float32)
    for row, members in zip(masks, names.REGIONS.values(), strict=True):
        for member in members:
            if member in topology.region_names:
                np.maximum(row, topology.region(member)[head], out=row)
    return masks / np.maximum(masks.sum(0), 1.0)


def loose_pieces(mesh: bpy.types.Mesh) -> np.ndarray:
    """(n,) index of the connected piece that each vertex belongs to."""
    edges = np.empty(len(mesh.edges) * 2, np.int32)
    mesh.edges.foreach_get("vertices", edges)
    first, second = edges.reshape(-1, 2).T
    count = len(mesh.vertices)
    joined = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    return connected_components(joined, directed=False)[1]


def add_vertex_groups(made: bpy.types.Object, weights: np.ndarray) -> None:
    """Vertex groups named after the bones, of skin weights (n, len(JOINTS))."""
    add_groups(made, dict(zip(JOINTS, weights.T, strict=True)))


def add_groups(made: bpy.types.Object, weights: dict[str, np.ndarray]) -> None:
    """Vertex groups by name, of weights (n,) each."""
    for name, column in weights.items():
        steps = np.rint(column * WEIGHT_STEPS).astype(int)
        group = made.vertex_groups.new(name=name)
        order = np.argsort(steps, kind="stable")
        values, starts = np.unique(steps[order], return_index=True)
        for value, members in zip(values, np.split(order, starts[1:]), strict=True):
            if value > 0:
                group.add(members.tolist(), value / WEIGHT_STEPS, "REPLACE")
