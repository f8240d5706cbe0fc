"""Wrinkles of the training pictures: lines at rest by age, and lines that come with an expression.

A height map on the mean head seen from the front, for shading only. Every picture has a person of its own: another
layout of the lines, another age, and creases deeper or fainter than usual, so that a line vouches for an expression
about as much as on real faces, where some foreheads stay smooth and some are never free of lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...core.head.model import HeadModel
from ...core.wrinkles.atlas import FOLD, WrinkleAtlas
from ...core.wrinkles.coefficients import person
from ...core.wrinkles.maps import dynamic_amplitudes, static_amplitudes

CELL = 0.5  # mm
FINE, BROAD = 0.9, 1.8  # mm, standard deviation across a line and across a fold
DISTINCT = 0.45  # standard deviation of the logarithm of how deep creases are, against the atlas
SMOOTH = 0.2  # share of people whose skin does not crease at all
SEAM = 6.0  # mm over which the lines of one side go over to those of the other
UPPER_SHAPES = ("eyeSquint", "cheekSquint")  # lines of the lower face do not come with the eyes


@dataclass(frozen=True)
class ReliefScene:
    """What does not change between people.

    Attributes:
        atlas: the wrinkle atlas.
        place: (N, 2) cells, column and row of the control points.
        across: (N,) x of the control points on the mean head, mm.
        length: (N,) mm of line that each control point stands for.
        drivers: (2, G, E) 1 where a shape creases a group on the head's left, and on its right.
        origin: (2,) mm, x and y of the middle of the first cell.
        size: columns and rows.
    """

    atlas: WrinkleAtlas
    place: np.ndarray
    across: np.ndarray
    length: np.ndarray
    drivers: np.ndarray
    origin: np.ndarray
    size: tuple[int, int]


def relief_scene(model: HeadModel, atlas: WrinkleAtlas) -> ReliefScene:
    """The scene of a head model and its wrinkles."""
    points = (model.mean[atlas.vertices].astype(float) * atlas.barycentric[..., None]).sum(axis=1)
    origin = points[:, :2].min(axis=0) - 10.0
    columns, rows = np.ceil((points[:, :2].max(axis=0) + 10.0 - origin) / CELL).astype(int) + 1
    step = np.linalg.norm(np.diff(points, axis=0, append=points[-1:]), axis=1)
    step[atlas.curve_start[1:] - 1] = 0.0  # from the end of a curve to the next one
    sides = np.array([name.endswith(("Left", "Right")) for name in atlas.expression_names])
    drivers = np.stack([atlas.group_driver > 0] * 2).astype(float)
    for side, other in enumerate(("Right", "Left")):
        drivers[side, :, sides & np.array([name.endswith(other) for name in atlas.expression_names])] = 0.0
    upper = np.array([name.startswith(UPPER_SHAPES) for name in atlas.expression_names])
    lower = np.array([group.lower for group in atlas.groups])
    drivers[:, lower[:, None] & upper[None]] = 0.0
    return ReliefScene(
        atlas, (points[:, :2] - origin) / CELL, points[:, 0], step, drivers, origin, (int(columns), int(rows))
    )


def slopes(scene: ReliefScene, weights: np.ndarray, age: float, rng: np.random.Generator) -> np.ndarray:
    """(rows, columns, 2) slope of the skin, d height / dx and d height / dy, of a random person.

    Args:
        weights: (E,) of the expression, in the order of the atlas.
        age: 0 (20 years) to 1 (85 years).
    """
    seed = int(rng.integers(1 << 30))
    someone = person(scene.atlas, seed)
    points = someone.points
    distinct = 0.0 if rng.random() < SMOOTH else np.exp(rng.normal(-0.1, DISTINCT))
    pressed = (scene.drivers * np.clip(weights, 0.0, 1.0)).max(axis=2) * np.exp(
        rng.normal(0.0, 0.3, (1, len(scene.drivers[0])))
    )
    left = np.clip(0.5 + 0.5 * scene.across[points] / SEAM, 0.0, 1.0)
    group = scene.atlas.curve_group[np.repeat(someone.curves, np.diff(someone.start))]
    press = left * pressed[0, group] + (1.0 - left) * pressed[1, group]
    depth = static_amplitudes(scene.atlas, age, seed) * np.exp(rng.normal(-0.2, DISTINCT))
    depth = (depth + distinct * press * dynamic_amplitudes(scene.atlas, age, seed)) * scene.length[points]
    fold = np.repeat(scene.atlas.curve_rank[someone.curves] == FOLD, np.diff(someone.start))
    height = _lines(scene, points[~fold], depth[~fold], FINE) + _lines(scene, points[fold], depth[fold], BROAD)
    across, up = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    return np.stack([across, up], axis=-1) / np.float32(CELL)


def _lines(scene: ReliefScene, points: np.ndarray, amount: np.ndarray, spread: float) -> np.ndarray:
    """(rows, columns) float32 mm: grooves through some control points; ``amount`` is depth by length, mm²."""
    columns, rows = scene.size
    at = np.rint(scene.place[points]).astype(int)
    total = np.bincount(at[:, 1] * columns + at[:, 0], amount, columns * rows).reshape(rows, columns)
    # a line of depth d, spread across by a Gaussian of unit integral, is d deep where that is brought to 1 at its peak
    peak = np.sqrt(2.0 * np.pi) * spread / CELL**2
    return -cv2.GaussianBlur((total * peak).astype(np.float32), (0, 0), spread / CELL)


def slopes_at(scene: ReliefScene, field: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(P, 2) slopes of a field at points (P, 2 or 3) mm of the mean head."""
    column, row = np.rint((at[:, :2] - scene.origin) / CELL).astype(int).T
    inside = (column >= 0) & (column < scene.size[0]) & (row >= 0) & (row < scene.size[1])
    return np.where(inside[:, None], field[row * inside, column * inside], 0.0)
