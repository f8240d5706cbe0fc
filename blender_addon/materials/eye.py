"""Eyes: the ball with its picture, the cornea over it and the line of tears along the lower lid."""

from __future__ import annotations

import bpy

from .. import names
from .shading import finished, mix, new_material, noise, ramp

IOR = 1.376  # of the cornea
WET = 0.09  # roughness
SHADE_REACH = 0.006  # metres from the ball within which lids and lashes shade it
SHADE = (0.52, 0.4, 0.37, 1.0)  # factor of the albedo where they hide all light
CARUNCLE = (0.52, 0.27, 0.22, 1.0)  # linear
SURFACE_REFLECTION = 0.04  # of what lies in front: water reflects 2 of 100 head on, and more towards the border


def eye_material(name: str, picture: bpy.types.Image, share: float) -> bpy.types.Material:
    """Eyeball: its picture, softly shaded by lids and lashes around; wet white, and an iris whose shine the cornea has.

    Args:
        picture: of ``core.texture.eye_map``.
        share: radius of its iris over that of the ball.
    """
    material, build, surface = new_material(name, picture)
    texel = build.node("ShaderNodeTexImage", image=picture, interpolation="Cubic", extension="EXTEND")
    place = build.node("ShaderNodeUVMap", uv_map=names.UV_MAP).outputs["UV"]
    iris = ramp(build, build.vector("DISTANCE", place, (0.5, 0.5, 0.0)), 0.54 * share, 0.48 * share)
    # the cornea would shade the iris with its own shell
    open_sky = build.node("ShaderNodeAmbientOcclusion", {"Distance": SHADE_REACH}, samples=8).outputs["AO"]
    open_sky = build.math("MAXIMUM", open_sky, iris)
    shaded = build.vector("MULTIPLY", texel.outputs["Color"], mix(build, open_sky, SHADE, (1.0, 1.0, 1.0, 1.0)))
    values = {
        "Base Color": shaded,
        "Roughness": WET,  # the same everywhere: exporters read no nodes
        "IOR": IOR,
        "Specular IOR Level": build.math("MULTIPLY_ADD", iris, -0.4, 0.5),
        "Subsurface Weight": build.math("MULTIPLY_ADD", iris, -0.25, 0.25),
        "Subsurface Radius": (1.0, 0.6, 0.5),
        "Subsurface Scale": 0.0015,
    }
    return finished(material, build, surface, values)


def caruncle_material(name: str) -> bpy.types.Material:
    """The pink lump in the inner corner: wet and uneven."""
    material, build, surface = new_material(name)
    bumps = noise(build, build.node("ShaderNodeTexCoord").outputs["Object"], 1500.0, 2.0)
    bump = build.node("ShaderNodeBump", {"Strength": 0.5, "Distance": 0.0004, "Height": bumps})
    values = {
        "Base Color": CARUNCLE,
        "Roughness": 0.2,
        "Subsurface Weight": 0.6,
        "Subsurface Radius": (1.0, 0.4, 0.3),
        "Subsurface Scale": 0.0012,
        "Normal": bump.outputs["Normal"],
    }
    return finished(material, build, surface, values)


def cornea_material(name: str) -> bpy.types.Material:
    """Clear cornea: refracts in Cycles, lets all shadow rays through; elsewhere a clear sheet that only reflects."""
    material, build, surface = _clear_sheet(name)
    output = next(n for n in material.node_tree.nodes if n.bl_idname == "ShaderNodeOutputMaterial")
    output.target = "EEVEE"
    glass = build.node("ShaderNodeBsdfGlass", {"Color": (1.0, 1.0, 1.0, 1.0), "Roughness": 0.0, "IOR": IOR})
    ray = build.node("ShaderNodeLightPath")
    # light that comes from the iris or goes to it is not bent: nothing would find the lamps
    through = build.math("MAXIMUM", ray.outputs["Is Shadow Ray"], ray.outputs["Is Diffuse Ray"])
    clear = build.node("ShaderNodeBsdfTransparent")
    mixed = build.node("ShaderNodeMixShader", {0: through, 1: glass.outputs[0], 2: clear.outputs[0]})
    build.node("ShaderNodeOutputMaterial", {"Surface": mixed.outputs[0]}, target="CYCLES")
    build.arrange()
    return material


def tear_material(name: str) -> bpy.types.Material:
    """The line of tears: a clear sheet that reflects."""
    return _clear_sheet(name)[0]


def _clear_sheet(name: str):
    material, build, surface = new_material(name)
    values = {
        "Base Color": (1.0, 1.0, 1.0, 1.0),
        "Metallic": 1.0,  # all that is not let through is reflected
        "Roughness": 0.03,
        "Alpha": SURFACE_REFLECTION,
    }
    finished(material, build, surface, values)
    material.surface_render_method = "BLENDED"
    material.use_transparent_shadow = True
    return material, build, surface

