"""Hands before a face: MediaPipe's palm and hand nets in a crop around the face, and a mask drawn from 21 landmarks.

Skin of a hand has the colour of the face's skin, so colour cannot tell them apart. Method: Zhang et al., "MediaPipe
Hands: On-device Real-time Hand Tracking" (2020): a detector of palms, then landmarks in a crop turned with the palm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ..head.landmark_sets import FACE_OVAL, fill_contours
from ..image.crops import Square, crop
from ..image.filters import smoothstep
from .detection import Detector, candidates, merge_overlapping
from .sessions import HANDS, PALMS, FaceNets

SEARCHES = (2.0, 2.8)  # sides of the crops in which palms are looked for, times the longer side of the face's box
MOST_PALMS = 4  # candidates that are looked at
LEAST_PRESENCE = (0.5, 0.85)  # of the landmark net: in the crop of the palm, in that of the hand
PALM_SIZES = (0.35, 1.4)  # shortest and longest palm, times that side
CROP_SIZE = 224
# of the crops around a palm's box and around known landmarks: times their longer side, moved towards the fingers
PALM_CROP, LANDMARK_CROP = (2.6, 0.5), (2.0, 0.1)
WRIST, INDEX, MIDDLE, LITTLE = 0, 5, 9, 17
PALM_MIDDLE = 2  # the middle finger's base among the keypoints of the palm net; the wrist comes first
STEADY = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]  # landmarks of palm and lower fingers
PALM = [0, 1, 5, 9, 13, 17]
FINGERS = np.array([[5, 6], [6, 7], [7, 8], [9, 10], [10, 11], [11, 12], [13, 14], [14, 15], [15, 16], [17, 18],
                    [18, 19], [19, 20], [1, 2], [2, 3], [3, 4]])  # fmt: skip
# from here on shares of the palm's length, from the wrist to the middle finger's base
WIDE = 0.65  # from the index to the little finger's base
# half the thickness of a finger at its base, its joints and its tip; of the thumb
RADIUS = np.array([0.115, 0.105, 0.095, 0.08])
THUMB_RADIUS = np.array([0.16, 0.14, 0.115, 0.09])
PALM_EDGE = 0.11  # flesh beyond the joints
FOREARM, FOREARM_RADIUS = 0.6, 0.28  # how far it is drawn beyond the wrist, half its thickness
MARGIN, SOFT = 0.02, 0.04
GRID = 256  # pixels, longer side of the grid on which distances are worked out

PALM_DETECTOR = Detector(PALMS, 192, ((24, 2), (12, 6)), 0.35, "Identity", "Identity_1", black=0.0)


@dataclass(frozen=True)
class Hand:
    """One hand.

    Attributes:
        points: (21, 2) pixels: the wrist, then four joints of each finger, thumb first, base to tip.
        depth: (21,) pixels from the wrist, positive away from the camera.
        score: probability that there is a hand.
    """

    points: np.ndarray
    depth: np.ndarray
    score: float

    @property
    def palm(self) -> float:
        """Length of the palm in space, pixels."""
        solid = np.column_stack([self.points, self.depth])
        length = np.linalg.norm(solid[MIDDLE] - solid[WRIST])
        return float(max(length, np.linalg.norm(solid[INDEX] - solid[LITTLE]) / WIDE))


def hand_mask(pixels: np.ndarray, box: np.ndarray, nets: FaceNets) -> np.ndarray | None:
    """(H, W) float32 in [0, 1], hands around a face with a soft margin, or None where there is none.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        box: (4,) x0, y0, x1, y1 pixels, of the face.
        nets: the face nets.
    """
    hands = find_hands(pixels, box, nets)
    if not hands:
        return None
    mask = np.zeros(pixels.shape[:2], np.float32)
    for hand in hands:
        draw_hand(mask, hand)
    return mask


def hidden_share(mask: np.ndarray, landmarks: np.ndarray) -> float:
    """Share of the face's oval that a mask (h, w) in [0, 1] covers; landmarks (478, 2) are pixels of the mask."""
    face = fill_contours(landmarks, (FACE_OVAL,), mask.shape[1], mask.shape[0])
    return float(np.vdot(mask, face) / max(face.sum(dtype=np.float64), 1.0))


def find_hands(pixels: np.ndarray, box: np.ndarray, nets: FaceNets) -> list[Hand]:
    """The hands around a face, surest palm first.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        box: (4,) x0, y0, x1, y1 pixels, of the face.
        nets: the face nets.
    """
    low, high = np.asarray(box[:2], float), np.asarray(box[2:], float)
    x, y = (low + high) / 2
    side = float(max(high - low))
    squares = [Square(float(x), float(y), scale * side) for scale in SEARCHES]
    seen = [candidates(pixels, square, PALM_DETECTOR, nets) for square in squares]
    palms = merge_overlapping(*map(np.concatenate, zip(*seen)))
    hands = []
    for points, _ in palms[:MOST_PALMS]:
        hand = hand_in(pixels, square_of_palm(points), nets)
        if hand.score < LEAST_PRESENCE[0]:
            continue
        hand = hand_in(pixels, square_of_hand(hand.points), nets)
        if hand.score >= LEAST_PRESENCE[1] and PALM_SIZES[0] < hand.palm / side < PALM_SIZES[1]:
            hands.append(hand)
    return hands


def hand_in(pixels: np.ndarray, square: Square, nets: FaceNets) -> Hand:
    """The hand in a square of a photo (H, W, 3) uint8, and how sure it is that there is one."""
    batch = crop(pixels, square, CROP_SIZE, replicate=False)[None] / np.float32(255.0)
    outputs = nets.run(HANDS, batch)
    points = outputs["Identity"].reshape(21, 3).astype(np.float64) / CROP_SIZE
    return Hand(square.to_photo(points[:, :2]), points[:, 2] * square.size, float(outputs["Identity_1"].ravel()[0]))


def square_of_palm(points: np.ndarray) -> Square:
    """The crop for a detected palm (9, 2), corners of its box and 7 keypoints: fingers up."""
    low, high = points[:2]
    x, y = (low + high) / 2
    angle = _upright(points[2], points[2 + PALM_MIDDLE])
    side = float(max(high - low))
    return Square(float(x), float(y), side, angle).jittered(0.0, -PALM_CROP[1], PALM_CROP[0], 0.0)


def square_of_hand(points: np.ndarray) -> Square:
    """The crop for known landmarks (21, 2): fingers up."""
    angle = _upright(points[WRIST], points[[INDEX, MIDDLE, 13]].mean(axis=0))
    turned = Square(0.0, 0.0, 1.0, angle)
    along = points[STEADY] @ turned.axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = (low + high) / 2 @ turned.axes
    side = float(max(high - low))
    return Square(float(x), float(y), side, angle).jittered(0.0, -LANDMARK_CROP[1], LANDMARK_CROP[0], 0.0)


def _upright(wrist: np.ndarray, knuckle: np.ndarray) -> float:
    """Angle of a square whose y axis runs from the knuckle to the wrist."""
    x, y = wrist - knuckle
    return math.atan2(-x, y)


def draw_hand(mask: np.ndarray, hand: Hand) -> None:
    """Add a hand to a mask (H, W) float32 in [0, 1], in place: fingers as tapered capsules, the palm as a polygon."""
    height, width = mask.shape
    reach = (FOREARM + FOREARM_RADIUS + MARGIN + SOFT) * hand.palm
    low = np.clip(np.floor(hand.points.min(axis=0) - reach), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(hand.points.max(axis=0) + reach), 0, (width, height)).astype(int)
    size = high - low
    if min(size) < 1:
        return
    shape = np.maximum(1, np.round(size * min(1.0, GRID / max(size)))).astype(int)
    scale = shape / size
    distance = hand_distance((hand.points - low) * scale, hand.palm * float(scale.mean()), *shape[::-1])
    inside = (1 - smoothstep(distance, MARGIN, MARGIN + SOFT)).astype(np.float32)
    part = mask[low[1] : high[1], low[0] : high[0]]
    np.maximum(part, cv2.resize(inside, tuple(size.tolist()), interpolation=cv2.INTER_LINEAR), out=part)


def hand_distance(points: np.ndarray, palm: float, height: int, width: int) -> np.ndarray:
    """(height, width) distance of pixels to a hand, as a share of the palm's length, negative inside.

    Args:
        points: (21, 2) pixels.
        palm: length of the palm, pixels.
    """
    hull = cv2.convexHull(points[PALM].astype(np.float32))[:, 0]
    filled = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(filled, np.round(16 * (hull - 0.5)).astype(np.int32), 1, shift=4)
    # without the palm inside the grid, distanceTransform has no zero to measure from
    nearest = np.full((height, width), np.inf, np.float32)
    if filled.any():
        nearest = cv2.distanceTransform(1 - filled, cv2.DIST_L2, 5) / np.float32(palm) - np.float32(PALM_EDGE)
    elbow = points[WRIST] + FOREARM * (points[WRIST] - points[MIDDLE])
    segments = [*points[FINGERS], (points[WRIST], elbow)]
    radii = np.vstack([_radii(), [FOREARM_RADIUS, FOREARM_RADIUS]])
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
    for (origin, end), (first, last) in zip(segments, radii):
        x, y = columns - np.float32(origin[0]), rows - np.float32(origin[1])
        along = (end - origin).astype(np.float32)
        place = np.clip((x * along[0] + y * along[1]) / max(along @ along, np.float32(1e-6)), 0, 1)
        away = np.hypot(x - place * along[0], y - place * along[1]) / np.float32(palm)
        np.minimum(nearest, away - (np.float32(first) + np.float32(last - first) * place), out=nearest)
    return nearest


def _radii() -> np.ndarray:
    """(15, 2) half thickness at both ends of each of ``FINGERS``."""
    pairs = [np.stack([radius[:-1], radius[1:]], axis=1) for radius in (*4 * [RADIUS], THUMB_RADIUS)]
    return np.concatenate(pairs)
