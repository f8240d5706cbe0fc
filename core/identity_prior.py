"""What is likely of a head before any photo is seen, beyond the population's covariance: precisions of identity
coefficients."""

from __future__ import annotations

import numpy as np

from .fit_terms import LIP_PAIRS, PointBasis
from .head_model import HeadModel


def sealed_lips(basis: PointBasis, spread: float) -> np.ndarray:
    """(K, K) precision of the identity prior that keeps the lips of the neutral head as far apart as on the mean head.

    ``basis`` holds the 478 landmarks, ``spread`` is in mm. Without it an open mouth becomes part of the face.
    """
    upper, lower = LIP_PAIRS.T
    apart = (basis.identity[upper] - basis.identity[lower]).reshape(-1, basis.identity.shape[2]) / spread
    return apart.T @ apart


def known_size(basis: PointBasis, spread: float) -> np.ndarray:
    """(K, K) precision of the identity prior that keeps the size of the head near the mean head's.

    No photo shows how large a head is, so whatever the residuals say about it is noise. The size is that of the best
    similarity of the points ``basis`` to the mean ones, linearised; ``spread`` is of its logarithm.
    """
    centred = basis.mean - basis.mean.mean(axis=0)
    growth = np.einsum("nd,ndk->k", centred, basis.identity) / (centred**2).sum() / spread
    return np.outer(growth, growth)


def plain_skull(model: HeadModel, components: int, spread: float) -> np.ndarray:
    """(K, K) precision of the identity prior that keeps the skull near the mean head's, ``spread`` mm off on average.

    Hair hides it and no landmark lies on it: what forehead and temples seem to say must not flatten or swell it. A
    skull of any number of vertices counts as 40 points.
    """
    topology = model.topology
    if "scalp" not in topology.region_names:
        return np.zeros((components, components))
    skull = model.identity_basis[:components, topology.region("scalp") > 0.5].astype(float)
    flat = skull.reshape(components, -1) * np.sqrt(40.0 / max(skull.shape[1], 1)) / spread
    return flat @ flat.T
