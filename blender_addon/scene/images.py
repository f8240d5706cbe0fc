"""Arrays to packed images."""

from __future__ import annotations

import io
from pathlib import Path

import bpy
import numpy as np
from PIL import Image

from ...core.character.bands import static_bands
from ...core.character.character import Character
from ...core.io.png16 import displacement_scale, encode_png, png_header, to_uint16


def packed_png(name: str, data: bytes, colour: bool) -> bpy.types.Image:
    """Image kept inside the .blend, as it is.

    Args:
        data: a PNG of 1, 3 or 4 channels; four are data, not alpha.
        colour: sRGB colour; else the numbers are used as they are.
    """
    width, height, _, channels = png_header(data)
    image = bpy.data.images.new(name, width, height, is_data=not colour)
    image.pack(data=data, data_len=len(data))
    image.source = "FILE"
    image.filepath_raw = f"//{name}.png"  # FBX takes images of one path, even none, for one image
    image.colorspace_settings.name = "sRGB" if colour else "Non-Color"
    if channels == 4:
        image.alpha_mode = "CHANNEL_PACKED"  # else colour is multiplied by the fourth channel
    return image


def packed_image(name: str, pixels: np.ndarray, colour: bool) -> bpy.types.Image:
    """Packed image of pixels (H, W[, 3 or 4]) uint8 or uint16, row 0 at the top (v = 1); colour as above."""
    return packed_png(name, encode_png(pixels), colour)


def bands_image(name: str, character: Character) -> tuple[bpy.types.Image, float]:
    """The bands of static detail as one 16-bit RGB image, and its scale in mm (0 to 1 spans the scale)."""
    bands = static_bands(character)
    scale = displacement_scale(bands)
    return packed_image(name, to_uint16(bands, scale), colour=False), scale


def image_pixels(image: bpy.types.Image) -> np.ndarray | None:
    """(H, W, 3) uint8 as stored in a packed or a saved PNG or JPEG, row 0 at the top; None where it cannot be read."""
    data = bytes(image.packed_file.data) if image.packed_file is not None else b""
    if not data:
        path = Path(bpy.path.abspath(image.filepath))
        data = path.read_bytes() if image.filepath and path.is_file() else b""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return np.asarray(opened.convert("RGB"))
    except (OSError, ValueError):
        return None
