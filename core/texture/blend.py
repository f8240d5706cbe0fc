"""Several photos of one skin to one: each place is taken from the photo that sees it best, joined band by band.

After Burt and Adelson (1983): the choice is one photo a place, and its border is crossed over a width that goes with
the size of what is joined. Slow tones mix over centimetres and show no seam; pores and freckles change over within a
millimetre, so that photos which do not quite agree on where a freckle is show it once and not twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..image.filters import masked_blur

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
    seen = [np.float32(t * cv2.GaussianBlur(t * q, (0, 0), PATCH_MM / texel)) for t, q in zip(trusts, qualities)]
    best = np.argmax(seen, axis=0)
    fine = _shares(best, trusts, FINE_MM / texel)
    rest = [_resized(a, best.shape, cv2.INTER_AREA) for a in albedos]
    # the slower bands, less the share of them that comes with the whole photos
    slow = np.zeros((*best.shape, 3), np.float32)
    for sigma in BANDS_MM:
        shares = _shares(best, trusts, sigma / texel)
        for k, trust in enumerate(trusts):
            band = masked_blur(rest[k], trust, sigma / texel)
            rest[k] = rest[k] - band
            slow += (shares[k] - fine[k])[..., None] * band
    shape = albedos[0].shape[:2]
    total = _resized(slow, shape, cv2.INTER_LINEAR)
    for albedo, share in zip(albedos, fine):
        total += _resized(share, shape, cv2.INTER_LINEAR)[..., None] * albedo
    return total


def _shares(best: np.ndarray, trusts: Sequence[np.ndarray], sigma: float) -> list[np.ndarray]:
    """(m, n) float32 for each photo, in sum 1 where any sees the place: the choice with a border of a width.

    Args:
        best: (m, n) the photo that is chosen.
        trusts: (m, n) each; a photo has no share where its trust is 0.
        sigma: texels.
    """
    chosen = ((best == k).astype(np.float32) for k in range(len(trusts)))
    soft = (cv2.GaussianBlur(c, (0, 0), max(sigma, 0.3)) for c in chosen)
    weights = [trust * (share + np.float32(1e-4)) for trust, share in zip(trusts, soft)]
    whole = np.maximum(sum(weights), 1e-6)
    return [weight / whole for weight in weights]


def _resized(image: np.ndarray, shape: tuple[int, ...], interpolation: int) -> np.ndarray:
    """An image (m, n[, c]) of ``shape`` rows and columns."""
    return image if image.shape[:2] == shape else cv2.resize(image, shape[::-1], interpolation=interpolation)
