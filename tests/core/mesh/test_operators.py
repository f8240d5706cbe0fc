"""Mesh operators against closed forms."""

import numpy as np
from furrow.core.mesh.operators import (
    blur_matrix,
    cotangent_laplacian,
    edge_to_point,
    vertex_adjacency,
    vertex_areas,
    vertex_normals,
)
from scipy.spatial import ConvexHull


def sphere(count=400):
    """Points on the unit sphere and outward triangles."""
    k = np.arange(count) + 0.5
    z, angle = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    points = np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], -1)
    triangles = ConvexHull(points).simplices
    a, b, c = (points[triangles[:, k]] for k in range(3))
    inward = (np.cross(b - a, c - a) * a).sum(1) < 0
    triangles[inward] = triangles[inward][:, ::-1]
    return points, triangles


def test_normals_and_areas_of_a_sphere():
    points, triangles = sphere()
    normals = vertex_normals(points, triangles)
    assert (normals * points).sum(1).min() > 0.995
    np.testing.assert_allclose(vertex_areas(points, triangles).sum(), 4 * np.pi, rtol=0.02)


def test_a_vertex_without_triangles_has_no_normal():
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [9, 9, 9]])
    normals = vertex_normals(points, np.array([[0, 1, 2]]))
    np.testing.assert_array_equal(normals, [[0, 0, 1]] * 3 + [[0, 0, 0]])


def test_cotangent_laplacian_of_linear_and_quadratic_functions():
    rng = np.random.default_rng(0)
    n = 12
    grid = np.stack(np.meshgrid(np.arange(n, dtype=float), np.arange(n, dtype=float)), -1)
    grid[1:-1, 1:-1] += rng.uniform(-0.2, 0.2, (n - 2, n - 2, 2))
    points = np.concatenate([grid.reshape(-1, 2), np.zeros((n * n, 1))], 1)
    index = np.arange(n * n).reshape(n, n)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    laplacian = cotangent_laplacian(points, triangles)
    inner = index[1:-1, 1:-1].ravel()
    np.testing.assert_allclose((laplacian @ (3 * points[:, 0] - 2 * points[:, 1] + 5))[inner], 0, atol=1e-9)
    # the Dirichlet energy of u = 3x - 2y over an area of 11 x 11
    u = 3 * points[:, 0] - 2 * points[:, 1]
    np.testing.assert_allclose(u @ (laplacian @ u), 13 * 121, rtol=1e-9)
    np.testing.assert_allclose(abs(laplacian - laplacian.T).max(), 0, atol=1e-12)


def test_adjacency_mean_and_blur_on_a_path():
    edges = np.array([[0, 1], [1, 2], [2, 3]])
    np.testing.assert_array_equal(
        vertex_adjacency(edges, 4).toarray(), [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]]
    )
    np.testing.assert_allclose(edge_to_point(edges, 5) @ np.array([3.0, 5, 10]), [3, 4, 7.5, 10, 0])
    np.testing.assert_allclose(blur_matrix(edges, 5) @ np.array([2.0, 4, 9, 1, 7]), [3, 5, 14 / 3, 5, 7])
