"""Pictures of heads with lines and pores that are known, made without Furrow's renderer, atlas, profiles or light.

Only the mesh is Furrow's. A line is a row of points laid on the face by millimetres from eyes, nose and mouth; across
it the skin is pressed in by a curve of this module; pores are pits at random places. Each pixel is shaded by itself.
What Furrow finds in such a picture is compared with what was drawn in it by ``models.evaluation.drawn_lines``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ...core.head.model import HeadModel

REACH = 6.0  # mm from a line to where the skin is level again
DENSE = 0.15  # mm between the points of a line


@dataclass(frozen=True)
class Line:
    """One line on the face: points (n, 2) mm, x and y of the head, depth (n,) mm at each, and its width in mm."""

    points: np.ndarray
    depth: np.ndarray
    width: float


@dataclass(frozen=True)
class Viewpoint:
    """A pinhole camera: rotation (3, 3) and translation (3,) mm from the head to the camera (x right, y down, z away).

    ``focal`` and ``size``, of the square picture, are in pixels.
    """

    rotation: np.ndarray
    translation: np.ndarray
    focal: float = 2600.0
    size: int = 960

    @classmethod
    def turned(cls, yaw: float, pitch: float = 0.03) -> Viewpoint:
        """A portrait from 700 mm of a head turned by radians."""
        (ca, sa), (cb, sb) = ((np.cos(a), np.sin(a)) for a in (pitch, yaw))
        turn = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]]) @ np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
        rotation = np.diag([1.0, -1, -1]) @ turn
        return cls(rotation, np.array([0.0, 0, 700]) - rotation @ [0, -20, 60])

    def pixels(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 2) pixels and (n,) distance of points (n, 3) mm of the head."""
        seen = points @ self.rotation.T + self.translation
        return seen[:, :2] / seen[:, 2:] * self.focal + self.size / 2, seen[:, 2]


def triangle_pixels(
    xy: np.ndarray, depth: np.ndarray, triangles: np.ndarray, size: int, both_sides: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """(size, size) nearest triangle at each pixel, -1 for none, and (size, size, 3) shares of its corners.

    All pixels of all bounding boxes are tested at once; the nearest is written last. Triangles that show their back
    are left out, unless ``both_sides``.
    """
    corner = np.concatenate([xy[triangles].transpose(0, 2, 1), np.ones((len(triangles), 1, 3))], 1)
    turned = np.linalg.det(corner)
    drawn = np.flatnonzero(np.abs(turned) > 1e-9 if both_sides else turned < -1e-9)
    inverse, z, flat = np.linalg.inv(corner[drawn]), depth[triangles[drawn]], corner[drawn, :2]
    low = np.clip(np.ceil(flat.min(2) - 0.5), 0, size).astype(int)
    high = np.clip(np.floor(flat.max(2) - 0.5) + 1, 0, size).astype(int)
    wide, tall = np.maximum(high - low, 0).T
    which = np.repeat(np.arange(len(drawn)), wide * tall)
    place = np.arange(len(which)) - np.repeat(np.cumsum(wide * tall) - wide * tall, wide * tall)
    y, x = low[which, 1] + place // wide[which], low[which, 0] + place % wide[which]
    at_x, at_y, at_1 = inverse[which].transpose(2, 1, 0)
    share = at_x * (x + 0.5) + at_y * (y + 0.5) + at_1
    inside = (share >= 0).all(0)
    share = share[:, inside].T / z[which[inside]]
    away = 1.0 / share.sum(1)
    order = np.argsort(-away)
    ids, shares = np.full((size, size), -1), np.zeros((size, size, 3))
    at = y[inside][order], x[inside][order]
    ids[at], shares[at] = drawn[which[inside][order]], (share * away[:, None])[order]
    return ids, shares


def seen_surface(
    vertices: np.ndarray, triangles: np.ndarray, viewpoint: Viewpoint
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(size, size) bool where a picture shows the head, and of those n pixels the corners (n, 3) and their shares."""
    xy, away = viewpoint.pixels(vertices)
    ids, share = triangle_pixels(xy, away, triangles, viewpoint.size)
    return ids >= 0, triangles[ids[ids >= 0]], share[ids >= 0]


def corner_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack([np.bincount(triangles.ravel(), np.repeat(f, 3), len(points)) for f in face.T], -1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def on_front(surface: np.ndarray, lines: Sequence[Line]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each line its dense points (m, 3) on the seen surface (n, 3), and its depth (m,) there."""
    tree = cKDTree(surface[:, :2])
    laid = []
    for line in lines:
        gone = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line.points, axis=0), axis=1))])
        at = np.arange(0, gone[-1], DENSE)
        flat = np.stack([np.interp(at, gone, c) for c in line.points.T], -1)
        away, near = tree.query(flat)
        seen = away < 1.0
        laid.append((np.column_stack([flat, surface[near, 2]])[seen], np.interp(at, gone, line.depth)[seen]))
    return laid


def pressed(surface: np.ndarray, lines: Sequence[Line]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) mm height and (n, 3) its slope on the seen surface (n, 3): grooves with a shoulder on each side."""
    height, slope = np.zeros(len(surface)), np.zeros((len(surface), 3))
    for line, (points, depth) in zip(lines, on_front(surface, lines)):
        close = (surface > points.min(0) - REACH).all(1) & (surface < points.max(0) + REACH).all(1)
        rows = np.flatnonzero(close)
        d, near = cKDTree(points).query(surface[rows])
        rows, d, near = rows[d < REACH], d[d < REACH], near[d < REACH]
        deep, w = depth[near], line.width
        groove, shoulder = np.exp(-((d / w) ** 2)), 0.2 * np.exp(-(((d - 2.2 * w) / w) ** 2))
        height[rows] += deep * (shoulder - groove)
        steep = deep * (2 * d / w**2 * groove - 2 * (d - 2.2 * w) / w**2 * shoulder)
        slope[rows] += (steep / np.maximum(d, 1e-6))[:, None] * (surface[rows] - points[near])
    return height, slope


def pitted(surface: np.ndarray, depth: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(n,) mm height and (n, 3) slope of pits 0.3 mm wide and about 1.2 mm apart on the seen surface (n, 3)."""
    low, high = surface.min(0), surface.max(0)
    pits = rng.uniform(low[:2] - 1, high[:2] + 1, (int(np.prod(high[:2] - low[:2]) / 1.2**2), 2))
    away, near = cKDTree(pits).query(surface[:, :2])
    own = depth * rng.uniform(0.5, 1.5, len(pits))[near] * np.exp(-0.5 * (away / 0.3) ** 2)
    slope = np.zeros((len(surface), 3))
    slope[:, :2] = (own / 0.3**2)[:, None] * (surface[:, :2] - pits[near])
    return -own, slope


def true_lines(
    model: HeadModel, vertices: np.ndarray, viewpoint: Viewpoint, lines: Sequence[Line]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all lines, points that a picture shows: (n, 2) pixels, (n,) mm deep, (n,) which line."""
    vertices = np.asarray(vertices, float)
    _, corners, share = seen_surface(vertices, model.topology.triangles, viewpoint)
    laid = on_front(np.einsum("nkc,nk->nc", vertices[corners], share), lines)
    which = np.repeat(np.arange(len(laid)), [len(depth) for _, depth in laid])
    return viewpoint.pixels(np.concatenate([p for p, _ in laid]))[0], np.concatenate([d for _, d in laid]), which


def blotches(shape: tuple[int, int], wide: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance, ``wide`` pixels across."""
    field = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), wide)
    return field / field.std()


def colours(model: HeadModel, vertices: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """(V, 3) linear colours: skin, brows, lips; eyes with an iris."""
    topology = model.topology
    colour = np.tile(tone, (len(vertices), 1))
    for name, darker in (("brow", [1.6, 1.6, 1.6]), ("lips", [0.15, 0.7, 0.5])):
        colour[topology.region(name) > 0.7] *= np.exp(-np.array(darker))
    eyes = np.arange(len(vertices))[topology.part_slice("eyes")]
    for side in (-1, 1):
        eye = eyes[vertices[eyes, 0] * side > 0]
        front = vertices[eye[vertices[eye, 2].argmax()]]
        off = np.linalg.norm(vertices[eye] - front, axis=1)
        colour[eye] = np.select([off[:, None] < 2.5, off[:, None] < 6.5], [[0.01] * 3, [0.1, 0.05, 0.02]], [0.6] * 3)
    colour[topology.part_slice("teeth")] = 0.5
    return colour


def photo(
    model: HeadModel,
    vertices: np.ndarray,
    viewpoint: Viewpoint,
    *,
    lines: Sequence[Line] = (),
    pores: float = 0.0,
    freckles: int = 0,
    tone: Sequence[float] = (0.42, 0.26, 0.19),
    mottled: float = 0.03,
    light: Sequence[float] = (0.5, 0.6, 0.8),
    ambient: float = 0.35,
    seed: int = 0,
) -> np.ndarray:
    """(size, size, 3) uint8 sRGB picture of vertices (V, 3) mm.

    Args:
        pores: mm, depth of the pits.
        light: where it comes from, in the head's coordinates.
        ambient: share of the light that comes from everywhere.
    """
    rng = np.random.default_rng(seed)
    vertices = np.asarray(vertices, float)
    topology, size = model.topology, viewpoint.size
    triangles = topology.triangles[topology.triangles[:, 0] < topology.part_slice("lashes").start]
    seen, corners, share = seen_surface(vertices, triangles, viewpoint)

    def at(values: np.ndarray) -> np.ndarray:
        return np.einsum("nkc,nk->nc", values[corners], share)

    surface, normal = at(vertices), at(corner_normals(vertices, triangles))
    skin = corners[:, 0] < topology.part_slice("head").stop
    albedo = at(colours(model, vertices, np.array(tone)))
    grain = np.stack([blotches((size, size), wide, rng)[seen] for wide in (20.0, 4.5, 1.2)])
    albedo *= np.exp(mottled * skin * grain.sum(0))[:, None]
    for spot in surface[skin][rng.integers(0, skin.sum(), freckles)]:
        near = np.flatnonzero((np.abs(surface - spot) < 3).all(1))
        away = ((surface[near] - spot) ** 2).sum(1)
        albedo[near] *= np.exp(-0.35 * np.exp(-away / rng.uniform(0.4, 0.9) ** 2))[:, None]
    height, slope = pressed(surface, lines)
    for more in [pitted(surface, pores, rng)] if pores else []:
        height, slope = height + skin * more[0], slope + skin[:, None] * more[1]
    slope -= normal * (slope * normal).sum(1, keepdims=True)
    normal = normal - skin[:, None] * slope
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    lamp = np.maximum(normal @ (np.array(light) / np.linalg.norm(light)), 0)
    sky = (0.75 + 0.25 * normal[:, 1]) / (1 + 0.8 * np.maximum(-height, 0))
    picture = np.full((size, size, 3), 0.12)
    picture[seen] = albedo * (ambient * sky + (1 - ambient) * lamp)[:, None] * 1.6
    picture = cv2.GaussianBlur(picture, (0, 0), 0.6) * (1 + 0.006 * rng.normal(size=picture.shape))
    picture = np.clip(picture, 0, 1)
    coded = np.where(picture < 0.0031308, 12.92 * picture, 1.055 * np.maximum(picture, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * coded).astype(np.uint8)


def lined_face(model: HeadModel, vertices: np.ndarray, share: float, deepest: float, seed: int) -> list[Line]:
    """Lines of forehead, glabella, crow's feet and nasolabial folds: a ``share`` of all, up to ``deepest`` mm."""
    rng = np.random.default_rng(seed)
    mark = model.landmarks(np.asarray(vertices, float))
    drawn: list[Line] = []

    def add(points: np.ndarray, width: float, strength: float) -> None:
        along = np.linspace(0, 1, len(points))
        depth = np.minimum(1, 5 * np.minimum(along, 1 - along)) * (1 + 0.15 * np.sin(7 * along + rng.uniform(0, 6)))
        if rng.random() < share:
            drawn.append(Line(np.asarray(points), deepest * strength * rng.uniform(0.35, 1.0) * depth, width))

    t = np.linspace(0, 1, 60)
    top, brow = mark[10, 1], max(mark[105, 1], mark[334, 1])
    for y in np.arange(brow + 9, top - 2, rng.uniform(6.5, 8)):
        x = np.interp(t, [0, 1], [rng.uniform(-38, -15), rng.uniform(15, 38)])
        arch = y - 2.5 * (x / 30) ** 2 + 0.8 * np.sin(x / rng.uniform(6, 9) + y)
        add(np.stack([x, arch], -1), rng.uniform(0.9, 1.3), 1)
    for side in (-1, 1):
        x, y = mark[9, 0] + side * rng.uniform(6, 9), mark[9, 1]
        add(np.stack([x + side * 1.5 * t**2, y - 9 + 22 * t], -1), rng.uniform(0.9, 1.2), 0.9)
        corner = mark[33 if side < 0 else 263, :2]
        for angle in np.radians([-32, -8, 16]):
            out = 7 + rng.uniform(12, 18) * t
            bend = angle + 0.25 * np.sin(angle) * t
            add(corner + out[:, None] * np.stack([side * np.cos(bend), np.sin(bend)], -1), rng.uniform(0.6, 0.9), 0.6)
        wing, mouth = mark[129 if side < 0 else 358, :2], mark[61 if side < 0 else 291, :2]
        ends = np.stack([wing + [side * 4, 1], (wing + mouth) / 2 + [side * 11, -1], mouth + [side * 9, -4]])
        curve = (1 - t)[:, None] ** 2 * ends[0] + 2 * (t * (1 - t))[:, None] * ends[1] + t[:, None] ** 2 * ends[2]
        add(curve, rng.uniform(1.3, 1.7), 1.2)
    return drawn
