"""Where the 478 face landmarks lie on the mesh, found by rendering the model and running the landmark net on it.

The mean head and some sampled people are rendered from a few directions with coloured eyes and lips. Each detected
point is carried to the mean head through the surface point it covers; the positions are averaged and made
mirror-symmetric. Which landmarks are each other's mirror images follows from the detection as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from ...core.head.raster import Raster, rasterize
from ...core.mesh.operators import vertex_normals
from ...core.nets.detection import find_faces
from ...core.nets.landmarks import FaceNets, detect_landmarks
from ..population.sampled import mirrored

SIZE = 640  # pixels of the renders
DISTANCE = 900.0  # mm from the camera to the face
FOCAL = 1900.0  # pixels
VIEWS = ((0, 0), (12, 0), (-12, 0), (0, 8), (0, -8))  # yaw and pitch in degrees
IRIS_RADIUS, PUPIL_RADIUS = 5.9, 2.3  # mm
IRIS_START = 468
OUTLIER = 6.0  # mm from the median of all views
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LIGHT = np.array([0.2, 0.4, 0.9]) / np.sqrt(1.01)
SKIN, LIP, SCLERA, IRIS, PUPIL, BACKGROUND = (
    np.array(colour, float)
    for colour in (
        (205, 160, 135), (176, 98, 92), (236, 232, 230), (96, 68, 48), (12, 12, 12), (120, 120, 120)
    )
)


@dataclass(frozen=True)
class EmbeddingScene:
    """What is rendered.

    Attributes:
        mean: (V, 3) mm.
        people: (n, V, 3) mm, heads that are rendered besides the mean head.
        open_mouth: (V, 3) mm, the mean head with parted lips.
        triangles: (T, 3) skin and eyes (lashes are plates and would hide the lids).
        outer: (V,) bool, skin that landmarks may lie on: all but the inside of mouth, nose and sockets.
        eyes: two slices of vertices, the character's left eye first.
        eye_axes: (2, 3) unit vectors of the gaze at rest.
        lips: (V,) in [0, 1].
        mirror: (V,) int.
    """

    mean: np.ndarray
    people: np.ndarray
    open_mouth: np.ndarray
    triangles: np.ndarray
    outer: np.ndarray
    eyes: tuple[slice, slice]
    eye_axes: np.ndarray
    lips: np.ndarray
    mirror: np.ndarray


def embed_landmarks(scene: EmbeddingScene, nets: FaceNets) -> tuple[np.ndarray, np.ndarray]:
    """(478, 3) int32 triangles and (478, 3) float64 barycentric coordinates of the landmarks, mirror-symmetric.

    Irises lie on the eyeballs, every other landmark on the skin.
    """
    frontal, average = _detected_on_mean(scene, scene.mean, *VIEWS[0], nets)
    # every view of the mean head counts twice, a sampled person (there with its mirror image) once
    points = [average, average]
    for yaw, pitch in VIEWS[1:]:
        points += [_detected_on_mean(scene, scene.mean, yaw, pitch, nets)[1]] * 2
    points += [_detected_on_mean(scene, person, *VIEWS[0], nets)[1] for person in scene.people]
    points = np.stack(points)
    average = np.median(points, axis=0)
    close = np.linalg.norm(points - average, axis=2, keepdims=True) < OUTLIER
    average = (points * close).sum(0) / close.sum(0).clip(1)
    # closed lips hide where the inner lip begins
    parted, on_open = _detected_on_mean(scene, scene.open_mouth, *VIEWS[0], nets)
    average[list(INNER_LIPS)] = on_open[list(INNER_LIPS)]
    pairs = mirror_pairs(np.concatenate([frontal, parted], axis=1) - SIZE / 2)
    average = 0.5 * (average + mirrored(average, pairs))
    return attach(average, pairs, scene)


def mirror_pairs(points: np.ndarray) -> np.ndarray:
    """(478,) index of each landmark's mirror image, an involution.

    Args:
        points: (478, 2 k) positions in k frontal pictures of symmetric heads, x from the line of symmetry.
    """
    flipped = points * np.tile([-1.0, 1.0], points.shape[1] // 2)
    out = np.empty(len(points), np.int64)
    for part in (slice(0, IRIS_START), slice(IRIS_START, len(points))):
        cost = ((points[part, None] - flipped[None, part]) ** 2).sum(2)
        other = linear_sum_assignment(cost + cost.T)[1]
        # an assignment of a symmetric cost may hold cycles: keep the pairs, settle the rest on themselves
        both = other[other] == np.arange(len(other))
        out[part] = part.start + np.where(both, other, np.arange(len(other)))
    return out


def attach(points: np.ndarray, pairs: np.ndarray, scene: EmbeddingScene) -> tuple[np.ndarray, np.ndarray]:
    """Nearest surface points of (478, 3): triangles (478, 3) and barycentric coordinates; mirrored pairs agree.

    A landmark of the midline lies on a vertex or an edge of the midline.
    """
    triangles, weights = np.zeros((len(points), 3), np.int32), np.zeros((len(points), 3))
    skin = scene.triangles[scene.outer[scene.triangles].all(1)]
    eyes = scene.triangles[np.isin(scene.triangles[:, 0], np.r_[scene.eyes[0], scene.eyes[1]])]
    left = np.flatnonzero((pairs != np.arange(len(points))) & (points[:, 0] >= 0))
    middle = np.flatnonzero(pairs == np.arange(len(points)))
    for part, surface in (((0, IRIS_START), skin), ((IRIS_START, len(points)), eyes)):
        ours = left[(left >= part[0]) & (left < part[1])]
        triangles[ours], weights[ours] = closest_on_triangles(points[ours], scene.mean, surface)
    triangles[pairs[left]] = scene.mirror[triangles[left]]
    weights[pairs[left]] = weights[left]
    if len(middle):
        on_line = np.abs(scene.mean[skin, 0]) < 1e-6
        edges = np.concatenate([skin[:, [i, (i + 1) % 3]][on_line[:, i] & on_line[:, (i + 1) % 3]] for i in range(3)])
        flat = np.column_stack([edges, edges[:, 1]])  # a segment as a triangle without area
        triangles[middle], weights[middle] = closest_on_triangles(points[middle], scene.mean, flat)
    return triangles, weights


def closest_on_triangles(
    points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray, neighbours: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) triangles nearest to points (n, 3) and (n, 3) barycentric coordinates of the nearest points.

    The nearest is sought among the triangles with the closest centres.
    """
    centres = vertices[triangles].mean(1)
    _, candidates = cKDTree(centres).query(points, k=min(neighbours, len(triangles)))
    corners = vertices[triangles[candidates]]
    weights = _closest_barycentric(points[:, None], corners)
    gap = np.linalg.norm((weights[..., None] * corners).sum(2) - points[:, None], axis=2)
    best = gap.argmin(1)
    rows = np.arange(len(points))
    return triangles[candidates[rows, best]], weights[rows, best]


def render(vertices: np.ndarray, scene: EmbeddingScene, yaw: float, pitch: float) -> tuple[np.ndarray, Raster]:
    """(SIZE, SIZE, 3) uint8 picture of a head, and its raster. Yaw turns the face to its left; degrees."""
    turn, tilt = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    centre = vertices[np.r_[scene.eyes[0], scene.eyes[1]]].mean(0) - [0.0, 30.0, 0.0]
    view = (vertices - centre) @ (about_x @ about_y).T
    depth = DISTANCE - view[:, 2]
    xy = FOCAL * view[:, :2] / depth[:, None] * [1.0, -1.0] + SIZE / 2
    triangle_id, barycentric = rasterize(xy, depth, scene.triangles, SIZE, SIZE)
    raster = Raster(scene.triangles, triangle_id, barycentric)
    normals = raster.sample_covered(vertex_normals(view, scene.triangles))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)
    shade = 0.35 + 0.65 * np.clip(normals @ LIGHT, 0, 1)
    picture = np.full((SIZE * SIZE, 3), BACKGROUND)
    picture[raster.pixels] = _colours(vertices, scene, raster) * shade[:, None]
    return picture.reshape(SIZE, SIZE, 3).clip(0, 255).astype(np.uint8), raster


def _colours(vertices: np.ndarray, scene: EmbeddingScene, raster: Raster) -> np.ndarray:
    """(P, 3) albedo of the covered pixels."""
    lips = raster.sample_covered(scene.lips[:, None])
    colours = SKIN + lips * (LIP - SKIN)
    points = raster.sample_covered(vertices)
    for eye, axis in zip(scene.eyes, scene.eye_axes, strict=True):
        shown = (raster.corners[:, 0] >= eye.start) & (raster.corners[:, 0] < eye.stop)
        offset = points[shown] - vertices[eye].mean(0)
        radius = np.linalg.norm(offset - (offset @ axis)[:, None] * axis, axis=1)[:, None]
        colours[shown] = np.where(radius < PUPIL_RADIUS, PUPIL, np.where(radius < IRIS_RADIUS, IRIS, SCLERA))
    return colours


def _detected_on_mean(
    scene: EmbeddingScene, head: np.ndarray, yaw: float, pitch: float, nets: FaceNets
) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks detected in one render: (478, 2) pixels, and (478, 3) mm of the points they cover, on the mean head."""
    picture, raster = render(head, scene, yaw, pitch)
    found = find_faces(picture, nets)
    if not found:
        raise RuntimeError(f"the landmark net finds no face in the render at yaw {yaw}, pitch {pitch}")
    points = detect_landmarks(picture, found[0], nets).points
    skin = scene.outer[scene.triangles].all(1)[raster.triangle_id]
    eye = np.isin(scene.triangles[raster.triangle_id, 0], np.r_[scene.eyes[0], scene.eyes[1]])
    position = raster.sample(scene.mean)
    out = np.empty((len(points), 3))
    for part, allowed in ((slice(0, IRIS_START), skin), (slice(IRIS_START, None), eye)):
        rows, columns = np.nonzero(raster.covered & allowed)
        tree = cKDTree(np.column_stack([columns, rows]) + 0.5)
        # the four nearest pixels, weighted: finer than a pixel
        distance, nearest = tree.query(points[part], k=4)
        weight = 1.0 / (distance + 0.3) ** 2
        at = position[rows[nearest], columns[nearest]]
        # pixels on either side of a fold are far apart on the surface: keep those near the nearest one
        weight *= np.linalg.norm(at - at[:, :1], axis=2) < 3.0
        out[part] = (at * weight[..., None]).sum(1) / weight.sum(1)[:, None]
    return points, out


def _closest_barycentric(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(..., 3) barycentric coordinates of the points of triangles (..., 3, 3) nearest to points (..., 3)."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    e1, e2, p = b - a, c - a, points - a
    d11, d12, d22 = (e1 * e1).sum(-1), (e1 * e2).sum(-1), (e2 * e2).sum(-1)
    p1, p2 = (p * e1).sum(-1), (p * e2).sum(-1)
    area = d11 * d22 - d12**2
    safe = np.where(area > 1e-12, area, 1.0)
    v, w = (d22 * p1 - d12 * p2) / safe, (d11 * p2 - d12 * p1) / safe
    inside = (area > 1e-12) & (v >= 0) & (w >= 0) & (v + w <= 1)
    best = np.stack([1 - v - w, v, w], -1)
    options = []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        start, edge = corners[..., first, :], corners[..., second, :] - corners[..., first, :]
        along = ((points - start) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-12)
        along = np.clip(along, 0, 1)
        option = np.zeros(best.shape)
        option[..., first], option[..., second] = 1 - along, along
        options.append(option)
    edges = np.stack(options)
    gap = np.linalg.norm((edges[..., None] * corners).sum(-2) - points, axis=-1)
    nearest = np.take_along_axis(edges, gap.argmin(0)[None, ..., None], 0)[0]
    return np.where(inside[..., None], best, nearest)
