"""The face chart sampled on a fixed grid: where curves are traced, so that they never depend on a map's size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...core.head.model import HeadTopology
from ...core.head.raster import Raster, uv_raster
from ...core.mesh.operators import quads_to_triangles, vertex_normals
from .face_frame import face_frame
from .line_directions import tangent_axes

GRID_SIZE = 512


@dataclass(frozen=True)
class SurfaceGrid:
    """Texel centres of the head's UV chart at ``GRID_SIZE`` on the mean head; row 0 is v = 1.

    Attributes:
        raster: which triangle each texel shows.
        frame: (H, W, 3) points in the face frame.
        axes: (H, W, 2, 3) tangent axes.
        step: (H, W, 2, 2) texels (x, y) per millimetre along each axis, in columns.
        pitch: (H, W) mm per texel.
        covered: (H, W) bool.
    """

    raster: Raster
    frame: np.ndarray
    axes: np.ndarray
    step: np.ndarray
    pitch: np.ndarray
    covered: np.ndarray


def surface_grid(topology: HeadTopology, mean: np.ndarray) -> SurfaceGrid:
    """Sample the chart of the mean head (V, 3) mm."""
    raster = uv_raster(topology, GRID_SIZE)
    head = topology.part_slice("head")
    normals = np.zeros((len(mean), 3))
    normals[head] = vertex_normals(mean[head].astype(np.float64), quads_to_triangles(topology.part_faces("head")))
    normal = raster.sample(normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    axes = tangent_axes(normal.reshape(-1, 3)).reshape(*normal.shape[:2], 2, 3)
    jacobian = _jacobian(raster.sample(mean), raster.covered)
    plane = np.einsum("hwia,hwaj->hwij", axes, jacobian)
    determinant = np.linalg.det(plane)
    usable = raster.covered & (np.abs(determinant) > 1e-4)
    plane[~usable] = np.eye(2)
    return SurfaceGrid(
        raster=raster,
        frame=raster.sample(face_frame(topology, mean)),
        axes=axes,
        step=np.linalg.inv(plane),
        pitch=np.sqrt(np.abs(np.where(usable, determinant, 1.0))),
        covered=usable,
    )


def _jacobian(points: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """(H, W, 3, 2) mm per texel to the right and down, by central differences smoothed over the covered texels."""
    out = np.zeros((*covered.shape, 3, 2))
    for k, axis in ((0, 1), (1, 0)):
        difference = np.zeros(points.shape)
        both = np.zeros(covered.shape)
        inner, before, after = (
            (*[slice(None)] * axis, part) for part in (slice(1, -1), slice(0, -2), slice(2, None))
        )
        both[inner] = covered[before] & covered[after] & covered[inner]
        difference[inner] = 0.5 * (points[after] - points[before]) * both[inner][..., None]
        weight = cv2.GaussianBlur(both, (0, 0), 1.5)
        out[..., k] = cv2.GaussianBlur(difference, (0, 0), 1.5) / np.maximum(weight, 1e-6)[..., None]
    return out


def smooth_noise(pitch: float, length: float, rng: np.random.Generator) -> np.ndarray:
    """(GRID_SIZE, GRID_SIZE) noise of zero mean and unit deviation, correlated over ``length`` mm at ``pitch`` mm."""
    nodes = max(4, int(np.ceil(GRID_SIZE * pitch / (1.5 * length))) + 3)
    coarse = rng.standard_normal((nodes, nodes)).astype(np.float32)
    fine = cv2.resize(coarse, (GRID_SIZE, GRID_SIZE), interpolation=cv2.INTER_CUBIC)
    return (fine - fine.mean()) / fine.std()
