"""A quick portrait of a head without Blender: skin, eyes, lashes and hair in one light, for a thumbnail."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ..character.character import Character
from ..fit.iris_size import IRIS_DIAMETER
from ..hair.beard import grow_beard
from ..hair.scalp import grow_scalp, scalp_colour, scalp_tone
from ..hair.skull import skull_of
from ..hair.strands import Strands
from ..head.camera import rotation_matrix
from ..head.chart import sample_uv
from ..head.eyeball import fine_eyes, iris_angle
from ..head.raster import Raster, rasterize
from ..image.colour import linear_to_srgb_bytes, srgb_to_linear
from ..mesh.carried import CarriedMesh
from ..mesh.operators import quads_to_triangles, vertex_normals
from ..mesh.subdivision import subdivide
from ..texture.eye_map import eye_map
from .pictures import SIZE

TURN = 0.4  # radians by which the head looks to the side: it shows the profile of nose and chin
FINER = 2  # pixels drawn for one of the picture, across
LEVELS = 1  # of subdivision of the skin
HEADROOM, THROAT = 22.0, 30.0  # mm shown over the skull, and under the chin
KEY = np.array([-0.45, -0.5, -0.74]) / np.linalg.norm([0.45, 0.5, 0.74])  # towards the light; camera coordinates
HALF = (KEY + (0.0, 0.0, -1.0)) / np.linalg.norm(KEY + (0.0, 0.0, -1.0))  # halfway to the camera
WRAP = 0.25  # how far light reaches round: skin scatters it
AMBIENT, BRIGHT = 0.45, 1.0  # linear, of a white surface in the shade, and what the key light adds
GLOSS, GLOSS_POWER = 0.035, 14.0  # of skin
SPARK, SPARK_POWER = 0.9, 260.0  # of wet eyes
LID_SHADE = 0.6  # light that is left on a ball right under the upper lid
EYE_SIZE = 256  # texels
SHARE = 0.6  # of the strands that show in Blender
JOINED, MOST_STEPS = 0.8, 12  # share of strands whose points join; most points from one of a strand to the next
MOST_POINTS = 2_200_000  # of all strands of a kind: long hair hides itself, and fewer will do
HAIR_SHINE, HAIR_POWER = 0.6, 24.0  # times the hair's own colour
BACKGROUND = srgb_to_linear(np.array([0.25, 0.26, 0.28]))
ROOTS = 0.65  # light that reaches the roots of hair
LASH_NEAR = 1.5  # mm by which a lash may lie behind the skin that it grows from, as coarsely as that is drawn
LASH_COLOUR = np.array([0.012, 0.009, 0.008])  # linear


def portrait(character: Character) -> np.ndarray:
    """(300, 240, 3) uint8 sRGB: the neutral head, turned a little to the side."""
    canvas = _Canvas(character, (SIZE[0] * FINER, SIZE[1] * FINER))
    canvas.skin()
    canvas.eyes()
    for strands in character.hair.strands:
        if strands.group == "lashes":
            canvas.lashes(strands)
    for strands in _grown(character):
        canvas.hair(strands)
    fine = linear_to_srgb_bytes(canvas.colour.astype(np.float32))
    return cv2.resize(fine, SIZE, interpolation=cv2.INTER_AREA)


def _grown(character: Character) -> Iterator[Strands]:
    """Hair that stands off the skin; brows are painted on it."""
    topology, neutral, seed = character.topology, character.neutral, character.wrinkle_seed
    grown = []
    if (beard := character.hair.beard) is not None:
        grown.append(grow_beard(topology, neutral, beard, seed))
    if (scalp := character.hair.scalp) is not None:
        grown.append(grow_scalp(topology, neutral, character.joints, scalp, seed, SHARE))
    yield from (strands for strands in grown if strands is not None)


class _Canvas:
    """What is drawn so far: the nearest colour of each pixel, linear, and how far it is."""

    def __init__(self, character: Character, size: tuple[int, int]):
        self.character, self.size = character, size
        self.turn = np.diag([1.0, -1.0, -1.0]) @ rotation_matrix(np.array([0.0, TURN, 0.0]))
        head = self._seen(character.neutral[character.topology.part_slice("head")])
        chin = self._seen(character.neutral[character.topology.region("chin") > 0.5])[:, 1].max()
        low, high = head[:, 1].min() - HEADROOM, chin + THROAT
        self.zoom = size[1] / (high - low)
        shown = head[head[:, 1] < chin]
        self.shift = np.array([(shown[:, 0].min() + shown[:, 0].max()) / 2, (low + high) / 2])
        self.middle = self._seen(skull_of(character.topology, character.neutral, character.joints).centre[None])[0]
        self.colour = np.broadcast_to(BACKGROUND, (size[1], size[0], 3)).copy()
        self.depth = np.full((size[1], size[0]), np.inf)

    def _seen(self, points: np.ndarray) -> np.ndarray:
        """(n, 3) mm, camera coordinates, of points in head coordinates."""
        return points.astype(np.float64) @ self.turn.T

    def _pixels(self, seen: np.ndarray) -> np.ndarray:
        return (seen[:, :2] - self.shift) * self.zoom + np.array(self.size) / 2

    def skin(self) -> None:
        """Skin in its albedo, with folds and lines at rest, and the scalp as dark as hair makes it."""
        character, topology = self.character, self.character.topology
        count = topology.part_slice("head").stop
        fine = subdivide(topology.part_faces("head"), count, LEVELS, topology.uv[topology.face_part == 0])
        tone = scalp_tone(topology, character.neutral, character.hair.scalp)
        points = fine(character.neutral[:count].astype(np.float64))
        assert fine.uv is not None
        raster, uv = self._drawn(points, fine.faces, fine.uv)
        albedo = srgb_to_linear(sample_uv(character.albedo, uv).astype(np.float32) / 255)
        share = raster.sample_covered(fine(tone[:, None]))
        albedo += share * (scalp_colour(character.hair.scalp).astype(np.float32) - albedo)
        normals = self._normals(raster, points, fine.faces)
        gloss = GLOSS * (1 - share) * _shine(normals, GLOSS_POWER)
        self._lay(raster, points, albedo * _lit(normals) + gloss)

    def eyes(self) -> None:
        """Balls with their irises, shaded by the upper lids, with the light's reflection."""
        character = self.character
        iris = character.iris_diameter or IRIS_DIAMETER
        made = fine_eyes(character.topology, character.neutral, iris)
        if made is None:
            return
        balls, wet = made
        eyes = character.neutral[character.topology.part_slice("eyes")].astype(np.float64)
        share = float(np.sin(iris_angle(eyes[eyes[:, 0] > 0], iris)))
        picture = eye_map(character.eye_colour, share, character.wrinkle_seed, EYE_SIZE)
        raster, uv = self._drawn(balls.vertices, balls.faces, balls.uv)
        colour = srgb_to_linear(sample_uv(picture, uv).astype(np.float32) / 255)
        normals = self._normals(raster, balls.vertices, balls.faces)
        self._lay(raster, balls.vertices, LID_SHADE * colour * _lit(normals))
        self._sparks(wet)

    def _sparks(self, wet: CarriedMesh) -> None:
        """What corneas and tears reflect, added to the balls behind them."""
        raster = Raster(quads_to_triangles(wet.faces), *self._rasterized(wet.vertices, quads_to_triangles(wet.faces)))
        depth = raster.sample_covered(self._seen(wet.vertices)[:, 2:])[:, 0]
        spark = SPARK * _shine(self._normals(raster, wet.vertices, wet.faces), SPARK_POWER)
        front = depth <= self.depth.reshape(-1)[raster.pixels]
        self.colour.reshape(-1, 3)[raster.pixels[front]] += spark[front]

    def hair(self, strands: Strands) -> None:
        """Strands as lines of points, lit across their direction (Kajiya and Kay 1989) and by where they lie."""
        points = self._seen(strands.points.reshape(-1, 3)).reshape(strands.points.shape)
        steps = self._steps(points)
        shown = MOST_POINTS // (steps * points.shape[1]) + 1  # any first part is spread as the whole
        points, colours = points[:shown], strands.colours[:shown]
        along = np.diff(points, axis=1)
        along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-9)
        outward = points[:, :-1] - self.middle
        outward /= np.maximum(np.linalg.norm(outward, axis=2, keepdims=True), 1e-9)
        across = np.sqrt(np.maximum(1.0 - (along @ KEY) ** 2, 0.0))
        shine = np.maximum(1.0 - (along @ HALF) ** 2, 0.0) ** (HAIR_POWER / 2) * np.clip(outward @ HALF, 0.0, 1.0) ** 2
        light = _lit(outward.reshape(-1, 3)).reshape(across.shape) * (0.45 + 0.75 * across) + HAIR_SHINE * shine
        light *= np.linspace(ROOTS, 1.0, light.shape[1])  # what lies under other hair gets less
        colour = srgb_to_linear(np.asarray(colours, np.float32))[:, None] * light[..., None]
        self._splat(_dense(points, steps), colour.reshape(-1, 3))

    def lashes(self, strands: Strands) -> None:
        """Lashes, far thinner than a pixel: each darkens what is behind it by its share of the pixel."""
        points = self._seen(strands.points.reshape(-1, 3)).reshape(strands.points.shape)
        steps = self._steps(points)
        seen = _dense(points, steps)
        flat, inside = self._places(seen)
        front = seen[inside, 2] < self.depth.reshape(-1)[flat] + LASH_NEAR
        step = np.linalg.norm(np.diff(strands.points, axis=1), axis=2).repeat(steps, axis=1).ravel() / steps
        width = np.repeat(2 * strands.radii, len(step) // len(strands))
        share = (step * width)[inside] * self.zoom**2
        hidden = 1.0 - np.exp(-np.bincount(flat[front], share[front], self.depth.size))
        pixels = self.colour.reshape(-1, 3)
        pixels += hidden[:, None] * (LASH_COLOUR - pixels)

    def _steps(self, points: np.ndarray) -> int:
        """Points to draw from one of a strand (n, k, 3) mm to the next, so that they join."""
        apart = np.linalg.norm(np.diff(points[..., :2], axis=1), axis=2)
        return int(np.clip(np.ceil(np.quantile(apart, JOINED) * self.zoom), 1, MOST_STEPS)) if apart.size else 1

    def _places(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Flat index of the pixels of those points (n, 3) that are in the picture, and which (n,) these are."""
        column, row = np.floor(self._pixels(seen)).astype(int).T
        inside = (column >= 0) & (column < self.size[0]) & (row >= 0) & (row < self.size[1])
        return (row * self.size[0] + column)[inside], inside

    def _splat(self, seen: np.ndarray, colour: np.ndarray) -> None:
        """Points (n, 3) mm, camera coordinates, two pixels wide, where nothing is nearer.

        Args:
            colour: (m, 3), each of n / m points that follow each other.
        """
        each = len(seen) // max(len(colour), 1)
        flat, inside = self._places(seen)
        number, depth = np.flatnonzero(inside).astype(np.int32), seen[inside, 2].astype(np.float32)
        order = np.argsort(-depth)  # the nearest is written last
        flat, number, depth = flat[order], number[order], depth[order]
        colours, behind = self.colour.reshape(-1, 3), self.depth.reshape(-1)
        for right in (0, 1):
            place = np.minimum(flat + right, behind.size - 1)
            front = np.flatnonzero(depth < behind[place])
            nearest = np.full(behind.size, -1, np.int32)
            nearest[place[front]] = number[front]
            drawn = np.flatnonzero(nearest >= 0)
            colours[drawn] = colour[nearest[drawn] // each]
            behind[drawn] = seen[nearest[drawn], 2]

    def _drawn(self, points: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> tuple[Raster, np.ndarray]:
        """What each pixel shows of a mesh of quads, and its (P, 2) places in the chart, of (f, 4, 2) corners."""
        triangles, corners = quads_to_triangles(faces), np.arange(4 * len(faces)).reshape(-1, 4)
        halves = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
        both = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
        whole = (both[:, 0] != both[:, 1]) & (both[:, 1] != both[:, 2]) & (both[:, 2] != both[:, 0])
        raster = Raster(triangles, *self._rasterized(points, triangles))
        at = halves[whole][raster.triangle_id.reshape(-1)[raster.pixels]]
        return raster, np.einsum("pk,pkd->pd", raster.weights, uv.reshape(-1, 2)[at])

    def _rasterized(self, points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen = self._seen(points)
        return rasterize(self._pixels(seen), seen[:, 2], triangles, *self.size, perspective=False)

    def _normals(self, raster: Raster, points: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """(P, 3) unit, camera coordinates."""
        normals = raster.sample_covered(vertex_normals(self._seen(points), quads_to_triangles(faces)))
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)

    def _lay(self, raster: Raster, points: np.ndarray, colour: np.ndarray) -> None:
        """Colours (P, 3) of a raster's pixels, where nothing is nearer."""
        depth = raster.sample_covered(self._seen(points)[:, 2:])[:, 0]
        front = depth < self.depth.reshape(-1)[raster.pixels]
        self.colour.reshape(-1, 3)[raster.pixels[front]] = colour[front]
        self.depth.reshape(-1)[raster.pixels[front]] = depth[front]


def _dense(points: np.ndarray, steps: int) -> np.ndarray:
    """(n * (k - 1) * steps, 3) points along strands (n, k, 3)."""
    place = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    return (points[:, :-1, None] + place * np.diff(points, axis=1)[:, :, None]).reshape(-1, 3)


def _lit(normals: np.ndarray) -> np.ndarray:
    """(P, 1) light on a matt surface."""
    key = np.clip((normals @ KEY + WRAP) / (1 + WRAP), 0.0, 1.0)
    fill = 0.5 - 0.5 * normals[:, 2]  # from where the camera stands
    return (AMBIENT * fill + BRIGHT * key)[:, None].astype(np.float32)


def _shine(normals: np.ndarray, power: float) -> np.ndarray:
    """(P, 1) of a highlight (Blinn 1977)."""
    return np.clip(normals @ HALF, 0.0, 1.0)[:, None] ** power
