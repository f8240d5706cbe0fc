"""What a photo leaves in doubt although a face was found in it: one line each, with what to expect.

None of it stops a reconstruction. The numbers were chosen on a dozen portraits, on the same blurred, and on drawings
made of one by filters.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.landmark_sets import FACE_OVAL, OVAL, fill_contours
from ..image.colour import LUMINANCE


@dataclass(frozen=True)
class DoubtSettings:
    """When something is said.

    Attributes:
        wide: pixels of a face from which its lines can be read; plenty: from which all of them.
        sharp_width: pixels of a face that a sharp photo shows more than.
        detail: share of the face's contrast that is lost at that width if it does: 0.05 to 0.19 in sharp portraits,
            0.04 or less in blurred ones.
        sharp_from: pixels of a face of which that is asked.
        flat: share of pixels as bright as all their neighbours: 0.01 at most in portraits.
        white: share of pixels that are white: 0.04 at most in portraits.
    """

    wide: float = 250.0
    plenty: float = 500.0
    sharp_width: float = 130.0
    detail: float = 0.045
    sharp_from: float = 160.0
    flat: float = 0.1
    white: float = 0.2


SETTINGS = DoubtSettings()


def doubts(photo: np.ndarray, points: np.ndarray, cover: np.ndarray | None = None) -> list[str]:
    """Lines for the artist, without the photo's name.

    Args:
        photo: (H, W, 3) uint8 sRGB.
        points: (478, 2) landmarks, pixels.
        cover: (H, W) in [0, 1], what lies before the face, or None.
    """
    lines, given = [], SETTINGS
    width = float(np.ptp(points[OVAL, 0]))
    if width < given.wide:
        lines.append(
            f"the face is only {width:.0f} pixels wide, so lines and pores are mostly guessed; "
            f"{given.plenty:.0f} or more show them."
        )
    low = np.clip(np.floor(points.min(axis=0)), 0, np.array(photo.shape[1::-1]) - 1).astype(int)
    high = np.maximum(np.ceil(points.max(axis=0)).astype(int), low + 1)
    part = photo[low[1] : high[1], low[0] : high[0]]
    face = fill_contours(points - low, (FACE_OVAL,), part.shape[1], part.shape[0]) > 127
    if cover is not None:
        face &= cover[low[1] : high[1], low[0] : high[0]] < 0.3
    if np.count_nonzero(face) < 100:
        return lines
    grey = (part @ LUMINANCE).astype(np.float32)
    if width >= given.sharp_from and lost_detail(grey, face, given.sharp_width / width) < given.detail:
        lines.append("the face is blurred, so its lines are not read and its shape is vague; use a sharper photo.")
    elif _is_flat(grey, face) or (part[face].min(axis=1) > 235).mean() > given.white:
        lines.append("the face looks drawn or heavily retouched; the head may be quite another than it means.")
    return lines


def lost_detail(grey: np.ndarray, face: np.ndarray, scale: float) -> float:
    """Share of the contrast of a face (h, w) bool in a picture (h, w) that a smaller picture loses."""
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return float(np.sqrt(((grey - back)[face] ** 2).mean()) / max(float(grey[face].std()), 1.0))


def _is_flat(grey: np.ndarray, face: np.ndarray) -> bool:
    """Whether many pixels are as bright as all their neighbours: no skin under a camera is."""
    ones = np.ones((3, 3), np.uint8)
    return bool((cv2.dilate(grey, ones) - cv2.erode(grey, ones) < 0.5)[face].mean() > SETTINGS.flat)
