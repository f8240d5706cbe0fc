"""Setting the head's expression."""

from __future__ import annotations

import bpy

GROUPS: dict[str, tuple[str, ...]] = {
    "Brows": ("brow",),
    "Eyes": ("eye",),
    "Cheeks and Nose": ("cheek", "nose"),
    "Jaw": ("jaw",),
    "Mouth": ("mouth", "tongue"),
}


def set_expression(head: bpy.types.Object, weights: dict[str, float]) -> None:
    """Give each shape key its weight of {ARKit name: weight}; those not named become 0. Other keys stay."""
    for key in expression_keys(head):
        key.value = weights.get(key.name, 0.0)


def expression_keys(head: bpy.types.Object) -> list[bpy.types.ShapeKey]:
    """The head's ARKit keys, in order; keys that an artist added belong to no group and are left out."""
    prefixes = tuple(prefix for group in GROUPS.values() for prefix in group)
    keys = head.data.shape_keys.key_blocks[1:] if head.data.shape_keys else []
    return [key for key in keys if key.name.startswith(prefixes)]


def grouped_keys(head: bpy.types.Object) -> dict[str, list[bpy.types.ShapeKey]]:
    """Expression keys by group, in the order of the panel."""
    keys = expression_keys(head)
    return {group: [k for k in keys if k.name.startswith(prefixes)] for group, prefixes in GROUPS.items()}
