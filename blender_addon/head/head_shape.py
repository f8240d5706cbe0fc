"""Head shape sliders: move a finished character along age, gender, weight and ancestry, keeping the artist's work."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import bpy
import numpy as np

from ...core.character.character import Character
from ...core.head.model import DIRECTIONS, JOINTS
from .. import names
from ..scene.armature import move_joints
from ..scene.mesh_objects import get_attribute, set_attribute
from ..scene.shape_keys import move_all_keys
from .characters import parts_of


def apply_directions(collection: bpy.types.Collection, values: Sequence[float]) -> None:
    """Bring a character to direction values (len(DIRECTIONS),), 0 being the reconstructed person.

    Only the difference to the values applied before is added, to the mesh and to all shape keys alike, so what an
    artist has sculpted stays. Rest positions and joints follow, and with them tension and skinning.
    """
    if "furrow_directions" not in collection:
        return
    change = np.asarray(values, np.float32) - np.asarray(list(collection["furrow_directions"]), np.float32)
    if not change.any():
        return
    parts = parts_of(collection)
    for made in parts.values():
        if made.type == "MESH" and names.REST_POSITION in made.data.attributes:
            _move_part(made, change)
    skeleton = parts.get(names.RIG)
    if skeleton is not None and "furrow_joint_directions" in skeleton.data:
        joints = np.asarray(list(skeleton.data["furrow_joint_directions"]), np.float32)
        move_joints(skeleton, np.tensordot(change, joints.reshape(len(DIRECTIONS), len(JOINTS), 2, 3), 1))
    collection["furrow_directions"] = [float(v) for v in values]


def _move_part(made: bpy.types.Object, change: np.ndarray) -> None:
    mesh = made.data
    offset = np.zeros((len(mesh.vertices), 3), np.float32)
    for amount, name in zip(change, DIRECTIONS, strict=True):
        if amount and names.DIRECTION + name in mesh.attributes:
            offset += amount * get_attribute(mesh, names.DIRECTION + name)
    if offset.any():
        move_all_keys(made, offset)
        set_attribute(mesh, names.REST_POSITION, get_attribute(mesh, names.REST_POSITION) + offset)


def with_directions(character: Character, values: np.ndarray) -> Character:
    """The character with its head moved along the directions by values (len(DIRECTIONS),)."""
    return dataclasses.replace(
        character,
        neutral=character.neutral + np.tensordot(values, character.directions, 1),
        joints=character.joints + np.tensordot(values, character.joint_directions, 1),
    )
