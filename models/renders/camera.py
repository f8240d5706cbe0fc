"""From the light of a training portrait to the picture that a camera stores, and what is behind the head."""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 256  # pixels


def background(rng: np.random.Generator, size: int = SIZE) -> np.ndarray:
    """(size, size, 3) linear colours, a random smooth gradient."""
    # the stubs know no complex step
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j][..., None]  # type: ignore[misc]
    base = np.exp(rng.normal(-1.0, 0.8)) * (1 + rng.normal(0, 0.2, 3))
    wave = np.cos(rng.normal(0, 2) * x + rng.normal(0, 2) * y + rng.uniform(0, 6))
    return np.clip(base * (1 + rng.normal(0, 0.3, 3) * x + rng.normal(0, 0.3, 3) * y + 0.2 * wave), 0.0, None)


def developed(
    image: np.ndarray, noise: float, blur: float, rng: np.random.Generator, exposure: float | None = None
) -> np.ndarray:
    """(H, W, 3) uint8: exposure, gamma, blur and noise.

    Args:
        image: (H, W, 3) linear.
        noise, blur: ``renders.scene.Looks``.
        exposure: what light is multiplied by; None meters the picture, at random.
    """
    third = len(image) // 3
    metered = rng.uniform(0.35, 1.0) / max(float(np.quantile(image[third : 2 * len(image) // 3], 0.8)), 0.05)
    encoded = np.clip(image * (min(metered, 4.0) if exposure is None else exposure), 0, 1) ** (1 / 2.2)
    if rng.random() < 0.5:
        encoded = cv2.GaussianBlur(encoded, (0, 0), rng.uniform(0.3, blur))
    encoded += rng.normal(0, rng.uniform(0.002, noise), image.shape)
    return (encoded * 255.0).clip(0, 255).astype(np.uint8)


def photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(SIZE, SIZE, 3) uint8: a render as another camera might have stored it.

    Other contrast, no colour at times, grain of skin and film, sharpening, JPEG blocks: whoever reads skin in renders
    must not expect real pictures to be as clean.
    """
    image = (picture / np.float32(255.0)) ** np.float32(np.exp(rng.normal(0, 0.15)))
    image = image.mean() + (image - image.mean()) * np.float32(np.exp(rng.normal(0, 0.2)))
    if rng.random() < 0.15:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    grain = rng.normal(0, 1, (SIZE // 2, SIZE // 2)).astype(np.float32)
    grain = cv2.resize(grain, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)[..., None]
    image = image * (1.0 + np.float32(rng.uniform(0, 0.05)) * grain)
    if rng.random() < 0.5:
        image = image + np.float32(rng.uniform(0, 1.2)) * (image - cv2.GaussianBlur(image, (0, 0), 1.0))
    stored = (np.clip(image, 0, 1) * 255.0).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        stored = cv2.imdecode(cv2.imencode(".jpg", stored, quality)[1], cv2.IMREAD_COLOR)
    return stored
