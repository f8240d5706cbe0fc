"""Pits: the dimples of a tensed chin, where the mentalis pulls at the skin. Short round curves in no order."""

from __future__ import annotations

import numpy as np

from .line_group import LineGroup
from .streamlines import Streamline
from .surface_grid import SurfaceGrid

COUNT = 9  # control points of a pit
SHARE_OF_WAVELENGTH = 0.3  # half width of a pit
BEND = 0.35  # of a pit's half length, spread of its bow


def trace_pits(group: LineGroup, grid: SurfaceGrid, drive: np.ndarray, rng: np.random.Generator) -> list[Streamline]:
    """Pits of a group, thrown like darts that keep their distance.

    Args:
        group: ``wavelength`` is the mean distance between pits, ``length`` their length, both mm.
        grid: surface grid.
        drive: (H, W) excess strain, zero where no pits may be.
        rng: one generator per group and layout.

    Returns:
        Curves with a strength of sin² along them; a pit has no image on the other side.
    """
    rows, columns = np.nonzero(drive > 0.3 * drive.max())
    order = rng.permutation(len(rows))
    rows, columns = rows[order], columns[order]
    apart = group.wavelength * rng.uniform(0.75, 1.1, len(rows))
    places = grid.frame[rows, columns]
    kept: list[int] = []
    for i in range(len(rows)):
        if not kept or np.linalg.norm(places[kept] - places[i], axis=1).min() >= apart[i]:
            kept.append(i)
    along = np.linspace(-1.0, 1.0, COUNT)
    shape = np.cos(0.5 * np.pi * along) ** 2
    pits = []
    for pair, i in enumerate(kept):
        angle = rng.uniform(0.0, np.pi)
        heading = grid.step[rows[i], columns[i]] @ [np.cos(angle), np.sin(angle)]
        half = 0.5 * group.length * rng.uniform(0.7, 1.3)
        aside = grid.step[rows[i], columns[i]] @ [-np.sin(angle), np.cos(angle)]
        bow = BEND * rng.standard_normal() * (1.0 - along**2)
        points = np.array([columns[i] + 0.5, rows[i] + 0.5]) + half * (along[:, None] * heading + bow[:, None] * aside)
        width = SHARE_OF_WAVELENGTH * group.wavelength * rng.uniform(0.75, 1.25)
        pits.append(Streamline(points, shape * min(rng.lognormal(0.0, 0.2), 1.3), width, False, pair))
    return pits
