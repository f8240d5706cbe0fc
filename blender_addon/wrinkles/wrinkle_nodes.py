"""The node group "Furrow Wrinkles": displacement along the normal by the four maps packed in one RGBA image."""

from __future__ import annotations

import bpy

from .. import names
from ..scene.nodes import TreeBuilder, modifier_tree

VERSION = 2


def wrinkle_tree() -> bpy.types.NodeTree:
    """The node group, made on first use and shared by all characters.

    D = scale * sum over the channels of (texel - 0.5) * weight, with the weights of ``furrow_wrinkles``, and the same
    of the bands of static detail with those of ``furrow_bands``; D is also stored as ``furrow_displacement`` (metres)
    so that the material's bump adds only what the mesh is too coarse for.
    """
    return modifier_tree(names.WRINKLE, VERSION, _interface, _nodes)


def _nodes(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    """The geometry moved by the displacement."""
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
    return moved.outputs["Geometry"]


def _interface(tree: bpy.types.NodeTree) -> None:
    new = tree.interface.new_socket
    maps = new("Maps", in_out="INPUT", socket_type="NodeSocketImage")
    maps.description = "Displacement: static, compressed 1, compressed 2, stretched in R, G, B, A; 0.5 is zero"
    scale = new("Scale (mm)", in_out="INPUT", socket_type="NodeSocketFloat")
    scale.default_value, scale.min_value, scale.max_value = 1.0, 0.0, 100.0
    scale.description = "Millimetres between the darkest and the brightest value of the maps"
    bands = new("Bands", in_out="INPUT", socket_type="NodeSocketImage")
    bands.description = "Static detail: its folds, what is from the photo, the folds of that in R, G, B; 0.5 is zero"
    scale = new("Bands Scale (mm)", in_out="INPUT", socket_type="NodeSocketFloat")
    scale.default_value, scale.min_value, scale.max_value = 0.0, 0.0, 100.0
    scale.description = "Millimetres between the darkest and the brightest value of the bands"


def _displacement(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    uv = build.node("GeometryNodeInputNamedAttribute", {"Name": names.UV_MAP}, data_type="FLOAT_VECTOR")
    texel, band = (
        build.node(
            "GeometryNodeImageTexture",
            {"Image": source.outputs[name], "Vector": uv.outputs["Attribute"]},
            interpolation="Linear",
            extension="EXTEND",
        )
        for name in ("Maps", "Bands")
    )
    weights = build.node("GeometryNodeInputNamedAttribute", {"Name": names.WRINKLES}, data_type="FLOAT_COLOR")
    alpha = build.node("FunctionNodeSeparateColor", {0: weights.outputs["Attribute"]}).outputs["Alpha"]
    centred = build.vector("SUBTRACT", texel.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, weights.outputs["Attribute"])
    total = build.math("MULTIPLY_ADD", build.math("SUBTRACT", texel.outputs["Alpha"], 0.5), alpha, first)
    total = build.math("MULTIPLY", total, source.outputs["Scale (mm)"])
    weights = build.node("GeometryNodeInputNamedAttribute", {"Name": names.BANDS}, data_type="FLOAT_COLOR")
    centred = build.vector("SUBTRACT", band.outputs["Color"], (0.5, 0.5, 0.5))
    extra = build.vector("DOT_PRODUCT", centred, weights.outputs["Attribute"])
    total = build.math("MULTIPLY_ADD", extra, source.outputs["Bands Scale (mm)"], total)
    return build.math("MULTIPLY", total, names.METRES)
