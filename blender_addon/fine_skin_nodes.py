"""Shader nodes of the fine skin: four tiles of micro-relief, mixed by region, fading where wrinkles crease."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..core.assets import assets_folder
from ..core.character import Character
from ..core.fine_skin import CREASE_FADE, TILES_FILE, load_tiles, region_weights, tile_repeats
from ..core.png16 import displacement_scale, to_uint16
from . import names
from .images import packed_image
from .shading import attribute

TILES_IMAGE = "Furrow Fine Skin"
WEIGHTS_SIZE = 512
STRENGTH = "Fine Skin Strength"


@dataclass(frozen=True)
class FineSkin:
    """What the nodes need of one character.

    Attributes:
        tiles: heights of the four tiles in R, G, B, A, shared by all characters; 0.5 is zero.
        scale: millimetres that the heights' range of 0 to 1 spans.
        weights: which tile each texel of the chart wears, in the same channels.
        repeats: tiles in one unit of UV.
    """

    tiles: bpy.types.Image
    scale: float
    weights: bpy.types.Image
    repeats: float


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
    weights = region_weights(character.topology, WEIGHTS_SIZE)
    return FineSkin(
        tiles,
        scale,
        packed_image(f"{character.name} Skin Regions", weights, colour=False),
        tile_repeats(character.topology, character.neutral),
    )


def fine_skin_height(build, skin: FineSkin) -> bpy.types.NodeSocket:
    """Height in metres: sum over the tiles of height times weight, times 1 - fade * compression."""
    chart = build.node("ShaderNodeUVMap", uv_map=names.UV_MAP).outputs["UV"]
    tiles = build.node(
        "ShaderNodeTexImage", {"Vector": build.scale(chart, skin.repeats)}, image=skin.tiles, interpolation="Cubic",
        extension="REPEAT",
    )
    weights = build.node(
        "ShaderNodeTexImage", {"Vector": chart}, image=skin.weights, interpolation="Linear", extension="EXTEND"
    )
    centred = build.vector("SUBTRACT", tiles.outputs["Color"], (0.5, 0.5, 0.5))
    first = build.vector("DOT_PRODUCT", centred, weights.outputs["Color"])
    lips = build.math("SUBTRACT", tiles.outputs["Alpha"], 0.5)
    total = build.math("MULTIPLY_ADD", lips, weights.outputs["Alpha"], first)
    _, compression_1, compression_2 = build.separate(attribute(build, names.WRINKLES, "Vector"))
    compression = build.clamp(build.math("MAXIMUM", compression_1, compression_2), 0.0, 1.0)
    kept = build.math("MULTIPLY_ADD", compression, -CREASE_FADE, 1.0)
    strength = build.node("ShaderNodeValue", name=STRENGTH, label=STRENGTH)
    strength.outputs[0].default_value = 1.0
    metres = build.math("MULTIPLY", strength.outputs[0], skin.scale * names.METRES)
    return build.math("MULTIPLY", build.math("MULTIPLY", total, kept), metres)
