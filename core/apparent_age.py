"""Apparent age from the photo: how much line-like contrast there is where age draws lines.

A heuristic, not a net: in the log luminance of plain skin, the energy of dark lines (1.5 to 4 mm wide) on forehead,
glabella, under the eyes, at the crow's feet and the nasolabial fold, over that of the cheek, which carries the photo's
noise and the skin's own texture. Where the photo's expression pushes the skin together, lines say nothing about age.
"""

from __future__ import annotations

import cv2
import numpy as np

from .albedo import masked_blur
from .head_model import HeadTopology
from .raster import uv_raster
from .skin_mask import region_sum

DEFAULT_AGE = 0.22
# region: (weight, excess line contrast in log units at age 1)
LINE_REGIONS = {
    "forehead": (1.0, 0.045),
    "glabella": (0.5, 0.05),
    "under_eye": (1.0, 0.06),
    "crows_feet": (0.8, 0.05),
    "nasolabial": (0.5, 0.06),
}
REFERENCE_REGION = "cheek"
FINE_MM, COARSE_MM = 0.6, 2.4
RESOLVED_MM = (0.5, 1.4)  # photo pixel that resolves such lines fully, not at all
GRID = 512


def line_contrast(luminance: np.ndarray, trust: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) how much darker each texel is than its surroundings at the scale of wrinkles, at least 0.

    Args:
        luminance: (S, S) log luminance.
        trust: (S, S) in [0, 1].
        texel: mm.
    """
    fine = masked_blur(luminance, trust, FINE_MM / texel)
    return np.maximum(masked_blur(luminance, trust, COARSE_MM / texel) - fine, 0.0)


def apparent_age(
    topology: HeadTopology,
    albedo: np.ndarray,
    plain: np.ndarray,
    texel: float,
    at_rest: np.ndarray,
    millimetres_per_pixel: float,
) -> float:
    """Apparent age, 0 (20 years) to 1 (85 years); near ``DEFAULT_AGE`` where the photo is too coarse to tell.

    Args:
        albedo: (S, S, 3) log albedo.
        plain: (S, S) trust in plain skin.
        texel: mm.
        at_rest: (V_head,) in [0, 1], 0 where the photo's expression pushes the skin together.
        millimetres_per_pixel: of the photo.
    """
    size = min(GRID, albedo.shape[0])
    luminance = cv2.resize(albedo.mean(-1), (size, size), interpolation=cv2.INTER_AREA)
    trust = cv2.resize(plain, (size, size), interpolation=cv2.INTER_AREA)
    contrast = line_contrast(luminance, trust, texel * albedo.shape[0] / size)
    sure = np.clip(trust * 2 - 1, 0, 1)
    raster = uv_raster(topology, size)
    rest = np.zeros(topology.vertex_count, np.float32)
    rest[: len(at_rest)] = at_rest

    def level(name: str, calm: np.ndarray | float = 1.0) -> tuple[float, float]:
        weight = raster.sample(region_sum(topology, (name,)) * calm) * sure
        mass = float(weight.sum())
        return float(np.sqrt((contrast**2 * weight).sum() / max(mass, 1e-6))), mass

    reference, reference_mass = level(REFERENCE_REGION)
    total = estimate = 0.0
    for name, (importance, full) in LINE_REGIONS.items():
        value, mass = level(name, rest)
        if mass > 30 and reference_mass > 30:
            estimate += importance * np.clip((value - reference) / full, 0.0, 1.2)
            total += importance
    low, high = RESOLVED_MM
    trusted = float(np.clip((high - millimetres_per_pixel) / (high - low), 0, 1)) * min(1.0, total / 1.5)
    measured = estimate / total if total else DEFAULT_AGE
    return float(np.clip(DEFAULT_AGE + trusted * (measured - DEFAULT_AGE), 0.0, 1.0))
