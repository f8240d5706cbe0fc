"""Teeth with gums and tongue, with pictures of their own; lashes, drawn from coordinates stored on their plates."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.head.eyeball import ball_centre
from .. import names
from ..scene import mesh_objects
from .shading import attribute, finished, new_material, noise, ramp

LASH = "furrow_lash"
LOWER_LASH = 0.5
PAPILLAE, PAPILLA_HEIGHT = 900.0, 0.0006  # in a metre; metres


def store_lash_coordinates(mesh: bpy.types.Mesh, points: np.ndarray, eyes: np.ndarray) -> None:
    """Store (angle along the lid, 0 at the root to 1 at the tip, length) for lashes at points (n, 3) metres.

    Lashes of the lower lid get a smaller length.

    Args:
        eyes: (m, 3) metres, vertices of both eyeballs.
    """
    result = np.zeros_like(points)
    strip = mesh_objects.loose_pieces(mesh)
    for side in (1.0, -1.0):
        chosen, ball = points[:, 0] * side > 0, eyes[eyes[:, 0] * side > 0]
        if not chosen.any() or not len(ball):
            continue
        centre = ball_centre(ball)
        offset = (points[chosen] - centre) / names.METRES
        heights = np.bincount(strip, points[:, 2]) / np.bincount(strip)
        result[chosen, 2] = np.where(heights[strip[chosen]] > centre[2], 1.0, LOWER_LASH)
        reach = np.linalg.norm(offset, axis=1)
        root, tip = np.percentile(reach, 5), reach.max()
        result[chosen, 0] = np.arctan2(offset[:, 0], np.abs(offset[:, 2]) + 8.0)
        result[chosen, 1] = np.clip((reach - root) / max(tip - root, 1e-6), 0.0, 1.0)
    mesh_objects.set_attribute(mesh, LASH, result)


def teeth_material(name: str, picture: bpy.types.Image) -> bpy.types.Material:
    """Enamel and gums, both wet; light goes some way into both.

    Args:
        picture: of ``core.texture.teeth_map``.
    """
    material, build, surface = new_material(name)
    colour = build.node("ShaderNodeTexImage", image=picture, interpolation="Linear", extension="EXTEND")
    values = {
        "Base Color": colour.outputs["Color"],
        "Roughness": 0.2,
        "IOR": 1.5,
        "Subsurface Weight": 0.3,
        "Subsurface Radius": (1.0, 0.7, 0.5),
        "Subsurface Scale": 0.0012,
    }
    return finished(material, build, surface, values)


def tongue_material(name: str, picture: bpy.types.Image) -> bpy.types.Material:
    """Moist, with small papillae.

    Args:
        picture: of ``core.texture.tongue_map``.
    """
    material, build, surface = new_material(name)
    colour = build.node("ShaderNodeTexImage", image=picture, interpolation="Linear", extension="EXTEND")
    rest = attribute(build, names.REST_POSITION, "Vector")
    height = build.math("MULTIPLY", noise(build, rest, PAPILLAE, 3.0), PAPILLA_HEIGHT)
    bump = build.node("ShaderNodeBump", {"Strength": 0.8, "Distance": 1.0, "Height": height})
    values = {
        "Base Color": colour.outputs["Color"],
        "Roughness": 0.34,
        "Subsurface Weight": 0.4,
        "Subsurface Radius": (1.0, 0.35, 0.25),
        "Subsurface Scale": 0.002,
        "Normal": bump.outputs["Normal"],
    }
    return finished(material, build, surface, values)


def lash_material(name: str) -> bpy.types.Material:
    """Single dark hairs cut out of the strip, thinner towards the tip and of unequal length."""
    material, build, surface = new_material(name)
    angle, height, size = build.separate(attribute(build, LASH, "Vector"))
    clump = build.math("MULTIPLY", noise(build, build.combine(angle, 0.0, size), 7.0, 2.0), 0.22)
    lean = build.math("MULTIPLY", build.math("MULTIPLY", angle, height), -0.12)  # tips fan outwards
    hair = build.math("MULTIPLY", build.math("ADD", build.math("ADD", angle, clump), lean), 30.0)
    place = build.math("ABSOLUTE", build.math("SUBTRACT", build.math("FRACT", hair), 0.5))
    length = noise(build, build.combine(build.math("FLOOR", hair), size, 0.0), 3.7, 0.0)
    reach = build.math("MULTIPLY", build.math("MULTIPLY_ADD", length, 0.8, 0.5), size)
    width = build.math("MULTIPLY", build.math("SUBTRACT", 1.0, build.math("DIVIDE", height, reach)), 0.2)
    alpha = ramp(build, build.math("SUBTRACT", width, place), -0.03, 0.03)
    values = {"Base Color": (0.018, 0.012, 0.01, 1.0), "Roughness": 0.5, "Alpha": alpha}
    return finished(material, build, surface, values)
