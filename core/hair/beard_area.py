"""Where a beard may grow: an outline in the chart, placed by landmarks, which lie there alike on every head."""

from __future__ import annotations

import cv2
import numpy as np

from ..head.landmark_sets import LIPS_OUTER
from ..image.filters import smoothstep
from .surface import ChartPart

# half of the outline, from under the nose over cheek, ear, jaw and neck to the middle: landmark of the character's
# right side, and mm to its left and up from there; by eye on portraits
OUTLINE = ((2, 0.0, -0.5), (2, -11.0, -1.0), (2, -21.0, -6.0), (61, -12.0, 9.0), (192, -4.0, 3.0), (213, -3.0, 4.0),
           (132, 9.0, 16.0), (93, 11.0, 9.0), (234, 9.0, 16.0), (234, 2.0, 16.0), (93, 2.0, 0.0), (132, -10.0, -5.0),
           (58, -11.0, -13.0), (172, -3.0, -23.0), (152, -40.0, -13.0), (152, 0.0, -24.0))  # fmt: skip
MIDDLE_U = 0.5
SOFT_MM = (8.0, 2.5)  # inside the outline, from no hair to all: of a beard, of a moustache
LIP_MM = (0.6, 2.2)  # and around the lips
LIP_EDGE_MM = 1.0  # inside the lips' outline, up to which skin may reach
BARE = ((17, 12.0, -6.0, 5.5, 0.3), (2, 0.0, -5.0, 2.5, 0.55))  # landmark, mm aside and up, radius, density
MOUSTACHE_ASIDE_MM = 6.0  # beyond the mouth's corners, and
MOUSTACHE_UNDER_MM = 3.0  # below them: up to where hair is the moustache's


def beard_part(landmarks: np.ndarray, size: int, texel: float) -> ChartPart:
    """The part of a chart of ``size`` texels that holds the outline.

    Args:
        landmarks: (478, 2) u, v.
        texel: mm.
    """
    return ChartPart.around(outline_uv(landmarks, size * texel), 3.0, size, texel)


def outline_uv(landmarks: np.ndarray, width: float) -> np.ndarray:
    """(n, 2) u, v of the whole outline.

    Args:
        width: mm of the chart.
    """
    half = np.array([landmarks[index] + np.array([aside, up]) / width for index, aside, up in OUTLINE])
    other = half[-2:0:-1] * (-1.0, 1.0) + (2.0 * MIDDLE_U, 0.0)
    return np.concatenate([half, other])


def usual_cover(part: ChartPart, landmarks: np.ndarray) -> np.ndarray:
    """(h, w) float32 in [0, 1]: how dense a grown beard usually is.

    Args:
        landmarks: (478, 2) u, v.
    """
    inside = drawn(part, outline_uv(landmarks, part.size * part.texel))
    over = cv2.GaussianBlur(moustache(part, landmarks).astype(np.float32), (0, 0), SOFT_MM[1] / part.texel)
    soft = SOFT_MM[0] + over * (SOFT_MM[1] - SOFT_MM[0])
    dense = smoothstep(_depth(inside, part.texel) / soft, 0.0, 1.0) * off_lips(part, landmarks)
    place = texel_places(part)
    for index, aside, up, radius, left in BARE:
        for side in (-1.0, 1.0):
            middle = part.place(landmarks[index]) + np.array([side * aside, -up])
            away = np.linalg.norm(place - middle, axis=-1)
            dense = dense * (left + (1.0 - left) * smoothstep(away, 0.6 * radius, 1.3 * radius))
    return dense.astype(np.float32)


def off_lips(part: ChartPart, landmarks: np.ndarray) -> np.ndarray:
    """(h, w) float32 in [0, 1]: 0 on the lips, 1 away from them."""
    lips = drawn(part, landmarks[np.array(LIPS_OUTER)])
    return smoothstep(cv2.distanceTransform(1 - lips, cv2.DIST_L2, 5) * part.texel, *LIP_MM).astype(np.float32)


def on_lips(part: ChartPart, landmarks: np.ndarray) -> np.ndarray:
    """(h, w) float32 in [0, 1]: 1 on the lips, less at their edge, 0 beside them."""
    lips = drawn(part, landmarks[np.array(LIPS_OUTER)])
    return smoothstep(_depth(lips, part.texel), 0.0, LIP_EDGE_MM).astype(np.float32)


def drawn(part: ChartPart, outline: np.ndarray) -> np.ndarray:
    """(h, w) uint8, 1 inside an outline (n, 2) of u, v."""
    inside = np.zeros((part.height, part.width), np.uint8)
    corners = np.round(part.place(outline) / part.texel * 16 - 8)  # cv2 counts in sixteenths
    cv2.fillPoly(inside, [corners.astype(np.int32)], 1, shift=4)
    return inside


def texel_places(part: ChartPart) -> np.ndarray:
    """(h, w, 2) mm of the texels' middles."""
    y, x = np.mgrid[0 : part.height, 0 : part.width]
    return (np.stack([x, y], axis=-1) + 0.5) * part.texel


def moustache(part: ChartPart, landmarks: np.ndarray) -> np.ndarray:
    """(h, w) bool, over the mouth."""
    place, corner = texel_places(part), part.place(landmarks[61])
    middle = part.place(np.array([MIDDLE_U, landmarks[61, 1]]))[0]
    aside = np.abs(place[..., 0] - middle) < middle - corner[0] + MOUSTACHE_ASIDE_MM
    return aside & (place[..., 1] < corner[1] + MOUSTACHE_UNDER_MM)


def _depth(inside: np.ndarray, texel: float) -> np.ndarray:
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] * texel
