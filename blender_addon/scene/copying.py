"""Copies of objects that point to each other as the originals do."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from .modifier_inputs import default_inputs, get_input, set_input


def copy_objects(items: Iterable[bpy.types.Object]) -> dict[bpy.types.Object, bpy.types.Object]:
    """Copy objects with their data, {original: copy}; nothing is linked to a collection.

    Parents, modifiers, constraints, drivers and surfaces of hair that point to one of the objects point to its copy.
    Materials, images, node groups and actions stay shared.
    """
    copies = {item: item.copy() for item in items}
    data = {item.data: None for item in copies if item.data is not None}
    blocks: dict[bpy.types.ID, bpy.types.ID] = dict(copies)
    for block in data:
        blocks[block] = block.copy()
        if getattr(block, "shape_keys", None) is not None:
            blocks[block.shape_keys] = blocks[block].shape_keys
    for item, copy in copies.items():
        if item.data is not None:
            copy.data = blocks[item.data]
        if item.parent in copies:
            copy.parent = copies[item.parent]
            copy.matrix_parent_inverse = item.matrix_parent_inverse
        for modifier in copy.modifiers:
            _redirect(modifier, blocks)
            if modifier.type == "NODES" and modifier.node_group is not None:
                _redirect_inputs(modifier, blocks)
        for constraint in (*copy.constraints, *(c for b in _bones(copy) for c in b.constraints)):
            _redirect(constraint, blocks)
        if isinstance(copy.data, bpy.types.Curves) and copy.data.surface in copies:
            copy.data.surface = copies[copy.data.surface]
    for copy in blocks.values():
        _redirect_drivers(copy, blocks)
    return copies


def _bones(item: bpy.types.Object) -> Iterable[bpy.types.PoseBone]:
    return item.pose.bones if item.pose is not None else ()


def _redirect(holder: bpy.types.bpy_struct, blocks: dict[bpy.types.ID, bpy.types.ID]) -> None:
    """Exchange the data-blocks that a modifier or a constraint points to."""
    for prop in holder.bl_rna.properties:
        if prop.type == "POINTER" and not prop.is_readonly:
            value = getattr(holder, prop.identifier, None)
            if isinstance(value, bpy.types.ID) and value in blocks:
                setattr(holder, prop.identifier, blocks[value])


def _redirect_inputs(modifier: bpy.types.NodesModifier, blocks: dict[bpy.types.ID, bpy.types.ID]) -> None:
    for name in default_inputs(modifier):
        value = get_input(modifier, name)
        if isinstance(value, bpy.types.ID) and value in blocks:
            set_input(modifier, name, blocks[value])


def _redirect_drivers(holder: bpy.types.ID, blocks: dict[bpy.types.ID, bpy.types.ID]) -> None:
    for curve in holder.animation_data.drivers if holder.animation_data is not None else ():
        for variable in curve.driver.variables:
            for target in variable.targets:
                if target.id in blocks:
                    target.id = blocks[target.id]
