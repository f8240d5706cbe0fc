"""A performance onto a head: one frame as slider values, or all of them as keyframes in one Action.

The Action has a slot for the head's shape keys (the other parts follow them by drivers) and one for the armature: the
turn of the head, shared between the neck and head bones, and the gaze on the eye bones when it is wanted there.
"""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix
from scipy.spatial.transform import Rotation

from ...core.errors import FurrowError
from ...core.performance.performance import Performance, resampled
from .build_head import HeadObjects
from .expressions import expression_keys

NECK_SHARE = 0.35  # of the head's turn
SILENT = 5e-4  # a shape that never goes beyond is set to zero, not keyed
GAZE_SHAPES = "eyeLook"
EYE_BONES = ("eye.L", "eye.R")
LINEAR = 1  # of keyframe_points' interpolation
# head coordinates (y up, z forward) to Blender's (z up, facing -Y)
_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def set_frame(made: HeadObjects, performance: Performance, pose: bool, eye_bones: bool, frame: int = 0) -> None:
    """Give the sliders, and if wanted the bones, the values of one frame.

    Args:
        pose: turn the neck and head bones.
        eye_bones: turn the eye bones; the eyeLook sliders, which turn the eyes too, become 0.
    """
    weights = _weights(performance, eye_bones)
    for key in expression_keys(made.head):
        if key.name in weights:
            key.value = float(weights[key.name][frame])
    for bone, basis in _bone_turns(made, performance, pose, eye_bones).items():
        path, values = _rotation_values(bone, basis[frame : frame + 1])
        setattr(bone, path.rpartition(".")[2], values[0].tolist())


def key_performance(
    made: HeadObjects, performance: Performance, start: float, fps: float, pose: bool, eye_bones: bool
) -> bpy.types.Action:
    """Key a performance on a head at every frame of the scene's rate.

    Actions that were there stay in the file: they are kept by a fake user.

    Args:
        start: scene frame of the first keyframe.
        fps: of the scene.
        pose, eye_bones: as in :func:`set_frame`.

    Raises:
        FurrowError: the head has no shape keys.
    """
    shape_keys = made.head.data.shape_keys
    if shape_keys is None:
        raise FurrowError(f"{made.head.name} has no shape keys: import the character again.")
    performance = resampled(performance, fps)
    frames = start + np.arange(performance.count)
    action = bpy.data.actions.new(f"{made.collection.name} {performance.name}")
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    weights = _weights(performance, eye_bones)
    bag = _channelbag(action, strip, shape_keys)
    for key in expression_keys(made.head):
        values = weights.get(key.name)
        if values is None:
            continue
        if np.abs(values).max() <= SILENT:
            key.value = 0.0
        else:
            _add_curve(bag, f'key_blocks["{key.name}"].value', 0, frames, values)
    turns = _bone_turns(made, performance, pose, eye_bones)
    if turns:
        bag = _channelbag(action, strip, made.armature)
        for bone, basis in turns.items():
            path, values = _rotation_values(bone, basis)
            group = bag.groups.new(bone.name)
            for index, column in enumerate(values.T):
                _add_curve(bag, path, index, frames, column).group = group
    return action


def _weights(performance: Performance, eye_bones: bool) -> dict[str, np.ndarray]:
    """ARKit name to (F,) weights; no gaze in them where the bones have it."""
    columns = {name: performance.weights[:, i] for i, name in enumerate(performance.names)}
    return {n: v * 0.0 if eye_bones and n.startswith(GAZE_SHAPES) else v for n, v in columns.items()}


def _bone_turns(
    made: HeadObjects, performance: Performance, pose: bool, eye_bones: bool
) -> dict[bpy.types.PoseBone, np.ndarray]:
    """Pose bone to its rotations (F, 3, 3) in its own rest axes; bones that the artist removed are left out."""
    if made.armature is None:
        return {}
    found: dict[bpy.types.PoseBone, np.ndarray] = {}

    def add(name: str, turns: np.ndarray) -> None:
        bone = made.armature.pose.bones.get(name)
        if bone is not None:
            rest = np.array(bone.bone.matrix_local.to_3x3())
            found[bone] = rest.T @ _AXES @ turns @ _AXES.T @ rest

    if pose:
        whole = Rotation.from_matrix(performance.rotation).as_rotvec()
        bones = made.armature.pose.bones
        # a bone that is gone leaves the whole turn to the other
        share = NECK_SHARE if "neck" in bones and "head" in bones else 1.0
        add("neck", Rotation.from_rotvec(share * whole).as_matrix())
        add("head", Rotation.from_rotvec((1.0 - share if "neck" in bones else 1.0) * whole).as_matrix())
    if eye_bones:
        for side, name in enumerate(EYE_BONES):
            yaw, pitch = performance.gaze[:, side].T
            add(name, Rotation.from_euler("YX", np.column_stack([yaw, -pitch])).as_matrix())
    return found


def _rotation_values(bone: bpy.types.PoseBone, basis: np.ndarray) -> tuple[str, np.ndarray]:
    """Data path and values (F, n) of rotations (F, 3, 3) in the bone's own rotation mode, without jumps."""
    name = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]'
    if bone.rotation_mode == "QUATERNION":
        values = Rotation.from_matrix(basis).as_quat()[:, [3, 0, 1, 2]]
        values *= np.where(values[:1, :1] < 0, -1.0, 1.0)
        # q and -q are one rotation: stay on the side of the frame before
        signs = np.sign((values[1:] * values[:-1]).sum(1))
        values[1:] *= np.cumprod(np.where(signs < 0, -1.0, 1.0))[:, None]
        return f"{name}.rotation_quaternion", values
    if bone.rotation_mode == "AXIS_ANGLE":
        vectors = Rotation.from_matrix(basis).as_rotvec()
        angle = np.linalg.norm(vectors, axis=1, keepdims=True)
        axis = np.where(angle > 1e-9, vectors / np.maximum(angle, 1e-9), [0.0, 1.0, 0.0])
        return f"{name}.rotation_axis_angle", np.hstack([angle, axis])
    eulers, before = [], None
    for matrix in basis:
        matrix = Matrix(matrix.tolist())
        before = matrix.to_euler(bone.rotation_mode, before) if before else matrix.to_euler(bone.rotation_mode)
        eulers.append(before[:])
    return f"{name}.rotation_euler", np.array(eulers)


def _channelbag(action: bpy.types.Action, strip, block: bpy.types.ID):
    """Curves of one data block, in a slot of its own that the block uses from now on."""
    slot = action.slots.new(id_type=block.id_type, name=block.name)
    data = block.animation_data or block.animation_data_create()
    if data.action is not None and data.action != action:
        data.action.use_fake_user = True
    data.action = action
    data.action_slot = slot
    return strip.channelbag(slot, ensure=True)


def _add_curve(bag, path: str, index: int, frames: np.ndarray, values: np.ndarray):
    """One F-curve with a linear key at every frame."""
    curve = bag.fcurves.new(path, index=index)
    curve.keyframe_points.add(len(frames))
    curve.keyframe_points.foreach_set("co", np.column_stack([frames, values]).astype(np.float32).ravel())
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), LINEAR, np.int32))
    curve.update()
    return curve
