"""Triangle and quad mesh operators: normals, adjacency, cotangent Laplacian, attribute blur."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def triangle_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T, 3) normals, as long as twice the triangle's area, of vertices (V, 3) and triangles (T, 3)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, area-weighted mean of the triangles around; zero where a vertex has none."""
    face = triangle_normals(vertices, triangles)
    index = triangles.ravel()
    total = np.stack([np.bincount(index, np.repeat(face[:, k], 3), minlength=len(vertices)) for k in range(3)], axis=-1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.where(length > 0, length, 1.0)).astype(vertices.dtype)


def vertex_adjacency(edges: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """(V, V) symmetric matrix with 1 where an edge (E, 2) joins two vertices."""
    both = np.concatenate([edges, edges[:, ::-1]])
    matrix = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(vertex_count, vertex_count))
    matrix.data[:] = 1.0
    return matrix


def edge_to_point(edges: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """(V, E) matrix of the plain mean over the edges at each vertex (Blender's edge to point domain conversion)."""
    index = np.arange(len(edges))
    matrix = sparse.csr_matrix(
        (np.ones(2 * len(edges)), (edges.T.ravel(), np.concatenate([index, index]))), shape=(vertex_count, len(edges))
    )
    count = np.maximum(np.asarray(matrix.sum(1)).ravel(), 1.0)
    return (sparse.diags(1.0 / count) @ matrix).tocsr()


def blur_matrix(edges: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """(V, V) one iteration of Blender's Blur Attribute node at weight 1: mean of a vertex and its neighbours."""
    matrix = vertex_adjacency(edges, vertex_count) + sparse.identity(vertex_count)
    count = np.asarray(matrix.sum(1)).ravel()
    return (sparse.diags(1.0 / count) @ matrix).tocsr()


def cotangent_laplacian(vertices: np.ndarray, triangles: np.ndarray) -> sparse.csr_matrix:
    """(V, V) positive semi-definite cotangent Laplacian (Pinkall and Polthier 1993): row sums are zero.

    ``u @ L @ u / 2`` is the Dirichlet energy of the piecewise linear function u. Cotangents are bounded by 50 so that
    a sliver cannot dominate.
    """
    count = len(vertices)
    rows, columns, values = [], [], []
    for k in range(3):
        apex, first, second = triangles[:, k], triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        u = vertices[first].astype(np.float64) - vertices[apex]
        v = vertices[second].astype(np.float64) - vertices[apex]
        area = np.linalg.norm(np.cross(u, v), axis=1)
        half = 0.5 * np.clip(np.einsum("td,td->t", u, v) / np.maximum(area, 1e-12), -50.0, 50.0)
        rows += [first, second]
        columns += [second, first]
        values += [half, half]
    off = sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), (count, count))
    return (sparse.diags(np.asarray(off.sum(1)).ravel()) - off).tocsr()


def vertex_areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V,) a third of the area of the triangles around each vertex, in the square of the vertices' unit."""
    area = 0.5 * np.linalg.norm(triangle_normals(vertices, triangles), axis=1)
    return np.bincount(triangles.ravel(), np.repeat(area / 3.0, 3), minlength=len(vertices))


def magnitude(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Lengths of vectors (x, y), arrays of one shape.

    ``cv2.magnitude`` rounds numbers below 1e-19 and their neighbours by where in memory the result happens to lie.
    """
    return np.sqrt(x * x + y * y)


def quads_to_triangles(quads: np.ndarray) -> np.ndarray:
    """(T, 3) triangles of quads (F, 4), split along corner 0-2; triangles that repeat a corner are dropped.

    The first F rows may shrink when quads are degenerate; order is all first halves, then all second halves.
    """
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = triangles.T
    return np.ascontiguousarray(triangles[(a != b) & (b != c) & (a != c)])


def unique_edges(faces: np.ndarray) -> np.ndarray:
    """(E, 2) sorted unique undirected edges of faces (F, k); repeated corners give none."""
    corners = faces.shape[1]
    pairs = np.concatenate([faces[:, [i, (i + 1) % corners]] for i in range(corners)])
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)
