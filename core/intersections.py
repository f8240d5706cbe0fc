"""Triangles of a mesh that cross each other.

Two triangles cross where an edge of one passes through the other (Moller 1997 asks the same of the line in which their
planes meet). Triangles that share an edge never count; of those that share a corner only the opposite edges are asked.
"""

from __future__ import annotations

import numpy as np

_NEXT = ((0, 1), (1, 2), (2, 0))


def crossing_pairs(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(m, 2) indices of triangles that cross, smaller first, sorted.

    Args:
        points: (n, 3); triangles: (T, 3) indices into them.
    """
    corners = points[triangles]
    low, high = corners.min(1), corners.max(1)
    pairs = np.column_stack(meeting_pairs(low, high))
    first, second = triangles[pairs[:, 0]], triangles[pairs[:, 1]]
    shared = (first[:, :, None] == second[:, None, :]).sum((1, 2))
    pairs = pairs[shared < 2]
    first, second = triangles[pairs[:, 0]], triangles[pairs[:, 1]]
    crossing = np.zeros(len(pairs), bool)
    for one, other in ((first, second), (second, first)):
        corners = points[other]
        for a, b in _NEXT:
            apart = ~(other == one[:, [a]]).any(1) & ~(other == one[:, [b]]).any(1)
            asked = np.flatnonzero(apart & ~crossing)
            crossing[asked] = _passes_through(points[one[asked, a]], points[one[asked, b]], corners[asked])
    found = pairs[crossing]
    return found[np.lexsort(found.T[::-1])]


def meeting_boxes(
    low: np.ndarray, high: np.ndarray, other_low: np.ndarray, other_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (m,), (m,) of axis-aligned boxes of two sets (a, 3) and (b, 3) that meet, by a sweep along one axis."""
    along = _sweep_axis(other_low, other_high)
    # of two spans that meet, one starts within the other
    i, j = _starting_within(low[:, along], high[:, along], other_low[:, along], "left")
    k, n = _starting_within(other_low[:, along], other_high[:, along], low[:, along], "right")
    return _meeting(np.concatenate([i, n]), np.concatenate([j, k]), along, low, high, other_low, other_high)


def meeting_pairs(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (m,), (m,) of the axis-aligned boxes (a, 3) of one set that meet, each pair once, smaller first."""
    along = _sweep_axis(low, high)
    order = np.argsort(low[:, along], kind="stable")
    starts = low[order, along]
    first = np.arange(1, len(order) + 1)
    i, j = _ranges(first, np.searchsorted(starts, high[order, along], "right"))
    i, j = order[i], order[j]
    return _meeting(np.minimum(i, j), np.maximum(i, j), along, low, high, low, high)


def _sweep_axis(low: np.ndarray, high: np.ndarray) -> int:
    return int(np.argmax(np.ptp(low, axis=0) / np.maximum((high - low).mean(0), 1e-12))) if len(low) else 0


def _starting_within(low: np.ndarray, high: np.ndarray, starts: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Spans (a,) and starts (b,) that lie in them; with side "right" not at a span's own start."""
    order = np.argsort(starts, kind="stable")
    ordered = starts[order]
    i, j = _ranges(np.searchsorted(ordered, low, side), np.searchsorted(ordered, high, "right"))
    return i, order[j]


def _ranges(begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and value of all integers from begin (a,) to before end (a,)."""
    count = np.maximum(end - begin, 0)
    row = np.repeat(np.arange(len(begin)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count - begin, count)


def _meeting(
    i: np.ndarray, j: np.ndarray, along: int, low: np.ndarray, high: np.ndarray, other_low: np.ndarray,
    other_high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Those of the pairs (m,), (m,) that meet along the two other axes as well."""
    for axis in ((along + 1) % 3, (along + 2) % 3):
        meet = (low[:, axis][i] <= other_high[:, axis][j]) & (other_low[:, axis][j] <= high[:, axis][i])
        i, j = i[meet], j[meet]
    return i, j


def _passes_through(start: np.ndarray, end: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(m,) bool: segments start-end (m, 3) that meet the triangles corners (m, 3, 3) from one side to the other."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    from_start = np.einsum("md,md->m", start - a, normal)
    from_end = np.einsum("md,md->m", end - a, normal)
    passing = from_start * from_end < 0
    start, direction = start[passing], (end - start)[passing]
    a, b, c = a[passing], b[passing], c[passing]
    # the line passes all three edges on the same side (signed volumes)
    around = np.stack(
        [np.einsum("md,md->m", direction, np.cross(p - start, q - start)) for p, q in ((a, b), (b, c), (c, a))]
    )
    inside = (around >= 0).all(0) | (around <= 0).all(0)
    passing[passing] = inside
    return passing
