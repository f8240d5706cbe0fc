"""Changing the wrinkles of a finished character: age, another layout, detail of another person.

The maps are D = photo residual + sum_i a_i B_i on one atlas that all characters share, so age and seed only change the
amplitudes, and mixing two characters' maps texel by texel is mixing their amplitudes. Every change returns a new
Character; the old one is untouched, so it can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from ..errors import FurrowError
from ..head.model import HeadTopology
from ..head.raster import uv_raster
from ..wrinkles.fine_skin import usual_gain
from ..wrinkles.maps import WrinkleAtlas, flattened, prior_maps, static_prior
from ..wrinkles.own_lines import personal_atlas
from .character import Character, DetailMaps

YOUNGEST, OLDEST = 20.0, 85.0


def age_of_years(years: float) -> float:
    """Age 0 to 1 of 20 to 85 years, clamped."""
    return float(np.clip((years - YOUNGEST) / (OLDEST - YOUNGEST), 0.0, 1.0))


def years_of_age(age: float) -> float:
    """20 to 85 years of an age 0 to 1."""
    return YOUNGEST + (OLDEST - YOUNGEST) * age


def with_wrinkles(
    character: Character, atlas: WrinkleAtlas, *, age: float | None = None, seed: int | None = None
) -> Character:
    """The character at another age (0 to 1), with another layout of lines, or both.

    What was read from the photo stays, lines included; at younger ages it fades, since it was not there yet. Pores
    change as they usually do.
    """
    age = character.age if age is None else float(np.clip(age, 0.0, 1.0))
    seed = character.wrinkle_seed if seed is None else int(seed)
    share = residual_share(age, character.residual_age)
    static = None if character.static_residual is None else share * character.static_residual
    moving = None if character.moving_residual is None else share * character.moving_residual
    atlas = personal_atlas(atlas, character.own_lines)
    detail = detail_maps(atlas, character.detail.size, age, seed, static, moving)
    pores = character.pore_gains
    if pores is not None:
        pores = pores * (usual_gain(age) / usual_gain(character.age))
    return replace(character, detail=detail, wrinkle_seed=seed, age=age, pore_gains=pores)


def detail_maps(
    atlas: WrinkleAtlas, size: int, age: float, seed: int, static: np.ndarray | None, moving: np.ndarray | None
) -> DetailMaps:
    """The maps of a person: the atlas's at an age, and what was read from the photos.

    Args:
        atlas: of the person, see ``personal_atlas``.
        static: (S, S) mm to add at rest, or None.
        moving: (m, m, 3) mm to add to the compressed and stretched maps, or None.
    """
    rest, *moved = prior_maps(atlas, size, age, seed)
    if static is not None:
        rest += static
        moved[2] = flattened(rest)
    if moving is not None:
        for drawn, read in zip(moved, np.moveaxis(moving, -1, 0)):
            drawn += _resized(read, size)
    return DetailMaps(rest, *moved)


def residual_share(age: float, full: float) -> float:
    """Share of the residual that is there at an age: all from the age ``full`` on, down to a quarter at 20 years."""
    return 1.0 if age >= full else 0.25 + 0.75 * age / full


def swap_detail(
    target: Character,
    source: Character,
    atlas: WrinkleAtlas,
    mix: float = 1.0,
    regions: Sequence[str] | None = None,
    *,
    static: bool = True,
    dynamic: bool = False,
) -> Character:
    """The target with detail of the source.

    Args:
        target, source: characters; their shapes are not touched.
        atlas: the lines they share; what the target's own age and seed do not explain becomes its residual.
        mix: 0 keeps the target's detail, 1 takes the source's, between is the linear mix of amplitudes.
        regions: names of the topology's regions to change; all by default.
        static, dynamic: which maps to change.

    Raises:
        FurrowError: an unknown region, or a mix outside [0, 1].
    """
    if not 0.0 <= mix <= 1.0:
        raise FurrowError(f"The mix is {mix:g}: choose a value from 0 to 1.")
    size = target.detail.size
    weight = np.full((size, size), mix, np.float32)
    if regions is not None:
        weight *= region_weight(target.topology, regions, size)
    changed = {}
    for channel in DetailMaps.CHANNELS:
        chosen = static if channel in ("static", "stretched") else dynamic  # stretch flattens what is there at rest
        mine = getattr(target.detail, channel)
        changed[channel] = mine + weight * (_resized(getattr(source.detail, channel), size) - mine) if chosen else mine
    residual, age = target.static_residual, target.residual_age
    if static:
        mine = personal_atlas(atlas, target.own_lines)
        residual = changed["static"] - static_prior(mine, size, target.age, target.wrinkle_seed)
        age = target.age
    return replace(target, detail=DetailMaps(**changed), static_residual=residual, residual_age=age)


def region_weight(topology: HeadTopology, regions: Sequence[str], size: int) -> np.ndarray:
    """(size, size) float32 in [0, 1]: the union of named regions in UV, soft at their borders.

    Raises:
        FurrowError: an unknown region.
    """
    unknown = sorted(set(regions) - set(topology.region_names))
    if unknown:
        raise FurrowError(f"There is no region {unknown[0]!r}: choose among {', '.join(topology.region_names)}.")
    coarse = min(size, 512)
    mask = np.maximum.reduce([topology.region(name) for name in regions])
    weight = uv_raster(topology, coarse).sample(mask[:, None])[..., 0]
    weight = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), coarse / 128.0)
    return np.clip(cv2.resize(weight, (size, size), interpolation=cv2.INTER_LINEAR), 0.0, 1.0)


def _resized(values: np.ndarray, size: int) -> np.ndarray:
    if values.shape[0] == size:
        return values
    method = cv2.INTER_AREA if values.shape[0] > size else cv2.INTER_CUBIC
    return cv2.resize(values, (size, size), interpolation=method)
