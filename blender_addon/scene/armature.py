"""The armature: root, neck, head, jaw and eyes."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.head.model import JOINTS

PARENTS = {"neck": "root", "head": "neck", "jaw": "head", "eye.L": "head", "eye.R": "head"}
MIN_LENGTH = 0.002  # metres: Blender removes bones of no length


def create_armature(name: str, joints: np.ndarray, collection: bpy.types.Collection) -> bpy.types.Object:
    """Armature object with one bone a joint.

    Args:
        joints: (len(JOINTS), 2, 3) metres, head and tail.
        collection: linked into the view layer.
    """
    made = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    made.data.display_type = "STICK"
    made.show_in_front = True
    collection.objects.link(made)

    def add(bones) -> None:
        for bone_name in JOINTS:
            bone = bones.new(bone_name)
            bone.parent = bones.get(PARENTS.get(bone_name, ""))

    _edit(made, joints, add)
    return made


def move_joints(made: bpy.types.Object, offset: np.ndarray) -> None:
    """Move head and tail of each bone by offset (len(JOINTS), 2, 3) metres; bones that are gone are skipped."""
    rest = np.zeros_like(offset)
    for k, name in enumerate(JOINTS):
        bone = made.data.bones.get(name)
        if bone is not None:
            rest[k] = bone.head_local, bone.tail_local
    _edit(made, rest + offset, lambda bones: None)


def _edit(made: bpy.types.Object, joints: np.ndarray, prepare) -> None:
    """Set bone ends in edit mode, the only place where Blender lets them move; active object and mode come back."""
    layer = bpy.context.view_layer
    active = layer.objects.active
    mode = active.mode if active else "OBJECT"
    hidden = made.hide_get()
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    selected = [item for item in layer.objects if item.select_get()]
    try:
        made.hide_set(False)
        layer.objects.active = made
        bpy.ops.object.mode_set(mode="EDIT")
        bones = made.data.edit_bones
        prepare(bones)
        for name, (head, tail) in zip(JOINTS, joints, strict=True):
            if name in bones:
                direction = tail - head
                length = float(np.linalg.norm(direction))
                if length < MIN_LENGTH:
                    tail = head + (direction / length if length > 0 else np.array([0.0, -1.0, 0.0])) * MIN_LENGTH
                bones[name].head, bones[name].tail = head.tolist(), tail.tolist()
        bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        made.hide_set(hidden)
        layer.objects.active = active
        for item in layer.objects:
            item.select_set(item in selected)
        if active and mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)
