"""The part of the chart that photos show, at the size of the maps and at the size that slow things are worked out at.

A frontal photo shows about a quarter of the chart. Masks, light and tone change slowly and are worked out at ``GRID``
texels for the whole chart; colours are read at the full size of the maps, in the window alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

GRID = 1024  # texels, at most, of the whole chart
MARGIN = 4  # texels of the grid around what is seen
ISLAND_SIZE, ISLAND_MM2 = 256, 500.0  # texels at which patches are told apart; smaller ones are no use


@dataclass(frozen=True)
class Window:
    """A rectangle of the chart, symmetrical about its middle column.

    Attributes:
        work: rows and columns at the working size.
        grid: texels of the whole chart at the working size.
        size: texels of the whole chart at the size of the maps, a multiple of ``grid``.
    """

    work: tuple[slice, slice]
    grid: int
    size: int

    @property
    def factor(self) -> int:
        """Texels of the maps in one of the working size, across."""
        return self.size // self.grid

    @property
    def full(self) -> tuple[slice, slice]:
        """Rows and columns at the size of the maps."""
        rows, columns = (slice(s.start * self.factor, s.stop * self.factor) for s in self.work)
        return rows, columns

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the window at the size of the maps."""
        rows, columns = self.full
        return rows.stop - rows.start, columns.stop - columns.start

    def reduced(self, part: np.ndarray) -> np.ndarray:
        """An image (h, w[, c]) of the window at the size of the maps, averaged to the working size."""
        height, width = (n // self.factor for n in part.shape[:2])
        return part if self.factor == 1 else cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)

    def grown(self, part: np.ndarray) -> np.ndarray:
        """An image of the window at the working size, enlarged to (h, w[, c]) at that of the maps."""
        return part if self.factor == 1 else cv2.resize(part, self.shape[::-1], interpolation=cv2.INTER_LINEAR)

    def enlarged(self, chart: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
        """The window (h, w[, c]) of a chart (grid, grid[, c]) at the size of the maps, as if all were enlarged."""
        if self.factor == 1:
            return chart[self.work]
        # what lies beside the window takes part in the interpolation
        low = [min(2, s.start) for s in self.work]
        around = tuple(slice(s.start - n, s.stop + 2) for s, n in zip(self.work, low))
        part, k = chart[around], self.factor
        part = cv2.resize(part, (part.shape[1] * k, part.shape[0] * k), interpolation=interpolation)
        (height, width), (top, left) = self.shape, (n * k for n in low)
        return np.ascontiguousarray(part[top : top + height, left : left + width])


def grid_size(size: int) -> int:
    """Working size of maps of ``size`` texels: ``size`` over a whole number, not much over ``GRID``."""
    return size // next(factor for factor in range(max(1, size // GRID), 0, -1) if size % factor == 0)


def seen_window(trust: np.ndarray, size: int) -> Window:
    """The window of maps of ``size`` texels in which a chart (g, g) is above 0; the whole map where it is nowhere.

    Its bounds are even at the working size.
    """
    seen = trust > 0
    bounds = []
    for found in (seen.any(1), seen.any(0) | seen.any(0)[::-1]):
        used = np.flatnonzero(found)
        low, high = (used[0] - MARGIN, used[-1] + 1 + MARGIN) if len(used) else (0, len(trust))
        bounds.append(slice(max(0, int(low) // 2 * 2), min(len(trust), -(-int(high) // 2) * 2)))
    rows, columns = bounds
    return Window((rows, columns), len(trust), size)


def union(windows: Sequence[Window]) -> Window:
    """The smallest window that holds others of the same chart."""
    first = windows[0]
    rows, columns = (
        slice(min(s.start for s in slices), max(s.stop for s in slices)) for slices in zip(*(w.work for w in windows))
    )
    return Window((rows, columns), first.grid, first.size)


def placed(part: np.ndarray, window: Window, outer: Window) -> np.ndarray:
    """An image (h, w[, c]) of a window at the size of the maps, in a window that holds it; zero elsewhere."""
    if window == outer:
        return part
    image = np.zeros(outer.shape + part.shape[2:], part.dtype)
    top, left = (inner.start - whole.start for inner, whole in zip(window.full, outer.full))
    image[top : top + part.shape[0], left : left + part.shape[1]] = part
    return image


def without_islands(trust: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) trust without patches of skin too small to say anything: a rim of an ear, a strip of the neck.

    Args:
        trust: (S, S) in [0, 1].
        texel: mm.
    """
    size = len(trust)
    small = min(size, ISLAND_SIZE)
    seen = cv2.resize(trust, (small, small), interpolation=cv2.INTER_AREA)
    _, label, stats, _ = cv2.connectedComponentsWithStats((seen > 0.02).astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] * (texel * size / small) ** 2 >= ISLAND_MM2
    if large[1:].all():
        return trust
    kept = cv2.dilate(large[label].astype(np.uint8) * (label > 0), np.ones((3, 3), np.uint8)).astype(np.float32)
    return trust * cv2.resize(kept, (size, size), interpolation=cv2.INTER_NEAREST)
