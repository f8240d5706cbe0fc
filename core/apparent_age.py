"""Apparent age from the photo: how much line-like contrast there is where age draws lines.

A heuristic, not a net: in the log luminance of plain skin, the contrast of dark lines (about 1 to 4 mm wide, 8 mm or
longer) on forehead, glabella, under the eyes, at the crow's feet and the nasolabial fold, over that of the cheek, which
carries the photo's noise and the skin's own texture. Where the photo's expression pushes the skin together, lines say
nothing about age.
"""

from __future__ import annotations

import cv2
import numpy as np

from .albedo import masked_blur
from .colour import channel_mean
from .head_model import HeadTopology
from .raster import sample_smooth
from .skin_mask import region_sum
from .unwrap import smoothstep

DEFAULT_AGE = 0.22
# region: weight, line contrast over the cheek's that smooth young faces have there, and that at age 1 adds (log units)
LINE_REGIONS = {
    "forehead": (1.0, 0.005, 0.05),
    "glabella": (0.4, 0.022, 0.06),
    "under_eye": (1.0, 0.025, 0.05),
    "crows_feet": (0.8, 0.004, 0.045),
    "nasolabial": (0.6, 0.010, 0.05),
}
# mean rest of a region under which its lines may be the expression's
LEAST_REST = (0.6, 0.95)
# how far the measure may move the estimate from the default
TRUST = 0.75
REFERENCE_REGION = "cheek"
FINE_MM, COARSE_MM = 0.6, 2.4
LINE_SIGMA_MM = 4.0
ORIENTATIONS = 6
RESOLVED_MM = (0.5, 1.4)  # photo pixel that resolves such lines fully, not at all
GRID = 512
FEWEST_TEXELS = 100


def line_contrast(luminance: np.ndarray, trust: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) how much darker than its surroundings the darkest line through each texel is, log units, at least 0.

    Args:
        luminance: (S, S) log luminance.
        trust: (S, S) in [0, 1].
        texel: mm.
    """
    fine = masked_blur(luminance, trust, FINE_MM / texel)
    band = (masked_blur(luminance, trust, COARSE_MM / texel) - fine) * trust
    radius = max(2, int(round(1.5 * LINE_SIGMA_MM / texel)))
    x, y = np.meshgrid(np.arange(-radius, radius + 1) * texel, np.arange(-radius, radius + 1) * texel)
    lines = np.zeros_like(band)
    for angle in np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS:
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        kernel = np.exp(-0.5 * (along / LINE_SIGMA_MM) ** 2 - 0.5 * (across / (0.5 * FINE_MM)) ** 2)
        lines = np.maximum(lines, cv2.filter2D(band, -1, (kernel / kernel.sum()).astype(np.float32)))
    return lines


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
    luminance = cv2.resize(channel_mean(albedo), (size, size), interpolation=cv2.INTER_AREA)
    trust = cv2.resize(plain, (size, size), interpolation=cv2.INTER_AREA)
    contrast = line_contrast(luminance, trust, texel * albedo.shape[0] / size)
    sure = np.clip(trust * 2 - 1, 0, 1)
    rest = np.zeros(topology.vertex_count, np.float32)
    rest[: len(at_rest)] = at_rest

    names = (REFERENCE_REGION, *LINE_REGIONS)
    fields = sample_smooth(topology, np.column_stack([region_sum(topology, (name,)) for name in names] + [rest]), size)
    square, calm_texels = contrast**2, fields[..., -1]

    def level(name: str) -> tuple[float, float, float]:
        """Root mean square contrast of a region, its mean rest, and its trusted texels."""
        weight = fields[..., names.index(name)] * sure
        mass = max(float(weight.sum()), 1e-6)
        return float(np.sqrt(np.vdot(square, weight) / mass)), float(np.vdot(calm_texels, weight)) / mass, mass

    reference, _, reference_mass = level(REFERENCE_REGION)
    total = estimate = 0.0
    for name, (importance, young, full) in LINE_REGIONS.items():
        value, calm, mass = level(name)
        if min(mass, reference_mass) > FEWEST_TEXELS:
            importance *= float(smoothstep(np.float64(calm), *LEAST_REST))
            estimate += importance * float(np.clip((value - reference - young) / full, 0.0, 1.2))
            total += importance
    low, high = RESOLVED_MM
    trusted = TRUST * float(np.clip((high - millimetres_per_pixel) / (high - low), 0, 1)) * min(1.0, total / 1.2)
    measured = estimate / total if total else DEFAULT_AGE
    return float(np.clip(DEFAULT_AGE + trusted * (measured - DEFAULT_AGE), 0.0, 1.0))
