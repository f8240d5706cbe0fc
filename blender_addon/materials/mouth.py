"""Teeth with gums, tongue, and lashes: drawn from coordinates stored on their simple meshes."""

from __future__ import annotations

import bpy
import numpy as np

from .. import names
from ..scene import mesh_objects
from .eye import ball_centre
from .shading import attribute, finished, linear, mix, new_material, noise, ramp

TOOTH = "furrow_tooth"
LASH = "furrow_lash"
TOOTH_WIDTH = 7.4  # mm along the arch
LOWER_LASH = 0.5
CHEEK_SHADE = (18.0, 30.0)  # mm along the arch: from the canines back the cheeks keep the light away
GAP = 0.5  # how far the gap between teeth goes from enamel to the dark of the mouth
CROWN = 9.0  # mm from the biting edge to the gum
GUM = (0.42, 0.13, 0.12, 1.0)
ENAMEL = (0.84, 0.78, 0.66, 1.0)
NECK = (0.79, 0.72, 0.61)  # of the enamel: thinner and yellower towards the gum


def store_tooth_coordinates(mesh: bpy.types.Mesh, points: np.ndarray) -> None:
    """Store (place along the arch, height from the biting edge, 0) in mm for teeth at points (n, 3) metres."""
    row = mesh_objects.loose_pieces(mesh)
    heights = np.bincount(row, points[:, 2]) / np.bincount(row)
    result = np.zeros_like(points)
    for k in range(len(heights)):  # the upper and the lower row
        chosen = row == k
        sign = 1.0 if heights[k] >= heights.mean() else -1.0
        result[chosen, :2] = _arch(points[chosen] / names.METRES, sign)
    mesh_objects.set_attribute(mesh, TOOTH, result)


def _arch(points: np.ndarray, sign: float) -> np.ndarray:
    """(n, 2) mm: arc length along the arch from the midline, and height from the biting edge.

    Args:
        points: (n, 3) mm of one row of teeth, Blender's axes.
        sign: 1 where the biting edge is below, -1 where it is above.
    """
    back = points[:, 1].max()
    angle = np.arctan2(points[:, 0], back - points[:, 1] + 8.0)
    near = np.abs(angle[:, None] - angle[None]) < 0.1
    edge = np.where(near, sign * points[:, 2], np.inf).min(1)
    steps = np.linspace(angle.min(), angle.max(), 33)
    weight = np.exp(-0.5 * ((steps[:, None] - angle[None]) / 0.08) ** 2)
    curve = weight @ points[:, :2] / weight.sum(1, keepdims=True)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    along = np.interp(angle, steps, length) - np.interp(0.0, steps, length)
    return np.column_stack([along, sign * points[:, 2] - edge])


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


def teeth_material(name: str, colour: np.ndarray | None = None) -> bpy.types.Material:
    """Enamel with dark gaps, gums above a scalloped line, and back teeth in the shade of the cheeks.

    EEVEE casts no such shadow by itself: a slit at the corner of closed lips would shine white.

    Args:
        colour: (3,) sRGB of enamel in 0 to 1, or None where no photo showed it.
    """
    material, build, surface = new_material(name)
    enamel = ENAMEL if colour is None else linear(tuple(np.clip(colour, 0.02, 0.98)))
    neck = tuple(c * share for c, share in zip(enamel, NECK)) + (1.0,)
    along, height, _ = build.separate(attribute(build, TOOTH, "Vector"))
    place = build.math("FRACT", build.math("DIVIDE", along, TOOTH_WIDTH))
    middle = build.math("ABSOLUTE", build.math("SUBTRACT", place, 0.5))  # 0 in the middle of a tooth, 0.5 in the gap
    line = build.math("MULTIPLY_ADD", build.math("MULTIPLY", middle, middle), -9.0, CROWN + 1.0)
    gum = ramp(build, build.math("SUBTRACT", height, line), -0.25, 0.35)
    gap = ramp(build, middle, 0.45, 0.5)
    tooth = mix(build, ramp(build, height, CROWN, 0.0), neck, enamel)
    tooth = mix(build, build.math("MULTIPLY", gap, GAP), tooth, (0.16, 0.08, 0.06, 1.0))
    bulge = build.math("MULTIPLY", build.math("MULTIPLY", middle, middle), build.math("SUBTRACT", 1.0, gum))
    height = build.math("MULTIPLY", bulge, -0.004)
    bump = build.node("ShaderNodeBump", {"Strength": 1.0, "Distance": 1.0, "Height": height})
    shade = ramp(build, build.math("ABSOLUTE", along), *CHEEK_SHADE)
    values = {
        "Base Color": mix(
            build, build.math("MULTIPLY", shade, 0.9), mix(build, gum, tooth, GUM), (0.03, 0.012, 0.01, 1.0)
        ),
        "Specular IOR Level": build.math("MULTIPLY_ADD", shade, -0.45, 0.5),
        "Roughness": build.math("MULTIPLY_ADD", gum, 0.1, 0.22),
        "Subsurface Weight": 0.35,
        "Subsurface Radius": (1.0, 0.7, 0.5),
        "Subsurface Scale": 0.0015,
        "Normal": bump.outputs["Normal"],
    }
    return finished(material, build, surface, values)


def tongue_material(name: str) -> bpy.types.Material:
    """Moist pink with small papillae."""
    material, build, surface = new_material(name)
    rest = attribute(build, names.REST_POSITION, "Vector")
    height = build.math("MULTIPLY", noise(build, rest, 900.0, 3.0), 0.0003)
    bump = build.node("ShaderNodeBump", {"Strength": 0.6, "Distance": 1.0, "Height": height})
    values = {
        "Base Color": mix(build, noise(build, rest, 180.0, 2.0), (0.40, 0.13, 0.12, 1.0), (0.52, 0.22, 0.19, 1.0)),
        "Roughness": 0.35,
        "Subsurface Weight": 0.5,
        "Subsurface Radius": (1.0, 0.35, 0.25),
        "Subsurface Scale": 0.003,
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
