"""Scalp hair: where it grows, how each style lies, and what a file keeps of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from furrow.core.hair.hair import Hair, read_scalp_header
from furrow.core.hair.hair_colour import HairColour
from furrow.core.hair.scalp import NONE, Scalp, grow_scalp, scalp_colour, scalp_tone
from furrow.core.hair.scalp_area import Hairline, moved_hairline, usual_hairline
from furrow.core.hair.skull import skull_of
from furrow.core.hair.strands import SCALP
from furrow.core.hair.styles import SIDES, STYLES, TOP
from furrow.core.head.landmark_sets import FACE_OVAL

BROWN = HairColour(np.log([0.06, 0.035, 0.02]), 0.0)


@pytest.fixture(scope="module")
def usual(model):
    return usual_hairline(model, model.mean)


def worn(model, usual, style, seed=1, **changes):
    scalp = replace(Scalp(style, BROWN, usual), **changes)
    return grow_scalp(model.topology, model.mean, model.joints, scalp, seed)


@pytest.fixture(scope="module")
def every_style(model, usual):
    return {name: worn(model, usual, name) for name in STYLES}


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_sound_and_stays_out_of_head_and_face(every_style, model, style):
    strands = every_style[style]
    strands.check()
    assert strands.group == SCALP and len(strands) > 8000
    skull = skull_of(model.topology, model.mean, model.joints)
    height = skull.height(strands.points[:, 1:].astype(float))
    assert np.quantile(height, 0.02) > -2.5
    eyes = model.mean[model.topology.part_slice("eyes")]
    before = (
        (np.abs(strands.points[..., 0]) < eyes[:, 0].max())
        & (strands.points[..., 2] > eyes[:, 2].mean())
        & (np.abs(strands.points[..., 1] - eyes[:, 1].mean()) < 8.0)
    )
    assert before.any(1).mean() < 0.002, "hair hangs before the eyes"


@pytest.mark.parametrize("style", STYLES)
def test_no_hair_is_rooted_in_face_or_ears(every_style, model, style):
    roots = every_style[style].points[:, 0]
    marks = model.landmarks(model.mean)
    face = marks[list(FACE_OVAL)]
    in_face = (np.abs(roots[:, 0]) < 40.0) & (roots[:, 2] > 80.0) & (roots[:, 1] < marks[10, 1])
    assert not in_face.any()
    assert roots[:, 1].min() > face[:, 1].min() - 20.0


def test_lengths_are_those_of_the_style(model, usual):
    for name in ("buzz", "short", "swept_back"):
        points = worn(model, usual, name).points
        length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
        on_top = points[:, 0, 1] > np.quantile(points[:, 0, 1], 0.9)
        assert np.median(length[on_top]) == pytest.approx(STYLES[name].lengths[TOP], rel=0.25)
    long = worn(model, usual, "buzz", length=2.0).points
    doubled = np.linalg.norm(np.diff(long, axis=1), axis=2).sum(1)
    short = np.linalg.norm(np.diff(worn(model, usual, "buzz").points, axis=1), axis=2).sum(1)
    assert np.median(doubled) == pytest.approx(2.0 * np.median(short), rel=0.1)


def test_more_volume_lies_higher(model, usual):
    skull = skull_of(model.topology, model.mean, model.joints)
    flat, full = (
        np.quantile(skull.height(worn(model, usual, "side_part", volume=v).points[:, 4:].astype(float)), 0.9)
        for v in (0.6, 1.8)
    )
    assert full > 1.4 * flat


def test_a_bob_ends_at_the_chin_and_long_hair_does_not(every_style, model):
    chin = model.mean[model.topology.region("chin") > 0.5, 1].min()
    bob, long = (every_style[name].points for name in ("bob", "long_straight"))
    assert np.quantile(bob[:, -1, 1], 0.01) > chin - 25.0
    assert np.median(long[:, -1, 1]) < chin - 60.0


def test_tied_hair_meets_behind_the_head(every_style):
    points = every_style["tied_back"].points
    tips = points[:, -1]
    assert tips[:, 2].max() < -40.0 and np.std(tips[:, 0]) < 25.0


def test_fringe_is_cut_over_the_brows(every_style, model):
    brow = model.mean[model.topology.region("brow") > 0.5, 1].mean()
    points = every_style["bob_fringe"].points
    front = (np.abs(points[:, 0, 0]) < 25.0) & (points[:, 0, 2] > 70.0)
    lowest = points[front][..., 1].min(1)
    assert front.sum() > 200 and abs(np.median(lowest) - brow) < 22.0 and np.quantile(lowest, 0.02) > brow - 6.0


def test_bald_styles_leave_the_top_bare(every_style):
    ring, usual = (every_style[name].points[:, 0] for name in ("horseshoe", "short"))
    high = np.quantile(usual[:, 1], 0.85)
    assert (usual[:, 1] > high).mean() > 0.1 and (ring[:, 1] > high).mean() < 0.01


def test_parting_divides_left_from_right(every_style):
    points = every_style["side_part"].points
    parting = STYLES["side_part"].parting
    top = (points[:, 0, 1] > 85.0) & (points[:, 0, 2] > 20.0)
    away = points[:, points.shape[1] // 2, 0] - points[:, 0, 0]
    left = top & (points[:, 0, 0] > parting + 6.0)
    right = top & (points[:, 0, 0] < parting - 6.0)
    assert np.mean(away[left] > 0) > 0.9 and np.mean(away[right] < 0) > 0.9


def test_mirrored_parts_on_the_other_side(model, usual):
    points = worn(model, usual, "side_part", mirrored=True).points
    top = (points[:, 0, 1] > 85.0) & (points[:, 0, 2] > 20.0) & (np.abs(points[:, 0, 0]) < 20.0)
    away = points[:, points.shape[1] // 2, 0] - points[:, 0, 0]
    assert np.mean(away[top] > 0) > 0.9


def test_coils_turn_and_straight_hair_does_not(every_style):
    def turning(points):
        steps = np.diff(points, axis=1)
        steps /= np.linalg.norm(steps, axis=2, keepdims=True)
        return float(np.median(np.arccos(np.clip((steps[:, 1:] * steps[:, :-1]).sum(2), -1, 1)).sum(1)))

    assert turning(every_style["coils"].points) > 4.0 * turning(every_style["long_straight"].points)


def test_the_same_seed_grows_the_same_hair(model, usual):
    one, two, other = (worn(model, usual, "short", seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.points, two.points)
    assert len(one) != len(other) or (one.points != other.points).any()


def test_any_first_part_is_spread_as_the_whole(every_style):
    roots = every_style["short"].points[:, 0]
    some = roots[: len(roots) // 4]
    np.testing.assert_allclose(some.mean(0), roots.mean(0), atol=2.0)
    np.testing.assert_allclose(some.std(0), roots.std(0), rtol=0.05)


def test_a_photos_hairline_moves_the_usual_one_only_there(usual):
    arcs = np.linspace(-30.0, 30.0, 21)
    angle = arcs / 75.0
    height = np.interp(arcs, *usual.line[np.abs(usual.line[:, 0]) < 80].T) + 20.0
    seen = np.stack([80.0 * np.sin(angle), height, usual.axis + 80.0 * np.cos(angle)], axis=1)
    moved = moved_hairline(usual, seen)
    over = moved.line[:, 1] - usual.line[:, 1]
    assert over[np.abs(usual.line[:, 0]) < 10].min() > 15.0
    assert np.abs(over[np.abs(usual.line[:, 0]) > 90]).max() < 1e-9
    assert moved_hairline(usual, seen[:3]) is usual


def test_inside_is_a_signed_distance(usual):
    square = Hairline(0.0, np.array([[-100.0, 0.0], [100.0, 0.0]]))
    at = np.array([[0.0, 5.0, 75.0], [0.0, -7.0, 75.0]])
    np.testing.assert_allclose(square.inside(at), [5.0, -7.0], atol=1e-9)


def test_tone_is_under_hair_and_nowhere_else(model, usual):
    tone = scalp_tone(model.topology, model.mean, Scalp("short", BROWN, usual))
    scalp, nose = (model.topology.region(name)[: len(tone)] > 0.9 for name in ("scalp", "nose"))
    assert np.median(tone[scalp]) == pytest.approx(STYLES["short"].tone, abs=0.05) and tone[nose].max() == 0.0
    assert not scalp_tone(model.topology, model.mean, Scalp(NONE, BROWN, usual)).any()
    np.testing.assert_allclose(scalp_colour(Scalp("short", BROWN, usual)), [0.06, 0.035, 0.02])


def test_none_grows_nothing(model, usual):
    assert worn(model, usual, NONE) is None


def test_header_comes_back(usual):
    scalp = Scalp("bob", HairColour(BROWN.pigmented, 0.3), usual, 1.2, 0.8, 1.1, True)
    again = read_scalp_header(json.loads(json.dumps(Hair(scalp=scalp).header())))
    assert (again.style, again.length, again.volume, again.tip, again.mirrored) == ("bob", 1.2, 0.8, 1.1, True)
    assert again.colour.grey == 0.3
    np.testing.assert_allclose(again.hairline.line, usual.line, atol=0.006)
    assert read_scalp_header(Hair().header()) is None and read_scalp_header(None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"style": "mohawk"},
        {"length": 1e9},
        {"volume": float("nan")},
        {"colour": [0.0, 0.0]},
        {"colour": [9.0, 0.0, 0.0]},
        {"grey": 2.0},
        {"hairline": {"axis": 0.0, "line": [[0.0, 0.0]]}},
        {"hairline": {"axis": 0.0, "line": [[0.0, 1e30], [1.0, 0.0]]}},
        {"hairline": {"axis": float("inf"), "line": [[0.0, 1.0], [1.0, 0.0]]}},
    ],
)
def test_a_strangers_header_is_refused(usual, change):
    header = Scalp("bob", BROWN, usual).header() | change
    with pytest.raises(ValueError):
        Scalp.of_header(header)


def test_styles_differ_in_outline(every_style):
    """Width of the hair at ears' height tells full styles from cropped ones."""
    width = {name: np.quantile(np.abs(s.points[..., 0]), 0.97) for name, s in every_style.items()}
    assert width["bob"] > width["buzz"] + 8.0 and width["coils"] > width["buzz"] + 10.0
    assert STYLES["bob"].lengths[SIDES] > STYLES["buzz"].lengths[SIDES]
