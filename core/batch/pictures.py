"""Small pictures of a batch: the photo's face or the whole photo, as files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..errors import OutputError
from ..head.fitted import View
from ..io.safe_files import write_reason, written_aside
from ..output.preview import face_crop

SIZE = (240, 300)  # width and height, pixels
FACE_SHARE = 1.9  # height of the picture, over the extent of the landmarks: as large as the head beside it
QUALITY = 90  # of JPEG
BACKGROUND = (32, 32, 34)


def face_picture(pixels: np.ndarray, view: View) -> np.ndarray:
    """(300, 240, 3) uint8: a photo (H, W, 3) around the face of its view."""
    return face_crop(pixels, view, SIZE, FACE_SHARE)


def small_picture(pixels: np.ndarray) -> np.ndarray:
    """(300, 240, 3) uint8: a whole photo (H, W, 3) on a dark ground."""
    height, width = pixels.shape[:2]
    zoom = min(SIZE[0] / width, SIZE[1] / height)
    small = cv2.resize(pixels, (max(1, int(zoom * width)), max(1, int(zoom * height))), interpolation=cv2.INTER_AREA)
    result = np.full((SIZE[1], SIZE[0], 3), BACKGROUND, np.uint8)
    top, left = (SIZE[1] - small.shape[0]) // 2, (SIZE[0] - small.shape[1]) // 2
    result[top : top + small.shape[0], left : left + small.shape[1]] = small
    return result


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Write a JPEG, aside first.

    Raises:
        OutputError: the place cannot be written.
    """
    try:
        with written_aside(path, ".jpg") as aside:
            Image.fromarray(pixels).save(aside, quality=QUALITY)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {write_reason(error)}") from None
