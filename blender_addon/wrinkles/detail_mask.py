"""The mask that the artist paints: a colour attribute of the head, read live by the tension nodes."""

from __future__ import annotations

import bpy
import numpy as np

from .. import names


def add_mask(mesh: bpy.types.Mesh) -> bpy.types.Attribute:
    """The mask of a head, white when it is new, and the one that painting changes."""
    mask = mesh.color_attributes.get(names.PAINT)
    if mask is None:
        mask = mesh.color_attributes.new(names.PAINT, "FLOAT_COLOR", "POINT")
        _fill(mask)
    mesh.color_attributes.active_color_index = list(mesh.color_attributes.keys()).index(names.PAINT)
    return mask


def clear_mask(mesh: bpy.types.Mesh) -> None:
    """White everywhere, where there is a mask."""
    mask = mesh.color_attributes.get(names.PAINT)
    if mask is not None:
        _fill(mask)
        mesh.update_tag()


def _fill(mask: bpy.types.Attribute) -> None:
    mask.data.foreach_set("color", np.ones(4 * len(mask.data), np.float32))
