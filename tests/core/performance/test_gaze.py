"""Weights of the eyeLook shapes that look somewhere: the eyeballs turn there."""

import numpy as np
import pytest
from furrow.core.performance.gaze import full_turn, gaze_angles, look_weights, turn_between
from furrow.models.evaluation.made_up import mean_character

NAMES = [f"eyeLook{way}{side}" for side in ("Left", "Right") for way in ("In", "Out", "Up", "Down")]


@pytest.fixture(scope="module")
def character(assets):
    return mean_character(assets)


@pytest.fixture(scope="module")
def turns(character):
    return {n: full_turn(character, character.expression_names.index(n), n.endswith("Left")) for n in NAMES}


@pytest.mark.parametrize("yaw, pitch", [(0.2, 0.0), (-0.2, 0.0), (0.0, 0.15), (0.0, -0.12), (-0.1, 0.1)])
def test_eyes_turn_as_wanted(character, turns, yaw, pitch):
    weights = look_weights(turns, {"Left": (yaw, pitch), "Right": (yaw, pitch)})
    row = np.zeros((1, 52))
    for name, weight in weights.items():
        row[0, character.expression_names.index(name)] = weight
    if not yaw * pitch:  # the closed form of one shape alone
        np.testing.assert_allclose(gaze_angles(character, row)[0], [[yaw, pitch]] * 2, atol=0.01)
    part = character.topology.part_slice("eyes")
    rest = character.neutral[part].astype(float)
    posed = rest + np.tensordot(row[0], character.expression_deltas[:, part], 1)
    left = rest[:, 0] > 0
    np.testing.assert_allclose(turn_between(rest[left], posed[left]), [yaw, pitch], atol=0.025)


def test_beyond_the_shapes_they_turn_as_far_as_these_go(turns):
    weights = look_weights(turns, {"Left": (1.2, 0.0), "Right": (1.2, 0.0)})
    assert weights["eyeLookOutLeft"] == pytest.approx(1.0) and weights["eyeLookInRight"] == pytest.approx(1.0)
    assert weights["eyeLookInLeft"] == 0.0 == weights["eyeLookOutRight"]


def test_no_shapes_no_weights():
    assert look_weights({}, {"Left": (0.1, 0.1), "Right": (0.1, 0.1)}) == {}
