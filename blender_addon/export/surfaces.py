"""Plain materials that every exporter understands: images straight into a Principled BSDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ...core.io.png16 import write_png
from ..materials.shading import attribute, new_material
from .settings import BASE, NORMAL, ROUGH


@dataclass(frozen=True)
class Surface:
    """What one material is.

    Attributes:
        pictures: kind (``BASE``, ``NORMAL``, ``ROUGH``) to pixels: uint8, row 0 is v = 1.
        colour: linear, where there is no picture of it.
        roughness: where there is no picture of it.
        metallic: 1 where all that is not let through is reflected.
        alpha: of the whole surface; None for opaque, or as the base picture's fourth channel says.
        tinted: multiplied by the vertex colours.
    """

    pictures: dict[str, np.ndarray]
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    roughness: float = 0.5
    metallic: float = 0.0
    alpha: float | None = None
    tinted: bool = False


def write_pictures(surface: Surface, folder: Path, name, falling_green: bool) -> dict[str, Path]:
    """Write the pictures of a surface; ``name`` gives the name of a kind. Returns their paths by kind."""
    written = {}
    for kind, pixels in surface.pictures.items():
        if kind == NORMAL and falling_green:
            pixels = pixels.copy()
            pixels[..., 1] = 255 - pixels[..., 1]
        written[kind] = folder / f"{name(kind)}.png"
        write_png(written[kind], pixels)
    return written


def build_material(
    name: str, surface: Surface, pictures: dict[str, Path], colour_attribute: str, cut_off: bool = False
) -> bpy.types.Material:
    """The material; its images have the names of their files.

    Args:
        cut_off: a picture's alpha is 0 or 1.
    """
    material, build, shader = new_material(name)
    shader.inputs["Roughness"].default_value = surface.roughness
    shader.inputs["Metallic"].default_value = surface.metallic
    shader.inputs["Base Color"].default_value = (*surface.colour, 1.0)
    for kind, path in pictures.items():
        image = bpy.data.images.load(str(path))
        image.name = path.stem
        image.colorspace_settings.name = "sRGB" if kind == BASE else "Non-Color"
        node = build.node("ShaderNodeTexImage", image=image)
        if kind == BASE:
            _base(build, shader, node, surface, colour_attribute, cut_off)
        elif kind == ROUGH:
            build.set(shader.inputs["Roughness"], node.outputs["Color"])
        else:
            turned = build.node("ShaderNodeNormalMap", {"Color": node.outputs["Color"]})
            build.set(shader.inputs["Normal"], turned.outputs["Normal"])
    if surface.alpha is not None:
        shader.inputs["Alpha"].default_value = surface.alpha
        material.surface_render_method = "BLENDED"
    build.arrange()
    return material


def _base(build, shader, node, surface: Surface, colour_attribute: str, cut_off: bool) -> None:
    colour = node.outputs["Color"]
    if surface.tinted:
        tint = attribute(build, colour_attribute, "Color")
        mixed = build.node("ShaderNodeMix", {"Factor": 1.0}, data_type="RGBA", blend_type="MULTIPLY")
        sockets = [s for s in mixed.inputs if s.enabled and s.name in "AB"]
        build.set(sockets[0], colour)
        build.set(sockets[1], tint)
        colour = next(s for s in mixed.outputs if s.enabled)
    build.set(shader.inputs["Base Color"], colour)
    if surface.pictures[BASE].shape[2] == 4:
        alpha = node.outputs["Alpha"]
        # exporters of glTF take a rounded alpha for one that is cut off, which engines need not sort
        build.set(shader.inputs["Alpha"], build.math("ROUND", alpha) if cut_off else alpha)
