"""Outline landmarks slide on the head's occluding contour.

The net puts the points along cheek and jaw where the face ends in the photo, not on a fixed spot of the skin. So they
are matched to the current occluding contour: the points of mesh edges where the vertex normal turns from facing the
camera to facing away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..head.landmark_sets import OVAL
from ..head.model import HeadModel
from ..mesh.operators import quads_to_triangles, unique_edges, vertex_normals
from .state import ViewState
from .terms import PointBasis, vertex_basis

SLIDING = OVAL[6:31]
REACH = 40.0
MATCH_DISTANCE = 14.0


@dataclass(frozen=True)
class ContourBand:
    """The strip of skin around the face oval where an outline can be.

    Attributes:
        basis: points of the strip's vertices.
        edges: (e, 2) rows of ``basis``.
        triangles: (t, 3) rows of ``basis``.
    """

    basis: PointBasis
    edges: np.ndarray
    triangles: np.ndarray


@dataclass(frozen=True)
class ContourMatch:
    """Which landmarks lie on the outline, and where.

    Attributes:
        landmarks: (m,) landmark numbers.
        basis: the m outline points.
        normals: (m, 2) unit normals in the image.
    """

    landmarks: np.ndarray
    basis: PointBasis
    normals: np.ndarray


def contour_band(model: HeadModel, components: int) -> ContourBand:
    """Vertices within 40 mm of the sliding landmarks on the mean head, ears, neck and scalp left out."""
    topology = model.topology
    faces = topology.part_faces("head")
    head = topology.part_slice("head")
    near = cKDTree(model.landmarks(model.mean)[SLIDING]).query(model.mean[head])[0] < REACH
    for name in ("ear", "neck", "scalp", "mouth_inner", "nostril", "eye_socket_inner"):
        if name in topology.region_names:
            near &= topology.region(name)[head] < 0.5
    vertices = np.flatnonzero(near) + head.start
    row = np.full(topology.vertex_count, -1)
    row[vertices] = np.arange(len(vertices))
    inside = row[faces][(row[faces] >= 0).all(axis=1)]
    return ContourBand(vertex_basis(model, vertices, components), unique_edges(inside), quads_to_triangles(inside))


def match_contour(
    band: ContourBand,
    identity: np.ndarray,
    state: ViewState,
    focal_centre: tuple[float, float, float],
    landmarks: np.ndarray,
    scale: float,
) -> ContourMatch | None:
    """Nearest outline point for each sliding landmark.

    Args:
        focal_centre: focal length and principal point, pixels.
        landmarks: (478, 2) detected, pixels.
        scale: pixels per millimetre at the head.

    Returns:
        The match, or None where no outline is near.
    """
    points = band.basis.points(identity, state.expression) @ state.rotation.T + state.translation
    normals = vertex_normals(points, band.triangles)
    facing = np.einsum("nd,nd->n", normals, points) / np.linalg.norm(points, axis=1)
    a, b = band.edges.T
    turns = (facing[a] < 0) != (facing[b] < 0)
    a, b = a[turns], b[turns]
    if not len(a):
        return None
    fraction = facing[a] / (facing[a] - facing[b])
    at = points[a] * (1 - fraction)[:, None] + points[b] * fraction[:, None]
    normal = (normals[a] * (1 - fraction)[:, None] + normals[b] * fraction[:, None])[:, :2]
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(length, 1e-9)
    focal, cx, cy = focal_centre
    pixels = focal * at[:, :2] / at[:, 2:] + [cx, cy]
    distance, nearest = cKDTree(pixels).query(landmarks[SLIDING])
    found = (distance / scale < MATCH_DISTANCE) & (length[nearest, 0] > 0.2)
    if not found.any():
        return None
    nearest = nearest[found]
    return ContourMatch(
        SLIDING[found], band.basis.interpolate(a[nearest], b[nearest], fraction[nearest]), normal[nearest]
    )
