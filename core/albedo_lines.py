"""Wrinkles taken out of the albedo: they are relief, and a wrinkle that is dark already is drawn twice.

A line is dark across and long along its way. What is dark and short is filled first (spots, pores), then everything
dark and narrow; the difference of the two is lines.
"""

from __future__ import annotations

import cv2
import numpy as np

from .albedo import masked_blur
from .colour import channel_mean
from .even_light import fill_spots

WIDTH_MM = 4.0  # of the widest line
SMOOTH_MM = 0.25  # Gaussian sigma
KNEE, DEEPEST = 0.02, 1.3  # log luminance: less is grain, more is not a line
USUAL_MM, USUAL_SHARE = 6.0, 1.0  # where everything looks like lines, nothing is one
TAKEN = 0.95  # share of a line's darkness, and of its hue, that goes
HUE_MM = 4.0  # Gaussian sigma of the hue around
HUE_KNEE = (0.04, 0.12)  # darkness of lines that have a hue of their own


def line_darkness(luminance: np.ndarray, skin: np.ndarray, texel: float, widest: float = WIDTH_MM) -> np.ndarray:
    """(H, W) log luminance that lines lack.

    Args:
        luminance: (H, W) log, of the albedo.
        skin: (H, W) trust in plain skin.
        texel: mm.
        widest: mm across.
    """
    away = luminance - float(np.vdot(luminance, skin)) / max(float(skin.sum()), 1e-6)
    filled = cv2.GaussianBlur(fill_spots(away, skin, texel), (0, 0), max(SMOOTH_MM / texel, 0.3))
    radius = max(1, round(0.5 * widest / texel))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    depth = np.maximum(cv2.morphologyEx(filled, cv2.MORPH_CLOSE, kernel) - filled - KNEE, 0)
    depth = np.maximum(depth - USUAL_SHARE * masked_blur(depth, skin, USUAL_MM / texel), 0)
    return (np.minimum(depth, DEEPEST) * skin).astype(np.float32)


def without_lines(log_albedo: np.ndarray, skin: np.ndarray, texel: float, widest: float = WIDTH_MM) -> np.ndarray:
    """Log albedo (H, W, 3) whose lines are as bright as the skin beside them, and of its hue.

    Args:
        skin: (H, W) trust in plain skin that nothing is drawn on.
        texel: mm.
        widest: mm across.
    """
    luminance = channel_mean(log_albedo)
    depth = line_darkness(luminance, skin, texel, widest)
    hue = log_albedo - luminance[..., None]
    around = masked_blur(hue, skin, HUE_MM / texel)
    share = np.clip((depth - HUE_KNEE[0]) / (HUE_KNEE[1] - HUE_KNEE[0]), 0, 1)
    return (log_albedo + TAKEN * (depth[..., None] + share[..., None] * (around - hue))).astype(np.float32)
