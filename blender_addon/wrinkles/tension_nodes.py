"""The node group "Furrow Tension": how far the skin is pushed together or pulled longer, as a point attribute.

It computes what ``core.head.tension`` computes, in native nodes: per edge the length ratio r (deformed over rest) and
the rest direction e; per vertex and wrinkle family T = mean(r e e^T) : n n^T / (mean(e e^T) : n n^T). Everything is
taken live from the attributes ``rest_position`` and the wrinkle normals, so that the mesh may still be edited.
The result is the colour attribute ``furrow_wrinkles``: the weight of each channel of the displacement map (static,
compressed 1, compressed 2, stretched), strengths, region gains and the painted mask included. A second one,
``furrow_bands``, weighs what ``core.character.bands`` keeps of the static map's bands, and the pores (alpha).
"""

from __future__ import annotations

import bpy

from ...core.head.model import DIRECTIONS
from ...core.head.tension import BLUR_ITERATIONS, RATIO_RANGE, TENSION_GAIN
from .. import names
from ..scene.nodes import TreeBuilder, modifier_tree

VERSION = 2


BANDS = {
    "Folds": "Static detail wider than about 7 mm",
    "Lines": "Static detail finer than that",
    "Pores": "Pores and the finest relief of the skin",
    "From Photo": "Static detail that was read from the photo, or taken from another person",
    "From Atlas": "Static detail that the age alone brings",
}


def tension_tree() -> bpy.types.NodeTree:
    """The node group, made on first use and shared by all characters."""
    return modifier_tree(names.TENSION, VERSION, _interface, _nodes)


def _nodes(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    """The geometry with both colour attributes."""
    channels = _blurred_tension(build, source)
    geometry = source.outputs["Geometry"]
    weights = _channel_weights(build, source, channels)
    for name, value in zip((names.WRINKLES, names.BANDS), weights, strict=True):
        geometry = build.node(
            "GeometryNodeStoreNamedAttribute",
            {"Geometry": geometry, "Name": name, "Value": value},
            data_type="FLOAT_COLOR",
            domain="POINT",
        ).outputs["Geometry"]
    return _without_helpers(build, geometry)


def _interface(tree: bpy.types.NodeTree) -> None:
    new = tree.interface.new_socket
    _float(new, "Static Strength", 1.0, 0.0, 3.0, "Wrinkles that show at rest")
    _float(new, "Dynamic Strength", 1.0, 0.0, 3.0, "Wrinkles that come and go with the expression")
    _float(new, "Tension Gain", TENSION_GAIN, 0.0, 10.0, "How soon pushed-together skin shows its full wrinkles")
    directional = new("Directional", in_out="INPUT", socket_type="NodeSocketBool")
    directional.default_value = True
    directional.description = "Measure tension across the wrinkle lines; off: the mean over all edges"
    bands = tree.interface.new_panel("Bands")
    for name, description in BANDS.items():
        _float(new, name, 1.0, 0.0, 3.0, description, parent=bands)
    panel = tree.interface.new_panel("Regions")
    for region in names.REGIONS:
        _float(new, region, 1.0, 0.0, 3.0, f"Factor of all wrinkles of the region {region}", parent=panel)


def _float(new, name: str, default: float, low: float, high: float, description: str, parent=None) -> None:
    item = new(name, in_out="INPUT", socket_type="NodeSocketFloat", parent=parent)
    item.default_value, item.min_value, item.max_value, item.description = default, low, high, description


def _attribute(build: TreeBuilder, name: str, data_type: str = "FLOAT_VECTOR") -> bpy.types.Node:
    return build.node("GeometryNodeInputNamedAttribute", {"Name": name}, data_type=data_type)


def _mean(build: TreeBuilder, value: bpy.types.NodeSocket, data_type: str) -> bpy.types.NodeSocket:
    """Mean of an edge field over the edges at each point."""
    edge = build.node("GeometryNodeFieldOnDomain", {"Value": value}, data_type=data_type, domain="EDGE")
    point = build.node(
        "GeometryNodeFieldOnDomain", {"Value": edge.outputs["Value"]}, data_type=data_type, domain="POINT"
    )
    return point.outputs["Value"]


def _edges(build: TreeBuilder, rest: bpy.types.NodeSocket) -> tuple[bpy.types.NodeSocket, ...]:
    """Length ratio r, and the entries (xx, yy, zz) and (xy, yz, zx) of e e^T, all on edges."""
    ends = build.node("GeometryNodeInputMeshEdgeVertices")
    first, second = (
        build.node(
            "GeometryNodeFieldAtIndex",
            {"Value": rest, "Index": ends.outputs[f"Vertex Index {i}"]},
            data_type="FLOAT_VECTOR",
            domain="POINT",
        ).outputs["Value"]
        for i in (1, 2)
    )
    along = build.vector("SUBTRACT", second, first)
    length = build.vector("DISTANCE", ends.outputs["Position 1"], ends.outputs["Position 2"])
    ratio = build.clamp(build.math("DIVIDE", length, build.vector("LENGTH", along)), *RATIO_RANGE)
    unit = build.vector("NORMALIZE", along)
    x, y, z = build.separate(unit)
    return ratio, build.vector("MULTIPLY", unit, unit), build.vector("MULTIPLY", unit, build.combine(y, z, x))


def _blurred_tension(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    """Vector field (compression 1, compression 2, stretch) in [0, 1] at points."""
    rest = _attribute(build, names.REST_POSITION)
    ratio, diagonal, off_diagonal = _edges(build, rest.outputs["Attribute"])
    uniform = _mean(build, ratio, "FLOAT")
    means = [_mean(build, field, "FLOAT_VECTOR") for field in (diagonal, off_diagonal)]
    ratios = [_mean(build, build.scale(field, ratio), "FLOAT_VECTOR") for field in (diagonal, off_diagonal)]
    # a mesh without rest positions reads them as zero: the gate keeps that from looking like full compression
    gain = build.math("MULTIPLY", source.outputs["Tension Gain"], rest.outputs["Exists"])
    tension = []
    for name in names.WRINKLE_NORMALS:
        across = _across(build, _attribute(build, name).outputs["Attribute"], means, ratios)
        chosen = build.node(
            "GeometryNodeSwitch",
            {"Switch": source.outputs["Directional"], "False": uniform, "True": across},
            input_type="FLOAT",
        )
        tension.append(build.math("SUBTRACT", 1.0, chosen.outputs["Output"]))
    tension.append(build.math("SUBTRACT", uniform, 1.0))
    mask = _attribute(build, names.TENSION_MASK, "FLOAT").outputs["Attribute"]
    clamped = [build.math("MULTIPLY", build.math("MULTIPLY", t, gain, clamp=True), mask) for t in tension]
    blur = build.node(
        "GeometryNodeBlurAttribute",
        {"Value": build.combine(*clamped), "Iterations": BLUR_ITERATIONS, "Weight": 1.0},
        data_type="FLOAT_VECTOR",
    )
    return blur.outputs["Value"]


def _across(build: TreeBuilder, normal, means, ratios) -> bpy.types.NodeSocket:
    """Length ratio across the lines of one family; 1 where the family has no lines."""
    x, y, z = build.separate(normal)
    square = build.vector("MULTIPLY", normal, normal)
    product = build.scale(build.vector("MULTIPLY", normal, build.combine(y, z, x)), 2.0)

    def contract(pair):
        return build.math(
            "ADD", build.vector("DOT_PRODUCT", square, pair[0]), build.vector("DOT_PRODUCT", product, pair[1])
        )

    whole = contract(means)
    ratio = build.math("DIVIDE", contract(ratios), build.math("MAXIMUM", whole, 1e-4))
    has_lines = build.math("GREATER_THAN", whole, 1e-4)
    return build.math("MULTIPLY_ADD", build.math("SUBTRACT", ratio, 1.0), has_lines, 1.0)


def _channel_weights(build: TreeBuilder, source: bpy.types.Node, tension) -> tuple[bpy.types.NodeSocket, ...]:
    """Two colour fields: weights of the maps' channels, and of the bands of static detail and the pores.

    Static strength, and dynamic strength times tension, times the region gains and the painted mask.
    """
    region: bpy.types.NodeSocket | float = 1.0
    regions = list(names.REGIONS)
    for k, attribute in enumerate(names.REGION_MASKS):
        gains = build.combine(*(source.outputs[name] for name in regions[3 * k : 3 * k + 3]))
        extra = build.vector("SUBTRACT", gains, (1.0, 1.0, 1.0))
        masks = _attribute(build, attribute).outputs["Attribute"]
        region = build.math("ADD", region, build.vector("DOT_PRODUCT", masks, extra))
    seam = _attribute(build, names.SEAM_MASK, "FLOAT").outputs["Attribute"]
    region = build.math("MULTIPLY", region, seam)
    painted_static, painted_dynamic, painted_pores = _painted(build)
    region_dynamic = build.math("MULTIPLY", region, painted_dynamic)
    dynamic = build.math("MULTIPLY", region_dynamic, source.outputs["Dynamic Strength"])
    x, y, z = build.separate(build.scale(tension, dynamic))
    region_static = build.math("MULTIPLY", region, painted_static)
    static = build.math("MULTIPLY", region_static, source.outputs["Static Strength"])
    whole, bands = _band_weights(build, source, static)
    pores = build.math("MULTIPLY", source.outputs["Pores"], painted_pores)
    return tuple(
        build.node("FunctionNodeCombineColor", {"Red": r, "Green": g, "Blue": b, "Alpha": a}).outputs["Color"]
        for r, g, b, a in ((build.math("MULTIPLY", static, whole), x, y, z), (*bands, pores))
    )


def _painted(build: TreeBuilder) -> tuple[bpy.types.NodeSocket, ...]:
    """Red, green and blue of the painted mask; 1 where the mesh has none."""
    mask = _attribute(build, names.PAINT, "FLOAT_COLOR")
    white = build.node(
        "GeometryNodeSwitch",
        {"Switch": mask.outputs["Exists"], "False": (1.0, 1.0, 1.0, 1.0), "True": mask.outputs["Attribute"]},
        input_type="RGBA",
    )
    return tuple(build.node("FunctionNodeSeparateColor", {0: white.outputs["Output"]}).outputs)[:3]


def _band_weights(build: TreeBuilder, source: bpy.types.Node, static):
    """Weight of the whole static map over ``static``, and the weights of its bands (``core.character.bands``)."""
    lines, photo, atlas = (source.outputs[name] for name in ("Lines", "From Photo", "From Atlas"))
    wider = build.math("SUBTRACT", source.outputs["Folds"], lines)
    origin = build.math("SUBTRACT", photo, atlas)
    parts = ((atlas, wider), (origin, lines), (origin, wider))
    bands = (build.math("MULTIPLY", build.math("MULTIPLY", a, b), static) for a, b in parts)
    return build.math("MULTIPLY", atlas, lines), tuple(bands)


def _without_helpers(build: TreeBuilder, geometry) -> bpy.types.NodeSocket:
    """Drop what nothing later in the stack reads, so that subdivision need not carry it."""
    masks = (*names.WRINKLE_NORMALS, *names.REGION_MASKS, names.TENSION_MASK, names.SEAM_MASK)
    for name in (*masks, *(names.DIRECTION + direction for direction in DIRECTIONS)):
        geometry = build.node("GeometryNodeRemoveAttribute", {"Geometry": geometry, "Name": name}).outputs["Geometry"]
    return geometry
