"""Wrinkles of the training pictures."""

import numpy as np
import pytest
from furrow.models.evaluation.made_up import ARKIT
from furrow.models.renders import relief
from furrow.models.renders.camera import photographed
from furrow.models.renders.scene import Shot, random_shot, render, render_scene


@pytest.fixture(scope="module")
def scene(model, atlas):
    return relief.relief_scene(model, atlas)


def mean_slopes(scene, age, **shapes):
    """(rows, columns) size of the slopes, averaged over some people."""
    weights = np.zeros(len(ARKIT))
    for name, value in shapes.items():
        weights[ARKIT.index(name)] = value
    rng = np.random.default_rng(0)
    return np.mean([np.hypot(*np.moveaxis(relief.slopes(scene, weights, age, rng), 2, 0)) for _ in range(6)], axis=0)


def at(scene, x, y, radius=8.0):
    column, row = (np.array([x, y]) - scene.origin) / relief.CELL
    reach = int(radius / relief.CELL)
    return np.s_[int(row) - reach : int(row) + reach, int(column) - reach : int(column) + reach]


def test_a_line_is_as_deep_as_its_amplitude(scene):
    """A straight line of control points 1 mm apart, against the depth asked for."""
    place = np.column_stack([np.arange(100, 220, 2.0), np.full(60, 150.0)])
    straight = relief.ReliefScene(scene.atlas, place, place[:, 0], np.ones(60), scene.drivers, scene.origin, (320, 300))
    height = relief._lines(straight, np.arange(60), np.full(60, 0.5), relief.FINE)
    assert height[150, 130:190].min() == pytest.approx(-0.5, rel=0.05)
    assert np.abs(height[:135]).max() < 1e-3


def test_expressions_bring_lines_on_their_side(model, scene):
    still = mean_slopes(scene, 0.3)
    brow, lip = (model.landmarks(model.mean.astype(float))[i] for i in (10, 61))
    raised = mean_slopes(scene, 0.3, browInnerUp=1.0, browOuterUpLeft=1.0, browOuterUpRight=1.0)
    forehead = at(scene, brow[0], brow[1] - 18.0)
    assert raised[forehead].mean() > 3 * still[forehead].mean()
    smile = mean_slopes(scene, 0.3, mouthSmileLeft=1.0)
    left, right = at(scene, abs(lip[0]) + 8, lip[1] + 12), at(scene, -abs(lip[0]) - 8, lip[1] + 12)
    assert smile[left].mean() > 1.5 * still[left].mean()
    assert smile[right].mean() == pytest.approx(still[right].mean(), rel=0.1)


def test_squinting_leaves_the_lower_face_alone(model, scene):
    still, squint = mean_slopes(scene, 0.2), mean_slopes(scene, 0.2, eyeSquintLeft=1.0, eyeSquintRight=1.0)
    lip, eye = (model.landmarks(model.mean.astype(float))[i] for i in (61, 33))
    beside_lips, beside_eye = at(scene, lip[0] - 10, lip[1] + 4), at(scene, eye[0] - 10, eye[1])
    assert squint[beside_lips].mean() == pytest.approx(still[beside_lips].mean(), rel=0.05)
    assert squint[beside_eye].mean() > 1.5 * still[beside_eye].mean()


def test_age_leaves_lines_at_rest(scene):
    assert mean_slopes(scene, 0.9).mean() > 2 * mean_slopes(scene, 0.05).mean()


def test_pictures_show_the_wrinkles_of_the_expression(model, atlas):
    """One mesh, one picture, but for the weights that crease its skin: the forehead differs, the chin does not."""
    weights = np.zeros(len(ARKIT))
    weights[[ARKIT.index(f"browOuterUp{side}") for side in ("Left", "Right")]] = 1.0
    scene, shot = render_scene(model, atlas), Shot(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 900.0]), 1000.0)
    change = []
    for seed in range(6):
        pair = [
            render(scene, model.mean.astype(float), shot, np.random.default_rng(seed), weights=expression).astype(float)
            for expression in (None, weights)
        ]
        change.append(np.abs(pair[1] - pair[0]).mean(axis=2))
    change = np.mean(change, axis=0)
    assert change[30:65, 100:156].mean() > 0.8 > 4 * change[170:200, 100:156].mean()


def test_photographed_pictures_differ_in_tone_and_grain_only(model):
    rng = np.random.default_rng(6)
    picture = render(render_scene(model), model.mean.astype(float), random_shot(rng), rng)
    seen = [photographed(picture, rng) for _ in range(8)]
    assert all(image.shape == picture.shape and image.dtype == np.uint8 for image in seen)
    grey = picture.mean(2).ravel()
    assert min(np.corrcoef(image.mean(2).ravel(), grey)[0, 1] for image in seen) > 0.9
    assert np.std([image.std() for image in seen]) > 1.0
