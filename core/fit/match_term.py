"""Residuals of skin that two photos of one head show, and their analytic Jacobians.

For skin that the photos a and b show at u_a and u_b (``view.flow``), and a vertex that the fit projects to p_a and p_b,

    residual = (u_b - p_b) - W (u_a - p_a),

where W carries a motion along the surface from one photo to the other: a vertex may slide on the skin, for which point
of it is which is known to no photo, but its depth, shape and expression and the heads' poses must explain both photos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..head.model import HeadModel
from ..mesh.operators import vertex_areas
from ..view.flow import Matches
from .normal_equations import Term
from .problem import Observation
from .shading_term import facial_skin
from .state import POSE_PARAMETERS, ViewState
from .terms import PointBasis, geman_mcclure, project, vertex_basis

NOT_ALIGNED = (
    "upper_lid", "lower_lid", "nostril", "eye_socket_inner", "mouth_inner", "ear", "scalp", "neck",
)  # fmt: skip
CORRELATION = 2.0  # neighbouring matches err alike: their weight is divided by this


@dataclass(frozen=True)
class AlignedSkin:
    """Vertices whose skin is matched between photos.

    Attributes:
        vertices: (n,) ascending indices into the model's vertices.
        basis: of these vertices.
        area: (n,) of each over the mean area.
    """

    vertices: np.ndarray
    basis: PointBasis
    area: np.ndarray


def aligned_skin(model: HeadModel, components: int) -> AlignedSkin:
    """Skin of the face: brows and lips too, not lids and openings."""
    vertices = facial_skin(model.topology, NOT_ALIGNED)
    area = vertex_areas(model.mean.astype(float), model.topology.head_triangles)[vertices]
    return AlignedSkin(vertices, vertex_basis(model, vertices, components), area / area.mean())


def match_term(
    skin: AlignedSkin,
    matches: Matches,
    identity: np.ndarray,
    states: tuple[ViewState, ViewState],
    photos: tuple[Observation, Observation],
    robust_scale: float,
) -> Term:
    """Residuals of the skin two photos show.

    Args:
        skin: that was matched.
        states, photos: of the first and the second view.
        robust_scale: standard deviations at which a match loses three quarters of its weight.

    Returns:
        Term whose Jacobian's columns are first view, second view (7 + E each), identity.
    """
    rows = np.searchsorted(skin.vertices, matches.vertices)
    basis = skin.basis.rows(rows)
    here, there = (project(basis, identity, state, photo.width, photo.height) for state, photo in zip(states, photos))
    size = POSE_PARAMETERS + basis.expression.shape[2]
    carried = matches.motion @ here.pixel_jacobian
    jacobian = np.concatenate(
        [
            -carried[..., :size],
            there.pixel_jacobian[..., :size],
            there.pixel_jacobian[..., size:] - carried[..., size:],
        ],
        axis=2,
    )
    residual = matches.second - there.pixels - np.einsum("nij,nj->ni", matches.motion, matches.first - here.pixels)
    residual = residual / matches.spread[:, None]
    robust = geman_mcclure(np.linalg.norm(residual, axis=1), robust_scale)
    weight = matches.weight * skin.area[rows] * robust / CORRELATION
    jacobian /= matches.spread[:, None, None]
    return Term(residual.ravel(), jacobian.reshape(-1, jacobian.shape[2]), np.repeat(weight, 2))
