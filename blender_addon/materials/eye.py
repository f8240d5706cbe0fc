"""Eyes: sclera, iris and pupil drawn around the gaze axis, without any texture."""

from __future__ import annotations

import math

import bpy
import numpy as np

from .. import names
from .shading import finished, linear, mix, new_material, noise, ramp

# linear; darker than the white of an eye is, as lids and lashes shade it and no light comes through them here: a
# brighter one stares
SCLERA, VEINS = (0.46, 0.41, 0.38, 1.0), (0.4, 0.18, 0.15, 1.0)
PUPIL = 0.3  # of the iris: 3.5 mm, as in a lit room
# radians by which irises sit below the axes of the balls, as the model's iris landmarks do, by which its gaze is
# fitted: the lids stand open 2.4 mm above and 5.6 mm below that axis, and an iris on it would stare upwards
BELOW = np.radians(5.0)
AHEAD = np.array([0.0, -np.cos(BELOW), -np.sin(BELOW)])
UP = np.array([0.0, -np.sin(BELOW), np.cos(BELOW)])


def store_eye_map(mesh: bpy.types.Mesh, points: np.ndarray) -> None:
    """Add a UV map that unrolls each eyeball around its gaze axis (azimuthal equidistant: 0.5 + angle / 2 pi).

    A UV map, because subdivision smooths it as it smooths the ball; an attribute would stay linear in each coarse
    face and make the iris angular.

    Args:
        points: (n, 3) metres, both eyes at rest.
    """
    place = np.zeros((len(points), 2))
    for side in (points[:, 0] > 0, points[:, 0] <= 0):
        if side.any():
            offset = points[side] - ball_centre(points[side])
            across = np.column_stack([offset[:, 0], offset @ UP])
            away = np.linalg.norm(across, axis=1, keepdims=True)
            place[side] = across / away.clip(1e-9) * np.arctan2(away, (offset @ AHEAD)[:, None])
    corner = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corner)
    layer = mesh.uv_layers.new(name=names.EYE_MAP, do_init=False)
    layer.uv.foreach_set("vector", (0.5 + place[corner] / (2.0 * np.pi)).astype(np.float32).ravel())
    mesh.uv_layers.active = mesh.uv_layers[names.UV_MAP]


def ball_centre(points: np.ndarray) -> np.ndarray:
    """(3,) centre of the sphere that fits points (n, 3) best: |p|^2 = 2 c.p + (r^2 - |c|^2), linear least squares."""
    middle = points.mean(0)
    local = (points - middle).astype(np.float64)
    system = np.column_stack([2.0 * local, np.ones(len(local))])
    return middle + np.linalg.lstsq(system, (local**2).sum(1), rcond=None)[0][:3]


def eye_material(name: str, colour: np.ndarray, iris_angle: float) -> bpy.types.Material:
    """Eye material.

    Args:
        colour: (3,) sRGB iris colour in 0 to 1.
        iris_angle: radians between the gaze axis and the edge of the iris, seen from the centre of the ball.
    """
    material, build, surface = new_material(name)
    pupil_angle = PUPIL * iris_angle
    unrolled = build.node("ShaderNodeUVMap", uv_map=names.EYE_MAP).outputs["UV"]
    x, y, _ = build.separate(build.scale(build.vector("SUBTRACT", unrolled, (0.5, 0.5, 0.0)), 2.0 * math.pi))
    angle = build.math("SQRT", build.math("ADD", build.math("MULTIPLY", x, x), build.math("MULTIPLY", y, y)))
    base = linear(tuple(np.clip(colour, 0.02, 0.95)))
    light = tuple(min(1.0, 1.9 * c + 0.02) for c in base[:3]) + (1.0,)
    dark = tuple(0.45 * c for c in base[:3]) + (1.0,)
    # streaks run outwards: noise that varies fast around the axis and slowly along the angle
    around = build.math("ARCTAN2", y, x)
    streaks = noise(
        build,
        build.combine(build.math("SINE", around), build.math("COSINE", around), build.math("MULTIPLY", angle, 0.5)),
        11.0,
        3.0,
    )
    iris = mix(build, ramp(build, streaks, 0.3, 0.7), dark, light)
    iris = mix(build, ramp(build, angle, pupil_angle + 0.13, pupil_angle), iris, base)
    rim = tuple(0.3 * c for c in dark[:3]) + (1.0,)
    iris = mix(build, ramp(build, angle, iris_angle - 0.09, iris_angle), iris, rim)
    iris = mix(build, ramp(build, angle, pupil_angle + 0.02, pupil_angle - 0.01), iris, (0.002, 0.002, 0.002, 1.0))
    redness = ramp(build, angle, 0.6, 1.5)
    veins = ramp(build, noise(build, unrolled, 60.0, 6.0), 0.52, 0.75)
    sclera = mix(build, build.math("MULTIPLY", veins, redness), SCLERA, VEINS)
    inside = ramp(build, angle, iris_angle + 0.025, iris_angle - 0.025)
    values = {
        "Base Color": mix(build, inside, sclera, iris),
        "Roughness": 0.06,
        "IOR": 1.376,  # cornea
        "Subsurface Weight": build.math("MULTIPLY_ADD", inside, -0.3, 0.3),
        "Subsurface Radius": (1.0, 0.6, 0.5),
        "Subsurface Scale": 0.0015,
    }
    return finished(material, build, surface, values)
