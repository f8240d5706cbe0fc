"""Strands of hair as a mesh: three-sided tubes where every hair is kept, flat strips where one stands for several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TUBE_SIDES = 3
MOST_WIDER = 90.0  # times: a strip that stands for many hairs hides the skin between them, by eye
WIDER = 9.0  # a strip shows single hairs with skin between, and those it stands for lay over each other; by eye
TIP = 0.55  # of the width at the root that a strip has at its tip


@dataclass(frozen=True)
class StrandMesh:
    """A mesh over strands.

    Attributes:
        vertices: (v, 3), in the unit of the strands.
        point: (v,) flat index of the strand's point that each vertex goes with.
        faces: (f, 4) int32 quads.
        uv: (f, 4, 2): u around the strand or across the strip, v from root (0) to tip (1).
    """

    vertices: np.ndarray
    point: np.ndarray
    faces: np.ndarray
    uv: np.ndarray

    def carried(self, deltas: np.ndarray) -> np.ndarray:
        """(v, 3) of displacements of the strands' points (n, k, 3)."""
        return deltas.reshape(-1, 3)[self.point]


def resample(points: np.ndarray, first: np.ndarray, count: np.ndarray, steps: int) -> np.ndarray:
    """(n, steps, d) values at equal steps along strands of any number of points.

    Args:
        points: (p, d) of all strands, one after the other.
        first, count: (n,) first point and number of points of each strand.
    """
    place = first[:, None] + np.linspace(0.0, 1.0, steps)[None] * (count - 1)[:, None]
    low = np.minimum(np.floor(place).astype(np.int64), (first + np.maximum(count - 2, 0))[:, None])
    share = (place - low)[..., None]
    high = np.minimum(low + 1, (first + count - 1)[:, None])
    return points[low] * (1.0 - share) + points[high] * share


def chosen_strands(count: int, budget: int) -> np.ndarray:
    """Indices of at most ``budget`` of ``count`` strands, spread evenly over their order."""
    if count <= budget:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, budget).round().astype(np.int64))


def tubes(points: np.ndarray, radii: np.ndarray) -> StrandMesh:
    """Three-sided tubes around strands (n, k, 3) of radii (n, k); the first corner repeats, as the seam of the u."""
    along = _directions(points)
    side = _across(along)
    turns = 2.0 * np.pi * np.arange(TUBE_SIDES) / TUBE_SIDES
    other = np.cross(along, side)
    offsets = np.cos(turns)[:, None] * side[:, :, None] + np.sin(turns)[:, None] * other[:, :, None]
    return _swept(points, offsets * radii[..., None, None], closed=True)


def strips(points: np.ndarray, radii: np.ndarray, outward: np.ndarray, stands_for: float) -> StrandMesh:
    """Flat strips along strands (n, k, 3), facing away from the head, narrower towards the tip.

    Args:
        radii: (n, k) of the hairs.
        outward: (n, k, 3) unit vectors, where each strip shall face.
        stands_for: hairs that one strip stands for.
    """
    along = _directions(points)
    side = np.cross(along, outward)
    length = np.linalg.norm(side, axis=-1, keepdims=True)
    side = np.where(length > 1e-3, side / np.maximum(length, 1e-9), _across(along))
    factor = float(np.clip(WIDER * stands_for, 1.0, MOST_WIDER))
    taper = np.linspace(1.0, TIP, points.shape[1]) ** 0.5
    half = radii[:, :1] * factor * taper[None]
    offsets = np.stack([-side, side], axis=2) * half[..., None, None]
    return _swept(points, offsets, closed=False)


def _swept(points: np.ndarray, offsets: np.ndarray, closed: bool) -> StrandMesh:
    """Vertices at points (n, k, 3) plus offsets (n, k, m, 3), joined along the strands."""
    strands, steps, ring = offsets.shape[:3]
    vertices = (points[:, :, None] + offsets).reshape(-1, 3)
    point = np.repeat(np.arange(strands * steps), ring)
    index = np.arange(strands * steps * ring).reshape(strands, steps, ring)
    u = np.linspace(0.0, 1.0, ring + closed)
    if closed:
        index = np.concatenate([index, index[:, :, :1]], axis=2)
    place = np.stack(np.broadcast_arrays(u[None, None], np.linspace(0.0, 1.0, steps)[None, :, None]), -1)
    place = np.broadcast_to(place, index.shape + (2,))
    corners = ((0, 0), (0, 1), (1, 1), (1, 0))
    last = index.shape[2] - 1

    def quads(grid: np.ndarray) -> np.ndarray:
        cut = [grid[:, i : steps - 1 + i, j : last + j] for i, j in corners]
        return np.stack(cut, axis=3).reshape((-1, 4) + grid.shape[3:])

    return StrandMesh(vertices, point, quads(index).astype(np.int32), quads(place).astype(np.float32))


def _directions(points: np.ndarray) -> np.ndarray:
    """(n, k, 3) unit tangents."""
    along = np.gradient(points, axis=1)
    return along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-12)


def _across(along: np.ndarray) -> np.ndarray:
    """(n, k, 3) unit vectors across the first tangent of each strand, turned as little as possible along it."""
    first = along[:, 0]
    axis = np.eye(3)[np.abs(first).argmin(1)]
    side = np.cross(first, axis)[:, None] * np.ones_like(along)
    side = side - (side * along).sum(-1, keepdims=True) * along
    return side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-12)
