"""What is known of a head once it is fitted: landmarks, one view a photo, and the shape they share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .camera import Camera, Pose


@dataclass(frozen=True)
class Landmarks:
    """478 face landmarks in one photo.

    Attributes:
        points: (478, 2) pixels of the upright photo.
        depth: (478,) pixels, the net's relative depth, smaller is nearer to the camera.
        spread: (478,) pixels, standard deviation over jittered crops.
        score: probability that the crop shows a face, 0 to 1.
        box: (4,) x0, y0, x1, y1 pixels of the detected face.
        texture: (``nets.features.LENGTH``,) float16, what the skin looks like around them; None where nobody looked.
    """

    points: np.ndarray
    depth: np.ndarray
    spread: np.ndarray
    score: float
    box: np.ndarray
    texture: np.ndarray | None = None


@dataclass(frozen=True)
class View:
    """How one photo saw the head.

    Attributes:
        photo: file name of the photo (no folder).
        camera: pinhole camera in the photo's pixels.
        pose: head to camera.
        expression: (52,) weights in [0, 1], in the order of the model's expression names.
        landmarks: detected landmarks.
        landmark_error: mean reprojection error over the distance of the outer eye corners.
        light: (9, 3) its light, in head coordinates (``view.lighting``): the albedo in it is as bright as in the photo.
            None where nobody looked.
        person: (r,) what it says of who it shows (``nets.same_person``); None where nobody looked.
    """

    photo: str
    camera: Camera
    pose: Pose
    expression: np.ndarray
    landmarks: Landmarks
    landmark_error: float
    light: np.ndarray | None = None
    person: np.ndarray | None = None


@dataclass(frozen=True)
class CoarseFit:
    """Identity shared by all photos, and one view a photo.

    Attributes:
        identity: (K,) standard deviations.
        neutral: (V, 3) float32 mm, neutral head.
        joints: (J, 2, 3) float32 mm.
        views: one per photo, same order.
        warnings: lines for the artist.
        photo_shares: how much each photo counts, 1 in full: less where it contradicts the others.
        residual: (V, 3) float32 mm that ``neutral`` has beyond the identity's head (``smooth_residual``), or None.
    """

    identity: np.ndarray
    neutral: np.ndarray
    joints: np.ndarray
    views: tuple[View, ...]
    warnings: tuple[str, ...] = ()
    photo_shares: tuple[float, ...] = ()
    residual: np.ndarray | None = None
