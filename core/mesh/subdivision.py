"""Catmull-Clark subdivision as sparse matrices.

A matrix depends on the faces only, so one product subdivides positions, normals or displacements alike, and a cached
matrix makes posing a subdivided head one sparse product. Rules: Catmull and Clark 1978, with the boundary rules of
DeRose et al. 1998 (edge points at midpoints, boundary vertices 1/8, 3/4, 1/8), which is what Blender does with
"Boundary Smooth: All". UVs are subdivided by the same rules on their own topology, cut at the seams, with points on
seams and borders held in place: Blender's "UV Smooth: Keep Boundaries".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

UV_STEPS = 1e5  # UVs that agree to this share of the map are one


@dataclass(frozen=True)
class Subdivision:
    """One topology after some levels of subdivision.

    Attributes:
        matrix: (n, V) sparse float64; ``matrix @ cage`` are the subdivided points.
        faces: (f, 4) int32 quads.
        uv: (f, 4, 2) float32 per corner, or None.
    """

    matrix: sparse.csr_matrix
    faces: np.ndarray
    uv: np.ndarray | None

    def __call__(self, cage: np.ndarray) -> np.ndarray:
        """(n, k) subdivided values of cage values (V, k)."""
        return self.matrix @ cage


def subdivide(faces: np.ndarray, vertex_count: int, levels: int = 1, uv: np.ndarray | None = None) -> Subdivision:
    """Subdivision of quads, in which a triangle repeats its last index.

    Args:
        faces: (F, 4) int quads into ``vertex_count`` vertices; vertices of no face stay where they are.
        levels: how often to subdivide; 0 gives the cage back.
        uv: (F, 4, 2) per corner; smoothed inside, while UV seams and borders stay in place.

    Returns:
        Subdivision. The first ``vertex_count`` points are the moved cage vertices.
    """
    matrix = sparse.identity(vertex_count, format="csr")
    faces = np.asarray(faces, dtype=np.int32)
    if uv is not None:
        uv = _subdivided_uv(faces, uv, levels)
    for _ in range(levels):
        step, faces = _one_level(faces, matrix.shape[0])
        matrix = step @ matrix
    return Subdivision(matrix.tocsr(), faces, uv)


def limit_matrix(faces: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """(V, V) sparse: where infinite subdivision takes the vertices of faces (F, 4), as Blender's limit surface.

    (n^2 v + 4 sum e + sum f) / (n (n + 5)) of a vertex v of n quads, with its neighbours e and the corners f opposite
    to it (Halstead, Kass and DeRose 1993); (1, 4, 1) / 6 along a border. Triangles are first split into quads.
    """
    step, quads = _one_level(np.asarray(faces, np.int32), vertex_count)
    limit = _quad_limit(quads, step.shape[0])
    return (limit[:vertex_count] @ step).tocsr()


def _quad_limit(quads: np.ndarray, count: int) -> sparse.csr_matrix:
    corner, following, previous, opposite = (np.roll(quads, -k, 1).ravel() for k in (0, 1, 3, 2))
    valence = np.bincount(corner, minlength=count)
    ends = np.sort(np.stack([corner, following], 1), 1)
    edges, sharing = np.unique(ends, axis=0, return_counts=True)
    border = edges[sharing == 1]
    on_border = np.bincount(border.ravel(), minlength=count)
    n = np.maximum(valence, 1).astype(float)
    inside = np.where((valence > 0) & (on_border == 0), 1.0 / (n * (n + 5.0)), 0.0)
    both = np.concatenate([following, previous])
    around = _sparse(np.tile(corner, 2), both, 2.0, (count, count))
    around = around + _sparse(corner, opposite, 1.0, (count, count)) + sparse.diags(n**2)
    curve = on_border == 2
    a, b = border.T
    along = _sparse(np.concatenate([a, b]), np.concatenate([b, a]), 1.0 / 6.0, (count, count))
    still = np.where(curve, 4.0 / 6.0, np.where((on_border > 0) | (valence == 0), 1.0, 0.0))
    return (sparse.diags(inside) @ around + sparse.diags(curve.astype(float)) @ along + sparse.diags(still)).tocsr()


def _subdivided_uv(faces: np.ndarray, uv: np.ndarray, levels: int) -> np.ndarray:
    """(f, 4, 2) float32 of UVs (F, 4, 2): corners of a vertex with one UV are one point, seams are borders."""
    uv = np.where((faces[:, 3] == faces[:, 2])[:, None, None] & (np.arange(4) == 3)[:, None], uv[:, 2:3], uv)
    keys = np.column_stack([faces.ravel(), np.round(uv.reshape(-1, 2) * UV_STEPS).astype(np.int64)])
    _, first, point = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    points, islands = uv.reshape(-1, 2)[first].astype(float), point.reshape(faces.shape).astype(np.int32)
    for _ in range(levels):
        step, islands = _one_level(islands, len(points), hold_border=True)
        points = step @ points
    return points[islands].astype(np.float32)


def _corners(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Valid corners (c,) as flat indices of (F, 4), and flat indices of the next and previous corner of their face."""
    is_triangle = faces[:, 3] == faces[:, 2]
    count = np.where(is_triangle, 3, 4)
    row, column = np.nonzero(np.arange(4) < count[:, None])
    following = row * 4 + (column + 1) % count[row]
    previous = row * 4 + (column - 1) % count[row]
    return row * 4 + column, following, previous


def _sparse(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray | float, shape: tuple[int, int]
) -> sparse.csr_matrix:
    values = np.broadcast_to(np.asarray(values, dtype=float), np.shape(rows))
    return sparse.csr_matrix((values, (rows, columns)), shape=shape)


def _one_level(faces: np.ndarray, vertices: int, hold_border: bool = False) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Matrix and faces of one level; new points are vertex points, then edge points, then face points."""
    here, following, previous = _corners(faces)
    flat = faces.ravel()
    face_of = here // 4
    corner_count = np.bincount(face_of, minlength=len(faces))
    face_points = _sparse(face_of, flat[here], 1.0 / corner_count[face_of], (len(faces), vertices))

    ends = np.sort(np.stack([flat[here], flat[following]], axis=1), axis=1)
    edges, edge_of, sharing = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    edge_of = edge_of.ravel()
    edge_at = np.zeros(faces.size, dtype=np.int64)
    edge_at[here] = edge_of
    edge_rows = np.arange(len(edges))
    ends_mean = _sparse(np.tile(edge_rows, 2), edges.T.ravel(), 0.5, (len(edges), vertices))
    edge_face_mean = _sparse(edge_of, face_of, 1.0 / sharing[edge_of], (len(edges), len(faces)))
    boundary = sharing == 1
    inside = sparse.diags((~boundary).astype(float))
    edge_points = ends_mean - 0.5 * inside @ ends_mean + 0.5 * inside @ edge_face_mean @ face_points

    vertex_points = _vertex_points(edges, boundary, ends_mean, face_points, face_of, flat[here], vertices, hold_border)
    step = sparse.vstack([vertex_points, edge_points, face_points]).tocsr()

    new_faces = np.stack(
        [flat[here], vertices + edge_at[here], vertices + len(edges) + face_of, vertices + edge_at[previous]], axis=1
    ).astype(np.int32)
    return step, new_faces


def _vertex_points(
    edges: np.ndarray, boundary: np.ndarray, ends_mean: sparse.csr_matrix, face_points: sparse.csr_matrix,
    face_of: np.ndarray, corner_vertex: np.ndarray, vertices: int, hold_border: bool,
) -> sparse.csr_matrix:
    """(V, V) moved cage vertices: (Q + 2 R + (n - 3) S) / n inside, (1, 6, 1) / 8 or held along a boundary."""
    edge_rows = np.arange(len(edges))
    valence = np.bincount(edges.ravel(), minlength=vertices)
    border_valence = np.bincount(edges[boundary].ravel(), minlength=vertices)
    on_border = border_valence > 0
    smooth_border = (border_valence == 2) & (not hold_border)

    faces_at = np.bincount(corner_vertex, minlength=vertices)
    face_mean = (
        _sparse(corner_vertex, face_of, 1.0 / faces_at[corner_vertex], (vertices, face_points.shape[0])) @ face_points
    )
    touching = np.concatenate([edges[:, 0], edges[:, 1]])
    edge_mean = _sparse(touching, np.tile(edge_rows, 2), 1.0 / valence[touching], (vertices, len(edges))) @ ends_mean
    n = np.maximum(valence, 1).astype(float)
    inside = sparse.diags(np.where((valence > 0) & ~on_border, 1.0 / n, 0.0))
    moved = inside @ (face_mean + 2.0 * edge_mean) + sparse.diags(
        np.where((valence > 0) & ~on_border, (n - 3.0) / n, 0.0)
    )

    border_edges = edges[boundary]
    a, b = border_edges.T
    along = _sparse(np.concatenate([a, b]), np.concatenate([b, a]), 0.125, (vertices, vertices))
    moved = moved + sparse.diags(smooth_border.astype(float)) @ along
    stay = np.where(smooth_border, 0.75, np.where((valence == 0) | on_border, 1.0, 0.0))
    return (moved + sparse.diags(stay)).tocsr()
