"""Curves in UV space as a linear basis of displacement: every control point has one column.

A curve is a polyline of control points. Its neighbourhood is cut into one slab per segment by the planes that halve
the angle at each control point, so that every texel near the curve belongs to exactly one segment, at a fraction t
along it and a signed distance d across it. A profile of d, shared out between the two control points by t, is the
basis: D = B a is linear in the amplitudes a of the control points, whatever the size of the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

# texels looked at in one go, to bound memory
CHUNK = 1_500_000


@dataclass(frozen=True)
class CurveTexels:
    """Texels near curves.

    Attributes:
        texel: (n,) flat index into the (S, S) map.
        point: (n,) control point at the start of the segment; the segment ends at the next point.
        fraction: (n,) float32 in [0, 1), place along the segment.
        distance: (n,) float32 mm from the curve, positive on its left (looking along the curve, v up).
    """

    texel: np.ndarray
    point: np.ndarray
    fraction: np.ndarray
    distance: np.ndarray


def texels_near(uv: np.ndarray, metric: np.ndarray, start: np.ndarray, reach: np.ndarray, size: int) -> CurveTexels:
    """All texels within reach of the curves.

    Args:
        uv: (N, 2) control points, origin at the lower left.
        metric: (N, 3) mm² per UV², entries uu, uv, vv of the surface's first fundamental form.
        start: (C + 1,) first control point of each curve, and N.
        reach: (N,) mm to either side.
        size: width of the map, row 0 is v = 1.

    Returns:
        CurveTexels; a texel may appear for several curves.
    """
    uv = uv.astype(np.float64)
    segment = np.setdiff1d(np.arange(len(uv) - 1), start[1:-1] - 1)
    along = _tangents(uv, start)
    uu, cross, vv = metric.T.astype(np.float64)
    # covectors: (x - p) . plane is the place along the curve, (x - p) . across the distance in mm
    plane = np.stack([uu * along[:, 0] + cross * along[:, 1], cross * along[:, 0] + vv * along[:, 1]], axis=-1)
    plane /= np.maximum(np.linalg.norm(plane, axis=1, keepdims=True), 1e-12)
    chord = uv[segment + 1] - uv[segment]
    uu, cross, vv = 0.5 * (metric[segment] + metric[segment + 1]).T.astype(np.float64)
    area = np.sqrt(np.maximum(uu * vv - cross * cross, 1e-12))
    length = np.sqrt(uu * chord[:, 0] ** 2 + 2 * cross * chord[:, 0] * chord[:, 1] + vv * chord[:, 1] ** 2)
    across = np.stack([-chord[:, 1], chord[:, 0]], axis=-1) * (area / np.maximum(length, 1e-9))[:, None]
    far = np.maximum(reach[segment], reach[segment + 1])
    shortest = np.sqrt(np.maximum(0.5 * (uu + vv) - np.sqrt(0.25 * (uu - vv) ** 2 + cross**2), 1e-6))
    half = (far / shortest + 0.5 * np.abs(chord).max(1)) * size + 1.0
    found = []
    for window, rows in _by_window(half):
        found.append(_search(uv, plane, across, far, segment, rows, window, size))
    if not found:
        empty = np.zeros(0)
        return CurveTexels(empty.astype(np.int64), empty.astype(np.int32), *(empty.astype(np.float32),) * 2)
    return CurveTexels(*(np.concatenate(column) for column in zip(*found)))


def _tangents(uv: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(N, 2) sum of the unit chords to either side of each control point."""
    chord = np.zeros((len(uv) + 1, 2))
    chord[1:-1] = uv[1:] - uv[:-1]
    chord[start] = 0.0
    chord /= np.maximum(np.linalg.norm(chord, axis=1, keepdims=True), 1e-12)
    return chord[1:] + chord[:-1]


def _by_window(half: np.ndarray):
    """Groups of segments with windows of like size: (half width in texels, rows of the segments)."""
    steps = np.unique(np.ceil(np.geomspace(3.0, max(4.0, half.max(initial=4.0)), 9)).astype(int))
    bucket = np.searchsorted(steps, half)
    for i, window in enumerate(steps):
        rows = np.flatnonzero(bucket == i)
        chunk = max(1, CHUNK // (2 * int(window) + 1) ** 2)
        for first in range(0, len(rows), chunk):
            yield int(window), rows[first : first + chunk]


def _search(
    uv: np.ndarray,
    plane: np.ndarray,
    across: np.ndarray,
    far: np.ndarray,
    segment: np.ndarray,
    rows: np.ndarray,
    window: int,
    size: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Texels of square windows around the segments ``rows`` that lie in the segment's slab and within reach."""
    point = segment[rows]
    centre = 0.5 * (uv[point] + uv[point + 1])
    column = np.floor(centre[:, 0] * size).astype(np.int32)
    row = np.floor((1.0 - centre[:, 1]) * size).astype(np.int32)
    offset = np.arange(-window, window + 1, dtype=np.int32)
    columns, lines = column[:, None] + offset, row[:, None] + offset
    u = ((columns + 0.5) / size - uv[point, :1]).astype(np.float32)
    v = (1.0 - (lines + 0.5) / size - uv[point, 1:]).astype(np.float32)
    chord = (uv[point + 1] - uv[point]).astype(np.float32)

    def place(covector: np.ndarray, du: np.ndarray, dv: np.ndarray) -> np.ndarray:
        covector = covector.astype(np.float32)
        return (du * covector[:, :1])[:, None, :] + (dv * covector[:, 1:])[:, :, None]

    after = place(plane[point], u, v)
    before = place(plane[point + 1], u - chord[:, :1], v - chord[:, 1:])
    distance = place(across[rows], u, v)
    inside = (after >= 0) & (before < 0) & (np.abs(distance) < far[rows].astype(np.float32)[:, None, None])
    inside &= ((columns >= 0) & (columns < size))[:, None, :] & ((lines >= 0) & (lines < size))[:, :, None]
    which, line, place_ = np.nonzero(inside)
    after, before = after[inside], before[inside]
    fraction = after / np.maximum(after - before, 1e-12)
    texel = lines[which, line].astype(np.int64) * size + columns[which, place_]
    return texel, point[which].astype(np.int32), fraction, distance[inside]


def basis_matrix(near: CurveTexels, profile: np.ndarray, count: int, size: int) -> sparse.csr_matrix:
    """(S * S, N) basis: profile (n,) at ``near``, shared between the two ends of each segment."""
    keep = np.flatnonzero(profile)
    texel, point, fraction = near.texel[keep], near.point[keep], near.fraction[keep]
    value = profile[keep].astype(np.float32)
    return sparse.coo_matrix(
        (
            np.concatenate([value * (1.0 - fraction), value * fraction]),
            (np.concatenate([texel, texel]), np.concatenate([point, point + 1])),
        ),
        shape=(size * size, count),
    ).tocsr()


def evaluate(near: CurveTexels, profile: np.ndarray, amplitude: np.ndarray, size: int) -> np.ndarray:
    """(S, S, k) float32: ``basis_matrix(...) @ amplitude`` for amplitudes (N, k), without building the matrix."""
    first = amplitude[near.point]
    values = profile[:, None] * (first + near.fraction[:, None] * (amplitude[near.point + 1] - first))
    maps = [np.bincount(near.texel, column, minlength=size * size) for column in values.T]
    return np.stack(maps, axis=-1).reshape(size, size, -1).astype(np.float32)
