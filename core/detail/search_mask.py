"""Where in an unwrapped photo lines are looked for: bare skin, and forehead that a mask of hair takes too much of.

Deep lines of a raised brow are as dark as hair, they run into it at the temples, and what lies between them is taken
for its shadow. So on the forehead trust grows from sure skin to what is about as bright as the skin beside it, and then
across gaps that a line would leave. Hair ends both: it is darker by a step, and there is no skin behind it.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..head.chart import Chart
from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.filters import masked_blur, smoothstep

SIZE = 512  # texels, at most, that trust is worked out at
REGIONS = ("forehead", "glabella", "temple", "scalp")
STEP_MM, STEPS = 5.0, 5  # how far trust grows, by how much at a time
SOFT_MM = 0.8
LIKE = (0.35, 0.6)  # log units of brightness from the skin beside: surely skin, surely not
GAP_MM = 12.0  # across the lines of the forehead
SEEN = (0.18, 0.32)  # cosine to the viewing direction at which a line is not seen, is seen


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
    size = len(bare)
    small = min(size, SIZE)
    step = chart.at(small).texel
    forehead = region_sum(topology, REGIONS) * (1 - region_sum(topology, ("brow",)))
    place, seen = np.moveaxis(sample_smooth(topology, np.column_stack([forehead, facing]), small), -1, 0)
    allowed = place * smoothstep(seen, *SEEN)
    bright, known = (cv2.resize(m, (small, small), interpolation=cv2.INTER_AREA) for m in (luminance, bare))
    soft = cv2.GaussianBlur(bright, (0, 0), SOFT_MM / step)
    reach = max(1, round(STEP_MM / step))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    for _ in range(STEPS):
        away = np.abs(soft - masked_blur(bright, known, STEP_MM / step))
        known = np.maximum(known, (1 - smoothstep(away, *LIKE)) * cv2.dilate(known, around) * allowed)
        known = known.astype(np.float32)
    across = np.ones((max(1, round(GAP_MM / step)), 1), np.uint8)
    known = np.maximum(known, cv2.morphologyEx(known, cv2.MORPH_CLOSE, across) * place)
    return np.maximum(bare, cv2.resize(known, (size, size), interpolation=cv2.INTER_LINEAR)).astype(np.float32)
