"""Deformation transfer (Sumner and Popovic 2004) between two meshes of one topology.

The deformation gradient of every triangle of the source is asked of the target's triangle, in least squares. In the
form of Botsch et al. 2006 that is a Poisson equation with the target's cotangent Laplacian, factorised once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

STILL = 1e-3  # mm: a vertex that no shape moves farther is held
HOLD = 1.0
REGULARISE = 1e-6
TIGHTER, OTHER = 0.4, 0.5  # mm by which pairs close further where they are so much more apart, or less, at rest


def transfer(
    source: np.ndarray,
    target: np.ndarray,
    deltas: np.ndarray,
    triangles: np.ndarray,
    touching: list[np.ndarray] | None = None,
    closing: np.ndarray | None = None,
) -> np.ndarray:
    """Deformation transfer between two meshes of one topology.

    Args:
        source, target: (n, 3) rest positions.
        deltas: (m, n, 3) displacements of the source.
        triangles: (T, 3).
        touching: per deformation the vertex pairs (p, 2) whose distance vector is to be that of the source.
        closing: (m, n, 3) displacements that bring them together, and a little nearer; ``deltas`` if absent.

    Returns:
        (m, n, 3) displacements of the target.
    """
    count = len(source)
    gradient, areas = _gradient_operator(target, triangles)
    moving = (np.abs(deltas).max(axis=0) > STILL).any(axis=1)
    hold = np.where(moving, REGULARISE, HOLD) * areas.mean()
    stiffness = gradient.T @ gradient.multiply(np.repeat(areas, 3)[:, None])
    factor = splu((stiffness + sparse.diags(hold)).tocsc())

    # a deformation gradient D asks of the corners of a triangle what its stiffness makes of its points, times D^T - I
    own = _corner_gradients(target, triangles)[0]
    stay = areas[:, None, None] * (own.transpose(0, 2, 1) @ (gradient @ target).reshape(-1, 3, 3))
    turn = stay @ np.linalg.inv(_frames(source, triangles)).transpose(0, 2, 1)
    right = np.empty((count, 3 * len(deltas)), order="F")
    for i, delta in enumerate(deltas):
        moved = np.flatnonzero(delta.any(axis=1)[triangles].any(axis=1))
        corners = triangles[moved]
        wanted = turn[moved] @ _frames(source + delta, corners).transpose(0, 2, 1) - stay[moved]
        for d in range(3):
            right[:, 3 * i + d] = np.bincount(corners.ravel(), wanted[..., d].ravel(), count) + hold * delta[:, d]
    moved = factor.solve(right).reshape(count, len(deltas), 3).transpose(1, 0, 2)
    if touching is None:
        return moved
    return _close(factor, source, target, deltas, moved, touching, deltas if closing is None else closing)


def _frames(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T, 3, 3) columns: two edges, and the normal over the square root of its length (Sumner and Popovic 2004)."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.sqrt(np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12))
    return np.stack([b - a, c - a, normal], axis=-1)


def _corner_gradients(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3, 3) gradient, row k along axis k, of the linear function that is 1 at each corner, and (T,) areas."""
    corners = points[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
    unit = normal / double[:, None]
    opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    return (np.cross(unit[:, None], opposite) / double[:, None, None]).transpose(0, 2, 1), double / 2.0


def _gradient_operator(points: np.ndarray, triangles: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """(3 T, n) gradient of piecewise linear functions, three rows a triangle, and (T,) areas."""
    values, areas = _corner_gradients(points, triangles)
    columns = np.repeat(triangles, 3, axis=0)
    starts = np.arange(0, values.size + 1, 3)
    return sparse.csr_matrix((values.ravel(), columns.ravel(), starts), (3 * len(triangles), len(points))), areas


def _close(
    factor: SuperLU, source: np.ndarray, target: np.ndarray, deltas: np.ndarray, moved: np.ndarray,
    touching: Sequence[np.ndarray], closing: np.ndarray,
) -> np.ndarray:
    """Least change of each deformation that gives its pairs the source's distance vector (Lagrange multipliers)."""
    for i, pairs in enumerate(touching):
        if not len(pairs):
            continue
        a, b = pairs.T
        wanted = (source + deltas[i])[a] - (source + deltas[i])[b]
        # on a head of other proportions the skin between the vertices of a pair needs a little more
        opening = closing[i][b] - closing[i][a]
        opening /= np.maximum(np.linalg.norm(opening, axis=1, keepdims=True), 1e-9)
        other = np.linalg.norm(target[a] - target[b] - source[a] + source[b], axis=1)
        wanted -= TIGHTER * np.clip(other / OTHER, 0.0, 1.0)[:, None] * opening
        missing = wanted - ((target + moved[i])[a] - (target + moved[i])[b])
        rows = np.arange(len(pairs))
        selector = np.zeros((len(source), len(pairs)))
        selector[a, rows] += 1.0
        selector[b, rows] -= 1.0
        response = factor.solve(selector)
        system = response[a] - response[b]
        system += 1e-6 * np.trace(system) / len(pairs) * np.eye(len(pairs))
        moved[i] += response @ np.linalg.solve(system, missing)
    return moved
