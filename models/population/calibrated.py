"""The sampled population drawn to what surveys have measured of people (``norms``).

A person's slider weights x have measures m(x). Within a group, given age, sex, ancestry and weight, the deviation r of
m from its mean is carried to the published covariance by the optimal transport between Gaussians (Dowson and Landau
1982),

    r* = A r,  A = S^-1/2 (S^1/2 S* S^1/2)^1/2 S^-1/2,

and x moves by the least change, in the sliders' own covariance, that has the measures wanted:
x* = x + C_xm S^-1 (m* - m). Measures are not linear in x, so that this is done a few times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .measures import MEASURES, measured
from .norms import CORRELATIONS, NORMS, RELATIVE, group_means
from .sampled import People

ROUNDS = 4
# share of the ridge on a measure's own variance: two measures that nearly say the same must not fight each other
RIDGE = 0.02
YOUNG = 0.1  # age on the population's scale of those whom the surveys measured, about 30 years


@dataclass(frozen=True)
class _Groups:
    """Linear regression of measures on age, sex, ancestry and weight: design (n, d) and its pseudo-inverse."""

    design: np.ndarray
    solve: np.ndarray

    def residual(self, values: np.ndarray) -> np.ndarray:
        return values - self.design @ (self.solve @ values)


def calibrated(people: People, deltas: np.ndarray, base: np.ndarray) -> np.ndarray:
    """(n, T) target weights of the same people, their measures drawn to the norms.

    Args:
        deltas: (T, p, 3) mm of the targets at ``measures.VERTICES``, at the size of living people.
        base: (p, 3) mm, the base mesh there.
    """
    weights = people.weights.copy()
    groups = _groups(people)
    for _ in range(ROUNDS):
        found = measured(base + np.tensordot(weights, deltas, 1))
        wanted = _wanted(people, groups, found)
        deviation, slider = groups.residual(found), groups.residual(weights)
        cross = slider.T @ deviation / len(found)
        own = deviation.T @ deviation / len(found)
        gain = np.linalg.solve(own + RIDGE * np.diag(np.diag(own)), cross.T)
        weights += (wanted - found) @ gain
    return weights


def _groups(people: People) -> _Groups:
    design = np.column_stack(
        [people.ancestry, people.gender[:, None] * people.ancestry, people.age - YOUNG, people.weight - 0.5]
    )
    return _Groups(design, np.linalg.pinv(design))


def _wanted(people: People, groups: _Groups, found: np.ndarray) -> np.ndarray:
    """(n, M) the measures these people should have."""
    coefficients = groups.solve @ found
    other = groups.design[:, 6:] @ coefficients[6:]  # what age and weight do stays
    means = np.column_stack([group_means(name, people.ancestry, people.gender) for name in MEASURES])
    for j, name in enumerate(MEASURES):
        if name in RELATIVE:
            means[:, j] += (groups.design[:, :6] @ coefficients[:6, j]).mean() - means[:, j].mean()
    deviation = groups.residual(found)
    return means + other + deviation @ _transport(deviation.T @ deviation / len(found)).T


def _transport(own: np.ndarray) -> np.ndarray:
    """(M, M) map from deviations of covariance ``own`` to the published one."""
    root = _root(own)
    inverse = np.linalg.inv(root)
    return inverse @ _root(root @ _published(own) @ root) @ inverse


def _published(own: np.ndarray) -> np.ndarray:
    """(M, M) published spreads, published correlations where there are any and the population's own elsewhere."""
    spread = np.sqrt(np.diag(own))
    correlation = own / np.outer(spread, spread)
    names = list(MEASURES)
    for (first, second), value in CORRELATIONS.items():
        i, j = names.index(first), names.index(second)
        correlation[i, j] = correlation[j, i] = value
    values, vectors = np.linalg.eigh(correlation)
    near = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    near /= np.sqrt(np.outer(np.diag(near), np.diag(near)))
    wanted = np.array([(NORMS | RELATIVE)[name].spread for name in names])
    return near * np.outer(wanted, wanted)


def _root(matrix: np.ndarray) -> np.ndarray:
    """Symmetric square root of a positive definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 1e-9))) @ vectors.T
