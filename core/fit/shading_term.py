"""Shading of a photo as the light on the fitted head explains it, and its derivatives.

For skin vertices v that a photo shows, the residual is I(u_v) - sum_k l_k H_k(n_v): the blurred linear luminance under
the vertex less nine spherical harmonics (Ramamoorthi and Hanrahan 2001) of its normal. The light l is solved for and
projected out of residual and Jacobian (variable projection); albedo changes, highlights, hair and cast shadows lose
their weight by robust estimation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

import cv2
import numpy as np
from scipy import sparse
from scipy.ndimage import map_coordinates

from ..head.fitted import CoarseFit, View
from ..head.landmark_sets import eye_distance
from ..head.model import HeadModel, HeadTopology
from ..head.raster import rasterize
from ..image.colour import LUMINANCE, srgb_to_linear
from ..view.skin_pixels import skin_pixels
from .normal_equations import Term
from .state import POSE_PARAMETERS, ViewState
from .terms import PointBasis, geman_mcclure, project, vertex_basis

NOT_SKIN = (
    "brow", "upper_lid", "lower_lid", "lips", "nostril", "eye_socket_inner", "mouth_inner", "ear", "scalp", "neck",
)
EYE_DISTANCE = 150.0  # pixels between the outer eye corners in the image the shading is read from
BLUR = 2.0  # pixels of that image
SPREAD = 0.08  # of the mean luminance: what the model of light leaves unexplained
CORRELATION = 2.0  # neighbouring residuals are not independent: their weight is divided by this
FACING = 0.1


@dataclass(frozen=True)
class SkinPatch:
    """The vertices whose shading is compared.

    Attributes:
        basis: all vertices needed for the normals, n.
        triangles: (T, 3) rows of ``basis``.
        rows: (m,) rows of ``basis`` that are compared.
        gather: (m, T) sparse, sums triangle normals at the compared vertices.
        weight: (m,) area of each over the mean area.
        vertices: (m,) indices into the model's vertices.
    """

    basis: PointBasis
    triangles: np.ndarray
    rows: np.ndarray
    gather: sparse.csr_matrix
    weight: np.ndarray
    vertices: np.ndarray

    @cached_property
    def compared(self) -> PointBasis:
        """Basis of the vertices that are compared."""
        return self.basis.rows(self.rows)


@dataclass(frozen=True)
class ShadingImage:
    """Blurred linear luminance of one photo, its mean over the face 1, and its gradient per pixel of the photo.

    Attributes:
        values: (3, h, w): luminance, d/du, d/dv.
        mask: (h, w) float, 1 where the photo may be used.
        scale: pixels of this image per pixel of the photo.
    """

    values: np.ndarray
    mask: np.ndarray
    scale: float

    def sample(self, pixels: np.ndarray) -> np.ndarray:
        """(4, m) luminance, its gradient and the mask at photo pixels (m, 2)."""
        at = (pixels * self.scale - 0.5).T[::-1]
        return np.stack([map_coordinates(band, at, order=1, mode="nearest") for band in (*self.values, self.mask)])


def facial_skin(topology: HeadTopology, without: tuple[str, ...]) -> np.ndarray:
    """(n,) ascending indices of the face's vertices that lie in none of the regions ``without``."""
    weight = topology.region("face").copy()
    for name in without:
        if name in topology.region_names:
            weight *= 1.0 - topology.region(name)
    head = topology.part_slice("head")
    return np.flatnonzero(weight[head] > 0.5) + head.start


def skin_patch(model: HeadModel, components: int) -> SkinPatch:
    """Facial skin away from brows, lids, lips and openings."""
    topology = model.topology
    vertices = facial_skin(topology, NOT_SKIN)
    compared = np.zeros(topology.vertex_count, bool)
    compared[vertices] = True
    head = topology.head_triangles
    used = head[compared[head].any(axis=1)]
    needed, local = np.unique(used, return_inverse=True)
    triangles = local.reshape(-1, 3)
    rows = np.searchsorted(needed, vertices)
    index = np.arange(len(triangles))
    ones = sparse.csr_matrix(
        (np.ones(3 * len(triangles)), (triangles.T.ravel(), np.tile(index, 3))), (len(needed), len(triangles))
    )
    gather = ones[rows]
    points = model.mean[needed].astype(float)
    a, b, c = (points[triangles[:, k]] for k in range(3))
    area = gather @ np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return SkinPatch(vertex_basis(model, needed, components), triangles, rows, gather, area / area.mean(), vertices)


@overload
def patch_normals(
    patch: SkinPatch, identity: np.ndarray, expression: np.ndarray, derivative: Literal[True]
) -> tuple[np.ndarray, np.ndarray]: ...


@overload
def patch_normals(
    patch: SkinPatch, identity: np.ndarray, expression: np.ndarray, derivative: bool = False
) -> tuple[np.ndarray, np.ndarray | None]: ...


def patch_normals(
    patch: SkinPatch, identity: np.ndarray, expression: np.ndarray, derivative: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """Unit normals (m, 3) in head coordinates, and their Jacobian (m, 3, E + K) if asked for (else None).

    With N the sum of (b - a) x (c - a) over the triangles around, dn = (I - n n^T) dN / |N|.
    """
    points = patch.basis.points(identity, expression)
    a, b, c = (patch.triangles[:, k] for k in range(3))
    ab, ac = points[b] - points[a], points[c] - points[a]
    total = patch.gather @ np.cross(ab, ac)
    length = np.maximum(np.linalg.norm(total, axis=1), 1e-9)
    normals = total / length[:, None]
    if not derivative:
        return normals, None
    basis = np.concatenate([patch.basis.expression, patch.basis.identity], axis=2).astype(np.float32)
    d_ab, d_ac = basis[b] - basis[a], basis[c] - basis[a]
    d_cross = cross_columns(ab.astype(np.float32), d_ac) - cross_columns(ac.astype(np.float32), d_ab)
    size = d_cross.shape[2]
    d_total = (patch.gather @ d_cross.reshape(len(d_cross), -1)).reshape(-1, 3, size)
    along = np.einsum("md,mdp->mp", normals, d_total)
    d_total -= normals[:, :, None] * along[:, None, :]
    d_total /= length[:, None, None]
    return normals, d_total


def cross_columns(vectors: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """(t, 3, p) cross products of vectors (t, 3) with each column of matrices (t, 3, p)."""
    x, y, z = (vectors[:, k, None] for k in range(3))
    mx, my, mz = (matrices[:, k] for k in range(3))
    return np.stack([y * mz - z * my, z * mx - x * mz, x * my - y * mx], axis=1)


def shading_image(image: np.ndarray, view: View, mask: np.ndarray | None) -> ShadingImage:
    """Prepare one photo (H, W, 3) uint8 sRGB: linear luminance, resized, blurred, with its gradient."""
    scale = min(1.0, EYE_DISTANCE / max(eye_distance(view.landmarks.points), 1.0))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    luminance = srgb_to_linear(small) @ LUMINANCE
    usable = (luminance < 0.97) & (luminance > 0.004)
    if mask is not None:
        mask = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        usable &= mask > 0.5
    usable &= skin_pixels(small, view.landmarks.points * scale, mask) > 0.5
    luminance = cv2.GaussianBlur(luminance, (0, 0), BLUR)
    inner = (view.landmarks.points * scale).astype(int)
    inside = (inner >= 0).all(axis=1) & (inner < size).all(axis=1)
    luminance = luminance / max(float(np.median(luminance[inner[inside, 1], inner[inside, 0]])), 1e-3)
    slope_v, slope_u = np.gradient(luminance)
    usable = cv2.erode(usable.astype(np.float32), np.ones((3, 3), np.uint8))
    return ShadingImage(np.stack([luminance, slope_u * scale, slope_v * scale]), usable, scale)


def visible_vertices(model: HeadModel, fit: CoarseFit, view: View, size: int = 256) -> np.ndarray:
    """(V,) bool, vertices that no other part of the fitted head hides from the camera."""
    posed = fit.neutral + np.tensordot(view.expression.astype(np.float32), model.expression_basis, 1)
    points = view.pose.apply(posed.astype(float))
    pixels = view.camera.project(points)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    xy = (pixels - low) / (high - low).max() * (size - 1.0)
    ids, weights = rasterize(xy, points[:, 2], model.topology.triangles, size, size)
    covered = ids >= 0
    depth = np.full((size, size), np.inf)
    depth[covered] = (points[:, 2][model.topology.triangles[ids[covered]]] * weights[covered]).sum(axis=1)
    column, row = np.clip(xy.astype(int), 0, size - 1).T
    return points[:, 2] < depth[row, column] + 4.0


def harmonics(normals: np.ndarray) -> np.ndarray:
    """(m, 9) spherical harmonics up to order 2 of unit normals (m, 3), without constant factors."""
    x, y, z = normals.T
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=1)


def harmonics_gradient(normals: np.ndarray, light: np.ndarray) -> np.ndarray:
    """(m, 3) derivative by the normal of ``harmonics(normals) @ light``."""
    x, y, z = normals.T
    _, lx, ly, lz, xy, xz, yz, x2y2, zz = light
    return np.stack([
        lx + xy * y + xz * z + 2 * x2y2 * x, ly + xy * x + yz * z - 2 * x2y2 * y, lz + xz * x + yz * y + 6 * zz * z
    ], axis=1)


def fit_light(basis: np.ndarray, luminance: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Robust light (9,) and the final weights (m,), which fade beyond two spreads."""
    robust = weight
    for _ in range(4):
        weighted = basis * robust[:, None]
        light = np.linalg.solve(weighted.T @ basis + 1e-3 * np.eye(9), weighted.T @ luminance)
        robust = weight * geman_mcclure(luminance - basis @ light, 3.0 * SPREAD)
    return light, robust


def shading_term(patch: SkinPatch, image: ShadingImage, visible: np.ndarray, normal_jacobian: np.ndarray | None,
                 identity: np.ndarray, state: ViewState, width: int, height: int) -> Term:
    """Shading residuals of one photo with the light projected out.

    Args:
        visible: (m,) bool.
        normal_jacobian: (m, 3, E + K) of the normals in head coordinates; None for the residual alone.

    Returns:
        Residuals of all m vertices where they alone are asked for, else of those that have a weight.
    """
    normals = patch_normals(patch, identity, state.expression)[0] @ state.rotation.T
    # shading refines the shape: a brow's or a fold's own tone must not become an expression
    posed = patch.compared.of_one_expression(state.expression)
    still = state.with_expression(np.zeros(0))
    points = posed.points(identity, still.expression) @ state.rotation.T + state.translation
    facing = -np.einsum("md,md->m", normals, points) / np.linalg.norm(points, axis=1)
    luminance, slope_u, slope_v, usable = image.sample(state.camera(width, height).project(points))
    weight = patch.weight * visible * usable * np.clip((facing - FACING) / 0.15, 0.0, 1.0)
    lights = harmonics(normals)
    light, weight = fit_light(lights, luminance, weight)
    residual = (luminance - lights @ light) / SPREAD
    weight = weight / CORRELATION
    if normal_jacobian is None:
        return Term(residual, np.zeros((len(residual), 0)), weight)
    kept = np.flatnonzero(weight)
    residual, weight, lights = residual[kept], weight[kept], lights[kept]
    pixel_jacobian = project(posed.rows(kept), identity, still, width, height).pixel_jacobian
    slopes = np.stack([slope_u, slope_v], axis=-1)[kept]
    count = len(state.expression)
    slope = residual_jacobian(
        slopes, pixel_jacobian, normals[kept], light, state.rotation, normal_jacobian[kept, :, count:]
    )
    weighted = lights * weight[:, None]
    slope -= lights @ np.linalg.solve(weighted.T @ lights + 1e-6 * np.eye(9), weighted.T @ slope)
    jacobian = np.zeros((len(kept), slope.shape[1] + count))
    np.divide(slope[:, :POSE_PARAMETERS], -SPREAD, out=jacobian[:, :POSE_PARAMETERS])
    np.divide(slope[:, POSE_PARAMETERS:], -SPREAD, out=jacobian[:, POSE_PARAMETERS + count :])
    return Term(residual, jacobian, weight)


def residual_jacobian(slopes: np.ndarray, pixel_jacobian: np.ndarray, normals: np.ndarray, light: np.ndarray,
                      rotation: np.ndarray, normal_jacobian: np.ndarray) -> np.ndarray:
    """(m, 7 + E + K) derivative of luminance minus shading at a fixed light.

    Args:
        slopes: (m, 2) luminance gradient; normals: (m, 3) camera space; normal_jacobian: (m, 3, E + K) head space.
    """
    jacobian = np.einsum("md,mdp->mp", slopes, pixel_jacobian)
    by_normal = harmonics_gradient(normals, light)
    jacobian[:, :3] -= np.cross(normals, by_normal)
    jacobian[:, POSE_PARAMETERS:] -= np.einsum("md,mdp->mp", by_normal @ rotation, normal_jacobian)
    return jacobian
