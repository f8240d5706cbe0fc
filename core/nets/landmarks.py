"""478 face landmarks with their uncertainty, head yaw, and a mask of the person."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ..head.fitted import Landmarks
from ..head.landmark_sets import OUTER_EYE_CORNERS
from ..image.crops import Square, crop
from .detection import Face
from .face_mesh import mesh_in, meshes_in, square_of_box, square_of_points
from .sessions import SEGMENTATION, FaceNets

_PERSON_CROP = 256

__all__ = ["FaceNets", "detect_landmarks", "head_yaw", "landmarks_in", "segment_person"]


def detect_landmarks(pixels: np.ndarray, face: Face, nets: FaceNets, jitter: int = 7) -> Landmarks:
    """Landmarks of one face, averaged over slightly moved crops.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        face: where to look.
        nets: the face nets.
        jitter: how many crops to average, odd.
    """
    box = np.asarray(face.box, np.float64)
    if face.square is not None:
        return _averaged(pixels, face.square, nets, jitter, box)
    return landmarks_in(pixels, square_of_box(face.box, face.keypoints), nets, jitter, box)


def landmarks_in(
    pixels: np.ndarray, square: Square, nets: FaceNets, jitter: int = 7, box: np.ndarray | None = None
) -> Landmarks:
    """Landmarks of the face in a square of the photo, averaged over slightly moved crops.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        square: roughly 1.5 times the face; the crops are cut anew around what is found in it.
        nets: the face nets.
        jitter: how many crops to average, odd.
        box: (4,) of the face; None takes the bounding box of the landmarks.
    """
    first, _ = mesh_in(pixels, [square], nets)
    return _averaged(pixels, square_of_points(first[0]), nets, jitter, box)


def _averaged(pixels: np.ndarray, square: Square, nets: FaceNets, jitter: int, box: np.ndarray | None) -> Landmarks:
    """``landmarks_in`` a crop that fits the face."""
    squares = [square.jittered(*move) for move in _jitter_moves(jitter)]
    points, scores, textures = meshes_in(pixels, squares, nets)
    spread = np.sqrt(points[..., :2].var(axis=0).mean(axis=-1))
    mean = points.mean(axis=0)
    if box is None:
        box = np.concatenate([mean[:, :2].min(axis=0), mean[:, :2].max(axis=0)])
    texture = None if textures is None else textures.mean(axis=0).astype(np.float16)
    return Landmarks(mean[:, :2], mean[:, 2], spread, float(scores.mean()), box, texture)


def _jitter_moves(count: int) -> list[tuple[float, float, float, float]]:
    """``count`` moves (shift x, shift y, scale, turn in radians) in pairs that mirror each other, the first is none.

    Shifts lie evenly on a circle of 2 % of the crop, turns and scales alternate by 2 degrees and 3 %.
    """
    moves = [(0.0, 0.0, 1.0, 0.0)]
    pairs = max(count - 1, 0) // 2
    for i in range(pairs):
        angle = math.pi * (i + 0.5) / pairs - math.pi / 2
        x, y = 0.02 * math.cos(angle), 0.02 * math.sin(angle)
        scale = 1.0 + 0.03 * (i % 3 - 1)
        turn = math.radians(2.0) * (-1) ** i
        moves += [(x, y, scale, turn), (-x, y, scale, -turn)]
    return moves


def head_yaw(landmarks: Landmarks) -> float:
    """Rough turn of the head about the vertical, radians, positive when the face turns to its own left (photo's right).

    The line between the outer eye corners runs away from the camera by ``atan2(depth difference, distance)``.
    """
    right, left = OUTER_EYE_CORNERS
    distance = np.linalg.norm(landmarks.points[left] - landmarks.points[right])
    return math.atan2(float(landmarks.depth[left] - landmarks.depth[right]), float(distance))


def segment_person(pixels: np.ndarray, face: Face, nets: FaceNets) -> np.ndarray:
    """(H, W) float32, probability that a pixel belongs to the person; 0 outside the portrait around the face.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        face: whose portrait.
        nets: the face nets.
    """
    height, width = pixels.shape[:2]
    square = _portrait_square(face, width, height)
    batch = crop(pixels, square, _PERSON_CROP)[None] / np.float32(255.0)
    (mask,) = nets.run(SEGMENTATION, batch).values()
    # index in the photo of the crop's index i: x - size / 2 + (i + 0.5) * scale - 0.5
    scale = square.size / _PERSON_CROP
    start = np.array([square.x, square.y]) - square.size / 2 + 0.5 * scale - 0.5
    matrix = np.array([[scale, 0.0, start[0]], [0.0, scale, start[1]]])
    return cv2.warpAffine(mask[0, :, :, 0], matrix, (width, height), flags=cv2.INTER_LINEAR)


def bare_person(pixels: np.ndarray, face: Face, cover: np.ndarray | None, nets: FaceNets) -> np.ndarray:
    """(H, W) float32, probability that a pixel shows the person and not what lies before the face.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        face: whose portrait.
        cover: (H, W) in [0, 1], what ``hands`` found before the face, or None.
        nets: the face nets.
    """
    person = segment_person(pixels, face, nets)
    return person if cover is None else person * (1 - cover)


def _portrait_square(face: Face, width: int, height: int) -> Square:
    """An upright square of head and shoulders, three times the face, moved into the photo where it fits."""
    low, high = face.box[:2], face.box[2:]
    size = 3.0 * float(max(high - low))
    x, y = (low + high) / 2
    y += 0.15 * size
    centre = [
        min(max(value, size / 2), length - size / 2) if size < length else length / 2
        for value, length in ((x, width), (y, height))
    ]
    return Square(float(centre[0]), float(centre[1]), size)
