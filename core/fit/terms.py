"""Residuals of the coarse fit and their analytic Jacobians.

Their columns are the 7 + E parameters of a view (``fit.state``) and the K of the identity. With x a point in head
coordinates,

    y = R x + t,   u = f y_x / y_z + c_x,   v = f y_y / y_z + c_y,   d y / d rotation = -[R x]_x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..head.model import HeadModel
from .normal_equations import Term
from .state import LOG_FOCAL, POSE_PARAMETERS, ViewState

# the landmark net's depth is tilted against the true one: mean to the front, and standard deviations from person to
# person to the side and to the front (benchmarks/net_depth.py)
NET_TILT = np.deg2rad(5.0)
NET_TILT_SPREAD = (np.deg2rad(2.5), np.deg2rad(3.5))


@dataclass(frozen=True)
class PointBasis:
    """Some points of the head as a linear function of the coefficients.

    Attributes:
        mean: (n, 3) mm.
        identity: (n, 3, K) mm per standard deviation.
        expression: (n, 3, E) mm at weight 1.
    """

    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray

    def points(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """(n, 3) mm in head coordinates."""
        return self.mean + self.identity @ identity + self.expression @ expression

    def interpolate(self, first: np.ndarray, second: np.ndarray, fraction: np.ndarray) -> PointBasis:
        """Basis of points between rows ``first`` and ``second``, at ``fraction`` (m,) of the way."""
        part = fraction[:, None]
        cube = part[:, :, None]
        return PointBasis(
            self.mean[first] * (1 - part) + self.mean[second] * part,
            self.identity[first] * (1 - cube) + self.identity[second] * cube,
            self.expression[first] * (1 - cube) + self.expression[second] * cube,
        )

    def of_one_head(self, identity: np.ndarray) -> PointBasis:
        """The points of a head that is known: no identity coefficients are left."""
        return PointBasis(self.mean + self.identity @ identity, self.identity[:, :, :0], self.expression)

    def of_one_expression(self, expression: np.ndarray) -> PointBasis:
        """The points of a face whose expression is known: no expression weights are left."""
        return PointBasis(self.mean + self.expression @ expression, self.identity, self.expression[:, :, :0])

    def rows(self, index: np.ndarray) -> PointBasis:
        """Basis of some of the points."""
        return PointBasis(self.mean[index], self.identity[index], self.expression[index])


def landmark_basis(model: HeadModel, components: int) -> PointBasis:
    """Basis of the 478 landmarks with the first ``components`` identity components."""
    return PointBasis(
        model.landmarks(model.mean.astype(float)),
        np.moveaxis(model.landmarks(model.identity_basis[:components]), 0, -1).astype(float),
        np.moveaxis(model.landmarks(model.expression_basis), 0, -1).astype(float),
    )


def vertex_basis(model: HeadModel, vertices: np.ndarray, components: int) -> PointBasis:
    """Basis of some vertices (n,)."""
    return PointBasis(
        model.mean[vertices].astype(float),
        np.moveaxis(model.identity_basis[:components, vertices], 0, -1).astype(float),
        np.moveaxis(model.expression_basis[:, vertices], 0, -1).astype(float),
    )


@dataclass(frozen=True)
class Projection:
    """Points of one view and their derivatives.

    Attributes:
        camera_points: (n, 3) mm.
        pixels: (n, 2).
        camera_jacobian: (n, 3, 7 + E + K) of the camera points, mm.
        pixel_jacobian: (n, 2, 7 + E + K).
        focal: pixels.
    """

    camera_points: np.ndarray
    pixels: np.ndarray
    camera_jacobian: np.ndarray
    pixel_jacobian: np.ndarray
    focal: float


def project(basis: PointBasis, identity: np.ndarray, state: ViewState, width: int, height: int) -> Projection:
    """Project points and differentiate them by all parameters (view first, then identity)."""
    rotated = basis.points(identity, state.expression) @ state.rotation.T
    points = rotated + state.translation
    n, views = len(points), POSE_PARAMETERS + basis.expression.shape[2]
    jacobian = np.zeros((n, 3, views + basis.identity.shape[2]))
    x, y, z = rotated.T
    zero = np.zeros(n)
    jacobian[:, :, :3] = np.stack([zero, z, -y, -z, zero, x, y, -x, zero], axis=-1).reshape(n, 3, 3)
    jacobian[:, :, 3:6] = np.eye(3)
    jacobian[:, :, POSE_PARAMETERS:views] = state.rotation @ basis.expression
    jacobian[:, :, views:] = state.rotation @ basis.identity

    focal = np.exp(state.log_focal)
    depth = points[:, 2:]
    tangent = points[:, :2] / depth
    offset = focal * tangent
    pixel_jacobian = (jacobian[:, :2] - tangent[:, :, None] * jacobian[:, 2:]) * (focal / depth)[:, :, None]
    pixel_jacobian[:, :, LOG_FOCAL] += offset
    return Projection(points, offset + [width / 2.0, height / 2.0], jacobian, pixel_jacobian, float(focal))


def geman_mcclure(distance: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Weights of robust least squares, 1 at distance 0 (Geman and McClure 1987)."""
    return 1.0 / (1.0 + (distance / scale) ** 2) ** 2


def position_term(projection: Projection, points: np.ndarray, spread: np.ndarray, weight: np.ndarray,
                  robust_scale: float) -> Term:
    """Landmark positions: ``points`` (n, 2) pixels measured with ``spread`` (n,) pixels, prior weights (n,)."""
    residual = (points - projection.pixels) / spread[:, None]
    robust = geman_mcclure(np.linalg.norm(residual, axis=1), robust_scale)
    jacobian = projection.pixel_jacobian / spread[:, None, None]
    return Term(residual.ravel(), jacobian.reshape(-1, jacobian.shape[2]), np.repeat(weight * robust, 2))


def pair_term(projection: Projection, points: np.ndarray, pairs: np.ndarray, spread: np.ndarray,
              weight: float | np.ndarray, robust_scale: float | np.ndarray) -> Term:
    """Differences between two landmarks each, which are known better than their positions.

    The pairs are those of lids and lips, as in the eye closure loss of Feng et al. 2021 (DECA), section 4.2;
    ``spread`` (m,) pixels; ``weight`` and ``robust_scale`` are one for all or (m,).
    """
    a, b = pairs.T
    residual = (points[a] - points[b] - projection.pixels[a] + projection.pixels[b]) / spread[:, None]
    robust = geman_mcclure(np.linalg.norm(residual, axis=1), robust_scale)
    jacobian = (projection.pixel_jacobian[a] - projection.pixel_jacobian[b]) / spread[:, None, None]
    return Term(residual.ravel(), jacobian.reshape(-1, jacobian.shape[2]), np.repeat(weight * robust, 2))


def depth_term(projection: Projection, depth: np.ndarray, scale: float, spread: float, weight: np.ndarray,
               tilt: float = NET_TILT, tilt_spread: tuple[float, float] = NET_TILT_SPREAD) -> Term:
    """Relative depth of the landmark net, without its mean and with a tilt of its own.

    The net sees a crop and measures along the line of sight s to the face, not along the camera's axis: the prediction
    is f ((x - x_mean) . (s + tan(tilt) e_y)) / z_mean. Like the picture, it is the same for a head twice as large and
    twice as far away; measured in millimetres it would pull every fit towards small heads. What is left of the net's
    tilt, other in every photo, is marginalised, so that the pose is that of the landmarks' places.

    Args:
        depth: (n,) pixels, smaller is nearer.
        scale: pixels per millimetre at the head, the unit of ``spread`` only.
        spread: millimetres.
        weight: (n,).
        tilt: radians by which the net has a chin too far away.
        tilt_spread: radians, standard deviations of the tilt to the side and of the tilt forward.
    """
    share = weight / weight.sum()
    centre, centre_jacobian = share @ projection.camera_points, np.tensordot(share, projection.camera_jacobian, 1)
    sight = centre / np.linalg.norm(centre)
    turned = (np.eye(3) - np.outer(sight, sight)) @ centre_jacobian / np.linalg.norm(centre)
    offset = projection.camera_points - centre
    direction = sight + [0.0, np.tan(tilt), 0.0]
    pixels = projection.focal / centre[2]
    predicted = pixels * (offset @ direction)
    jacobian = np.einsum("d,ndp->np", pixels * direction, projection.camera_jacobian)
    jacobian += pixels * (offset @ turned - direction @ centre_jacobian)
    jacobian -= np.outer(predicted, centre_jacobian[2] / centre[2])
    jacobian[:, LOG_FOCAL] += predicted
    unit = spread * scale
    term = Term((depth - share @ depth - predicted) / unit, jacobian / unit, weight)
    return marginalised(term, pixels / unit * offset[:, :2] * np.tan(tilt_spread))


def marginalised(term: Term, nuisances: np.ndarray) -> Term:
    """The term with some unknowns of standard normal distribution integrated out.

    Residuals of covariance C = W^-1 + N N^T are whitened by W^1/2 C^1/2, in closed form with the singular vectors of
    W^1/2 N: what the unknowns explain counts less, all else as before.

    Args:
        nuisances: (m, q) derivative N of the residual by the unknowns.
    """
    root = np.sqrt(term.weight)
    vectors, values, _ = np.linalg.svd(root[:, None] * nuisances, full_matrices=False)
    vectors *= np.sqrt(1.0 - 1.0 / np.sqrt(1.0 + values**2))
    back, there = vectors / np.maximum(root, 1e-12)[:, None], (vectors * root[:, None]).T
    return Term(
        term.residual - back @ (there @ term.residual), term.jacobian - back @ (there @ term.jacobian), term.weight
    )


def contour_term(projection: Projection, points: np.ndarray, normals: np.ndarray, spread: np.ndarray,
                 weight: np.ndarray, robust_scale: float) -> Term:
    """Distance of outline landmarks (m, 2) pixels from the head's outline, across the outline only.

    ``projection`` holds the matched outline points, ``normals`` (m, 2) their unit normals in the image.
    """
    residual = np.einsum("nd,nd->n", points - projection.pixels, normals) / spread
    jacobian = np.einsum("ndp,nd->np", projection.pixel_jacobian, normals) / spread[:, None]
    return Term(residual, jacobian, weight * geman_mcclure(np.abs(residual), robust_scale))
