"""Folds across strips whose skin, light and folds are known."""

from types import SimpleNamespace

import numpy as np
import pytest
from charts import flat_chart
from furrow.core.detail.folds import (
    STEP_MM,
    Strip,
    closed,
    find_folds,
    fold_run,
    largest_sum,
    light_answer,
    lit_step,
    offsets,
    straightened,
    valley,
)
from furrow.core.detail.group_fields import line_groups
from furrow.core.head.chart import Chart, pixels
from furrow.core.head.raster import uv_raster
from furrow.core.mesh.operators import vertex_normals
from furrow.core.view.lighting import Light

LONG = 70  # samples
NOISE = 0.01


def strip_of(luminance: np.ndarray, slope: float = 0.0, skin: np.ndarray | None = None) -> Strip:
    uv = np.stack(np.meshgrid(offsets(), STEP_MM * np.arange(len(luminance))), -1)
    seen = np.ones(luminance.shape, bool) if skin is None else skin
    return Strip(0, uv, luminance, seen, np.full(luminance.shape, slope))


def run_of(strip: Strip):
    return fold_run(strip, valley(strip), lit_step(strip), np.array([NOISE, NOISE]))


def wavy() -> np.ndarray:
    """(LONG,) mm across: where the fold is."""
    return 2.5 + 1.5 * np.sin(np.arange(LONG) / 18)


def skin_noise() -> np.ndarray:
    return 0.01 * np.random.default_rng(3).normal(size=(LONG, len(offsets())))


def test_a_dark_foot_is_followed_where_it_is():
    foot = -0.3 * np.exp(-0.5 * ((offsets() - wavy()[:, None]) / 1.2) ** 2)
    run = run_of(strip_of(foot + skin_noise()))
    along = np.round(run.uv[:, 1] / STEP_MM).astype(int)
    assert len(run.uv) > 0.9 * LONG
    assert np.abs(run.uv[:, 0] - wavy()[along]).max() < 0.8
    assert run.evidence.mean() > 2 and (run.sides > 0.1).all()


def test_skin_without_a_fold_shows_less():
    run = run_of(strip_of(skin_noise()))
    assert run is None or len(run.uv) * STEP_MM * run.evidence.mean() < 15
    assert run_of(strip_of(np.zeros((LONG, len(offsets()))))) is None


def test_a_step_is_a_fold_if_the_light_makes_it_one():
    edge = 0.1 * np.tanh((offsets() - wavy()[:, None]) / 1.5) + skin_noise()
    right, wrong = run_of(strip_of(edge, 0.4)), run_of(strip_of(edge, -0.4))
    beyond = right.uv[:, 0] - wavy()[np.round(right.uv[:, 1] / STEP_MM).astype(int)]
    assert len(beyond) > 0.8 * LONG and -2.5 < beyond.min() and beyond.max() < 0.5  # on the dark foot

    def told(run):
        return 0.0 if run is None else len(run.uv) * run.evidence.mean()

    assert told(right) > 1.3 * told(run_of(strip_of(edge, 0.0))) > 1.3 * told(wrong)


def test_a_fold_ends_where_its_shade_does_and_does_not_leap():
    foot = -0.3 * np.exp(-0.5 * ((offsets() - 2.0) / 1.2) ** 2) * np.ones((LONG, 1))
    foot[LONG // 2 :] = 0
    run = run_of(strip_of(foot + skin_noise()))
    assert abs(run.uv[-1, 1] - STEP_MM * LONG / 2) < 5
    # the pit of a mouth corner, 8 mm beside the end of a fold, is none of it
    foot[LONG // 2 :] = -0.6 * np.exp(-0.5 * ((offsets() + 6.0) / 1.2) ** 2)
    run = run_of(strip_of(foot + skin_noise()))
    assert np.ptp(run.uv[:, 0]) < 3


def test_gaps_in_the_skin_are_closed_if_skin_is_on_both_sides():
    skin = np.ones((3, len(offsets())), bool)
    skin[0, 15:24] = False  # 4.5 mm
    skin[1, 12:28] = False  # 8 mm
    skin[2, :6] = False  # the end
    filled = closed(skin)
    assert filled[0].all()
    assert not filled[1, 9:31].any() and filled[1, :9].all() and filled[1, 31:].all()  # 1.5 mm from its edges
    assert not filled[2, :9].any() and filled[2, 9:].all()


def test_largest_sum_is_that_of_all_runs():
    rng = np.random.default_rng(0)
    for _ in range(20):
        gain = rng.normal(size=12)
        best = max(gain[a:b].sum() for a in range(13) for b in range(a, 13))
        assert gain[largest_sum(gain)].sum() == pytest.approx(best)
    assert largest_sum(-np.ones(5)).stop == largest_sum(-np.ones(5)).start


def test_a_strip_is_straight_and_true_to_millimetres():
    """In a skew chart, mapped to the plane by a matrix, samples lie at their distance from the curve."""
    matrix = np.array([[150.0, 60.0], [-20.0, 240.0]])  # mm per UV
    metric = np.broadcast_to([(matrix.T @ matrix)[i, j] for i, j in ((0, 0), (0, 1), (1, 1))], (8, 8, 3))
    chart = Chart(64, 0.5, np.ascontiguousarray(metric, np.float32))
    angle = np.linspace(0.2, 1.2, 40)
    circle = 30 * np.stack([np.cos(angle), np.sin(angle)], -1)  # mm
    curve = 0.5 + (circle - circle.mean(0)) @ np.linalg.inv(matrix).T
    ramp = np.arange(64)[None] / 64 + np.zeros((64, 1))  # luminance u
    answer = np.broadcast_to(np.float32([3.0, -2.0]), (16, 16, 2))
    strip = straightened(0, curve, ramp.astype(np.float32), np.ones((64, 64), np.float32), answer, chart)
    place = (strip.uv - 0.5) @ matrix.T + circle.mean(0)
    away = np.linalg.norm(place, axis=-1) - 30
    np.testing.assert_allclose(
        away[2:-2] * np.sign(away[10, -1]), np.broadcast_to(offsets(), away[2:-2].shape), atol=0.1
    )
    np.testing.assert_allclose(np.linalg.norm(np.diff(place[:, 20], axis=0), axis=1), STEP_MM, rtol=0.05)
    middle = strip.luminance[5] - strip.luminance[5, 20]
    np.testing.assert_allclose(middle, strip.uv[5, :, 0] - strip.uv[5, 20, 0], atol=2e-3)
    across = (strip.uv[5, -1] - strip.uv[5, 0]) / (offsets()[-1] - offsets()[0])
    np.testing.assert_allclose(strip.slope[5], across @ [3.0, -2.0], rtol=1e-3)
    assert chart.length(strip.uv[5], np.array([[0.1, 0.0]]))[0] == pytest.approx(np.hypot(15, 2), rel=1e-3)


def test_the_answer_of_the_light_is_that_of_a_tilted_normal(model):
    topology = model.topology
    points = model.mean.astype(float) * [1, -1, -1] + [0, 0, 600]
    normals = vertex_normals(points, topology.triangles)
    coefficients = np.zeros((9, 3))
    coefficients[0], coefficients[1:4] = 3.0, np.array([0.5, -0.6, 0.7])[:, None]
    light = Light(coefficients, np.full(3, 0.05))
    answer = light_answer(topology, SimpleNamespace(points=points, normals=normals), light)
    size = len(answer)
    raster = uv_raster(topology, size)
    fields = raster.sample(np.column_stack([points, normals]))
    face = raster.sample(topology.region("nasolabial")[:, None])[..., 0] > 0.5
    rows, columns = np.nonzero(face)
    assert len(rows) > 50
    for way in ((1.0, 0.0), (0.0, 1.0), (0.6, -0.8)):
        column, row = way[0], -way[1]
        after, before = (
            fields[np.round(rows + s * 2 * row).astype(int), np.round(columns + s * 2 * column).astype(int)]
            for s in (1, -1)
        )
        step = after[:, :3] - before[:, :3]  # four texels or so along the way
        tangent = step / np.linalg.norm(step, axis=1, keepdims=True)
        normal = fields[rows, columns, 3:] / np.linalg.norm(fields[rows, columns, 3:], axis=1, keepdims=True)
        tilt = 0.01
        bright = [np.log(light.shading(normal - s * tilt * tangent).mean(1)) for s in (1, -1)]
        true = 0.8 * (bright[0] - bright[1]) / (2 * tilt)
        texels = np.round([2 * column, -2 * row]) * 2 / size  # of UV
        unit = texels / np.linalg.norm(step, axis=1)[:, None]
        found = (answer[rows, columns] * unit).sum(1)
        assert np.corrcoef(found, true)[0, 1] > 0.95
        assert np.polyfit(true, found, 1)[0] == pytest.approx(1.0, abs=0.12)


def test_folds_drawn_on_a_face_are_found_and_none_on_a_bare_one(model, atlas):
    groups = line_groups(atlas)
    size, texel = 512, 0.6
    dark = np.zeros((size, size), np.float32)
    column, curve = next(fold for fold in groups.folds if groups.names[fold[0]] == "nasolabial")
    at = pixels(
        np.stack([np.interp(np.linspace(0, 1, 400), np.linspace(0, 1, len(curve)), c) for c in curve.T], -1), size
    )
    rows, columns = np.mgrid[:size, :size]
    near = np.min([(rows - y) ** 2 + (columns - x - 3.0) ** 2 for x, y in at[::4]], axis=0)
    dark -= (0.4 * np.exp(-0.5 * near * texel**2 / 1.2**2)).astype(np.float32)
    trust, answer = np.ones((size, size), np.float32), np.zeros((8, 8, 2), np.float32)
    noise = 0.02 * np.random.default_rng(1).normal(size=(size, size)).astype(np.float32)
    chart = flat_chart(size, texel)
    found, none = (find_folds(groups, image + noise, trust, answer, chart) for image in (dark, 0 * dark))
    best = found.evidence.argmax()
    assert found.column[best] == column and found.evidence[best] > 2
    line = pixels(found.lines.uv[found.lines.start[best] : found.lines.start[best + 1]], size)
    off = np.sqrt(((line[:, None] - (at + [3.0, 0.0])) ** 2).sum(-1).min(1))
    assert off.mean() * texel < 0.4 and off.max() * texel < 2
    assert none.evidence.max(initial=0) < 1.5
