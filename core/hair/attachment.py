"""Where a root sits on the cage, and which way the skin faces there: what lets hair follow the subdivided mesh.

A root is a place in one quad of the cage. Catmull-Clark subdivision splits each quad into a grid in which that place
is found by arithmetic, at any level, so that following the skin asks nothing of the rest of the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..head.model import HeadTopology
from .strands import Strands

NEIGHBOURS = 16  # quads that are tried for each root, nearest centre first
NEWTON = 8  # steps of the inverse bilinear map
INSIDE = 0.99999  # a place on the far side of a quad is the last in it
LEVELS = 5  # of subdivision that hair knows: none to four


@dataclass(frozen=True)
class Attachment:
    """Roots on the quads of the head part.

    Attributes:
        face: (n,) int32 row of ``part_faces("head")``.
        place: (n, 2) float32 in [0, 1], from the quad's first corner to its second, and to its fourth.
    """

    face: np.ndarray
    place: np.ndarray


def attach(topology: HeadTopology, uv: np.ndarray) -> Attachment:
    """The quad under each place (n, 2) of the chart, and where in it.

    Raises:
        ValueError: the head part is not of quads alone.
    """
    head = topology.face_part == 0
    faces, corners = topology.faces[head], topology.uv[head].astype(np.float64)
    if (faces[:, 3] == faces[:, 2]).any():
        raise ValueError("hair can only be attached to a head of quads")
    count = min(NEIGHBOURS, len(faces))
    near = cKDTree(corners.mean(1)).query(uv, count)[1].reshape(len(uv), count)
    target = np.asarray(uv, np.float64)[:, None]
    place = np.clip(_inverse_bilinear(corners[near], target), 0.0, INSIDE)
    best = np.linalg.norm(bilinear(corners[near], place) - target, axis=-1).argmin(1)
    rows = np.arange(len(uv))
    return Attachment(near[rows, best].astype(np.int32), place[rows, best].astype(np.float32))


@dataclass(frozen=True)
class Cage:
    """How Blender numbers a mesh of quads.

    Attributes:
        vertices: how many there are.
        corners: (F, 4) int32 vertices of each face.
        edges: (F, 4) int32 edge from each corner to the next.
        ends: (E, 2) int32 vertices of each edge.
    """

    vertices: int
    corners: np.ndarray
    edges: np.ndarray
    ends: np.ndarray


def grid_vertices(cage: Cage, found: Attachment, level: int) -> np.ndarray:
    """(n, 4) int32 vertices around each root on the mesh that Blender subdivides ``level`` times.

    A quad becomes a grid of R x R quads, R = 2 ** level. Blender numbers its vertices so: those of the cage; R - 1 on
    each edge, from its first to its second end; (R - 1)^2 inside each face, row by row from the first corner. The four
    are those of the small quad in the order of the corners of the large one.
    """
    size = 2**level
    cell = np.minimum(np.floor(found.place * size), size - 1).astype(np.int64)
    corners = [(cell + step).T for step in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return np.stack([_vertex(cage, found.face, x, y, size) for x, y in corners], 1)


def _vertex(cage: Cage, face: np.ndarray, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """(n,) numbers of the vertices in column x and row y (n,), 0 to size, of the grids of some faces (n,)."""
    on_edges = cage.vertices + len(cage.ends) * (size - 1)
    number = on_edges + face.astype(np.int64) * (size - 1) ** 2 + (y - 1) * (size - 1) + x - 1
    sides = ((y == 0, x), (x == size, y), (y == size, size - x), (x == 0, size - y))
    for k, (here, step) in enumerate(sides):
        edge = cage.edges[face, k]
        step = np.where(cage.ends[edge, 0] == cage.corners[face, k], step, size - step)
        number = np.where(here, cage.vertices + edge * (size - 1) + step - 1, number)
    for k, (column, row) in enumerate(((0, 0), (size, 0), (size, size), (0, size))):
        number = np.where((x == column) & (y == row), cage.corners[face, k], number)
    return number.astype(np.int32)


def bilinear(corners: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(..., d) points at places (..., 2) of quads (..., 4, d)."""
    c0, c1, c2, c3 = np.moveaxis(corners, -2, 0)
    a, b = place[..., :1], place[..., 1:]
    return (1 - b) * ((1 - a) * c0 + a * c1) + b * ((1 - a) * c3 + a * c2)


def _inverse_bilinear(corners: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(n, m, 2) a, b with (1-a)(1-b) c0 + a (1-b) c1 + a b c2 + (1-a) b c3 = target, by Newton's method.

    Args:
        corners: (n, m, 4, 2).
        target: (n, 1, 2).
    """
    c0, c1, c2, c3 = np.moveaxis(corners, 2, 0)
    place = np.full(c0.shape, 0.5)
    for _ in range(NEWTON):
        a, b = place[..., :1], place[..., 1:]
        along, across = (1 - b) * (c1 - c0) + b * (c2 - c3), (1 - a) * (c3 - c0) + a * (c2 - c1)
        error = bilinear(corners, place) - target
        area = along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0]
        area = np.where(np.abs(area) < 1e-12, 1e-12, area)
        step_a = (error[..., 0] * across[..., 1] - error[..., 1] * across[..., 0]) / area
        step_b = (along[..., 0] * error[..., 1] - along[..., 1] * error[..., 0]) / area
        place = np.clip(place - np.stack([step_a, step_b], axis=-1), -2.0, 3.0)
    return place


def frames(corners: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors at a place in quads: along the first edge, and the normal; each (n, 3), at right angles.

    Args:
        corners: (n, 4, 3) of each quad.
        place: (n, 2).
    """
    c0, c1, c2, c3 = np.moveaxis(np.asarray(corners, np.float64), 1, 0)
    a, b = place[:, :1].astype(np.float64), place[:, 1:].astype(np.float64)
    along, across = (1 - b) * (c1 - c0) + b * (c2 - c3), (1 - a) * (c3 - c0) + a * (c2 - c1)
    normal = np.cross(along, across)
    return tuple((v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)).astype(np.float32)
                 for v in (along, normal))  # fmt: skip


def limit_points(topology: HeadTopology, vertices: np.ndarray) -> np.ndarray:
    """(V_head, 3) mm where infinite subdivision takes the vertices of the head part; those on a border stay.

    (n^2 v + 4 sum e + sum f) / (n (n + 5)) of a vertex v of n quads, with its neighbours e and the corners f opposite
    to it (Halstead, Kass and DeRose 1993).
    """
    faces = topology.part_faces("head")
    count = topology.part_slice("head").stop
    points = vertices[:count].astype(np.float64)
    valence = np.bincount(faces.ravel(), minlength=count)
    # inside, each edge at a vertex belongs to two of its quads
    both = np.concatenate([np.roll(faces, -1, 1).ravel(), np.roll(faces, 1, 1).ravel()])
    edges, opposite = np.zeros_like(points), np.zeros_like(points)
    for axis in range(3):
        edges[:, axis] = np.bincount(np.tile(faces.ravel(), 2), 0.5 * points[both, axis], count)
        opposite[:, axis] = np.bincount(faces.ravel(), points[np.roll(faces, -2, 1).ravel(), axis], count)
    n = np.maximum(valence, 1)[:, None].astype(np.float64)
    limit = (n**2 * points + 4.0 * edges + opposite) / (n * (n + 5.0))
    links, shared = np.unique(np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), 1), axis=0,
                              return_counts=True)  # fmt: skip
    border = np.unique(links[shared == 1])
    limit[border] = points[border]
    return limit.astype(np.float32)


def carried(topology: HeadTopology, strands: Strands, neutral: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """(n, k, 3) float32 mm: strands on a head in another expression, each turned as the skin at its root turns.

    What Blender's nodes do: root + F (F_rest^T (point - root_rest)), F the frame of the quad under the root.

    Args:
        neutral, vertices: (V, 3) mm, the head that the strands were grown on, and the other one.
    """
    found = attach(topology, strands.roots)
    quads = topology.part_faces("head")[found.face]
    axes, roots = [], []
    for points in (neutral, vertices):
        corners = limit_points(topology, points)[quads]
        along, normal = frames(corners, found.place)
        axes.append(np.stack([along, np.cross(normal, along), normal], axis=1))
        roots.append(bilinear(corners, found.place))
    local = np.einsum("nij,nkj->nki", axes[0], strands.points - strands.points[:, :1])
    moved = strands.points[:, :1] + (roots[1] - roots[0])[:, None]
    return (moved + np.einsum("nij,nki->nkj", axes[1], local)).astype(np.float32)
