"""Pose and expression of a face whose shape is known, from the landmarks of one frame.

Levenberg-Marquardt on the residuals of the coarse fit (``fit.terms``) with identity and focal length held, so that what
changes from frame to frame can only be motion. The gaze rests on the irises: their place between the corners of the
eye is measured more sharply than the position of either.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from ..fit.coarse import FitSettings, Observation, initial_state
from ..fit.expression_prior import ExpressionPrior, expression_prior
from ..fit.levenberg_marquardt import Settings, levenberg_marquardt
from ..fit.normal_equations import NormalEquations, Term
from ..fit.state import EXPRESSION, POSE_PARAMETERS, HeadState, Limits, ViewState
from ..fit.terms import PointBasis, depth_term, pair_term, position_term, project
from ..head.fitted import Landmarks
from ..head.landmark_sets import APART_PAIRS, BROWS, LIDS, LIPS, OVAL, eye_distance
from ..head.model import LANDMARK_COUNT, HeadModel
from .eyes import HALF_SHUT, USUAL_OPENING, eye_bounds, openings

# iris centres and the corners of the same eye
GAZE_PAIRS = np.array([[468, 33], [468, 133], [473, 362], [473, 263]])
# eyelids, brows, lips, irises and the pairs count in full, of the smooth rest of the face every third landmark
_FEATURES = np.unique(
    np.concatenate(
        [
            LIPS,
            LIDS,
            APART_PAIRS.ravel(),
            GAZE_PAIRS.ravel(),
            np.ravel(BROWS),
            np.arange(468, 478),
        ]
    )
)
USED = np.sort(np.concatenate([_FEATURES, np.setdiff1d(np.arange(LANDMARK_COUNT), _FEATURES)[::3]]))
_APART, _GAZE = np.searchsorted(USED, APART_PAIRS), np.searchsorted(USED, GAZE_PAIRS)
_OUTLINE = np.isin(USED, OVAL)
_SHARP_LIPS, _SHARP_LIDS = np.isin(USED, LIPS), np.isin(USED, LIDS)
MAX_OFFSET = 6.0  # mm a landmark may be moved by calibration
LONGEST = np.array([0.5] * 3 + [400.0] * 3 + [0.0])  # a step of the pose: radians, mm; the focal length is held
DESCENT = Settings(
    iterations=0, damping=1e-3, least=1e-7, most=1e4, rise=0.0, slack=1e-6, gain=3e-4, change=1e-2,
    counted_from=POSE_PARAMETERS,
)


@dataclass(frozen=True)
class SolveSettings:
    """Weights of the fit of one frame; lengths in mm on the head.

    Attributes:
        landmark_spread: how far the net's points are from where the face has them.
        lip_sharpness, lid_sharpness: how much closer the points on lips and lids are.
        pair_spread: of the distance between lids and between lips.
        gaze_spread: of an iris between the corners of its eye.
        depth_gain: how much of a face's true depth the net's depth has.
        depth_spread: of the net's relative depth.
        outline_weight: of landmarks on the outline of the face, which slide over the skin as the head turns.
        robust_scale: standard deviations at which a landmark loses three quarters of its weight.
        expression_strength: multiplies the cost of the expression prior.
        guess_strength: multiplies the cost of leaving the weights that a regressor guessed.
        iterations: steps at most.
    """

    landmark_spread: float = 2.5
    lip_sharpness: float = 2.0
    lid_sharpness: float = 2.0
    pair_spread: float = 0.7
    gaze_spread: float = 0.5
    depth_gain: float = 0.92
    depth_spread: float = 20.0
    outline_weight: float = 0.1
    robust_scale: float = 4.0
    expression_strength: float = 0.2
    guess_strength: float = 4.0
    iterations: int = 10


@dataclass(frozen=True)
class FaceMotion:
    """A face of fixed shape: its landmarks as a function of the expression.

    Attributes:
        basis: neutral landmarks (478, 3) mm and their expression deltas (478, 3, E); no identity components.
        names: shapes, in the order of the deltas.
        prior: of the expression weights.
        settings: of the solver.
        opening: (2,) height over width of the open right and left eye.
    """

    basis: PointBasis
    names: tuple[str, ...]
    prior: ExpressionPrior
    settings: SolveSettings
    opening: np.ndarray = field(default_factory=lambda: np.full(2, USUAL_OPENING))

    @cached_property
    def used(self) -> PointBasis:
        """The landmarks that the solver looks at, in the order of ``USED``."""
        return self.basis.rows(USED)


@dataclass(frozen=True)
class Guess:
    """Expression weights that a regressor read from the landmarks: ``weights`` (E,) with deviations ``sigma`` (E,)."""

    weights: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class FrameFit:
    """One solved frame.

    Attributes:
        state: pose, focal length and expression.
        cost: in nats, with all priors.
        error: mean distance of the landmarks, in distances of the outer eye corners.
    """

    state: ViewState
    cost: float
    error: float


def face_motion(
    model: HeadModel, neutral: np.ndarray, deltas: np.ndarray, settings: SolveSettings | None = None
) -> FaceMotion:
    """The moving landmarks of a head.

    Args:
        model: knows where the landmarks lie.
        neutral: (V, 3) mm; deltas: (E, V, 3) mm at weight 1, in the order of the model's expression names.
    """
    settings = settings or SolveSettings()
    basis = PointBasis(
        model.landmarks(np.asarray(neutral, float)),
        np.zeros((len(model.landmark_vertices), 3, 0)),
        np.moveaxis(model.landmarks(deltas), 0, -1).astype(float),
    )
    prior = expression_prior(model.expression_names, settings.expression_strength)
    return FaceMotion(basis, model.expression_names, prior, settings)


def solve_frame(
    face: FaceMotion,
    landmarks: Landmarks,
    width: int,
    height: int,
    focal: float,
    start: ViewState | None = None,
    guess: Guess | None = None,
    neutral: bool = False,
) -> FrameFit:
    """Pose and expression of one frame.

    Args:
        width, height: of the frame, pixels.
        focal: pixels, held.
        start: state of the frame before; None starts from the landmarks alone.
        guess: of a regressor, pulls the weights towards it.
        neutral: hold the expression at zero.
    """
    frame = Frame(face, landmarks, width, height, guess)
    state = replace(start or frame.first_state(focal), log_focal=float(np.log(focal)))
    lower, upper = eye_bounds(face.names, state.expression, face.prior.upper, frame.opening)
    if neutral:
        lower, upper = np.zeros_like(lower), np.zeros_like(upper)
    state = state.with_expression(np.clip(state.expression, lower, upper))
    found = levenberg_marquardt(
        frame.equations,
        HeadState(np.zeros(0), (state,)),
        Limits(LONGEST, lower, upper).of_step,
        replace(DESCENT, iterations=face.settings.iterations),
    )
    (state,) = found.state.views
    return FrameFit(state, found.equations.cost, _error(face, landmarks, width, height, state))


@dataclass(frozen=True)
class Frame:
    """What one frame says about the motion of a face.

    Attributes:
        face: of known shape.
        landmarks: seen in the frame.
        width, height: of the frame, pixels.
        guess: of a regressor, or None.
    """

    face: FaceMotion
    landmarks: Landmarks
    width: int
    height: int
    guess: Guess | None

    @cached_property
    def opening(self) -> np.ndarray:
        """(2,) how far the right and the left eye are open, 1 as usual."""
        return openings(self.landmarks.points) / self.face.opening

    def first_state(self, focal: float) -> ViewState:
        """Where to begin if the frame before is not known; ``focal`` in pixels."""
        face, guess = self.face, self.guess
        photo = Observation(self.landmarks, self.width, self.height, focal, "")
        state = initial_state(face.basis.mean, photo, FitSettings(), len(face.names))
        return state if guess is None else state.with_expression(np.clip(guess.weights, 0.0, face.prior.upper))

    def equations(self, state: HeadState) -> NormalEquations:
        """Normal equations of the frame's one view, and the cost in nats; robust weights are frozen."""
        (view,) = state.views
        weights, prior, guess = view.expression, self.face.prior, self.guess
        found = NormalEquations.empty(1, POSE_PARAMETERS + len(weights), 0)
        found.add_view_prior(0, EXPRESSION, prior.convex_hessian(), prior.gradient(weights), prior.cost(weights))
        found.add(self.terms(view), (0,))
        if guess is not None:
            precision, off = self.face.settings.guess_strength / guess.sigma**2, weights - guess.weights
            cost = 0.5 * float(precision @ off**2)
            found.add_view_prior(0, EXPRESSION, np.diag(precision), precision * off, cost)
        return found

    def terms(self, view: ViewState) -> list[Term]:
        """Weighted residuals of the landmarks' places, of distances between them, and of their depth."""
        settings = self.face.settings
        points, deviation = self.landmarks.points[USED], self.landmarks.spread[USED]
        projection = project(self.face.used, np.zeros(0), view, self.width, self.height)
        scale = float(np.exp(view.log_focal) / projection.camera_points[:, 2].mean())
        weight = np.where(_OUTLINE, settings.outline_weight, 1.0)
        sharp = np.where(_SHARP_LIPS, settings.lip_sharpness, np.where(_SHARP_LIDS, settings.lid_sharpness, 1.0))
        spread = np.hypot(settings.landmark_spread * scale / sharp, deviation)
        terms = [position_term(projection, points, spread, weight, settings.robust_scale)]
        # an iris behind a shut lid is the net's invention
        gaze_weight = 0.5 * np.repeat(self.opening > HALF_SHUT, 2)
        for pairs, width_mm, share in ((_APART, settings.pair_spread, 0.5), (_GAZE, settings.gaze_spread, gaze_weight)):
            spread = np.hypot(width_mm * scale, 0.5 * deviation[pairs].mean(axis=1))
            terms.append(pair_term(projection, points, pairs, spread, share, settings.robust_scale))
        depth = self.landmarks.depth[USED] / settings.depth_gain
        terms.append(depth_term(projection, depth, scale, settings.depth_spread, weight))
        return terms


def _pixels(face: FaceMotion, width: int, height: int, state: ViewState) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks in the image (478, 2) pixels and before the camera (478, 3) mm."""
    points = state.pose().apply(face.basis.points(np.zeros(0), state.expression))
    return state.camera(width, height).project(points), points


def _error(face: FaceMotion, landmarks: Landmarks, width: int, height: int, state: ViewState) -> float:
    eyes = eye_distance(landmarks.points)
    pixels, _ = _pixels(face, width, height, state)
    return float(np.linalg.norm(pixels - landmarks.points, axis=1).mean() / max(eyes, 1e-6))


def calibrated(face: FaceMotion, landmarks: Landmarks, width: int, height: int, state: ViewState) -> FaceMotion:
    """The face with its landmarks moved to where one frame has them, across the line of sight, at most ``MAX_OFFSET``.

    What the landmark net and the shape disagree about in that frame is then no longer taken for expression.
    """
    pixels, points = _pixels(face, width, height, state)
    offset = np.zeros_like(points)
    offset[:, :2] = (landmarks.points - pixels) * points[:, 2:] / np.exp(state.log_focal)
    length = np.linalg.norm(offset, axis=1, keepdims=True)
    offset *= np.minimum(1.0, MAX_OFFSET / np.maximum(length, 1e-9))
    offset[OVAL] = 0.0
    return replace(face, basis=replace(face.basis, mean=face.basis.mean + offset @ state.rotation))


def clip_focal(face: FaceMotion, frames: list[Landmarks], width: int, height: int) -> float:
    """Focal length in pixels at which a few frames fit best, under the prior of the coarse fit."""
    expected, spread = FitSettings().focal_35mm
    middle = np.log(expected / 36.0 * max(width, height))

    def cost(log_focal: float) -> float:
        # each time from the landmarks alone: the distance found at another focal length is a bad start
        fits = [solve_frame(face, landmarks, width, height, float(np.exp(log_focal))) for landmarks in frames]
        return 0.5 * ((log_focal - middle) / spread) ** 2 + sum(fit.cost for fit in fits)

    found = minimize_scalar(
        cost, bounds=(middle - 2.5 * spread, middle + 2.5 * spread), method="bounded", options={"xatol": 0.05}
    )
    return float(np.exp(found.x))
