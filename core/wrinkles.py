"""The wrinkle atlas: one set of curves on the face, an amplitude for each, and the maps they add up to.

D = sum_i a_i B_i, B_i the groove and the rolls of curve i. Static amplitudes are what a face of some age keeps at
rest, dynamic ones what full compression adds. A seed chooses among layouts of the same lines and how deep each is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .curve_basis import CurveTexels, evaluate, texels_near
from .wrinkle_atlas import FOLD, PRIMARY, SECONDARY, WrinkleAtlas, load_atlas, save_atlas

__all__ = [
    "FOLD", "PRIMARY", "SECONDARY", "WrinkleAtlas", "dynamic_amplitudes", "dynamic_maps", "load_atlas", "points_of",
    "save_atlas", "static_amplitudes", "static_prior",
]

ROLL_SIZE = 256  # rolls are wide: a coarse map holds them, the same for every size
GROOVE_REACH = 4.0  # widths
DEEPEST = 1.3  # of the depth a line has on average
STATIC_SHARE = 0.7  # share of the deepest groove that stays at rest at age 1
STATIC_ROLLS = 0.5  # share of the rolls beside lines at rest: they rise with compression
STRETCH_FLATTENING = 0.6  # share of the lines at rest that full stretch takes away


@dataclass(frozen=True)
class _Person:
    """What a seed decides: which curves there are (P control points in all), and how deep each is.

    ``amplitude`` (P,) multiplies strength; curves of other layouts are left out.
    """

    points: np.ndarray
    start: np.ndarray
    curves: np.ndarray
    amplitude: np.ndarray


@lru_cache(maxsize=4)
def _person(atlas: WrinkleAtlas, seed: int) -> _Person:
    rng = np.random.default_rng(seed)
    chosen = rng.integers(atlas.layouts, size=len(atlas.group_names))
    habit = rng.lognormal(0.0, 0.25, int(atlas.group_habit.max()) + 1)
    shared = rng.standard_normal(int(atlas.curve_pair.max()) + 1)
    own = rng.standard_normal(len(atlas.curve_group))
    depth = np.exp(0.3 * (np.sqrt(0.7) * shared[atlas.curve_pair] + np.sqrt(0.3) * own))
    depth *= habit[atlas.group_habit[atlas.curve_group]]
    kept = (atlas.curve_layout == chosen[atlas.curve_group]) | (atlas.curve_rank == FOLD)
    curves = np.flatnonzero(kept)
    count = np.diff(atlas.curve_start)
    points = np.flatnonzero(np.repeat(kept, count))
    start = np.concatenate([[0], np.cumsum(count[curves])])
    amplitude = np.repeat(np.clip(depth[curves], 0.4, 1.6), count[curves]) * atlas.strength[points]
    return _Person(points, start, curves, np.minimum(amplitude, DEEPEST).astype(np.float32))


def points_of(atlas: WrinkleAtlas, seed: int) -> np.ndarray:
    """(P,) control points of a person's curves, in atlas order."""
    return _person(atlas, seed).points


def groove_profile(distance: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Depth of a groove at a distance from its floor, 1 at 0: (1 + (d / w)²)^-1.6, brought to 0 at 4 w."""
    x = (distance / width) ** 2
    return (1.0 + x) ** -1.6 * np.clip(1.0 - x / GROOVE_REACH**2, 0.0, 1.0) ** 2


def roll_profile(distance: np.ndarray, crest: np.ndarray) -> np.ndarray:
    """Height of a roll, 1 at its crest and 0 at the groove and at twice the crest: sin²(pi d / (2 crest)).

    The halves of two neighbouring grooves, whose crests coincide, add up to one even roll between them.
    """
    x = np.abs(distance) / crest
    return np.where(x < 2.0, np.sin(0.5 * np.pi * x) ** 2, 0.0)


@lru_cache(maxsize=3)
def _near_grooves(atlas: WrinkleAtlas, seed: int, size: int) -> tuple[CurveTexels, np.ndarray]:
    """Texels around the grooves and their profile, at a map's size.

    Texels average over their area: a groove is as much wider and shallower as a texel half as wide would make it.
    """
    person = _person(atlas, seed)
    uv, metric = atlas.uv[person.points], atlas.metric[person.points]
    width = atlas.of_points(atlas.curve_width)[person.points]
    texel = np.sqrt(np.sqrt(np.maximum(metric[:, 0] * metric[:, 2] - metric[:, 1] ** 2, 1e-12))) / size
    blurred = np.hypot(width, 0.45 * texel)
    near = texels_near(uv, metric, person.start, GROOVE_REACH * blurred, size)
    profile = groove_profile(near.distance, blurred[near.point]) * (width / blurred)[near.point]
    return near, profile.astype(np.float32)


@lru_cache(maxsize=4)
def _near_rolls(atlas: WrinkleAtlas, seed: int) -> tuple[CurveTexels, np.ndarray]:
    """Texels around the rolls and their height for a groove of depth 1, at ``ROLL_SIZE``."""
    person = _person(atlas, seed)
    crest = atlas.roll_crest[person.points]
    near = texels_near(
        atlas.uv[person.points], atlas.metric[person.points], person.start, 2.0 * crest.max(1), ROLL_SIZE
    )
    side = (near.distance < 0).astype(int)
    gain = np.repeat(atlas.curve_roll[person.curves], np.diff(person.start), axis=0)
    profile = gain[near.point, side] * roll_profile(near.distance, crest[near.point, side])
    return near, profile.astype(np.float32)


def displacement(
    atlas: WrinkleAtlas, size: int, seed: int, amplitudes: np.ndarray, rolls: tuple[float, ...]
) -> np.ndarray:
    """(S, S, k) float32 mm: grooves and rolls of groove depths.

    Args:
        atlas: curves.
        size: width of the maps.
        seed: the person.
        amplitudes: (P, k) mm at the control points of the person's curves, in atlas order.
        rolls: (k,) how much of the rolls to add.
    """
    grooves = evaluate(*_near_grooves(atlas, seed, size), amplitudes, size)
    raised = evaluate(*_near_rolls(atlas, seed), amplitudes, ROLL_SIZE)
    raised = _enlarged(cv2.GaussianBlur(raised, (0, 0), 1.2), size)
    mask = cv2.resize(atlas.mask, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255.0
    return (np.float32(rolls) * raised - grooves) * mask[..., None]


def _enlarged(coarse: np.ndarray, size: int) -> np.ndarray:
    """(S, S, k) of a coarse map: linear, then rounded off over a coarse texel, as cubic filters ripple on slopes."""
    for step in sorted({min(2 * len(coarse), size), size}):
        ratio = step / len(coarse)
        coarse = cv2.resize(coarse, (step, step), interpolation=cv2.INTER_LINEAR)
        coarse = cv2.GaussianBlur(coarse, (0, 0), max(0.5 * ratio, 0.3))
    return coarse.reshape(size, size, -1)


def static_amplitudes(atlas: WrinkleAtlas, age: float, seed: int) -> np.ndarray:
    """(P,) float32 mm of depth that a face of an age keeps at rest, at the control points of the person's curves."""
    person = _person(atlas, seed)
    group = atlas.curve_group[person.curves]
    onset = atlas.curve_onset[person.curves]
    grown = np.clip((age - onset) / (1.0 - onset), 0.0, 1.0) ** 1.3
    floor = atlas.group_floor[group]
    share = STATIC_SHARE * atlas.group_retention[group] * (floor + (1.0 - floor) * grown)
    depth = np.repeat(share, np.diff(person.start)) * atlas.memory[person.points] * person.amplitude
    return depth.astype(np.float32)


def dynamic_amplitudes(atlas: WrinkleAtlas, age: float, seed: int) -> np.ndarray:
    """(P,) float32 mm of depth that full compression adds, at the control points of the person's curves.

    Young skin folds into few broad lines, old skin also into the fine ones between; what is there at rest already
    deepens less.
    """
    person = _person(atlas, seed)
    rank = atlas.curve_rank[person.curves]
    share = np.where(rank == SECONDARY, 0.25 + 0.75 * age, 0.85 + 0.15 * age) * (1.0 - 0.35 * age)
    depth = np.repeat(share, np.diff(person.start)) * atlas.dynamic[person.points] * person.amplitude
    return depth.astype(np.float32)


def dynamic_maps(
    atlas: WrinkleAtlas, size: int, age: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What compression and stretch add to the surface at rest.

    Args:
        atlas: curves.
        size: width of the maps, row 0 is v = 1.
        age: 0 (20 years) to 1 (85 years).
        seed: the person.

    Returns:
        compressed_1, compressed_2, stretched: (S, S) float32 mm, for compression of families 1 and 2 and stretch of 1.
    """
    person = _person(atlas, seed)
    family = atlas.group_family[atlas.curve_group[person.curves]]
    family = np.repeat(family, np.diff(person.start))
    depth = dynamic_amplitudes(atlas, age, seed)
    flattened = -STRETCH_FLATTENING * static_amplitudes(atlas, age, seed)
    amplitudes = np.stack([depth * (family == 1), depth * (family == 2), flattened], axis=-1)
    maps = displacement(atlas, size, seed, amplitudes, (1.0, 1.0, STATIC_ROLLS))
    return tuple(np.ascontiguousarray(maps[..., k]) for k in range(3))


def static_prior(atlas: WrinkleAtlas, size: int, age: float, seed: int = 0) -> np.ndarray:
    """(S, S) float32 mm: the lines a face of an age (0 is 20, 1 is 85 years) has at rest."""
    amplitude = static_amplitudes(atlas, age, seed)[:, None]
    return np.ascontiguousarray(displacement(atlas, size, seed, amplitude, (STATIC_ROLLS,))[..., 0])
