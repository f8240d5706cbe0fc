"""Measures of mouth and eyes against faces moved by known amounts, and what the refinement holds of them."""

import numpy as np
import pytest
from furrow.core.fit import feature_heights
from furrow.core.fit.terms import landmark_basis
from furrow.core.head.camera import rotation_matrix
from furrow.models.evaluation.mouth_and_eyes import MOUTH_AND_EYES, mouth_and_eyes

NAMES = list(MOUTH_AND_EYES)


@pytest.fixture(scope="module")
def marks(model):
    return model.landmarks(model.mean.astype(float))


def change(marks, moves):
    """By measure, what changes where landmarks {index: (3,) mm} move."""
    moved = marks.copy()
    for index, step in moves.items():
        moved[index] += step
    return dict(zip(NAMES, mouth_and_eyes(moved) - mouth_and_eyes(marks)))


def test_the_mean_head_measures_like_people(marks):
    """Farkas 1994, young adults of both sexes: mouth 50 to 54, fissure 30 to 31 long and 10 to 11 high, mm; the net's
    corners lie inside the anatomist's."""
    found = dict(zip(NAMES, mouth_and_eyes(marks)))
    assert 48 < found["mouth width"] < 55 and 26 < found["eye length"] < 32 and 8.5 < found["eye aperture"] < 11.5
    assert 0 < found["canthal tilt (degrees)"] < 8 and 11 < found["philtrum length"] < 18
    assert 5 < found["upper lip height"] < found["lower lip height"] < 12


def test_each_measure_answers_to_its_own_landmarks(marks):
    wider = change(marks, {61: [-2, 0, 0], 291: [2, 0, 0]})
    assert wider["mouth width"] == pytest.approx(4, abs=1e-6)
    assert all(abs(value) < 1e-9 for name, value in wider.items() if name != "mouth width")
    one_lid = change(marks, {159: [0, 1, 0]})
    assert 0.4 < one_lid["eye aperture"] < 0.51 and one_lid["eye length"] == 0
    fuller = change(marks, {17: [0, -1, 0]})
    assert 0.7 < fuller["lower lip height"] <= 1 and fuller["upper lip height"] == 0
    brows = feature_heights.BROWS[0] + feature_heights.BROWS[1]
    assert change(marks, {index: [0, 1.5, 0] for index in brows})["brow height"] == pytest.approx(1.5)


def test_raised_outer_corners_tilt_both_eyes(marks):
    """Both corners level but for a step: the tilt is the angle of that step."""
    level = marks.copy()
    for inner, outer in zip(feature_heights.INNER_CORNER, feature_heights.OUTER_CORNER):
        level[outer, 1] = level[inner, 1] + 0.1 * abs(level[outer, 0] - level[inner, 0])
    assert mouth_and_eyes(level)[NAMES.index("canthal tilt (degrees)")] == pytest.approx(np.degrees(np.arctan(0.1)))


def test_lengths_do_not_depend_on_pose_and_scale_with_size(marks):
    turned = 1.1 * marks @ rotation_matrix(np.array([0.2, -0.3, 0.1])).T + 5.0
    for name, ratio in zip(NAMES, mouth_and_eyes(turned) / mouth_and_eyes(marks)):
        if name not in ("canthal tilt (degrees)", "brow height"):
            assert ratio == pytest.approx(1.1), name


def test_other_shapes_are_refused(marks):
    with pytest.raises(ValueError, match="478"):
        mouth_and_eyes(marks[:468])


def test_held_heights_cost_what_lips_and_brows_move_and_nothing_else(model):
    """The cost of a step of the coefficients, from heads made with them: squares of four heights over the spread's."""
    basis = landmark_basis(model, 40)
    precision = feature_heights.held_heights(basis, 0.5)
    step = np.random.default_rng(3).normal(0, 0.3, 40)
    before, after = (basis.points(k * step, np.zeros(basis.expression.shape[2])) for k in (0, 1))

    def heights(at):
        corner = [at[[133, 33], 1].mean(), at[[362, 263], 1].mean()]
        brow = [at[list(side), 1].mean() for side in feature_heights.BROWS]
        return np.array([at[0, 1] - at[13, 1], at[14, 1] - at[17, 1], brow[0] - corner[0], brow[1] - corner[1]])

    expected = ((heights(after) - heights(before)) ** 2).sum() / 0.5**2
    assert step @ precision @ step == pytest.approx(expected, rel=1e-6)
    free = np.linalg.svd(precision)[2][4:]  # all steps that move none of the four
    assert np.abs(free @ precision @ free.T).max() < 1e-9 * np.trace(precision)
