"""Images of a head at rest as engines take them: base colour, roughness, and all relief in one normal map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..assets import assets_folder
from ..character.bands import static_bands
from ..character.character import Character
from ..hair.bare_skin import over
from ..head.normal_map import encode_normals, resized, slopes_to_normals, surface_slopes, uv_metric
from ..image.colour import linear_to_srgb_bytes, srgb_to_linear
from ..wrinkles.fine_skin import TILES_FILE, load_tiles, tile_repeats, worn_weights
from .bake import vertex_map


@dataclass(frozen=True)
class RestWeights:
    """How strongly a head at rest shows its relief, per vertex of the head part.

    Attributes:
        static: (V_head,) of the static map.
        bands: (V_head, 3) of the bands of ``core.character.bands``.
        pores: (V_head,) of the fine skin.
    """

    static: np.ndarray
    bands: np.ndarray
    pores: np.ndarray


@dataclass(frozen=True)
class ScalpTone:
    """Hair that shows in the skin of the scalp.

    Attributes:
        share: (V_head,) in [0, 1].
        colour: (3,) linear.
        matt: roughness that skin has there beside its own, in [0, 1].
    """

    share: np.ndarray
    colour: np.ndarray
    matt: float


def full_weights(character: Character) -> RestWeights:
    """The relief as the character has it, with every slider at 1."""
    count = character.topology.part_slice("head").stop
    return RestWeights(np.ones(count), np.zeros((count, 3)), np.ones(count))


def rest_relief(character: Character, weights: RestWeights) -> np.ndarray:
    """(S, S) float32 mm along the normal of folds and lines at rest, without pores."""
    size = character.detail.size
    relief = character.detail.static * vertex_map(character, weights.static, size)
    if np.any(weights.bands):
        bands = static_bands(character)
        relief = relief + (bands * vertex_map(character, weights.bands, size)).sum(-1)
    return np.asarray(relief, np.float32)


def pore_relief(character: Character, weights: RestWeights) -> np.ndarray:
    """(S, S) float32 mm of the fine skin, its tiles no finer than the texels."""
    size = character.detail.size
    repeats = tile_repeats(character.topology, character.neutral)
    width = int(np.clip(round(size / repeats), 8, 512))
    worn, factor = worn_weights(character.topology, size, character.pore_gains)
    place = ((np.arange(size, dtype=np.float32) + 0.5) / size * np.float32(repeats)) % 1.0 * width
    across, down = np.meshgrid(place - 0.5, ((repeats - np.arange(size) * repeats / size) % 1.0) * width - 0.5)
    total = np.zeros((size, size), np.float32)
    for k, tile in enumerate(load_tiles(assets_folder() / TILES_FILE)):
        smaller = resized(tile, width)
        sampled = cv2.remap(
            smaller, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        total += sampled * (worn[..., k].astype(np.float32) * np.float32(factor / 255.0))
    return total * vertex_map(character, weights.pores, size).astype(np.float32)


def rest_normals(character: Character, relief: np.ndarray) -> np.ndarray:
    """(S, S, 3) uint8 tangent-space normals, OpenGL convention, of a relief (S, S) mm on the neutral head."""
    metric = uv_metric(character.topology, character.neutral, len(relief))
    return encode_normals(slopes_to_normals(surface_slopes(relief, metric)), depth=8)


def base_colour(
    character: Character, painted_brows: bool, tone: ScalpTone | None, crease: np.ndarray | None = None
) -> np.ndarray:
    """(S, S, 3) uint8 sRGB: the albedo with or without painted brows, the scalp's tone, and creases darkened.

    Args:
        crease: (S, S) factor of the linear albedo, of any size; None for none.
    """
    bare = character.hair.bare
    albedo = character.albedo if painted_brows or bare is None else over(character.albedo, bare)
    linear = srgb_to_linear(albedo)
    size = len(albedo)
    if tone is not None:
        share = vertex_map(character, tone.share, size)[..., None].astype(np.float32)
        linear = linear + share * (np.asarray(tone.colour, np.float32) - linear)
    if crease is not None:
        linear = linear * resized(crease.astype(np.float32), size)[..., None]
    return linear_to_srgb_bytes(linear)


def roughness_map(character: Character, tone: ScalpTone | None) -> np.ndarray:
    """(S, S) uint8 roughness, that of the scalp under hair raised."""
    if tone is None:
        return character.roughness
    raised = 255.0 * tone.matt * vertex_map(character, tone.share, len(character.roughness))
    return np.clip(np.rint(character.roughness + raised), 0, 255).astype(np.uint8)
