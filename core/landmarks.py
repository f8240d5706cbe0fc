"""478 face landmarks with their uncertainty, head yaw, and a mask of the person.

Nets: MediaPipe's attention mesh (Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in
Real-time", 2020) and selfie segmentation. Points 0 to 467 are the mesh, 468 to 472 the iris of the
person's right eye, 473 to 477 of the left; an iris is its centre and four points of its edge.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from .character import Landmarks
from .crops import Square, crop
from .detection import Face
from .face_nets import LANDMARKS, SEGMENTATION, FaceNets

CROP_SIZE = 192
MESH_POINTS = 468
FACE_MARGIN = 1.5
OUTER_EYE_CORNERS = (33, 263)
MAX_YAW = math.radians(60.0)
_EYE_OUTLINE = 16  # the first points of an eye's list run around the eyelids
_IRISES = {"left": slice(468, 473), "right": slice(473, 478)}
_PERSON_CROP = 256

__all__ = ["FaceNets", "detect_landmarks", "head_yaw", "profile_warning", "segment_person"]


def detect_landmarks(pixels: np.ndarray, face: Face, nets: FaceNets, jitter: int = 7) -> Landmarks:
    """Landmarks of one face, averaged over slightly moved crops.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        face: where to look.
        nets: the face nets.
        jitter: how many crops to average, odd.
    """
    first, _ = _landmarks_in(pixels, [_face_square(face)], nets)
    square = _square_around(first[0])
    squares = [square.jittered(*move) for move in _jitter_moves(jitter)]
    points, scores = _landmarks_in(pixels, squares, nets)
    spread = np.sqrt(points[..., :2].var(axis=0).mean(axis=-1))
    mean = points.mean(axis=0)
    return Landmarks(
        points=mean[:, :2],
        depth=mean[:, 2],
        spread=spread,
        score=float(scores.mean()),
        box=np.asarray(face.box, np.float64),
    )


def _face_square(face: Face) -> Square:
    """The crop for a detected face: 1.5 times its box, turned with the line between the eyes."""
    low, high = face.box[:2], face.box[2:]
    x, y = (low + high) / 2
    eyes = face.keypoints[1] - face.keypoints[0]
    return Square(float(x), float(y), float(max(high - low)) * FACE_MARGIN, math.atan2(eyes[1], eyes[0]))


def _square_around(points: np.ndarray) -> Square:
    """The crop for known landmarks (478, 3): 1.5 times their bounding box along the line between the eyes."""
    right, left = points[list(OUTER_EYE_CORNERS), :2]
    angle = math.atan2(*(left - right)[::-1])
    turned = Square(0.0, 0.0, 1.0, angle)
    along = points[:MESH_POINTS, :2] @ turned.axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = (low + high) / 2 @ turned.axes
    return Square(float(x), float(y), float(max(high - low)) * FACE_MARGIN, angle)


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


def _landmarks_in(pixels: np.ndarray, squares: list[Square], nets: FaceNets) -> tuple[np.ndarray, np.ndarray]:
    """(n, 478, 3) pixels and (n,) scores of the faces in some crops, in one run of the net."""
    batch = np.stack([crop(pixels, square, CROP_SIZE) for square in squares]) / np.float32(255.0)
    outputs = nets.run(LANDMARKS, batch)
    points = _assemble(outputs, nets) / CROP_SIZE
    for square, group in zip(squares, points):
        group[:, :2] = square.to_photo(group[:, :2])
        group[:, 2] *= square.size
    logits = outputs["conv_faceflag"].reshape(len(squares)).astype(np.float64)
    return points, 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))


def _assemble(outputs: dict[str, np.ndarray], nets: FaceNets) -> np.ndarray:
    """(n, 478, 3) crop pixels: the mesh, lips and eyes refined in x and y, irises at the depth of their eyelids."""
    mesh = outputs["output_mesh_identity"].reshape(-1, MESH_POINTS, 3)
    points = np.zeros((len(mesh), 478, 3))
    points[:, :MESH_POINTS] = mesh
    refined = nets.metadata(LANDMARKS)
    for part in ("lips", "left_eye", "right_eye"):
        indices = [int(i) for i in refined[f"output_{part}"].split(",")]
        points[:, indices, :2] = outputs[f"output_{part}"].reshape(len(mesh), -1, 2)
        side = part.removesuffix("_eye")
        if side in _IRISES:
            iris = points[:, _IRISES[side]]
            iris[..., :2] = outputs[f"output_{side}_iris"].reshape(len(mesh), -1, 2)
            iris[..., 2] = points[:, indices[:_EYE_OUTLINE], 2].mean(axis=1, keepdims=True)
    return points


def head_yaw(landmarks: Landmarks) -> float:
    """Rough turn of the head about the vertical, radians, positive when the face turns to its own left (photo's right).

    The line between the outer eye corners runs away from the camera by ``atan2(depth difference, distance)``.
    """
    right, left = OUTER_EYE_CORNERS
    distance = np.linalg.norm(landmarks.points[left] - landmarks.points[right])
    return math.atan2(float(landmarks.depth[left] - landmarks.depth[right]), float(distance))


def profile_warning(landmarks: Landmarks) -> str:
    """A line for the artist when the head is turned further than a photo can be fitted well, else empty."""
    yaw = abs(head_yaw(landmarks))
    if yaw < MAX_YAW:
        return ""
    return (
        f"The head is turned by about {math.degrees(yaw):.0f} degrees: the hidden side is guessed, "
        "a photo from further in front gives a better head."
    )


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
