"""Folds of the face: creases that fat and muscle make, not compression. Explicit curves, each with a bulge beside it.

A smile pulls the skin longer across the nasolabial fold and shorter along it, a raised upper lip shortens it across,
and a mouth frown shortens the skin at a slant to the marionette line: each fold says at which angle to it compression
is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from ...core.image.filters import smoothstep
from ...core.wrinkles.group import Appearance
from .streamlines import Streamline
from .surface_grid import SurfaceGrid

JITTER = 0.95  # spread of a fold's knots between sides and builds, face frame units
SPACING = 1.2  # between control points, face frame units


@dataclass(frozen=True)
class Fold:
    """One fold.

    Attributes:
        name: of the fold.
        family: 1 or 2.
        path: (x, y) in the face frame, head's left side; one that starts at x < 0 crosses the midline.
        width: mm, half width of the groove.
        bulge: mm from the groove to the crest beside it.
        rolls: height over depth of the bulge on the left and right of the path.
        cap: mm, depth of an old face's fold.
        young: share of it at 20.
        driver: expression that deepens it.
        dynamic: share of ``cap`` that the driver adds.
        onset: age (0 is 20, 1 is 85 years) from which it grows.
        at_rest: share of ``cap`` that an old face has.
        fade: shares of the length at which the fold has grown to its depth and begins to fade.
        follows: name of an earlier fold on whose line this one lies; one line may deepen for several reasons.
        angle: degrees from the line to the direction whose compression deepens it, counter-clockwise on the left side.
        lower: of the lower face: does not come with the eyes, though they are part of the driver.
        appearance: how photos show it.
    """

    name: str
    family: int
    path: tuple[tuple[float, float], ...]
    width: float
    bulge: float
    rolls: tuple[float, float]
    cap: float
    young: float
    driver: Mapping[str, float]
    dynamic: float
    onset: float
    angle: float = 90.0
    at_rest: float = 1.0
    follows: str = ""
    fade: tuple[float, float] = (0.3, 0.5)
    lower: bool = False
    appearance: Appearance = field(default_factory=Appearance)

    @property
    def bilateral(self) -> bool:
        """It crosses the midline."""
        return self.path[0][0] < 0


def fold_path(fold: Fold) -> np.ndarray:
    """(n, 2) the fold's spline in the face frame, ``SPACING`` apart."""
    knots = np.array(fold.path, float)
    return spline(knots, max(6, int(np.linalg.norm(np.diff(knots, axis=0), axis=1).sum() / SPACING) + 1))


def spline(knots: np.ndarray, count: int) -> np.ndarray:
    """(count, 2) evenly spaced points of the cubic spline through knots (k, 2)."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return CubicSpline(length, knots)(np.linspace(0.0, length[-1], count))


def texels_at(points: np.ndarray, grid: SurfaceGrid) -> np.ndarray:
    """(k, 2) texels (x, y) seen from the front at points (k, 2) of the face frame: of near ones the foremost."""
    y, z = grid.frame[..., 1], grid.frame[..., 2]
    rows, columns = np.nonzero(grid.covered & ((z > -30.0) | ((y < -114.0) & (z > -85.0))))
    at = grid.frame[rows, columns]
    away = np.linalg.norm(at[None, :, :2] - points[:, None], axis=-1) - 0.2 * at[:, 2]
    best = away.argmin(1)
    return np.stack([columns[best], rows[best]], axis=-1) + 0.5


def fold_direction(fold: Fold, frame: np.ndarray, reach: float = 7.0) -> tuple[np.ndarray, np.ndarray]:
    """Direction of a fold near it.

    Args:
        fold: the fold.
        frame: (n, 3) points in the face frame.
        reach: face frame units over which it counts.

    Returns:
        (n,) complex exp(2 i theta), theta across the direction whose compression deepens the nearest piece of the
        fold; (n,) weight in [0, 1].
    """
    path = fold_path(fold)
    side = np.where((frame[:, 0] < 0) & (not fold.bilateral), -1.0, 1.0)
    away, nearest = cKDTree(path).query(np.stack([frame[:, 0] * side, frame[:, 1]], axis=-1))
    tangent = np.gradient(path, axis=0)[nearest]
    direction = tangent[:, 0] * side + 1j * tangent[:, 1]
    weight = np.exp(-((away / reach) ** 2)) * smoothstep(frame[:, 2], -42.0, -30.0)
    turn = np.exp(2j * np.radians(fold.angle - 90.0) * side)
    return (direction / np.abs(direction)) ** 2 * turn, weight


def trace_fold(fold: Fold, grid: SurfaceGrid, rng: np.random.Generator) -> list[tuple[Streamline, tuple]]:
    """The fold on the surface, once if bilateral, else for both sides, each a little different.

    Returns:
        (line, rolls) pairs; rolls are on the left and right of the line in UV.
    """
    knots = np.array(fold.path, float)
    count = len(fold_path(fold))
    shared = rng.standard_normal(knots.shape)
    lines = []
    for side in (1.0,) if fold.bilateral else (1.0, -1.0):
        own = rng.standard_normal(knots.shape)
        moved = (knots + JITTER * (0.8 * (shared[0] + 0.4 * shared) + 0.6 * (own[0] + 0.4 * own))) * [side, 1.0]
        points = spline(texels_at(moved, grid), count)
        t = np.linspace(0.0, 1.0, count)
        slow = gaussian_filter1d(rng.standard_normal(count), 5.0, mode="nearest")
        taper = smoothstep(t, 0.0, fold.fade[0]) * (1.0 - smoothstep(t, fold.fade[1], 1.0))
        strength = taper * np.exp(0.5 * slow)
        rolls = fold.rolls if side > 0 else fold.rolls[::-1]
        lines.append((Streamline(points, strength, fold.width, False, 0), rolls))
    return lines
