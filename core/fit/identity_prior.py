"""What is likely of a head before any photo is seen, beyond the population's covariance: precisions of identity
coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..head.landmark_sets import LIP_PAIRS
from ..head.model import HeadModel
from ..nets.identity_regressor import IdentityReading
from .terms import PointBasis


class ShapePrior(NamedTuple):
    """A Gaussian of identity coefficients in information form: ``precision`` (K, K) and ``information`` (K,), which is
    precision times mean. Its negative logarithm is alpha P alpha / 2 - h alpha, but for a constant."""

    precision: np.ndarray
    information: np.ndarray

    def mean(self) -> np.ndarray:
        """(K,) the likeliest coefficients."""
        return np.linalg.solve(self.precision, self.information)


def shape_prior(
    constraints: np.ndarray, readings: tuple[IdentityReading | None, ...], shares: tuple[float, ...], trust: float,
    kinship: float,
) -> ShapePrior:
    """The population's N(0, I) with what the photos read, and with constraints (K, K).

    A reading of mean m and covariance S, got with the population as its own prior, adds S^-1 - I of precision and
    S^-1 m of information. Errors of readings of one person are alike: n of them, of correlation ``kinship``, count as
    n / (1 + (n - 1) kinship) independent ones. Constraints hold the fit near what was read: they are about what
    landmarks seem to say of a size, a skull or lips at rest, which the reading knew and weighed. About the mean head
    they would draw everybody towards it (benchmarks/likeness.py: error .74 of the mean head's, .67 so).

    Args:
        shares: how much each photo counts.
        trust: multiplies what readings add.
    """
    precision, information = np.eye(len(constraints)), np.zeros(len(constraints))
    read = [(reading, share) for reading, share in zip(readings, shares) if reading is not None]
    total = sum(share for _, share in read)
    fewer = trust / (1.0 + max(total - 1.0, 0.0) * kinship)
    for (mean, covariance, _), share in read:
        count = min(len(mean), len(precision))
        inverse = np.linalg.inv(covariance[:count, :count])
        precision[:count, :count] += fewer * share * (inverse - np.eye(count))
        information[:count] += fewer * share * inverse @ mean[:count]
    read_alone = ShapePrior(precision, information).mean()
    return ShapePrior(precision + constraints, information + constraints @ read_alone)


def sealed_lips(basis: PointBasis, spread: float) -> np.ndarray:
    """(K, K) precision of the identity prior that keeps the lips of the neutral head as far apart as was read.

    ``basis`` holds the 478 landmarks, ``spread`` is in mm. Without it an open mouth becomes part of the face.
    """
    upper, lower = LIP_PAIRS.T
    apart = (basis.identity[upper] - basis.identity[lower]).reshape(-1, basis.identity.shape[2]) / spread
    return apart.T @ apart


def known_size(basis: PointBasis, spread: float) -> np.ndarray:
    """(K, K) precision of the identity prior that keeps the size of the head near the one that was read.

    No photo shows how large a head is, so whatever the residuals say about it is noise. The size is that of the best
    similarity of the points ``basis`` to the mean ones, linearised; ``spread`` is of its logarithm.
    """
    centred = basis.mean - basis.mean.mean(axis=0)
    growth = np.einsum("nd,ndk->k", centred, basis.identity) / (centred**2).sum() / spread
    return np.outer(growth, growth)


def plain_skull(model: HeadModel, components: int, spread: float) -> np.ndarray:
    """(K, K) precision of the identity prior that keeps the skull near the one read, ``spread`` mm off on average.

    Hair hides it and no landmark lies on it: what forehead and temples seem to say must not flatten or swell it. A
    skull of any number of vertices counts as 40 points.
    """
    topology = model.topology
    if "scalp" not in topology.region_names:
        return np.zeros((components, components))
    skull = model.identity_basis[:components, topology.region("scalp") > 0.5].astype(float)
    flat = skull.reshape(components, -1) * np.sqrt(40.0 / max(skull.shape[1], 1)) / spread
    return flat @ flat.T
