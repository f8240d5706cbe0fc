"""Albedo: the photo's light divided out, exposure and tone normalised."""

from __future__ import annotations

import numpy as np

from ..view.skin_mask import SkinTone, log_luminance

# linear luminance that skin's albedo is kept within, by eye
LUMINANCE_RANGE = (0.05, 0.42)
TYPICAL_LUMINANCE = 0.27  # of light skin: where a photo is taken at its word
# of photos darker, and brighter than that: bright faces are exposed brighter than they are, dark ones not darker
# (benchmarks/everyone.py: at .85 dark skin came out 2 L* lighter still)
EXPOSURE_TRUST = (1.0, 0.5)

DARKEST = np.float32(2e-3)  # linear light under which a photo only shows noise
HUE_TRUST = 0.8  # of a usual photo's hue


def delight(colour: np.ndarray, shading: np.ndarray) -> np.ndarray:
    """(..., 3) log albedo of linear colours (..., 3) under a shading (..., 3) of mean 1."""
    return log_colour(colour) - np.log(shading)


def log_colour(colour: np.ndarray) -> np.ndarray:
    """(..., 3) log of linear colours (..., 3), bounded in the dark."""
    bounded = np.maximum(colour, DARKEST)
    return np.log(bounded, out=bounded)


def expected_chroma(luminance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and half-width (2,) of log(R/G), log(B/G) of skin albedo of a linear luminance.

    Haemoglobin and melanin leave skin on a narrow locus: the darker, the redder. The numbers follow published skin
    reflectances (about 0.62, 0.42, 0.33 linear for light and 0.13, 0.07, 0.045 for dark skin).
    """
    t = np.clip((np.log(max(luminance, 1e-3)) - np.log(0.08)) / (np.log(0.45) - np.log(0.08)), 0.0, 1.0)
    return (1 - t) * np.array([0.62, -0.50]) + t * np.array([0.48, -0.29]), np.array([0.13, 0.14])


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
    away = luminance - np.log(TYPICAL_LUMINANCE)
    wanted = np.log(TYPICAL_LUMINANCE) + EXPOSURE_TRUST[int(away > 0)] * away
    wanted = float(np.clip(wanted, np.log(LUMINANCE_RANGE[0]), np.log(LUMINANCE_RANGE[1])))
    centre, half = expected_chroma(float(np.exp(wanted)))
    away = tone.chroma - centre
    # inside the half-width the photo is nearly right; beyond it counts a third
    near = np.clip(away, -half, half)
    drawn = centre + (0 if tone.grey else 1) * (HUE_TRUST * near + (away - near) / 3)
    shift = drawn - tone.chroma
    gain = np.array([shift[0], 0.0, shift[1]])
    colour = np.exp(np.array([tone.chroma[0], 0.0, tone.chroma[1]]))
    # the luminance the tone has after the shift of chroma alone
    change = log_luminance(colour * np.exp(gain)) - log_luminance(colour)
    return gain + wanted - luminance - float(change)
