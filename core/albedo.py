"""Albedo: the photo's light divided out, highlights removed, exposure and tone normalised."""

from __future__ import annotations

import cv2
import numpy as np

from .skin_mask import SkinTone, log_luminance

DELIGHT = 0.92  # share of the estimated log shading that is taken out
HIGHLIGHT_KNEE = 0.10  # log luminance over the smooth skin from which brightness is a highlight
HIGHLIGHT_SLOPE = 0.25
LOW_FREQUENCY_KEPT = 0.45  # of slow luminance changes that both halves share: most of them are light the fit missed
LOW_FREQUENCY_MM = 11.0
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
    luminance = albedo.mean(-1)
    wide = masked_blur(luminance, plain, 9.0 / texel)
    smooth = masked_blur(np.minimum(luminance, wide + 0.05), plain, LOCAL_MM * 1.5 / texel)
    excess = luminance - smooth
    over = np.maximum(excess - HIGHLIGHT_KNEE, 0) * np.minimum(plain * 4, 1)
    share = np.clip(over / 0.25, 0, 1)[..., None] * 0.8
    matte = masked_blur(albedo, plain * (excess < HIGHLIGHT_KNEE), LOCAL_MM * 1.5 / texel)
    chroma = (1 - share) * (albedo - luminance[..., None]) + share * (matte - matte.mean(-1, keepdims=True))
    cut = luminance - (1 - HIGHLIGHT_SLOPE) * over
    return (cut[..., None] + np.where(share > 0, chroma, albedo - luminance[..., None])).astype(np.float32)


def flatten_light(albedo: np.ndarray, plain: np.ndarray, texel: float) -> np.ndarray:
    """Take out what the estimated light missed: slow changes of luminance.

    Skin's slow luminance changes are nearly the same on both halves of a face; a difference between mirrored texels is
    light (cast shadows, a lamp at the side) and goes altogether; of what both halves share a part stays.

    Args:
        albedo: (S, S, 3) log albedo in a chart that is mirror-symmetric about its middle column.
        plain: (S, S) trust in plain skin.
        texel: mm.

    Returns:
        (S, S) log luminance to subtract from every channel.
    """
    luminance = albedo.mean(-1)
    sigma = LOW_FREQUENCY_MM / texel
    factor = max(1, int(sigma // 4))
    small = (albedo.shape[1] // factor, albedo.shape[0] // factor)
    weight = cv2.resize(plain, small, interpolation=cv2.INTER_AREA)
    value = cv2.resize(luminance * plain, small, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-3)
    mean = float((value * weight).sum() / max(float(weight.sum()), 1e-6))
    away = (value - mean) * (weight > 1e-3)
    # outside the seen skin the change fades to none
    mass = cv2.GaussianBlur(weight, (0, 0), sigma / factor, borderType=cv2.BORDER_CONSTANT)
    slow = cv2.GaussianBlur(away * weight, (0, 0), sigma / factor, borderType=cv2.BORDER_CONSTANT) / (mass + 0.02)
    both = np.minimum(mass, mass[:, ::-1])
    odd = 0.5 * (slow - slow[:, ::-1]) * both / (both + 0.05)
    light = odd + (1 - LOW_FREQUENCY_KEPT) * (slow - odd)
    return cv2.resize(light.astype(np.float32), (albedo.shape[1], albedo.shape[0]), interpolation=cv2.INTER_CUBIC)


def expected_chroma(luminance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and half-width (2,) of log(R/G), log(B/G) of skin albedo of a linear luminance.

    Haemoglobin and melanin leave skin on a narrow locus: the darker, the redder. The numbers follow published skin
    reflectances (about 0.62, 0.42, 0.33 linear for light and 0.13, 0.07, 0.045 for dark skin).
    """
    t = np.clip((np.log(max(luminance, 1e-3)) - np.log(0.08)) / (np.log(0.45) - np.log(0.08)), 0.0, 1.0)
    return (1 - t) * np.array([0.62, -0.50]) + t * np.array([0.40, -0.26]), np.array([0.13, 0.14])


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
