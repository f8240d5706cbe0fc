"""A camera that sees the head as the photo did."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ...core.head.fitted import View
from .. import names

SENSOR_MM = 36.0
TO_CAMERA = np.diag([1.0, -1.0, -1.0])  # y down and z forward, to Blender's camera


def photo_camera(view: View, armature: bpy.types.Object, name: str) -> bpy.types.Object:
    """Camera of a view, parented to a character's rig; not linked to any collection.

    Renders at the photo's proportions, :func:`photo_size`, lie over the photo.
    """
    data = bpy.data.cameras.new(name)
    camera, width, height = view.camera, view.camera.width, view.camera.height
    data.sensor_fit, data.sensor_width = "HORIZONTAL", SENSOR_MM
    data.lens = SENSOR_MM * camera.fx / width
    data.shift_x, data.shift_y = (0.5 * width - camera.cx) / width, (camera.cy - 0.5 * height) / width
    data.clip_start = 0.01
    made = bpy.data.objects.new(name, data)
    made.parent = armature
    made.matrix_local = Matrix(camera_matrix(view).tolist())
    return made


def camera_matrix(view: View) -> np.ndarray:
    """(4, 4) camera to rig, metres."""
    axes = names.directions_to_blender(np.eye(3, dtype=np.float32)).astype(np.float64).T  # head to Blender
    rotation = np.asarray(view.pose.rotation, np.float64)
    matrix = np.eye(4)
    matrix[:3, :3] = axes @ rotation.T @ TO_CAMERA
    matrix[:3, 3] = axes @ (-rotation.T @ view.pose.translation) * names.METRES
    return matrix


def photo_size(view: View, longest: int) -> tuple[int, int]:
    """Width and height in pixels of a render with the photo's proportions."""
    scale = longest / max(view.camera.width, view.camera.height)
    return max(1, round(view.camera.width * scale)), max(1, round(view.camera.height * scale))
