"""Strain of the shape keys: how much, and along which direction, an expression compresses the skin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

# eigenvalues of the right Cauchy-Green tensor outside this are folds of the mesh, not strain of skin
SQUARED_STRETCH_RANGE = (0.02, 20.0)


def triangle_frames(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tangent frame and rest shape of each triangle.

    Args:
        vertices: (V, 3) mm.
        triangles: (T, 3).

    Returns:
        basis (T, 3, 2) orthonormal tangents in columns, edges (T, 2, 2) the two edges from corner 0 in that basis in
        columns, area (T,) twice the triangle's area in mm².
    """
    first = vertices[triangles[:, 1]].astype(np.float64) - vertices[triangles[:, 0]]
    second = vertices[triangles[:, 2]].astype(np.float64) - vertices[triangles[:, 0]]
    normal = np.cross(first, second)
    area = np.linalg.norm(normal, axis=1)
    tangent = first / np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-9)
    bitangent = np.cross(normal / np.maximum(area, 1e-9)[:, None], tangent)
    basis = np.stack([tangent, bitangent], axis=-1)
    edges = np.einsum("tdi,tdj->tij", basis, np.stack([first, second], axis=-1))
    return basis, edges, area


def average_to_vertices(values: np.ndarray, weights: np.ndarray, triangles: np.ndarray, count: int) -> np.ndarray:
    """(count, k) weighted mean over the triangles around each vertex of values (T, k); zero where there are none."""
    index = triangles.ravel()
    spread = np.repeat(weights, 3)
    total = np.stack(
        [np.bincount(index, spread * np.repeat(column, 3), minlength=count) for column in values.T], axis=-1
    )
    return total / np.maximum(np.bincount(index, spread, minlength=count), 1e-12)[:, None]


def log_strain(rest: np.ndarray, posed: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Hencky strain of the skin, as a tangent tensor in head coordinates.

    E = 1/2 log(F^T F) per triangle, F the deformation gradient, then the area-weighted mean over the triangles around
    each vertex. ``n @ E @ n`` is the log of the length ratio along the unit tangent n: negative is compression.

    Args:
        rest, posed: (V, 3) mm.
        triangles: (T, 3).

    Returns:
        (V, 3, 3) float64, symmetric.
    """
    basis, edges, area = triangle_frames(rest, triangles)
    edges = edges + 1e-6 * np.eye(2)
    deformed = np.stack(
        [
            posed[triangles[:, 1]].astype(np.float64) - posed[triangles[:, 0]],
            posed[triangles[:, 2]].astype(np.float64) - posed[triangles[:, 0]],
        ],
        axis=-1,
    )
    gradient = deformed @ np.linalg.inv(edges)
    squared, directions = np.linalg.eigh(np.einsum("tdi,tdj->tij", gradient, gradient))
    logarithm = 0.5 * np.log(np.clip(squared, *SQUARED_STRETCH_RANGE))
    axes = basis @ directions
    tensor = np.einsum("tai,ti,tbi->tab", axes, logarithm, axes)
    return average_to_vertices(tensor.reshape(-1, 9), area, triangles, len(rest)).reshape(-1, 3, 3)


def expression_delta(
    weights: Mapping[str, float], expression_basis: np.ndarray, expression_names: Sequence[str]
) -> np.ndarray:
    """(V, 3) mm offset of named expression weights.

    Raises:
        KeyError: a name is not among ``expression_names``.
    """
    rows = {name: i for i, name in enumerate(expression_names)}
    return sum(value * expression_basis[rows[name]].astype(np.float64) for name, value in weights.items())
