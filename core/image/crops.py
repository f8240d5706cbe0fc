"""Square crops of a photo for the nets, turned and resampled.

Coordinates follow ``core.head.camera``: the centre of the upper left pixel is (0.5, 0.5). A crop of n x n pixels
samples its square at the n x n pixel centres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Square:
    """A turned square in a photo.

    Attributes:
        x, y: centre, pixels.
        size: side, pixels.
        angle: radians, positive from x towards y (clockwise to the eye).
    """

    x: float
    y: float
    size: float
    angle: float = 0.0

    @property
    def axes(self) -> np.ndarray:
        """(2, 2): rows are the square's side vectors along its own x and y, pixels."""
        cos, sin = self.size * math.cos(self.angle), self.size * math.sin(self.angle)
        return np.array([[cos, sin], [-sin, cos]])

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) photo pixels of points (..., 2) in the square, 0 to 1."""
        return (points - 0.5) @ self.axes + (self.x, self.y)

    def jittered(self, shift_x: float, shift_y: float, scale: float, turn: float) -> Square:
        """Moved by fractions of its side along its own axes, scaled and turned (radians)."""
        x, y = np.array([shift_x, shift_y]) @ self.axes + (self.x, self.y)
        return Square(float(x), float(y), self.size * scale, self.angle + turn)


def crop(pixels: np.ndarray, square: Square, size: int, replicate: bool = True) -> np.ndarray:
    """(size, size, 3) float32 in [0, 255]: a square of a photo, antialiased when it is shrunk.

    Args:
        pixels: (H, W, 3) uint8.
        square: where.
        size: of the result, pixels.
        replicate: outside the photo repeat its border, else black.
    """
    factor = min(int(square.size / size), *pixels.shape[:2])
    reduced, scale, offset = _reduce(pixels, square, max(factor, 1))
    # index i of the result, pixel centre (i + 0.5) / size of the square -> index in `reduced`
    axes = square.axes / size
    linear = axes.T / scale
    centre = np.array([square.x, square.y])
    first = centre - (axes * (size / 2 - 0.5)).sum(axis=0)
    start = (first - offset) / scale - 0.5
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    matrix = np.column_stack([linear, start])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(reduced, matrix, (size, size), flags=flags, borderMode=border).astype(np.float32)


def _reduce(pixels: np.ndarray, square: Square, factor: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The part of the photo around a square, averaged over factor x factor blocks.

    Returns:
        reduced pixels, scale (2,) photo pixels per reduced pixel, offset (2,) photo pixels of its upper left corner.
    """
    if factor == 1:
        return pixels, np.ones(2), np.zeros(2)
    height, width = pixels.shape[:2]
    reach = np.abs(square.axes).sum(axis=0) / 2 + 2 * factor
    low = np.floor(np.clip((square.x, square.y) - reach, 0, (width - factor, height - factor))).astype(int)
    high = np.ceil(np.clip((square.x, square.y) + reach, low + factor, (width, height))).astype(int)
    part = pixels[low[1] : high[1], low[0] : high[0]]
    reduced_size = np.maximum((high - low) // factor, 1)
    reduced = cv2.resize(part, tuple(int(n) for n in reduced_size), interpolation=cv2.INTER_AREA)
    return reduced, (high - low) / reduced_size, low.astype(float)
