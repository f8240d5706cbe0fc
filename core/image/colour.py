"""sRGB and linear light."""

from __future__ import annotations

import cv2
import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709, linear


def _decoded(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _decoded(np.arange(256) / 255)
# every eight-bit level is one of these steps
_FINE_STEPS = 255 * 64
_LINEAR_FINE = _decoded(np.arange(_FINE_STEPS + 1) / _FINE_STEPS)
# a table over the square root of linear light, which spreads the dark end
_STEPS = 4096
_ROOTS = (np.arange(_STEPS + 1) / _STEPS) ** 2
_BYTES = np.where(_ROOTS <= 0.0031308, 12.92 * _ROOTS, 1.055 * _ROOTS ** (1 / 2.4) - 0.055) * 255 + 0.5
_BYTES = _BYTES.astype(np.uint8)


def srgb_to_linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light float32 of sRGB: uint8, or float in [0, 1] in 16320 steps (IEC 61966-2-1)."""
    if srgb.dtype == np.uint8:
        return _LINEAR[srgb]
    return _LINEAR_FINE[(np.clip(srgb, 0.0, 1.0) * np.float32(_FINE_STEPS) + np.float32(0.5)).astype(np.int16)]


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """sRGB float32 in [0, 1] of linear light; what lies outside [0, 1] is clipped (IEC 61966-2-1)."""
    linear = np.clip(linear, 0.0, 1.0).astype(np.float32)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def linear_to_srgb_bytes(linear: np.ndarray) -> np.ndarray:
    """sRGB uint8 of linear light, by table: at most one step off."""
    return _BYTES[(np.sqrt(np.clip(linear, 0.0, 1.0)) * _STEPS + 0.5).astype(np.int32)]


def channel_mean(image: np.ndarray) -> np.ndarray:
    """(H, W) float32 mean over the channels of a float32 image (H, W, 3)."""
    return cv2.transform(image, np.full((1, 3), 1 / 3, np.float32))
