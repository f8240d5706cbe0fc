"""Photos on their side or upside down: turned by quarters before anything is fitted, and the views turned back.

A quarter turn moves pixels and changes none, so that such a photo gives the head of the upright one. What rolls less
than half a quarter is left as it is: the fit does not mind.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..head.camera import Camera, Pose
from ..head.fitted import View
from ..io.photo import Photo
from .detection import Face, find_faces, overlap
from .sessions import FaceNets

SAME_FACE = 0.3  # overlap with where it was before the photo was turned


def stand_upright(photo: Photo, face: Face, nets: FaceNets) -> tuple[Photo, Face, int]:
    """The photo turned so that a face of it is upright within 45 degrees, with a note that says so.

    Returns:
        The photo, the face found in it, and by how many quarters it was turned, anticlockwise to the eye, 0 to 3.
    """
    quarters = round(face.square.angle / (math.pi / 2)) % 4 if face.square is not None else 0
    if not quarters:
        return photo, face, 0
    note = f"turned by {90 * quarters} degrees, as the face is not upright."
    pixels = np.ascontiguousarray(np.rot90(photo.pixels, quarters))
    turned = replace(photo, pixels=pixels, notes=(*photo.notes, note))
    height, width = photo.pixels.shape[:2]
    box = _turned_box(face.box, width, height, quarters)
    faces = find_faces(turned.pixels, nets, turns=(0.0,))
    near = overlap(np.array([other.box for other in faces]).reshape(-1, 4), box)
    if not near.size or near.max() < SAME_FACE:
        return photo, face, 0
    return turned, faces[int(near.argmax())], quarters


def turned_back(view: View, quarters: int) -> View:
    """The view of a photo that was turned by some quarters, in the pixels of the photo as it was."""
    for _ in range(-quarters % 4):
        view = _quarter_turned(view)
    return view


def _quarter_turned(view: View) -> View:
    """The view in the photo turned anticlockwise by a quarter."""
    camera, marks = view.camera, view.landmarks
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    size = camera.width
    return replace(
        view,
        camera=Camera(camera.fy, camera.fx, camera.cy, size - camera.cx, camera.height, camera.width),
        pose=Pose(turn @ view.pose.rotation, turn @ view.pose.translation),
        landmarks=replace(
            marks, points=_turned_points(marks.points, size), box=_turned_box(marks.box, size, camera.height, 1)
        ),
    )


def _turned_points(points: np.ndarray, width: float) -> np.ndarray:
    """Pixels (..., 2) of a photo of some width, in the photo turned anticlockwise by a quarter."""
    return np.stack([points[..., 1], width - points[..., 0]], axis=-1)


def _turned_box(box: np.ndarray, width: float, height: float, quarters: int) -> np.ndarray:
    """(4,) corners of a box in the photo turned anticlockwise by some quarters."""
    corners = np.asarray(box, float).reshape(2, 2)
    for _ in range(quarters):
        corners, width, height = _turned_points(corners, width), height, width
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
