"""The picture of teeth and gums: enamel with its grades of tone, gums with their margin, laid out as the fine rows."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from ..head.dentition import (
    BACK_LINE,
    EDGE,
    GUM_LINE,
    LOWER,
    UPPER,
    chart_place,
    columns,
)
from ..image.colour import linear_to_srgb_bytes, srgb_to_linear
from ..image.filters import smoothstep

SIZE = (1024, 512)  # columns, rows
ENAMEL = np.array([0.72, 0.65, 0.53])  # linear; shade guides span L* 60 to 85, yellowish. Where no photo shows teeth
NECK = np.array([0.84, 0.74, 0.58])  # of the enamel: thin over the yellow dentine
TIP = np.array([0.9, 0.94, 1.0])  # of the enamel: nothing but glassy enamel
CANINE, MOLAR = np.array([0.93, 0.89, 0.82]), np.array([0.9, 0.85, 0.76])  # of the enamel
GUM, MARGIN, DEEP = (np.array(c) for c in ((0.44, 0.16, 0.15), (0.52, 0.23, 0.22), (0.3, 0.075, 0.07)))  # linear
GAP = np.array([0.34, 0.24, 0.17])  # of the enamel, between two teeth
# from the canines back cheeks keep the light away; EEVEE and game engines cast no such shadow: a slit at the corner of
# closed lips would shine white
SHADE_FROM, SHADE_TO, SHADE = 0.36, 0.95, 0.35  # shares of half the row, factor at the end


def teeth_map(colour: np.ndarray | None, seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(h, w, 3) uint8 sRGB of both rows, the upper in the upper half.

    Args:
        colour: (3,) sRGB of enamel in [0, 1]; None where no photo showed it.
        seed: of what chance decides.
        size: columns and rows of the picture.
    """
    rng = np.random.default_rng(seed)
    enamel = ENAMEL if colour is None else srgb_to_linear(np.clip(colour, 0.02, 0.98).astype(np.float32))
    halves = [_row(table, enamel, rng, size[0], size[1] // 2) for table in (UPPER, LOWER)]
    return linear_to_srgb_bytes(np.concatenate(halves).astype(np.float32))


def _row(table: tuple, enamel: np.ndarray, rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """(height, width, 3) linear, one row of teeth."""
    way, tooth, place = columns(table)
    at = (np.arange(width) + 0.5) / width
    u = chart_place(way, np.zeros_like(way), table, upper=True)[:, 0]
    across = np.interp(at, u, place + 2.0 * np.cumsum(np.concatenate([[0.0], np.diff(place) < 0])))
    across = across - 2.0 * np.floor((across + 1.0) / 2.0)  # -1 to 1 again
    kind = tooth[np.abs(at[:, None] - u).argmin(1)]
    v = ((np.arange(height) + 0.5) / height)[:, None]
    noise = _mottle(rng, height, width, 3.0), _mottle(rng, height, width, 14.0)
    crown = _crowns(enamel, kind, across, v, rng)
    crown *= 1.0 + 0.015 * noise[1][..., None]
    gum = _gums(v, across, noise)
    line = GUM_LINE + 0.004 * noise[1]
    before, behind = smoothstep(v, line - 0.012, line + 0.006), smoothstep(v, BACK_LINE - 0.02, BACK_LINE + 0.01)
    covered = np.maximum(1.0 - before, behind)
    picture = crown + covered[..., None] * (gum - crown)
    half = 2.0 * np.abs(at - 0.5)
    return picture * (1.0 - (1.0 - SHADE) * smoothstep(half, SHADE_FROM, SHADE_TO))[:, None]


def _crowns(
    enamel: np.ndarray, kind: np.ndarray, across: np.ndarray, v: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(h, w, 3) linear enamel everywhere.

    Args:
        kind: (w,) tooth counted from the middle; across: (w,) place on it, -1 to 1; v: (h, 1) place over the sheet.
    """
    own = np.where(kind[:, None] == 2, CANINE, np.where(kind[:, None] > 2, MOLAR, 1.0))
    own = own * (1.0 + 0.025 * rng.standard_normal(8)[kind % 8])[:, None]
    up = np.clip((v - GUM_LINE) / (EDGE - GUM_LINE), 0.0, 2.0)
    tone = NECK + smoothstep(up, 0.0, 0.5)[..., None] * (1.0 - NECK)
    tip = smoothstep(up, 0.78, 0.98) * (1.0 - smoothstep(up, 1.05, 1.25)) * (kind < 3)
    tone = tone + tip[..., None] * (TIP - tone)
    gap = smoothstep(np.abs(across), 0.86, 0.97)[None] * (1.0 - 0.35 * smoothstep(up, 0.8, 1.0))
    return enamel * own * tone * (1.0 + gap[..., None] * (GAP - 1.0))


def _gums(v: np.ndarray, across: np.ndarray, noise: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(h, w, 3) linear gum everywhere: pale and firm at its margin, redder and deeper away from it."""
    from_margin = np.where(v < 0.6, GUM_LINE - v, v - BACK_LINE)
    gum = MARGIN + smoothstep(from_margin, 0.0, 0.09)[..., None] * (GUM - MARGIN)
    gum = gum + smoothstep(from_margin, 0.12, GUM_LINE)[..., None] * (DEEP - gum)
    return gum * (1.0 + 0.05 * noise[0] + 0.06 * noise[1])[..., None] * (1.0 - 0.12 * across**2)[:, None]


def _mottle(rng: np.random.Generator, height: int, width: int, sigma: float) -> np.ndarray:
    """(height, width) smooth noise of standard deviation 1."""
    small = (max(height // 2, 4), max(width // 2, 4))
    made = ndimage.gaussian_filter(rng.standard_normal(small), sigma / 2, mode="wrap")
    return cv2.resize(made / made.std(), (width, height), interpolation=cv2.INTER_LINEAR)
