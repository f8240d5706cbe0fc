"""A side of the face that is not seen is like the one that is."""

import numpy as np
from charts import flat_chart
from furrow.core.detail.candidates import FoundLines
from furrow.core.detail.grooves import Grooves, ViewLines
from furrow.core.detail.group_fields import line_groups
from furrow.core.detail.line_fit import own_lines
from furrow.core.detail.polylines import Polylines
from furrow.core.detail.ridges import Ridges
from furrow.core.detail.symmetry import borrowed, partners
from furrow.core.wrinkles.coefficients import coefficients, person

SEED, AGE, GRID = 3, 0.8, 400


def middles(atlas, curves):
    return np.array([atlas.uv[atlas.curve_start[c] : atlas.curve_start[c + 1]].mean(0) for c in curves])


def test_the_partner_of_a_curve_is_its_image(atlas):
    curves = person(atlas, SEED).curves
    other = partners(atlas, curves)
    np.testing.assert_array_equal(other[other], np.arange(len(curves)))
    np.testing.assert_array_equal(atlas.curve_group[curves[other]], atlas.curve_group[curves])
    paired = other != np.arange(len(curves))
    assert paired.mean() > 0.3
    here, there = middles(atlas, curves)[paired], middles(atlas, curves[other])[paired]
    away = np.abs(np.column_stack([here[:, 0] + there[:, 0] - 1, here[:, 1] - there[:, 1]]))
    assert np.median(away) < 0.004 and np.quantile(away, 0.95) < 0.04


def test_only_the_side_that_is_seen_better_lends():
    other = np.array([1, 0, 2, 4, 3])
    np.testing.assert_allclose(borrowed(np.array([0.0, 1.0, 0.0, 0.5, 0.6]), other), [1, 0, 0, 0, 0])


def clear_skin(seen):
    """A photo that shows smooth skin where it is seen."""
    none = np.zeros(0)
    lines = Polylines(np.zeros((0, 2)), np.zeros(1, int), none, none, none, none)
    found = FoundLines(lines, np.zeros(0, int), none, none, none, np.zeros(0, bool), none)
    flat = np.zeros((GRID, GRID), np.float32)
    ridges = Ridges(flat, np.zeros((GRID, GRID, 2), np.float32), flat + 0.004, flat + 1, flat, 0.55)
    return ViewLines(found, Grooves(np.zeros((0, 2)), none), ridges, seen, np.zeros((GRID, GRID, 2), np.float32))


def test_smooth_skin_on_one_side_is_smooth_on_the_other(atlas):
    half = np.zeros((GRID, GRID), np.float32)
    half[:, : GRID // 2] = 1
    chart = flat_chart(GRID, 0.5)
    own, _ = own_lines(atlas, line_groups(atlas), [clear_skin(half)], chart, AGE, SEED)
    curves = person(atlas, SEED).curves
    deep = coefficients(atlas, AGE, SEED)[0][curves] > 0.3
    paired = partners(atlas, curves) != np.arange(len(curves))
    left = middles(atlas, curves)[:, 0] < 0.45
    right = middles(atlas, curves)[:, 0] > 0.55
    gain = own.curve_gain[curves]
    assert (deep & paired & left).sum() > 3
    assert gain[deep & paired & left].mean() < 0.3
    assert gain[deep & paired & right].mean() < 0.35
    unseen, _ = own_lines(atlas, line_groups(atlas), [clear_skin(0 * half)], chart, AGE, SEED)
    assert unseen.curve_gain[curves][deep].mean() > 0.9
