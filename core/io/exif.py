"""What the EXIF data of a photo says about orientation and focal length."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image

# Full frame, 36 x 24 mm. A "35 mm equivalent" has the same diagonal angle of view (CIPA DCG-001).
FULL_FRAME_DIAGONAL = math.hypot(36.0, 24.0)
_EQUIVALENT_RANGE = (8.0, 2000.0)  # mm
_SHARE_OF_LONGER_SIDE = (0.2, 40.0)
_MM_PER_UNIT: Mapping[object, float] = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # inch, cm, mm, micrometre
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def exif_of(image: Image.Image) -> dict[int, object]:
    """The EXIF tags of a loaded image, those of the camera's own directory among them; empty when damaged."""
    try:
        exif = image.getexif()
        return {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    except Exception:  # damaged EXIF data raises anything, and the photo is good without it
        return {}


def upright_transpose(exif: Mapping[int, object]) -> Image.Transpose | None:
    """How to turn a stored image upright, None if it is."""
    orientation = exif.get(ExifTags.Base.Orientation)
    return _TRANSPOSES.get(orientation) if isinstance(orientation, int) else None


def focal_length_px(exif: Mapping[int, object], size: tuple[int, int]) -> float | None:
    """Focal length in pixels of an image of a size (width, height) as stored, or None when the EXIF data does not tell.

    From the 35 mm equivalent, else from the focal length and the sensor's pixel density. None too when the image was
    cropped after it was taken (its shape is not the one recorded) or the values are nonsense.
    """
    width, height = _number(exif, ExifTags.Base.ExifImageWidth), _number(exif, ExifTags.Base.ExifImageHeight)
    taken = (width, height) if width and height else None
    if taken and _shapes_differ(taken, size):
        return None
    focal = _from_equivalent(exif, size) or _from_sensor(exif, taken, size)
    low, high = _SHARE_OF_LONGER_SIDE
    if focal is None or not low <= focal / max(size) <= high:
        return None
    return focal


def _from_equivalent(exif: Mapping[int, object], size: tuple[int, int]) -> float | None:
    equivalent = _number(exif, ExifTags.Base.FocalLengthIn35mmFilm)
    if equivalent is None or not _EQUIVALENT_RANGE[0] <= equivalent <= _EQUIVALENT_RANGE[1]:
        return None
    return equivalent / FULL_FRAME_DIAGONAL * math.hypot(*size)


def _from_sensor(exif: Mapping[int, object], taken: tuple[float, float] | None, size: tuple[int, int]) -> float | None:
    focal = _number(exif, ExifTags.Base.FocalLength)
    density = _number(exif, ExifTags.Base.FocalPlaneXResolution)
    unit = _MM_PER_UNIT.get(exif.get(ExifTags.Base.FocalPlaneResolutionUnit, 2))
    if focal is None or density is None or unit is None:
        return None
    return focal * density / unit * max(size) / max(taken or size)


def _shapes_differ(taken: tuple[float, float], size: tuple[int, int]) -> bool:
    """Whether two sizes have other proportions; which side is the longer one may have been swapped."""
    ratios = [max(pair) / min(pair) for pair in (taken, size)]
    return abs(ratios[0] / ratios[1] - 1.0) > 0.02


def _number(exif: Mapping[int, Any], tag: int) -> float | None:
    """A positive finite number, or None."""
    try:
        value = float(exif[tag])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) and value > 0 else None
