"""Apparent age: photos of synthetic heads of known age, and single lines on skin that is seen, hidden or pushed."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.detail.apparent_age import DEFAULT_AGE, apparent_age
from furrow.core.detail.candidates import FoundLines, believed_of, found_in
from furrow.core.detail.grooves import ViewLines, placed
from furrow.core.detail.group_fields import GRID, line_groups
from furrow.core.detail.ridges import Polylines
from furrow.core.detail.skin_view import skin_view
from furrow.core.head.chart import head_chart
from furrow.core.texture import view_texture as unwrapping
from furrow.core.view.unwrap import resolution
from furrow.core.wrinkles.maps import static_prior
from furrow.models.evaluation import wrinkled_photo as wrinkled
from furrow.models.evaluation.wrinkled_photo import SIZE
from scipy.stats import spearmanr

# seed of a head and its age; other seeds than the curve was fitted to
PEOPLE = {901: 0.03, 902: 0.24, 903: 0.5, 905: 0.95}
YEARS = 65.0


@pytest.fixture(scope="module")
def chart(model):
    return head_chart(model.topology, model.mean, SIZE)


def age_of(model, atlas, scene, photo):
    fit = scene.fit
    chart = head_chart(model.topology, fit.neutral, SIZE)
    with pytest.MonkeyPatch.context() as patch:
        # the albedo's slow part, which lines are not read from
        patch.setattr(unwrapping, "even_out", lambda topology, log_albedo, *rest: (log_albedo[rest[-2].full], 0.0))
        texture = unwrapping.view_texture(model, fit, fit.views[0], photo, None, SIZE, chart.texel)
    groups = line_groups(atlas)
    photo = placed(groups, believed_of(found_in(groups, skin_view(model, fit, fit.views[0], texture, chart))))
    return apparent_age(atlas, groups, [photo.lines], chart)


@pytest.fixture(scope="module")
def scenes(model, atlas):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrinkled, "PIXELS", 720)  # a sharp photo still, and sooner made
        return {
            seed: wrinkled.wrinkled_photo(model, static_prior(atlas, SIZE, age, seed + 7), seed, freckles=age < 0.1)
            for seed, age in PEOPLE.items()
        }


def test_ages_of_heads_that_are_known(model, atlas, scenes):
    truth = np.array(list(PEOPLE.values()))
    found = np.array([age_of(model, atlas, scenes[seed], scenes[seed].photo) for seed in PEOPLE])
    assert spearmanr(truth, found)[0] >= 0.7
    assert YEARS * np.abs(truth - found).mean() <= 12
    assert found[0] < 0.15  # 30 years: freckles are no lines
    assert found[-1] > 0.65


def test_a_blurred_photo_says_nothing_and_not_young(model, atlas, scenes):
    for seed in (901, 905):
        blurred = cv2.GaussianBlur(scenes[seed].photo, (0, 0), 6.0)
        assert abs(age_of(model, atlas, scenes[seed], blurred) - DEFAULT_AGE) < 0.08


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
