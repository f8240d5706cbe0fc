"""Iris colour from the iris landmarks."""

from __future__ import annotations

import numpy as np

from ..head.landmark_sets import EYES, IRISES, fill_contours
from ..image.colour import linear_to_srgb, srgb_to_linear
from ..view.skin_mask import log_luminance

DEFAULT_EYE_COLOUR = (0.36, 0.25, 0.17)  # sRGB, brown, where no iris is seen
RING = (0.45, 0.88)  # of the iris radius: between pupil and limbus
FEWEST_PIXELS = 12  # of a photo, of both irises
HIDDEN = 0.1  # from here on a pixel shows what hides the eye
LUMINANCE_RANGE = (0.02, 0.35)  # linear, of an iris that is believed; by eye


def eye_colour(
    image: np.ndarray, landmarks: np.ndarray, gain: np.ndarray, hidden: np.ndarray | None = None
) -> np.ndarray | None:
    """(3,) sRGB in [0, 1] of the irises, or None where too little of them is seen.

    The median of the ring between pupil and limbus, inside the lids, without its brightest (reflections) and darkest
    (lashes, shadow of the lid) pixels.

    Args:
        image: (h, w, 3) uint8 sRGB.
        landmarks: (478, 2) pixels of it.
        gain: (3,) linear gain that takes the photo's colours to albedo (exposure and white balance).
        hidden: (h, w) in [0, 1], what something before the face hides, or None.
    """
    height, width = image.shape[:2]
    found = []
    for contour, iris in zip(EYES, IRISES):
        centre = landmarks[iris[0]]
        radius = float(np.linalg.norm(landmarks[list(iris[1:])] - centre, axis=1).mean())
        x0, y0 = np.maximum(np.floor(centre - radius), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(centre + radius), [width, height]).astype(int)
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        inside = fill_contours(landmarks - [x0, y0], (contour,), x1 - x0, y1 - y0, grow=-0.12 * radius) > 128
        x, y = np.meshgrid(np.arange(x0, x1) + 0.5 - centre[0], np.arange(y0, y1) + 0.5 - centre[1])
        away = np.hypot(x, y) / radius
        ring = inside & (away > RING[0]) & (away < RING[1]) & (y > -0.35 * radius)
        if hidden is not None:
            ring &= hidden[y0:y1, x0:x1] < HIDDEN
        found.append(srgb_to_linear(image[y0:y1, x0:x1][ring]))
    pixels = np.concatenate(found) if found else np.zeros((0, 3), np.float32)
    if len(pixels) < FEWEST_PIXELS:
        return None
    luminance = log_luminance(pixels)
    low, high = np.quantile(luminance, [0.25, 0.8])
    colour = np.median(pixels[(luminance >= low) & (luminance <= high)], axis=0) * gain
    colour[1] = max(colour[1], min(colour[0], colour[2]))  # melanin and scattering make brown to blue, never purple
    level = max(float(np.exp(log_luminance(colour))), 1e-4)
    colour = colour * np.clip(level, *LUMINANCE_RANGE) / level
    return linear_to_srgb(colour).astype(np.float64)
