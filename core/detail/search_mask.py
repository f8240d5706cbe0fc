"""Where in an unwrapped photo lines are looked for: bare skin, and forehead that a mask of hair takes too much of.

Deep lines of a raised brow are as dark as hair, they run into it at the temples, and what lies between them is taken
for its shadow. So on the forehead trust grows from sure skin to what is about as bright as the skin beside it, and then
across gaps that a line would leave. Hair ends both: it is darker by a step, and there is no skin behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import Chart
from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.filters import masked_blur, smoothstep

REGIONS = ("forehead", "glabella", "temple", "scalp")


@dataclass(frozen=True)
class SearchSettings:
    """How trust grows on the forehead; ``benchmarks/sensitivity.py`` tells how much hangs on each.

    They came with six portraits whose lines were marked by hand (``models.evaluation.marked_lines``) and were chosen by
    eye on those, ``seen`` later on lines at the sides of foreheads.

    Attributes:
        size: texels, at most, that trust is worked out at.
        step: mm that trust grows at a time; steps: how many times.
        soft: mm, Gaussian sigma of what is compared with the skin beside: finer is noise and pores.
        like: log units of brightness from the skin beside: surely skin, surely not.
        gap: mm across the lines of the forehead, the widest that is closed.
        seen: cosine to the viewing direction at which a line is not seen, is seen.
    """

    size: int = 512
    step: float = 5.0
    steps: int = 5
    soft: float = 0.8
    like: tuple[float, float] = (0.35, 0.6)
    gap: float = 12.0
    seen: tuple[float, float] = (0.18, 0.32)


SETTINGS = SearchSettings()


def line_trust(
    topology: HeadTopology, luminance: np.ndarray, bare: np.ndarray, facing: np.ndarray, chart: Chart
) -> np.ndarray:
    """(S, S) float32 in [0, 1], trust for looking for lines: at least that in bare skin.

    Args:
        luminance: (S, S) log luminance, shading divided out.
        bare: (S, S) in [0, 1], skin whose shading is worth reading.
        facing: (V,) cosine between the normal and the direction to the camera.
        chart: for maps of S texels.
    """
    given, size = SETTINGS, len(bare)
    small = min(size, given.size)
    step = chart.at(small).texel
    forehead = region_sum(topology, REGIONS) * (1 - region_sum(topology, ("brow",)))
    place, seen = np.moveaxis(sample_smooth(topology, np.column_stack([forehead, facing]), small), -1, 0)
    allowed = place * smoothstep(seen, *given.seen)
    bright, known = (cv2.resize(m, (small, small), interpolation=cv2.INTER_AREA) for m in (luminance, bare))
    soft = cv2.GaussianBlur(bright, (0, 0), given.soft / step)
    reach = max(1, round(given.step / step))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    for _ in range(given.steps):
        away = np.abs(soft - masked_blur(bright, known, given.step / step))
        known = np.maximum(known, (1 - smoothstep(away, *given.like)) * cv2.dilate(known, around) * allowed)
        known = known.astype(np.float32)
    across = np.ones((max(1, round(given.gap / step)), 1), np.uint8)
    known = np.maximum(known, cv2.morphologyEx(known, cv2.MORPH_CLOSE, across) * place)
    return np.maximum(bare, cv2.resize(known, (size, size), interpolation=cv2.INTER_LINEAR)).astype(np.float32)
