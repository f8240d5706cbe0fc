"""Skin: albedo, subsurface scattering, roughness, and bump from the same maps and tension as the displacement."""

from __future__ import annotations

import bpy

from . import names
from .shading import attribute, new_material, noise

SCATTER_RADIUS = (1.0, 0.35, 0.18)  # red light travels furthest in skin
SCATTER_SCALE = 0.0032  # metres
PORE_DEPTH = 0.000022  # metres
PORE_SCALE = 1100.0  # per metre


def skin_material(
    name: str, albedo: bpy.types.Image, roughness: bpy.types.Image, maps: bpy.types.Image, scale: float
) -> bpy.types.Material:
    """Skin material of one character.

    Args:
        maps: the displacement maps (RGBA).
        scale: millimetres that the maps' range of 0 to 1 spans.
    """
    material, build, surface = new_material(name)
    colour = build.node("ShaderNodeTexImage", image=albedo, interpolation="Linear", extension="EXTEND")
    rough = build.node("ShaderNodeTexImage", image=roughness, interpolation="Linear", extension="EXTEND")
    rest = attribute(build, names.REST_POSITION, "Vector")
    height = build.math("ADD", _wrinkle_height(build, maps, scale), _pores(build, rest))
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


def _pores(build, rest) -> bpy.types.NodeSocket:
    """Micro-relief: pores as shallow pits over fine noise, fixed to the rest shape so that they do not swim."""
    cells = build.node(
        "ShaderNodeTexVoronoi", {"Vector": rest, "Scale": PORE_SCALE, "Randomness": 1.0}, feature="F1"
    )
    pits = build.math("MINIMUM", cells.outputs["Distance"], 0.45)
    fine = noise(build, rest, PORE_SCALE * 1.7, 2.0)
    return build.math("MULTIPLY", build.math("ADD", pits, build.math("MULTIPLY", fine, 0.6)), PORE_DEPTH)
