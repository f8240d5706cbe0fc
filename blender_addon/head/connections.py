"""What holds a character together: parents, drivers, locks, and the limit that the jaw's bone and key share.

All of it lives in the .blend and works without Furrow. :func:`connect` may be called again at any time: it mends what
points elsewhere, at another character or at nothing, and leaves the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from .. import names
from ..hair.follow_nodes import HEAD
from ..scene.modifier_inputs import get_input, set_input
from ..scene.shape_keys import drive_shape_keys

BOND = "furrow_bond"  # property of the rig that never changes, and of the shape keys that it drives
JAW, JAW_KEY, JAW_LIMIT = "jaw", "jawOpen", "Furrow Jaw"
JAW_OPEN = 0.4151  # radians: how far jawOpen turns the model's lower teeth, 23.8 degrees, measured on the mean head
ARMATURE = "Armature"  # name of the modifier


def connect(
    rig: bpy.types.Object | None, parts: dict[str, bpy.types.Object], hair: dict[str, bpy.types.Object]
) -> None:
    """Connect the parts of one character with each other; parts that are gone are skipped.

    Args:
        rig: the armature object.
        parts, hair: as in ``HeadObjects``.
    """
    head = parts.get("head")
    for part, made in parts.items():
        if rig is not None:
            _parent(made, rig)
            _follow_bones(made, rig)
            lock(made)
        keys = made.data.shape_keys
        if keys is not None and head is not None and made != head:
            _drive(made, head)
        if keys is not None and rig is not None:
            bond(keys, rig)
        if part == "head" and rig is not None:
            limit_jaw(rig, made)
    for made in hair.values():
        if head is not None:
            _root(made, head)
        lock(made)


def lock(made: bpy.types.Object) -> None:
    """Let an object move with its parent alone: dragged on its own, it would leave the character behind."""
    if not (all(made.lock_location) and all(made.lock_rotation) and all(made.lock_scale)):
        made.lock_location = made.lock_rotation = made.lock_scale = (True, True, True)
        made.lock_rotation_w = True


def bond(keys: bpy.types.Key, rig: bpy.types.Object) -> None:
    """Have shape keys depend on the rig by a driver of a property that nothing reads.

    Library overrides take along what depends on an overridden object, so that the keys of a linked character become the
    override's own: sliders and keyframes on it last.
    """
    if BOND not in rig:
        rig[BOND] = 0.0
    keys[BOND] = 0.0
    path = f'["{BOND}"]'
    if all(target.id == rig for target in _targets(keys, path)) and _driver(keys, path) is not None:
        return
    keys.driver_remove(path)
    _single_property(keys.driver_add(path), rig, path)


def is_unbound(head: bpy.types.Object) -> bool:
    """Whether a head was built before :func:`bond`."""
    return head.data.shape_keys is not None and BOND not in head.data.shape_keys


def limit_jaw(rig: bpy.types.Object, head: bpy.types.Object) -> None:
    """Limit the jaw bone's opening to what the key jawOpen leaves of it, so that the jaw cannot open twice."""
    bone, keys = rig.pose.bones.get(JAW), head.data.shape_keys
    if bone is None or keys is None or JAW_KEY not in keys.key_blocks:
        return
    limit = bone.constraints.get(JAW_LIMIT)
    if limit is None:
        limit = bone.constraints.new("LIMIT_ROTATION")
        limit.name, limit.owner_space = JAW_LIMIT, "LOCAL"
        limit.use_limit_x, limit.min_x = True, -JAW_OPEN
        limit.euler_order = "XYZ"
    path = limit.path_from_id("max_x")
    if all(target.id == keys for target in _targets(rig, path)) and _driver(rig, path) is not None:
        return
    rig.driver_remove(path)
    curve = rig.driver_add(path)
    _single_property(curve, keys, f'key_blocks["{JAW_KEY}"].value')
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    while curve.keyframe_points:
        curve.keyframe_points.remove(curve.keyframe_points[0])
    line = curve.modifiers.new("GENERATOR")
    line.coefficients = (JAW_OPEN, -JAW_OPEN)


def _single_property(curve: bpy.types.FCurve, source: bpy.types.ID, path: str) -> None:
    """Drive by one property, without Python."""
    curve.driver.type = "SUM"
    variable = curve.driver.variables.new()
    variable.type = "SINGLE_PROP"
    target = variable.targets[0]
    target.id_type, target.id, target.data_path = source.id_type, source, path


def _driver(block: bpy.types.ID, path: str) -> bpy.types.FCurve | None:
    return block.animation_data.drivers.find(path) if block.animation_data is not None else None


def _targets(block: bpy.types.ID, path: str) -> Iterator[bpy.types.DriverTarget]:
    """What the driver of a property reads."""
    curve = _driver(block, path)
    for variable in curve.driver.variables if curve is not None else ():
        yield from variable.targets


def _parent(made: bpy.types.Object, parent: bpy.types.Object) -> None:
    """Hang a part on its own rig or head, where it hangs on nothing or on another character's."""
    if made.parent is None or (made.parent != parent and names.PART in made.parent):
        made.parent = parent


def _follow_bones(made: bpy.types.Object, rig: bpy.types.Object) -> None:
    for modifier in made.modifiers:
        if modifier.type == "ARMATURE" and (modifier.object is None or names.PART in modifier.object):
            if modifier.object != rig:
                modifier.object = rig


def _drive(made: bpy.types.Object, head: bpy.types.Object) -> None:
    """Drive the keys of a part by its own head's; drivers that the artist has put there or removed stay so."""
    keys, source = made.data.shape_keys, head.data.shape_keys
    if source is None:
        return
    new = keys.animation_data is None or not keys.animation_data.drivers
    wrong = []
    for key in keys.key_blocks[1:]:
        path = key.path_from_id("value")
        strange = any(t.id_type == "KEY" and t.id != source for t in _targets(keys, path))
        if key.name in source.key_blocks and (new or strange):
            keys.driver_remove(path)
            wrong.append(key)
    drive_shape_keys(made, head, wrong)


def _root(made: bpy.types.Object, head: bpy.types.Object) -> None:
    """Root hair in its own head."""
    _parent(made, head)
    if made.type == "CURVES" and made.data.surface != head:
        made.data.surface, made.data.surface_uv_map = head, names.UV_MAP
    follow = made.modifiers.get(names.FOLLOW)
    if follow is not None and follow.type == "NODES" and follow.node_group is not None:
        if get_input(follow, HEAD) != head:
            set_input(follow, HEAD, head)
