"""Contours of eyes, lips and brows among the 478 landmarks, and masks drawn from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

# closed polygons, vertex order along the contour; right and left are the person's own
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
# tip, wings and nostrils
NOSE = (
    1, 2, 4, 5, 19, 20, 44, 45, 48, 49, 51, 59, 60, 64, 75, 79, 94, 97, 98, 99, 102, 115, 125, 129, 131, 134, 141, 166,
    195, 218, 219, 220, 235, 237, 238, 239, 240, 241, 242, 250, 274, 275, 278, 279, 281, 289, 290, 294, 305, 309, 326,
    327, 328, 331, 344, 354, 358, 360, 363, 370, 392, 438, 439, 440, 455, 457, 458, 459, 460, 461, 462,
)
OUTER_EYE_CORNERS = (33, 263)
# centre, then four points on the rim
IRISES = ((468, 469, 470, 471, 472), (473, 474, 475, 476, 477))
# landmarks on the borders of the lips, and on the margins of the lids
LIPS = np.array((*LIPS_OUTER, *LIPS_INNER))
LIDS = np.array((*EYES[0], *EYES[1]))
# upper and lower lid, and inner lips, one above the other: what opens and closes
APART_PAIRS = np.array([
    [159, 145], [158, 153], [160, 144], [157, 154], [161, 163],
    [386, 374], [385, 380], [387, 373], [384, 381], [388, 390],
    [13, 14], [82, 87], [81, 178], [80, 88], [312, 317], [311, 402], [310, 318],
])
OF_LIPS = np.arange(len(APART_PAIRS)) >= 10
LIP_PAIRS = APART_PAIRS[OF_LIPS]
# the net's face oval; its upper part lies on the forehead at the hairline, which has no outline seen from the front
OVAL = np.array(FACE_OVAL)


def eye_distance(points: np.ndarray) -> float:
    """Pixels between the outer eye corners of landmarks (478, 2)."""
    return float(np.linalg.norm(points[OUTER_EYE_CORNERS[0]] - points[OUTER_EYE_CORNERS[1]]))


def fill_contours(
    points: np.ndarray, contours: Iterable[Sequence[int]], width: int, height: int, grow: float = 0.0
) -> np.ndarray:
    """(H, W) uint8 with 255 inside the contours, grown by so many pixels (negative shrinks), edges softened.

    Args:
        points: (478, 2) pixels.
        contours: index tuples as above.
    """
    mask = np.zeros((height, width), np.uint8)
    for contour in contours:
        # cv2 counts from the pixel centre, in sixteenths
        polygon = np.round((points[list(contour)] - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [polygon], 255, lineType=cv2.LINE_AA, shift=4)
    radius = int(round(abs(grow)))
    if radius:
        kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
        mask = cv2.dilate(mask, kernel) if grow > 0 else cv2.erode(mask, kernel)
    return mask
