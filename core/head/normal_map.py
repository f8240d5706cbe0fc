"""Tangent-space normal maps of displaced skin, from the displacement and the metric of the UV chart."""

from __future__ import annotations

import cv2
import numpy as np

from ..mesh.operators import quads_to_triangles
from .model import HeadTopology
from .raster import Raster, uv_raster

MAX_SLOPE = 8.0  # steeper than a groove ever is; slivers of the chart would give more


def uv_metric(topology: HeadTopology, vertices: np.ndarray, size: int) -> np.ndarray:
    """(S, S, 3) float32 first fundamental form of the chart: E, F, G in mm² per UV², continued beyond the chart.

    E = P_u . P_u, F = P_u . P_v and G = P_v . P_v of each triangle, area-weighted over the triangles at each point of
    the chart and interpolated, as tangents are in a renderer. UV seams are kept apart.

    Args:
        vertices: (V, 3) mm.
        size: texels.
    """
    quads, uv = topology.part_faces("head"), topology.uv[topology.face_part == 0]
    corner = np.arange(quads.size).reshape(-1, 4)
    corner[:, 3] = np.where(quads[:, 3] == quads[:, 2], corner[:, 2], corner[:, 3])
    corner = quads_to_triangles(corner)
    triangles = quads.reshape(-1)[corner]
    key = np.column_stack([quads.reshape(-1), np.round(uv.reshape(-1, 2) * 1e6)])
    chart = np.unique(key, axis=0, return_inverse=True)[1].ravel()[corner]
    form, area = _triangle_metric(vertices[triangles].astype(np.float64), uv.reshape(-1, 2)[corner].astype(np.float64))
    index, weight = chart.ravel(), np.repeat(area, 3)
    total = np.maximum(np.bincount(index, weight), 1e-12)
    points = np.stack([np.bincount(index, weight * np.repeat(form[:, k], 3)) for k in range(3)], -1) / total[:, None]
    raster = uv_raster(topology, size)
    of_chart = Raster(chart, raster.triangle_id, raster.barycentric)
    return of_chart.sample_covered(points)[raster.nearest].reshape(size, size, 3)


def _triangle_metric(points: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E, F, G (T, 3) of triangles (T, 3, 3) mm over (T, 3, 2), and their area in UV."""
    edges = points[:, 1:] - points[:, :1]
    base = uv[:, 1:] - uv[:, :1]
    area = base[:, 0, 0] * base[:, 1, 1] - base[:, 0, 1] * base[:, 1, 0]
    usable = np.abs(area) > 1e-12
    base[~usable] = np.eye(2)
    tangents = np.linalg.inv(base) @ edges  # rows P_u and P_v
    gram = tangents @ tangents.transpose(0, 2, 1)
    return np.stack([gram[:, 0, 0], gram[:, 0, 1], gram[:, 1, 1]], -1), np.where(usable, np.abs(area), 0.0)


def surface_slopes(displacement: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """(S, S, 2) float32 slope of a displacement along the tangent and the bitangent.

    Args:
        displacement: (S, S) mm along the normal, row 0 at v = 1.
        metric: (S, S, 3) E, F, G in mm² per UV².

    The tangent is P_u / |P_u|, the bitangent lies across it towards rising v: D_u / sqrt(E) and
    (D_v - D_u F / E) / sqrt(G - F² / E).
    """
    size = displacement.shape[0]
    row, column = np.gradient(displacement.astype(np.float32) * size)
    e, f, g = np.moveaxis(metric, -1, 0)
    e = np.maximum(e, 1e-6)
    across = np.maximum(g - f * f / e, 1e-6)
    slopes = np.stack([column / np.sqrt(e), (-row - column * f / e) / np.sqrt(across)], -1)
    return np.clip(slopes, -MAX_SLOPE, MAX_SLOPE).astype(np.float32)


def slopes_to_normals(slopes: np.ndarray) -> np.ndarray:
    """(..., 3) unit normals (tangent, bitangent, normal) of slopes (..., 2): n is (-dT, -dB, 1) at length 1."""
    normals = np.concatenate([-slopes, np.ones_like(slopes[..., :1])], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def normals_to_slopes(normals: np.ndarray) -> np.ndarray:
    """(..., 2) slopes of normals (..., 3) of any length."""
    return -normals[..., :2] / np.maximum(normals[..., 2:], 0.05)


def encode_normals(normals: np.ndarray, depth: int = 16) -> np.ndarray:
    """(..., 3) uint8 or uint16 of unit normals: (n + 1) / 2, OpenGL convention (green rises with v)."""
    top = 2**depth - 1
    return np.rint(np.clip(normals * 0.5 + 0.5, 0.0, 1.0) * top).astype(np.uint8 if depth == 8 else np.uint16)


def decode_normals(coded: np.ndarray) -> np.ndarray:
    """(..., 3) float32 inverse of :func:`encode_normals`, at length 1 but for rounding."""
    return coded.astype(np.float32) / np.float32(np.iinfo(coded.dtype).max) * 2 - 1


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Square image (S, S[, k]) at another size: averaged when it shrinks, bilinear when it grows."""
    if image.shape[0] == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if size < image.shape[0] else cv2.INTER_LINEAR)
