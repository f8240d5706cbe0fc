"""Apparent age: lines on skin that is seen, hidden or pushed; whole pictures are read in ``test_drawn_heads``."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.detail.apparent_age import DEFAULT_AGE, apparent_age
from furrow.core.detail.candidates import FoundLines
from furrow.core.detail.grooves import ViewLines
from furrow.core.detail.group_fields import GRID, line_groups
from furrow.core.detail.ridges import Polylines
from furrow.core.head.chart import head_chart
from furrow.core.view.unwrap import resolution

SIZE = 1024  # texels


@pytest.fixture(scope="module")
def chart(model):
    return head_chart(model.topology, model.mean, SIZE)


def drawn(atlas, name, count, *, seen=1.0, compression=0.0, contrast=0.03):
    """A view of straight lines of 40 mm in one group."""
    groups = line_groups(atlas)
    column = groups.names.index(name)
    row, at = np.unravel_index(groups.density[..., column].argmax(), (GRID, GRID))
    uv = np.tile([[(at + 0.5) / GRID, 1 - (row + 0.5) / GRID]], (10 * count, 1))
    points = np.full(10 * count, contrast)
    lines = Polylines(uv, 10 * np.arange(count + 1), points, points, points, points)
    ones = np.ones(count)
    found = FoundLines(lines, (groups.groups[column] * ones).astype(int), points, 3 * ones, 40 * ones, ones > 2, points)
    return ViewLines(found, None, None, np.full((GRID, GRID), seen), np.full((GRID, GRID, 2), compression))


def test_more_lines_and_clearer_ones_never_make_younger(atlas, chart):
    groups = line_groups(atlas)
    for zone in atlas.zones:
        name = next(g.name for g in groups.records if g.appearance.zone == zone.name)
        ages = [apparent_age(atlas, groups, [drawn(atlas, name, n)], chart) for n in (0, 2, 5, 10, 40, 900)]
        assert ages == sorted(ages) and 0 <= ages[0] < 0.15 < ages[-1] <= 1
        faint, clear = (
            apparent_age(atlas, groups, [drawn(atlas, name, 5, contrast=c)], chart) for c in (0.008, 0.03)
        )
        assert faint <= clear


def test_the_face_young_people_show_keeps_no_lines(atlas, chart):
    groups = line_groups(atlas)
    assert apparent_age(atlas, groups, [drawn(atlas, "under_eye", 20)], chart) < 0.15
    assert apparent_age(atlas, groups, [drawn(atlas, "forehead", 2)], chart) < 0.15


def test_hidden_or_pushed_skin_gives_the_default(atlas, chart):
    groups = line_groups(atlas)
    for view in (drawn(atlas, "forehead", 20, seen=0.0), drawn(atlas, "forehead", 20, compression=0.5)):
        assert apparent_age(atlas, groups, [view], chart) == pytest.approx(DEFAULT_AGE)
    half = [apparent_age(atlas, groups, [drawn(atlas, "forehead", 0, seen=s)], chart) for s in (0.02, 0.1, 1.0)]
    assert DEFAULT_AGE > half[0] > half[1] > half[2]


def test_two_photos_pool_their_skin(atlas, chart):
    groups = line_groups(atlas)
    lined, hidden = drawn(atlas, "forehead", 20), drawn(atlas, "forehead", 0, seen=0.0)
    alone = apparent_age(atlas, groups, [lined], chart)
    assert apparent_age(atlas, groups, [lined, hidden], chart) == pytest.approx(alone)
    assert apparent_age(atlas, groups, [lined, replace(hidden, seen=lined.seen)], chart) < alone


def test_a_photo_without_the_lines_of_another_takes_less_than_half_of_them(atlas, chart):
    groups = line_groups(atlas)
    lined, half, none = (drawn(atlas, "forehead", n) for n in (8, 4, 0))
    both = apparent_age(atlas, groups, [lined, none], chart)
    assert apparent_age(atlas, groups, [half], chart) + 0.02 < both < apparent_age(atlas, groups, [lined], chart)
    assert apparent_age(atlas, groups, [lined, lined], chart) == pytest.approx(
        apparent_age(atlas, groups, [lined], chart)
    )


def test_resolution_is_the_blur_of_edges_and_never_below_a_pixel():
    step = np.zeros((200, 200, 3), np.uint8)
    step[:, 100:] = 200
    assert resolution(step, 0.3) == pytest.approx(0.3)
    for blur in (3.0, 6.0):
        soft = cv2.GaussianBlur(step, (0, 0), blur)
        assert resolution(soft, 0.3) == pytest.approx(0.3 * blur / 1.5, rel=0.15)
    assert np.isfinite(resolution(np.zeros((50, 50, 3), np.uint8), 0.3))
