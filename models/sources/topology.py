"""Cuts the head, neck, eyes, teeth, tongue and lashes out of MakeHuman's base mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from ...core.errors import AssetsError
from ...core.head.model import PARTS
from ...core.mesh.operators import unique_edges
from .makehuman import BaseMesh

NECK_HEIGHT = 5.75  # decimetres: cutting the neck here leaves a clean edge loop
LEVELLED_RINGS = 6  # edge loops above the neck's border that give way when it is levelled
HELPER_GROUPS = {
    "eyes": ("helper-l-eye", "helper-r-eye"),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
    "lashes": ("helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2"),
}


@dataclass(frozen=True)
class SourceTopology:
    """The model's mesh and where its vertices come from.

    Attributes:
        source: (V,) base mesh vertex of each model vertex, parts in the order of ``PARTS``.
        faces: (F, 4) int32 quads into the model's vertices.
        face_part: (F,) int32 index into ``PARTS``.
        part_start: (len(PARTS) + 1,) int32.
        stock_uv: (F, 4, 2) MakeHuman's own UVs.
        mirror: (V,) int32.
    """

    source: np.ndarray
    faces: np.ndarray
    face_part: np.ndarray
    part_start: np.ndarray
    stock_uv: np.ndarray
    mirror: np.ndarray

    def part_slice(self, part: str) -> slice:
        """Vertices of one part."""
        p = PARTS.index(part)
        return slice(int(self.part_start[p]), int(self.part_start[p + 1]))

    @property
    def head_faces(self) -> np.ndarray:
        """(f, 4) quads of the skin."""
        return self.faces[self.face_part == 0]

    def members(self, base: BaseMesh, group: str) -> np.ndarray:
        """Model vertices of one group of the base mesh."""
        return np.flatnonzero(np.isin(self.source, base.group_vertices(group)))


def cut_head(base: BaseMesh) -> SourceTopology:
    """The model's topology; vertices of a part keep the order of the base mesh."""
    chosen = {"head": _head_quads(base)}
    for part, groups in HELPER_GROUPS.items():
        chosen[part] = np.flatnonzero(np.isin(base.quad_group, groups))
    members, faces, face_part, part_start = [], [], [], [0]
    for p, part in enumerate(PARTS):
        vertices, local = np.unique(base.quads[chosen[part]], return_inverse=True)
        faces.append(local.reshape(-1, 4) + part_start[-1])
        face_part.append(np.full(len(chosen[part]), p, np.int32))
        members.append(vertices)
        part_start.append(part_start[-1] + len(vertices))
    source = np.concatenate(members)
    position = np.full(len(base.vertices), -1)
    position[source] = np.arange(len(source))
    mirror = position[base.mirror[source]]
    if (mirror < 0).any():
        raise AssetsError("The base mesh is not the expected one: a vertex of the head has no mirror vertex in it.")
    return SourceTopology(
        source=source,
        faces=np.concatenate(faces).astype(np.int32),
        face_part=np.concatenate(face_part),
        part_start=np.array(part_start, np.int32),
        stock_uv=np.concatenate([base.uv[base.quad_uv[chosen[part]]] for part in PARTS]),
        mirror=mirror.astype(np.int32),
    )


def boundary_edges(faces: np.ndarray) -> np.ndarray:
    """(n, 2) directed edges that only one quad has."""
    edges = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)]).astype(np.int64)
    size = int(faces.max()) + 1
    keys, reverse = edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]
    return edges[~np.isin(keys, reverse)]


def boundary_loop(faces: np.ndarray) -> np.ndarray:
    """(n,) vertices around the only open border, in the direction of its edges.

    Raises:
        AssetsError: there is not exactly one border loop.
    """
    edges = boundary_edges(faces)
    following = dict(edges.tolist())
    loop = [int(edges[:, 0].min())]
    while following.get(loop[-1], loop[0]) != loop[0] and len(loop) <= len(edges):
        loop.append(following[loop[-1]])
    if len(loop) != len(edges) or len(following) != len(edges):
        raise AssetsError("The base mesh is not the expected one: the neck border is not a single loop.")
    return np.array(loop)


def _head_quads(base: BaseMesh) -> np.ndarray:
    """Rows of the body's quads above the neck cut."""
    body = np.flatnonzero(base.quad_group == "body")
    quads = base.quads[body]
    corners = base.vertices[quads]
    # the shoulders and arms are as high as the neck: keep near the midline
    keep = (corners[..., 1].min(1) > NECK_HEIGHT) & (np.abs(corners[..., 0]).max(1) < 1.6)
    return body[keep]


def level_border(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Points (n, 3) with the neck's border on a slanted plane and even around it; the rings above follow.

    The cut runs along an edge loop, which is scalloped where the mesh of the shoulders begins. The move fades out over
    ``LEVELLED_RINGS`` edge loops (harmonic over the mesh).
    """
    loop = boundary_loop(faces)
    border = points[loop]
    even = border.copy()
    for _ in range(12):
        even = 0.5 * even + 0.25 * (np.roll(even, 1, axis=0) + np.roll(even, -1, axis=0))
    plane = np.column_stack([np.ones(len(loop)), even[:, 2]])
    even[:, 1] = plane @ np.linalg.lstsq(plane, even[:, 1], rcond=None)[0]
    edges = unique_edges(faces)
    count = len(points)
    graph = sparse.coo_matrix(
        (np.ones(2 * len(edges)), (edges.ravel("F"), edges[:, ::-1].ravel("F"))), (count, count)
    ).tocsr()
    near = np.zeros(count, bool)
    near[loop] = True
    for _ in range(LEVELLED_RINGS):
        near |= (graph @ near.astype(np.float64)) > 0
    free = np.setdiff1d(np.flatnonzero(near), loop)
    laplacian = sparse.diags(np.asarray(graph.sum(axis=1)).ravel()) - graph
    moved = np.zeros_like(points)
    moved[loop] = even - border
    moved[free] = spsolve(laplacian[free][:, free].tocsc(), graph[free][:, loop] @ moved[loop])
    return points + moved
