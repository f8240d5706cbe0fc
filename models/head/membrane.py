"""Corrections of the expression shapes as displacement fields on the skin.

The brow shapes move only a band above the brows. Real skin slides over the whole forehead, so between brow and
hairline the displacement u is solved again as a membrane: (L + A) u = A u_0 with the cotangent Laplacian L, the given
displacement u_0, and A large where it holds and almost nothing where the skin is free. The result then slides along
the skull instead of through it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ...core.mesh.operators import cotangent_laplacian, quads_to_triangles, unique_edges
from .landmark_embedding import closest_on_triangles

PINNED, FREE = 1e4, 1e-4
FOLD_COSINE = 0.1  # of the normals of neighbouring triangles
FOLD_ROUNDS, FOLD_RINGS = 12, 2


def membrane(points: np.ndarray, quads: np.ndarray, given: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(n, 3) mm displacement that is ``given`` where ``free`` is 0 and a membrane between where it is 1.

    Args:
        points: (n, 3) mm at rest.
        quads: (F, 4).
        given: (n, 3) mm.
        free: (n,) in [0, 1].
    """
    triangles = quads_to_triangles(quads)
    stiffness = np.exp((1 - free) * np.log(PINNED) + free * np.log(FREE))
    system = cotangent_laplacian(points, triangles) + sparse.diags(stiffness)
    field = splu(system.tocsc()).solve(stiffness[:, None] * given)
    moving = np.flatnonzero(free > 0.01)
    share = free[moving, None]
    field = field[moving]
    corners, weights = closest_on_triangles(points[moving] + field, points, triangles)
    slid = np.einsum("ik,ikd->id", weights, points[corners]) - points[moving]
    out = given.copy()
    out[moving] = share * slid + (1 - share) * field
    return out


def smooth_folds(
    points: np.ndarray, quads: np.ndarray, delta: np.ndarray, allowed: np.ndarray, sharpest: float = FOLD_COSINE
) -> np.ndarray:
    """(n, 3) mm the displacement, averaged with its neighbours around the places where it folds the skin over.

    Args:
        points: (n, 3) mm at rest.
        quads: (F, 4).
        delta: (n, 3) mm.
        allowed: (n,) bool, vertices that may be changed and edges that are checked.
        sharpest: cosine between the normals of neighbouring triangles below which an edge counts as a fold.
    """
    triangles = quads_to_triangles(quads)
    first, second = _triangle_pairs(triangles)
    checked = allowed[triangles].all(1)
    checked = checked[first] & checked[second] & (_fold_cosine(points, triangles, first, second) > 0)
    edges = unique_edges(quads)
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(points),) * 2)
    adjacency = (adjacency + adjacency.T + sparse.eye(len(points))).tocsr()
    mean = sparse.diags(1.0 / np.asarray(adjacency.sum(1)).ravel()) @ adjacency
    for _ in range(FOLD_ROUNDS):
        folded = checked & (_fold_cosine(points + delta, triangles, first, second) < sharpest)
        if not folded.any():
            break
        around = np.zeros(len(points))
        around[triangles[np.concatenate([first[folded], second[folded]])]] = 1.0
        for _ in range(FOLD_RINGS):
            around = np.maximum(around, 2.0 * (mean @ around)).clip(0, 1)
        around = (around * allowed)[:, None]
        delta = (1 - around) * delta + around * (mean @ delta)
    return delta


def _fold_cosine(points: np.ndarray, triangles: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
    return (normals[first] * normals[second]).sum(1)


def _triangle_pairs(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m,), (m,) triangles that share an edge."""
    edges = np.sort(np.concatenate([triangles[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1).astype(np.int64)
    owner = np.tile(np.arange(len(triangles)), 3)
    keys = edges[:, 0] * (triangles.max() + 1) + edges[:, 1]
    order = np.argsort(keys, kind="stable")
    shared = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    return owner[order[shared]], owner[order[shared + 1]]
