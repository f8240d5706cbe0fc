"""Coefficients of the wrinkle atlas: how deep each curve of a person is, at rest (phi) and under compression (kappa).

D_static = sum_i phi_i B_i and D_compressed = sum_i kappa_i C_i; B_i and C_i are curve i with a deepest point of 1 mm,
at rest and at full compression. No licensed collection of scans exists, so the population is a prior by construction:

    phi_i   = d_i share_i(age) peak(memory_i)       log d_i = s_h h_group + s_p p_pair + s_o o_i, clipped
    kappa_i = d_i share'_i(age) peak(dynamic_i)     h, p, o independent standard normals

h is how much a person uses the expression behind the group, p is common to a line and its image on the other side, and
o is its own. Which of the atlas's layouts of a group a person has is drawn evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from .atlas import FOLD, OWN, SECONDARY, WrinkleAtlas

# by eye; docs/wrinkle_sheet.py draws what comes of it
HABIT_SPREAD, LINE_SPREAD, PAIR_SHARE = 0.28, 0.32, 0.7  # of log depth; share that both sides have in common
LEAST_DEPTH, GREATEST_DEPTH = 0.4, 1.6  # of the depth a line has on average
DEEPEST = 1.3  # the same, anywhere along a line
GROWTH = 1.3  # exponent of the depth at rest over the years since its onset
MATURE = 0.8  # age at which skin creases in full
STATIC_SHARE = 0.92  # share of the deepest groove that stays at rest at age 1

SEEDS = 10_000  # that people are drawn from: two should not crease alike


@dataclass(frozen=True)
class Person:
    """What a seed decides: which curves there are (P control points in all), and how deep each is.

    Attributes:
        points: (P,) control points of those curves, in atlas order.
        start: (c + 1,) first of them for each curve, and P.
        curves: (c,) rows of the atlas.
        depth: (c,) d of the prior.
    """

    points: np.ndarray
    start: np.ndarray
    curves: np.ndarray
    depth: np.ndarray

    def of_points(self, per_curve: np.ndarray) -> np.ndarray:
        """(P, ...) values of the curve each control point belongs to, of values (c, ...)."""
        return np.repeat(per_curve, np.diff(self.start), axis=0)


@dataclass(frozen=True)
class CoefficientPrior:
    """Population statistics of the coefficients of a face that has the curve, at one age.

    Attributes:
        mean_phi, mean_kappa: (C,) mm.
        spread: standard deviation of log phi and log kappa before clipping.
        pair_correlation: of log coefficients between a line and its image on the other side.
        group_correlation: of log coefficients between other lines that one expression drives.
        presence: (C,) share of people who have the curve.
    """

    mean_phi: np.ndarray
    mean_kappa: np.ndarray
    spread: float
    pair_correlation: float
    group_correlation: float
    presence: np.ndarray


def coefficients(atlas: WrinkleAtlas, age: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Static coefficients phi and dynamic coefficients kappa of a person.

    Args:
        atlas: curves.
        age: 0 (20 years) to 1 (85 years).
        seed: the person.

    Returns:
        (C,), (C,) float32 mm, the deepest point of each curve at rest and at full compression; 0 for curves that the
        person does not have.
    """
    someone = person(atlas, seed)
    depth = np.zeros(len(atlas.curve_group))
    depth[someone.curves] = someone.depth
    phi = depth * static_share(atlas, age) * _peak(atlas, "memory")
    kappa = depth * dynamic_share(atlas, age) * _peak(atlas, "dynamic")
    return phi.astype(np.float32), kappa.astype(np.float32)


def coefficient_prior(atlas: WrinkleAtlas, age: float) -> CoefficientPrior:
    """The population that ``coefficients`` draws from, in closed form (moments of a clipped lognormal)."""
    habit, line = HABIT_SPREAD**2, LINE_SPREAD**2
    spread = float(np.sqrt(habit + line))
    low, high = np.log(LEAST_DEPTH) / spread, np.log(_greatest(atlas)) / spread
    mean = LEAST_DEPTH * ndtr(low) + _greatest(atlas) * ndtr(-high)
    mean += np.exp(0.5 * spread**2) * (ndtr(high - spread) - ndtr(low - spread))
    return CoefficientPrior(
        mean_phi=mean * static_share(atlas, age) * _peak(atlas, "memory"),
        mean_kappa=mean * dynamic_share(atlas, age) * _peak(atlas, "dynamic"),
        spread=spread,
        pair_correlation=(habit + PAIR_SHARE * line) / (habit + line),
        group_correlation=habit / (habit + line),
        presence=1.0 / _layouts(atlas)[atlas.curve_group],
    )


def static_share(atlas: WrinkleAtlas, age: float) -> np.ndarray:
    """(C,) share of its memory that a curve of average depth keeps at rest at an age: the age regression of phi."""
    group = atlas.curve_group
    grown = np.clip((age - atlas.curve_onset) / (1.0 - atlas.curve_onset), 0.0, 1.0) ** GROWTH
    floor = atlas.group_floor[group]
    return STATIC_SHARE * atlas.group_retention[group] * (floor + (1.0 - floor) * grown)


def dynamic_share(atlas: WrinkleAtlas, age: float) -> np.ndarray:
    """(C,) share of its dynamic depth that a curve of average depth has at an age: the age regression of kappa.

    Young skin folds into few broad lines, old skin also into the fine ones between; what is there at rest already
    deepens less.
    """
    young = np.where(atlas.curve_rank == SECONDARY, 0.3, 1.0) * atlas.group_young[atlas.curve_group]
    grown = 1.0 - (1.0 - min(age / MATURE, 1.0)) ** 2
    return (young + (1.0 - young) * np.where(atlas.curve_rank == SECONDARY, age, grown)) * (1.0 - 0.35 * age)


@lru_cache(maxsize=4)
def person(atlas: WrinkleAtlas, seed: int) -> Person:
    """Draw a person from the prior."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(_layouts(atlas))
    habit = rng.standard_normal(int(atlas.group_habit.max()) + 1)
    shared = rng.standard_normal(int(atlas.curve_pair.max()) + 1)
    own = rng.standard_normal(len(atlas.curve_group))
    line = np.sqrt(PAIR_SHARE) * shared[atlas.curve_pair] + np.sqrt(1.0 - PAIR_SHARE) * own
    depth = np.exp(HABIT_SPREAD * habit[atlas.group_habit[atlas.curve_group]] + LINE_SPREAD * line)
    depth = np.clip(depth, LEAST_DEPTH, _greatest(atlas))
    own_line = atlas.curve_rank == OWN
    depth[own_line] = 1.0  # as the photo shows it
    kept = (atlas.curve_layout == chosen[atlas.curve_group]) | (atlas.curve_rank == FOLD) | own_line
    curves = np.flatnonzero(kept)
    count = np.diff(atlas.curve_start)
    start = np.concatenate([[0], np.cumsum(count[curves])])
    return Person(np.flatnonzero(np.repeat(kept, count)), start, curves, depth[curves])


def profile(atlas: WrinkleAtlas) -> np.ndarray:
    """(N,) relative depth along the curves for d = 1, at most ``DEEPEST``."""
    return np.minimum(atlas.strength, DEEPEST)


@lru_cache(maxsize=4)
def _greatest(atlas: WrinkleAtlas) -> np.ndarray:
    """(C,) largest d: no line gets deeper than ``DEEPEST`` anywhere."""
    strongest = np.maximum.reduceat(profile(atlas), atlas.curve_start[:-1])
    return np.clip(DEEPEST / np.maximum(strongest, 1e-6), 1.0, GREATEST_DEPTH)


@lru_cache(maxsize=8)
def _peak(atlas: WrinkleAtlas, depths: str) -> np.ndarray:
    """(C,) mm at the deepest point of each curve for d = 1; ``depths`` is "memory" or "dynamic"."""
    return np.maximum.reduceat(profile(atlas) * getattr(atlas, depths), atlas.curve_start[:-1])


@lru_cache(maxsize=4)
def _layouts(atlas: WrinkleAtlas) -> np.ndarray:
    """(G,) how many layouts each group has."""
    count = np.zeros(len(atlas.group_names), np.int64)
    np.maximum.at(count, atlas.curve_group, atlas.curve_layout + 1)
    return np.maximum(count, 1)
