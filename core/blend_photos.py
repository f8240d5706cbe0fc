"""Several photos of one skin to one: each place is taken from the photo that sees it best, joined band by band.

After Burt and Adelson (1983): the choice is one photo a place, and its border is crossed over a width that goes with
the size of what is joined. Slow tones mix over centimetres and show no seam; pores and freckles change over within a
millimetre, so that photos which do not quite agree on where a freckle is show it once and not twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import cv2
import numpy as np

from .albedo import masked_blur

BANDS_MM = (7.0, 1.5)  # Gaussian sigma: below the first is slow, above the last is fine
FINE_MM = 0.5  # over which the finest band changes over
PATCH_MM = 4.0  # the choice is that of the surroundings, not of a texel


def blend_photos(
    albedos: Sequence[np.ndarray], trusts: Sequence[np.ndarray], qualities: Sequence[np.ndarray], texel: float
) -> tuple[np.ndarray, np.ndarray]:
    """One log albedo (S, S, 3) of all photos, and the trust (S, S) in it.

    Args:
        albedos: (S, S, 3) log albedo of each photo, of one exposure and white balance.
        trusts: (S, S) in [0, 1], how far each is used.
        qualities: (S, S) at least 0, how well each photo sees a place: sharpness and angle.
        texel: mm.
    """
    trust = reduce(np.maximum, trusts)
    if len(albedos) == 1:
        return albedos[0], trust
    seen = [np.float32(t * cv2.GaussianBlur(t * q, (0, 0), PATCH_MM / texel)) for t, q in zip(trusts, qualities)]
    best = np.argmax(seen, axis=0)
    rest = list(albedos)
    total = np.zeros_like(albedos[0])
    for sigma in (*BANDS_MM, None):
        blur = FINE_MM if sigma is None else sigma
        weights = [_weight(best == k, t, blur / texel) for k, t in enumerate(trusts)]
        whole = np.maximum(sum(weights), 1e-6)
        for k, weight in enumerate(weights):
            band = rest[k] if sigma is None else masked_blur(rest[k], trusts[k], sigma / texel)
            total += (weight / whole)[..., None] * band
            if sigma is not None:
                rest[k] = (rest[k] - band) * (trusts[k] > 0)[..., None]
    return total.astype(np.float32), trust


def _weight(chosen: np.ndarray, trust: np.ndarray, sigma: float) -> np.ndarray:
    """(S, S) the choice with a border of a width, as far as the photo sees the place; never quite nothing there."""
    soft = cv2.GaussianBlur(chosen.astype(np.float32), (0, 0), max(sigma, 0.3))
    return trust * (soft + 1e-4)
