"""What the fit says about a turned head, whatever the roll of the photo."""

import dataclasses

import numpy as np
import pytest
from furrow.core.fit.checks import final_checks, inverted_share, view_warnings, yaw
from furrow.core.head.camera import Pose, rotation_matrix
from furrow.models.evaluation.made_up import tiny_character

FACING = np.diag([1.0, -1.0, -1.0])


@pytest.mark.parametrize("roll", [0.0, 0.7, -1.6, np.pi])
@pytest.mark.parametrize("degrees", [-80.0, -20.0, 0.0, 55.0])
def test_yaw_does_not_depend_on_the_roll_of_the_photo(degrees, roll):
    turn = FACING @ rotation_matrix(np.array([0.0, np.radians(degrees), 0.0]))
    rotation = rotation_matrix(np.array([0.0, 0.0, roll])) @ turn
    assert np.degrees(yaw(rotation)) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize("degrees, warned", [(45.0, False), (-45.0, False), (57.0, True), (-62.0, True)])
def test_profile_is_told(degrees, warned):
    view = tiny_character().views[0]
    turn = FACING @ rotation_matrix(np.array([0.0, np.radians(degrees), 0.0]))
    lines = view_warnings(dataclasses.replace(view, pose=Pose(turn, view.pose.translation)))
    assert bool(lines) == warned
    assert all("tiny.jpg: the head is turned by" in line and "guessed" in line for line in lines)


@pytest.mark.parametrize("error, told", [(0.059, False), (0.061, True)])
def test_a_rough_fit_is_told_with_its_error(error, told):
    view = tiny_character().views[0]
    rough = dataclasses.replace(view, pose=Pose(FACING, view.pose.translation), landmark_error=error)
    lines = view_warnings(rough)
    assert len(lines) == told and all("only roughly (landmarks off by 6.1 %" in line for line in lines)


def test_a_head_turned_inside_out_is_pulled_back_until_it_is_none(model):
    wild = np.zeros(len(model.identity_basis))
    wild[:30] = 40.0 * np.random.default_rng(1).normal(size=30)
    pulled, lines = final_checks(model, wild)
    share = np.linalg.norm(pulled) / np.linalg.norm(wild)
    assert inverted_share(model, wild) > 0.01 and inverted_share(model, pulled) <= 0.002
    assert 0.0 < share < 0.9
    np.testing.assert_allclose(pulled, share * wild)
    assert len(lines) == 1 and "pulled back" in lines[0]


def test_a_plausible_head_is_left_alone(model):
    head = np.random.default_rng(2).normal(size=len(model.identity_basis))
    same, lines = final_checks(model, head)
    assert same is head and lines == []
