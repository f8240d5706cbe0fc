"""Polylines in UV space, as lines of the skin are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Polylines:
    """Lines in UV space; n points, c lines.

    Attributes:
        uv: (n, 2), origin at the lower left.
        start: (c + 1,) first point of each line, and n.
        response: (n,) coherent valley response over the noise around.
        contrast: (n,) how much darker than its sides, log units.
        two_sided: (n,) the same for the brighter-by-less side.
        width: (n,) mm, standard deviation of the valley.
    """

    uv: np.ndarray
    start: np.ndarray
    response: np.ndarray
    contrast: np.ndarray
    two_sided: np.ndarray
    width: np.ndarray

    def __len__(self) -> int:
        return len(self.start) - 1

    def of_points(self, per_line: np.ndarray) -> np.ndarray:
        """(n, ...) values of the line each point belongs to."""
        return np.repeat(per_line, np.diff(self.start), axis=0)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """(c, ...) means along the lines of values (n, ...)."""
        count = np.diff(self.start).reshape((-1,) + (1,) * (values.ndim - 1))
        return np.add.reduceat(values, self.start[:-1], axis=0) / count

    def chosen(self, keep: np.ndarray) -> Polylines:
        """The lines of a bool mask (c,)."""
        count = np.diff(self.start)[keep]
        return self._picked(np.flatnonzero(self.of_points(keep)), count)

    def trimmed(self, keep: np.ndarray, fewest: int) -> Polylines:
        """Of each line the longest run of points kept by a bool mask (n,); lines left with fewer points go."""
        runs = [longest_run(keep[a:b]) for a, b in zip(self.start[:-1], self.start[1:])]
        rows = [np.arange(a + r.start, a + r.stop) for a, r in zip(self.start, runs) if r.stop - r.start >= fewest]
        return self._picked(np.concatenate(rows) if rows else np.zeros(0, int), np.array([len(r) for r in rows], int))

    def and_after(self, others: Polylines) -> Polylines:
        """These lines, and others after them."""
        start = np.concatenate([self.start, len(self.uv) + others.start[1:]])
        names = ("uv", "response", "contrast", "two_sided", "width")
        values = {name: np.concatenate([getattr(self, name), getattr(others, name)]) for name in names}
        return Polylines(start=start, **values)

    def _picked(self, points: np.ndarray, count: np.ndarray) -> Polylines:
        start = np.concatenate([[0], np.cumsum(count)]).astype(int)
        names = ("uv", "response", "contrast", "two_sided", "width")
        values = {name: getattr(self, name)[points] for name in names}
        return Polylines(start=start, **values)


def tangents(points: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(n, d) unit tangents of polylines: points (n, d), start (c + 1,) with at least two points each."""
    if not len(points):
        return np.zeros_like(points)
    along = np.gradient(points, axis=0)
    first, last = start[:-1], start[1:] - 1
    along[first] = points[first + 1] - points[first]
    along[last] = points[last] - points[last - 1]
    return along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)


def longest_run(free: np.ndarray) -> slice:
    """Slice of the longest run of True in a bool array."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(np.int8), [0]])))
    if not len(edges):
        return slice(0, 0)
    first, last = edges[::2], edges[1::2]
    best = int(np.argmax(last - first))
    return slice(int(first[best]), int(last[best]))
