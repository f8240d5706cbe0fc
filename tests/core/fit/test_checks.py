"""What the fit says about a turned head, whatever the roll of the photo."""

import dataclasses

import numpy as np
import pytest
from furrow.core.fit.checks import view_warnings, yaw
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
