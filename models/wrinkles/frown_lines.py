"""Frown lines: one to three creases between the brows, which no two faces share.

They are drawn as splines from the inner end of the brow upwards: unequal, bowed, leaning outwards as they rise, at
times a single one beside the midline. Shorter and fainter creases accompany them.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...core.image.filters import smoothstep
from .folds import spline, texels_at
from .line_group import LineGroup
from .streamlines import Streamline
from .surface_grid import SurfaceGrid

SPACING = 0.8  # between points, face frame units
COUNTS = ((1, 0.08), (2, 0.64), (3, 0.28))  # how many main lines, and how many of the faces have so many
LEAST_APART = 3.2  # mm between a companion and any line


def trace_frown_lines(group: LineGroup, grid: SurfaceGrid, rng: np.random.Generator) -> list[Streamline]:
    """One face's frown lines, main ones first.

    Args:
        group: ``wavelength`` sets the grooves' width.
        grid: surface grid.
        rng: one generator per layout.
    """
    count = int(rng.choice([n for n, _ in COUNTS], p=[share for _, share in COUNTS]))
    feet = {
        1: [rng.choice([-1.0, 1.0]) * rng.uniform(3.0, 6.5)],
        2: [-rng.uniform(5.0, 8.0), rng.uniform(5.0, 8.0)],
        3: [-rng.uniform(6.0, 8.5), rng.uniform(-1.5, 1.5), rng.uniform(6.0, 8.5)],
    }[count]
    strengths = np.array([0.6 if count == 1 else 1.0, rng.uniform(0.35, 0.95), rng.uniform(0.35, 0.75)])[:count]
    if count == 3:
        strengths = strengths[[0, 2, 1]]  # the middle one is the least
    strengths = strengths[::-1] if rng.random() < 0.5 else strengths
    mains = [_path(foot, strength, rng) for foot, strength in zip(feet, strengths)]
    lines = [_line(path, s, group, grid, False, i, rng) for i, (path, s) in enumerate(zip(mains, strengths))]
    taken = mains
    for _ in range(int(rng.integers(3, 7))):
        foot = rng.uniform(-12.0, 12.0)
        path = _path(foot, 0.25, rng)
        if min(np.linalg.norm(path[:, None] - other[None], axis=-1).min() for other in taken) < LEAST_APART:
            continue
        taken = [*taken, path]
        lines.append(_line(path, rng.uniform(0.3, 0.5), group, grid, True, len(lines), rng))
    return lines


def _path(foot: float, strength: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) a line in the face frame that starts near x = ``foot``; weak ones are short and start anywhere."""
    side = np.sign(foot) * np.clip(abs(foot) / 6.0, 0.0, 1.0)
    low = rng.uniform(5.0, 9.0) + (1.0 - strength) * rng.uniform(0.0, 8.0)
    high = low + (11.0 + 12.0 * strength) * rng.uniform(0.75, 1.2)
    lean, bow = side * rng.uniform(0.0, 4.0), side * rng.uniform(-0.8, 1.8) + rng.normal(0.0, 0.7)
    knots = np.array(
        [
            [foot - 0.35 * side * rng.uniform(0.0, 3.0), low],
            [foot + 0.35 * lean + bow, 0.5 * (low + high)],
            [foot + lean, high],
        ]
    )
    path = spline(knots, max(8, int((high - low) / SPACING)))
    sway = gaussian_filter1d(rng.standard_normal(len(path)), 4.0, mode="nearest")
    path[:, 0] += 1.3 * (sway - sway.mean())
    return path


def _line(
    path: np.ndarray,
    strength: float,
    group: LineGroup,
    grid: SurfaceGrid,
    secondary: bool,
    pair: int,
    rng: np.random.Generator,
) -> Streamline:
    """The path on the surface: deepest a third of the way up, faded at both ends."""
    t = np.linspace(0.0, 1.0, len(path))
    peak = rng.uniform(0.25, 0.5)
    taper = smoothstep(t, -0.02, peak) ** 0.8 * (1.0 - smoothstep(t, peak, 1.02)) ** 0.7
    along = np.exp(0.45 * gaussian_filter1d(rng.standard_normal(len(path)), 4.0, mode="nearest"))
    width = (0.05 * group.wavelength + 0.35 if secondary else 0.13 * group.wavelength + 0.5) * rng.uniform(0.85, 1.2)
    points = gaussian_filter1d(texels_at(path, grid), 1.5, axis=0, mode="nearest")
    return Streamline(points, strength * taper * along * (0.5 if secondary else 1.0), width, secondary, pair)
