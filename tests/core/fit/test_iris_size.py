"""Size of the irises from landmarks of a known eye."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.fit.iris_size import IRIS_DIAMETER, IRIS_RANGE, TRUST, iris_diameter
from furrow.core.head.camera import Camera, Pose
from furrow.core.head.fitted import CoarseFit
from furrow.core.head.landmark_sets import IRISES
from furrow.models.evaluation.made_up import tiny_character


def seen(model, diameter, narrow=1.0):
    """A fit of the mean head whose photo shows irises of so many mm, foreshortened across."""
    camera, pose = Camera(1500, 1500, 512, 512, 1024, 1024), Pose(np.diag([1.0, -1, -1]), np.array([0, 0, 800.0]))
    view = tiny_character().views[0]
    at = pose.apply(model.landmarks(model.mean.astype(float)))
    points = camera.project(at)
    for centre, *rim in IRISES:
        step = 0.5 * diameter * camera.fx / at[centre, 2]
        points[rim] = points[centre] + step * np.array([[narrow, 0], [0, -1], [-narrow, 0], [0, 1]])
    marks = replace(view.landmarks, points=points)
    view = replace(view, camera=camera, pose=pose, landmarks=marks)
    return CoarseFit(np.zeros(1), model.mean, model.joints, (view,))


def test_landmarks_count_a_third(model):
    assert iris_diameter(model, seen(model, IRIS_DIAMETER)) == pytest.approx(IRIS_DIAMETER)
    assert iris_diameter(model, seen(model, IRIS_DIAMETER + 1.5)) == pytest.approx(IRIS_DIAMETER + 1.5 * TRUST)


def test_an_eye_that_looks_aside_is_not_smaller(model):
    assert iris_diameter(model, seen(model, 12.3, 0.7)) == pytest.approx(iris_diameter(model, seen(model, 12.3)))


def test_nobody_has_irises_out_of_range(model):
    assert iris_diameter(model, seen(model, 30.0)) == IRIS_RANGE[1]
    assert iris_diameter(model, seen(model, 3.0)) == IRIS_RANGE[0]
