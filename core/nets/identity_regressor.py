"""What a portrait says about the shape of a head before anything is fitted, learned on rendered people.

How high a bridge is, how far lips and chin come forward, how full a face is: outlines in a frontal photo hardly tell,
but shading, highlights and the shapes of nostrils and lids do, and the landmark net has seen them. Its points and inner
maps (``nets.features``) explain the identity coefficients linearly (``models/IDENTITY.md`` says how it was trained and
how much of each coefficient it explains):

    alpha = offset + z(features) P M + e,    e ~ N(0, S) on people not seen in training.

To the fit that is a Gaussian prior of its own for each photo, in place of the population's N(0, I). A face whose
features are unlike those of the training counts less: the reading is drawn back towards the population's prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from ..assets import MODELS
from ..errors import PhotoError
from ..head.model import LANDMARK_COUNT
from .expression_regressor import FEATURES as MARKS
from .expression_regressor import feature_vectors
from .features import LENGTH, LOCAL
from .trained_file import checked, read_network

FILE = "identity.npz"
BLOCKS = (MARKS, LOCAL, LENGTH - LOCAL)  # features of landmarks, of the skin around them, and of the whole crop
FEATURES = sum(BLOCKS)
LIMIT = 4.0  # standard deviations beyond which a feature says no more
FAMILIAR = 1.5  # mean square of the standardised features up to which a picture is like those of the training
MOST_UNITS = 1024


class IdentityReading(NamedTuple):
    """A Gaussian belief about identity coefficients: ``mean`` (K,) and ``covariance`` (K, K), and how far the picture
    is trusted, 0 to 1."""

    mean: np.ndarray
    covariance: np.ndarray
    trust: float


@dataclass(frozen=True)
class IdentityRegressor:
    """The trained regressor.

    Attributes:
        template: (478, 3) mm, average landmarks, as in ``expression_regressor``.
        alignment: (478,) how much each landmark counts in the alignment.
        mean, scale: (FEATURES,) of the features in training.
        projection: (FEATURES, r) of the standardised features.
        matrix: (r, K).
        offset: (K,).
        covariance: (K, K) of the errors on people not seen in training.
        explained: (K,) share of each coefficient's variance that is explained on them.
        sizes: (K,) mm, root mean square of the components that the coefficients belong to: those of the head model
            that the samples were rendered with.
    """

    template: np.ndarray
    alignment: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    projection: np.ndarray
    matrix: np.ndarray
    offset: np.ndarray
    covariance: np.ndarray
    explained: np.ndarray
    sizes: np.ndarray

    def read(self, landmarks: np.ndarray, texture: np.ndarray) -> IdentityReading:
        """What one photo says.

        Args:
            landmarks: (478, 3) x and y in pixels of the upright photo, and the net's depth in the same unit.
            texture: (``nets.features.LENGTH``,) around them.

        Raises:
            PhotoError: landmarks or texture of another shape or not finite.
        """
        features = standard_features(*one_photo(landmarks, texture), self)[0]
        # each block's features have a mean square of 1 / len(BLOCKS) on faces like those of the training
        trust = float(min(1.0, FAMILIAR / max(float(features @ features), 1e-6)))
        mean = features @ self.projection @ self.matrix + self.offset
        covariance = trust * self.covariance + (1.0 - trust) * np.eye(len(mean))
        return IdentityReading(trust * mean.astype(float), covariance.astype(float), trust)


class FeatureScale(Protocol):
    """What aligns and standardises features: the attributes of that name of ``IdentityRegressor``."""

    @property
    def template(self) -> np.ndarray: ...
    @property
    def alignment(self) -> np.ndarray: ...
    @property
    def mean(self) -> np.ndarray: ...
    @property
    def scale(self) -> np.ndarray: ...


def one_photo(landmarks: np.ndarray, texture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(1, 478, 3) and (1, LENGTH) of one photo's landmarks (478, 3) and texture (LENGTH,).

    Raises:
        PhotoError: landmarks or texture of another shape or not finite.
    """
    for values, shape, name in ((landmarks, (LANDMARK_COUNT, 3), "landmarks"), (texture, (LENGTH,), "texture")):
        if np.shape(values) != shape or not np.isfinite(values).all():
            raise PhotoError(f"The {name} of the face must be finite and of shape {shape}: use another photo.")
    return np.asarray(landmarks, float)[None], np.asarray(texture)[None]


def standard_features(landmarks: np.ndarray, textures: np.ndarray, like: FeatureScale) -> np.ndarray:
    """(n, FEATURES) standardised features of landmarks (n, 478, 3) and the textures (n, LENGTH) around them."""
    marks = feature_vectors(landmarks, like.template, like.alignment).astype(np.float32)
    return standardised(np.concatenate([marks, textures.astype(np.float32)], axis=1), like.mean, like.scale)


def standardised(values: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(n, FEATURES) float32 within ``LIMIT``, each block of a mean square sum of a third."""
    out = np.clip((np.asarray(values, np.float32) - mean) / scale, -LIMIT, LIMIT)
    return out / np.sqrt(len(BLOCKS) * np.repeat(np.array(BLOCKS, np.float32), BLOCKS))


def load(folder: Path | None = None) -> IdentityRegressor:
    """The regressor in ``folder`` (default: the package's own).

    Raises:
        AssetsError: the file is missing or damaged.
    """
    return _load((Path(folder) if folder else MODELS) / FILE)


@lru_cache(maxsize=4)
def _load(path: Path) -> IdentityRegressor:
    return read_network(path, "identity network", from_arrays)


def from_arrays(arrays: dict[str, np.ndarray]) -> IdentityRegressor:
    """The regressor of stored arrays, their shapes checked.

    Raises:
        KeyError, ValueError: an array is missing or not what it should be.
    """
    rank, count = arrays["matrix"].shape if arrays["matrix"].ndim == 2 else (0, 0)
    if not (0 < rank <= MOST_UNITS and 0 < count <= MOST_UNITS):
        raise ValueError("size of the matrix")
    shapes = {
        "template": (LANDMARK_COUNT, 3), "alignment": (LANDMARK_COUNT,), "mean": (FEATURES,), "scale": (FEATURES,),
        "projection": (FEATURES, rank), "matrix": (rank, count), "offset": (count,), "covariance": (count, count),
        "explained": (count,), "sizes": (count,),
    }
    found = {name: checked(arrays[name], shape, name) for name, shape in shapes.items()}
    covariance = arrays["covariance"].astype(np.float64)
    if arrays["scale"].min() <= 0 or np.linalg.eigvalsh(0.5 * (covariance + covariance.T)).min() <= 0:
        raise ValueError("scale or covariance is not positive")
    return IdentityRegressor(**found)
