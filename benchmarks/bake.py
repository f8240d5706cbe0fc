"""How close a blended bake comes to the live wrinkles: ``python benchmarks/bake.py IN.furrow [--size N]``.

Per expression: rms of the live change from neutral over the chart, and rms error of both baked forms as a share of it.
The key expressions are exact but for rounding; weights in between and sums of expressions are not, because tension is
limited at 1 and opposite strains cancel, which masks that add up cannot know.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from furrow.core.character.file import load_character
from furrow.core.character.presets import PRESETS
from furrow.core.head.raster import uv_raster
from furrow.core.output.bake import bake, live_displacement
from furrow.core.output.bake_blend import blend_bake, blend_compact
from furrow.core.output.bake_masks import KEY_EXPRESSIONS, NEUTRAL


def cases() -> dict[str, dict[str, float]]:
    """Expressions to compare: each key at 1 and at half, the presets, and sums of presets."""
    keys = {name: dict.fromkeys(shapes, 1.0) for name, shapes in KEY_EXPRESSIONS.items() if name != NEUTRAL}
    halves = {f"{name} at half": dict.fromkeys(weights, 0.5) for name, weights in keys.items()}
    presets = {f"preset {name}": weights for name, weights in PRESETS.items() if weights}
    raised_smile = PRESETS["brow_raise"] | PRESETS["smile"]
    sneer = {"noseSneerLeft": 1.0, "noseSneerRight": 1.0}
    sums = {"brow raise + smile": raised_smile, "frown + sneer": PRESETS["frown"] | sneer,
            "brow raise + frown": PRESETS["brow_raise"] | PRESETS["frown"],
            "smile + pucker": PRESETS["smile"] | PRESETS["pucker"],
            "smile + jaw open": {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7, "jawOpen": 0.6}}
    return keys | halves | presets | sums


def main() -> None:
    """Bake into a temporary folder and print one line an expression."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("character", type=Path, metavar="IN.furrow")
    parser.add_argument("--size", type=int, default=1024)
    options = parser.parse_args()
    character = load_character(options.character)
    covered = uv_raster(character.topology, options.size).covered
    rest = live_displacement(character, np.zeros(52, np.float32), options.size)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        bake(character, Path(folder), options.size)
        megabytes = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
        print(f"bake at {options.size}: {time.perf_counter() - started:.1f} s, {megabytes:.1f} MB")
        print(f"{'expression':26s} {'change um':>10s} {'key maps':>9s} {'compact':>9s}")
        for name, weights in cases().items():
            values = np.array([weights.get(shape, 0.0) for shape in character.expression_names], np.float32)
            live = live_displacement(character, values, options.size)
            change = rms(live - rest, covered)
            shares = [rms(blend(Path(folder), weights) - live, covered) / max(change, 1e-9)
                      for blend in (blend_bake, blend_compact)]
            print(f"{name:26s} {1e3 * change:10.2f} {shares[0]:9.1%} {shares[1]:9.1%}")


def rms(values: np.ndarray, covered: np.ndarray) -> float:
    """Root mean square over the covered texels."""
    return float(np.sqrt((values[covered].astype(np.float64) ** 2).mean()))


if __name__ == "__main__":
    main()
