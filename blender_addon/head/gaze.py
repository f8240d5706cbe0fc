"""Where a head looks: at a place of the scene, as its photo did, or ahead."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from ...core.head.eyeball import BALL, ball_centre
from ...core.performance.gaze import look_weights, turn_between
from ..scene.shape_keys import key_coordinates
from .build_head import HeadObjects
from .characters import objects_of

LOOK = "eyeLook"  # how the names of its shape keys begin
EXPRESSION, PHOTO, CAMERA, AHEAD = "EXPRESSION", "PHOTO", "CAMERA", "AHEAD"
CHOICES = (
    (EXPRESSION, "As the Expression", "Presets and sliders alone turn the eyes"),
    (PHOTO, "As in the Photo", "Where the first photo looked, in every preset"),
    (CAMERA, "At the Camera", "Into the scene's camera, where it is when this or a preset is chosen"),
    (AHEAD, "Straight Ahead", "Along the head's axis"),
)


def apply_gaze(collection: bpy.types.Collection, choice: str) -> None:
    """Turn a character's eyes as one of ``CHOICES`` says."""
    made = objects_of(collection)
    if "head" not in made.parts or choice == EXPRESSION:
        return
    if choice == CAMERA and bpy.context.scene.camera is not None:
        look_at(made, bpy.context.scene.camera.matrix_world.translation)
    else:
        photo = collection.get("furrow_photo_expression") if choice == PHOTO else None
        _set_look(made, photo.to_dict() if photo is not None else {})


def look_at(made: HeadObjects, place: Vector) -> None:
    """Turn both eyes of a head to a place in the world, as far as their shape keys go; they follow nothing later."""
    eyes = made.parts.get("eyes")
    if eyes is None or eyes.data.shape_keys is None:
        return
    keys = eyes.data.shape_keys.key_blocks
    rest = _head_axes(key_coordinates(keys[0]))
    to_head = _head_motion(made.armature).inverted() if made.armature is not None else eyes.matrix_world.inverted()
    target = _head_axes(np.array(to_head @ place)[None])[0]
    turns, aims = {}, {}
    ball = _ball_vertices(eyes.data)
    for side, chosen in (("Left", ball & (rest[:, 0] > 0)), ("Right", ball & (rest[:, 0] <= 0))):
        x, y, z = target - ball_centre(rest[chosen])
        aims[side] = (float(np.arctan2(x, z)), float(np.arctan2(y, np.hypot(x, z))))
        for key in keys[1:]:
            if key.name.startswith(LOOK) and key.name.endswith(side):
                turns[key.name] = turn_between(rest[chosen], _head_axes(key_coordinates(key))[chosen])
    _set_look(made, look_weights(turns, aims))


def _set_look(made: HeadObjects, weights: dict[str, float]) -> None:
    """Give the eyeLook keys of a head their weights; those not named become 0. Other keys stay."""
    if made.head.data.shape_keys is None:
        return
    for key in made.head.data.shape_keys.key_blocks:
        if key.name.startswith(LOOK):
            key.value = weights.get(key.name, 0.0)


def _ball_vertices(mesh: bpy.types.Mesh) -> np.ndarray:
    """(n,) bool, all but the caruncles, which stay where they are."""
    slots = np.empty(len(mesh.polygons), np.int32)
    counts, corners = np.empty_like(slots), np.empty(len(mesh.loops), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    mesh.polygons.foreach_get("loop_total", counts)
    mesh.loops.foreach_get("vertex_index", corners)
    ball = np.zeros(len(mesh.vertices), bool)
    ball[corners[np.repeat(slots == BALL, counts)]] = True
    return ball


def _head_motion(armature: bpy.types.Object):
    """4 x 4: from the head at rest to the world, with the pose of the head's bone."""
    bone = armature.pose.bones.get("head")
    motion = armature.matrix_world.copy()
    return motion if bone is None else motion @ bone.matrix @ bone.bone.matrix_local.inverted()


def _head_axes(points: np.ndarray) -> np.ndarray:
    """(n, 3) in head coordinates (y up, z forward) of points in Blender's."""
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=-1).astype(np.float64)
