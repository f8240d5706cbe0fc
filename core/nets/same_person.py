"""Whether two photos show one person, by what the landmark net knows of their faces.

Fitted heads of two photos of one person differ nearly as much as those of two people; how a face looks to the net
tells more. Its points and inner maps (``nets.features``), standardised, are projected on the axes along which people
differ most against what pose, expression, light, time and camera do to one person (linear discriminants). There a
picture is

    x = m + y + e,    m ~ N(0, D),    y ~ N(0, B) the person's,    e ~ N(0, I) the picture's,    B and D diagonal:

the two-covariance model of probabilistic linear discriminant analysis (Ioffe 2006, "Probabilistic Linear Discriminant
Analysis", sec. 3; Prince & Elder 2007, "Probabilistic Linear Discriminant Analysis for Inferences About Identity";
Brümmer & de Villiers 2010, "The Speaker Partitioning Problem", sec. 3), and beside it m, what all pictures at hand have
in common against those of the training: the nets see living people otherwise than rendered ones. With d = x1 - x2 and
s = x1 + x2, which are independent,

    var d = 2 or 2 + 2 B,    var s = 4 D + 4 B + 2 or 4 D + 2 B + 2    of one person or of two,

and the logarithm of the ratio of both likelihoods is a sum of squares. People not seen in training calibrate it
(logistic regression: Brümmer & du Preez 2006). ``models/SAME_PERSON.md`` says how often it is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..assets import MODELS
from ..head.model import LANDMARK_COUNT
from .identity_regressor import FEATURES, one_photo, standard_features
from .trained_file import checked, read_network

FILE = "same_person.npz"
MOST_AXES = 256


@dataclass(frozen=True)
class SamePersonTest:
    """The trained test.

    Attributes:
        template: (478, 3) mm, average landmarks, as in ``expression_regressor``.
        alignment: (478,) how much each landmark counts in the alignment.
        mean, scale: (FEATURES,) of the features in training.
        projection: (FEATURES, r) of the standardised features, after which one person's pictures have unit covariance.
        offset: (r,) of the average face, projected.
        between: (r,) variances B of people.
        common: (r,) variances D of what pictures of one kind have in common.
        calibration: (2,) factor and summand of the logarithm of the likelihood ratio.
    """

    template: np.ndarray
    alignment: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    projection: np.ndarray
    offset: np.ndarray
    between: np.ndarray
    common: np.ndarray
    calibration: np.ndarray

    def read(self, landmarks: np.ndarray, texture: np.ndarray) -> np.ndarray:
        """(r,) what one photo says of who it shows.

        Args:
            landmarks: (478, 3) x and y in pixels of the upright photo, and the net's depth in the same unit.
            texture: (``nets.features.LENGTH``,) around them.

        Raises:
            PhotoError: landmarks or texture of another shape or not finite.
        """
        return self.read_many(*one_photo(landmarks, texture))[0]

    def read_many(self, landmarks: np.ndarray, textures: np.ndarray) -> np.ndarray:
        """(n, r) of landmarks (n, 478, 3) and textures (n, LENGTH); see ``read``."""
        return (standard_features(landmarks, textures, self) @ self.projection - self.offset).astype(float)

    def log_ratios(self, read: np.ndarray) -> np.ndarray:
        """(n, n) natural logarithm of how much likelier one person is than two, for each pair of n readings (n, r)."""
        slope, rise = self.calibration.astype(float)
        return slope * plain_log_ratios(read, self.between.astype(float), self.common.astype(float)) + rise

    def against_rest(self, read: np.ndarray) -> np.ndarray:
        """(n,) the same for each of n readings (n, r), at least two, and the person whom all the others show."""
        between, common = self.between.astype(float), self.common.astype(float)
        others = len(read) - 1
        rest = (read.sum(0) - read) / others
        # the mean of the others holds all they say: variances of it, of the one, and what both share
        alone, mean = common + between + 1.0, common + between + 1.0 / others
        one = _log_density(read, rest, alone, mean, common + between)
        slope, rise = self.calibration.astype(float)
        return slope * (one - _log_density(read, rest, alone, mean, common)) + rise


def _log_density(
    one: np.ndarray, rest: np.ndarray, alone: np.ndarray, mean: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    """(n,) but for a constant, of pairs of readings (n, r) of variances ``alone`` and ``mean`` and of covariance
    ``shared``, each (r,); axes are independent."""
    determinant = alone * mean - shared**2
    square = mean * one**2 - 2.0 * shared * one * rest + alone * rest**2
    return -0.5 * (np.log(determinant) + square / determinant).sum(1)


def plain_log_ratios(read: np.ndarray, between: np.ndarray, common: np.ndarray) -> np.ndarray:
    """(n, n) log likelihood ratios of readings (n, r) under the model of this module, before calibration.

    Args:
        between, common: (r,) the variances B and D.
    """
    apart = np.array([0.0 * between + 2.0, 2.0 + 2.0 * between])  # variances of d, of one person and of two
    total = 4.0 * common + 2.0 + np.array([4.0 * between, 2.0 * between])
    constant = 0.5 * np.log(apart[1] / apart[0] * total[1] / total[0]).sum()
    of_apart, of_total = (0.5 * (1.0 / variance[0] - 1.0 / variance[1]) for variance in (apart, total))
    square = (read**2) @ (of_apart + of_total)
    product = (read * (of_total - of_apart)) @ read.T
    return constant - square[:, None] - square[None] - 2.0 * product


def load(folder: Path | None = None) -> SamePersonTest:
    """The test in ``folder`` (default: the package's own).

    Raises:
        AssetsError: the file is missing or damaged.
    """
    return _load((Path(folder) if folder else MODELS) / FILE)


@lru_cache(maxsize=4)
def _load(path: Path) -> SamePersonTest:
    return read_network(path, "same-person test", from_arrays)


def from_arrays(arrays: dict[str, np.ndarray]) -> SamePersonTest:
    """The test of stored arrays, their shapes checked.

    Raises:
        KeyError, ValueError: an array is missing or not what it should be.
    """
    axes = len(arrays["between"]) if arrays["between"].ndim == 1 else 0
    if not 0 < axes <= MOST_AXES:
        raise ValueError("number of axes")
    shapes = {
        "template": (LANDMARK_COUNT, 3), "alignment": (LANDMARK_COUNT,), "mean": (FEATURES,), "scale": (FEATURES,),
        "projection": (FEATURES, axes), "offset": (axes,), "between": (axes,), "common": (axes,), "calibration": (2,),
    }
    found = {name: checked(arrays[name], shape, name) for name, shape in shapes.items()}
    for name in ("scale", "between"):
        if arrays[name].min() <= 0:
            raise ValueError(f"{name} is not positive")
    if arrays["common"].min() < 0 or arrays["calibration"][0] <= 0:
        raise ValueError("common is negative, or the calibration turns answers round")
    return SamePersonTest(**found)
