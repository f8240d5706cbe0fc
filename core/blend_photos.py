"""Several photos of one skin to one: each place is taken from the photo that sees it best, joined band by band.

After Burt and Adelson (1983): the choice is one photo a place, and its border is crossed over a width that goes with
the size of what is joined. Slow tones mix over centimetres and show no seam; pores and freckles change over within a
millimetre, so that photos which do not quite agree on where a freckle is show it once and not twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .albedo import masked_blur

BANDS_MM = (7.0, 1.5)  # Gaussian sigma: below the first is slow, above the last is fine
FINE_MM = 0.5  # over which the finest band changes over
PATCH_MM = 4.0  # the choice is that of the surroundings, not of a texel


def blend_photos(
    albedos: Sequence[np.ndarray], trusts: Sequence[np.ndarray], qualities: Sequence[np.ndarray], texel: float
) -> np.ndarray:
    """One log albedo (h, w, 3) of all photos.

    Args:
        albedos: (h, w, 3) log albedo of each photo, of one exposure and white balance.
        trusts: (m, n) in [0, 1], how far each is used; of the same place in as many texels or fewer.
        qualities: (m, n) at least 0, how well each photo sees a place: sharpness and angle.
        texel: mm, of the trusts.
    """
    if len(albedos) == 1:
        return albedos[0]
    shape = albedos[0].shape[:2]
    fine = texel * trusts[0].shape[1] / shape[1]
    seen = [np.float32(t * cv2.GaussianBlur(t * q, (0, 0), PATCH_MM / texel)) for t, q in zip(trusts, qualities)]
    best = np.argmax(seen, axis=0)
    whole_trusts = [_enlarged(t, shape) for t in trusts]
    rest = list(albedos)
    total = np.zeros_like(albedos[0])
    for sigma in (*BANDS_MM, None):
        blur = FINE_MM if sigma is None else sigma
        weights = [_weight(best == k, t, blur / texel) for k, t in enumerate(trusts)]
        whole = np.maximum(sum(weights), 1e-6)
        for k, (weight, trust) in enumerate(zip(weights, whole_trusts)):
            band = rest[k] if sigma is None else masked_blur(rest[k], trust, sigma / fine)
            total += _enlarged(weight / whole, shape)[..., None] * band
            if sigma is not None:
                rest[k] = (rest[k] - band) * (trust > 0)[..., None]
    return total


def _enlarged(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Values (m, n) at the rows and columns of ``shape``."""
    return values if values.shape == shape else cv2.resize(values, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _weight(chosen: np.ndarray, trust: np.ndarray, sigma: float) -> np.ndarray:
    """(m, n) the choice with a border of a width, as far as the photo sees the place; never quite nothing there."""
    soft = cv2.GaussianBlur(chosen.astype(np.float32), (0, 0), max(sigma, 0.3))
    return trust * (soft + np.float32(1e-4))
