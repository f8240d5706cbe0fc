"""The least-squares problem of the coarse fit: what is measured in each photo, and what is likely beforehand.

What it costs at a state, and how that changes, is said by ``fit.coarse_equations``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..head.fitted import Landmarks
from ..head.landmark_sets import eye_distance
from ..head.model import HeadModel
from ..nets import expression_regressor, identity_regressor
from ..nets.identity_regressor import IdentityReading
from . import identity_prior
from .expression_prior import ExpressionPrior, expression_prior, guided_prior, trust_by_shape
from .identity_prior import ShapePrior
from .outline import ContourBand, contour_band
from .person_border import Outline
from .state import ViewState
from .terms import PointBasis, landmark_basis


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
        turned_doubt: share of it that a view from ``fit.coarse_equations.TURNED`` or beyond adds; the net draws the
            profile it expects.
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
        border_spread: mm, how far the border of the person in the photo is from the head's outline.
        border_points: independent points that a whole outline counts as; 40 is a little better on own people, 20 on
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
    border_spread: float = 3.0
    border_points: float = 20.0
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
    band: ContourBand
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
    basis = landmark_basis(model, components)
    return FitProblem(
        settings, basis, contour_band(model, components), constraints(model, basis, settings),
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


def landmark_error(basis: PointBasis, identity: np.ndarray, state: ViewState, photo: Observation) -> float:
    """Mean reprojection error of the 478 landmarks over the distance of the outer eye corners."""
    points = state.pose().apply(basis.points(identity, state.expression))
    pixels = state.camera(photo.width, photo.height).project(points)
    found = photo.landmarks.points
    return float(np.linalg.norm(pixels - found, axis=1).mean() / max(eye_distance(found), 1e-6))
