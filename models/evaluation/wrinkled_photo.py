"""Photos of wrinkled heads whose lines, light, albedo and camera are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ...core.head.camera import Camera, Pose, rotation_matrix
from ...core.head.fitted import CoarseFit, Landmarks, View
from ...core.head.model import HeadModel, HeadTopology, region_sum
from ...core.head.raster import fill_outside, rasterize, uv_raster
from ...core.image.colour import linear_to_srgb_bytes
from ...core.mesh.operators import vertex_normals

SIZE = 1024  # of the maps
PIXELS = 900


@dataclass(frozen=True)
class Scene:
    """What a photo was made of.

    Attributes:
        photo: (H, W, 3) uint8.
        truth, fit: the head as it is, and as a coarse fit with its errors sees it.
        height: (S, S) mm displacement.
        normals: (S, S, 3) unit, camera coordinates, of the displaced skin in UV space.
        smooth: the same without the displacement.
    """

    photo: np.ndarray
    truth: CoarseFit
    fit: CoarseFit
    height: np.ndarray
    normals: np.ndarray
    smooth: np.ndarray


def noise_map(rng: np.random.Generator, millimetres: float, texel: float, size: int = SIZE) -> np.ndarray:
    """(S, S) noise of unit variance with a Gaussian correlation of so many millimetres."""
    step = max(1, int(millimetres / texel / 2))
    small = rng.normal(size=(size // step + 2, size // step + 2)).astype(np.float32)
    field = cv2.GaussianBlur(small, (0, 0), max(millimetres / texel / step, 0.4))
    field = cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)
    return field / field.std()


def skin_albedo(
    model: HeadModel, rng: np.random.Generator, texel: float, freckles: bool, stubble: bool,
    skin: np.ndarray | None = None,
) -> np.ndarray:
    """(S, S, 3) linear albedo: blotches, pores, moles, brows, lips; freckles or stubble on request.

    Args:
        skin: (3,) linear, its tone; one of four by default.
    """
    topology = model.topology
    raster = uv_raster(topology, SIZE)
    tone = np.array([[0.52, 0.33, 0.25], [0.38, 0.22, 0.15], [0.16, 0.085, 0.055], [0.6, 0.42, 0.34]])
    drawn = tone[rng.integers(4)]
    log = np.log(drawn if skin is None else np.asarray(skin))
    log = log + 0 * raster.sample(np.zeros((topology.vertex_count, 3), np.float32))
    grey = 0.05 * noise_map(rng, 9, texel) + 0.025 * noise_map(rng, 2.5, texel) + 0.03 * noise_map(rng, 0.5, texel)
    spots = np.zeros((SIZE, SIZE), np.float32)
    for count, radius, depth in ((12, 1.0, 0.6), (260 if freckles else 15, 0.7, 0.22)):
        for x, y in rng.integers(0, SIZE, (count, 2)):
            cv2.circle(spots, (int(x), int(y)), max(1, round(radius * rng.uniform(0.6, 1.4) / texel)), depth, -1)
    grey = grey - cv2.GaussianBlur(spots, (0, 0), 0.35 / texel)
    log = log + grey[..., None] * np.array([0.8, 1.0, 1.1])
    brow, lips, beard = np.moveaxis(
        raster.sample(
            np.column_stack(
                [
                    region_sum(topology, names)
                    for names in (("brow",), ("lips",), ("upper_lip", "chin", "jaw", "perioral"))
                ]
            )
        ),
        -1,
        0,
    )
    hairs = noise_map(rng, 0.4, texel)
    log = log - brow[..., None] * (1.1 + 0.35 * hairs[..., None]) + lips[..., None] * np.array([0.1, -0.35, -0.2])
    if stubble:
        log = log - (beard * np.clip(0.25 + 0.22 * hairs, 0, 1))[..., None]
    return np.exp(log).astype(np.float32)


def map_normals(points: np.ndarray, height: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """(S, S, 3) normals of displaced skin: smooth normals, tilted as the displaced chart is against the plain one."""

    def of(surface: np.ndarray) -> np.ndarray:
        rows, columns = np.gradient(surface, axis=(0, 1))
        cross = np.cross(rows, columns)
        return cross / np.maximum(np.linalg.norm(cross, axis=-1, keepdims=True), 1e-9)

    plain = of(points)
    sign = np.sign((plain * normals).sum(-1, keepdims=True))
    tilt = sign * (of(points + height[..., None] * normals) - plain)
    tilt *= np.minimum(1.0, 1.2 / np.maximum(np.linalg.norm(tilt, axis=-1, keepdims=True), 1e-6))
    bent = normals + tilt
    return bent / np.maximum(np.linalg.norm(bent, axis=-1, keepdims=True), 1e-9)


def irradiance(rng: np.random.Generator, normals: np.ndarray, height: np.ndarray, texel: float) -> np.ndarray:
    """(S, S, 3) light on the skin: a sky, one or two lamps, less of the sky in grooves, spread under the skin."""
    cavity = np.maximum(cv2.GaussianBlur(height, (0, 0), 2.0 / texel) - height, 0)
    up = -normals[..., 1]
    total = (0.55 + 0.25 * up)[..., None] * (1 - 0.45 * np.clip(cavity, 0, 1.2))[..., None] * np.array([0.95, 1, 1.05])
    for strength in (rng.uniform(0.5, 1.0), rng.uniform(0.0, 0.4)):
        lamp = np.array([rng.uniform(-0.9, 0.9), rng.uniform(-0.9, 0.1), -rng.uniform(0.4, 1.0)])
        lit = np.maximum(normals @ (lamp / np.linalg.norm(lamp)), 0)
        total = total + strength * lit[..., None] * np.array([1.05, 1, 0.93])
    total = total.astype(np.float32)
    return np.stack([cv2.GaussianBlur(total[..., c], (0, 0), mm / texel) for c, mm in enumerate((0.55, 0.3, 0.2))], -1)


def wrinkled_photo(
    model: HeadModel,
    height: np.ndarray,
    seed: int,
    *,
    yaw: float | None = None,
    error: float = 1.0,
    shapes: dict[str, float] | None = None,
    freckles: bool = False,
    stubble: bool = False,
    skin: np.ndarray | None = None,
) -> Scene:
    """A photo of a random head with a displacement.

    Args:
        height: (S, S) mm, S is ``SIZE``.
        seed: identity, light, albedo, camera, errors.
        yaw: degrees.
        error: of the fit, 1 is about 1 mm of shape, 1 pixel of place.
        shapes: expression weights by name.
        skin: (3,) linear albedo; drawn by the seed by default.
    """
    rng = np.random.default_rng(seed)
    topology = model.topology
    identity = np.zeros(len(model.identity_basis))
    identity[:12] = 0.8 * rng.normal(size=12)
    weights = np.zeros(len(model.expression_names))
    for name, value in (shapes or {}).items():
        weights[model.expression_names.index(name)] = value
    yaw = rng.uniform(-18, 18) if yaw is None else yaw
    turn = rotation_matrix(np.radians([rng.uniform(-6, 6), yaw, rng.uniform(-4, 4)]))
    pose = Pose(np.diag([1.0, -1, -1]) @ turn, np.array([5.0, 10.0, rng.uniform(550, 900)]))
    focal = PIXELS * pose.translation[2] / rng.uniform(270, 330)
    camera = Camera(focal, focal, PIXELS / 2, PIXELS / 2, PIXELS, PIXELS)
    truth = coarse(model, identity, weights, pose, camera, rng, 0.0)
    wrong = identity.copy()
    wrong[:12] += 0.25 * error * rng.normal(size=12)
    shifted = Pose(
        rotation_matrix(np.radians(0.5 * error * rng.normal(size=3))) @ pose.rotation,
        pose.translation + 0.5 * error * rng.normal(size=3),
    )
    fit = coarse(model, wrong, weights, shifted, camera, rng, error)
    fit = replace(fit, views=(replace(fit.views[0], landmarks=truth.views[0].landmarks),))

    points = pose.apply(
        (truth.neutral + np.tensordot(weights.astype(np.float32), model.expression_basis, 1)).astype(float)
    )
    place, smooth, texel = _chart_of(topology, points)
    normals = map_normals(place, height, smooth)
    light = irradiance(rng, normals, height, texel)
    colour = skin_albedo(model, rng, texel, freckles, stubble, skin) * light
    photo = render(topology, points, camera, colour)
    return Scene(_as_camera_writes(photo, rng), truth, fit, height, normals, smooth)


def _chart_of(topology: HeadTopology, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(S, S, 3) places and unit normals of a head (V, 3) over its chart, and mm of a texel."""
    raster = uv_raster(topology, SIZE)
    vertex = vertex_normals(points, topology.triangles)
    fields = fill_outside(raster.sample(np.column_stack([points, vertex])), raster.covered, 8)
    place, normals = fields[..., :3], fields[..., 3:]
    smooth = normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    return place, smooth, float(np.median(np.linalg.norm(np.gradient(place, axis=1), axis=-1)[raster.covered]))


def _as_camera_writes(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 photo of linear colours: a little out of focus, exposed, noisy, coded as JPEG."""
    photo = cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.5, 0.9))
    bytes_ = linear_to_srgb_bytes(np.clip(0.9 * photo / np.quantile(photo, 0.99), 0, 1)).astype(np.float32)
    noisy = np.clip(bytes_ + rng.normal(0, 1.5, bytes_.shape), 0, 255).astype(np.uint8)
    coded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 95))])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)


def coarse(
    model: HeadModel,
    identity: np.ndarray,
    weights: np.ndarray,
    pose: Pose,
    camera: Camera,
    rng: np.random.Generator,
    noise: float,
) -> CoarseFit:
    """A fit of one view; the landmarks' pixels get Gaussian noise."""
    neutral = model.neutral(identity)
    posed = neutral + np.tensordot(weights.astype(np.float32), model.expression_basis, 1)
    pixels = camera.project(pose.apply(model.landmarks(posed.astype(float)))) + rng.normal(0, max(noise, 0.3), (478, 2))
    box = np.concatenate([pixels.min(0), pixels.max(0)])
    marks = Landmarks(pixels, np.zeros(478), np.full(478, 0.5), 1.0, box)
    view = View("head.jpg", camera, pose, weights, marks, 0.02)
    return CoarseFit(identity, neutral, model.joints, (view,))


def render(topology: HeadTopology, points: np.ndarray, camera: Camera, colour: np.ndarray) -> np.ndarray:
    """(H, W, 3) linear image: head part coloured from a map (S, S, 3), the other parts white, before a dark wall."""
    quads = topology.part_faces("head")
    uv = topology.uv[topology.face_part == 0].reshape(-1, 2)
    corner = np.arange(quads.size).reshape(-1, 4)
    corner[:, 3] = np.where(quads[:, 3] == quads[:, 2], corner[:, 2], corner[:, 3])
    triangles = np.concatenate([corner[:, [0, 1, 2]], corner[:, [0, 2, 3]]])
    others = topology.triangles[(topology.triangles >= topology.part_slice("head").stop).all(1)]
    others = others[others[:, 0] < topology.part_slice("lashes").start]
    xyz = np.concatenate([points[quads.reshape(-1)], points])
    everything = np.concatenate([triangles, others + quads.size])
    camera2 = replace(camera, fx=2 * camera.fx, fy=2 * camera.fy, cx=2 * camera.cx, cy=2 * camera.cy)
    height, width = 2 * camera.height, 2 * camera.width
    ids, bary = rasterize(camera2.project(xyz), xyz[:, 2], everything, width, height)
    image = np.full((height, width, 3), 0.05, np.float32)
    head = (ids >= 0) & (ids < len(triangles))
    image[ids >= len(triangles)] = 0.6
    at = np.einsum("pkc,pk->pc", uv[everything[ids[head]]], bary[head])
    size = colour.shape[0]
    column, row = at[:, 0] * size - 0.5, (1 - at[:, 1]) * size - 0.5
    found = np.zeros((height, width, 3), np.float32)
    mx, my = np.zeros((2, height, width), np.float32)
    mx[head], my[head] = column, row
    found = cv2.remap(colour.astype(np.float32), mx, my, cv2.INTER_LINEAR)
    image[head] = found[head]
    return image.reshape(camera.height, 2, camera.width, 2, 3).mean((1, 3))
