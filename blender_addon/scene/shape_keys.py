"""Shape keys: the expressions on every part that moves with them, those of the other parts driven by the head's."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

STILL = 1e-6  # metres: a key that moves a part less is left out


def add_shape_keys(
    made: bpy.types.Object, basis: np.ndarray, key_names: Sequence[str], deltas: np.ndarray, keep_still: bool
) -> None:
    """Add a basis and one key a name.

    Args:
        basis: (n, 3) metres.
        deltas: (keys, n, 3) metres at weight 1.
        keep_still: also add keys that move nothing (the head shows all of them).
    """
    made.shape_key_add(name="Basis", from_mix=False)
    for name, delta in zip(key_names, deltas, strict=True):
        if keep_still or np.abs(delta).max(initial=0.0) > STILL:
            key = made.shape_key_add(name=name, from_mix=False)
            key.data.foreach_set("co", np.ascontiguousarray(basis + delta, np.float32).ravel())
            key.value = 0.0


def drive_shape_keys(
    follower: bpy.types.Object, leader: bpy.types.Object, keys: Sequence[bpy.types.ShapeKey]
) -> None:
    """Drive keys of follower by the leader's keys of those names; no Python expression, so it needs no permission."""
    source = leader.data.shape_keys
    for key in keys:
        driver = key.driver_add("value").driver
        driver.type = "SUM"
        variable = driver.variables.new()
        variable.type = "SINGLE_PROP"
        target = variable.targets[0]
        target.id_type = "KEY"
        target.id = source
        target.data_path = f'key_blocks["{key.name}"].value'


def key_coordinates(key: bpy.types.ShapeKey) -> np.ndarray:
    """(n, 3) float32 metres of one key."""
    values = np.empty(len(key.data) * 3, np.float32)
    key.data.foreach_get("co", values)
    return values.reshape(-1, 3)


def move_all_keys(made: bpy.types.Object, offset: np.ndarray) -> None:
    """Add offset (n, 3) metres to the mesh and to every key, which keeps what an artist sculpted into them."""
    mesh = made.data
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    mesh.vertices.foreach_set("co", points + offset.ravel())
    if mesh.shape_keys:
        for key in mesh.shape_keys.key_blocks:
            key.data.foreach_set("co", (key_coordinates(key) + offset).ravel())
    mesh.update()
