"""Skin: albedo, subsurface scattering, roughness, and bump from the same maps and tension as the displacement."""

from __future__ import annotations

import bpy

from . import names
from .fine_skin_nodes import FineSkin, fine_skin_height
from .shading import attribute, new_material

SCATTER_RADIUS = (1.0, 0.35, 0.18)  # red light travels furthest in skin
SCATTER_SCALE = 0.0032  # metres


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
    height = build.math("ADD", _wrinkle_height(build, maps, scale), fine_skin_height(build, fine_skin))
    bump = build.node("ShaderNodeBump", {"Strength": 1.0, "Distance": 1.0, "Height": height})
    values = {
        "Base Color": colour.outputs["Color"],
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


def _wrinkle_height(build, maps: bpy.types.Image, scale: float) -> bpy.types.NodeSocket:
    """Displacement in metres at full resolution, less what the modifier has moved the mesh already."""
    texel = build.node("ShaderNodeTexImage", image=maps, interpolation="Cubic", extension="EXTEND")
    centred = build.vector("SUBTRACT", texel.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, attribute(build, names.WRINKLES, "Vector"))
    alpha = build.math("SUBTRACT", texel.outputs["Alpha"], 0.5)
    total = build.math("MULTIPLY_ADD", alpha, attribute(build, names.WRINKLES, "Alpha"), first)
    moved = attribute(build, names.DISPLACEMENT, "Fac")
    return build.math("SUBTRACT", build.math("MULTIPLY", total, scale * names.METRES), moved)
