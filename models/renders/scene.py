"""Quick random portraits of posed heads, made to show the landmark net faces of every look.

Painted skin, brows, lips, irises, hair and stubble on the model's mesh under random spherical-harmonics light. Paint is
a function of where a pixel lies on the mean head, so that it moves with the skin. Pictures are small: the landmark net
looks at 192 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...core.head.model import HeadModel
from ...core.head.raster import Raster, rasterize
from ...core.image.filters import smoothstep
from ...core.mesh.operators import vertex_normals
from ...core.view.lighting import sh_basis
from ...core.wrinkles.atlas import WrinkleAtlas
from .camera import SIZE, background, developed
from .relief import ReliefScene, relief_scene, slopes, slopes_at

FACE_WIDTH = 150.0  # mm that fill about FILL of the picture
FILL = 0.66
FACE_MIDDLE = (0.0, -32.0, 0.0)  # mm from between the eyes
# landmarks along the upper and lower edge of the left brow, from the outer end to the inner one
BROW_UPPER, BROW_LOWER = (300, 293, 334, 296, 336), (276, 283, 282, 295, 285)
IRIS_RADIUS = 5.9  # mm
TURNED = 0.2  # share of pictures from any side between the three-quarter views, the others are near the front
SHADOWED = 0.5  # share of pictures whose lamp casts shadows
REFLECTANCE = 0.028  # of skin, seen head on: index of refraction 1.4
SHININESS, SHEEN = 14.0, 0.4  # exponent of the highlight, and how much of its surroundings the skin mirrors
LEAST_COSINE = 0.25  # of the view that counts: the rims of lips and nostrils would shine, which see no light
SHADOW_CELL, SHADOW_BIAS = 3.0, 9.0  # mm, of the shadow map, and by how much a surface lies behind what shades it


@dataclass(frozen=True)
class RenderScene:
    """What does not change between pictures.

    Attributes:
        model: the head model.
        triangles: (T, 3) all parts but lashes, which are plates and would hide the lids.
        eyes: vertex lists of the left and the right eyeball.
        brow: (4, n) |x|, height, half thickness and depth z of the brow on the mean head, mm, by growing |x|.
        part: (V,) 0 skin, 1 eye, 2 teeth, 3 tongue.
        mouth: (3,) mm, middle of the lips on the mean head.
        relief: of the wrinkles; None renders smooth skin.
    """

    model: HeadModel
    triangles: np.ndarray
    eyes: tuple[np.ndarray, np.ndarray]
    brow: np.ndarray
    part: np.ndarray
    mouth: np.ndarray
    relief: ReliefScene | None = None


def render_scene(model: HeadModel, atlas: WrinkleAtlas | None = None) -> RenderScene:
    """The scene of a head model, with wrinkles where an atlas is given."""
    topology = model.topology
    part = np.zeros(topology.vertex_count, int)
    for number, name in enumerate(("eyes", "teeth", "tongue"), start=1):
        part[topology.part_slice(name)] = number
    lashes = topology.part_slice("lashes")
    triangles = topology.triangles
    triangles = triangles[((triangles < lashes.start) | (triangles >= lashes.stop)).all(1)]
    eye = np.arange(*topology.part_slice("eyes").indices(topology.vertex_count)[:2])
    eyes = (eye[model.mean[eye, 0] > 0], eye[model.mean[eye, 0] < 0])
    points = model.landmarks(model.mean.astype(float))
    upper, lower = points[list(BROW_UPPER)], points[list(BROW_LOWER)]
    middle = 0.5 * (upper + lower)
    brow = np.stack([middle[:, 0], middle[:, 1], 0.5 * np.abs(upper[:, 1] - lower[:, 1]), middle[:, 2]])
    mouth = points[[61, 291, 0, 17]].mean(0)
    relief = None if atlas is None else relief_scene(model, atlas)
    return RenderScene(model, triangles, eyes, brow[:, np.argsort(brow[0])], part, mouth, relief)


@dataclass(frozen=True)
class Light:
    """A given light, where the pictures' own is random.

    Attributes:
        ambient: share of the light that comes from everywhere.
        lamp: (3,) direction to the lamp in camera coordinates.
        colour: (3,) linear, white is 1.
    """

    ambient: float
    lamp: tuple[float, float, float]
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Looks:
    """How varied the pictures are.

    Attributes:
        brow_height: mm, mean and standard deviation of painted brows above the model's own.
        brow_slant: standard deviation of the slope.
        brow_thickness: range, times the model's own.
        tone: parameters of the beta distribution of skin tones from dark to pale.
        ambient: range of the ambient share of the light.
        lamp: standard deviations of the lamp's place to the side and up.
        noise: largest standard deviation of the noise, in the encoded picture.
        blur: pixels, largest standard deviation of the blur that half of the pictures have.
        beard: chance of stubble.
        skin: (3,) linear albedo; None draws it by ``tone``.
        skin_age: 0 (20 years) to 1 (85 years) of the wrinkles; None draws it.
        light: None draws it by ``ambient`` and ``lamp``.
        exposure: what light is multiplied by; None meters every picture, at random.
    """

    brow_height: tuple[float, float] = (-0.5, 1.2)
    brow_slant: float = 0.04
    brow_thickness: tuple[float, float] = (0.6, 1.4)
    tone: tuple[float, float] = (1.3, 1.0)
    ambient: tuple[float, float] = (0.3, 0.75)
    lamp: tuple[float, float] = (0.6, 0.4)
    noise: float = 0.015
    blur: float = 0.8
    beard: float = 0.35
    skin: tuple[float, float, float] | None = None
    skin_age: float | None = None
    light: Light | None = None
    exposure: float | None = None


USUAL_LOOKS = Looks()
HARD_LOOKS = Looks((-1.0, 2.5), 0.05, (0.5, 1.5), (1.0, 1.0), (0.25, 0.8), (0.7, 0.5), 0.03, 1.4)


@dataclass(frozen=True)
class Shot:
    """Camera and pose of one picture.

    Attributes:
        rotation: (3, 3) head to camera.
        position: (3,) mm of the point between the eyes.
        focal: pixels.
        size: pixels, side of the picture.
        centre: (2,) pixels, principal point; None makes the picture a window whose middle shows the face, about.
    """

    rotation: np.ndarray
    position: np.ndarray
    focal: float
    size: int = SIZE
    centre: tuple[float, float] | None = None


def random_shot(rng: np.random.Generator) -> Shot:
    """Yaw to 60, pitch to 18, roll to 14 degrees, distances of 24 to 135 mm lenses, up to 12 degrees off the axis."""
    turned = rng.uniform(-60, 60) if rng.random() < TURNED else rng.normal(0, 17)
    yaw = np.radians(np.clip(turned, -60, 60))
    pitch = np.radians(np.clip(rng.normal(0, 8), -18, 18))
    roll = np.radians(np.clip(rng.normal(0, 6), -14, 14))
    return shot_of(yaw, pitch, roll, rng)


def shot_of(yaw: float, pitch: float, roll: float, rng: np.random.Generator) -> Shot:
    """A head turned by given radians before a random lens, 24 to 135 mm, up to 12 degrees off its axis."""
    turn = _rotation(yaw, 1) @ np.diag([1.0, -1.0, -1.0])
    rotation = _rotation(roll, 2) @ _rotation(pitch, 0) @ turn
    distance = np.exp(rng.uniform(np.log(330.0), np.log(2500.0)))
    aside = np.tan(np.radians(rng.uniform(-12, 12, 2))) * distance
    focal = FILL * SIZE / FACE_WIDTH * distance * rng.uniform(0.85, 1.1)
    return Shot(rotation, np.array([aside[0], aside[1], distance]), focal)


def _rotation(angle: float, axis: int) -> np.ndarray:
    """(3, 3) rotation about a coordinate axis."""
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = [i for i in range(3) if i != axis]
    out = np.eye(3)
    out[[a, a, b, b], [a, b, a, b]] = cos, -sin, sin, cos
    return out


def render(
    scene: RenderScene,
    vertices: np.ndarray,
    shot: Shot,
    rng: np.random.Generator,
    looks: Looks = USUAL_LOOKS,
    weights: np.ndarray | None = None,
    own: np.random.Generator | None = None,
) -> np.ndarray:
    """(size, size, 3) uint8 random portrait of a posed head, ``size`` by the shot.

    Args:
        vertices: (V, 3) mm, head coordinates, expression included.
        weights: (E,) of that expression, for its wrinkles; None is a face at rest.
        own: draws what belongs to the person, paint and lines; generators of one seed and equal ``looks`` give pictures
            of one person. None takes that from ``rng`` as well: somebody else in every picture.
    """
    own = rng if own is None else own
    size = shot.size
    points = (vertices - between_eyes(scene, vertices)) @ shot.rotation.T + shot.position
    middle = np.array(FACE_MIDDLE) @ shot.rotation.T + shot.position
    shift = size / 2 - shot.focal * middle[:2] / middle[2] + size / SIZE * rng.uniform(-6, 6, 2)
    xy = shot.focal * points[:, :2] / points[:, 2:] + (shift if shot.centre is None else np.array(shot.centre))
    a, b, c = (xy[scene.triangles[:, k]] for k in range(3))
    # what faces away cannot be seen; the mesh is closed but for the cut of the neck
    front = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    triangles = scene.triangles[front]
    # on odd combinations teeth come through the chin: sort them behind it
    depth = points[:, 2] + np.where(scene.part >= 2, 5.0, 0.0)
    raster = Raster(triangles, *rasterize(xy, depth, triangles, size, size))
    normals = raster.sample_covered(vertex_normals(points, scene.triangles))
    if scene.relief is not None:
        normals = normals - _tilts(scene, scene.relief, raster, weights, looks, own) @ shot.rotation.T[:2]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)
    colour = _paint(scene, raster, looks, own, rng)
    if looks.light is None:
        colour = colour * _light(normals, raster, points, size, looks, rng)
    else:
        shade, shine = _given_light(normals, raster, points, size, looks.light, rng)
        colour = colour * shade + shine
    image = background(rng, size).reshape(-1, 3)
    image[raster.pixels] = colour
    return developed(image.reshape(size, size, 3), looks.noise, looks.blur, rng, looks.exposure)


def between_eyes(scene: RenderScene, vertices: np.ndarray) -> np.ndarray:
    """(3,) mm middle of the eyeballs of a head (V, 3) mm: the point that ``Shot.position`` places."""
    return vertices[np.concatenate(scene.eyes)].mean(0)


def _tilts(
    scene: RenderScene, relief: ReliefScene, raster: Raster, weights: np.ndarray | None, looks: Looks,
    rng: np.random.Generator,
) -> np.ndarray:
    """(P, 2) slopes of the skin of a random person, zero on other parts."""
    drawn = rng.uniform(-0.1, 0.9)
    age = drawn if looks.skin_age is None else looks.skin_age
    still = np.zeros(len(scene.model.expression_names))
    field = slopes(relief, still if weights is None else weights, max(age, 0.0), rng)
    out = slopes_at(relief, field, raster.sample_covered(scene.model.mean))
    return out * (scene.part[raster.corners[:, 0]] == 0)[:, None]


def _light(
    normals: np.ndarray, raster: Raster, points: np.ndarray, size: int, looks: Looks, rng: np.random.Generator
) -> np.ndarray:
    """(P, 3) shading: ambient, one lamp, smooth harmonics, and a highlight at times."""
    lamp = np.array([rng.normal(0, looks.lamp[0]), rng.normal(-0.5, looks.lamp[1]), -1.0])
    lamp /= np.linalg.norm(lamp)
    ambient = rng.uniform(*looks.ambient)
    harmonics = sh_basis(normals) @ (rng.normal(0, 0.06, 9) * (np.arange(9) > 0))
    lit = _lit(raster, points, size, lamp, rng) if rng.random() < SHADOWED else 1.0
    shade = ambient + harmonics + (1.1 - ambient) * np.clip(normals @ lamp, 0, 1) * lit
    shade = np.clip(shade, 0.05, None)[:, None] * (1.0 + rng.normal(0, 0.05, 3))
    if rng.random() < 0.5:
        view = -raster.sample_covered(points)
        half = view / np.linalg.norm(view, axis=1, keepdims=True) + lamp
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        shade = shade + rng.uniform(0.05, 0.6) * np.clip((half * normals).sum(1), 0, 1)[:, None] ** rng.uniform(8, 50)
    return shade


def _given_light(
    normals: np.ndarray, raster: Raster, points: np.ndarray, size: int, light: Light, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(P, 3) shading by ambient light and one lamp that casts shadows, and (P, 3) light that the surface reflects.

    The shine is the same on every skin: Blinn 1977, normalised, with Schlick's Fresnel term (1994).
    """
    lamp, white = np.array(light.lamp) / np.linalg.norm(light.lamp), np.array(light.colour)
    direct = (1.0 - light.ambient) * _lit(raster, points, size, lamp, rng) * np.clip(normals @ lamp, 0, 1)
    view = -raster.sample_covered(points)
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    half = view + lamp
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    lobe = (SHININESS + 8.0) / 8.0 * np.clip((half * normals).sum(1), 0, 1) ** SHININESS
    grazing = _fresnel(np.clip((view * normals).sum(1), LEAST_COSINE, 1))
    shine = direct * lobe * _fresnel(np.clip(half @ lamp, 0, 1)) + SHEEN * light.ambient * grazing
    return (light.ambient + direct)[:, None] * white, shine[:, None] * white


def _fresnel(cosine: np.ndarray) -> np.ndarray:
    return REFLECTANCE + (1.0 - REFLECTANCE) * (1.0 - cosine) ** 5


def _lit(
    raster: Raster, points: np.ndarray, size: int, lamp: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(P,) 0 where the head's own shadow falls, 1 where the lamp is seen; a shadow map, softened in the picture."""
    side = np.cross(lamp, [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    seen = points @ np.stack([side, np.cross(lamp, side), -lamp], axis=1)
    low, high = seen.min(0), seen.max(0)
    grid = np.ceil((high - low)[:2] / SHADOW_CELL).astype(int) + 1
    cells, depth = (seen[:, :2] - low[:2]) / SHADOW_CELL, seen[:, 2] - low[2] + 1.0
    shown = rasterize(cells, depth, raster.triangles, int(grid[0]), int(grid[1]), perspective=False)
    near = Raster(raster.triangles, *shown)
    nearest = np.full(grid[0] * grid[1], np.inf)
    nearest[near.pixels] = near.sample_covered(depth)
    at = np.clip(raster.sample_covered(cells).astype(int), 0, grid - 1)
    shaded = raster.sample_covered(depth) > nearest[at[:, 1] * grid[0] + at[:, 0]] + SHADOW_BIAS
    picture = np.zeros(size * size, np.float32)
    picture[raster.pixels] = shaded
    soft = cv2.GaussianBlur(picture.reshape(size, size), (0, 0), size / SIZE * rng.uniform(0.7, 4.0)).ravel()
    return 1.0 - rng.uniform(0.5, 1.0) * soft[raster.pixels]


def _paint(
    scene: RenderScene, raster: Raster, looks: Looks, own: np.random.Generator, rng: np.random.Generator
) -> np.ndarray:
    """(P, 3) linear albedo of the covered pixels; ``rng`` is for the grain of hair, a value a pixel."""
    topology = scene.model.topology
    at = raster.sample_covered(scene.model.mean)
    part = scene.part[raster.corners[:, 0]]
    names = ("lips", "scalp", "neck", "mouth_inner", "nostril", "eye_socket_inner", "upper_lid", "lower_lid")
    masks = raster.sample_covered(np.stack([topology.region(name) for name in names], axis=1)).T
    lips, scalp, neck, inside, nostril, socket, upper_lid, lower_lid = masks[:, :, None]

    skin = skin_tone(looks, own)
    hair = np.array([0.25, 0.16, 0.1]) * np.exp(own.normal(-1.2, 0.8)) * (1 + own.normal(0, 0.15, 3))
    if own.random() < 0.8:
        hair = np.minimum(hair, 0.6 * skin)
    colour = skin * np.exp(_blotches(at, own)[:, None] * (1 + own.normal(0, 0.2, 3)))
    lip_colour = skin * np.array([1.0, own.uniform(0.35, 0.85), own.uniform(0.4, 0.9)]) * own.uniform(0.6, 1.05)
    colour = _mix(colour, lip_colour, lips * own.uniform(0.25, 1.0))
    if own.random() < 0.5:
        colour = _mix(colour, skin * [0.75, 0.65, 0.65], np.maximum(upper_lid, lower_lid) * own.uniform(0, 0.6))
    colour = _mix(colour, hair, _brows(scene, at, looks, own, rng) * own.uniform(0.4, 1.0))
    if own.random() < looks.beard:
        colour = _mix(colour, hair, _beard(scene, at, own, rng) * (1 - neck) * (1 - lips) * own.uniform(0.1, 0.9))
    if own.random() < 0.75:
        edge = np.clip(scalp + 0.3 * _blotches(at, own)[:, None], 0, 1)
        colour = _mix(colour, hair, edge * own.uniform(0.3, 1.0))
    dark = np.array([0.09, 0.025, 0.02]) * own.uniform(0.3, 2.0)
    colour = _mix(colour, dark, np.clip(inside * 1.5, 0, 1))
    colour = _mix(colour, 0.3 * skin * [1, 0.7, 0.6], np.clip(nostril * own.uniform(0.3, 1.0), 0, 1))
    colour = _mix(colour, 0.5 * skin * [1, 0.7, 0.65], socket * own.uniform(0.2, 0.9))
    eye, teeth, tongue = (part == number for number in (1, 2, 3))
    colour[eye] = _eye_colours(scene, at[eye], own)
    colour[teeth] = np.array([0.75, 0.68, 0.55]) * own.uniform(0.4, 1.0)
    colour[tongue] = np.array([0.45, 0.15, 0.14]) * own.uniform(0.5, 1.0)
    return colour


def _mix(colour: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return colour + share * (other - colour)


def skin_tone(looks: Looks, rng: np.random.Generator) -> np.ndarray:
    """(3,) linear albedo, a given one or between dark brown and pale."""
    if looks.skin is not None:
        return np.array(looks.skin)
    tones = np.array([[0.045, 0.02, 0.012], [0.16, 0.075, 0.04], [0.36, 0.2, 0.125], [0.62, 0.42, 0.33]])
    place = 3.0 * rng.beta(*looks.tone)
    low = min(int(place), 2)
    return (tones[low] + (place - low) * (tones[low + 1] - tones[low])) * np.exp(rng.normal(0, 0.1, 3))


def _blotches(at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(P,) random smooth function of the place (P, 3) mm on the mean head, mean 0."""
    count = 10
    waves = rng.normal(0, 1, (count, 3)) / np.exp(rng.uniform(np.log(4.0), np.log(40.0), (count, 1)))
    values = np.cos(at @ waves.T + rng.uniform(0, 2 * np.pi, count))
    return values @ (rng.normal(0, 1, count) * rng.uniform(0.003, 0.03))


def _brows(
    scene: RenderScene, at: np.ndarray, looks: Looks, own: np.random.Generator, rng: np.random.Generator
) -> np.ndarray:
    """(P, 1) hair of the brows, at a random height and of random thickness, length and slant."""
    x, height, half, depth = scene.brow
    side = np.abs(at[:, 0])
    lift, slant, thick = (
        own.normal(*looks.brow_height),
        own.normal(0, looks.brow_slant),
        own.uniform(*looks.brow_thickness),
    )
    middle = np.interp(side, x, height) + lift + slant * (side - x.mean())
    taper = np.interp(side, x, np.array([1.0, 1.0, 0.95, 0.8, 0.35]))
    inside = np.interp(side, x, half) * thick * taper - np.abs(at[:, 1] - middle)
    ends = np.minimum(side - x[0] + own.uniform(-3, 3), x[-1] + own.uniform(-4, 4) - side)
    soft = own.uniform(0.4, 1.2)
    mask = _step(inside / soft) * _step(ends / 2.0) * (at[:, 2] > depth.min() - 15)
    return (mask * (1.0 - own.uniform(0, 0.5) * rng.random(len(at))))[:, None]


def _beard(
    scene: RenderScene, at: np.ndarray, own: np.random.Generator, rng: np.random.Generator
) -> np.ndarray:
    """(P, 1) stubble on chin, jaw and upper lip, or on some of them."""
    across, up = at[:, 0] - scene.mouth[0], at[:, 1] - scene.mouth[1]
    reach = own.uniform(18, 70)
    chin = _step((-4.0 - up + 0.012 * across**2 * (reach > 40)) / 5.0) * _step((reach - np.abs(across)) / 6.0)
    lip = _step((14.0 - up) / 3.0) * _step((up - 4.0) / 2.0) * _step((32.0 - np.abs(across)) / 4.0)
    mask = np.maximum(chin * (own.random() < 0.8), lip * (own.random() < 0.8)) * (at[:, 2] > 40)
    return (mask * rng.uniform(0.5, 1.0, len(at)))[:, None]


def _step(x: np.ndarray) -> np.ndarray:
    """0 to 1 as x goes from -1 to 1."""
    return smoothstep(x, -1.0, 1.0)


def _eye_colours(scene: RenderScene, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 3) sclera, iris and pupil of points (n, 3) of the eyeballs, given where they lie on the mean head."""
    blue = rng.uniform(-0.5, 1.5) * np.array([-0.2, 0.0, 0.8])
    iris = np.array([0.09, 0.06, 0.045]) * np.exp(rng.normal(0, 0.7)) * (1 + blue)
    sclera = np.array([0.7, 0.66, 0.64]) * rng.uniform(0.5, 1.1)
    radius, pupil = IRIS_RADIUS * rng.uniform(0.9, 1.1), rng.uniform(1.3, 3.0)
    colour = np.tile(sclera, (len(at), 1))
    for eye in scene.eyes:
        centre = scene.model.mean[eye].astype(float)
        middle = 0.5 * (centre.min(0) + centre.max(0))
        ours = (np.sign(at[:, 0]) == np.sign(middle[0])) & (at[:, 2] > middle[2])
        off = np.linalg.norm(at[:, :2] - middle[:2], axis=1)
        share = _step((radius - off) / 0.5)[:, None] * ours[:, None]
        colour = _mix(colour, iris, share)
        colour = _mix(colour, np.array([0.01, 0.01, 0.01]), _step((pupil - off) / 0.4)[:, None] * ours[:, None])
    return colour
