"""Where two photos of one head show the same skin: dense optical flow through the fitted head.

The first photo is drawn onto the second through the head that was fitted to both: whatever still differs is an error
of shape, pose or expression. Dense inverse search (Kroeger et al. 2016) finds it between pictures without their slow
changes of light. Skin is smooth and highlights travel, so flow is right in some places and wrong in others, and it
does not know where. It is therefore sought four times, in two kinds of tones and from two starts: a match counts by
how well the four agree, and by how alike the photos look there after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.fitted import CoarseFit, View
from ..head.landmark_sets import eye_distance
from ..head.model import HeadModel
from ..head.raster import Raster, rasterize_view
from ..image.colour import LUMINANCE, srgb_to_linear
from ..image.filters import smoothstep
from ..mesh.operators import vertex_normals
from .unwrap import landmark_shift, posed_vertices

EYE_DISTANCE = 200.0  # pixels between the outer eye corners in the pictures that are compared
MARGIN = 0.3  # of the eye distance, around the landmarks
SPECULAR_SHARE = 0.7  # of the blue light, which skin hardly throws back but a highlight does
DARKEST = 0.004  # linear: noise is below
SLOW, FINE = 6.0, 0.8  # pixels: changes slower than the one and finer than the other are light and noise
PATCH, STRIDE = 12, 4  # pixels, of the flow
WINDOW = 17  # pixels, over which the photos' likeness is judged
LIKENESS = (0.5, 0.85)  # correlation at which a match counts nothing, fully
FACING = (0.2, 0.4)  # cosine to either camera's direction at which skin counts nothing, fully
HIDDEN = 4.0  # mm behind the nearest surface
SPREAD = 0.6  # mm, of matches that agree perfectly
DISAGREEMENT = 1.5  # times their disagreement is added to that


@dataclass(frozen=True)
class FaceCrop:
    """The face in one photo, and where the fitted head stands in it.

    Attributes:
        tones: (2, h, w) float32 logarithms: of red less blue, which highlights hardly change, and of luminance.
        origin: (2,) corner of the crop in the photo, pixels.
        scale: (2,) pixels of the crop per pixel of the photo.
        points: (V, 3) mm, camera coordinates.
        normals: (V, 3) unit, camera coordinates; zero off the head's skin.
        rotation: (3, 3) of the head's pose.
        focal: (2,) pixels of the crop.
        xy: (V, 2) pixels of the crop.
        shift: (V, 2) pixels of the crop from there to where the landmarks say it is; zero off the face.
        raster: which point of the head each pixel of the crop shows.
        depth: (h, w) mm of the nearest surface, inf where there is none.
        millimetres: of a pixel of the crop, at the face.
    """

    tones: np.ndarray
    origin: np.ndarray
    scale: np.ndarray
    points: np.ndarray
    normals: np.ndarray
    rotation: np.ndarray
    focal: np.ndarray
    xy: np.ndarray
    shift: np.ndarray
    raster: Raster
    depth: np.ndarray
    millimetres: float

    def in_photo(self, pixels: np.ndarray) -> np.ndarray:
        """(n, 2) pixels of the photo, of pixels of the crop."""
        return pixels / self.scale + self.origin

    def visible(self, vertices: np.ndarray) -> np.ndarray:
        """(n,) bool, vertices (n,) that no part of the head hides."""
        height, width = self.depth.shape
        column, row = np.floor(self.xy[vertices]).astype(int).T
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        nearest = self.depth[row.clip(0, height - 1), column.clip(0, width - 1)]
        return inside & (self.points[vertices, 2] < nearest + HIDDEN)


@dataclass(frozen=True)
class Matches:
    """Skin that two photos show.

    Attributes:
        vertices: (n,) indices into the model's vertices.
        first, second: (n, 2) pixels of either photo that show the same skin, near where the fit has the vertex.
        motion: (n, 2, 2) how skin that moves along the surface moves in the second photo, per pixel in the first.
        spread: (n,) pixels of the second photo, standard deviation.
        weight: (n,) in [0, 1].
        sure_share: in [0, 1], how much of the vertices that both photos show is matched, and surely.
    """

    vertices: np.ndarray
    first: np.ndarray
    second: np.ndarray
    motion: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    sure_share: float


def face_crop(model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray) -> FaceCrop:
    """Cut the face out of a photo (H, W, 3) uint8 sRGB, and place the fitted head in it."""
    marks = view.landmarks.points
    eye = max(eye_distance(marks), 1.0)
    size = np.array([photo.shape[1], photo.shape[0]])
    low = np.clip(np.floor(marks.min(axis=0) - MARGIN * eye), 0, size - 2).astype(int)
    high = np.clip(np.ceil(marks.max(axis=0) + MARGIN * eye), low + 2, size).astype(int)
    shape = np.maximum(2, np.round((high - low) * EYE_DISTANCE / eye)).astype(int)
    shrinks = shape[0] < high[0] - low[0]
    crop = cv2.resize(
        photo[low[1] : high[1], low[0] : high[0]],
        tuple(shape.tolist()),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    scale = shape / (high - low)
    points = view.pose.apply(posed_vertices(model, fit, view).astype(float))
    head = model.topology.part_slice("head")
    triangles, skin = model.topology.triangles, model.topology.head_triangles
    millimetres = float(np.median(points[head, 2])) / view.camera.fx
    off = (marks - view.camera.project(model.landmarks(points))) * millimetres
    face = np.flatnonzero(model.topology.region("face")[head] > 0.0) + head.start
    xy = (view.camera.project(points) - low) * scale
    solid = triangles[triangles[:, 0] < model.topology.part_slice("lashes").start]
    raster = rasterize_view(points, xy, solid, *shape)
    depth = np.where(raster.covered, raster.sample(points[:, 2]), np.inf)
    return FaceCrop(
        tones=_tones(crop),
        origin=low,
        scale=scale,
        points=points,
        normals=vertex_normals(points, skin),
        rotation=view.pose.rotation,
        focal=np.array([view.camera.fx, view.camera.fy]) * scale,
        xy=xy,
        shift=landmark_shift(model, points, off, face) / millimetres * scale,
        raster=raster,
        depth=depth,
        millimetres=millimetres / float(scale.mean()),
    )


def match(first: FaceCrop, second: FaceCrop, vertices: np.ndarray) -> Matches:
    """Find skin of the first photo in the second.

    Args:
        vertices: (n,) where matches are wanted.
    """
    motion = tangent_motion(first, second, np.arange(len(first.points)))
    by_landmarks = second.shift - np.einsum("nij,nj->ni", motion, first.shift)
    drawn, usable = _seen_from(first, second)
    start = second.raster.sample(by_landmarks)
    at = second.xy[vertices]
    found, likeness = [], []
    for here, there in zip(drawn, second.tones):
        before = _band(here, usable)
        for begin in (None, start):
            flow, alike = _flow(before, there, usable, begin)
            found.append(_sample(flow, at))
            likeness.append(_sample(alike, at))
    seen = (_sample(usable.astype(np.float32), at) > 0.9) & first.visible(vertices) & second.visible(vertices)
    motion = motion[vertices]
    middle = np.median(found, axis=0)
    disagreement = np.linalg.norm(np.array(found) - middle, axis=2).mean(axis=0)
    shown = seen * smoothstep(np.minimum(_facing(first, vertices), _facing(second, vertices)), *FACING)
    weight = shown * _ramp(np.mean(likeness, axis=0), LIKENESS)
    chosen = weight > 1e-3
    spread = np.hypot(SPREAD / second.millimetres, DISAGREEMENT * disagreement) / second.scale.mean()
    sure = weight / (1.0 + (DISAGREEMENT / SPREAD * second.millimetres * disagreement) ** 2)
    # between the photos' own pixels, not those of the crops
    motion = motion * (first.scale[None, None, :] / second.scale[None, :, None])
    matched = second.xy[vertices] + middle
    return Matches(
        vertices[chosen],
        first.in_photo(first.xy[vertices])[chosen],
        second.in_photo(matched)[chosen],
        motion[chosen],
        spread[chosen],
        weight[chosen],
        float(sure.sum() / max(shown.sum(), 1e-9)),
    )


def tangent_motion(first: FaceCrop, second: FaceCrop, vertices: np.ndarray) -> np.ndarray:
    """(n, 2, 2) motion in the second crop of skin that moves along the surface by one pixel of the first.

    With T the tangents of the surface and P the derivative of the projection, P_2 R T (P_1 T)^-1.
    """
    normal = first.normals[vertices]
    normal = np.where(np.linalg.norm(normal, axis=1, keepdims=True) > 0.5, normal, [0.0, 0.0, -1.0])
    aside = np.where(np.abs(normal[:, :1]) < 0.8, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    across = np.cross(normal, aside)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    tangents = np.stack([across, np.cross(normal, across)], axis=-1)
    here = _projection_slope(first, vertices) @ tangents
    there = _projection_slope(second, vertices) @ (second.rotation @ first.rotation.T @ tangents)
    # skin seen edge-on has no inverse, and no weight either
    edge_on = np.abs(np.linalg.det(here)) < 1e-6
    here[edge_on] = np.eye(2)
    return there @ np.linalg.inv(here)


def _projection_slope(crop: FaceCrop, vertices: np.ndarray) -> np.ndarray:
    """(n, 2, 3) derivative of a vertex's pixel in the crop by its position in camera coordinates."""
    x, y, z = crop.points[vertices].T
    slope = np.zeros((len(vertices), 2, 3))
    slope[:, 0, 0], slope[:, 1, 1] = crop.focal[0] / z, crop.focal[1] / z
    slope[:, 0, 2], slope[:, 1, 2] = -crop.focal[0] * x / z**2, -crop.focal[1] * y / z**2
    return slope


def _facing(crop: FaceCrop, vertices: np.ndarray) -> np.ndarray:
    """(n,) cosine between the normals and the direction to the camera."""
    points = crop.points[vertices]
    return -np.einsum("nd,nd->n", crop.normals[vertices], points) / np.linalg.norm(points, axis=1)


def _tones(crop: np.ndarray) -> np.ndarray:
    """(2, h, w) float32, see ``FaceCrop``, of a crop (h, w, 3) uint8."""
    linear = srgb_to_linear(crop)
    matt = linear[..., 0] - SPECULAR_SHARE * linear[..., 2]
    return np.log(np.maximum(np.stack([matt, linear @ LUMINANCE]), DARKEST)).astype(np.float32)


def _seen_from(first: FaceCrop, second: FaceCrop) -> tuple[list[np.ndarray], np.ndarray]:
    """The first photo drawn onto the second: two tones (h, w), and (h, w) bool where both show the head."""
    values = second.raster.sample(np.column_stack([first.xy - 0.5, first.points[:, 2]]))
    at = np.ascontiguousarray(values[..., :2])
    nearest = cv2.remap(
        first.depth.astype(np.float32), at, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=-1.0
    )
    usable = second.raster.covered & (values[..., 2] < nearest + HIDDEN)
    usable = cv2.erode(usable.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    return [
        cv2.remap(tone, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for tone in first.tones
    ], usable


def _flow(
    before: np.ndarray, there: np.ndarray, usable: np.ndarray, start: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 2) flow in pixels from a band picture to a tone picture, and (h, w) their correlation after it.

    Args:
        start: (h, w, 2) a smooth flow to begin with; None for none.
    """
    height, width = before.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    if start is not None:
        there = cv2.remap(there, grid + start, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    after = _band(there, usable)
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setPatchSize(PATCH)
    search.setPatchStride(STRIDE)
    flow = search.calc(before, after, None)
    moved = cv2.remap(after, grid + flow, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alike = correlation(before.astype(np.float32), moved.astype(np.float32))
    return flow if start is None else flow + start, alike


def _band(tone: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """(h, w) uint8 picture of the contrast between ``SLOW`` and ``FINE``, of even strength everywhere; 128 is none."""
    weight = usable.astype(np.float32)
    share = np.maximum(cv2.GaussianBlur(weight, (0, 0), SLOW), 1e-3)
    slow = cv2.GaussianBlur(tone * weight, (0, 0), SLOW) / share
    band = (cv2.GaussianBlur(tone, (0, 0), FINE) - slow) * weight
    window = (round(7 * SLOW),) * 2
    power = np.maximum(cv2.blur(band * band, window), 0.0)  # running sums may round below zero
    strength = np.sqrt(power / np.maximum(cv2.blur(weight, window), 1e-3))
    return np.clip(128.0 + 40.0 * band / np.maximum(strength, 0.02), 0, 255).astype(np.uint8)


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(h, w) correlation of two pictures (h, w) float32 in a square window; 0 where there is no contrast."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (WINDOW, WINDOW))

    mean_a, mean_b = mean(a), mean(b)
    together = mean(a * b) - mean_a * mean_b
    alone = (mean(a * a) - mean_a**2) * (mean(b * b) - mean_b**2)
    return together / np.sqrt(np.maximum(alone, 1.0))


def _sample(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(n,) or (n, k) values of an image (h, w[, k]) at pixels (n, 2)."""
    at = np.ascontiguousarray(pixels[None] - 0.5, np.float32)
    return cv2.remap(image.astype(np.float32), at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[0]


def _ramp(value: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """0 up to the first limit, 1 from the second, straight between."""
    return np.clip((value - limits[0]) / (limits[1] - limits[0]), 0.0, 1.0)
