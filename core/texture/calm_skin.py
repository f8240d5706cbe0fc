"""What a camera and a lamp add to the fine colour of skin, lips and brows, drawn in to what these have.

Codecs keep colour at a half or less of the picture's resolution, in blocks of 16 pixels, and what they lose shows as
green and red clouds on the skin; lips are darker where they roll in; locks throw coloured light on brows.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..image.colour import channel_mean
from ..image.filters import masked_blur

FINE_MM, FINE_SPREAD = 0.8, 0.03  # Gaussian sigma; log luminance, standard deviation
CLOUD_PIXELS, CLOUD_MM = 7.0, 6.0  # of the photo, Gaussian sigma of the clouds of a codec; mm at most
CLOUD_HUE = 0.09  # log hue over that around of which half is taken for a cloud
CLOUD_COUPLING = 0.5  # largest change of log hue with log brightness that is skin's
LIPS_MM = 2.5  # Gaussian sigma
LIPS_TAKEN, LIPS_HUE_TAKEN = 0.7, 0.5  # share of slow brightness, and of slow hue, that is light
LIPS_RED = (0.35, 0.3)  # log(R/G) over the skin around from which lips are drawn in, and by how much at most beyond
BEARD_MM, BEARD_TAKEN = 5.0, 0.8  # Gaussian sigma; share of slow darkness that is shade where the skin faces the ground
BROW_MM, BROW_HUE = 9.0, (0.06, 0.35)  # Gaussian sigma; log hue, and more of it for each unit of log darkness
BROW_SHINE = 0.03  # log luminance over the skin around
BROW_HAIR, BROW_HAIR_MM = (0.25, 0.25), 1.0  # log luminance under skin of hair; under a brow's hair of another's


def calm_hue(log_albedo: np.ndarray, plain: np.ndarray, pixel: float, texel: float) -> np.ndarray:
    """Log albedo (S, S, 3) without clouds of colour as small as the photo's codec leaves them.

    What goes with the brightness, as freckles do, and strong hue, as moles have, stay.

    Args:
        plain: (S, S) trust in plain skin.
        pixel: mm of the photo.
        texel: mm.
    """
    sigma = min(CLOUD_PIXELS * pixel, CLOUD_MM) / texel
    away = log_albedo - masked_blur(log_albedo, plain, sigma)
    fine = channel_mean(away)
    away -= fine[..., None]
    some, used = fine[::3, ::3], plain[::3, ::3]
    used = used * np.minimum(1.0, (0.2 / np.maximum(np.abs(some), 1e-3)) ** 2)
    slope = np.einsum("ij,ijk->k", used * some, away[::3, ::3])
    slope /= float((used * some**2).sum()) + 1e-4 * max(float(used.sum()), 1.0)
    away -= np.clip(slope, -CLOUD_COUPLING, CLOUD_COUPLING).astype(np.float32) * fine[..., None]
    size = np.einsum("ijk,ijk->ij", away, away)
    away *= (np.float32(CLOUD_HUE**2) * plain / (size + np.float32(CLOUD_HUE**2)))[..., None]
    return log_albedo - away


def calm_lips(log_albedo: np.ndarray, lips: np.ndarray, plain: np.ndarray, texel: float) -> np.ndarray:
    """Log albedo (S, S, 3) whose lips are of about one brightness, and no redder than lips are.

    The upper lip faces the ground and the lower one the sky, and both are dark where they roll in: little of the slow
    difference between them is colour. A camera's contrast makes dark red redder.

    Args:
        lips, plain: (S, S), trust in lips and in plain skin.
        texel: mm.
    """
    mass = float(lips.sum())
    if mass < 1.0:
        return log_albedo
    slow = masked_blur(log_albedo, lips, LIPS_MM / texel)
    slow = slow - np.einsum("ij,ijk->k", lips, slow) / mass
    level = channel_mean(slow)[..., None]
    change = -LIPS_TAKEN * level - LIPS_HUE_TAKEN * (slow - level)
    found = log_albedo + np.float32(1.0) * change
    skin = np.einsum("ij,ijk->k", plain, log_albedo) / max(float(plain.sum()), 1e-6)
    red = found[..., 0] - found[..., 1] - (skin[0] - skin[1])
    knee, most = LIPS_RED
    over = np.maximum(red - knee, 0)
    drawn = over - most * np.tanh(over / most)
    change += drawn[..., None] * np.array([-2 / 3, 1 / 3, 1 / 3], np.float32)
    return (log_albedo + lips[..., None] * change).astype(np.float32)


def lift_beard(
    log_albedo: np.ndarray, beard: np.ndarray, plain: np.ndarray, under: np.ndarray, texel: float
) -> np.ndarray:
    """Log albedo (S, S, 3) whose beard is not darker under the jaw for the shade there.

    Args:
        beard, plain: (S, S), trust in a beard, in plain skin.
        under: (S, S) in [0, 1], how far the skin faces the ground.
        texel: mm.
    """
    if not (beard[::2, ::2] * under[::2, ::2]).any():
        return log_albedo
    level = channel_mean(log_albedo)
    skin = float(np.vdot(plain, level)) / max(float(plain.sum()), 1e-6)
    slow = np.minimum(masked_blur(level - skin, np.maximum(beard, plain), BEARD_MM / texel), 0)
    return log_albedo - (np.float32(BEARD_TAKEN) * beard * under * slow)[..., None]


def calm_brows(log_albedo: np.ndarray, plain: np.ndarray, brows: np.ndarray, texel: float) -> np.ndarray:
    """Log albedo (S, S, 3) whose brows are no brighter than the skin around and of its hue but where they are darker.

    Locks over the end of a brow, and the light they throw on it, are yellow or red without being dark; a lock across
    it is much darker than the brow's own hair.

    Args:
        plain, brows: (S, S) in [0, 1].
        texel: mm.
    """
    luminance = channel_mean(log_albedo)
    around = masked_blur(log_albedo, plain, BROW_MM / texel)
    level = channel_mean(around)
    away = (log_albedo - luminance[..., None]) - (around - level[..., None])
    limit = BROW_HUE[0] + BROW_HUE[1] * np.clip(level - luminance, 0, None)
    size = np.sqrt(np.einsum("ijk,ijk->ij", away, away))
    excess = np.clip(1 - limit / np.maximum(size, 1e-6), 0, 1)[..., None] * away
    excess += np.clip(luminance - level - BROW_SHINE, 0, None)[..., None]
    inside = (luminance - level)[(brows > 0.5) & (luminance < level - BROW_HAIR[0])]
    if len(inside) > 20:
        soft = cv2.GaussianBlur(luminance - level, (0, 0), BROW_HAIR_MM / texel)
        excess += np.clip(soft - np.median(inside) + BROW_HAIR[1], None, 0)[..., None]
    return (log_albedo - brows[..., None] * excess).astype(np.float32)


def calm_grain(log_albedo: np.ndarray, plain: np.ndarray, texel: float) -> np.ndarray:
    """Log albedo (S, S, 3) whose fine brightness is drawn in where it is stronger than the colour of skin ever is.

    A hard lamp and a phone's sharpening turn every pore into a dark dot; that is relief, and the fine skin has it.

    Args:
        plain: (S, S) trust in plain skin.
        texel: mm.
    """
    luminance = channel_mean(log_albedo)
    fine = luminance - cv2.GaussianBlur(luminance, (0, 0), FINE_MM / texel)
    sure = fine[::3, ::3][plain[::3, ::3] > 0.9]
    spread = 1.4826 * float(np.median(np.abs(sure))) if len(sure) > 50 else 0.0
    excess = 1 - min(1.0, FINE_SPREAD / max(spread, 1e-6))
    return log_albedo - (np.float32(excess) * plain * fine)[..., None]
