"""Inputs of a Geometry Nodes modifier, by name, in every supported Blender.

Up to 5.1 they are ID properties of the modifier; from 5.2 on they are real properties.
"""

from __future__ import annotations

from typing import Any

import bpy


def identifier(modifier: bpy.types.NodesModifier, name: str) -> str:
    """Identifier of the input socket called name.

    Raises:
        KeyError: the node group has no such input.
    """
    for item in modifier.node_group.interface.items_tree:
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name == name:
            return item.identifier
    raise KeyError(f"{modifier.name} has no input {name!r}")


def default_inputs(modifier: bpy.types.NodesModifier) -> dict[str, Any]:
    """Name to default value of each input, the geometry aside."""
    return {
        item.name: item.default_value
        for item in modifier.node_group.interface.items_tree
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.socket_type != "NodeSocketGeometry"
    }


def input_property(modifier: bpy.types.NodesModifier, name: str) -> tuple[Any, str]:
    """What ``layout.prop`` takes: the owner and the property's name."""
    key = identifier(modifier, name)
    if hasattr(modifier, "properties"):
        return getattr(modifier.properties.inputs, key), "value"
    return modifier, f'["{key}"]'


def get_input(modifier: bpy.types.NodesModifier, name: str) -> Any:
    """Value of an input."""
    key = identifier(modifier, name)
    if hasattr(modifier, "properties"):
        return getattr(modifier.properties.inputs, key).value
    return modifier[key]


def set_input(modifier: bpy.types.NodesModifier, name: str, value: Any) -> None:
    """Set an input and have the object evaluated again."""
    key = identifier(modifier, name)
    if hasattr(modifier, "properties"):
        getattr(modifier.properties.inputs, key).value = value
    else:
        modifier[key] = value
    modifier.id_data.update_tag()
