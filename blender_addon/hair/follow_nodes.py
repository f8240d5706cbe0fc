"""The node group "Furrow Hair": thins hair out, and carries each hair along with the skin at its root.

Each hair knows the vertices around its root at every level of subdivision (``core.hair.attachment``), so eight vertices
a hair are all that is read of the mesh. Hairs that an artist has added himself know none; they follow by their UV, as
Blender's own hair does, and so do all where the head's mesh is no longer that of a subdivided cage.
"""

from __future__ import annotations

import bpy

from ...core.hair.attachment import LEVELS
from .. import names
from ..scene.nodes import TreeBuilder, modifier_tree

VERSION = 2
SCALP_IN_VIEWPORT = 0.3  # share of scalp hairs that viewports show at first; all of them double a scrub step
HEAD, CAGE = "Head", "Cage Faces"
DENSITY, LENGTH, THICKNESS, VIEWPORT = "Density", "Length", "Thickness", "Viewport Share"
MOST_DENSITY = 1.5  # of core.hair.strands.SPARE
SLIDERS = {
    DENSITY: (1.0, 0.0, MOST_DENSITY, "Hairs, over those that the photo asks for"),
    LENGTH: (1.0, 0.1, 3.0, "Length of the hairs, over that of the photo"),
    THICKNESS: (1.0, 0.1, 4.0, "Thickness of the hairs, over that of people's"),
    VIEWPORT: (1.0, 0.05, 1.0, "Share of the hairs that the viewport shows, thicker; renders show all"),
}


def follow_tree() -> bpy.types.NodeTree:
    """The node group, made on first use and shared by all hair."""
    return modifier_tree(names.FOLLOW, VERSION, _interface, _nodes)


def _interface(tree: bpy.types.NodeTree) -> None:
    new = tree.interface.new_socket
    head = new(HEAD, in_out="INPUT", socket_type="NodeSocketObject")
    head.description = "The head that the hair grows on"
    cage = new(CAGE, in_out="INPUT", socket_type="NodeSocketInt")
    cage.default_value, cage.min_value = 0, 0
    cage.description = "Faces of the head before subdivision"
    for name, (default, low, high, description) in SLIDERS.items():
        item = new(name, in_out="INPUT", socket_type="NodeSocketFloat")
        item.default_value, item.min_value, item.max_value, item.description = default, low, high, description


def _nodes(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    """Thinned out, carried along, scaled."""
    share = _share(build, source)
    hair = _thinned(build, source, source.outputs["Geometry"], share)
    head = build.node("GeometryNodeObjectInfo", {"Object": source.outputs[HEAD]}, transform_space="ORIGINAL")
    size = build.node("GeometryNodeAttributeDomainSize", {"Geometry": head.outputs["Geometry"]}, component="MESH")
    faces, cage = size.outputs["Face Count"], source.outputs[CAGE]
    split = build.math("DIVIDE", faces, build.math("MAXIMUM", cage, 1.0))
    level = build.math("ROUND", build.math("LOGARITHM", split, 4.0))
    same = build.math("COMPARE", faces, build.math("MULTIPLY", build.math("POWER", 4.0, level), cage), 0.5)
    known = build.math("MULTIPLY", same, build.math("LESS_THAN", level, LEVELS - 0.5))
    carried = _carried(build, source, hair, head.outputs["Geometry"], level)
    plain = build.node("GeometryNodeDeformCurvesOnSurface", {0: hair}).outputs[0]
    moved = build.node(
        "GeometryNodeSwitch", {"Switch": known, "False": plain, "True": carried}, input_type="GEOMETRY"
    ).outputs["Output"]
    radius = build.node("GeometryNodeInputRadius").outputs[0]
    radius = build.math("MULTIPLY", radius, source.outputs[THICKNESS])
    # the fewer there are, the thicker: as much skin stays covered
    radius = build.math("MULTIPLY", radius, build.math("INVERSE_SQRT", share))
    return build.node("GeometryNodeSetCurveRadius", {0: moved, "Radius": radius}).outputs[0]


def _thinned(
    build: TreeBuilder, source: bpy.types.Node, hair: bpy.types.NodeSocket, share: bpy.types.NodeSocket
) -> bpy.types.NodeSocket:
    """Only the hairs whose rank is below the density; of hairs without a rank all."""
    rank = _named(build, names.HAIR_RANK, "FLOAT")
    gone = build.math("GREATER_THAN", rank, build.math("MULTIPLY", source.outputs[DENSITY], share))
    return build.node("GeometryNodeDeleteGeometry", {"Geometry": hair, "Selection": gone}, domain="CURVE").outputs[0]


def _share(build: TreeBuilder, source: bpy.types.Node) -> bpy.types.NodeSocket:
    """Of the hairs, those that this evaluation shows: all in renders."""
    viewport = build.node("GeometryNodeIsViewport").outputs[0]
    return build.node(
        "GeometryNodeSwitch", {"Switch": viewport, "False": 1.0, "True": source.outputs[VIEWPORT]}, input_type="FLOAT"
    ).outputs["Output"]


def _carried(build: TreeBuilder, source: bpy.types.Node, hair, head, level) -> bpy.types.NodeSocket:
    """Hairs at root + F (F_rest^T (point - root_rest)) * length, F the frame of the skin at the root."""
    own = build.math("GREATER_THAN", build.vector("LENGTH", _named(build, names.HAIR_NORMAL)), 0.5)
    parts = build.node("GeometryNodeSeparateGeometry", {"Geometry": hair, "Selection": own}, domain="CURVE")
    root, along, normal = (_of_curve(build, v) for v in _root_and_frame(build, head, level))
    away = build.vector("SUBTRACT", build.node("GeometryNodeInputPosition").outputs[0], _named(build, names.HAIR_ROOT))
    away = build.scale(away, source.outputs[LENGTH])
    rest_along, rest_normal = _named(build, names.HAIR_ALONG), _named(build, names.HAIR_NORMAL)
    place = root
    for rest, now in (
        (rest_along, along),
        (build.vector("CROSS_PRODUCT", rest_normal, rest_along), build.vector("CROSS_PRODUCT", normal, along)),
        (rest_normal, normal),
    ):
        place = build.vector("ADD", place, build.scale(now, build.vector("DOT_PRODUCT", away, rest)))
    moved = build.node("GeometryNodeSetPosition", {"Geometry": parts.outputs["Selection"], "Position": place}).outputs[
        0
    ]
    added = build.node("GeometryNodeDeformCurvesOnSurface", {0: parts.outputs["Inverted"]}).outputs[0]
    joined = build.node("GeometryNodeJoinGeometry")
    for part in (added, moved):
        build.set(joined.inputs[0], part)
    return joined.outputs[0]


def _root_and_frame(build: TreeBuilder, head, level) -> tuple[bpy.types.NodeSocket, ...]:
    """Fields of a curve: where its root is now, the unit vector along its quad, the normal there."""
    digit = build.node("FunctionNodeValueToString", {"Value": level}).outputs[0]
    name = build.node("GeometryNodeStringJoin")
    for part in (digit, build.node("FunctionNodeInputString", string=names.HAIR_GRID).outputs[0]):
        build.set(name.inputs["Strings"], part)  # the last one linked comes first
    corners = _vertices(build, head, name.outputs[0])
    a, b, _ = build.separate(_named(build, names.HAIR_PLACE))
    across, up = (build.math("FRACT", build.math("MULTIPLY", v, build.math("POWER", 2.0, level))) for v in (a, b))
    low, high = _mixed(build, corners[0], corners[1], across), _mixed(build, corners[3], corners[2], across)
    c0, c1, c2, c3 = _vertices(build, head, names.HAIR_CAGE)
    along = _mixed(build, build.vector("SUBTRACT", c1, c0), build.vector("SUBTRACT", c2, c3), b)
    over = _mixed(build, build.vector("SUBTRACT", c3, c0), build.vector("SUBTRACT", c2, c1), a)
    normal = build.vector("NORMALIZE", build.vector("CROSS_PRODUCT", along, over))
    return _mixed(build, low, high, up), build.vector("NORMALIZE", along), normal


def _vertices(build: TreeBuilder, head, name) -> list[bpy.types.NodeSocket]:
    """Positions of the four vertices of the head whose numbers an attribute holds."""
    four = build.node("FunctionNodeSeparateColor", {0: _named(build, name, "FLOAT_COLOR")})
    position = build.node("GeometryNodeInputPosition").outputs[0]
    return [
        build.node(
            "GeometryNodeSampleIndex",
            {"Geometry": head, "Value": position, "Index": number},
            data_type="FLOAT_VECTOR",
            domain="POINT",
        ).outputs[0]
        for number in four.outputs
    ]


def _mixed(build: TreeBuilder, first, second, share) -> bpy.types.NodeSocket:
    return build.vector("ADD", first, build.scale(build.vector("SUBTRACT", second, first), share))


def _of_curve(build: TreeBuilder, value) -> bpy.types.NodeSocket:
    """Worked out once a curve, not once a point."""
    return build.node("GeometryNodeFieldOnDomain", {"Value": value}, data_type="FLOAT_VECTOR", domain="CURVE").outputs[
        0
    ]


def _named(build: TreeBuilder, name, data_type: str = "FLOAT_VECTOR") -> bpy.types.NodeSocket:
    return build.node("GeometryNodeInputNamedAttribute", {"Name": name}, data_type=data_type).outputs["Attribute"]
