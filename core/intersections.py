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
    pairs = np.column_stack(meeting_boxes(low, high, low, high))
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    first, second = triangles[pairs[:, 0]], triangles[pairs[:, 1]]
    shared = (first[:, :, None] == second[:, None, :]).sum((1, 2))
    pairs = pairs[shared < 2]
    first, second = triangles[pairs[:, 0]], triangles[pairs[:, 1]]
    crossing = np.zeros(len(pairs), bool)
    for one, other in ((first, second), (second, first)):
        corners = points[other]
        for a, b in _NEXT:
            apart = ~(other == one[:, [a]]).any(1) & ~(other == one[:, [b]]).any(1)
            crossing |= apart & _passes_through(points[one[:, a]], points[one[:, b]], corners)
    found = pairs[crossing]
    return found[np.lexsort(found.T[::-1])]


def meeting_boxes(
    low: np.ndarray, high: np.ndarray, other_low: np.ndarray, other_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (m,), (m,) of axis-aligned boxes of two sets (a, 3) and (b, 3) that meet, by a sweep along one axis."""
    widths = (other_high - other_low).max(0)
    along = int(np.argmax(np.ptp(other_low, axis=0) / np.maximum(widths, 1e-12)))
    order = np.argsort(other_low[:, along], kind="stable")
    starts = other_low[order, along]
    begin = np.searchsorted(starts, low[:, along] - widths[along], "left")
    count = np.maximum(np.searchsorted(starts, high[:, along], "right") - begin, 0)
    i = np.repeat(np.arange(len(low)), count)
    j = order[np.arange(len(i)) - np.repeat(np.cumsum(count) - count - begin, count)]
    for axis in np.roll((0, 1, 2), -along - 1):
        meet = (low[i, axis] <= other_high[j, axis]) & (other_low[j, axis] <= high[i, axis])
        i, j = i[meet], j[meet]
    return i, j


def _passes_through(start: np.ndarray, end: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(m,) bool: segments start-end (m, 3) that meet the triangles corners (m, 3, 3) from one side to the other."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    from_start = np.einsum("md,md->m", start - a, normal)
    from_end = np.einsum("md,md->m", end - a, normal)
    direction = end - start
    # the line passes all three edges on the same side (signed volumes)
    around = np.stack(
        [np.einsum("md,md->m", direction, np.cross(p - start, q - start)) for p, q in ((a, b), (b, c), (c, a))]
    )
    inside = (around >= 0).all(0) | (around <= 0).all(0)
    return (from_start * from_end < 0) & inside
