"""The wrinkle atlas: one set of curves on the face, an amplitude for each, and the maps they add up to.

D = sum_i a_i B_i, B_i the groove and the rolls of curve i. Static amplitudes are what a face of some age keeps at
rest, dynamic ones what full compression adds. A seed chooses among layouts of the same lines and how deep each is.
"""

from __future__ import annotations

import cv2
import numpy as np

from .atlas import FOLD, PRIMARY, SECONDARY, WrinkleAtlas, load_atlas, save_atlas
from .coefficients import (
    CoefficientPrior,
    coefficient_prior,
    coefficients,
    dynamic_share,
    person,
    profile,
    static_share,
)
from .curve_basis import CurveTexels, blocks_near, draw

__all__ = [
    "FOLD", "PRIMARY", "SECONDARY", "CoefficientPrior", "WrinkleAtlas", "coefficient_prior", "coefficients",
    "dynamic_amplitudes", "dynamic_maps", "flattened", "load_atlas", "points_of", "prior_maps", "save_atlas",
    "static_amplitudes", "static_prior",
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
    return np.exp(-1.6 * np.log(1.0 + x)) * np.clip(1.0 - x / GROOVE_REACH**2, 0.0, 1.0) ** 2


def roll_profile(distance: np.ndarray, crest: np.ndarray) -> np.ndarray:
    """Height of a roll, 1 at its crest and 0 at the groove and at twice the crest: sin²(pi d / (2 crest)).

    The halves of two neighbouring grooves, whose crests coincide, add up to one even roll between them.
    """
    x = np.abs(distance) / crest
    return np.where(x < 2.0, np.sin(0.5 * np.pi * x) ** 2, 0.0)


def displacement(
    atlas: WrinkleAtlas, size: int, seed: int, amplitudes: np.ndarray, rolls: tuple[float, ...]
) -> np.ndarray:
    """(k, S, S) float32 mm: grooves and rolls of groove depths.

    Args:
        atlas: curves.
        size: width of the maps.
        seed: the person.
        amplitudes: (k, P) mm at the control points of the person's curves, in atlas order.
        rolls: (k,) how much of the rolls to add.
    """
    amplitudes = np.asarray(amplitudes, np.float32)
    grooves = _grooves(atlas, size, seed, amplitudes)
    raised = _rolls(atlas, seed, np.asarray(rolls, np.float32)[:, None] * amplitudes)
    mask = cv2.resize(atlas.mask, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255.0
    for groove, roll in zip(grooves, raised):
        np.subtract(_enlarged(roll, size), groove, out=groove)
        groove *= mask
    return grooves


def _grooves(atlas: WrinkleAtlas, size: int, seed: int, amplitudes: np.ndarray) -> np.ndarray:
    """(k, S, S) mm, the grooves alone, downwards.

    Texels average over their area: a groove is as much wider and shallower as a texel half as wide would make it.
    """
    someone = person(atlas, seed)
    uv, metric = atlas.uv[someone.points], atlas.metric[someone.points]
    width = atlas.of_points(atlas.curve_width)[someone.points]
    texel = np.sqrt(np.sqrt(np.maximum(metric[:, 0] * metric[:, 2] - metric[:, 1] ** 2, 1e-12))) / size
    blurred = np.hypot(width, 0.45 * texel).astype(np.float32)
    share = (width / blurred).astype(np.float32)

    def profile(near: CurveTexels) -> np.ndarray:
        return groove_profile(near.distance, blurred[near.point]) * share[near.point]

    near = blocks_near(uv, metric, someone.start, GROOVE_REACH * blurred, size, amplitudes.any(0))
    return draw(near, profile, amplitudes, size)


def _rolls(atlas: WrinkleAtlas, seed: int, amplitudes: np.ndarray) -> np.ndarray:
    """(k, ``ROLL_SIZE``, ``ROLL_SIZE``) mm, the rolls beside grooves of such depths."""
    someone = person(atlas, seed)
    crest = atlas.roll_crest[someone.points]
    gain = someone.of_points(atlas.curve_roll[someone.curves])

    def profile(near: CurveTexels) -> np.ndarray:
        side = (near.distance < 0).astype(int)
        return gain[near.point, side] * roll_profile(near.distance, crest[near.point, side])

    uv, metric = atlas.uv[someone.points], atlas.metric[someone.points]
    near = blocks_near(uv, metric, someone.start, 2.0 * crest.max(1), ROLL_SIZE, amplitudes.any(0))
    return draw(near, profile, amplitudes, ROLL_SIZE)


def _enlarged(coarse: np.ndarray, size: int) -> np.ndarray:
    """(S, S) of a coarse map: linear, then rounded off over a coarse texel, as cubic filters ripple on slopes."""
    coarse = cv2.GaussianBlur(coarse, (0, 0), 1.2)
    for step in sorted({min(2 * len(coarse), size), size}):
        ratio = step / len(coarse)
        coarse = cv2.resize(coarse, (step, step), interpolation=cv2.INTER_LINEAR)
        coarse = cv2.GaussianBlur(coarse, (0, 0), max(0.5 * ratio, 0.3))
    return coarse


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


def prior_maps(atlas: WrinkleAtlas, size: int, age: float, seed: int = 0) -> tuple[np.ndarray, ...]:
    """The lines at rest, and what compression and stretch add to them.

    Args:
        atlas: curves.
        size: width of the maps, row 0 is v = 1.
        age: 0 (20 years) to 1 (85 years).
        seed: the person.

    Returns:
        static, compressed_1, compressed_2, stretched: (S, S) float32 mm, for compression of families 1 and 2 and
        stretch of 1.
    """
    someone = person(atlas, seed)
    family = someone.of_points(atlas.group_family[atlas.curve_group[someone.curves]])
    depth = dynamic_amplitudes(atlas, age, seed)
    amplitudes = np.stack([static_amplitudes(atlas, age, seed), depth * (family == 1), depth * (family == 2)])
    maps = displacement(atlas, size, seed, amplitudes, (STATIC_ROLLS, 1.0, 1.0))
    return (*maps, flattened(maps[0]))


def dynamic_maps(atlas: WrinkleAtlas, size: int, age: float, seed: int = 0) -> tuple[np.ndarray, ...]:
    """compressed_1, compressed_2 and stretched of :func:`prior_maps`."""
    return prior_maps(atlas, size, age, seed)[1:]


def static_prior(atlas: WrinkleAtlas, size: int, age: float, seed: int = 0) -> np.ndarray:
    """(S, S) float32 mm: the lines a face of an age (0 is 20, 1 is 85 years) has at rest."""
    amplitudes = static_amplitudes(atlas, age, seed)[None]
    return displacement(atlas, size, seed, amplitudes, (STATIC_ROLLS,))[0]


def flattened(static: np.ndarray) -> np.ndarray:
    """The stretched map of a face: what full stretch takes away of its static map (S, S) mm, wherever that is from."""
    return np.float32(-STRETCH_FLATTENING) * static
