"""Evenly spaced streamlines: the creases of one group of wrinkles, as polylines on the surface grid.

Greedy seeds by drive, each line kept at a distance from those before it (Jobard and Lefer 1997), with the statistics of
skin: spacing, length and strength vary, the direction wanders, lines fade at both ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...core.image.filters import smoothstep
from .line_group import LineGroup
from .surface_grid import GRID_SIZE, SurfaceGrid, smooth_noise

STEP_MM = 0.7
CANDIDATES = 6000


@dataclass(frozen=True)
class Streamline:
    """One crease.

    Attributes:
        points: (n, 2) texels (x, y) of the surface grid, about ``STEP_MM`` apart.
        strength: (n,) relative depth, tapered to 0 at both ends.
        width: mm, half width of the groove.
        secondary: a fine line between the primary ones.
        seeded: it started where it was told to: a line that every face has.
        pair: index of the line on the other side it is an image of, or its own.
    """

    points: np.ndarray
    strength: np.ndarray
    width: float
    secondary: bool
    pair: int
    seeded: bool = False


@dataclass
class _Field:
    """What tracing reads and keeps: distance is in mm to the nearest line so far, over the local spacing."""

    grid: SurfaceGrid
    along: np.ndarray
    drive: np.ndarray
    distance: np.ndarray
    spacing: np.ndarray


def trace_group(
    group: LineGroup,
    grid: SurfaceGrid,
    direction: np.ndarray,
    drive: np.ndarray,
    rng: np.random.Generator,
    seeds: Sequence[tuple[float, float]] = (),
    distance: np.ndarray | None = None,
) -> list[Streamline]:
    """Primary and secondary lines of one group.

    Args:
        group: spacing, length and wobble.
        grid: surface grid.
        direction: (H, W) complex line direction.
        drive: (H, W) excess strain, zero where no lines may be.
        rng: one generator per group and layout.
        seeds: (x, y) in the face frame where the first primary lines start.
        distance: (H, W) float32 mm to lines of other groups to keep away from; lowered around the new ones.

    Returns:
        Lines, primary ones first. Groups that are not bilateral get lines on the head's left and their images.
    """
    if not group.bilateral:
        # a line keeps away from its own image
        drive = np.where(grid.frame[..., 0] > 0.3 * group.wavelength, drive, 0.0)
    if not (drive > 0).any():
        return []
    level = np.clip(drive / np.percentile(drive[drive > 0], 85), 0.0, 1.2)
    pitch = float(np.median(grid.pitch[drive > 0]))
    if distance is None:
        distance = np.full(drive.shape, 1e3, np.float32)
    lines: list[Streamline] = []
    for secondary in (False, True)[: 2 if group.secondary else 1]:
        wander = smooth_noise(pitch, 9.0 if group.bilateral else 5.0, rng) * (1.2 if secondary else 0.8)
        wander = np.radians(group.wobble) * (wander + 0.35 * smooth_noise(pitch, 1.8, rng))
        theta = 0.5 * np.angle(direction) + wander
        along = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
        field = _Field(grid, along, level, distance, group.spacing(grid.frame))
        lines += _fill(group, field, secondary, pitch, rng, [] if secondary else list(seeds), len(lines))
    if not group.bilateral:
        lines += _other_side(lines, pitch, rng)
    return lines


def _fill(
    group: LineGroup,
    field: _Field,
    secondary: bool,
    pitch: float,
    rng: np.random.Generator,
    seeds: Sequence[tuple[float, float]],
    count: int,
) -> list[Streamline]:
    """Lines of one rank; ``field.distance`` is updated."""
    spacing = group.wavelength * (group.secondary if secondary else 1.0)
    floor = 0.12 if secondary else 0.16
    median = max(8.0, 0.5 * group.length) if secondary else group.length
    shortest = 0.75 * median if secondary or seeds else min(0.55 * median, 2.0 * spacing)
    lines: list[Streamline] = []
    starts = [(seed, True) for seed in _nearest_texels(field.grid, seeds)]
    starts += [(seed, False) for seed in _candidates(field, floor, pitch, rng)]
    for (x, y), chosen in starts:
        apart = spacing * rng.uniform(0.65, 1.35)
        if field.distance[y, x] < (0.4 if chosen else 1.0) * apart * field.spacing[y, x]:
            continue
        reach = median * (np.clip(rng.lognormal(0.1, 0.3), 0.6, 1.7) if chosen else min(rng.lognormal(0.0, 0.45), 1.8))
        split = rng.uniform(0.35, 0.65)
        stop = floor * rng.uniform(0.4, 1.3) * (0.3 if chosen else 1.0)
        closest = (0.28 if chosen else 0.5) * spacing * rng.uniform(0.6, 1.2)
        halves = [
            _walk(field, x, y, sign, reach * share, stop, closest)
            for sign, share in ((-1.0, split), (1.0, 1.0 - split))
        ]
        points = np.array(halves[0][:0:-1] + halves[1])
        length = len(points) * STEP_MM
        if length < (0.45 * median if chosen else shortest):
            continue
        strength = _strength(len(points), length, median, secondary, rng)
        if seeds:
            strength *= 1.15 if chosen else 0.42
        if secondary:
            width = (0.045 * group.wavelength + 0.2) * rng.uniform(0.85, 1.3)
        else:
            width = (0.1 * group.wavelength + 0.28) * rng.uniform(0.8, 1.25)
        points = gaussian_filter1d(points, 2.0, axis=0, mode="nearest")
        lines.append(Streamline(points, strength, width, secondary, count + len(lines), chosen))
        _update_distance(field, points)
    return lines


def _nearest_texels(grid: SurfaceGrid, seeds: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    front = grid.covered & (grid.frame[..., 2] > 0)
    away = [np.hypot(grid.frame[..., 0] - x, grid.frame[..., 1] - y) + 1e3 * ~front for x, y in seeds]
    nearest = [np.unravel_index(d.argmin(), d.shape) for d in away]
    return [(int(column), int(row)) for row, column in nearest]


def _candidates(field: _Field, floor: float, pitch: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Texels (x, y) where lines may start, the most driven first, with some luck."""
    weight = np.where(field.drive > floor, field.drive * np.exp(0.4 * smooth_noise(pitch, 7.0, rng)), 0.0)
    flat = np.flatnonzero(weight)
    if not len(flat):
        return []
    share = weight.ravel()[flat] / weight.sum()
    flat = rng.choice(flat, min(len(flat), CANDIDATES), replace=False, p=share)
    order = np.argsort(-weight.ravel()[flat] * np.exp(0.6 * rng.standard_normal(len(flat))))
    rows, columns = np.divmod(flat[order], GRID_SIZE)
    return list(zip(columns.tolist(), rows.tolist()))


def _walk(
    field: _Field, x: float, y: float, sign: float, reach: float, stop: float, closest: float
) -> list[tuple[float, float]]:
    """Follow the direction from a texel until it ends: ``reach`` mm, low drive, or another line is near."""
    along, step, drive, distance, spacing = field.along, field.grid.step, field.drive, field.distance, field.spacing
    column, row = int(x), int(y)
    heading = (sign * along[row, column, 0], sign * along[row, column, 1])
    x, y = x + 0.5, y + 0.5
    points = []
    for _ in range(int(reach / STEP_MM)):
        column, row = int(x), int(y)
        if not (0 <= column < GRID_SIZE and 0 <= row < GRID_SIZE):
            break
        if drive[row, column] < stop or distance[row, column] < closest * spacing[row, column]:
            break
        points.append((x, y))
        a, b = along[row, column]
        turn = -1.0 if a * heading[0] + b * heading[1] < 0 else 1.0
        a, b = 0.75 * heading[0] + 0.25 * turn * a, 0.75 * heading[1] + 0.25 * turn * b
        length = (a * a + b * b) ** 0.5
        heading = (a / length, b / length)
        m = step[row, column]
        x += STEP_MM * (m[0, 0] * heading[0] + m[0, 1] * heading[1])
        y += STEP_MM * (m[1, 0] * heading[0] + m[1, 1] * heading[1])
    return points


def _strength(count: int, length: float, median: float, secondary: bool, rng: np.random.Generator) -> np.ndarray:
    """(count,) depth along a line: faded ends, a slow change along it, short lines shallow."""
    t = np.linspace(0.0, 1.0, count)
    first, last = rng.uniform(0.2, 0.5, 2)
    taper = (smoothstep(t, 0.0, first) * (1.0 - smoothstep(t, 1.0 - last, 1.0))) ** 0.8
    knots = max(4, int(length / 6.0) + 2)
    slow = np.interp(t * (knots - 1), np.arange(knots), rng.standard_normal(knots))
    along = np.clip(np.exp(0.3 * gaussian_filter1d(slow, 4.0, mode="nearest")), 0.25, 1.7)
    whole = min(1.35, rng.lognormal(-0.15, 0.38)) * np.clip(length / (0.7 * median), 0.1, 1.15) ** 0.9
    return (0.24 if secondary else 1.0) * whole * taper * along


def _update_distance(field: _Field, points: np.ndarray, reach_mm: float = 16.0) -> None:
    """Lower ``field.distance`` around a new line."""
    cells = points.astype(np.int32)
    pitch = float(np.median(field.grid.pitch[cells[:, 1], cells[:, 0]]))
    margin = int(reach_mm / pitch) + 2
    low = np.maximum(cells.min(0) - margin, 0)
    high = np.minimum(cells.max(0) + margin + 1, GRID_SIZE)
    canvas = np.ones((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.polylines(canvas, [(cells - low).astype(np.int32)], False, 0)
    near = cv2.distanceTransform(canvas, cv2.DIST_L2, 5) * pitch
    window = field.distance[low[1] : high[1], low[0] : high[0]]
    np.minimum(window, near, out=window)


def _other_side(lines: list[Streamline], pitch: float, rng: np.random.Generator) -> list[Streamline]:
    """Images of lines on the other side: moved by one smooth field, trimmed, some missing, otherwise strong."""
    shift = np.stack([smooth_noise(pitch, 11.0, rng), smooth_noise(pitch, 11.0, rng)], axis=-1) * (0.9 / pitch)
    images = []
    for line in lines:
        if rng.random() < (0.2 if line.secondary else 0.08) and not line.seeded:
            continue
        n = len(line.points)
        first, last = (rng.uniform(0.0, 0.15, 2) * n).astype(int)
        kept = slice(first, n - last)
        points = line.points[kept] * [-1.0, 1.0] + [GRID_SIZE, 0.0]
        cells = np.clip(points.astype(int), 0, GRID_SIZE - 1)
        points = np.clip(points + shift[cells[:, 1], cells[:, 0]], 0.0, GRID_SIZE - 1e-3)
        points = gaussian_filter1d(points, 2.0, axis=0, mode="nearest")
        t = np.linspace(0.0, 1.0, len(points))
        ends = smoothstep(t, 0.0, 0.25) * (1.0 - smoothstep(t, 0.75, 1.0))
        strength = line.strength[kept] * rng.lognormal(0.0, 0.25) * ends**0.5
        images.append(replace(line, points=points, strength=strength))
    return images
