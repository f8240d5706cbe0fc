"""Where the bottom of a groove is, of which a photo shows the darkest place.

Light from the side makes one flank of a groove darker than its bottom. With relief h across the line, s the answer of
the log shading to its slope, and c how much less light falls in the deeper it is, the brightness is s h' + c h: for a
weak s the darkest place lies s / c beside the bottom, for a strong one halfway up the flank.
"""

from __future__ import annotations

import numpy as np

from .head_model import HeadTopology
from .lighting import Light
from .line_detection import sample, tangents
from .shading_slope import head_sensitivity
from .unwrap import PosedView

GRID = 512
FLANK_MM = 0.75  # from the bottom to the darkest place, in light along the skin
HALF = 0.15  # answer of the log shading to a slope of 1, from which light counts as coming from the side


def bottom_offset(
    topology: HeadTopology, posed: PosedView, light: Light, uv: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """(n, 2) UV from the darkest places of lines to their bottoms.

    Args:
        posed, light: the head in the photo, and the light on it.
        uv: (n, 2) points of polylines.
        start: (c + 1,) first point of each, and n.
    """
    if not len(uv):
        return np.zeros((0, 2))
    answer, metric = head_sensitivity(topology, posed, light, GRID)
    place = np.stack([uv[:, 0] * GRID - 0.5, (1 - uv[:, 1]) * GRID - 0.5], -1)
    (au, av), (guu, gvv, guv) = sample(answer, place).T, sample(np.stack(metric, -1), place).T
    tu, tv = tangents(place, start).T
    # across the line, a millimetre long in the metric of the chart
    nu, nv = -(guv * tu + gvv * tv), guu * tu + guv * tv
    length = np.sqrt(np.maximum(guu * nu**2 + 2 * guv * nu * nv + gvv * nv**2, 1e-9))
    nu, nv = nu / length, nv / length
    slope = au * (guu * nu + guv * nv) + av * (guv * nu + gvv * nv)
    away = FLANK_MM * np.tanh(slope / HALF)
    return np.stack([nu * away, -nv * away], -1) / GRID
