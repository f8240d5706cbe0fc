"""Curves in UV space as a linear basis of displacement: every control point has one column.

A curve is a polyline of control points. Its neighbourhood is cut into one slab per segment by the planes that halve
the angle at each control point, so that every texel near the curve belongs to exactly one segment, at a fraction t
along it and a signed distance d across it. A profile of d, shared out between the two control points by t, is the
basis: D = B a is linear in the amplitudes a of the control points, whatever the size of the map.

Slabs are filled like polygons, row by row: the two planes and the reach to either side are linear in the column, so
in each row the texels of a slab are one span between two roots. Neighbouring slabs share the root of their plane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np

BLOCK = 60_000  # texels handled in one go: their arrays stay in the processor's cache
BEND = 1.5  # how much farther than its reach a slab may run on the outside of a bend
LEVEL = 1e-9  # least slope of a covector along a row, so that it has a root in each, however far away


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


@dataclass(frozen=True)
class _Slabs:
    """Segments with their slabs; distances are of a place x in UV.

    Attributes:
        point: (m,) first control point.
        begin, end: (m, 2) the two control points.
        enter, leave: (m, 2) covectors: the slab is enter . (x - begin) >= 0 > leave . (x - end).
        across: (m, 2) mm, covector of the signed distance from the curve.
        far: (m,) mm to either side.
        low, high: (m, 2) corners of a box around the slab.
    """

    point: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    enter: np.ndarray
    leave: np.ndarray
    across: np.ndarray
    far: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __getitem__(self, rows: slice | np.ndarray) -> _Slabs:
        return _Slabs(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class _Roots:
    """Where a covector is zero in rows of the map.

    Attributes:
        column: (n,) in texels, 0 at the middle of the first.
        change: (n,) of the covector's value with one column.
    """

    column: np.ndarray
    change: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> _Roots:
        return _Roots(self.column[rows], self.change[rows])


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
    empty = CurveTexels(np.zeros(0, np.int64), np.zeros(0, np.int64), *(np.zeros(0, np.float32),) * 2)
    found = [empty, *blocks_near(uv, metric, start, reach, size)]
    return CurveTexels(*(np.concatenate([getattr(f, c.name) for f in found]) for c in fields(CurveTexels)))


def blocks_near(
    uv: np.ndarray,
    metric: np.ndarray,
    start: np.ndarray,
    reach: np.ndarray,
    size: int,
    wanted: np.ndarray | None = None,
) -> Iterator[CurveTexels]:
    """``texels_near`` in blocks of about ``BLOCK``, in the order of the control points.

    Args:
        wanted: (N,) bool, control points to draw; segments with neither end among them are left out. All by default.
    """
    slabs = _slabs(uv.astype(np.float64), metric.astype(np.float64), start, reach)
    if wanted is not None:
        slabs = slabs[wanted[slabs.point] | wanted[slabs.point + 1]]
    boxes = np.prod(np.minimum((slabs.high - slabs.low) * size + 1.0, size), axis=1)
    block = (np.cumsum(boxes) / (4 * BLOCK)).astype(np.int64)  # a slab fills about a quarter of its box
    cuts = [0, *(np.flatnonzero(np.diff(block)) + 1), len(block)]
    for first, last in zip(cuts[:-1], cuts[1:]):
        if last > first:
            yield _fill(slabs[first:last], size)


def _slabs(uv: np.ndarray, metric: np.ndarray, start: np.ndarray, reach: np.ndarray) -> _Slabs:
    point = np.setdiff1d(np.arange(len(uv) - 1), start[1:-1] - 1)
    along = _tangents(uv, start)
    uu, cross, vv = metric.T
    plane = np.stack([uu * along[:, 0] + cross * along[:, 1], cross * along[:, 0] + vv * along[:, 1]], axis=-1)
    plane /= np.maximum(np.linalg.norm(plane, axis=1, keepdims=True), 1e-12)
    begin, end = uv[point], uv[point + 1]
    chord = end - begin
    uu, cross, vv = 0.5 * (metric[point] + metric[point + 1]).T
    area = np.sqrt(np.maximum(uu * vv - cross * cross, 1e-12))
    square = uu * chord[:, 0] ** 2 + 2 * cross * chord[:, 0] * chord[:, 1] + vv * chord[:, 1] ** 2
    length = np.sqrt(np.maximum(square, 0.0))
    across = np.stack([-chord[:, 1], chord[:, 0]], axis=-1) * (area / np.maximum(length, 1e-9))[:, None]
    far = np.maximum(reach[point], reach[point + 1])
    enter, leave = plane[point], plane[point + 1]
    edges = [(begin, far[:, None] * _direction(across, enter)), (end, far[:, None] * _direction(across, leave))]
    corners = np.stack([p + side for p, edge in edges for side in (edge, -edge)])
    # how far the ellipse of a distance reaches along the axes
    aside = BEND * (far / area)[:, None] * np.sqrt(np.maximum(np.stack([vv, uu], axis=-1), 0.0))
    low = np.maximum(corners.min(0), np.minimum(begin, end) - aside)
    high = np.minimum(corners.max(0), np.maximum(begin, end) + aside)
    return _Slabs(point, begin, end, enter, leave, across, far, low, high)


def _direction(across: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """(m, 2) the x with across . x = 1 and plane . x = 0; far away where the two are parallel."""
    area = across[:, 0] * plane[:, 1] - across[:, 1] * plane[:, 0]
    return np.stack([plane[:, 1], -plane[:, 0]], axis=-1) / np.where(np.abs(area) < LEVEL, LEVEL, area)[:, None]


def _tangents(uv: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(N, 2) sum of the unit chords to either side of each control point."""
    chord = np.zeros((len(uv) + 1, 2))
    chord[1:-1] = uv[1:] - uv[:-1]
    chord[start] = 0.0
    chord /= np.maximum(np.linalg.norm(chord, axis=1, keepdims=True), 1e-12)
    return chord[1:] + chord[:-1]


def _fill(slabs: _Slabs, size: int) -> CurveTexels:
    """The texels of slabs."""
    top = np.clip(np.floor((1.0 - slabs.high[:, 1]) * size), 0, size).astype(np.int64)
    bottom = np.clip(np.ceil((1.0 - slabs.low[:, 1]) * size), 0, size).astype(np.int64)
    slab, line = _counted(np.maximum(bottom - top, 0))
    row = top[slab] + line
    v = 1.0 - (row + 0.5) / size
    enter = _roots(slabs.enter, slabs.begin, slab, v, size)
    leave = _roots(slabs.leave, slabs.end, slab, v, size)
    across = _roots(slabs.across, slabs.begin, slab, v, size)
    first, count = _spans(slabs, slab, enter, leave, across, size)
    some = np.flatnonzero(count > 0)
    first, enter, leave, across = first[some], enter[some], leave[some], across[some]
    span, step = _counted(count[some])
    # of each covector, the value at the first texel of a span and the change with one column
    after, before, distance = (np.stack([r.change * (first - r.column), r.change]) for r in (enter, leave, across))
    along = step.astype(np.float32)

    def spread(line: np.ndarray) -> np.ndarray:
        value, change = line.astype(np.float32)
        return value[span] + along * change[span]

    fraction = np.clip(spread(after) / np.maximum(spread(after - before), 1e-12), 0.0, 1.0)
    texel = (row[some] * size + first.astype(np.int64))[span] + step
    return CurveTexels(texel, slabs.point[slab[some]][span], fraction, spread(distance))


def _roots(covector: np.ndarray, origin: np.ndarray, slab: np.ndarray, v: np.ndarray, size: int) -> _Roots:
    """Roots of covector . (x - origin) of the slabs ``slab`` in rows at v."""
    slope = np.where(np.abs(covector[:, 0]) < LEVEL, LEVEL, covector[:, 0])
    lean = covector[:, 1] / slope * size
    column = (origin[:, 0] * size - 0.5 + lean * origin[:, 1])[slab] - lean[slab] * v
    return _Roots(column, (slope / size)[slab])


def _spans(
    slabs: _Slabs, slab: np.ndarray, enter: _Roots, leave: _Roots, across: _Roots, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """First column of the slabs in each row, and number of columns: where enter >= 0 > leave and |across| <= far."""
    first = np.maximum(np.floor(slabs.low[:, 0] * size), 0.0)[slab]
    last = np.minimum(np.ceil(slabs.high[:, 0] * size), size - 1.0)[slab]
    rising = enter.change > 0
    first = np.where(rising, np.maximum(first, np.ceil(enter.column)), first)
    last = np.where(rising, last, np.minimum(last, np.floor(enter.column)))
    rising = leave.change > 0
    last = np.where(rising, np.minimum(last, np.ceil(leave.column) - 1.0), last)
    first = np.where(rising, first, np.maximum(first, np.floor(leave.column) + 1.0))
    half = slabs.far[slab] / np.abs(across.change)
    first = np.maximum(first, np.ceil(across.column - half))
    last = np.minimum(last, np.floor(across.column + half))
    return first, np.maximum(last - first + 1.0, 0.0).astype(np.int64)


def _counted(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each index as often as its count says, and the number of the repetition: 0, 1, ... for each."""
    index = np.repeat(np.arange(len(count)), count)
    return index, np.arange(len(index)) - (np.cumsum(count) - count)[index]


def draw(
    blocks: Iterable[CurveTexels], profile: Callable[[CurveTexels], np.ndarray], amplitudes: np.ndarray, size: int
) -> np.ndarray:
    """(k, S, S) float32 B a of each row of amplitudes a, without building the matrix B (S * S, N).

    Args:
        blocks: texels near the curves, see :func:`blocks_near`.
        profile: gives (n,) float32 at a block's texels.
        amplitudes: (k, N).
        size: width of the maps.
    """
    amplitudes = amplitudes.astype(np.float32)
    changes = np.diff(amplitudes, axis=1, append=np.float32(0.0))
    maps = np.zeros((len(amplitudes), size * size), np.float32)
    for near in blocks:
        if not len(near.texel):
            continue
        height = profile(near)
        points = slice(near.point[0], near.point[-1] + 2)
        for k in np.flatnonzero(amplitudes[:, points].any(1)):
            amplitude = amplitudes[k][near.point] + near.fraction * changes[k][near.point]
            np.add.at(maps[k], near.texel, height * amplitude)
    return maps.reshape(-1, size, size)
