"""Albedo: the photo's light divided out, highlights removed, exposure and tone normalised."""

from __future__ import annotations

import cv2
import numpy as np

from .colour import channel_mean
from .skin_mask import SkinTone, log_luminance

DELIGHT = 0.92  # share of the estimated log shading that is taken out
HIGHLIGHT_KNEE = 0.10  # log luminance over the smooth skin from which brightness is a highlight
HIGHLIGHT_SLOPE = 0.25
# of changes of these sizes (Gaussian sigma) that both halves share, the part that stays: most are light the fit missed
SLOW_MM, SLOW_KEPT, SLOW_CHROMA_KEPT = 11.0, 0.4, 0.5
MIDDLE_MM, MIDDLE_KEPT, MIDDLE_CHROMA_KEPT = 4.5, 0.65, 0.45
SHADOW_MM, SHADOW_KNEE, SHADOW_SLOPE = 2.0, 0.15, 0.45
LINE_MM = (0.4, 5.0)
LINES_TAKEN = 0.8
LOCAL_MM = 4.0
# luminance of skin albedo that photographs can be taken at their word for, and how strongly others are drawn in
LUMINANCE_RANGE = (0.05, 0.48)
TYPICAL_LUMINANCE = 0.30
EXPOSURE_TRUST = 0.75


def masked_blur(values: np.ndarray, weights: np.ndarray, sigma: float) -> np.ndarray:
    """Normalised convolution: Gaussian mean (S, S[, C]) of values weighted by (S, S); 0 far from any weight."""
    factor = max(1, int(sigma // 3))
    height, width = weights.shape
    weighted = values * (weights if values.ndim == 2 else weights[..., None])
    small = (max(1, width // factor), max(1, height // factor))
    total, mass = (cv2.resize(a, small, interpolation=cv2.INTER_AREA) for a in (weighted, weights))
    total, mass = (
        cv2.GaussianBlur(a, (0, 0), sigma / factor, borderType=cv2.BORDER_CONSTANT) for a in (total, mass)
    )
    mass = np.maximum(mass, 1e-4)
    mean = total / (mass if values.ndim == 2 else mass[..., None])
    return cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)


def delight(colour: np.ndarray, shading: np.ndarray) -> np.ndarray:
    """(..., 3) log albedo of linear colours (..., 3) under a shading (..., 3) of mean 1."""
    return np.log(np.maximum(colour, 2e-3)) - DELIGHT * np.log(shading)


def remove_highlights(albedo: np.ndarray, plain: np.ndarray, texel: float) -> np.ndarray:
    """Log albedo with gloss taken down to skin.

    What is brighter than the smooth skin around it (median-like: a masked mean that highlights are cut from) is
    compressed above a knee, and its colour drawn to that of the skin, as gloss adds the light's own colour.

    Args:
        albedo: (S, S, 3) log albedo.
        plain: (S, S) trust in plain skin.
        texel: mm.
    """
    luminance = channel_mean(albedo)
    wide = masked_blur(luminance, plain, 9.0 / texel)
    smooth = masked_blur(np.minimum(luminance, wide + 0.05), plain, LOCAL_MM * 1.5 / texel)
    excess = luminance - smooth
    over = np.maximum(excess - HIGHLIGHT_KNEE, 0) * np.minimum(plain * 4, 1)
    share = np.clip(over / 0.25, 0, 1)[..., None] * 0.8
    matte = masked_blur(albedo, plain * (excess < HIGHLIGHT_KNEE), LOCAL_MM * 1.5 / texel)
    chroma = (1 - share) * (albedo - luminance[..., None]) + share * (matte - channel_mean(matte)[..., None])
    cut = luminance - (1 - HIGHLIGHT_SLOPE) * over
    return (cut[..., None] + np.where(share > 0, chroma, albedo - luminance[..., None])).astype(np.float32)


def flatten_light(albedo: np.ndarray, plain: np.ndarray, texel: float) -> np.ndarray:
    """Slow changes of colour that the estimated light missed, to be subtracted.

    Skin's slow changes are nearly the same on both halves of a face; a difference between mirrored texels is light
    (cast shadows, a lamp at the side, a coloured wall) and goes altogether; of what both halves share a part stays.

    Args:
        albedo: (S, S, 3) log albedo in a chart that is mirror-symmetric about its middle column.
        plain: (S, S) trust in plain skin.
        texel: mm.

    Returns:
        (S, S, 3) log colour.
    """
    factor = max(1, int(MIDDLE_MM / texel // 3))
    height, width = plain.shape
    small = (width // factor, height // factor)
    weight = cv2.resize(plain, small, interpolation=cv2.INTER_AREA)
    value = cv2.resize(albedo * plain[..., None], small, interpolation=cv2.INTER_AREA)
    value /= np.maximum(weight, 1e-3)[..., None]
    mean = (value * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
    away = (value - mean) * (weight > 1e-3)[..., None]
    slow = _faded_blur(away, weight, SLOW_MM / (texel * factor))
    seen = cv2.GaussianBlur(weight, (0, 0), SLOW_MM / (texel * factor), borderType=cv2.BORDER_CONSTANT)
    both = np.minimum(seen, seen[:, ::-1])
    odd = 0.5 * (slow - slow[:, ::-1]) * (both / (both + 0.05))[..., None]
    even = slow - odd
    middle = _faded_blur((away - slow) * (weight > 1e-3)[..., None], weight, MIDDLE_MM / (texel * factor))
    grey = even.mean(-1, keepdims=True)
    light = odd + (1 - SLOW_KEPT) * grey + (1 - SLOW_CHROMA_KEPT) * (even - grey)
    middle_grey = middle.mean(-1, keepdims=True)
    light = light + (1 - MIDDLE_KEPT) * middle_grey + (1 - MIDDLE_CHROMA_KEPT) * (middle - middle_grey)
    return cv2.resize(light.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)


def _faded_blur(values: np.ndarray, weights: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean (S, S, 3) of weighted values that fades to none away from the weights."""
    mass = cv2.GaussianBlur(weights, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    total = cv2.GaussianBlur(values * weights[..., None], (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return total / (mass + 0.02)[..., None]


def lift_shadows(albedo: np.ndarray, trust: np.ndarray, keep: np.ndarray, texel: float) -> np.ndarray:
    """Log albedo whose small dark areas (folds, corners of the mouth, under the lip) are drawn towards the skin.

    Args:
        albedo: (S, S, 3) log albedo.
        trust: (S, S) in [0, 1].
        keep: (S, S) in [0, 1], 1 where dark is what it should be (brows, lips).
        texel: mm.
    """
    skin = trust * (1 - keep)
    level = (skin.ravel() @ albedo.reshape(-1, 3)) / max(float(skin.sum()), 1e-6)
    local = masked_blur(albedo, skin, SHADOW_MM / texel) - level
    grey = channel_mean(local)
    depth = np.clip(-SHADOW_KNEE - grey, 0, 1.5) * (1 - keep)
    # shadows are filled by light of another colour: the hue goes back to the skin's as they are lifted
    share = np.clip(depth / 0.3, 0, 0.8)[..., None]
    return albedo + (1 - SHADOW_SLOPE) * depth[..., None] - share * (local - grey[..., None])


def soften_lines(albedo: np.ndarray, trust: np.ndarray, pushed: np.ndarray, texel: float) -> np.ndarray:
    """Log albedo without the dark lines of an expression: they are shading of folds that the neutral face has not.

    Args:
        albedo: (S, S, 3) log albedo.
        trust: (S, S) in [0, 1].
        pushed: (S, S) in [0, 1], how far the photo's expression pushes the skin together.
        texel: mm.
    """
    band = masked_blur(albedo, trust, LINE_MM[0] / texel) - masked_blur(albedo, trust, LINE_MM[1] / texel)
    return albedo - (LINES_TAKEN * pushed * (trust > 0))[..., None] * np.clip(band, -0.5, 0.5)


def expected_chroma(luminance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and half-width (2,) of log(R/G), log(B/G) of skin albedo of a linear luminance.

    Haemoglobin and melanin leave skin on a narrow locus: the darker, the redder. The numbers follow published skin
    reflectances (about 0.62, 0.42, 0.33 linear for light and 0.13, 0.07, 0.045 for dark skin).
    """
    t = np.clip((np.log(max(luminance, 1e-3)) - np.log(0.08)) / (np.log(0.45) - np.log(0.08)), 0.0, 1.0)
    return (1 - t) * np.array([0.62, -0.50]) + t * np.array([0.40, -0.26]), np.array([0.13, 0.14])


def is_unusual(tone: SkinTone) -> bool:
    """Whether the tone of a colour photo is far off the locus of skin: coloured light, or no skin at all."""
    centre, half = expected_chroma(float(np.exp(tone.luminance)))
    return bool((np.abs(tone.chroma - centre) > 2.5 * half).any())


def normalisation(tone: SkinTone) -> np.ndarray:
    """(3,) log gain that takes the photo's skin tone to a plausible albedo: exposure, and white balance if far off.

    Args:
        tone: statistics of the log albedo before this gain.
    """
    luminance = tone.luminance
    wanted = EXPOSURE_TRUST * luminance + (1 - EXPOSURE_TRUST) * np.log(TYPICAL_LUMINANCE)
    wanted = float(np.clip(wanted, np.log(LUMINANCE_RANGE[0]), np.log(LUMINANCE_RANGE[1])))
    centre, half = expected_chroma(float(np.exp(wanted)))
    away = tone.chroma - centre
    # inside the half-width the photo is right; beyond it counts a third
    drawn = centre + (0 if tone.grey else 1) * (np.clip(away, -half, half) + (away - np.clip(away, -half, half)) / 3)
    shift = drawn - tone.chroma
    gain = np.array([shift[0], 0.0, shift[1]])
    colour = np.exp(np.array([tone.chroma[0], 0.0, tone.chroma[1]]))
    # the luminance the tone has after the shift of chroma alone
    change = log_luminance(colour * np.exp(gain)) - log_luminance(colour)
    return gain + wanted - luminance - float(change)
