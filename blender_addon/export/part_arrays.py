"""A mesh object as arrays: what is exported of it, subdivided if asked for, with its shape keys."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...core.errors import FurrowError
from ...core.mesh.subdivision import limit_matrix, subdivide
from .. import names
from ..scene.shape_keys import key_coordinates


@dataclass(frozen=True)
class PartArrays:
    """One mesh.

    Attributes:
        vertices: (n, 3) metres in the space of the armature.
        keys: name of each shape key to its displacements (n, 3) metres at weight 1; keys that move nothing are absent.
        faces: (f, 4) int32; a triangle repeats its last index.
        uv: (f, 4, 2).
        weights: name of each bone to its weights (n,).
        material: (f,) int32 slot of each face.
        colours: (n, 4) linear vertex colours; None for none.
        normals: (n, 3) unit; None for those of the faces.
    """

    vertices: np.ndarray
    keys: dict[str, np.ndarray]
    faces: np.ndarray
    uv: np.ndarray
    weights: dict[str, np.ndarray]
    material: np.ndarray
    colours: np.ndarray | None = None
    normals: np.ndarray | None = None


def read_part(made: bpy.types.Object, armature: bpy.types.Object) -> PartArrays:
    """What a mesh object is before its modifiers, hand edits included.

    Raises:
        FurrowError: it has faces of more than four corners.
    """
    mesh = made.data
    faces, uv = _faces(made)
    if made.parent == armature and made.parent_type == "OBJECT":  # hidden objects have no true matrix_world
        local = np.array(made.matrix_parent_inverse @ made.matrix_basis)
    else:
        local = np.array(armature.matrix_world.inverted() @ made.matrix_world)
    turn, shift = local[:3, :3].T, local[:3, 3]
    points, keys = _coordinates(mesh), {}
    if mesh.shape_keys:
        blocks = mesh.shape_keys.key_blocks
        points = key_coordinates(blocks[0])
        for key in blocks[1:]:
            delta = (key_coordinates(key) - points) @ turn
            if np.abs(delta).max(initial=0.0) > 0.0:
                keys[key.name] = delta.astype(np.float32)
    material = np.empty(len(faces), np.int32)
    mesh.polygons.foreach_get("material_index", material)
    return PartArrays(points @ turn + shift, keys, faces, uv, _weights(made), material)


def smooth(part: PartArrays, levels: int) -> PartArrays:
    """The part subdivided, every point on the surface that endless subdivision leads to; keys and weights too."""
    count = len(part.vertices)
    division = subdivide(part.faces, count, levels, part.uv)
    matrix = limit_matrix(division.faces, division.matrix.shape[0]) @ division.matrix
    # a triangle becomes three quads, any other face four, at the first level
    split = np.where(part.faces[:, 3] == part.faces[:, 2], 3, 4) * 4 ** max(levels - 1, 0) if levels else 1
    weights = {bone: np.clip(matrix @ column, 0.0, 1.0) for bone, column in part.weights.items()}
    total = np.maximum(sum(weights.values()), 1e-9) if weights else 1.0
    return replace(
        part,
        vertices=matrix @ part.vertices,
        keys={name: (matrix @ delta).astype(np.float32) for name, delta in part.keys.items()},
        faces=division.faces,
        uv=part.uv if division.uv is None else division.uv,
        weights={bone: (column / total).astype(np.float32) for bone, column in weights.items()},
        material=np.repeat(part.material, split),
    )


def joined(parts: list[PartArrays]) -> PartArrays:
    """Several meshes as one, their material slots one after the other; without colours and normals."""
    starts = np.cumsum([0, *(len(p.vertices) for p in parts)])
    slots = np.cumsum([0, *(int(p.material.max(initial=0)) + 1 for p in parts)])

    def columns(tables: list[dict[str, np.ndarray]], width: tuple[int, ...]) -> dict[str, np.ndarray]:
        keys = dict.fromkeys(key for table in tables for key in table)
        empty = [np.zeros((len(p.vertices), *width), np.float32) for p in parts]
        return {key: np.concatenate([t.get(key, e) for t, e in zip(tables, empty)]) for key in keys}

    return PartArrays(
        np.concatenate([p.vertices for p in parts]),
        columns([p.keys for p in parts], (3,)),
        np.concatenate([p.faces + start for p, start in zip(parts, starts)]).astype(np.int32),
        np.concatenate([p.uv for p in parts]),
        columns([p.weights for p in parts], ()),
        np.concatenate([p.material + slot for p, slot in zip(parts, slots)]).astype(np.int32),
    )


def _coordinates(mesh: bpy.types.Mesh) -> np.ndarray:
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def _faces(made: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """Faces (f, 4) and UVs (f, 4, 2), of triangles the last corner twice."""
    mesh = made.data
    start, count = np.empty(len(mesh.polygons), np.int32), np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_start", start)
    mesh.polygons.foreach_get("loop_total", count)
    if len(count) and count.max() > 4:
        raise FurrowError(f"{made.name} has faces of more than four corners: triangulate them (Ctrl T), then export.")
    corner = start[:, None] + np.minimum(np.arange(4)[None], count[:, None] - 1)
    vertex = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", vertex)
    layer = mesh.uv_layers.get(names.UV_MAP) or mesh.uv_layers.active
    if layer is None:
        raise FurrowError(f"{made.name} has no UV map: undo what removed it, then export.")
    uv = np.empty(len(mesh.loops) * 2, np.float32)
    layer.uv.foreach_get("vector", uv)
    return vertex[corner], uv.reshape(-1, 2)[corner]


def _weights(made: bpy.types.Object) -> dict[str, np.ndarray]:
    """Weights of each vertex group; Blender gives them vertex by vertex alone."""
    rows = [(v.index, g.group, g.weight) for v in made.data.vertices for g in v.groups]
    found = {group.name: np.zeros(len(made.data.vertices), np.float32) for group in made.vertex_groups}
    if rows:
        vertex, group, weight = (np.array(column) for column in zip(*rows, strict=True))
        for k, name in enumerate(group_.name for group_ in made.vertex_groups):
            chosen = group == k
            found[name][vertex[chosen]] = weight[chosen]
    return found
