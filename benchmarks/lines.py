"""Lines found in photos: precision and recall on synthetic heads, false lines on smooth ones, what detail gains.

    python benchmarks/lines.py [--heads 6] [--smooth 4] [--first-seed 1] [--marked]

Each head has another identity, light, albedo, camera and error of the fit (models/evaluation/wrinkled_photo.py). A line
counts as matched within 2 mm and 20 degrees, by length; true lines deeper than 0.15 mm on skin the photo shows are to
be found, lines deeper than 0.05 mm may be. True lines are carried to the fit through the photo, so that the fit's own
error does not count as one of the detector. ``gain`` is how much smaller the detail read from the photo makes the mean
error of the normals' tilt on trusted skin, against none, the truth carried the same way, and of the normals themselves
where the fit projects them, which is how the head is seen beside the photo. With --marked, also the photos whose lines
are marked by hand (models/evaluation/marked_lines.py), where they are on this machine.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time

import numpy as np
from furrow.core.assets import HEAD, WRINKLES, assets_folder
from furrow.core.detail.read import person_detail
from furrow.core.head.chart import Chart, head_chart
from furrow.core.head.model import HeadModel, load_head_model
from furrow.core.head.raster import fill_outside, uv_raster
from furrow.core.image.filters import sample
from furrow.core.mesh.operators import vertex_normals
from furrow.core.pipeline import load_models
from furrow.core.texture.view_texture import ViewTexture, view_texture
from furrow.core.view.unwrap import landmark_shift
from furrow.core.wrinkles.maps import WrinkleAtlas, load_atlas, static_prior
from furrow.core.wrinkles.own_lines import personal_atlas
from furrow.models.evaluation.line_matching import Tally, found_lines, matches, posed
from furrow.models.evaluation.marked_lines import MARKED, PHOTOS, marked_tally
from furrow.models.evaluation.wrinkled_photo import SIZE, Scene, map_normals, render, wrinkled_photo

AGES = (0.55, 0.7, 0.8, 0.9, 0.65, 0.75)
SMOOTH_AGES = (0.0, 0.05, 0.1)


def detail_gains(
    model: HeadModel, atlas: WrinkleAtlas, scene: Scene, view: ViewTexture, chart: Chart, seed: int
) -> tuple[float, float]:
    """Gains of the detail of the photo: of the normals' tilt where landmarks are, of the normals as the fit projects.

    Both are 1 - error with the detail over error without, means over trusted skin: of the tilt, and in the camera of
    the fit of the angle between whole normals (errors of the coarse shape stay in both).
    """
    topology, camera = model.topology, scene.fit.views[0].camera
    read = person_detail(model, atlas, scene.fit, [view], chart, seed + 1000)
    height = read.static + static_prior(personal_atlas(atlas, read.own), SIZE, read.age, seed + 1000)
    raster, points = uv_raster(topology, SIZE), posed(model, scene.fit)
    marks = scene.fit.views[0].landmarks.points
    pixel = view.posed.millimetres_per_pixel
    shift = landmark_shift(model, points, (marks - camera.project(model.landmarks(points))) * pixel) / pixel
    fields = raster.sample(np.column_stack([points, vertex_normals(points, topology.triangles), shift]))
    place, normals, shift = np.split(fill_outside(fields, raster.covered, 8), [3, 6], axis=-1)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    bent = map_normals(place, height, normals)
    truth, smooth = (
        render(topology, posed(model, scene.truth), camera, n.astype(np.float32)) for n in (scene.normals, scene.smooth)
    )
    at = camera.project(np.maximum(place, (-1e4, -1e4, 1.0))) - 0.5 + shift
    true = sample((truth - smooth).astype(np.float32), at)
    used = (view.bare > 0.7) & raster.covered
    without, after = (np.linalg.norm(true - t, axis=-1)[used].mean() for t in (0 * normals, bent - normals))
    bare = np.repeat(view.bare[..., None], 3, -1)
    maps = [render(topology, points, camera, m.astype(np.float32)) for m in (normals, bent, bare)]
    shown = (maps[2][..., 0] > 0.7) & (np.linalg.norm(truth, axis=-1) > 0.8)
    plain, detailed = (angles(m[shown], truth[shown]).mean() for m in maps[:2])
    return float(1 - after / without), float(1 - detailed / plain)


def angles(these: np.ndarray, those: np.ndarray) -> np.ndarray:
    """(n,) radians between vectors (n, 3)."""
    product = (these * those).sum(-1) / np.linalg.norm(these, axis=-1) / np.linalg.norm(those, axis=-1)
    return np.arccos(np.clip(product, -1, 1))


def marked() -> None:
    """Print the photos marked by hand."""
    models, tallies = load_models("cpu"), []
    for name in MARKED:
        if (PHOTOS / name).exists():
            tallies.append(marked_tally(models, name))
            print(f"{name}: {tallies[-1].describe()}")
    if tallies:
        right, hit = (np.concatenate([getattr(t, key) for t in tallies]) for key in ("right", "hit"))
        print(f"all marked photos: {Tally(right, hit).describe()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--smooth", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--marked", action="store_true", help="photos marked by hand as well")
    arguments = parser.parse_args()
    model, atlas = load_head_model(assets_folder() / HEAD), load_atlas(assets_folder() / WRINKLES)
    right = found = hit = true = 0
    gains = []
    for i in range(arguments.heads + arguments.smooth):
        seed, lined = arguments.first_seed + i, i < arguments.heads
        age = AGES[i % len(AGES)] if lined else SMOOTH_AGES[i % len(SMOOTH_AGES)]
        height = static_prior(atlas, SIZE, age, seed)
        scene = wrinkled_photo(model, height, seed, freckles=i % 3 == 2, stubble=i % 4 == 1)
        chart = head_chart(model.topology, scene.fit.neutral, SIZE)
        view = view_texture(model, scene.fit, scene.fit.views[0], scene.photo, None, SIZE, chart.texel)
        began = time.perf_counter()
        lines = found_lines(model, atlas, scene.fit, view, chart)
        spent = time.perf_counter() - began
        tally = matches(model, atlas, scene, view, lines, age, seed)
        print(f"seed {seed} age {age:.2f}: {len(lines)} lines in {spent:.2f} s, {tally.describe()}")
        if lined:
            gains.append(detail_gains(model, atlas, scene, view, chart, seed))
            print("    gain {:+.3f}, as the fit projects {:+.3f}".format(*gains[-1]))
            right, found = right + tally.right.sum(), found + len(tally.right)
            hit, true = hit + tally.hit.sum(), true + len(tally.hit)
    figures = f"precision {right / max(found, 1):.3f}, recall {hit / max(true, 1):.3f}"
    if gains:
        print(f"all lined heads: {figures}, " + "gain {:+.3f}, as the fit projects {:+.3f}".format(*np.mean(gains, 0)))
    if arguments.marked:
        marked()


if __name__ == "__main__":
    main()
