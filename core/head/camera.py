"""Perspective camera and rigid pose.

Camera coordinates follow OpenCV: x right, y down, z forward, millimetres. Pixels: the centre of the upper left pixel
is (0.5, 0.5), so an image spans [0, width] x [0, height].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """Pinhole camera without distortion; all values in pixels of the upright photo."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of camera-space points (..., 3) mm."""
        z = points[..., 2]
        return np.stack([self.fx * points[..., 0] / z + self.cx, self.fy * points[..., 1] / z + self.cy], axis=-1)


@dataclass(frozen=True)
class Pose:
    """Head to camera: ``x_camera = rotation @ x_head + translation``.

    Attributes:
        rotation: (3, 3), a proper rotation (the axis flip from y-up to y-down is part of it).
        translation: (3,) mm.
    """

    rotation: np.ndarray
    translation: np.ndarray

    def apply(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) camera-space points of head-space points (..., 3), mm."""
        return points @ self.rotation.T + self.translation


def rotation_matrix(vector: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of an axis-angle vector (3,) radians (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = np.asarray(vector) / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
