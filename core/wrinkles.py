"""The wrinkle atlas: one set of curves on the face, an amplitude for each, and the maps they add up to.

D = sum_i a_i B_i, B_i the groove and the rolls of curve i. Static amplitudes are what a face of some age keeps at
rest, dynamic ones what full compression adds. A seed chooses among layouts of the same lines and how deep each is.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from .curve_basis import CurveTexels, evaluate, texels_near
from .wrinkle_atlas import FOLD, PRIMARY, SECONDARY, WrinkleAtlas, load_atlas, save_atlas
from .wrinkle_coefficients import (
    CoefficientPrior,
    coefficient_prior,
    coefficients,
    dynamic_share,
    person,
    profile,
    static_share,
)

__all__ = [
    "FOLD", "PRIMARY", "SECONDARY", "CoefficientPrior", "WrinkleAtlas", "coefficient_prior", "coefficients",
    "dynamic_amplitudes", "dynamic_maps", "flattened", "load_atlas", "points_of", "save_atlas", "static_amplitudes",
    "static_prior",
]

ROLL_SIZE = 256  # rolls are wide: a coarse map holds them, the same for every size
GROOVE_REACH = 4.0  # widths
STATIC_ROLLS = 0.75  # share of the rolls beside lines at rest: they rise with compression
STRETCH_FLATTENING = 0.6  # share of the lines at rest that full stretch takes away


def points_of(atlas: WrinkleAtlas, seed: int) -> np.ndarray:
    """(P,) control points of a person's curves, in atlas order."""
    return person(atlas, seed).points


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
    someone = person(atlas, seed)
    uv, metric = atlas.uv[someone.points], atlas.metric[someone.points]
    width = atlas.of_points(atlas.curve_width)[someone.points]
    texel = np.sqrt(np.sqrt(np.maximum(metric[:, 0] * metric[:, 2] - metric[:, 1] ** 2, 1e-12))) / size
    blurred = np.hypot(width, 0.45 * texel)
    near = texels_near(uv, metric, someone.start, GROOVE_REACH * blurred, size)
    profile = groove_profile(near.distance, blurred[near.point]) * (width / blurred)[near.point]
    return near, profile.astype(np.float32)


@lru_cache(maxsize=4)
def _near_rolls(atlas: WrinkleAtlas, seed: int) -> tuple[CurveTexels, np.ndarray]:
    """Texels around the rolls and their height for a groove of depth 1, at ``ROLL_SIZE``."""
    someone = person(atlas, seed)
    crest = atlas.roll_crest[someone.points]
    near = texels_near(
        atlas.uv[someone.points], atlas.metric[someone.points], someone.start, 2.0 * crest.max(1), ROLL_SIZE
    )
    side = (near.distance < 0).astype(int)
    gain = someone.of_points(atlas.curve_roll[someone.curves])
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
    return _amplitudes(atlas, seed, static_share(atlas, age), atlas.memory)


def dynamic_amplitudes(atlas: WrinkleAtlas, age: float, seed: int) -> np.ndarray:
    """(P,) float32 mm of depth that full compression adds, at the control points of the person's curves."""
    return _amplitudes(atlas, seed, dynamic_share(atlas, age), atlas.dynamic)


def _amplitudes(atlas: WrinkleAtlas, seed: int, share: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(P,) coefficients x basis curves: d_i share_i per curve (C,), depth (N,) mm by the strength along it."""
    someone = person(atlas, seed)
    along = (depth * profile(atlas))[someone.points]
    return (someone.of_points(someone.depth * share[someone.curves]) * along).astype(np.float32)


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
    someone = person(atlas, seed)
    family = someone.of_points(atlas.group_family[atlas.curve_group[someone.curves]])
    depth = dynamic_amplitudes(atlas, age, seed)
    flattened = -STRETCH_FLATTENING * static_amplitudes(atlas, age, seed)
    amplitudes = np.stack([depth * (family == 1), depth * (family == 2), flattened], axis=-1)
    maps = displacement(atlas, size, seed, amplitudes, (1.0, 1.0, STATIC_ROLLS))
    return tuple(np.ascontiguousarray(maps[..., k]) for k in range(3))


def flattened(static: np.ndarray) -> np.ndarray:
    """The stretched map of a face: what full stretch takes away of its static map (S, S) mm, wherever that is from."""
    return np.float32(-STRETCH_FLATTENING) * static


def static_prior(atlas: WrinkleAtlas, size: int, age: float, seed: int = 0) -> np.ndarray:
    """(S, S) float32 mm: the lines a face of an age (0 is 20, 1 is 85 years) has at rest."""
    amplitude = static_amplitudes(atlas, age, seed)[:, None]
    return np.ascontiguousarray(displacement(atlas, size, seed, amplitude, (STATIC_ROLLS,))[..., 0])
