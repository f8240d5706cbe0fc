"""Static detail in bands and by origin, so that each can be weighed on its own while the artist looks on.

With S the static map, P what of it was read from the photo (or taken from another person), and the index l for what is
left after a blur (folds; the rest is lines), the live static detail is

    D = photo (folds P_l + lines (P - P_l)) + atlas (folds (S_l - P_l) + lines (S - P - S_l + P_l))
      = S w_0 + S_l w_1 + P w_2 + P_l w_3

At the neutral setting only S counts, so the three extra maps may be coarser than S.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..head.raster import texel_millimetres
from ..wrinkles.own_lines import line_relief
from .character import Character
from .edit import residual_share

FOLD_MM = 1.6  # Gaussian sigma: waves longer than about 7 mm are folds
LARGEST = 1024  # texels: the photo's static detail is worked out at 0.4 mm


def static_bands(character: Character) -> np.ndarray:
    """(N, N, 3) float32 mm: S_l, P, P_l, at half the size of the character's maps and ``LARGEST`` at most."""
    size = character.detail.size
    static = character.detail.static
    residual = np.zeros_like(static)
    share = residual_share(character.age, character.residual_age)
    if character.static_residual is not None:
        residual = share * character.static_residual
    small = min(max(size // 2, 1), LARGEST)
    static, residual = (cv2.resize(m, (small, small), interpolation=cv2.INTER_AREA) for m in (static, residual))
    if character.own_lines is not None:
        residual = residual + share * line_relief(character.own_lines, small)
    sigma = FOLD_MM / texel_millimetres(character.topology, character.neutral, small)
    low, residual_low = (cv2.GaussianBlur(m, (0, 0), max(sigma, 0.3)) for m in (static, residual))
    return np.dstack([low, residual, residual_low]).astype(np.float32)
