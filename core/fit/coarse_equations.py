"""Normal equations of the coarse fit (``fit.problem``) at a state: its terms photo by photo, and its priors.

Residuals of landmarks and outlines (``fit.terms``, ``person_border``), the Gaussian prior of the identity, the
expression prior (``expression_prior``) and a log-normal prior of focal length and distance.
"""

from __future__ import annotations

import numpy as np

from ..head.landmark_sets import APART_PAIRS, LIDS, LIPS, OF_LIPS, OVAL
from ..head.model import LANDMARK_COUNT
from .normal_equations import NormalEquations, Term
from .outline import ContourMatch, match_contour
from .problem import FitProblem, FitSettings, Observation
from .state import EXPRESSION, LOG_FOCAL, POSE_PARAMETERS, HeadState, ViewState
from .terms import PointBasis, Projection, contour_term, pair_term, position_term, project

TURNED = 0.5  # sine of the angle between face and camera axis in a three-quarter view
DISTANCE = 5  # the view's parameter: translation along the camera's axis


def equations(problem: FitProblem, state: HeadState) -> NormalEquations:
    """Normal equations of all photos, and the cost in nats, at a state; robust weights are frozen."""
    found = NormalEquations.empty(len(state.views), POSE_PARAMETERS + state.expressions().shape[1], len(state.identity))
    likely = problem.shape_prior
    slope = likely.precision @ state.identity - likely.information
    found.add_shared_prior(likely.precision, slope, 0.5 * float(state.identity @ (slope - likely.information)))
    for i, (view, photo, share, prior) in enumerate(zip(state.views, problem.photos, problem.shares, problem.priors)):
        found.add(view_terms(problem, state.identity, view, i), (i,), share)
        _add_camera_prior(found, problem.settings, photo, view, i)
        weights = view.expression
        found.add_view_prior(i, EXPRESSION, prior.convex_hessian(), prior.gradient(weights), prior.cost(weights))
    return found


def view_terms(problem: FitProblem, identity: np.ndarray, view: ViewState, index: int) -> list[Term]:
    """The weighted residuals of photo ``index`` at the current parameters."""
    settings, photo = problem.settings, problem.photos[index]
    landmarks, width, height, _, _ = photo
    scale = pixels_per_mm(problem.basis, identity, view)
    projection = project(problem.basis, identity, view, width, height)
    camera = view.camera(width, height)
    matched = match_contour(
        problem.band, identity, view, (camera.fx, camera.cx, camera.cy), landmarks.points, scale
    )
    weight = np.ones(LANDMARK_COUNT)
    weight[OVAL] = settings.outline_weight
    terms = []
    if matched is not None:
        weight[matched.landmarks] = 0.0
        terms.append(_contour_term(settings, matched, identity, view, photo, scale))
    terms.append(_position_term(settings, projection, view, photo, scale, weight))
    terms.append(_pair_term(settings, projection, photo, scale))
    border = problem.outlines[index] if problem.outlines else None
    if border is not None:
        spread = settings.border_spread * scale
        points, robust = settings.border_points, settings.robust_scale
        terms.append(border.term(identity, view, width, height, spread, points, robust))
    return terms


def pixels_per_mm(basis: PointBasis, identity: np.ndarray, view: ViewState) -> float:
    """Focal length over the mean depth of the landmarks."""
    centre = view.rotation[2] @ basis.points(identity, view.expression).mean(0) + view.translation[2]
    return float(np.exp(view.log_focal) / centre)


def _contour_term(settings: FitSettings, matched: ContourMatch, identity: np.ndarray, view: ViewState,
                  photo: Observation, scale: float) -> Term:
    """Landmarks of the oval across the head's outline."""
    outline = project(matched.basis, identity, view, photo.width, photo.height)
    spread = np.hypot(settings.contour_spread * scale, photo.landmarks.spread[matched.landmarks])
    points = photo.landmarks.points[matched.landmarks]
    return contour_term(
        outline, points, matched.normals, spread, np.ones(len(spread)), settings.robust_scale
    )


def _position_term(settings: FitSettings, projection: Projection, view: ViewState, photo: Observation, scale: float,
                   weight: np.ndarray) -> Term:
    """Landmarks where they are seen; ``weight`` (478,)."""
    sharp = np.ones(LANDMARK_COUNT)
    sharp[LIPS] = settings.lip_sharpness
    sharp[LIDS] = settings.lid_sharpness
    doubt = 1.0 + settings.turned_doubt * min((view.rotation[0, 2] / TURNED) ** 2, 1.0)
    spread = np.hypot(doubt * settings.landmark_spread * scale / sharp, photo.landmarks.spread)
    return position_term(projection, photo.landmarks.points, spread, weight, settings.robust_scale)


def _pair_term(settings: FitSettings, projection: Projection, photo: Observation, scale: float) -> Term:
    """Distances between lids and between lips."""
    pairs = APART_PAIRS
    spread = np.hypot(settings.pair_spread * scale, 0.5 * photo.landmarks.spread[pairs].mean(axis=1))
    # a mouth that is wide open is no outlier, and what opens it is seldom read
    weight = np.where(OF_LIPS, settings.lip_opening, 0.5)
    robust = np.where(OF_LIPS, settings.lip_robust_scale, settings.robust_scale)
    return pair_term(projection, photo.landmarks.points, pairs, spread, weight, robust)


def _add_camera_prior(found: NormalEquations, settings: FitSettings, photo: Observation, view: ViewState,
                      index: int) -> None:
    """Focal length as EXIF has it, else focal length and distance as is usual: both log-normal."""
    if photo.focal_px is not None:
        off, spread = view.log_focal - np.log(photo.focal_px), settings.exif_spread
        _add_normal(found, index, LOG_FOCAL, off, spread)
        return
    expected, spread = settings.focal_35mm
    off = view.log_focal - np.log(expected / 36.0 * max(photo.width, photo.height))
    _add_normal(found, index, LOG_FOCAL, off, spread)
    expected, spread = settings.distance
    depth = view.translation[2]
    _add_normal(found, index, DISTANCE, np.log(depth / expected), spread, depth)


def _add_normal(found: NormalEquations, view: int, parameter: int, off: float, spread: float,
                unit: float = 1.0) -> None:
    """Add a prior of one parameter: 1/2 (off / spread)^2, where off changes by 1 as the parameter does by ``unit``."""
    curvature, slope = np.array([[1.0 / (spread * unit) ** 2]]), np.array([off / spread**2 / unit])
    found.add_view_prior(view, slice(parameter, parameter + 1), curvature, slope, 0.5 * (off / spread) ** 2)
