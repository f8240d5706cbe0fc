"""A finished character's maps at another resolution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from ..errors import FurrowError
from ..wrinkles.maps import WrinkleAtlas, prior_maps
from ..wrinkles.own_lines import personal_atlas
from .character import Character, DetailMaps

SIZES = (1024, 2048, 4096)


def with_map_size(character: Character, atlas: WrinkleAtlas, size: int) -> Character:
    """The character with all its maps ``size`` texels wide.

    Lines of the atlas are drawn anew and so are sharp at any size; what the photo or another person gave is resampled.

    Raises:
        FurrowError: a size that is not offered.
    """
    if size not in SIZES:
        raise FurrowError(f"Maps of {size} texels are not offered: choose {', '.join(map(str, SIZES))}.")
    before, age, seed = character.detail.size, character.age, character.wrinkle_seed
    if size == before:
        return character
    atlas = personal_atlas(atlas, character.own_lines)
    drawn, redrawn = (prior_maps(atlas, n, age, seed) for n in (before, size))
    others = (getattr(character.detail, name) - old for name, old in zip(DetailMaps.CHANNELS, drawn))
    detail = DetailMaps(*(new + resampled(other, size) for new, other in zip(redrawn, others)))
    optional: dict[str, Any] = {
        name: resampled(getattr(character, name), size)
        for name in ("static_residual", "hair_mask")
        if getattr(character, name) is not None
    }
    return replace(
        character,
        albedo=resampled(character.albedo, size),
        roughness=resampled(character.roughness, size),
        skin_mask=resampled(character.skin_mask, size),
        detail=detail,
        **optional,
    )


def resampled(image: np.ndarray, size: int) -> np.ndarray:
    """Square image (S, S[, k]) at another size: averaged when it shrinks, bicubic when it grows."""
    smaller = size < image.shape[0]
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
