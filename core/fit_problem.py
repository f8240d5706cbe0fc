"""The least-squares problem of the coarse fit: what is measured in each photo, and what is likely beforehand.

Residuals of landmarks and outline (``fit_terms``), a Gaussian identity prior, the expression prior
(``expression_prior``) and a log-normal prior of focal length and distance, as normal equations in blocks: one a photo,
one shared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from . import contour, expression_regressor, fit_terms, identity_prior, identity_regressor
from .bounded_solve import Block
from .character import Landmarks
from .expression_prior import ExpressionPrior, expression_prior, guided_prior, trust_by_shape
from .fit_terms import POSE_PARAMETERS, PointBasis, Term, ViewState
from .head_model import LANDMARK_COUNT, HeadModel
from .identity_prior import ShapePrior
from .identity_regressor import IdentityReading
from .landmark_contours import eye_distance
from .silhouette import Outline

TURNED = 0.5  # sine of the angle between face and camera axis in a three-quarter view
# a step of the pose that a refinement may take: radians, mm, log focal length
LITTLE = np.array([0.1] * 3 + [50.0] * 3 + [0.1])


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
        turned_doubt: share of it that a view from ``TURNED`` or beyond adds; the net draws the profile it expects.
        lip_sharpness, lid_sharpness: how much closer the points on lips and lids are to where the model has them.
        pair_spread: mm, the same for the distance between lids and between lips.
        lip_opening: weight of the distance between the lips.
        lip_robust_scale: standard deviations at which that loses three quarters of its weight.
        lip_seal: mm, by how much lips may be farther apart or closer on a neutral head than was read.
        identity_trust: how much the shape counts that ``identity_regressor`` reads in one photo; 0 leaves it out.
        identity_kinship: correlation of the errors of readings of several photos of one person.
        size_spread: of the logarithm of the head's size beside what was read; no landmark shows it.
        skull_spread: mm, from the skull that was read, which lies under hair or outside the photo.
        contour_spread: mm, across the outline that the landmark net draws.
        silhouette_spread: mm, how far the border of the person in the photo is from the head's outline.
        silhouette_points: independent points that a whole outline counts as; 40 is a little better on own people, 20 on
            another maker's heads.
        outline_weight: of oval landmarks that found no outline.
        robust_scale: standard deviations at which a landmark loses three quarters of its weight.
        expression_strength: multiplies the cost of the expression prior.
        reading_trust: how much the expression counts that ``expression_regressor`` reads; 0 leaves it out.
        reading_sparsity: share of the prior's linear cost that stays beside it.
        focal_35mm: mm-equivalent (of the longer side) expected without EXIF, and its log spread.
        distance: mm from the camera expected without EXIF, and its log spread.
        exif_spread: log spread of a focal length from EXIF.
        limit: standard deviations an identity coefficient may reach.
        iterations: steps at most, per robust scale.
    """

    components: int = 150
    landmark_spread: float = 7.5
    pair_spread: float = 0.75
    turned_doubt: float = 1.0
    lip_sharpness: float = 2.0
    lid_sharpness: float = 2.0
    lip_opening: float = 1.0
    lip_robust_scale: float = 12.0
    lip_seal: float = 0.43
    identity_trust: float = 1.0
    identity_kinship: float = 0.5
    size_spread: float = 0.02
    skull_spread: float = 15.0
    contour_spread: float = 6.0
    silhouette_spread: float = 3.0
    silhouette_points: float = 20.0
    outline_weight: float = 0.15
    robust_scale: float = 3.0
    expression_strength: float = 0.3
    reading_trust: float = 40.0
    reading_sparsity: float = 0.05
    focal_35mm: tuple[float, float] = (55.0, 0.35)
    distance: tuple[float, float] = (960.0, 0.3)
    exif_spread: float = 0.03
    limit: float = 3.5
    iterations: int = 10


@dataclass(frozen=True)
class FitProblem:
    """What stays constant during the fit.

    Attributes:
        settings: weights.
        basis: the 478 landmarks.
        band: where outlines can be.
        constraints: (K, K) precision of what holds for every head, whatever the photos say.
        readings: of each photo's identity, or None of a photo that was not read.
        priors: of each photo's expression.
        photos: what each photo shows.
        shares: how much each photo counts, 1 in full.
        outlines: per photo the head's outline beside the person's border, or None; empty where nobody looked.
        residual: (V, 3) mm that ``basis`` and ``band`` have beyond the model's heads (``smooth_residual``), or None.
    """

    settings: FitSettings
    basis: PointBasis
    band: contour.ContourBand
    constraints: np.ndarray
    readings: tuple[IdentityReading | None, ...]
    priors: tuple[ExpressionPrior, ...]
    photos: tuple[Observation, ...]
    shares: tuple[float, ...]
    outlines: tuple[Outline | None, ...] = ()
    residual: np.ndarray | None = None

    def of_one_head(self, identity: np.ndarray) -> FitProblem:
        """The problem with the identity (K,) given: views alone are sought."""
        band = replace(self.band, basis=self.band.basis.of_one_head(identity))
        nothing = self.constraints[:0, :0]
        outlines = tuple(outline and outline.of_one_head(identity) for outline in self.outlines)
        return replace(self, basis=self.basis.of_one_head(identity), band=band, constraints=nothing, readings=(),
                       outlines=outlines)

    def of_one_photo(self, index: int) -> FitProblem:
        """The problem of one of the photos alone, which counts in full."""
        alone = slice(index, index + 1)
        return replace(self, photos=self.photos[alone], shares=(1.0,), priors=self.priors[alone],
                       readings=self.readings[alone], outlines=self.outlines[alone])

    @cached_property
    def shape_prior(self) -> ShapePrior:
        """What is believed about the head before its landmarks are fitted."""
        trust, kinship = self.settings.identity_trust, self.settings.identity_kinship
        return identity_prior.shape_prior(self.constraints, self.readings, self.shares, trust, kinship)


def fit_problem(model: HeadModel, photos: list[Observation], components: int, settings: FitSettings,
                shares: tuple[float, ...] = ()) -> FitProblem:
    """The problem of some photos; ``shares`` says how much each counts, all in full by default."""
    basis = fit_terms.landmark_basis(model, components)
    return FitProblem(
        settings, basis, contour.contour_band(model, components), constraints(model, basis, settings),
        tuple(read_identity(photo) for photo in photos) if settings.identity_trust > 0 else (None,) * len(photos),
        (expression_prior(model.expression_names, settings.expression_strength),) * len(photos), tuple(photos),
        tuple(shares) or (1.0,) * len(photos),
    )


def with_reading(problem: FitProblem) -> FitProblem:
    """The problem with expression priors that know how each photo's landmarks read.

    Without it a neutral head keeps what its photo does (``benchmarks/neutral.py``): mouths were 2.7 mm wider after a
    smile than after a resting face, with it 1.1.
    """
    settings = problem.settings
    if settings.reading_trust <= 0:
        return problem
    trust = trust_by_shape(expression_regressor.load().names, settings.reading_trust)
    priors = []
    for photo, prior in zip(problem.photos, problem.priors):
        points = np.column_stack([photo.landmarks.points, photo.landmarks.depth])
        texture = photo.landmarks.texture
        weights, sigma = expression_regressor.predict(points, photo.width, photo.height, texture)
        priors.append(guided_prior(prior, weights, sigma, trust, settings.reading_sparsity))
    return replace(problem, priors=tuple(priors))


def read_identity(photo: Observation) -> IdentityReading | None:
    """What ``identity_regressor`` reads in a photo; None where nobody looked at its texture."""
    landmarks = photo.landmarks
    if landmarks.texture is None:
        return None
    points = np.column_stack([landmarks.points, landmarks.depth])
    return identity_regressor.load().read(points, landmarks.texture)


def constraints(model: HeadModel, basis: PointBasis, settings: FitSettings) -> np.ndarray:
    """(K, K) precision of sealed lips, and of a size and a skull that stay."""
    size = identity_prior.known_size(basis, settings.size_spread)
    return (
        size + identity_prior.sealed_lips(basis, settings.lip_seal)
        + identity_prior.plain_skull(model, len(size), settings.skull_spread)
    )


def view_terms(problem: FitProblem, identity: np.ndarray, state: ViewState, index: int) -> list[Term]:
    """The weighted residuals of photo ``index`` at the current parameters."""
    settings = problem.settings
    landmarks, width, height, _, _ = problem.photos[index]
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
    doubt = 1.0 + settings.turned_doubt * min((state.rotation[0, 2] / TURNED) ** 2, 1.0)
    spread = np.hypot(doubt * settings.landmark_spread * scale / sharp, landmarks.spread)
    terms.append(fit_terms.position_term(projection, landmarks.points, spread, weight, settings.robust_scale))
    pairs = fit_terms.APART_PAIRS
    pair_spread = np.hypot(settings.pair_spread * scale, 0.5 * landmarks.spread[pairs].mean(axis=1))
    # a mouth that is wide open is no outlier, and what opens it is seldom read
    weight_of_pair = np.where(fit_terms.OF_LIPS, settings.lip_opening, 0.5)
    robust = np.where(fit_terms.OF_LIPS, settings.lip_robust_scale, settings.robust_scale)
    terms.append(fit_terms.pair_term(projection, landmarks.points, pairs, pair_spread, weight_of_pair, robust))
    outline = problem.outlines[index] if problem.outlines else None
    if outline is not None:
        spread = settings.silhouette_spread * scale
        terms.append(outline.term(identity, state, width, height, spread, settings.silhouette_points,
                                  settings.robust_scale))
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


def system(problem: FitProblem, identity: np.ndarray, states: list[ViewState]):
    """Normal equations (blocks per photo, shared matrix and gradient) and the cost, robust weights frozen."""
    prior = problem.shape_prior
    shared = prior.precision.copy()
    shared_gradient = prior.information - shared @ identity
    cost = -0.5 * float(identity @ (shared_gradient + prior.information))
    blocks = []
    for i, (photo, state, share, likely) in enumerate(zip(problem.photos, states, problem.shares, problem.priors)):
        size = POSE_PARAMETERS + len(state.expression)
        parts = fit_terms.normal_equations(view_terms(problem, identity, state, i))
        total, gradient, misfit = (share * part for part in parts)
        camera_gradient, curvature, camera_cost = _camera_prior(problem.settings, photo, state)
        pose = np.arange(POSE_PARAMETERS)
        total[pose, pose] += curvature
        gradient[pose] -= camera_gradient
        weights = slice(POSE_PARAMETERS, size)
        total[weights, weights] += likely.convex_hessian()
        gradient[weights] -= likely.gradient(state.expression)
        cost += misfit + camera_cost + likely.cost(state.expression)
        limit = np.array([0.5] * 3 + [400.0] * 3 + [0.3])
        blocks.append(Block(
            total[:size, :size], total[:size, size:], gradient[:size],
            np.concatenate([-limit, -state.expression]),
            np.concatenate([limit, likely.upper - state.expression]),
        ))
        shared += total[size:, size:]
        shared_gradient += gradient[size:]
    return blocks, shared, shared_gradient, cost


def expression_held(block: Block) -> Block:
    """The block with the expression held and the pose free to move a little, its matrix made safely invertible."""
    size = len(block.gradient)
    bound = np.concatenate([LITTLE, np.zeros(size - POSE_PARAMETERS)])
    matrix = block.matrix + 1e-6 * np.diag(np.diag(block.matrix)) + 1e-9 * np.eye(size)
    return replace(block, matrix=matrix, lower=-bound, upper=bound)


def landmark_error(basis: PointBasis, identity: np.ndarray, state: ViewState, photo: Observation) -> float:
    """Mean reprojection error of the 478 landmarks over the distance of the outer eye corners."""
    points = state.pose().apply(basis.points(identity, state.expression))
    pixels = state.camera(photo.width, photo.height).project(points)
    found = photo.landmarks.points
    return float(np.linalg.norm(pixels - found, axis=1).mean() / max(eye_distance(found), 1e-6))
