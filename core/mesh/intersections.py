"""Triangles of a mesh that cross each other.

Two triangles cross where an edge of one passes through the other (Moller 1997 asks the same of the line in which their
planes meet). Triangles that share an edge never count; of those that share a corner only the opposite edges are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

_NEXT = ((0, 1), (1, 2), (2, 0))
TOUCH = 1e-9  # of a triangle's size cubed: a corner so near to a plane lies in it


def crossing_pairs(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(m, 2) indices of triangles that cross, smaller first, sorted.

    Args:
        points: (n, 3); triangles: (T, 3) indices into them.
    """
    corners = points.take(triangles, 0)
    first, second = meeting_pairs(corners.min(1), corners.max(1))
    apart = _shared_corners(triangles, first, second) < 2
    return _crossing(points, triangles, corners, _normals(corners), first[apart], second[apart])


@dataclass(frozen=True)
class CrossingSearch:
    """Finds crossing triangles of one mesh in many poses: what only its faces say is worked out once.

    Attributes:
        triangles: (2 F, 3) indices into the points, of quads without repeated corners: all first halves, all second.
        apart: (F, F) bool, quads without a common corner.
        neighbours: (b, 2) triangles without a common corner whose quads have one.
        fan_pairs: (f, 2) triangles that share one corner and no edge; fan_corner: (f,) that corner.
        corner_of: (n, 2 F) sparse, which triangles meet at each point.
    """

    triangles: np.ndarray
    apart: np.ndarray
    neighbours: np.ndarray
    fan_pairs: np.ndarray
    fan_corner: np.ndarray
    corner_of: sparse.csr_matrix

    def pairs(self, points: np.ndarray) -> np.ndarray:
        """(m, 2) indices of triangles that cross when the points are (n, 3), as ``crossing_pairs`` gives them.

        Triangles around one corner count as apart when all of them face the side of its mean normal.
        """
        corners = points.take(self.triangles, 0)
        low, high = _bounds(corners)
        half = len(self.apart)
        first, second = meeting_pairs(np.minimum(low[:half], low[half:]), np.maximum(high[:half], high[half:]))
        apart = self.apart[first, second]
        first, second = first[apart], second[apart]
        first = np.concatenate([first, first, first + half, first + half, self.neighbours[:, 0]])
        second = np.concatenate([second, second + half, second, second + half, self.neighbours[:, 1]])
        first, second = meeting(first, second, (0, 1, 2), low, high, low, high)
        normals = _normals(corners)
        folded = self._folded(normals)[self.fan_corner]
        first = np.concatenate([first, self.fan_pairs[folded, 0]])
        second = np.concatenate([second, self.fan_pairs[folded, 1]])
        return _crossing(points, self.triangles, corners, normals, np.minimum(first, second), np.maximum(first, second))

    def _folded(self, normals: np.ndarray) -> np.ndarray:
        """(n,) bool: points around which a triangle, of normals (T, 3), faces away from the mean normal."""
        mean = self.corner_of @ normals
        away = np.einsum("tkd,td->tk", mean.take(self.triangles, 0), normals) <= 0.0
        folded = np.zeros(len(mean), bool)
        folded[self.triangles[away]] = True
        return folded


def crossing_search(quads: np.ndarray, count: int) -> CrossingSearch:
    """The search for a mesh of quads (F, 4), none with repeated corners, of ``count`` points."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    touch = _incidence(quads, count)
    touch = touch.T @ touch
    corner_of = _incidence(triangles, count)
    shared = sparse.triu(corner_of.T @ corner_of, 1).tocoo()
    fan = np.column_stack([shared.row, shared.col])[shared.data == 1.0]
    own, other = triangles[fan[:, 0]], triangles[fan[:, 1]]
    corner = own[(own[:, :, None] == other[:, None, :]).any(2)]
    first, second = sparse.kron(np.ones((2, 2)), touch).nonzero()
    near = (first < second) & (_shared_corners(triangles, first, second) == 0)
    neighbours = np.column_stack([first[near], second[near]])
    return CrossingSearch(triangles, touch.toarray() == 0.0, neighbours, fan, corner, corner_of)


def _incidence(faces: np.ndarray, count: int) -> sparse.csr_matrix:
    """(count, F) 1 where a point is a corner of a face (F, k)."""
    rows = np.repeat(np.arange(len(faces)), faces.shape[1])
    return sparse.csr_matrix((np.ones(faces.size), (faces.ravel(), rows)), (count, len(faces)))


def _crossing(
    points: np.ndarray, triangles: np.ndarray, corners: np.ndarray, normals: np.ndarray, first: np.ndarray,
    second: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """(m, 2) those of the pairs of triangles that cross, sorted; corners (T, 3, 3), normals (T, 3)."""
    planes = np.column_stack([normals, np.einsum("td,td->t", normals, corners[:, 0])])
    split = np.flatnonzero(_split_by_plane(points, triangles.take(second, 0), planes.take(first, 0)))
    first, second = first.take(split), second.take(split)
    split = np.flatnonzero(_split_by_plane(points, triangles.take(first, 0), planes.take(second, 0)))
    first, second = first.take(split), second.take(split)
    if not len(first):
        return np.zeros((0, 2), int)
    pairs = np.column_stack([first, second])
    own, other = triangles.take(first, 0), triangles.take(second, 0)
    # the six edges of the two, each with the triangle it may pass through
    start = np.concatenate([side[:, a] for side in (own, other) for a, _ in _NEXT])
    end = np.concatenate([side[:, b] for side in (own, other) for _, b in _NEXT])
    through = np.concatenate([second] * 3 + [first] * 3)
    ends = triangles.take(through, 0)
    touching = [(ends[:, k] == start) | (ends[:, k] == end) for k in range(3)]
    asked = np.flatnonzero(~(touching[0] | touching[1] | touching[2]))
    start, end, through = points.take(start[asked], 0), points.take(end[asked], 0), through[asked]
    passing = asked[_passes_through(start, end, corners.take(through, 0), normals.take(through, 0))]
    found = pairs[np.unique(passing % len(pairs))]
    return found[np.lexsort(found.T[::-1])]


def _split_by_plane(points: np.ndarray, corners: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """(m,) bool: triangles of corners (m, 3) that do not lie wholly on one side of a plane (m, 4) each."""
    side = [np.einsum("md,md->m", points.take(corners[:, k], 0), plane[:, :3]) - plane[:, 3] for k in range(3)]
    low, high = np.minimum(np.minimum(*side[:2]), side[2]), np.maximum(np.maximum(*side[:2]), side[2])
    return (low <= TOUCH) & (high >= -TOUCH)


def _normals(corners: np.ndarray) -> np.ndarray:
    """(T, 3) normals, as long as twice the area, of triangles with corners (T, 3, 3)."""
    return _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _shared_corners(triangles: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(m,) how many corners the triangles of each pair share."""
    own, other = triangles.T[:, first], triangles.T[:, second]
    return sum((own[i] == other[j]).astype(np.int8) for i in range(3) for j in range(3))


def _bounds(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest (T, 3) of the corners (T, 3, 3); several times faster than a reduction of so short an axis."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(m, 3) cross products."""
    x, y, z = u.T
    a, b, c = v.T
    out = np.empty(u.shape)
    out[:, 0], out[:, 1], out[:, 2] = y * c - z * b, z * a - x * c, x * b - y * a
    return out


def meeting_boxes(
    low: np.ndarray, high: np.ndarray, other_low: np.ndarray, other_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (m,), (m,) of axis-aligned boxes of two sets (a, 3) and (b, 3) that meet, by a sweep along one axis."""
    along = _sweep_axis(other_low, other_high)
    # of two spans that meet, one starts within the other
    i, j = _starting_within(low[:, along], high[:, along], other_low[:, along], "left")
    k, n = _starting_within(other_low[:, along], other_high[:, along], low[:, along], "right")
    others = ((along + 1) % 3, (along + 2) % 3)
    return meeting(np.concatenate([i, n]), np.concatenate([j, k]), others, low, high, other_low, other_high)


def meeting_pairs(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (m,), (m,) of the axis-aligned boxes (a, 3) of one set that meet, each pair once, smaller first."""
    along = _sweep_axis(low, high)
    order = np.argsort(low[:, along], kind="stable")
    starts = low[order, along]
    first = np.arange(1, len(order) + 1)
    i, j = _ranges(first, np.searchsorted(starts, high[order, along], "right"))
    i, j = order[i], order[j]
    others = ((along + 1) % 3, (along + 2) % 3)
    return meeting(np.minimum(i, j), np.maximum(i, j), others, low, high, low, high)


def _sweep_axis(low: np.ndarray, high: np.ndarray) -> int:
    return int(np.argmax(np.ptp(low, axis=0) / np.maximum((high - low).mean(0), 1e-12))) if len(low) else 0


def _starting_within(
    low: np.ndarray, high: np.ndarray, starts: np.ndarray, side: Literal["left", "right"]
) -> tuple[np.ndarray, np.ndarray]:
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


def meeting(
    i: np.ndarray, j: np.ndarray, axes: tuple[int, ...], low: np.ndarray, high: np.ndarray, other_low: np.ndarray,
    other_high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Those of the pairs (m,), (m,) that meet along the axes."""
    for axis in axes:
        # take is several times faster than an index, and fastest from a contiguous column
        lowest, highest = (np.ascontiguousarray(bound[:, axis]) for bound in (low, high))
        others = (np.ascontiguousarray(bound[:, axis]) for bound in (other_low, other_high))
        other_lowest, other_highest = (lowest, highest) if other_low is low else others
        meet = lowest.take(i) <= other_highest.take(j)
        meet &= other_lowest.take(j) <= highest.take(i)
        kept = np.flatnonzero(meet)
        i, j = i.take(kept), j.take(kept)
    return i, j


def _passes_through(start: np.ndarray, end: np.ndarray, corners: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(m,) bool: segments start-end (m, 3) that meet the triangles corners (m, 3, 3) from one side to the other."""
    from_start = np.einsum("md,md->m", start - corners[:, 0], normal)
    from_end = np.einsum("md,md->m", end - corners[:, 0], normal)
    passing = from_start * from_end < 0
    split = np.flatnonzero(passing)
    start, direction = start.take(split, 0), (end - start).take(split, 0)
    # the line passes all three edges on the same side (signed volumes)
    a, b, c = corners.take(split, 0).transpose(1, 0, 2) - start
    around = np.stack([np.einsum("md,md->m", direction, _cross(p, q)) for p, q in ((a, b), (b, c), (c, a))])
    passing[split] = (around >= 0).all(0) | (around <= 0).all(0)
    return passing
