"""Bake of a character for game engines: one map per key expression with activation masks, and a compact form.

    displacement_<expression>.png   16-bit; mm = (value / 65535 - 0.5) * displacement_scale_mm; or
    normal_<expression>.png         16-bit RGB tangent-space normals, OpenGL convention (green rises with v)
    activation_<n>.png              8-bit RGBA: the share of a shape key in its expression, one channel each
    detail.png                      16-bit RGBA: static, compressed 1, compressed 2, stretched; detail_scale_mm
    tension_<shape>.png             8-bit RGB, signed: compression 1, compression 2, stretch at weight 1
    bend_<shape>.png                the same: what is missing halfway; only of shapes that need it
    fine_skin.png                   16-bit RGBA: heights of four tiles of pores, repeated over the chart
    fine_skin_weights.png           8-bit RGBA: how strongly each place wears each of them
    bake.json                       which shape key drives which mask, scales and the formulas

Row 0 of every image is v = 1; beyond the chart the nearest skin is continued, so mipmaps see no border.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..assets import assets_folder
from ..character.character import Character
from ..errors import OutputError
from ..head.normal_map import encode_normals, resized, slopes_to_normals, surface_slopes, uv_metric
from ..head.raster import uv_raster
from ..head.tension import TensionWeights, evaluate_tension, tension_weights
from ..io import png16
from ..io.safe_files import folder_written_aside, write_reason, write_text
from ..wrinkles.fine_skin import TILES_FILE, load_tiles, tile_repeats, worn_weights
from .bake_masks import KEY_EXPRESSIONS, NEUTRAL, activation_masks, key_weights, quantised_shares, tension_masks

SCHEMA = 2
KINDS = ("displacement", "normal")
SIZES = (64, 8192)
MASK_SIZE = 512  # masks vary slowly: half a millimetre a texel is plenty
CHANNELS = "RGBA"
FORMULA = (
    "M_i = sum over the shape keys j of expression i of weight_j * mask_j; "
    "D = (1 - sum_i M_i) * D_neutral + sum_i M_i * D_i"
)
COMPACT_FORMULA = (
    "c = clamp(sum over all shape keys j of w_j * tension_j + w_j * (1 - w_j) * bend_j, 0, 1), w_j the weight, "
    "channels R G B of the masks, each (value - 128) / 127 * scale; "
    "D = detail.R + c.R * detail.G + c.G * detail.B + c.B * detail.A"
)
FINE_SKIN_FORMULA = (
    "mm = factor * sum over the channels of weights(u, v) * (tiles(repeats * u, repeats * v) - 0.5) * scale_mm, "
    "both images as 0 to 1; added to D, or shaded as bump"
)
STRAIN_LIMIT = 2.0  # of a signed mask
LEAST_TENSION = 0.004
LEAST_BEND = 0.08  # of the tension; shapes that bend less are straight


def bake(character: Character, directory: Path, size: int | None = None, kind: str = "displacement") -> None:
    """Write the baked maps, masks and ``bake.json`` into a folder, which is made if needed.

    Maps per key expression and masks follow FaceScape (Yang et al. 2020), Eq. 6 to 8. The mask of the neutral map is
    not cut off at zero, so that static detail counts once however many expressions act.

    Args:
        size: width of the maps in texels; the character's own if not given. Masks have at most ``MASK_SIZE``.
        kind: "displacement" or "normal".

    Raises:
        OutputError: size or kind is out of range, or the folder cannot be written.
        AssetsError: the tiles of the fine skin are missing.
    """
    size = character.detail.size if size is None else size
    if kind not in KINDS:
        raise OutputError(f"Cannot bake {kind!r} maps: choose {' or '.join(KINDS)}.")
    if not SIZES[0] <= size <= SIZES[1]:
        raise OutputError(f"Cannot bake maps of {size} texels: choose a size from {SIZES[0]} to {SIZES[1]}.")
    directory = Path(directory)
    try:
        with folder_written_aside(directory) as aside:
            _write(character, aside, size, kind)
    except OSError as error:
        raise OutputError(f"Cannot write the bake to {directory}: {write_reason(error)}") from None


def live_displacement(character: Character, weights: np.ndarray, size: int) -> np.ndarray:
    """(S, S) float32 mm in UV space at expression weights (52,): static detail + tension times the dynamic maps."""
    prepared = tension_weights(character.topology, character.neutral)
    return _composed(character, resized(character.detail.stack(), size), prepared, character.posed(weights))


def vertex_map(character: Character, values: np.ndarray, size: int) -> np.ndarray:
    """(S, S[, k]) float32 values (V_head[, k]) of the head's vertices in UV space, continued beyond the chart."""
    raster = uv_raster(character.topology, size)
    sampled = raster.sample_covered(np.asarray(values).reshape(len(values), -1))[raster.nearest]
    return sampled.reshape((size, size) + np.shape(values)[1:])


def _composed(character: Character, maps: np.ndarray, prepared: TensionWeights, posed: np.ndarray) -> np.ndarray:
    """(S, S) mm, D of maps (S, S, 4) mm in a pose (V, 3) mm."""
    strain = vertex_map(character, evaluate_tension(prepared, posed).stack(), maps.shape[0])
    return maps[..., 0] + np.einsum("yxk,yxk->yx", strain, maps[..., 1:])


def _write(character: Character, directory: Path, size: int, kind: str) -> None:
    maps = resized(character.detail.stack(), size)
    masks = _write_activation(character, directory, min(size, MASK_SIZE))
    described = {"schema": SCHEMA, "name": character.name, "kind": kind, "size": size, "formula": FORMULA}
    described |= _write_expressions(character, directory, maps, kind, masks)
    described["compact"] = _write_compact(character, directory, maps, min(size, MASK_SIZE))
    described["fine_skin"] = _write_fine_skin(character, directory)
    driven = {shape for shapes in KEY_EXPRESSIONS.values() for shape in shapes}
    described["undriven"] = [name for name in character.expression_names if name not in driven]
    write_text(directory / "bake.json", json.dumps(described, indent=1))


def _write_activation(character: Character, directory: Path, size: int) -> dict[str, dict[str, dict]]:
    """Write the activation masks, four to an image; returns where each shape key's lies, by expression."""
    channels: list[np.ndarray] = []
    places: dict[str, dict[str, dict]] = {}
    for expression in KEY_EXPRESSIONS:
        shares = activation_masks(character, expression)
        places[expression] = {}
        if shares:
            mapped = vertex_map(character, np.stack(list(shares.values()), axis=-1), size)
            for shape, mask in zip(shares, quantised_shares(np.moveaxis(mapped, 2, 0)), strict=True):
                sheet, channel = divmod(len(channels), len(CHANNELS))
                places[expression][shape] = {"file": f"activation_{sheet:02d}.png", "channel": CHANNELS[channel]}
                channels.append(mask)
    channels += [np.zeros_like(channels[0])] * (-len(channels) % len(CHANNELS))
    for sheet in range(len(channels) // len(CHANNELS)):
        pixels = np.stack(channels[4 * sheet : 4 * sheet + 4], axis=-1)
        png16.write_png(directory / f"activation_{sheet:02d}.png", pixels)
    return places


def _write_expressions(character: Character, directory: Path, maps: np.ndarray, kind: str, masks: dict) -> dict:
    """Write one map per key expression; returns their description."""
    size = maps.shape[0]
    prepared = tension_weights(character.topology, character.neutral)
    peak = np.abs(maps[..., 0]) + np.abs(maps[..., 1:]).sum(-1)
    scale = png16.displacement_scale(peak)
    expressions = {}
    for name in KEY_EXPRESSIONS:
        posed = character.posed(key_weights(character, name))
        amount = _composed(character, maps, prepared, posed)
        file = f"{kind}_{name}.png"
        if kind == "displacement":
            png16.write_png(directory / file, png16.to_uint16(amount, scale))
        else:
            slopes = surface_slopes(amount, uv_metric(character.topology, posed, size))
            png16.write_png(directory / file, encode_normals(slopes_to_normals(slopes)))
        expressions[name] = {"map": file, "masks": masks[name]}
    described = {"neutral": NEUTRAL, "expressions": expressions}
    if kind == "displacement":
        return described | {"displacement_scale_mm": scale}
    return described | {"normals": "OpenGL, y up"}


def _write_compact(character: Character, directory: Path, maps: np.ndarray, size: int) -> dict:
    """Write the packed detail maps and the tension masks of the shape keys that cause any; returns the description."""
    prepared = tension_weights(character.topology, character.neutral)
    scale = png16.displacement_scale(maps)
    png16.write_png(directory / "detail.png", png16.to_uint16(maps, scale))
    tensions = {}
    for shape in character.expression_names:
        slope, bend = tension_masks(character, prepared, shape)
        if np.abs(slope).max() > LEAST_TENSION:
            tensions[shape] = _write_signed(directory / f"tension_{shape}.png", vertex_map(character, slope, size))
            if np.abs(bend).max() > LEAST_BEND:
                tensions[shape]["bend"] = _write_signed(
                    directory / f"bend_{shape}.png", vertex_map(character, bend, size)
                )
    return {"formula": COMPACT_FORMULA, "map": "detail.png", "detail_scale_mm": scale, "tension": tensions}


def _write_fine_skin(character: Character, directory: Path) -> dict:
    """Write the tiles of the fine skin and the weights this character wears them with; returns the description."""
    heights = load_tiles(assets_folder() / TILES_FILE).transpose(1, 2, 0)
    scale = png16.displacement_scale(heights)
    png16.write_png(directory / "fine_skin.png", png16.to_uint16(heights, scale))
    weights, factor = worn_weights(character.topology, MASK_SIZE, character.pore_gains)
    png16.write_png(directory / "fine_skin_weights.png", weights)
    repeats = tile_repeats(character.topology, character.neutral)
    return {
        "formula": FINE_SKIN_FORMULA,
        "tiles": "fine_skin.png",
        "scale_mm": scale,
        "repeats": repeats,
        "weights": "fine_skin_weights.png",
        "factor": factor,
    }


def _write_signed(path: Path, values: np.ndarray) -> dict[str, Any]:
    """Write (S, S, 3) signed values as 8-bit steps around 128; returns the file's name and scale."""
    values = np.clip(values, -STRAIN_LIMIT, STRAIN_LIMIT)
    scale = max(float(np.abs(values).max()), 1e-3)
    png16.write_png(path, np.rint(128.0 + 127.0 / scale * values).astype(np.uint8))
    return {"file": path.name, "scale": scale}
