"""Coarse fit: head shape, expression, pose and camera from the landmarks of one or several photos.

Levenberg-Marquardt (``fit.solver``) with analytic Jacobians on robust residuals (``fit.problem``), and bounds:
expression weights in [0, 1], identity within 3.5 standard deviations. All photos share one identity; everything else
is per photo, so the order of the photos does not matter. Photos that contradict the others count less
(``fit.agreement``). Expressions stay near what ``expression_regressor`` reads in each photo from the start, so that a
smile does not become a wide mouth; at last pose and expression are fitted once more to the identity found.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import NoFaceError, PhotoError
from ..head.fitted import CoarseFit, View
from ..head.model import LANDMARK_COUNT, HeadModel
from ..head.smooth_modes import displaced
from .agreement import agreement_warnings, read_company, weigh_photos
from .checks import final_checks, view_warnings
from .evidence import Evidence
from .person_border import outline
from .problem import FitProblem, FitSettings, Observation, fit_problem, landmark_error, with_reading
from .solver import minimise, refit_views
from .state import HeadState, ViewState


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
    problem = with_reading(fit_problem(model, [Observation(*photo) for photo in photos], components, settings))
    expressions = len(model.expression_names)
    views = tuple(initial_state(problem.basis.mean, photo, settings, expressions) for photo in photos)
    state = HeadState(problem.shape_prior.mean(), views)
    company = read_company(problem.photos)
    if len(photos) > 1:
        problem, state = weigh_photos(problem, state, company)
    state, warnings = plausible(model, problem, minimise(problem, state))
    fitted = result(model, problem, state, ())
    warnings += [line for view in fitted.views for line in view_warnings(view)]
    warnings += agreement_warnings([view.photo for view in fitted.views], problem.shares, company)
    return replace(fitted, warnings=tuple(warnings))


def problem_of(model: HeadModel, fit: CoarseFit, evidence: Evidence, reading: bool = True) -> FitProblem:
    """The problem that ``fit`` solved, for a refinement that starts there; focal lengths are held where they are.

    Args:
        evidence: its settings, and where the person ends; pictures and masks are not looked at.
        reading: where the expression is held as well, it need not be read once more.
    """
    photos = [
        Observation(view.landmarks, view.camera.width, view.camera.height, view.camera.fx, view.photo)
        for view in fit.views
    ]
    head = displaced(model, fit.residual)
    problem = fit_problem(head, photos, len(fit.identity), evidence.settings, fit.photo_shares)
    outlines = tuple(
        outline(head, fit, view, border, len(fit.identity)) for view, border in zip(fit.views, evidence.borders)
    )
    problem = replace(problem, residual=fit.residual, outlines=outlines)
    return with_reading(problem) if reading else problem


def state_of(view: View) -> ViewState:
    """Parameters of a fitted view."""
    return ViewState(
        view.pose.rotation, view.pose.translation, float(np.log(view.camera.fx)), np.asarray(view.expression, float)
    )


def head_state(fit: CoarseFit) -> HeadState:
    """Parameters of a fit."""
    return HeadState(np.asarray(fit.identity, float), tuple(state_of(view) for view in fit.views))


def plausible(model: HeadModel, problem: FitProblem, state: HeadState) -> tuple[HeadState, list[str]]:
    """The state with a head that could be one and views fitted to it, and warnings (``final_checks``)."""
    identity, warnings = final_checks(model, state.identity)
    return refit_views(problem, state.with_identity(identity)), warnings


def result(model: HeadModel, problem: FitProblem, state: HeadState, warnings: tuple[str, ...]) -> CoarseFit:
    """CoarseFit of parameters found by a refinement."""
    identity = state.identity
    views = tuple(_view(problem, identity, view, photo) for photo, view in zip(problem.photos, state.views))
    head = displaced(model, problem.residual)
    neutral, joints = head.neutral(identity), head.joints_of(identity)
    return CoarseFit(identity, neutral, joints, views, tuple(warnings), problem.shares, problem.residual)


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


def _view(problem: FitProblem, identity: np.ndarray, state: ViewState, photo: Observation) -> View:
    error = landmark_error(problem.basis, identity, state, photo)
    camera = state.camera(photo.width, photo.height)
    return View(photo.photo, camera, state.pose(), state.expression, photo.landmarks, error)
