"""PNG encoding and decoding for maps, 8 and 16 bit, with the header checked before anything is allocated."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from ..errors import out_of_memory
from .budgets import CHARACTER
from .safe_files import written_aside

_RUNS = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
# of 16 bits one filter does for all rows; of 8 bits a choice from all, which a compression level stands for, is smaller
_SETTINGS = {8: [cv2.IMWRITE_PNG_COMPRESSION, 1, *_RUNS], 16: _RUNS}
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 6: 4}  # PNG colour type: grey, RGB, RGBA
_TO_CV = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
_FROM_CV = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


def encode_png(pixels: np.ndarray) -> bytes:
    """PNG bytes of (H, W), (H, W, 3) RGB or (H, W, 4) RGBA pixels, uint8 or uint16.

    What filters leave of smooth maps repeats in runs alone: to look for longer repeats takes longer and saves nothing.

    Raises:
        ValueError: another shape or type.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[-1]
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ValueError(f"PNG needs (H, W[, 3 or 4]) uint8 or uint16, got {pixels.shape} {pixels.dtype}")
    ordered = cv2.cvtColor(pixels, _TO_CV[channels]) if channels in _TO_CV else pixels
    done, data = cv2.imencode(".png", ordered, _SETTINGS[8 * pixels.itemsize])
    if not done:
        raise ValueError("the PNG encoder refused the image")
    return data.tobytes()


def png_header(data: bytes) -> tuple[int, int, int, int]:
    """(width, height, bit depth, channels) of PNG bytes, read from the header alone.

    Raises:
        ValueError: not a PNG, or a colour type that maps never use.
    """
    if len(data) < 33 or data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        raise ValueError("not a PNG image")
    width, height, depth, colour_type = struct.unpack(">IIBB", data[16:26])
    if depth not in (8, 16) or colour_type not in _CHANNELS:
        raise ValueError(f"PNG of depth {depth} and colour type {colour_type} is not used for maps")
    return width, height, depth, _CHANNELS[colour_type]


def decode_png(data: bytes, depth: int, channels: int, max_size: int = CHARACTER.map_side) -> np.ndarray:
    """Pixels of PNG bytes that must have the given bit depth and channel count.

    Returns:
        (H, W) for one channel, else (H, W, channels); uint8 or uint16.

    Raises:
        ValueError: not such a PNG, damaged, or larger than max_size on a side.
    """
    width, height, found_depth, found_channels = png_header(data)
    if (found_depth, found_channels) != (depth, channels):
        raise ValueError(f"PNG has {found_channels} channels of {found_depth} bits, expected {channels} of {depth}")
    if not (0 < width <= max_size and 0 < height <= max_size):
        raise ValueError(f"PNG of {width} x {height} pixels is larger than {max_size}")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if out_of_memory(error):
            raise
        raise ValueError("PNG is damaged") from None
    shape = (height, width) if channels == 1 else (height, width, channels)
    if pixels is None or pixels.shape != shape or pixels.dtype.itemsize * 8 != depth:
        raise ValueError("PNG is damaged")
    return cv2.cvtColor(pixels, _FROM_CV[channels]) if channels in _FROM_CV else pixels


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write ``encode_png(pixels)`` to path: aside first, then renamed."""
    with written_aside(path) as aside:
        aside.write_bytes(encode_png(pixels))


def to_uint16(values: np.ndarray, scale_mm: float) -> np.ndarray:
    """Displacement in mm as uint16: 0.5 is zero, 0 and 1 are minus and plus ``scale_mm / 2``."""
    rows = np.asarray(values, np.float32).reshape(len(values), -1)
    coded = cv2.addWeighted(rows, 65535.0 / scale_mm, rows, 0.0, 32767.5, dtype=cv2.CV_16U)
    return coded.reshape(np.shape(values))


def from_uint16(coded: np.ndarray, scale_mm: float) -> np.ndarray:
    """Inverse of :func:`to_uint16`, float32 mm."""
    values = coded.astype(np.float32)
    values /= np.float32(65535.0)
    values -= np.float32(0.5)
    values *= np.float32(scale_mm)
    return values


def displacement_scale(values: np.ndarray) -> float:
    """Smallest convenient scale (mm, a multiple of 0.1, at least 0.2) that holds all values."""
    peak = max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
    return max(0.2, float(np.ceil(peak * 20.0 - 1e-6) / 10.0))
