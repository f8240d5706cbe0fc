"""What is done to images everywhere: sampling between pixels, a blur that knows what counts, a smooth step."""

from __future__ import annotations

import cv2
import numpy as np

COLUMNS = 256  # of the maps that points are sampled with


def disc(radius: float) -> np.ndarray:
    """Structuring element of a radius in pixels, at least 1."""
    size = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))


def smoothstep(
    x: np.ndarray | np.floating | float, low: float | np.ndarray, high: float | np.ndarray
) -> np.ndarray:
    """0 up to low, 1 from high, 3 t^2 - 2 t^3 between."""
    t = np.asarray(x - low)
    t /= high - low
    np.clip(t, 0.0, 1.0, out=t)
    rest = -2.0 * t
    rest += 3.0
    rest *= t
    rest *= t
    return rest


def together(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    """(h, w) what either of two masks in [0, 1] hides; None where there is none."""
    if one is None or other is None:
        return other if one is None else one
    return np.maximum(one, other)


def masked_blur(
    values: np.ndarray, weights: np.ndarray, sigma: float, usual: np.ndarray | float = 0.0, least: float = 0.0
) -> np.ndarray:
    """Normalised convolution: Gaussian mean (S, S[, C]) of values weighted by (S, S); 0 far from any weight.

    Args:
        sigma: texels.
        usual: value ([C]) that is as likely as what is around where the weights around are ``least``.
    """
    factor = max(1, int(sigma // 3))
    height, width = weights.shape
    weighted = values * (weights if values.ndim == 2 else weights[..., None])
    small = (max(1, width // factor), max(1, height // factor))
    total, mass = (cv2.resize(a, small, interpolation=cv2.INTER_AREA) for a in (weighted, weights))
    total, mass = (cv2.GaussianBlur(a, (0, 0), sigma / factor, borderType=cv2.BORDER_CONSTANT) for a in (total, mass))
    if least > 0:
        total += np.asarray(least * np.asarray(usual), np.float32)
        mass += np.float32(least)
    mass = np.maximum(mass, 1e-4)
    mean = total / (mass if values.ndim == 2 else mass[..., None])
    return cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)


def sample(image: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """(...[, C]) bilinear samples of an image (H, W[, C]) at xy (..., 2) in pixels, pixel centres at whole numbers."""
    if not xy.size:
        return np.zeros(xy.shape[:-1] + image.shape[2:], np.float32)
    flat = xy.reshape(-1, 2).astype(np.float32)
    # cv2 takes maps of up to 32767 rows
    rows = -(-len(flat) // COLUMNS)
    padded = np.full((rows * COLUMNS, 2), -10.0, np.float32)
    padded[: len(flat)] = flat
    padded = padded.reshape(rows, COLUMNS, 2)
    found = cv2.remap(image, padded, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return found.reshape((rows * COLUMNS,) + image.shape[2:])[: len(flat)].reshape(xy.shape[:-1] + image.shape[2:])
