"""Wrinkles taken out of the albedo: they are relief, and a wrinkle that is dark already is drawn twice.

A line is dark across and long along its way. What is dark and short is filled first (spots, pores), then everything
dark and narrow; the difference of the two is lines. Those that became no relief, or less than they show, come back on
open skin that the expression does not push: else they would be lost.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.colour import channel_mean
from ..image.filters import masked_blur
from .even_light import fill_spots

WIDTH_MM = 4.0  # of the widest line
SMOOTH_MM = 0.25  # Gaussian sigma
KNEE, DEEPEST = 0.02, 1.3  # log luminance: less is grain, more is not a line
USUAL_MM, USUAL_SHARE = 6.0, 1.0  # where everything looks like lines, nothing is one
TAKEN = 0.95  # share of a line's darkness, and of its hue, that goes
HUE_MM = 4.0  # Gaussian sigma of the hue around
HUE_KNEE = (0.04, 0.12)  # darkness of lines that have a hue of their own
# where a dark line may come back; beside lids, nostrils and lips it is shadow
OPEN_REGIONS = ("forehead", "glabella", "temple", "crows_feet", "cheek", "jaw", "chin", "neck")
PUSHED = 3.0  # 1 over the fold of the expression from which none comes back
SRGB_GAMMA = 2.2
MOST_BACK = 0.25  # log luminance


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


def lines_left(
    topology: HeadTopology, luminance: np.ndarray, plain: np.ndarray, held: np.ndarray, folded: np.ndarray, texel: float
) -> np.ndarray:
    """(g, g) log luminance of the lines that were taken from an albedo and that no relief holds.

    Args:
        luminance: (g, g) log, of the unwrapped photo, shading divided out.
        plain: (g, g) trust in plain skin.
        held: (s, s) in [0, 1], share of lines that relief holds.
        folded: (V,) in [0, 1], how far the photo's expression folds the skin.
        texel: mm.
    """
    size = len(luminance)
    left = np.zeros((size, size), np.float32)
    seen = [np.flatnonzero((plain > 0).any(axis)) for axis in (1, 0)]
    if not len(seen[0]):
        return left
    part = tuple(slice(s[0], s[-1] + 1) for s in seen)
    place, fold = np.moveaxis(
        sample_smooth(topology, np.column_stack([region_sum(topology, OPEN_REGIONS), folded]), size), -1, 0
    )
    share = 1 - cv2.resize(held, (size, size), interpolation=cv2.INTER_LINEAR)
    share *= np.clip(place, 0, 1) * np.clip(1 - PUSHED * fold, 0, 1)
    dark = line_darkness(np.ascontiguousarray(luminance[part]), np.ascontiguousarray(plain[part]), texel)
    left[part] = np.minimum(TAKEN * dark * share[part], MOST_BACK)
    return left


def with_lines(albedo: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Albedo (S, S, 3) uint8 sRGB with dark lines of log luminance (g, g) drawn in."""
    rows, columns = (np.flatnonzero((left > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        return albedo
    factor = len(albedo) // len(left)
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    full = tuple(slice(s.start * factor, s.stop * factor) for s in part)
    out = albedo.copy()
    shape = out[full].shape[1::-1]
    dark = cv2.resize(np.exp(-left[part] / SRGB_GAMMA), shape, interpolation=cv2.INTER_LINEAR)
    out[full] = np.round(out[full] * dark[..., None])
    return out
