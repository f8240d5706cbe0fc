"""The picture of a tongue from above: pink, furrowed in the middle, grained with papillae, coated towards the root."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from ..image.colour import linear_to_srgb_bytes
from ..image.filters import smoothstep

SIZE = 512
# linear: blade, borders and tip, coat of the back, furrow and underside
BLADE, RIM, COAT, UNDER = (
    np.array(c) for c in ((0.46, 0.19, 0.175), (0.45, 0.14, 0.135), (0.52, 0.33, 0.29), (0.34, 0.085, 0.085))
)
SPECKS = 2600  # fungiform papillae: red points, densest at tip and borders


def tongue_map(seed: int, size: int = SIZE) -> np.ndarray:
    """(size, size, 3) uint8 sRGB; u runs across the tongue, v from the root up to the tip.

    Args:
        seed: of what chance decides.
    """
    rng = np.random.default_rng(seed)
    x, y = (np.mgrid[:size, :size][::-1] + 0.5) / size
    side, forward = np.abs(2.0 * x - 1.0), 1.0 - y
    fine, broad = (_noise(rng, size, sigma) for sigma in (1.3, 14.0))
    rim = np.maximum(smoothstep(side, 0.6, 0.95), smoothstep(forward, 0.86, 0.99))
    colour = BLADE + rim[..., None] * (RIM - BLADE)
    coat = (1.0 - smoothstep(forward, 0.35, 0.85)) * (1.0 - smoothstep(side, 0.35, 0.8))
    colour = colour + np.clip(0.7 * coat * (1.0 + 0.3 * broad), 0.0, 1.0)[..., None] * (COAT - colour)
    wander = 0.01 * ndimage.gaussian_filter1d(rng.standard_normal(size), 40.0)[:, None] * 40.0**0.5
    furrow = np.exp(-(((x - 0.5 - wander) / 0.012) ** 2)) * smoothstep(forward, 0.1, 0.4)
    furrow *= 1.0 - smoothstep(forward, 0.75, 0.95)
    colour = colour + (0.45 * furrow)[..., None] * (UNDER - colour)
    colour = colour * (1.0 + 0.1 * fine + 0.05 * broad)[..., None]
    specks = np.zeros((size, size), np.float32)
    at = np.column_stack([rng.uniform(0, 1, SPECKS), 1.0 - rng.beta(2.0, 1.1, SPECKS)])
    for place, strength in zip(np.rint(at * size * 16).astype(int), rng.uniform(0.2, 0.7, SPECKS)):
        cv2.circle(specks, place.tolist(), int(size / 512 * 22), float(strength), -1, cv2.LINE_AA, 4)
    specks = cv2.GaussianBlur(specks, (0, 0), size / 512)
    colour = colour + (0.5 * specks)[..., None] * (np.array([0.5, 0.12, 0.11]) - colour)
    return linear_to_srgb_bytes(np.clip(colour, 0.0, 1.0).astype(np.float32))


def _noise(rng: np.random.Generator, size: int, sigma: float) -> np.ndarray:
    """(size, size) smooth noise of standard deviation 1."""
    made = ndimage.gaussian_filter(rng.standard_normal((size, size)), sigma, mode="wrap")
    return made / made.std()
