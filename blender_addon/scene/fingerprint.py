"""A digest of a built character, by which hand edits are noticed later."""

from __future__ import annotations

import hashlib

import bpy
import numpy as np

from ..names import CAMERA_PART, PART
from .shape_keys import key_coordinates

FINGERPRINT = "furrow_fingerprint"


def fingerprint(collection: bpy.types.Collection) -> str:
    """Digest of what an artist may edit: objects, shape key coordinates, modifiers, materials, children, animation."""
    digest = hashlib.sha256()
    for made in sorted(collection.all_objects, key=lambda o: o.name):
        if str(made.get(PART, "")).startswith(CAMERA_PART):
            continue  # comes and goes at the press of a button
        names = [m.name for m in made.modifiers] + [s.material.name if s.material else "" for s in made.material_slots]
        names += [m.node_group.name for m in made.modifiers if m.type == "NODES" and m.node_group]
        animated = [bool(d and d.action) for d in (made.animation_data, _key_animation(made))]
        digest.update(repr((made.get(PART), made.type, names, animated)).encode())
        if made.type == "MESH":
            for key in made.data.shape_keys.key_blocks if made.data.shape_keys else ():
                digest.update(key.name.encode())
                digest.update(key_coordinates(key).tobytes())
            positions = np.empty(len(made.data.vertices) * 3, np.float32)
            made.data.vertices.foreach_get("co", positions)
            digest.update(positions.tobytes())
        if made.type == "CURVES":
            positions = np.empty(len(made.data.points) * 3, np.float32)
            made.data.points.foreach_get("position", positions)
            digest.update(positions.tobytes())
    return digest.hexdigest()


def _key_animation(made: bpy.types.Object) -> bpy.types.AnimData | None:
    keys = getattr(made.data, "shape_keys", None)
    return keys.animation_data if keys else None
