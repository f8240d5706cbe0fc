"""Coarse fit: head shape, expression, pose and camera from the landmarks of one or several photos.

Levenberg-Marquardt with analytic Jacobians on robust residuals (``fit_terms``), a Gaussian identity prior, the
expression prior (``expression_prior``), a log-normal prior of the focal length, and bounds (``bounded_solve``):
expression weights in [0, 1], identity within 3.5 standard deviations. All photos share one identity; everything else
is per photo, so the order of the photos does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from . import contour, fit_terms
from .bounded_solve import Block, solve_bounded
from .character import CoarseFit, Landmarks, View
from .errors import NoFaceError, PhotoError
from .expression_prior import ExpressionPrior, expression_prior
from .fit_checks import final_checks, view_warnings
from .fit_terms import POSE_PARAMETERS, PointBasis, Term, ViewState
from .head_model import LANDMARK_COUNT, HeadModel

EYE_CORNERS = (33, 263)
ROBUST_STAGES = (8.0, 1.0)  # times the robust scale


class Observation(NamedTuple):
    """What one photo says about the head.

    Attributes:
        landmarks: detected landmarks.
        width, height: of the upright photo, pixels.
        focal_px: focal length from EXIF in pixels, or None.
        photo: file name, for messages.
    """

    landmarks: Landmarks
    width: int
    height: int
    focal_px: float | None
    photo: str


@dataclass(frozen=True)
class FitSettings:
    """Weights of the fit; the defaults were chosen on rendered heads, none per photo.

    Attributes:
        components: identity components used, at most.
        landmark_spread: mm, how far the net's points are from where the model has them.
        lip_sharpness, lid_sharpness: how much closer the points on lips and lids are to where the model has them.
        pair_spread: mm, the same for the distance between lids and between lips.
        lip_seal: mm, by how much lips may be farther apart or closer on a neutral head than on the mean head.
        size_spread: of the logarithm of the head's size, which no photo shows.
        depth_gain: how much of a face's true depth the net's depth has: it is flatter than measured heads.
        depth_spread: mm, of the net's relative depth.
        contour_spread: mm, across the outline.
        outline_weight: of oval landmarks that found no outline.
        robust_scale: standard deviations at which a landmark loses three quarters of its weight.
        expression_strength: multiplies the cost of the expression prior.
        focal_35mm: mm-equivalent (of the longer side) expected without EXIF, and its log spread.
        distance: mm from the camera expected without EXIF, and its log spread.
        exif_spread: log spread of a focal length from EXIF.
        limit: standard deviations an identity coefficient may reach.
        iterations: steps at most, per robust scale.
    """

    components: int = 150
    landmark_spread: float = 5.0
    pair_spread: float = 0.7
    lip_sharpness: float = 2.0
    lid_sharpness: float = 2.0
    lip_seal: float = 0.4
    size_spread: float = 0.02
    depth_gain: float = 0.92
    depth_spread: float = 4.5
    contour_spread: float = 4.0
    outline_weight: float = 0.15
    robust_scale: float = 3.0
    expression_strength: float = 0.3
    focal_35mm: tuple[float, float] = (55.0, 0.35)
    distance: tuple[float, float] = (900.0, 0.3)
    exif_spread: float = 0.03
    limit: float = 3.5
    iterations: int = 10


@dataclass(frozen=True)
class _Problem:
    """What stays constant during the fit."""

    settings: FitSettings
    basis: PointBasis
    band: contour.ContourBand
    shape_precision: np.ndarray
    prior: ExpressionPrior
    photos: tuple[Observation, ...]


def fit(model: HeadModel, photos: list[Observation], settings: FitSettings | None = None) -> CoarseFit:
    """Fit one head to the landmarks of its photos.

    Args:
        photos: one observation per photo (plain tuples of the same five values do as well).

    Returns:
        CoarseFit; ``warnings`` say which photo is a profile or does not match.

    Raises:
        PhotoError: no photos, or landmarks that are not finite or lie in one spot.
        NoFaceError: landmarks whose score says that there is no face.
    """
    settings = settings or FitSettings()
    if not photos:
        raise PhotoError("There is no photo to fit: give at least one.")
    for photo in photos:
        _check_photo(photo)
    components = min(settings.components, len(model.identity_basis))
    problem = _problem(model, [Observation(*photo) for photo in photos], components, settings)
    states = [initial_state(problem.basis.mean, photo, settings, len(model.expression_names)) for photo in photos]
    identity, states = _minimise(problem, np.zeros(components), states)
    identity, checks = final_checks(model, identity)
    views = [_view(problem, identity, state, photo) for photo, state in zip(problem.photos, states)]
    warnings = checks + [line for view in views for line in view_warnings(view)]
    return _result(model, identity, views, warnings)


def _problem(model: HeadModel, photos: list[Observation], components: int, settings: FitSettings) -> _Problem:
    basis = fit_terms.landmark_basis(model, components)
    return _Problem(
        settings, basis, contour.contour_band(model, components), shape_precision(basis, settings),
        expression_prior(model.expression_names, settings.expression_strength), tuple(photos),
    )


def shape_precision(basis: PointBasis, settings: FitSettings) -> np.ndarray:
    """(K, K) precision of the identity prior: the population's, with lips that seal and a size that stays."""
    size = fit_terms.known_size(basis, settings.size_spread)
    return np.eye(len(size)) + size + fit_terms.sealed_lips(basis, settings.lip_seal)


def problem_of(model: HeadModel, fit: CoarseFit, settings: FitSettings | None = None) -> _Problem:
    """The problem that ``fit`` solved, for a refinement that starts there; focal lengths are held where they are."""
    photos = [
        Observation(view.landmarks, view.camera.width, view.camera.height, view.camera.fx, view.photo)
        for view in fit.views
    ]
    return _problem(model, photos, len(fit.identity), settings or FitSettings())


def state_of(view: View) -> ViewState:
    """Parameters of a fitted view."""
    return ViewState(
        view.pose.rotation, view.pose.translation, float(np.log(view.camera.fx)), np.asarray(view.expression, float)
    )


def result(model: HeadModel, problem: _Problem, identity: np.ndarray, states: list[ViewState],
           warnings: tuple[str, ...]) -> CoarseFit:
    """CoarseFit of parameters found by a refinement."""
    views = [_view(problem, identity, state, photo) for photo, state in zip(problem.photos, states)]
    return _result(model, identity, views, warnings)


def _result(model: HeadModel, identity: np.ndarray, views: list[View], warnings) -> CoarseFit:
    return CoarseFit(identity, model.neutral(identity), model.joints_of(identity), tuple(views), tuple(warnings))


def _check_photo(photo: Observation) -> None:
    landmarks, width, height, focal, name = photo
    points = landmarks.points
    if points.shape != (LANDMARK_COUNT, 2):
        raise PhotoError(f"{name}: {LANDMARK_COUNT} landmarks are needed, got an array of shape {points.shape}.")
    if not (np.isfinite(points).all() and np.isfinite(landmarks.depth).all() and np.isfinite(landmarks.spread).all()):
        raise PhotoError(f"{name}: the face landmarks are not finite numbers; try another photo.")
    if width <= 0 or height <= 0 or (focal is not None and not focal > 0):
        raise PhotoError(f"{name}: image size and focal length must be positive.")
    if not landmarks.score > 0.1:
        raise NoFaceError(f"{name}: no face could be recognised; use a photo that shows the whole face.")
    if np.ptp(points, axis=0).min() < 4.0:
        raise PhotoError(f"{name}: the face is too small to fit; use a larger photo.")


def initial_state(mean: np.ndarray, photo: Observation, settings: FitSettings, expressions: int) -> ViewState:
    """Pose of the mean head by a similarity to the landmarks with the net's depth (Umeyama 1991).

    Args:
        mean: (478, 3) landmarks of the mean head, mm.
    """
    landmarks, width, height, focal, _ = photo
    measured = np.column_stack([landmarks.points, landmarks.depth])
    a, b = mean - mean.mean(0), measured - measured.mean(0)
    u, values, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float(values @ sign / (a**2).sum())
    focal = focal or settings.focal_35mm[0] / 36.0 * max(width, height)
    centre = measured[:, :2].mean(0) - [width / 2.0, height / 2.0]
    at = np.array([centre[0] / scale, centre[1] / scale, focal / scale])
    return ViewState(rotation, at - rotation @ mean.mean(0), float(np.log(focal)), np.zeros(expressions))


def view_terms(problem: _Problem, identity: np.ndarray, state: ViewState, photo: Observation) -> list[Term]:
    """The weighted residuals of one photo at the current parameters."""
    settings = problem.settings
    landmarks, width, height, _, _ = photo
    scale = pixels_per_mm(problem.basis, identity, state)
    projection = fit_terms.project(problem.basis, identity, state, width, height)
    camera = state.camera(width, height)
    matched = contour.match_contour(
        problem.band, identity, state, (camera.fx, camera.cx, camera.cy), landmarks.points, scale
    )
    weight = np.ones(LANDMARK_COUNT)
    weight[contour.OVAL] = settings.outline_weight
    terms = []
    if matched is not None:
        weight[matched.landmarks] = 0.0
        outline = fit_terms.project(matched.basis, identity, state, width, height)
        spread = np.hypot(settings.contour_spread * scale, landmarks.spread[matched.landmarks])
        terms.append(fit_terms.contour_term(
            outline, landmarks.points[matched.landmarks], matched.normals, spread, np.ones(len(spread)),
            settings.robust_scale,
        ))
    sharp = np.ones(LANDMARK_COUNT)
    sharp[fit_terms.LIPS] = settings.lip_sharpness
    sharp[fit_terms.LIDS] = settings.lid_sharpness
    spread = np.hypot(settings.landmark_spread * scale / sharp, landmarks.spread)
    terms.append(fit_terms.position_term(projection, landmarks.points, spread, weight, settings.robust_scale))
    pairs = fit_terms.APART_PAIRS
    pair_spread = np.hypot(settings.pair_spread * scale, 0.5 * landmarks.spread[pairs].mean(axis=1))
    terms.append(fit_terms.pair_term(projection, landmarks.points, pairs, pair_spread, 0.5, settings.robust_scale))
    depth = landmarks.depth / settings.depth_gain
    terms.append(fit_terms.depth_term(projection, depth, scale, settings.depth_spread, weight))
    return terms


def pixels_per_mm(basis: PointBasis, identity: np.ndarray, state: ViewState) -> float:
    """Focal length over the mean depth of the landmarks."""
    centre = state.rotation[2] @ basis.points(identity, state.expression).mean(0) + state.translation[2]
    return float(np.exp(state.log_focal) / centre)


def _camera_prior(settings: FitSettings, photo: Observation, state: ViewState) -> tuple[np.ndarray, np.ndarray, float]:
    """Gradient and curvature (7,) of the focal and distance priors, and their cost."""
    _, width, height, focal, _ = photo
    gradient, curvature = np.zeros(POSE_PARAMETERS), np.zeros(POSE_PARAMETERS)
    if focal is not None:
        off, spread = state.log_focal - np.log(focal), settings.exif_spread
        gradient[6], curvature[6] = off / spread**2, 1.0 / spread**2
        return gradient, curvature, 0.5 * (off / spread) ** 2
    expected, spread = settings.focal_35mm
    off = state.log_focal - np.log(expected / 36.0 * max(width, height))
    gradient[6], curvature[6] = off / spread**2, 1.0 / spread**2
    expected, far_spread = settings.distance
    depth = state.translation[2]
    far = np.log(depth / expected)
    gradient[5], curvature[5] = far / far_spread**2 / depth, 1.0 / (far_spread * depth) ** 2
    return gradient, curvature, 0.5 * (off / spread) ** 2 + 0.5 * (far / far_spread) ** 2


def system(problem: _Problem, identity: np.ndarray, states: list[ViewState]):
    """Normal equations (blocks per photo, shared matrix and gradient) and the cost, robust weights frozen."""
    shared = problem.shape_precision.copy()
    shared_gradient = -shared @ identity
    cost = -0.5 * float(identity @ shared_gradient)
    blocks = []
    for photo, state in zip(problem.photos, states):
        size = POSE_PARAMETERS + len(state.expression)
        total, gradient, misfit = fit_terms.normal_equations(view_terms(problem, identity, state, photo))
        camera_gradient, curvature, camera_cost = _camera_prior(problem.settings, photo, state)
        pose = np.arange(POSE_PARAMETERS)
        total[pose, pose] += curvature
        gradient[pose] -= camera_gradient
        weights = slice(POSE_PARAMETERS, size)
        total[weights, weights] += problem.prior.convex_hessian()
        gradient[weights] -= problem.prior.gradient(state.expression)
        cost += misfit + camera_cost + problem.prior.cost(state.expression)
        limit = np.array([0.5] * 3 + [400.0] * 3 + [0.3])
        blocks.append(Block(
            total[:size, :size], total[:size, size:], gradient[:size],
            np.concatenate([-limit, -state.expression]),
            np.concatenate([limit, problem.prior.upper - state.expression]),
        ))
        shared += total[size:, size:]
        shared_gradient += gradient[size:]
    return blocks, shared, shared_gradient, cost


def _minimise(problem: _Problem, identity: np.ndarray, states: list[ViewState]):
    """The fit with the robust scale drawn in by stages, so that a wide open mouth is not taken for an outlier."""
    for widening in ROBUST_STAGES:
        settings = replace(problem.settings, robust_scale=problem.settings.robust_scale * widening)
        identity, states = _levenberg_marquardt(replace(problem, settings=settings), identity, states)
    return identity, states


def _levenberg_marquardt(problem: _Problem, identity: np.ndarray, states: list[ViewState],
                         hold_identity: bool = False):
    """A step that makes the cost worse is taken back and tried with more damping."""
    settings = problem.settings
    limit = np.full(len(identity), settings.limit)
    lower, upper = (identity, identity) if hold_identity else (-limit, limit)
    damping = 1e-2
    current = system(problem, identity, states)
    for _ in range(settings.iterations):
        steps = _damped_step(current, damping, lower - identity, upper - identity)
        moved = [state.stepped(step) for state, step in zip(states, steps)]
        trial = system(problem, identity + steps[-1], moved)
        gain = current[3] - trial[3]
        # the outline is matched anew at every step, so the cost may rise a little without harm
        if gain < -1e-3 * current[3] - 1e-6:
            damping = min(damping * 8.0, 1e3)
            continue
        identity, states, current = identity + steps[-1], moved, trial
        damping = max(damping * 0.2, 1e-6)
        weight_steps = [step[POSE_PARAMETERS:] for step in steps[:-1]]
        largest = max(float(np.abs(part).max()) for part in [steps[-1], *weight_steps])
        if abs(gain) < 1e-3 * current[3] and largest < 0.02:
            break
    return identity, states


def refit_views(problem: _Problem, identity: np.ndarray, states: list[ViewState]) -> list[ViewState]:
    """Pose and expression of every photo, fitted again for an identity that stays as it is."""
    return _levenberg_marquardt(problem, identity, states, hold_identity=True)[1]


def _damped_step(current, damping: float, lower: np.ndarray, upper: np.ndarray) -> list[np.ndarray]:
    """Solution of the normal equations with Marquardt's damping; the bounds are those of the identity's step."""
    blocks, shared, gradient, _ = current
    damped = [
        Block(b.matrix + np.diag(damping * np.diag(b.matrix) + 1e-9), b.shared, b.gradient, b.lower, b.upper)
        for b in blocks
    ]
    return solve_bounded(damped, shared + np.diag(damping * np.diag(shared)), gradient, lower, upper)


def _view(problem: _Problem, identity: np.ndarray, state: ViewState, photo: Observation) -> View:
    landmarks, width, height, _, name = photo
    camera = state.camera(width, height)
    pixels = camera.project(state.pose().apply(problem.basis.points(identity, state.expression)))
    eyes = np.linalg.norm(np.subtract(*landmarks.points[list(EYE_CORNERS)]))
    error = float(np.linalg.norm(pixels - landmarks.points, axis=1).mean() / max(eyes, 1e-6))
    return View(name, camera, state.pose(), state.expression, landmarks, error)
