"""Lines around the lips: rays that start on the border of the red and fade into the skin, no two of one length.

They are drawn as splines, since the mesh shortens in patches around the mouth and streamlines would break up there.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...core.image.filters import smoothstep
from .folds import spline, texels_at
from .line_group import LineGroup
from .streamlines import Streamline
from .surface_grid import SurfaceGrid

SPACING = 0.7  # between points, face frame units
# border of the red on the head's left in the face frame: x, upper y, lower y
BORDER = np.array(
    [[0.0, -58.4, -79.3], [6.0, -58.1, -78.8], [12.0, -59.1, -77.9], [18.0, -61.5, -75.7], [24.0, -64.8, -71.4]]
)
OVERLAP = 1.2  # face frame units of the red that a line runs into


def trace_lip_lines(group: LineGroup, grid: SurfaceGrid, rng: np.random.Generator) -> list[Streamline]:
    """One face's lines above and below the lips, most of them with a counterpart on the other side.

    Args:
        group: ``length`` is the median, ``wavelength`` the distance between them, both mm.
        grid: surface grid.
        rng: one generator per layout.
    """
    lines: list[Streamline] = []
    for up, step, share in ((True, 0.8, 1.0), (False, 1.3, 0.7)):
        places = np.cumsum(group.wavelength * step * rng.uniform(0.6, 1.4, 9)) - rng.uniform(1.0, 4.0)
        for pair, place in enumerate(places[(places > 1.0) & (places < 21.0)]):
            strength, length = share * rng.lognormal(-0.15, 0.4), share * group.length * rng.lognormal(0.0, 0.35)
            for side in (1.0, -1.0):
                if rng.random() < 0.2:
                    continue
                x = place + rng.normal(0.0, 0.9)
                path = _ray(x, length * rng.lognormal(0.0, 0.2), up, rng) * [side, 1.0]
                number = 2 * pair + (not up)
                lines.append(_line(path, strength * rng.lognormal(0.0, 0.2), group, grid, number, rng))
    return lines


def _ray(x: float, length: float, up: bool, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) in the face frame: from the red at ``x`` outwards, leaning away from the midline, a little bowed."""
    border = float(np.interp(abs(x), BORDER[:, 0], BORDER[:, 1 if up else 2]))
    sign = 1.0 if up else -1.0
    lean = 0.02 * x + rng.normal(0.0, 0.12)
    heading = np.array([lean, sign]) / np.hypot(lean, 1.0)
    start = np.array([x, border]) - OVERLAP * heading
    bow = 0.12 * length * rng.standard_normal() * np.array([heading[1], -heading[0]])
    knots = np.stack([start, start + 0.55 * length * heading + bow, start + (length + OVERLAP) * heading])
    return spline(knots, max(7, int(length / SPACING)))


def _line(
    path: np.ndarray, strength: float, group: LineGroup, grid: SurfaceGrid, pair: int, rng: np.random.Generator
) -> Streamline:
    """The path on the surface: deepest near the red, long faded at the other end."""
    t = np.linspace(0.0, 1.0, len(path))
    peak = rng.uniform(0.2, 0.4)
    taper = smoothstep(t, -0.05, peak) * (1.0 - smoothstep(t, peak, 1.0)) ** 0.8
    along = np.exp(0.3 * gaussian_filter1d(rng.standard_normal(len(path)), 3.0, mode="nearest"))
    width = (0.1 * group.wavelength + 0.28) * rng.uniform(0.8, 1.25)
    points = gaussian_filter1d(texels_at(path, grid), 1.5, axis=0, mode="nearest")
    return Streamline(points, min(strength, 1.4) * taper * along, width, False, pair)
