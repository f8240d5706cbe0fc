"""The node group "Furrow Wrinkles": displacement along the normal by the four maps packed in one RGBA image."""

from __future__ import annotations

import bpy

from . import names
from .nodes import TreeBuilder, reusable_tree

VERSION = 1


def wrinkle_tree() -> bpy.types.NodeTree:
    """The node group, made on first use and shared by all characters.

    D = scale * sum over the channels of (texel - 0.5) * weight, with the weights of ``furrow_wrinkles``; D is also
    stored as ``furrow_displacement`` (metres) so that the material's bump adds only what the mesh is too coarse for.
    """
    tree = reusable_tree(names.WRINKLE, VERSION)
    if tree is not None:
        return tree
    tree = bpy.data.node_groups.new(names.WRINKLE, "GeometryNodeTree")
    tree.is_modifier = True
    tree["furrow_version"] = VERSION
    _interface(tree)
    build = TreeBuilder(tree)
    source, result = build.node("NodeGroupInput"), build.node("NodeGroupOutput")
    displacement = _displacement(build, source)
    store = build.node(
        "GeometryNodeStoreNamedAttribute",
        {"Geometry": source.outputs["Geometry"], "Name": names.DISPLACEMENT, "Value": displacement},
        data_type="FLOAT",
        domain="POINT",
    )
    stored = build.node("GeometryNodeInputNamedAttribute", {"Name": names.DISPLACEMENT}, data_type="FLOAT")
    offset = build.scale(build.node("GeometryNodeInputNormal").outputs["Normal"], stored.outputs["Attribute"])
    moved = build.node("GeometryNodeSetPosition", {"Geometry": store.outputs["Geometry"], "Offset": offset})
    build.set(result.inputs["Geometry"], moved.outputs["Geometry"])
    build.arrange()
    return tree


def _interface(tree: bpy.types.NodeTree) -> None:
    new = tree.interface.new_socket
    new("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    new("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    maps = new("Maps", in_out="INPUT", socket_type="NodeSocketImage")
    maps.description = "Displacement: static, compressed 1, compressed 2, stretched in R, G, B, A; 0.5 is zero"
    scale = new("Scale (mm)", in_out="INPUT", socket_type="NodeSocketFloat")
    scale.default_value, scale.min_value, scale.max_value = 1.0, 0.0, 100.0
    scale.description = "Millimetres between the darkest and the brightest value of the maps"


def _displacement(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    uv = build.node("GeometryNodeInputNamedAttribute", {"Name": names.UV_MAP}, data_type="FLOAT_VECTOR")
    texel = build.node(
        "GeometryNodeImageTexture",
        {"Image": source.outputs["Maps"], "Vector": uv.outputs["Attribute"]},
        interpolation="Linear",
        extension="EXTEND",
    )
    weights = build.node("GeometryNodeInputNamedAttribute", {"Name": names.WRINKLES}, data_type="FLOAT_COLOR")
    alpha = build.node("FunctionNodeSeparateColor", {0: weights.outputs["Attribute"]}).outputs["Alpha"]
    centred = build.vector("SUBTRACT", texel.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, weights.outputs["Attribute"])
    total = build.math("MULTIPLY_ADD", build.math("SUBTRACT", texel.outputs["Alpha"], 0.5), alpha, first)
    metres = build.math("MULTIPLY", source.outputs["Scale (mm)"], names.METRES)
    return build.math("MULTIPLY", total, metres)
