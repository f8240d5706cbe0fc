"""Hair: Cycles' own hair scattering, and for EEVEE a surface that looks alike."""

from __future__ import annotations

import bpy

from .. import names
from .shading import attribute, new_material

ROUGHNESS, RADIAL_ROUGHNESS, COAT = 0.42, 0.65, 0.0
SINGLE_IOR = 1.55  # of hair
# in even white light a head of hair is as bright as its colour and .03 that it mirrors (.024, .036, .059, .144, .235
# for .0025, .01, .03, .1, .2); with the IOR of single hairs half as much again, as a grey veil
THICK_IOR = 1.45
EEVEE_ROUGHNESS, EEVEE_SPECULAR = 0.42, 0.2
EEVEE_DARKER = 0.8  # of the colour: no hair shades another there


def hair_material(name: str, tip: float, thick: bool = False) -> bpy.types.Material:
    """Material of curves that carry their colour, each hair its own.

    Args:
        tip: factor of the colour at the tip.
        thick: hair lies on hair, each strand for several.
    """
    material, build, surface = new_material(name)
    shader = build.node("ShaderNodeHairInfo").outputs["Intercept"]
    factor = build.math("MULTIPLY_ADD", build.math("POWER", shader, 2.0), tip - 1.0, 1.0)
    colour = build.scale(attribute(build, names.HAIR_COLOUR, "Color"), factor)
    hair = build.node(
        "ShaderNodeBsdfHairPrincipled",
        {
            "Color": colour,
            "Roughness": ROUGHNESS,
            "Radial Roughness": RADIAL_ROUGHNESS,
            "Coat": COAT,
            "IOR": THICK_IOR if thick else SINGLE_IOR,
        },
        parametrization="COLOR",
    )
    for key, value in {
        "Base Color": build.scale(colour, EEVEE_DARKER),
        "Roughness": EEVEE_ROUGHNESS,
        "Specular IOR Level": EEVEE_SPECULAR,
    }.items():
        build.set(surface.inputs[key], value)
    output = next(n for n in material.node_tree.nodes if n.bl_idname == "ShaderNodeOutputMaterial")
    output.target = "EEVEE"
    build.node("ShaderNodeOutputMaterial", {"Surface": hair.outputs[0]}, target="CYCLES")
    build.arrange()
    return material
