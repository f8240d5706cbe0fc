"""Skin: albedo, subsurface scattering, roughness, and bump from the same maps and tension as the displacement."""

from __future__ import annotations

import bpy

from . import names
from .fine_skin_nodes import FineSkin, fine_skin_height
from .shading import attribute, new_material

SCATTER_RADIUS = (1.0, 0.35, 0.18)  # red light travels furthest in skin
SCATTER_SCALE = 0.0016  # metres: wider scattering would wash creases out
CREASE_SHADING = 0.75  # change of the albedo per millimetre of displacement: light is lost between a crease's walls
CREASE_RANGE = (0.58, 1.08)
MAPS_SCALE = "Wrinkle Scale (mm)"  # names of Value nodes that the panel and scripts may set
CREASE_STRENGTH = "Crease Shading"


def skin_material(
    name: str, albedo: bpy.types.Image, roughness: bpy.types.Image, maps: bpy.types.Image, scale: float,
    fine_skin: FineSkin,
) -> bpy.types.Material:
    """Skin material of one character.

    Args:
        maps: the displacement maps (RGBA).
        scale: millimetres that the maps' range of 0 to 1 spans.
        fine_skin: pores and micro-relief.
    """
    material, build, surface = new_material(name)
    colour = build.node("ShaderNodeTexImage", image=albedo, interpolation="Linear", extension="EXTEND")
    rough = build.node("ShaderNodeTexImage", image=roughness, interpolation="Linear", extension="EXTEND")
    displacement = _displacement(build, maps, scale)
    moved = build.math("MULTIPLY", attribute(build, names.DISPLACEMENT, "Fac"), 1.0 / names.METRES)
    finer = build.math("MULTIPLY", build.math("SUBTRACT", displacement, moved), names.METRES)
    height = build.math("ADD", finer, fine_skin_height(build, fine_skin))
    bump = build.node("ShaderNodeBump", {"Strength": 1.0, "Distance": 1.0, "Height": height})
    values = {
        "Base Color": build.scale(colour.outputs["Color"], _crease_shading(build, displacement)),
        "Roughness": rough.outputs["Color"],
        "IOR": 1.4,
        "Subsurface Weight": 0.65,
        "Subsurface Radius": SCATTER_RADIUS,
        "Subsurface Scale": SCATTER_SCALE,
        "Normal": bump.outputs["Normal"],
    }
    for key, value in values.items():
        build.set(surface.inputs[key], value)
    build.arrange()
    return material


def _displacement(build, maps: bpy.types.Image, scale: float) -> bpy.types.NodeSocket:
    """Live displacement in millimetres at the maps' full resolution."""
    texel = build.node("ShaderNodeTexImage", image=maps, interpolation="Cubic", extension="EXTEND")
    centred = build.vector("SUBTRACT", texel.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, attribute(build, names.WRINKLES, "Vector"))
    alpha = build.math("SUBTRACT", texel.outputs["Alpha"], 0.5)
    total = build.math("MULTIPLY_ADD", alpha, attribute(build, names.WRINKLES, "Alpha"), first)
    return build.math("MULTIPLY", total, _value(build, MAPS_SCALE, scale))


def _crease_shading(build, displacement: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Factor of the albedo: darker in creases, a little lighter on rolls, 1 on smooth skin."""
    factor = build.math("MULTIPLY_ADD", displacement, _value(build, CREASE_STRENGTH, CREASE_SHADING), 1.0)
    return build.clamp(factor, *CREASE_RANGE)


def _value(build, name: str, value: float) -> bpy.types.NodeSocket:
    node = build.node("ShaderNodeValue", name=name, label=name)
    node.outputs[0].default_value = value
    return node.outputs[0]
