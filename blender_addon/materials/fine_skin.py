"""Shader nodes of the fine skin: four tiles, mixed by region, faded by creases, drawn out where the skin stretches."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ...core.assets import assets_folder
from ...core.character.character import Character
from ...core.io.png16 import displacement_scale, to_uint16
from ...core.wrinkles.fine_skin import (
    CREASE_FADE,
    ELONGATION,
    STRETCH_FADE,
    STRETCH_SHARE,
    TILES_FILE,
    load_tiles,
    stretch_direction,
    tile_repeats,
    worn_weights,
)
from .. import names
from ..scene.images import packed_image
from .shading import attribute

TILES_IMAGE = "Furrow Fine Skin"
WEIGHTS_SIZE = 512
PULL_SIZE = 256
STRENGTH = "Fine Skin Strength"


@dataclass(frozen=True)
class FineSkin:
    """What the nodes need of one character.

    Attributes:
        tiles: heights of the four tiles in R, G, B, A, shared by all characters; 0.5 is zero.
        scale: millimetres that the heights' range of 0 to 1 spans.
        weights: which tile each texel of the chart wears and how strongly, in the same channels.
        strength: factor of the weights.
        repeats: tiles in one unit of UV.
        pull: 1 where expressions pull the skin up the chart, 0 where across it.
    """

    tiles: bpy.types.Image
    scale: float
    weights: bpy.types.Image
    repeats: float
    pull: bpy.types.Image
    strength: float = 1.0


def fine_skin_images(character: Character) -> FineSkin:
    """Packed images of a character's fine skin.

    Raises:
        AssetsError: the tiles have not been built.
    """
    heights = load_tiles(assets_folder() / TILES_FILE).transpose(1, 2, 0)
    scale = displacement_scale(heights)
    tiles = bpy.data.images.get(TILES_IMAGE)
    if tiles is None or tiles.packed_file is None:
        tiles = packed_image(TILES_IMAGE, to_uint16(heights, scale), colour=False)
    weights, strength = worn_weights(character.topology, WEIGHTS_SIZE, character.pore_gains)
    pull = stretch_direction(character.topology, character.neutral, character.expression_deltas, PULL_SIZE)
    return FineSkin(
        tiles,
        scale,
        packed_image(f"{character.name} Skin Regions", weights, colour=False),
        tile_repeats(character.topology, character.neutral),
        packed_image(f"{character.name} Skin Stretch", pull, colour=False),
        strength,
    )


def fine_skin_height(build, skin: FineSkin) -> bpy.types.NodeSocket:
    """Height in metres: (1 - s) H + s (1 - f) H', times 1 - fade * compression.

    H is the sum over the tiles of height times weight, H' the same drawn out along the pull, s the live stretch times
    ``STRETCH_SHARE`` and f ``STRETCH_FADE``.
    """
    chart = build.node("ShaderNodeUVMap", uv_map=names.UV_MAP).outputs["UV"]
    weights = build.node(
        "ShaderNodeTexImage", {"Vector": chart}, image=skin.weights, interpolation="Linear", extension="EXTEND"
    )
    pull = build.node(
        "ShaderNodeTexImage", {"Vector": chart}, image=skin.pull, interpolation="Linear", extension="EXTEND"
    )
    plain, across, up = (
        _relief(build, skin, chart, weights, (u, v)) for u, v in ((1.0, 1.0), (ELONGATION, 1.0), (1.0, ELONGATION))
    )
    drawn = build.math("MULTIPLY_ADD", build.math("SUBTRACT", up, across), pull.outputs["Color"], across)
    _, compression_1, compression_2 = build.separate(attribute(build, names.WRINKLES, "Vector"))
    stretch = build.math("MULTIPLY", build.clamp(attribute(build, names.WRINKLES, "Alpha"), 0.0, 1.0), STRETCH_SHARE)
    change = build.math("SUBTRACT", build.math("MULTIPLY", drawn, 1.0 - STRETCH_FADE), plain)
    total = build.math("MULTIPLY_ADD", change, stretch, plain)
    compression = build.clamp(build.math("MAXIMUM", compression_1, compression_2), 0.0, 1.0)
    kept = build.math("MULTIPLY_ADD", compression, -CREASE_FADE, 1.0)
    strength = build.node("ShaderNodeValue", name=STRENGTH, label=STRENGTH)
    strength.outputs[0].default_value = 1.0
    metres = build.math("MULTIPLY", strength.outputs[0], skin.scale * skin.strength * names.METRES)
    return build.math("MULTIPLY", build.math("MULTIPLY", total, kept), metres)


def _relief(
    build, skin: FineSkin, chart: bpy.types.NodeSocket, weights: bpy.types.Node, scale: tuple[float, float]
) -> bpy.types.NodeSocket:
    """Sum over the tiles of height (0.5 is none taken out) times weight, with the chart scaled by (u, v)."""
    place = build.vector("MULTIPLY", chart, (skin.repeats * scale[0], skin.repeats * scale[1], 1.0))
    tiles = build.node(
        "ShaderNodeTexImage", {"Vector": place}, image=skin.tiles, interpolation="Cubic", extension="REPEAT"
    )
    centred = build.vector("SUBTRACT", tiles.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, weights.outputs["Color"])
    lips = build.math("SUBTRACT", tiles.outputs["Alpha"], 0.5)
    return build.math("MULTIPLY_ADD", lips, weights.outputs["Alpha"], first)
