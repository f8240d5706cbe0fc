"""Tone of the teeth, where a photo shows them between parted lips."""

from __future__ import annotations

import numpy as np

from ..head.landmark_sets import LIPS_INNER, fill_contours
from ..image.colour import LUMINANCE, linear_to_srgb, srgb_to_linear

FEWEST_PIXELS = 40  # of a photo, of the opening between the lips
SMALLEST_SHARE = 0.12  # of the opening between the lips
HIDDEN = 0.1  # from here on a pixel shows what hides the mouth
PALER = 1.12  # green and blue over red of enamel is so many times that of the skin; of lips, gums and tongue it is less
DIMMEST = 0.45  # luminance over that of the skin: darker pixels lie in the depth of the mouth
BURNT_OUT = 250  # 8 bit: no colour is left of what is as bright in all channels
LIGHTER = (0.6, 0.95)  # quantiles of luminance that count: lips shade the rest, and what is brighter is a reflection
# plausible enamel, linear: luminance, red over green, blue over green. Chosen: the span of shade guides (L* about 60 to
# 85, yellowish) with room above for bleached teeth and none below, as lips shade what a photo shows
LUMINANCE_RANGE, RED_RANGE, BLUE_RANGE = (0.5, 0.85), (1.0, 1.25), (0.6, 1.0)


def tooth_colour(
    image: np.ndarray, landmarks: np.ndarray, gain: np.ndarray, skin: np.ndarray, hidden: np.ndarray | None = None
) -> np.ndarray | None:
    """(3,) sRGB in [0, 1] of enamel, or None where too little of it is seen.

    The median of the lighter enamel between the inner lips, drawn into the range of plausible enamel.

    Args:
        image: (h, w, 3) uint8 sRGB.
        landmarks: (478, 2) pixels of it.
        gain: (3,) linear gain that takes the photo's colours to albedo (exposure and white balance).
        skin: (3,) linear albedo of the skin, found with the same gain.
        hidden: (h, w) in [0, 1], what something before the face hides, or None.
    """
    opening = _opening(image, landmarks, hidden)
    if len(opening) < FEWEST_PIXELS:
        return None
    pixels = srgb_to_linear(opening) * gain
    luminance = pixels @ LUMINANCE
    paleness, skin_paleness = (c[..., 1:] / np.maximum(c[..., :1], 1e-4) for c in (pixels, skin))
    enamel = (paleness > PALER * skin_paleness).all(-1) & (luminance > DIMMEST * (skin @ LUMINANCE))
    enamel &= (opening < BURNT_OUT).any(-1)
    if enamel.sum() < max(FEWEST_PIXELS, SMALLEST_SHARE * len(opening)):
        return None
    pixels, luminance = pixels[enamel], luminance[enamel]
    low, high = np.quantile(luminance, LIGHTER)
    return linear_to_srgb(plausible_enamel(np.median(pixels[(luminance >= low) & (luminance <= high)], axis=0)))


def plausible_enamel(colour: np.ndarray) -> np.ndarray:
    """(3,) linear colour nearest to one (3,) in luminance, red and blue over green that enamel can have."""
    green = max(float(colour[1]), 1e-4)
    tint = np.array([np.clip(colour[0] / green, *RED_RANGE), 1.0, np.clip(colour[2] / green, *BLUE_RANGE)])
    return tint / (tint @ LUMINANCE) * np.clip(float(colour @ LUMINANCE), *LUMINANCE_RANGE)


def _opening(image: np.ndarray, landmarks: np.ndarray, hidden: np.ndarray | None) -> np.ndarray:
    """(n, 3) uint8 pixels of the photo between the inner lips."""
    height, width = image.shape[:2]
    points = landmarks[list(LIPS_INNER)]
    x0, y0 = np.clip(np.floor(points.min(0)), 0, [width, height]).astype(int)
    x1, y1 = np.clip(np.ceil(points.max(0)), 0, [width, height]).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return np.zeros((0, 3), np.uint8)
    inside = fill_contours(landmarks - [x0, y0], (LIPS_INNER,), x1 - x0, y1 - y0) > 128
    if hidden is not None:
        inside &= hidden[y0:y1, x0:x1] < HIDDEN
    return image[y0:y1, x0:x1][inside]
