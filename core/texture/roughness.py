"""Roughness of the skin by region, with the fine pattern of pores read from the albedo."""

from __future__ import annotations

import cv2
import numpy as np

from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.colour import channel_mean
from ..view.chart_window import Window

# by eye; roughness of Blender's Principled BSDF
SKIN = 0.52
# the T zone is oily, lips and lids moist, the scalp and neck dry
REGION_ROUGHNESS = {
    "forehead": 0.45,
    "glabella": 0.44,
    "nose": 0.40,
    "chin": 0.47,
    "cheek": 0.50,
    "upper_lid": 0.45,
    "lower_lid": 0.46,
    "lips": 0.36,
    "ear": 0.50,
    "scalp": 0.55,
    "neck": 0.56,
    "mouth_inner": 0.25,
}
PATTERN_MM = 1.5  # Gaussian sigma that pores are told from
PATTERN_GAIN = 0.35  # roughness for each unit of log darkness
PATTERN_LIMIT = 0.05  # of roughness
# level of the mirror reflection at roughness 0.5, more for each unit of smoothness, and its range: oil shines
SPECULAR, SPECULAR_OIL, SPECULAR_RANGE = 0.5, 0.5, (0.2, 0.7)


def roughness_map(
    topology: HeadTopology, albedo: np.ndarray, seen: np.ndarray, texel: float, window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """(g, g) and (h, w) uint8 Principled roughness of the chart and of a window at the size of the maps, 255 is rough.

    Args:
        albedo: (g, g, 3) log albedo; dark fine spots (pores, stubble) are rougher.
        seen: (h, w, 3) log albedo of the window.
        texel: mm, at the working size.
    """
    vertex = np.full(topology.vertex_count, SKIN, np.float32)
    for name, value in REGION_ROUGHNESS.items():
        mask = region_sum(topology, (name,))
        vertex += mask * (value - vertex)
    rough = sample_smooth(topology, vertex, window.grid)
    luminance = channel_mean(albedo)
    level = cv2.GaussianBlur(luminance, (0, 0), PATTERN_MM / texel)
    return (
        _patterned(rough, level - luminance),
        _patterned(window.enlarged(rough), window.enlarged(level) - channel_mean(seen)),
    )


def _patterned(rough: np.ndarray, darkness: np.ndarray) -> np.ndarray:
    """(h, w) uint8 of roughness in [0, 1] with the pattern of what is darker than around it."""
    pattern = np.clip(PATTERN_GAIN * darkness, -PATTERN_LIMIT, PATTERN_LIMIT)
    return np.clip(np.round(255 * (rough + pattern)), 0, 255).astype(np.uint8)


def specular_map(roughness: np.ndarray) -> np.ndarray:
    """(S, S) uint8 Principled specular level, 255 is 1, of a roughness map (S, S) uint8: oily skin shines more."""
    level = SPECULAR + SPECULAR_OIL * (0.5 - roughness.astype(np.float32) / 255)
    return np.round(255 * np.clip(level, *SPECULAR_RANGE)).astype(np.uint8)
