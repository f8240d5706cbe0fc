"""Meshes that are carried by a coarser one: each vertex is a fixed weighted sum of the coarse mesh's vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class CarriedMesh:
    """A fine mesh and what carries it.

    Attributes:
        vertices: (n, 3) mm at rest.
        faces: (f, 4) int32 quads; a triangle repeats its last index.
        uv: (f, 4, 2) per corner.
        carrier: (n, V) sparse; rows sum to 1. Where the coarse vertices move by D (V, 3), these move by carrier @ D.
        material: (f,) int32 slot of each face.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    carrier: sparse.csr_matrix
    material: np.ndarray

    def carried(self, deltas: np.ndarray) -> np.ndarray:
        """(k, n, 3) float32 mm, the displacements (k, V, 3) of the coarse mesh carried over."""
        count, coarse = len(deltas), deltas.shape[1]
        flat = np.moveaxis(deltas, 0, 1).reshape(coarse, -1)
        return np.moveaxis((self.carrier @ flat).reshape(-1, count, 3), 1, 0).astype(np.float32)


def merged(meshes: list[CarriedMesh]) -> CarriedMesh:
    """Several meshes of one coarse mesh as one, in their order."""
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return CarriedMesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + start for m, start in zip(meshes, starts)]).astype(np.int32),
        np.concatenate([m.uv for m in meshes]),
        sparse.vstack([m.carrier for m in meshes], format="csr"),
        np.concatenate([m.material for m in meshes]),
    )


def affine_carrier(points: np.ndarray, coarse: np.ndarray, chosen: np.ndarray, count: int) -> sparse.csr_matrix:
    """(n, count) carrier of points (n, 3) by the smallest weights that carry every affine motion exactly.

    With X = [coarse, 1] (m, 4) the weights are [points, 1] X^+: turns, shifts and scales of the coarse vertices go over
    as they are, of anything else the best affine fit.

    Args:
        coarse: (m, 3) the vertices that carry, ``chosen`` (m,) their indices among ``count``.
    """
    middle = coarse.mean(0)
    weights = _with_one(points - middle) @ np.linalg.pinv(_with_one(coarse - middle))
    rows = np.repeat(np.arange(len(points)), len(chosen))
    return sparse.csr_matrix((weights.ravel(), (rows, np.tile(chosen, len(points)))), shape=(len(points), count))


def grid_faces(rows: int, columns: int, closed: bool = False) -> np.ndarray:
    """(f, 4) int32 quads of a grid of vertices in rows; a closed one joins its last column to the first."""
    index = np.arange(rows * columns).reshape(rows, columns)
    if closed:
        index = np.column_stack([index, index[:, :1]])
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1)
    return quads.reshape(-1, 4).astype(np.int32)


def _with_one(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points.astype(np.float64), np.ones(len(points))])
