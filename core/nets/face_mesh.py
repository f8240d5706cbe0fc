"""MediaPipe's attention mesh on crops of a photo: 478 points and the probability that there is a face.

Net: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time" (2020). Points 0 to 467 are
the mesh, 468 to 472 the iris of the person's right eye, 473 to 477 of the left; an iris is its centre and four points
of its edge.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..head.landmark_sets import OUTER_EYE_CORNERS
from ..image.crops import Square, crop
from .features import read_textures
from .sessions import LANDMARKS, FaceNets

CROP_SIZE = 192
MESH_POINTS = 468
FACE_MARGIN = 1.5
_EYE_OUTLINE = 16  # the first points of an eye's list run around the eyelids
_IRISES = {"left": slice(468, 473), "right": slice(473, 478)}


def square_of_box(box: np.ndarray, keypoints: np.ndarray) -> Square:
    """The crop for a detected face: 1.5 times its box (4,), turned with the line between the eyes (keypoints 0, 1)."""
    low, high = box[:2], box[2:]
    x, y = (low + high) / 2
    eyes = keypoints[1] - keypoints[0]
    return Square(float(x), float(y), float(max(high - low)) * FACE_MARGIN, math.atan2(eyes[1], eyes[0]))


def square_of_points(points: np.ndarray) -> Square:
    """The crop for known landmarks (478, 3): 1.5 times their bounding box along the line between the eyes."""
    right, left = points[list(OUTER_EYE_CORNERS), :2]
    angle = math.atan2(*(left - right)[::-1])
    turned = Square(0.0, 0.0, 1.0, angle)
    along = points[:MESH_POINTS, :2] @ turned.axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = (low + high) / 2 @ turned.axes
    return Square(float(x), float(y), float(max(high - low)) * FACE_MARGIN, angle)


class Meshes(NamedTuple):
    """What the net finds in n crops.

    Attributes:
        points: (n, 478, 3) pixels of the photo.
        scores: (n,) probability that there is a face.
        textures: (n, ``nets.features.LENGTH``) float32, or None of a net that does not tell.
    """

    points: np.ndarray
    scores: np.ndarray
    textures: np.ndarray | None


def meshes_in(pixels: np.ndarray, squares: list[Square], nets: FaceNets) -> Meshes:
    """The faces in some crops of a photo (H, W, 3) uint8, in one run of the net."""
    batch = np.stack([crop(pixels, square, CROP_SIZE) for square in squares]) / np.float32(255.0)
    outputs = nets.run(LANDMARKS, batch)
    points = _assemble(outputs, nets) / CROP_SIZE
    textures = read_textures(outputs, points)
    for square, group in zip(squares, points):
        group[:, :2] = square.to_photo(group[:, :2])
        group[:, 2] *= square.size
    logits = outputs["conv_faceflag"].reshape(len(squares)).astype(np.float64)
    return Meshes(points, 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0))), textures)


def mesh_in(pixels: np.ndarray, squares: list[Square], nets: FaceNets) -> tuple[np.ndarray, np.ndarray]:
    """(n, 478, 3) pixels and (n,) scores of the faces in some crops, in one run of the net."""
    return meshes_in(pixels, squares, nets)[:2]


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
