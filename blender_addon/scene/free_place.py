"""A place on the floor where nothing stands yet."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

SOLID = {"MESH", "CURVES", "CURVE", "SURFACE", "META", "FONT", "POINTCLOUD", "VOLUME"}
ROOM = 4.0  # metres: what is wider is a floor or a room, which things stand in
MOST = 200  # tries


def free_place(context: bpy.types.Context, width: float, height: float, start: Vector | None = None) -> Vector:
    """A place, or the next one to its right where a box touches no visible object.

    Args:
        width: across and deep, in Blender units; the box stands on the place.
        height: likewise.
        start: the place to begin at; None for the 3D cursor's.
    """
    cursor = context.scene.cursor.location if start is None else start
    boxes = np.array([_bounds(o) for o in context.view_layer.objects if o.type in SOLID and o.visible_get()])
    boxes = boxes.reshape(-1, 2, 3)
    boxes = boxes[(boxes[:, 1] - boxes[:, 0])[:, :2].max(1) < ROOM * units_a_metre(context.scene)]
    reach = np.array([[-0.5 * width, -0.5 * width, 0.0], [0.5 * width, 0.5 * width, height]])
    for step in range(MOST):
        place = Vector((cursor.x + step * width, cursor.y, cursor.z))
        low, high = reach + np.array(place)
        if not ((boxes[:, 0] < high) & (boxes[:, 1] > low)).all(1).any():
            return place
    return cursor.copy()


def units_a_metre(scene: bpy.types.Scene) -> float:
    """Blender units in a metre, as a scene's unit scale has it."""
    return 1.0 if scene.unit_settings.system == "NONE" else 1.0 / scene.unit_settings.scale_length


def _bounds(item: bpy.types.Object) -> np.ndarray:
    """(2, 3) lowest and highest corner in the world."""
    corners = np.array([item.matrix_world @ Vector(corner) for corner in item.bound_box])
    return np.stack([corners.min(0), corners.max(0)])
