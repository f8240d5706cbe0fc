"""A person's own lines as curves of the atlas: depth at the photo's age, at other ages, layouts, in files."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.character.edit import with_wrinkles
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError
from furrow.core.head.model import load_head_model
from furrow.core.head.normal_map import uv_metric
from furrow.core.wrinkles.atlas import FOLD, OWN
from furrow.core.wrinkles.coefficients import coefficients, person, static_share
from furrow.core.wrinkles.maps import dynamic_amplitudes, static_amplitudes, static_prior
from furrow.core.wrinkles.own_lines import OwnLines, line_relief, personal_atlas
from furrow.models.evaluation.made_up import tiny_character

AGE = 0.5


def own_of(atlas, age: float = AGE, **changes) -> OwnLines:
    """Two lines of the forehead, 0.3 mm deep in the middle, 0.5 mm more in motion."""
    row = atlas.group_names.index("forehead")
    around = np.flatnonzero(atlas.of_points(atlas.curve_group) == row)
    centre, metric = atlas.uv[around].mean(0), atlas.metric[around].mean(0)
    along = np.linspace(-0.03, 0.03, 12)
    uv = np.concatenate([centre + np.stack([along, np.full(12, dv)], -1) for dv in (0.0, 0.03)]).astype(np.float32)
    shape = np.tile(np.sin(np.linspace(0, np.pi, 12)), 2).astype(np.float32)
    own = OwnLines(
        uv=uv,
        metric=np.tile(metric, (24, 1)).astype(np.float32),
        crest=np.full((24, 2), 4.0, np.float32),
        rest=0.3 * shape,
        moved=0.5 * shape,
        start=np.array([0, 12, 24]),
        group=np.array([row, row]),
        width=np.full(2, 0.8, np.float32),
        roll=np.full((2, 2), 0.15, np.float32),
        age=age,
        curve_gain=np.ones(len(atlas.curve_group), np.float32),
        motion_gain=np.ones(len(atlas.curve_group), np.float32),
        point_gain=np.ones(len(atlas.uv), np.float32),
    )
    return replace(own, **changes)


def own_depths(atlas, own, age, seed=1):
    """Static and dynamic depths (n,) at the own points."""
    whole = personal_atlas(atlas, own)
    someone = person(whole, seed)
    rows = someone.of_points(whole.curve_rank[someone.curves]) == OWN
    return static_amplitudes(whole, age, seed)[rows], dynamic_amplitudes(whole, age, seed)[rows]


@pytest.mark.parametrize("age", [0.0, 0.2, 0.5, 0.95])
@pytest.mark.parametrize("seed", [0, 7])
def test_own_lines_are_as_deep_as_the_photo_shows_them(atlas, age, seed):
    own = own_of(atlas, age)
    rest, moved = own_depths(atlas, own, age, seed)
    np.testing.assert_allclose(rest, own.rest, atol=1e-4)
    np.testing.assert_allclose(moved, own.moved, atol=1e-4)


def test_own_lines_grow_with_age_and_fade_with_youth(atlas):
    own = own_of(atlas)
    depth = [own_depths(atlas, own, age)[0].max() for age in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(a < b for a, b in zip(depth, depth[1:]))
    assert depth[0] < 0.35 * depth[2] and depth[-1] < 3 * depth[2]


def test_a_curve_the_photo_contradicts_is_not_there_and_comes_later(atlas):
    someone = person(atlas, 1)
    curve = someone.curves[(atlas.curve_rank[someone.curves] != FOLD)][3]
    gain = np.ones(len(atlas.curve_group), np.float32)
    gain[curve] = 0.0
    at = personal_atlas(atlas, own_of(atlas, curve_gain=gain))
    before, after = (coefficients(a, AGE, 1)[0] for a in (atlas, at))
    assert before[curve] > 0 and after[curve] == 0
    others = np.setdiff1d(someone.curves, [curve])
    np.testing.assert_allclose(after[others], before[others], rtol=1e-5)
    # old age brings it all the same
    np.testing.assert_allclose(coefficients(at, 1.0, 1)[0][curve], coefficients(atlas, 1.0, 1)[0][curve], rtol=1e-4)
    assert 0 < coefficients(at, 0.8, 1)[0][curve] < coefficients(atlas, 0.8, 1)[0][curve]


@pytest.mark.parametrize("share", [0.3, 0.7, 1.4])
def test_a_gain_scales_the_depth_at_the_age_of_the_photo(atlas, share):
    gain = np.full(len(atlas.curve_group), share, np.float32)
    at = personal_atlas(atlas, own_of(atlas, curve_gain=gain))
    floor = atlas.group_floor[atlas.curve_group] > 0
    rows = np.flatnonzero(~floor & (static_share(atlas, AGE) > 0.01))
    before, after = (coefficients(a, AGE, 1)[0] for a in (atlas, at))
    drawn = rows[before[rows] > 0]
    assert len(drawn) > 20
    np.testing.assert_allclose(after[drawn], share * before[drawn], rtol=2e-3)


def test_the_atlas_gives_way_beside_an_own_line(atlas):
    gone = np.ones(len(atlas.uv), np.float32)
    gone[: len(gone) // 2] = 0
    at = personal_atlas(atlas, own_of(atlas, point_gain=gone))
    assert not at.dynamic[: len(gone) // 2].any() and not at.memory[: len(gone) // 2].any()
    np.testing.assert_array_equal(at.dynamic[len(gone) // 2 : len(gone)], atlas.dynamic[len(gone) // 2 :])


def test_the_map_has_the_grooves(atlas):
    own = own_of(atlas)
    drawn = static_prior(personal_atlas(atlas, own), 512, AGE, 1) - static_prior(atlas, 512, AGE, 1)
    plain = line_relief(own, 512)
    assert drawn.min() == pytest.approx(-0.28, abs=0.08)
    # the atlas's map is drawn a little wider, as texels average, and has rolls beside the grooves
    inside = plain < -0.1
    assert np.corrcoef(drawn[inside], plain[inside])[0, 1] > 0.9
    assert not line_relief(replace(own, rest=0 * own.rest), 512).any()


def test_gains_of_another_atlas_and_unknown_groups_are_left_out(atlas):
    foreign = own_of(atlas, curve_gain=np.zeros(5, np.float32), group=np.array([0, len(atlas.group_names)]))
    at = personal_atlas(atlas, foreign)
    assert (at.curve_rank == OWN).sum() == 1
    np.testing.assert_array_equal(at.memory[: len(atlas.memory)], atlas.memory)
    assert personal_atlas(atlas, None) is atlas


def test_a_file_keeps_own_lines_and_relief_in_motion(atlas, tmp_path):
    moving = np.random.default_rng(0).normal(0, 0.02, (8, 8, 3)).astype(np.float32)
    own = own_of(atlas)
    path = tmp_path / "lines.furrow"
    save_character(replace(tiny_character(), own_lines=own, moving_residual=moving), path)
    again = load_character(path)
    assert again.own_lines == own and again.own_lines.digest == own.digest
    assert np.abs(again.moving_residual - moving).max() < 1e-5
    save_character(tiny_character(), path)
    assert load_character(path).own_lines is None and load_character(path).moving_residual is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": np.array([0, 12, 25])},
        {"start": np.array([0, 23, 24])},
        {"group": np.array([-1, 0])},
        {"curve_gain": np.array([9.0]), "motion_gain": np.array([1.0])},
        {"rest": np.full(24, np.nan, np.float32)},
        {"uv": np.full((24, 2), 1e6, np.float32)},
        {"rest": np.full(24, 1e6, np.float32)},
        {"metric": np.zeros((24, 3), np.float32)},
        {"metric": np.tile(np.float32([1e5, 2e5, 1e5]), (24, 1))},
        {"width": np.full(2, 1000.0, np.float32)},
        {"width": np.zeros(2, np.float32)},
    ],
)
def test_a_hostile_file_is_refused(atlas, tmp_path, wrong):
    own = own_of(atlas, **wrong)
    with pytest.raises(ValueError):
        own.check()
    path = tmp_path / "bad.furrow"
    save_character(replace(tiny_character(), own_lines=own), path)
    with pytest.raises(CharacterFileError):
        load_character(path)


def test_a_line_anywhere_on_the_head_can_be_kept(assets, atlas):
    """Where the chart is drawn thin, as on the neck, its metric is large: no file is damaged by that."""
    model = load_head_model(assets / "head.npz")
    metric = np.abs(uv_metric(model.topology, model.mean, 256).reshape(-1, 3)).max(1)
    large = float(np.percentile(metric, 99.9))
    assert large > 1e7
    own_of(atlas, metric=np.tile(np.float32([large, 0, 1e5]), (24, 1))).check()


def test_editing_keeps_own_lines_whatever_the_seed(atlas):
    own = own_of(atlas)
    made = replace(tiny_character(size=256), own_lines=own, static_residual=None, age=AGE, residual_age=AGE)
    moving = np.zeros((8, 8, 3), np.float32)
    moving[..., 0] = 0.03
    made = replace(made, moving_residual=moving)
    for seed in (1, 2):
        edited = with_wrinkles(made, atlas, seed=seed)
        without = with_wrinkles(replace(made, own_lines=None, moving_residual=None), atlas, seed=seed)
        assert (edited.detail.static - without.detail.static).min() < -0.12
        assert edited.own_lines == own
        added = edited.detail.compressed_1 - without.detail.compressed_1
        assert np.median(added) == pytest.approx(0.03, abs=1e-4)
