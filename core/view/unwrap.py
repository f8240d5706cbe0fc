"""From a photo to UV space: each texel asks the photo what it sees, and how well it is seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.camera import Camera
from ..head.fitted import CoarseFit, View
from ..head.landmark_sets import BROWS, EYES, FACE_OVAL, IRISES, LIPS_INNER, LIPS_OUTER, NOSE
from ..head.model import HeadModel, HeadTopology
from ..head.raster import rasterize_view, uv_raster
from ..image.filters import smoothstep
from ..mesh.operators import magnitude, vertex_normals
from .chart_window import Window

VISIBILITY_PIXELS = 512  # longer side of the z-buffer
CROP_MARGIN = 6  # pixels around the projected head
PIXELS_PER_TEXEL = 1.1  # across; finer photos are scaled down
FAR_OFF = -1e4  # pixels: where texels lie that the chart has not
FACING = (0.25, 0.65)  # cosine to the viewing direction at which trust is none, full
DEPTH_TOLERANCE = 1.5  # mm
EDGE_SHARE = 0.995  # quantile of the gradient that stands for a photo's sharpest edges
FINE_PX, COARSE_PX = 1.0, 2.0
SHARP_PX = 1.5  # standard deviation of the blur of edges that a sharp photo has at its own resolution
SHIFT_MM = 4.0  # Gaussian sigma around a landmark
SHIFT_LIMIT_MM = 10.0  # landmarks farther off do not count
SHIFT_PRIOR = 0.15  # landmarks' weight at which half of their offset is followed
# landmarks on something that can be seen; those on bare skin are guesses from these
FEATURES = np.unique(np.concatenate([np.ravel(part) for part in (EYES, BROWS, LIPS_OUTER, LIPS_INNER, NOSE)]))
SKIN_LANDMARKS = np.setdiff1d(np.arange(478), (*FACE_OVAL, *np.ravel(IRISES)))


@dataclass(frozen=True)
class PosedView:
    """The part of a photo that shows the head, and the head in it as the fit sees it.

    Attributes:
        image: (h, w, 3) uint8 sRGB, scaled so that a pixel is not much finer than a texel.
        origin: (2,) upper left corner in the photo, pixels.
        scale: (2,) pixels of ``image`` per pixel of the photo, across and down.
        camera: pinhole camera in the pixels of ``image``.
        points: (V, 3) mm, camera coordinates, in the photo's expression.
        normals: (V, 3) unit, camera coordinates, outward.
        xy: (V, 2) pixels of ``image``.
        facing: (V,) cosine between the normal and the direction to the camera.
        landmarks: (478, 2) pixels of ``image``.
        millimetres_per_pixel: of the original photo, at the face.
        shift: (V, 2) pixels of ``image`` from where the fit puts a vertex to where the landmarks say it is: those of
            the features, and with several photos, which meet in them, all others as well.
    """

    image: np.ndarray
    origin: np.ndarray
    scale: np.ndarray
    camera: Camera
    points: np.ndarray
    normals: np.ndarray
    xy: np.ndarray
    facing: np.ndarray
    landmarks: np.ndarray
    millimetres_per_pixel: float
    shift: np.ndarray

    @property
    def pixel(self) -> float:
        """mm of a pixel of ``image``, at the face."""
        return self.millimetres_per_pixel / float(self.scale.mean())

    def crop(self, whole: np.ndarray) -> np.ndarray:
        """The same part, at the same scale, of an image or mask (H, W[, C]) as large as the photo."""
        x, y = self.origin.astype(int)
        height, width = self.image.shape[:2]
        wide, high = np.round([width, height] / self.scale).astype(int)
        part = whole[y : y + high, x : x + wide]
        return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Unwrapped:
    """A photo in UV space.

    Attributes:
        colour: (S, S, 3) float32 sRGB in [0, 1]; zero where nothing is seen.
        confidence: (S, S) float32 in [0, 1], by visibility and angle.
        map_x, map_y: (S, S) float32, places in the view's image (cv2.remap's convention), negative outside.
    """

    colour: np.ndarray
    confidence: np.ndarray
    map_x: np.ndarray
    map_y: np.ndarray

    def look_up(self, image: np.ndarray) -> np.ndarray:
        """(S, S[, C]) another image or mask of the same view, in UV space; zero outside."""
        return cv2.remap(image, self.map_x, self.map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

    def look_closer(self, image: np.ndarray, window: Window) -> np.ndarray:
        """(h, w, 3) float32 sRGB in [0, 1] of the view's image, in a window of the chart at the size of the maps.

        Where a texel lies in the image changes slowly over the chart, and is interpolated between those of the grid.
        """
        return _colours(image, *(window.enlarged(_continued(a)) for a in (self.map_x, self.map_y)))


def resolution(image: np.ndarray, millimetres_per_pixel: float) -> float:
    """Millimetres that a photo resolves: its pixel, or what its sharpest edges are blurred over.

    A step blurred by s pixels and then by t has the gradient C / sqrt(2 pi (s² + t²)); the ratio of two gives s.

    Args:
        image: (h, w, 3) uint8.
        millimetres_per_pixel: of that image.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)

    def steepest(blur: float) -> float:
        smooth = cv2.GaussianBlur(grey, (0, 0), blur)
        return float(np.quantile(magnitude(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)), EDGE_SHARE))

    ratio = (steepest(FINE_PX) / max(steepest(COARSE_PX), 1e-6)) ** 2
    blur = np.sqrt(max(COARSE_PX**2 - ratio * FINE_PX**2, 0.0) / max(ratio - 1.0, 1e-3))
    return millimetres_per_pixel * max(1.0, float(blur) / SHARP_PX)


def posed_vertices(model: HeadModel, fit: CoarseFit, view: View) -> np.ndarray:
    """(V, 3) mm, head coordinates, of the fitted head in the expression of one photo."""
    return fit.neutral + np.tensordot(view.expression.astype(np.float32), model.expression_basis, 1)


def pose_view(model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray, texel: float) -> PosedView:
    """Place the fitted head in one photo.

    Args:
        photo: (H, W, 3) uint8 sRGB, upright, the size of the view's camera.
        texel: mm per texel; the photo is scaled down (area average) where its pixels are finer.
    """
    topology = model.topology
    points = view.pose.apply(posed_vertices(model, fit, view).astype(np.float64))
    head = topology.part_slice("head")
    triangles = topology.triangles
    normals = vertex_normals(points, triangles)
    direction = -points / np.linalg.norm(points, axis=1, keepdims=True)
    facing = np.einsum("vd,vd->v", normals, direction)
    xy = view.camera.project(points)
    shown = xy[head][facing[head] > 0]
    size = np.array([photo.shape[1], photo.shape[0]])
    low = np.clip(np.floor(shown.min(0)) - CROP_MARGIN, 0, size - 2).astype(int)
    high = np.clip(np.ceil(shown.max(0)) + CROP_MARGIN, low + 2, size).astype(int)
    crop = photo[low[1] : high[1], low[0] : high[0]]
    millimetres = float(np.median(points[head, 2])) / (0.5 * (view.camera.fx + view.camera.fy))
    scale = min(1.0, PIXELS_PER_TEXEL * millimetres / texel)
    if scale < 0.95:
        shape = np.maximum(1, np.round((high - low) * scale)).astype(int)
        crop = cv2.resize(crop, tuple(shape.tolist()), interpolation=cv2.INTER_AREA)
    # both axes are rounded to whole pixels by themselves
    scale = np.array([crop.shape[1], crop.shape[0]]) / (high - low)
    found = view.camera.project(model.landmarks(points))
    # skin beside the features stays where the fit projects it, so that its lines do
    marks = FEATURES if len(fit.views) == 1 else SKIN_LANDMARKS
    offsets = (view.landmarks.points - found) * millimetres
    shift = landmark_shift(model, points, offsets, marks=marks) / millimetres
    fx, fy = np.array([view.camera.fx, view.camera.fy]) * scale
    cx, cy = (np.array([view.camera.cx, view.camera.cy]) - low) * scale
    return PosedView(
        image=crop,
        origin=low,
        scale=scale,
        camera=Camera(fx, fy, cx, cy, crop.shape[1], crop.shape[0]),
        points=points,
        normals=normals,
        xy=(xy - low) * scale,
        facing=facing,
        landmarks=(view.landmarks.points - low) * scale,
        millimetres_per_pixel=millimetres,
        shift=shift * scale,
    )


def landmark_shift(
    model: HeadModel,
    points: np.ndarray,
    offsets: np.ndarray,
    vertices: np.ndarray | None = None,
    marks: np.ndarray = SKIN_LANDMARKS,
) -> np.ndarray:
    """(V, 2) smooth field that follows what landmarks are off by: lips, lids and brows are sampled where they are.

    A Gaussian mean of the offsets around each vertex; the landmarks' own noise averages out, and the outline of the
    face, whose landmarks slide on the outline, is left to the fit.

    Args:
        points: (V, 3) mm, posed.
        offsets: (478, 2) mm across the image.
        vertices: (n,) where the field is wanted; the whole head part if None. It is zero elsewhere.
        marks: (k,) landmarks that count.
    """
    places = model.landmarks(points)[marks]
    chosen = model.topology.part_slice("head") if vertices is None else vertices
    centre = places.mean(0)
    scaled, around = ((a - centre).astype(np.float32) / np.float32(SHIFT_MM) for a in (points[chosen], places))
    # -0.5 |a - b|^2
    weight = scaled @ around.T
    weight -= 0.5 * np.einsum("vd,vd->v", scaled, scaled)[:, None]
    weight -= 0.5 * np.einsum("md,md->m", around, around)
    np.exp(weight, out=weight)
    # Tukey's weight: a landmark far off is one the fit has refused, for a good reason
    size = np.linalg.norm(offsets[marks], axis=1)
    weight *= np.float32(np.clip(1 - (size / SHIFT_LIMIT_MM) ** 2, 0, 1) ** 2)
    shift = np.zeros((len(points), 2))
    shift[chosen] = weight @ offsets[marks] / (weight.sum(1, keepdims=True) + SHIFT_PRIOR)
    return shift


def depth_buffer(topology: HeadTopology, posed: PosedView) -> tuple[np.ndarray, float]:
    """Distance (h, w) mm of the nearest surface of any part, lashes aside, inf where there is none; and its scale.

    The buffer is the view's image scaled by the factor returned, at most ``VISIBILITY_PIXELS`` long.
    """
    height, width = posed.image.shape[:2]
    factor = min(1.0, VISIBILITY_PIXELS / max(height, width))
    triangles = topology.triangles
    triangles = triangles[triangles[:, 0] < topology.part_slice("lashes").start]
    shape = max(1, round(width * factor)), max(1, round(height * factor))
    raster = rasterize_view(posed.points, posed.xy * factor, triangles, *shape)
    depth = raster.sample(posed.points[:, 2])
    depth[~raster.covered] = np.inf
    return depth, factor


def unwrap(topology: HeadTopology, posed: PosedView, size: int, texel: float = 0.0) -> Unwrapped:
    """Sample a photo at every texel of the head (perspective-correct: each texel is projected by itself).

    Args:
        size: width of the maps in texels.
        texel: mm; colours are those of the image scaled down (area average) where its pixels are finer.
    """
    raster = uv_raster(topology, size)
    seen = raster.sample_covered(np.column_stack([posed.points, posed.facing, posed.shift]))
    map_x, map_y = (np.full(raster.triangle_id.shape, FAR_OFF, np.float32) for _ in range(2))
    pixel = posed.camera.project(seen[:, :3]) - 0.5
    confidence = np.zeros(raster.triangle_id.shape, np.float32)
    confidence.ravel()[raster.pixels] = smoothstep(seen[:, 3], *FACING) * _visible(topology, posed, seen, pixel)
    map_x.ravel()[raster.pixels], map_y.ravel()[raster.pixels] = (pixel + seen[:, 4:]).T
    height, width = posed.image.shape[:2]
    confidence *= (map_x > 0.5) & (map_x < width - 1.5) & (map_y > 0.5) & (map_y < height - 1.5)
    scale = PIXELS_PER_TEXEL * posed.pixel / texel if texel else 1.0
    if scale >= 0.95:
        return Unwrapped(_colours(posed.image, map_x, map_y), confidence, map_x, map_y)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    image = cv2.resize(posed.image, shape, interpolation=cv2.INTER_AREA)
    at = ((a + 0.5) * np.float32(n / whole) - 0.5 for a, n, whole in zip((map_x, map_y), shape, (width, height)))
    return Unwrapped(_colours(image, *at), confidence, map_x, map_y)


def _colours(image: np.ndarray, map_x: np.ndarray, map_y: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32 in [0, 1] of an image (H, W, 3) uint8, at places (h, w) of it; zero outside."""
    image = image.astype(np.float32)
    image *= np.float32(1 / 255)
    colour = cv2.remap(image, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    return np.clip(colour, 0, 1, out=colour)


def _continued(places: np.ndarray) -> np.ndarray:
    """A map (S, S) continued by a texel beyond the chart, where it is far below any place."""
    return np.where(places > FAR_OFF, places, cv2.dilate(places, np.ones((3, 3), np.uint8)))


def _visible(topology: HeadTopology, posed: PosedView, seen: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """(P,) 0 or 1: the covered texels that nothing hides from the camera.

    Args:
        seen: (P, 4 or more) their points in mm and the cosine to the viewing direction.
        pixel: (P, 2) where they lie in the view's image, from pixel centres.
    """
    depth, factor = depth_buffer(topology, posed)
    x = ((pixel[:, 0] + 0.5) * factor).astype(np.int32).clip(0, depth.shape[1] - 1)
    y = ((pixel[:, 1] + 0.5) * factor).astype(np.int32).clip(0, depth.shape[0] - 1)
    # a buffer pixel spans a depth of its width times the slope of the surface
    width = posed.pixel / factor
    facing = np.clip(seen[:, 3], 0.1, 1.0)
    slope = np.sqrt(1.0 - facing**2) / facing
    nearest = depth[y, x]
    return (seen[:, 2] < np.where(np.isfinite(nearest), nearest, 1e9) + DEPTH_TOLERANCE + width * slope).astype(
        np.float32
    )
