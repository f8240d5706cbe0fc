"""Lines of several photos: what is there in motion alone, what at rest, what in one photo only by mistake."""

import cv2
import numpy as np
import pytest
from charts import flat_chart
from furrow.core.detail.candidates import FoundLines
from furrow.core.detail.curve_gains import motion_columns
from furrow.core.detail.estimates import HOLD_SIZE
from furrow.core.detail.grooves import Grooves, ViewLines
from furrow.core.detail.group_fields import line_groups
from furrow.core.detail.line_fit import own_lines
from furrow.core.detail.polylines import Polylines
from furrow.core.detail.rest_and_motion import COUPLED, rest_and_motion, runs_along
from furrow.core.detail.ridges import Ridges
from furrow.core.head.chart import pixels
from furrow.core.wrinkles.coefficients import person

SEED, AGE, GRID = 3, 0.6, 400
CHART = flat_chart(GRID, 0.5)
PUSH = 0.5


@pytest.fixture(scope="module")
def crease(atlas):
    """(n, 2) a line of the forehead."""
    group = atlas.group_names.index("forehead")
    curves = np.flatnonzero(atlas.curve_group == group)
    longest = curves[np.diff(atlas.curve_start)[curves].argmax()]
    line = atlas.uv[atlas.curve_start[longest] : atlas.curve_start[longest + 1]].astype(np.float64)
    place = np.linspace(0, len(line) - 1, 80)
    return np.stack([np.interp(place, np.arange(len(line)), c) for c in line.T], -1)


def photo(atlas, line, depth, push, seen=1.0):
    """A photo of smooth skin with one forehead line of a depth in mm, or none, under a compression."""
    shown = depth > 0
    count = len(line) if shown else 0
    each = np.full(count, 0.1 * depth)
    start = np.array([0, count] if shown else [0])
    lines = Polylines(line[:count], start, each / 0.004, each, each, np.full(count, 0.8))
    one = np.ones(int(shown))
    group = np.full(int(shown), atlas.group_names.index("forehead"))
    found = FoundLines(lines, group, np.ones(count), 3 * one, 80 * one, np.zeros(int(shown), bool), each)
    strength = np.zeros((GRID, GRID), np.float32)
    if shown:
        cv2.polylines(strength, [np.round(pixels(line, GRID)).astype(np.int32)], False, 1.2 + depth / 0.04, 3)
    flat = np.zeros((GRID, GRID), np.float32)
    ridges = Ridges(strength, np.zeros((GRID, GRID, 2), np.float32), flat + 0.004, flat + 1, flat, 0.55)
    grooves = Grooves(np.zeros((count, 2)), np.full(count, depth))
    compression = np.full((GRID, GRID, 2), push, np.float32)
    return ViewLines(found, grooves, ridges, np.full((GRID, GRID), seen, np.float32), compression)


def depths(atlas, *photos):
    """Deepest mm at rest, and of what motion adds, of the one own line; the share of it that relief holds."""
    own, held = own_lines(atlas, line_groups(atlas), photos, CHART, AGE, SEED)
    assert len(own) == 1
    return own.rest.max(), own.moved.max(), held.max()


@pytest.mark.parametrize("backwards", [False, True])
def test_a_line_of_the_expression_alone_is_none_at_rest(atlas, crease, backwards):
    calm, moving = photo(atlas, crease, 0.0, 0.0), photo(atlas, crease, 0.5, PUSH)
    alone = depths(atlas, moving)
    both = depths(atlas, *((moving, calm) if backwards else (calm, moving)))
    assert both[0] < 0.5 * alone[0]
    assert both[1] > 0.75 * alone[1]
    assert both[0] + PUSH * both[1] > 0.4


def test_a_line_of_both_photos_is_there_at_rest(atlas, crease):
    calm, moving = photo(atlas, crease, 0.4, 0.0), photo(atlas, crease, 0.42, PUSH)
    rest, moved, _ = depths(atlas, calm, moving)
    assert rest > 0.25
    # it hardly deepens, so motion adds less than it usually does
    assert moved < 0.85 * depths(atlas, calm)[1]
    deep = depths(atlas, calm, photo(atlas, crease, 0.95, PUSH))
    assert deep[1] > 1.25 * moved and abs(deep[0] - rest) < 0.15


def test_a_photo_that_does_not_see_the_line_says_nothing(atlas, crease):
    moving = photo(atlas, crease, 0.5, PUSH)
    hidden = depths(atlas, moving, photo(atlas, crease, 0.0, 0.0, seen=0.02))
    clear = depths(atlas, moving, photo(atlas, crease, 0.0, 0.0))
    assert hidden[0] > 2 * clear[0]


def test_a_line_displaced_between_photos_is_one(atlas, crease):
    shift = np.array([0.0, 1.9 / 200])  # mm over the chart's width
    depths(atlas, photo(atlas, crease, 0.4, 0.0), photo(atlas, crease + shift, 0.45, PUSH))
    assert not runs_along(crease, crease + 2 * shift, CHART)
    across = crease.mean(0) + (crease - crease.mean(0)) @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert not runs_along(crease, across, CHART)


def test_rest_and_motion_come_back_from_many_photos():
    tension = np.linspace(0, 1, 9)
    rest, moved = rest_and_motion(0.2 + 0.7 * tension, tension, np.full(9, 0.02), 0.15, 0.6)
    assert abs(rest - 0.2) < 0.02 and abs(moved - 0.7) < 0.05
    # by the normal equations where no bound is met
    shown, spread = np.array([0.25, 0.5]), np.array([0.1, 0.2])
    rows = np.array([[1, 0.1], [1, 0.6]])
    both = COUPLED * 0.12 * 0.3
    prior = np.linalg.inv([[0.12**2, both], [both, 0.3**2]])
    inverse = np.linalg.inv(rows.T @ np.diag(spread**-2) @ rows + prior)
    wanted = inverse @ (rows.T @ (shown / spread**2) + prior @ [0.2, 0.6])
    np.testing.assert_allclose(rest_and_motion(shown, rows[:, 1], spread, 0.2, 0.6), wanted, rtol=1e-4)


def test_curves_that_no_photo_pushes_keep_their_motion(atlas, crease):
    calm, moving = photo(atlas, crease, 0.0, 0.0), photo(atlas, crease, 0.0, PUSH)
    moving.compression[..., 1] = 0
    own, _ = own_lines(atlas, line_groups(atlas), [calm, moving], CHART, AGE, SEED)
    curves = person(atlas, SEED).curves
    family = atlas.group_family[atlas.curve_group[curves]]
    tensions = [v.tension_map for v in (calm, moving)]
    _, parts, told = motion_columns(atlas, person(atlas, SEED), AGE, tensions, GRID)
    deep = np.asarray(parts[1].max(0).todense()).ravel() > 0.2
    assert told[family == 1].min() > 0.99 and not told[family == 2].any() and not parts[0].max()
    # smooth though pushed: those lines are not this person's; what nothing pushed may be
    assert own.motion_gain[curves][deep].mean() < 0.35
    np.testing.assert_allclose(own.motion_gain[curves][family == 2], 1)


def test_relief_holds_what_it_draws_of_a_line(atlas, crease):
    calm = photo(atlas, crease, 0.3, 0.0)
    own, held = own_lines(atlas, line_groups(atlas), [calm, photo(atlas, crease, 0.3, 0.0)], CHART, AGE, SEED)
    assert held.shape == (HOLD_SIZE, HOLD_SIZE)
    assert 0.5 < held.max() <= 1
    assert abs(own.rest.max() - 0.3) < 0.12
