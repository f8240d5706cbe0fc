"""Shared pieces of the materials, for Cycles and EEVEE alike."""

from __future__ import annotations

import bpy

from ..scene.nodes import TreeBuilder, Value, socket

PLAIN = "For Exporters"


def new_material(
    name: str, picture: bpy.types.Image | None = None, roughness: bpy.types.Image | None = None
) -> tuple[bpy.types.Material, TreeBuilder, bpy.types.Node]:
    """A material with an empty tree but for a Principled BSDF that is linked to the output.

    Args:
        picture, roughness: what exporters shall find, which follow no nodes between an image and a surface. They take
            the first surface of a tree; Cycles and EEVEE each take the output that names them.
    """
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    material.node_tree.nodes.clear()
    build = TreeBuilder(material.node_tree)
    if picture is not None:
        _plain_surface(build, picture, roughness)
    surface = build.node("ShaderNodeBsdfPrincipled", name="Principled BSDF")
    for target in ("ALL",) if picture is None else ("CYCLES", "EEVEE"):
        build.node("ShaderNodeOutputMaterial", {"Surface": surface.outputs["BSDF"]}, target=target)
    return material, build, surface


def _plain_surface(build: TreeBuilder, picture: bpy.types.Image, roughness: bpy.types.Image | None) -> None:
    surface = build.node("ShaderNodeBsdfPrincipled", name=PLAIN, label=PLAIN)
    for name, image in (("Base Color", picture), ("Roughness", roughness)):
        if image is not None:
            build.set(surface.inputs[name], build.node("ShaderNodeTexImage", image=image).outputs["Color"])
    build.node("ShaderNodeOutputMaterial", {"Surface": surface.outputs["BSDF"]}, name=f"{PLAIN} Output", label=PLAIN)


def finished(
    material: bpy.types.Material, build: TreeBuilder, surface: bpy.types.Node, values: dict[str, Value]
) -> bpy.types.Material:
    """The material of :func:`new_material` with the inputs of its surface set, its nodes in order."""
    for key, value in values.items():
        build.set(surface.inputs[key], value)
    build.arrange()
    return material


def attribute(build: TreeBuilder, name: str, output: str) -> bpy.types.NodeSocket:
    """Output "Color", "Vector", "Fac" or "Alpha" of a mesh attribute."""
    node = build.node("ShaderNodeAttribute", attribute_type="GEOMETRY", attribute_name=name)
    return socket(node.outputs, output)


def ramp(build: TreeBuilder, value: Value, low: float, high: float) -> bpy.types.NodeSocket:
    """0 below low to 1 above high, smooth; falls where low is the larger one."""
    rises = low < high
    node = build.node(
        "ShaderNodeMapRange",
        {
            "Value": value,
            "From Min": min(low, high),
            "From Max": max(low, high),
            "To Min": 0.0 if rises else 1.0,
            "To Max": 1.0 if rises else 0.0,
        },
        interpolation_type="SMOOTHSTEP",
    )
    return node.outputs[0]


def mix(build: TreeBuilder, factor: Value, first: Value, second: Value) -> bpy.types.NodeSocket:
    """Colour between first (factor 0) and second (factor 1)."""
    node = build.node("ShaderNodeMix", {"Factor": factor, "A": first, "B": second}, data_type="RGBA", clamp_factor=True)
    return socket(node.outputs, "Result")


def noise(build: TreeBuilder, position: Value, scale: float, detail: float = 2.0) -> bpy.types.NodeSocket:
    """Noise around 0.5."""
    node = build.node("ShaderNodeTexNoise", {"Vector": position, "Scale": scale, "Detail": detail})
    return node.outputs[0]


def linear(srgb: tuple[float, float, float]) -> tuple[float, float, float, float]:
    """RGBA in scene-linear light of an sRGB colour in 0 to 1 (IEC 61966-2-1)."""
    return (*(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in map(float, srgb)), 1.0)


LENGTHS = {
    "ShaderNodeBsdfPrincipled": ("Subsurface Scale",),
    "ShaderNodeBump": ("Distance",),
    "ShaderNodeAmbientOcclusion": ("Distance",),
}


def scale_lengths(material: bpy.types.Material, factor: float) -> None:
    """Multiply what a material says in the scene's units: how far light scatters, the height of bumps."""
    if factor == 1.0 or material.node_tree is None:
        return
    for node in material.node_tree.nodes:
        for name in LENGTHS.get(node.bl_idname, ()):
            node.inputs[name].default_value *= factor
