"""The wrinkles in motion beside an exported file: maps, masks and how to hook them up."""

from __future__ import annotations

import json
from pathlib import Path

from ...core.character.character import Character
from ...core.io.safe_files import write_text
from ...core.output.bake import bake

FORMULA = "s = s(normalTexture) + sum_i M_i (s(map_i) - s(neutral)), M_i = sum_j weight_j mask_j, s = -n.xy / n.z"
README = """Wrinkles in motion of {name}

normal_NAME.png       one normal map per key expression, tangent space, OpenGL (green rises with v: flip it in Unreal)
activation_NN.png     masks, four to an image: where a shape key brings its expression. Numbers, not sRGB
bake.json             which mask belongs to which shape key ("expressions"), and the compact form
detail.png, tension_*.png, bend_*.png   the compact form: four relief maps and one small mask a shape key

The normal map of the head's material already has the relief at rest, with pores. In the head's material:

1. For each expression i of bake.json: M_i = sum over its shape keys j of weight_j * mask_j. "masks" names the image
   and the channel (R, G, B, A) of each. Give the material one parameter a shape key, and set it to the key's weight.
2. Blend slopes, not colours. With n = 2 * texel - 1 and s(n) = -n.xy / n.z:
       s = s(head's normal map) + sum_i M_i * (s(normal_i) - s(normal_neutral))
       normal = normalize(-s.x, -s.y, 1)
3. Six expressions give most of it: brow_raise, brow_lower, smile, sneer, squint, pucker.

All images share the head's UVs: row 0 is v = 1. Shape keys that drive no map: {undriven}.
"""


def write_wrinkles(character: Character, folder: Path, size: int) -> dict:
    """Bake into a new folder; returns, for a file's extras, which map and mask belongs to which shape key."""
    bake(character, folder, size, "normal")
    described = json.loads((folder / "bake.json").read_text("utf-8"))
    undriven = ", ".join(described["undriven"]) or "none"
    write_text(folder / "README.txt", README.format(name=character.name, undriven=undriven))

    def masks(parts: dict) -> dict[str, str]:
        return {key: f"{place['file']}#{place['channel']}" for key, place in parts["masks"].items()}

    return {
        "folder": folder.name,
        "formula": FORMULA,
        "neutral": described["expressions"][described["neutral"]]["map"],
        "expressions": {
            name: {"map": parts["map"], "masks": masks(parts)}
            for name, parts in described["expressions"].items()
            if parts["masks"]
        },
    }
