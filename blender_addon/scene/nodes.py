"""Short notation for node trees: a socket, a number or a tuple goes wherever an input is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

Value = Any  # bpy.types.NodeSocket, float, int, str, tuple or data-block


class TreeBuilder:
    """Adds nodes to one tree and links them by socket name (socket order differs between Blender versions)."""

    def __init__(self, tree: bpy.types.NodeTree):
        self.tree = tree

    def node(self, kind: str, inputs: dict[str | int, Value] | None = None, **properties) -> bpy.types.Node:
        """A node with properties set first, then inputs by name (or index where names repeat)."""
        node = self.tree.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        for key, value in (inputs or {}).items():
            self.set(socket(node.inputs, key), value)
        return node

    def set(self, target: bpy.types.NodeSocket, value: Value) -> None:
        """Link a socket, or set a constant."""
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, target)
        else:
            target.default_value = value

    def math(self, operation: str, *values: Value, clamp: bool = False) -> bpy.types.NodeSocket:
        """Scalar arithmetic on one to three values."""
        node = self.node("ShaderNodeMath", dict(enumerate(values)), operation=operation, use_clamp=clamp)
        return node.outputs[0]

    def vector(self, operation: str, *values: Value) -> bpy.types.NodeSocket:
        """Vector arithmetic; the scalar output where the operation has one."""
        node = self.node("ShaderNodeVectorMath", dict(enumerate(values)), operation=operation)
        return next(s for s in node.outputs if s.enabled)

    def scale(self, vector: Value, factor: Value) -> bpy.types.NodeSocket:
        """Vector times scalar."""
        node = self.node("ShaderNodeVectorMath", {0: vector, "Scale": factor}, operation="SCALE")
        return node.outputs["Vector"]

    def clamp(self, value: Value, low: float, high: float) -> bpy.types.NodeSocket:
        """Value limited to [low, high]."""
        return self.node("ShaderNodeClamp", {"Value": value, "Min": low, "Max": high}).outputs[0]

    def separate(self, vector: Value) -> tuple[bpy.types.NodeSocket, ...]:
        """x, y, z of a vector."""
        return tuple(self.node("ShaderNodeSeparateXYZ", {0: vector}).outputs)

    def combine(self, x: Value, y: Value, z: Value) -> bpy.types.NodeSocket:
        """Vector of three scalars."""
        return self.node("ShaderNodeCombineXYZ", {"X": x, "Y": y, "Z": z}).outputs[0]

    def arrange(self, width: float = 190.0, height: float = 170.0) -> None:
        """Place nodes in columns by their longest path from a source, so that an artist can read the tree."""
        depth = dict.fromkeys(self.tree.nodes, 0)
        for _ in self.tree.nodes:  # longest path: settles within as many rounds as there are nodes
            changed = False
            for link in self.tree.links:
                if depth[link.to_node] <= depth[link.from_node]:
                    depth[link.to_node] = depth[link.from_node] + 1
                    changed = True
            if not changed:
                break
        rows: dict[int, int] = {}
        for node, column in depth.items():
            row = rows[column] = rows.get(column, -1) + 1
            node.location = (column * width, -row * height)


def socket(sockets, key: str | int) -> bpy.types.NodeSocket:
    """Socket by index, or the enabled one of that name; "Fac" is also found under its new name "Factor"."""
    if isinstance(key, int):
        return sockets[key]
    names = {"Fac": ("Fac", "Factor")}.get(key, (key,))
    return next(s for s in sockets if s.enabled and s.name in names)


def modifier_tree(
    name: str, version: int, interface: Callable[[bpy.types.NodeTree], None], nodes: Callable[..., bpy.types.NodeSocket]
) -> bpy.types.NodeTree:
    """A geometry node group for a modifier, made on first use and shared by all characters.

    Args:
        name: of the group.
        version: of its nodes; a group of another version stays with the heads that have it.
        interface: adds the inputs after the geometry.
        nodes: adds the nodes, given the builder and the group's input node, and returns the geometry that comes out.
    """
    for tree in bpy.data.node_groups:
        if tree.name.startswith(name) and tree.get("furrow_version") == version:
            return tree
    tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
    tree.is_modifier = True
    tree["furrow_version"] = version
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    interface(tree)
    build = TreeBuilder(tree)
    source, result = build.node("NodeGroupInput"), build.node("NodeGroupOutput")
    build.set(result.inputs["Geometry"], nodes(build, source))
    build.arrange()
    return tree
