"""Lines found in photos: precision and recall on synthetic heads, false lines on smooth ones, what detail gains.

    python benchmarks/lines.py [--heads 6] [--smooth 4] [--first-seed 1]

Each head has another identity, light, albedo, camera and error of the fit (tests/wrinkled_photo.py). A line counts as
matched within 2 mm and 20 degrees, by length; true lines deeper than 0.15 mm on skin the photo shows are to be found,
lines deeper than 0.05 mm may be. True lines are carried to the fit through the photo, so that the fit's own error
does not count as one of the detector.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from pathlib import Path

from furrow.core.assets import assets_folder
from furrow.core.head_model import load_head_model
from furrow.core.unwrap import texel_millimetres
from furrow.core.view_texture import view_texture
from furrow.core.wrinkles import load_atlas, static_prior

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from line_matching import found_lines, matches
from wrinkled_photo import SIZE, wrinkled_photo

AGES = (0.55, 0.7, 0.8, 0.9, 0.65, 0.75)
SMOOTH_AGES = (0.0, 0.05, 0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--smooth", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=1)
    arguments = parser.parse_args()
    model, atlas = load_head_model(assets_folder() / "head.npz"), load_atlas(assets_folder() / "wrinkles.npz")
    right = found = hit = true = 0
    for i in range(arguments.heads + arguments.smooth):
        seed, lined = arguments.first_seed + i, i < arguments.heads
        age = AGES[i % len(AGES)] if lined else SMOOTH_AGES[i % len(SMOOTH_AGES)]
        height = static_prior(atlas, SIZE, age, seed)
        scene = wrinkled_photo(model, height, seed, freckles=i % 3 == 2, stubble=i % 4 == 1)
        texel = texel_millimetres(model.topology, scene.fit.neutral, SIZE)
        view = view_texture(model, scene.fit, scene.fit.views[0], scene.photo, None, SIZE, texel)
        began = time.perf_counter()
        lines = found_lines(model, atlas, scene.fit, view, texel)
        spent = time.perf_counter() - began
        tally = matches(model, atlas, scene, view, lines, age, seed)
        print(f"seed {seed} age {age:.2f}: {len(lines)} lines in {spent:.2f} s, {tally.describe()}")
        if lined:
            right, found = right + tally.right.sum(), found + len(tally.right)
            hit, true = hit + tally.hit.sum(), true + len(tally.hit)
    print(f"all lined heads: precision {right / max(found, 1):.3f}, recall {hit / max(true, 1):.3f}")


if __name__ == "__main__":
    main()
