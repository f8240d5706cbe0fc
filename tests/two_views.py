"""Two drawn photos of one head with a known texture and light, and the fit that is true to them."""

from __future__ import annotations

import numpy as np
from furrow.core.fit.coarse import Observation
from furrow.core.fit.match_term import aligned_skin
from furrow.core.head.camera import Camera
from furrow.core.head.fitted import CoarseFit, View
from furrow.core.head.model import HeadModel
from furrow.core.head.raster import rasterize_view
from furrow.core.mesh.operators import vertex_normals
from synthetic_head import expression_weights, observe, some_identity

HEIGHT = 480
FOCAL = 2300.0  # pixels of a photo 1000 pixels high
TURNS = ((0.05, -0.28, 0.0), (-0.05, 0.26, 0.03))
LIGHTS = ((0.5, 0.4, 0.8), (-0.6, 0.2, 0.8))


def drawn_person(
    model: HeadModel, seed: int = 5, shapes: dict | None = None, bias: float = 0.0
) -> tuple[CoarseFit, list[np.ndarray]]:
    """The true fit of a head seen from two sides in two lights, and its photos (HEIGHT, HEIGHT, 3) uint8.

    Args:
        shapes: expression in the second photo.
        bias: pixels the landmarks are off by, alike in both photos, and half as much in each for itself.
    """
    off = drift(model, seed, bias)
    identity = some_identity(model, seed, 30)
    neutral = model.neutral(identity)
    focal = FOCAL * HEIGHT / 1000
    camera = Camera(focal, focal, HEIGHT / 2, HEIGHT / 2, HEIGHT, HEIGHT)
    texture = spots(model, seed)
    views, photos = [], []
    for i, (turn, light) in enumerate(zip(TURNS, LIGHTS)):
        seen, pose = observe(model, identity, shapes if i else None, turn, FOCAL, 800.0, noise=0.3, photo=f"{i}.png")
        weights = expression_weights(model, **((shapes or {}) if i else {}))
        shrunk = seen.landmarks.points * HEIGHT / 1000 + off + drift(model, seed + i + 1, 0.5 * bias)
        depth = seen.landmarks.depth * HEIGHT / 1000
        marks = type(seen.landmarks)(shrunk, depth, seen.landmarks.spread, 0.99, seen.landmarks.box * HEIGHT / 1000)
        views.append(View(seen.photo, camera, pose, weights, marks, 0.0))
        posed = neutral + np.tensordot(weights.astype(np.float32), model.expression_basis, 1)
        photos.append(draw(model, camera, pose.apply(posed.astype(float)), texture, np.array(light), pose.rotation))
    return CoarseFit(identity, neutral, model.joints_of(identity), tuple(views), (), (1.0, 1.0)), photos


def drift(model: HeadModel, seed: int, size: float) -> np.ndarray:
    """(478, 2) smooth random offsets with a standard deviation of ``size``."""
    rng = np.random.default_rng(seed)
    points = model.landmarks(model.mean.astype(float))
    centres = points[rng.choice(len(points), 30)]
    near = np.exp(-0.5 * ((points[:, None] - centres) ** 2).sum(axis=-1) / 20.0**2)
    field = near @ rng.normal(size=(30, 2))
    return size * field / field.std()


def spots(model: HeadModel, seed: int) -> np.ndarray:
    """(400, 5) points of the mean head with a radius in mm and a strength: what a skin's blotches and moles are."""
    rng = np.random.default_rng(seed)
    face = np.flatnonzero(model.topology.region("face") > 0.5)
    at = model.mean[rng.choice(face, 400)]
    return np.column_stack([at, rng.uniform(1.0, 3.0, 400), rng.uniform(-0.8, 0.6, 400)])


def draw(
    model: HeadModel, camera: Camera, points: np.ndarray, texture: np.ndarray, light: np.ndarray, rotation: np.ndarray
) -> np.ndarray:
    """A photo of posed vertices (V, 3) mm, with matt shading by light from a direction in head coordinates."""
    topology = model.topology
    triangles = topology.triangles[topology.triangles[:, 0] < topology.part_slice("lashes").start]
    raster = rasterize_view(points, camera.project(points), triangles, HEIGHT, HEIGHT)
    at = raster.sample(model.mean)[raster.covered]
    tone = np.zeros(len(at))
    for x, y, z, radius, strength in texture:
        tone += strength * np.exp(-0.5 * ((at - (x, y, z)) ** 2).sum(axis=1) / radius**2)
    normals = raster.sample(vertex_normals(points, triangles))[raster.covered] @ rotation
    shade = 0.35 + 0.65 * np.clip(normals @ (light / np.linalg.norm(light)), 0, None)
    picture = np.full((HEIGHT, HEIGHT, 3), 90.0)
    linear = 0.4 * shade * np.exp(0.8 * tone)
    picture[raster.covered] = 255 * np.clip(linear[:, None] * [1.0, 0.72, 0.58], 0, 1) ** (1 / 2.2)
    return picture.astype(np.uint8)


def view_vertices(model: HeadModel, fit: CoarseFit, view: int) -> np.ndarray:
    """(V, 3) mm, camera coordinates, of the head in one view."""
    seen = fit.views[view]
    return seen.pose.apply((fit.neutral + np.tensordot(seen.expression, model.expression_basis, 1)).astype(float))


def true_pixels(model: HeadModel, fit: CoarseFit, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) where the second view shows what the first shows at pixels (n, 2), and (n,) whether both show it."""
    first, second = (view_vertices(model, fit, i) for i in range(2))
    triangles = model.topology.triangles
    scale = 3
    fine = [
        rasterize_view(points, view.camera.project(points) * scale, triangles, HEIGHT * scale, HEIGHT * scale)
        for points, view in zip((first, second), fit.views)
    ]
    x, y = np.clip((pixels * scale).astype(int), 0, HEIGHT * scale - 1).T
    there = fine[0].sample(second)[y, x]
    found = fit.views[1].camera.project(np.where(there[:, 2:] > 0, there, [0.0, 0.0, 1.0]))
    x2, y2 = np.clip((found * scale).astype(int), 0, HEIGHT * scale - 1).T
    return found, fine[0].covered[y, x] & (np.abs(fine[1].sample(second)[y2, x2, 2] - there[:, 2]) < 2.0)


def observations(fit: CoarseFit) -> list[Observation]:
    """What the landmark fit is given of the two photos."""
    return [Observation(view.landmarks, HEIGHT, HEIGHT, view.camera.fx, view.photo) for view in fit.views]


def best_similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Points (n, 3) after the best similarity to the target (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, values, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (values @ sign) / (a**2).sum() * a @ ((u * sign) @ vt).T + target.mean(0)


def face_distance(model: HeadModel, neutral: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance in mm of the face's surface from the true one, across it, after the best similarity."""
    skin = aligned_skin(model, 1).vertices
    triangles = model.topology.triangles[(model.topology.triangles < model.topology.part_slice("head").stop).all(1)]
    normals = vertex_normals(truth.astype(float), triangles)[skin]
    moved = best_similarity(neutral[skin].astype(float), truth[skin].astype(float))
    return float(np.abs(np.einsum("nd,nd->n", moved - truth[skin], normals)).mean())
