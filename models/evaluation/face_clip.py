"""Rendered clips of a head that moves by known curves: painted skin, brows, lips and eyes, enough for the face nets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ...core.head.camera import Camera, Pose, rotation_matrix
from ...core.head.model import HeadModel
from ...core.head.raster import rasterize
from ...core.mesh.operators import vertex_normals

FACING = np.diag([1.0, -1.0, -1.0])
LIGHT = np.array([0.25, -0.45, -0.85]) / np.linalg.norm([0.25, 0.45, 0.85])
SKIN, LIP, BROW, TOOTH, MOUTH = (
    np.array(c, float)
    for c in ((205, 160, 135), (172, 92, 88), (70, 48, 38), (225, 220, 210), (60, 20, 22))
)
SCLERA, IRIS, PUPIL, WALL = (np.array(c, float) for c in ((236, 232, 230), (96, 68, 48), (12, 12, 12), (120, 124, 130)))


class Painter:
    """Renders one head of a model: ``neutral`` (V, 3) mm with ``deltas`` (52, V, 3) mm."""

    def __init__(self, model: HeadModel, neutral: np.ndarray, deltas: np.ndarray):
        topology = model.topology
        self.model, self.neutral, self.deltas = model, neutral, deltas
        shown = [topology.part_faces(part) for part in ("head", "eyes", "teeth", "tongue")]
        triangles = np.concatenate([q[:, c] for q in shown for c in ([0, 1, 2], [0, 2, 3])])
        self.triangles = triangles[(np.diff(np.sort(triangles, axis=1), axis=1) > 0).all(1)]
        self.colour = np.tile(SKIN, (topology.vertex_count, 1))
        for name, colour in (("lips", LIP), ("brow", BROW)):
            if name in topology.region_names:
                mask = np.clip(topology.region(name), 0, 1)[:, None]
                self.colour = (1 - mask) * self.colour + mask * colour
        self.colour[topology.part_slice("teeth")] = TOOTH
        self.colour[topology.part_slice("tongue")] = LIP
        self.eyes = topology.part_slice("eyes")
        self.iris_distance = np.full(topology.vertex_count, 99.0)
        for side in (-1, 1):
            vertices = np.arange(self.eyes.start, self.eyes.stop)
            vertices = vertices[np.sign(neutral[vertices, 0]) == side]
            iris = model.landmarks(neutral)[473 if side > 0 else 468]
            self.iris_distance[vertices] = np.linalg.norm(neutral[vertices] - iris, axis=1)

    def frame(self, weights: np.ndarray, pose: Pose, camera: Camera) -> np.ndarray:
        """(H, W, 3) uint8 picture."""
        points = pose.apply(self.neutral + np.tensordot(weights, self.deltas, 1))
        scale = 2
        ids, bary = rasterize(camera.project(points) * scale, points[:, 2], self.triangles, camera.width * scale,
                              camera.height * scale)
        covered = ids >= 0
        corners = self.triangles[ids[covered]]
        share = bary[covered]
        normals = np.einsum("pkd,pk->pd", vertex_normals(points, self.triangles)[corners], share)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-9)
        normals *= -np.sign(normals[:, 2:] + 1e-12)
        colour = np.einsum("pkd,pk->pd", self.colour[corners], share)
        distance = np.einsum("pk,pk->p", self.iris_distance[corners], share)
        eye = (corners[:, 0] >= self.eyes.start) & (corners[:, 0] < self.eyes.stop)
        colour[eye] = SCLERA
        colour[eye & (distance < 5.9)] = IRIS
        colour[eye & (distance < 2.3)] = PUPIL
        shade = np.where(eye, 0.85, 0.35 + 0.65 * np.clip(-normals @ -LIGHT, 0, 1))
        image = np.tile(WALL, (*ids.shape, 1))
        image[covered] = colour * shade[:, None]
        small = cv2.resize(image, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        return np.clip(small, 0, 255).astype(np.uint8)


def pose_at(turn: ArrayLike, position: ArrayLike = (0.0, 0.0, 800.0)) -> Pose:
    """Pose of a head turned by a rotation vector (radians, in head axes) before the camera."""
    return Pose(FACING @ rotation_matrix(np.asarray(turn, float)), np.asarray(position, float))


def write_video(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    """Motion JPEG in an AVI; frames (H, W, 3) uint8 RGB."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (width, height))
    for frame in frames:
        writer.write(frame[:, :, ::-1])
    writer.release()
