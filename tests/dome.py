"""A smooth half-ellipsoid standing in for a head, with a mirror-symmetric chart, for the texture tests."""

from __future__ import annotations

import numpy as np
from furrow.core.head.camera import Camera, Pose, rotation_matrix
from furrow.core.head.fitted import CoarseFit, Landmarks, View
from furrow.core.head.landmark_sets import FACE_OVAL
from furrow.core.head.model import DIRECTIONS, JOINTS, HeadModel, HeadTopology

N = 33


def dome_model() -> HeadModel:
    """Half an ellipsoid of 70 x 95 x 60 mm facing +z; u, v is an even map of x, y; regions: face, forehead, lips."""
    line = np.linspace(-1, 1, N)
    u, v = (a.ravel() for a in np.meshgrid(line, line))
    # square to disc (elliptical mapping), then disc to dome
    x, y = u * np.sqrt(1 - v * v / 2), v * np.sqrt(1 - u * u / 2)
    radius = np.hypot(x, y)
    bend = np.where(radius > 0, np.sin(radius * 1.35) / np.maximum(radius, 1e-9), 1.35)
    points = np.column_stack([70 * x * bend, 95 * y * bend, 60 * np.cos(radius * 1.35)]).astype(np.float32)
    index = np.arange(N * N, dtype=np.int32).reshape(N, N)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    chart = np.column_stack([0.5 + 0.45 * u, 0.5 + 0.45 * v]).astype(np.float32)
    count = N * N
    normals = np.zeros((2, count, 3), np.float32)
    normals[0, :, 1] = 1
    regions = {
        "face": np.ones(count),
        "cheek": (np.abs(v) < 0.3).astype(float),
        "forehead": np.clip(4 * (v - 0.4), 0, 1),
        "lips": ((np.abs(u) < 0.25) & (np.abs(v + 0.5) < 0.1)).astype(float),
    }
    topology = HeadTopology(
        faces=quads, face_part=np.zeros(len(quads), np.int32), part_start=np.array([0] + [count] * 5, np.int32),
        uv=chart[quads], mirror=index[:, ::-1].ravel().copy(),
        skin_weights=np.ones((count, len(JOINTS)), np.float32), region_names=tuple(regions),
        region_masks=np.array(list(regions.values()), np.float32), wrinkle_normals=normals,
    )
    zero = np.zeros
    return HeadModel(
        topology=topology, mean=points, identity_basis=zero((1, count, 3), np.float32),
        directions=zero((len(DIRECTIONS), count, 3), np.float32),
        expression_names=tuple(f"shape{k}" for k in range(52)), expression_basis=zero((52, count, 3), np.float32),
        joints=zero((len(JOINTS), 2, 3), np.float32), joint_identity=zero((1, len(JOINTS), 2, 3), np.float32),
        joint_directions=zero((len(DIRECTIONS), len(JOINTS), 2, 3), np.float32),
        landmark_vertices=np.tile(quads[len(quads) // 2, :3], (478, 1)),
        landmark_barycentric=np.full((478, 3), 1 / 3, np.float32),
    )


def dome_view(yaw: float = 0.0, size: int = 480, name: str = "dome.png") -> View:
    """A view from 600 mm, the head turned by yaw degrees.

    Of its landmarks only the oval of the face lies in the photo: the dome has no eyes, brows or mouth.
    """
    points = -500.0 + np.arange(478)[:, None] * np.array([0.1, 0.1])
    angle = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    points[list(FACE_OVAL)] = size * np.stack([0.5 + 0.1 * np.cos(angle), 0.48 + 0.13 * np.sin(angle)], -1)
    flip = np.diag([1.0, -1, -1])
    rotation = flip @ rotation_matrix(np.array([0, np.radians(yaw), 0]))
    marks = Landmarks(
        points, np.zeros(478), np.full(478, 0.5), 1.0,
        np.array([0.2 * size, 0.1 * size, 0.8 * size, 0.9 * size]),
    )
    camera = Camera(1.3 * size, 1.3 * size, 0.5 * size, 0.48 * size, size, size)
    return View(name, camera, Pose(rotation, np.array([0, 0, 600.0])), np.zeros(52), marks, 0.02)


def dome_fit(model: HeadModel, *views: View) -> CoarseFit:
    """The dome as it is, in those views."""
    return CoarseFit(np.zeros(1), model.mean, model.joints, views)


def render(model: HeadModel, view: View, colour_at, background=(0.1, 0.3, 0.9)) -> np.ndarray:
    """(H, W, 3) uint8 sRGB image by ray casting the triangles' plane equations over pixels, four samples a pixel.

    Args:
        colour_at: function of (positions (n, 3) head coordinates, normals (n, 3) camera coordinates) to sRGB (n, 3).
    """
    from furrow.core.head.raster import rasterize_view
    from furrow.core.mesh.operators import vertex_normals

    points = view.pose.apply(model.mean.astype(np.float64))
    triangles = model.topology.triangles
    normals = vertex_normals(points, triangles)
    factor = 2
    width, height = view.camera.width * factor, view.camera.height * factor
    raster = rasterize_view(points, view.camera.project(points) * factor, triangles, width, height)
    image = np.tile(np.array(background, np.float32), (height, width, 1))
    head = raster.sample(model.mean)[raster.covered]
    normal = raster.sample(normals)[raster.covered]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    image[raster.covered] = colour_at(head, normal)
    image = image.reshape(view.camera.height, factor, view.camera.width, factor, 3).mean((1, 3))
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
