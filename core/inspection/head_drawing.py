"""The head drawn without Blender: shaded or in colours, from any side."""

from __future__ import annotations

import numpy as np

from ..character.character import Character
from ..head.camera import rotation_matrix
from ..head.chart import pixels
from ..head.fitted import View
from ..head.model import HeadModel
from ..head.raster import Raster, rasterize, rasterize_view, uv_in_view
from ..image.filters import sample
from ..mesh.operators import vertex_normals
from .canvas import BACKGROUND, Crop

LIGHT = np.array([-0.35, -0.5, -0.8]) / np.linalg.norm([0.35, 0.5, 0.8])  # from above left, camera coordinates
AMBIENT = 0.22
FAR = 1e4  # mm to a camera that sees hardly any perspective
FLIP = np.diag([1.0, -1.0, -1.0])  # head coordinates, y up and z forward, to those of a camera before it
SIDES = {"front": 0.0, "three-quarter": 0.7, "side": 1.45}  # turn of the head, radians


def posed_in_camera(character: Character, view: View) -> np.ndarray:
    """(V, 3) mm, camera coordinates, of the head in the expression of a view."""
    return view.pose.apply(character.posed(view.expression).astype(np.float64))


def fitted_landmarks(model: HeadModel, character: Character, view: View) -> np.ndarray:
    """(478, 2) pixels where the fitted head has the landmarks."""
    return view.camera.project(model.landmarks(posed_in_camera(character, view)))


def turned(vertices: np.ndarray, side: str) -> np.ndarray:
    """(V, 3) mm of a head in head coordinates, seen from one of ``SIDES`` as a camera far away sees it."""
    return (vertices - vertices.mean(0)) @ (FLIP @ rotation_matrix(np.array([0.0, SIDES[side], 0.0]))).T


def shaded(
    character: Character, points: np.ndarray, size: int, colours: np.ndarray | None = None
) -> np.ndarray:
    """(size, size, 3) uint8: the head seen along z, without perspective, filling the picture.

    Args:
        points: (V, 3) mm, camera coordinates.
        colours: (V, 3) in 0 to 255; grey if None.
    """
    raster = Raster(character.topology.triangles, *_drawn(character, points, size))
    surface = np.full(points.shape, 205.0) if colours is None else colours
    light = AMBIENT + (1 - AMBIENT) * np.clip(vertex_normals(points, character.topology.triangles) @ LIGHT, 0, 1)
    return _on_background(raster.sample(surface * light[:, None]), raster.covered)


def in_albedo(character: Character, points: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3) uint8: the head part in its albedo and the rest in grey, seen as in :func:`shaded`."""
    image, albedo = shaded(character, points, size), character.albedo.astype(np.float32)
    raster, uv = uv_in_view(character.topology, points + (0, 0, FAR), _placed(points, size), size, size)
    normals = vertex_normals(points, character.topology.triangles)
    light = 0.55 + 0.45 * np.clip(raster.sample(normals @ LIGHT), 0, 1)
    colours = sample(albedo, pixels(uv.reshape(-1, 2), len(albedo))).reshape(size, size, 3) * light[..., None]
    image[raster.covered] = np.clip(np.rint(colours[raster.covered]), 0, 255)
    return image


def view_raster(character: Character, view: View, crop: Crop) -> Raster:
    """What each pixel of a cut of the photo shows of the posed head."""
    points = posed_in_camera(character, view)
    return rasterize_view(points, crop.points(view.camera.project(points)), character.topology.triangles, *crop.size)


def _placed(points: np.ndarray, size: int) -> np.ndarray:
    """(V, 2) pixels that fill a square picture."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return (points[:, :2] - (low + high) / 2) * (0.96 * size / float((high - low).max())) + size / 2


def _drawn(character: Character, points: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    return rasterize(_placed(points, size), points[:, 2], character.topology.triangles, size, size, perspective=False)


def _on_background(colours: np.ndarray, covered: np.ndarray) -> np.ndarray:
    image = np.full(colours.shape, BACKGROUND, np.uint8)
    image[covered] = np.clip(np.rint(colours[covered]), 0, 255)
    return image
