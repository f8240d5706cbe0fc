"""Skin: albedo, subsurface scattering, roughness, and bump from the same maps and tension as the displacement."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ...core.texture.roughness import SPECULAR, SPECULAR_OIL, SPECULAR_RANGE
from .. import names
from .fine_skin import FineSkin, fine_skin_height
from .shading import attribute, finished, mix, new_material

SCATTER_RADIUS = (1.0, 0.35, 0.18)  # red light travels furthest in skin
SCATTER_SCALE = 0.0016  # metres: wider scattering would wash creases out
CREASE_SHADING = 0.55  # change of the albedo per millimetre of displacement: light is lost between a crease's walls
CREASE_RANGE = (0.65, 1.08)
SCALP_MATT = 0.3  # roughness that skin under hair has beside its own
MOISTURE, MOIST_ROUGHNESS = 0.30, 0.22  # coat of the lips
SPECULAR_PORE = 8.0  # change of the specular level for each millimetre of height
MAPS_SCALE, BANDS_SCALE = "Wrinkle Scale (mm)", "Bands Scale (mm)"  # names of Value nodes that scripts may set
CREASE_STRENGTH = "Crease Shading"


def skin_material(
    name: str,
    albedo: bpy.types.Image,
    roughness: bpy.types.Image,
    maps: tuple[bpy.types.Image, float],
    bands: tuple[bpy.types.Image, float],
    fine_skin: FineSkin,
    bare: Sequence[tuple[bpy.types.Image, tuple[float, ...], str]] = (),
) -> bpy.types.Material:
    """Skin material of one character.

    Args:
        maps: the displacement maps (RGBA), and the millimetres that their range of 0 to 1 spans.
        bands: the same for the bands of static detail (RGB).
        fine_skin: pores and micro-relief.
        bare: patches of the skin under painted hair (RGB, and in alpha where it is), with their lowest u, v and
            highest u, v, and the object's property that is 1 where the paint shows.
    """
    material, build, surface = new_material(name, albedo, roughness)
    colour = build.node("ShaderNodeTexImage", image=albedo, interpolation="Linear", extension="EXTEND")
    rough = build.node("ShaderNodeTexImage", image=roughness, interpolation="Linear", extension="EXTEND")
    displacement = _displacement(build, maps, bands)
    moved = build.math("MULTIPLY", attribute(build, names.DISPLACEMENT, "Fac"), 1.0 / names.METRES)
    finer = build.math("MULTIPLY", build.math("SUBTRACT", displacement, moved), names.METRES)
    pores = build.math("MULTIPLY", fine_skin_height(build, fine_skin), attribute(build, names.BANDS, "Alpha"))
    height = build.math("ADD", finer, pores)
    bump = build.node("ShaderNodeBump", {"Strength": 1.0, "Distance": 1.0, "Height": height})
    albedo_there, tone = _under_hair(build, _without_paint(build, colour.outputs["Color"], bare))
    roughness_there = build.math("MULTIPLY_ADD", tone, SCALP_MATT, rough.outputs["Color"])
    values = {
        "Base Color": build.scale(albedo_there, _crease_shading(build, displacement)),
        "Roughness": build.clamp(roughness_there, 0.0, 1.0),
        "IOR": 1.4,
        "Coat Weight": build.math("MULTIPLY", attribute(build, names.MOIST, "Fac"), MOISTURE),
        "Coat Roughness": MOIST_ROUGHNESS,
        "Specular IOR Level": build.math(
            "MULTIPLY", _specular(build, rough.outputs["Color"], pores), build.math("MULTIPLY_ADD", tone, -0.8, 1.0)
        ),
        "Subsurface Weight": 0.65,
        "Subsurface Radius": SCATTER_RADIUS,
        "Subsurface Scale": SCATTER_SCALE,
        "Normal": bump.outputs["Normal"],
    }
    return finished(material, build, surface, values)


def _without_paint(build, albedo: bpy.types.NodeSocket, bare) -> bpy.types.NodeSocket:
    """The albedo with patches of bare skin laid over it."""
    for image, (left, low, right, high), name in bare:
        chart = build.node("ShaderNodeUVMap", uv_map=names.UV_MAP).outputs["UV"]
        place = build.vector("SUBTRACT", chart, (left, low, 0.0))
        place = build.vector("DIVIDE", place, (right - left, high - low, 1.0))
        patch = build.node(
            "ShaderNodeTexImage", {"Vector": place}, image=image, interpolation="Linear", extension="CLIP"
        )
        painted = build.node("ShaderNodeAttribute", attribute_type="OBJECT", attribute_name=name)
        share = build.math("SUBTRACT", 1.0, build.clamp(painted.outputs["Fac"], 0.0, 1.0))
        albedo = mix(build, build.math("MULTIPLY", patch.outputs["Alpha"], share), albedo, patch.outputs["Color"])
    return albedo


def _under_hair(build, albedo: bpy.types.NodeSocket) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
    """The albedo with the colour of hair where scalp hair or a beard grows, and how far it has that colour."""
    total = None
    for kind, shown, colour in (
        (names.SCALP_TONE, names.SCALP_SHOWS, names.SCALP_COLOUR),
        (names.BEARD_TONE, names.BEARD_SHOWS, names.BEARD_COLOUR),
    ):
        shows, hair = (
            build.node("ShaderNodeAttribute", attribute_type="OBJECT", attribute_name=name) for name in (shown, colour)
        )
        tone = build.math("MULTIPLY", attribute(build, kind, "Fac"), shows.outputs["Fac"])
        albedo = mix(build, tone, albedo, hair.outputs["Color"])
        total = tone if total is None else build.math("MAXIMUM", total, tone)
    return albedo, total


def _specular(build, roughness: bpy.types.NodeSocket, pores: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Specular level: oily regions shine more than dry ones, the bottom of a pore hardly at all.

    Args:
        pores: height of the fine skin in metres.
    """
    level = build.math("MULTIPLY_ADD", roughness, -SPECULAR_OIL, SPECULAR + SPECULAR_OIL * 0.5)
    level = build.math("MULTIPLY_ADD", pores, SPECULAR_PORE / names.METRES, level)
    return build.clamp(level, *SPECULAR_RANGE)


def _displacement(
    build, maps: tuple[bpy.types.Image, float], bands: tuple[bpy.types.Image, float]
) -> bpy.types.NodeSocket:
    """Live displacement in millimetres at the maps' full resolution."""
    texel = build.node("ShaderNodeTexImage", image=maps[0], interpolation="Cubic", extension="EXTEND")
    centred = build.vector("SUBTRACT", texel.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, attribute(build, names.WRINKLES, "Vector"))
    alpha = build.math("SUBTRACT", texel.outputs["Alpha"], 0.5)
    total = build.math("MULTIPLY_ADD", alpha, attribute(build, names.WRINKLES, "Alpha"), first)
    total = build.math("MULTIPLY", total, _value(build, MAPS_SCALE, maps[1]))
    band = build.node("ShaderNodeTexImage", image=bands[0], interpolation="Cubic", extension="EXTEND")
    centred = build.vector("SUBTRACT", band.outputs["Color"], (0.5, 0.5, 0.5))
    extra = build.vector("DOT_PRODUCT", centred, attribute(build, names.BANDS, "Vector"))
    return build.math("MULTIPLY_ADD", extra, _value(build, BANDS_SCALE, bands[1]), total)


def _crease_shading(build, displacement: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Factor of the albedo: darker in creases, a little lighter on rolls, 1 on smooth skin."""
    factor = build.math("MULTIPLY_ADD", displacement, _value(build, CREASE_STRENGTH, CREASE_SHADING), 1.0)
    return build.clamp(factor, *CREASE_RANGE)


def _value(build, name: str, value: float) -> bpy.types.NodeSocket:
    node = build.node("ShaderNodeValue", name=name, label=name)
    node.outputs[0].default_value = value
    return node.outputs[0]
