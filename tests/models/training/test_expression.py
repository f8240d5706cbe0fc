"""Samples and training of the expression regressor."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.nets import expression_regressor as regressor
from furrow.core.nets.features import LOCAL
from furrow.models.evaluation.made_up import ARKIT
from furrow.models.renders.scene import random_shot, render, render_scene
from furrow.models.training import chunks, samples
from furrow.models.training import expression as training
from furrow.models.training.chunks import each_texture, joined, mirrored
from furrow.models.training.texture import (
    TextureTraining,
    components_of,
    corrected_outputs,
    feature_reading,
    outputs_of,
)


def test_drawn_expressions_are_plausible():
    rng = np.random.default_rng(0)
    drawn = np.array([samples.sample_weights(tuple(ARKIT), rng) for _ in range(400)])
    assert drawn.min() >= 0 and drawn.max() <= 1
    assert (drawn[:, ARKIT.index("tongueOut")] == 0).all()
    index = {name: i for i, name in enumerate(ARKIT)}
    for one, other in (("mouthSmileLeft", "mouthFrownLeft"), ("browDownRight", "browInnerUp"), ("jawLeft", "jawRight")):
        assert not ((drawn[:, index[one]] > 0.1) & (drawn[:, index[other]] > 0.1)).any()
    gaze = np.array([name.startswith("eyeLook") for name in ARKIT])
    assert 0.08 < (drawn[:, ~gaze].sum(1) == 0).mean() < 0.25
    used = (drawn > 0.1).any(axis=0)
    assert used.sum() == len(ARKIT) - 1


def test_eyes_look_the_same_way():
    rng = np.random.default_rng(1)
    drawn = np.array([samples.sample_weights(tuple(ARKIT), rng) for _ in range(100)])
    column = {name: drawn[:, i] for i, name in enumerate(ARKIT)}
    assert np.array_equal(column["eyeLookInLeft"], column["eyeLookOutRight"])
    assert np.array_equal(column["eyeLookUpLeft"], column["eyeLookUpRight"])


def test_rigs_differ_but_lids_still_close(model):
    rng = np.random.default_rng(2)
    deltas = model.expression_basis.astype(float)
    size = np.linalg.norm(deltas, axis=(1, 2))
    rigs = [samples.rig_of(model, deltas, rng) for _ in range(4)]
    gain = np.array([np.linalg.norm(rig, axis=(1, 2)) / size for rig in rigs])
    blink, smile = ARKIT.index("eyeBlinkLeft"), ARKIT.index("mouthSmileLeft")
    assert np.abs(gain[:, blink] - 1).max() < 0.2
    assert gain[:, smile].std() > 0.05
    assert np.allclose(gain[:, smile], gain[:, ARKIT.index("mouthSmileRight")], rtol=0.02)


def test_pictures_show_a_face_that_the_pose_turns(model):
    scene = render_scene(model)
    rng = np.random.default_rng(3)
    shots = [random_shot(rng) for _ in range(40)]
    yaw = np.degrees([np.arctan2(shot.rotation[0, 2], -shot.rotation[2, 2]) for shot in shots])
    assert 40 < np.abs(yaw).max() < 61 and yaw.std() > 8
    assert all(np.linalg.det(shot.rotation) == pytest.approx(1.0) for shot in shots)
    picture = render(scene, model.mean.astype(float), shots[0], rng)
    assert picture.shape == (256, 256, 3) and picture.std() > 8


def test_slopes_are_the_derivative_of_half_the_squared_error():
    rng = np.random.default_rng(4)
    values = [rng.normal(0, 0.5, shape) for shape in ((5, 7), (7,), (7, 3), (3,))]
    x, target = rng.normal(0, 1, (11, 5)), rng.uniform(0, 1, (11, 3))

    def cost():
        out = np.maximum(x @ values[0] + values[1], 0) @ values[2] + values[3]
        return 0.5 * ((out - target) ** 2).sum() / len(x)

    for slope, value in zip(training._slopes(x, target, values), values):
        for place in [(0,) * value.ndim, tuple(n - 1 for n in value.shape)]:
            kept = value[place]
            value[place] = kept + 1e-6
            high = cost()
            value[place] = kept - 1e-6
            low = cost()
            value[place] = kept
            assert slope[place] == pytest.approx((high - low) / 2e-6, rel=1e-4, abs=1e-8)


def test_a_member_learns_a_function_that_is_not_linear():
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, (2000, 4)).astype(np.float32)
    y = np.column_stack([np.abs(x[:, 0]), x[:, 1] * (x[:, 2] > 0)]).astype(np.float32)
    settings = training.Training(hidden=(32,), epochs=30, noise=0.0, decay=0.0, rate=1e-2, exchanged=0.0)
    layers = training.train_member(x[:1500], y[:1500], settings, 0)
    out = np.maximum(x[1500:] @ layers[0][0] + layers[0][1], 0) @ layers[1][0] + layers[1][1]
    assert ((out - y[1500:]) ** 2).mean() < 0.1 * y[1500:].var(axis=0).mean()


def test_mean_effect_is_what_a_weight_adds_on_average():
    rng = np.random.default_rng(8)
    weights = rng.uniform(0, 1, (3000, 3))
    added = rng.normal(0, 1, (3, 4))
    inputs = weights @ added + 5.0 + rng.normal(0, 0.3, (3000, 4))
    assert training.mean_effect(inputs, weights) == pytest.approx(added, abs=0.1)


def test_error_table_tells_small_errors_from_large_ones():
    rng = np.random.default_rng(6)
    guess = rng.uniform(0, 1, (20000, 1))
    table = training.error_table(guess, guess + rng.normal(0, 0.05 + 0.2 * guess))
    assert table[0] == pytest.approx(0.05 + 0.2 * np.array([0.02, 0.11, 0.25, 0.5, 0.75, 0.98]), abs=0.025)


def test_mirroring_twice_changes_nothing(model):
    rng = np.random.default_rng(7)
    shapes = ((2, 478, 3), (2, 52), (2, 2, 2, 5))
    drawn = samples.Samples(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))
    pairs = samples.landmark_pairs(model)
    once = mirrored(drawn, pairs, model.expression_names)
    twice = mirrored(once, pairs, model.expression_names)
    assert all(np.array_equal(first, again) for first, again in zip(vars(drawn).values(), vars(twice).values()))
    assert np.array_equal(once.textures[:, :, 0], drawn.textures[:, :, 1])
    each = each_texture(once)
    assert np.array_equal(each.textures, np.concatenate([drawn.textures[:, k, 1] for k in (0, 1)]))
    assert np.array_equal(each.points[2:], once.points)
    smile = [model.expression_names.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    assert np.array_equal(once.weights[:, smile[0]], drawn.weights[:, smile[1]])
    points = model.landmarks(model.mean.astype(float))
    assert np.abs(points[pairs] * [-1, 1, 1] - points).max() < 0.5


def test_calibration_lies_between_mean_and_median_and_never_falls():
    rng = np.random.default_rng(9)
    outputs = rng.uniform(0, 1, (40000, 1))
    there = rng.random(outputs.shape) < outputs  # a shape is there with probability of the output, then at 0.8
    truth = np.where(there, 0.8, 0.0)
    for median in (0.5, 0.75):
        table = training.calibrated_weights(outputs, truth, median)
        assert table[2] == pytest.approx((1 - median) * 0.8 * 0.2, abs=0.03)  # median 0
        assert table[5] == pytest.approx((1 - median) * 0.8 * 0.65 + median * 0.8, abs=0.03)  # median 0.8
        assert (np.diff(table) >= 0).all()


@pytest.fixture(scope="module")
def told_by_textures():
    """Samples whose smiles the landmarks do not show and the texture does, among much else that it shows."""
    net, rng = regressor.load(), np.random.default_rng(10)
    count, smile = 1200, [net.names.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    weights = np.zeros((count, len(net.names)), np.float32)
    weights[:, smile] = np.clip(rng.uniform(-0.6, 1.0, (count, 1)), 0, 1)
    points = net.template * [1.0, -1.0, -1.0] + rng.normal(0, 0.3, (count, *net.template.shape))
    tells, other = rng.normal(size=(2, LOCAL)), rng.normal(size=(6, LOCAL))
    textures = weights[:, smile] @ tells + rng.normal(size=(count, 6)) @ other + rng.normal(size=(count, LOCAL))
    return net, samples.Samples(points.astype(np.float32), weights, textures.astype(np.float16)), smile


def test_texture_tells_what_landmarks_do_not(told_by_textures):
    net, drawn, smile = told_by_textures
    half = slice(0, 800), slice(800, None)
    seen, unseen = (samples.Samples(drawn.points[part], drawn.weights[part], drawn.textures[part]) for part in half)
    settings = TextureTraining(components=30, rank=4, ridge=10.0)
    reading = feature_reading(net, seen, settings)
    assert reading.projection.shape == (LOCAL, 4) and reading.matrix.shape == (4, len(net.names))
    plain = outputs_of(net, net.inputs(unseen.points.astype(float)))
    found = corrected_outputs(replace(net, texture=reading), unseen)
    truth = unseen.weights[:, smile[0]]
    off = [np.abs(outputs[:, smile[0]] - truth).mean() for outputs in (plain, found)]
    assert off[1] < 0.3 * off[0]
    assert np.corrcoef(found[:, smile[0]], truth)[0, 1] > 0.9


def test_trained_texture_is_stored_and_read_again(told_by_textures):
    net, drawn, _ = told_by_textures
    settings = TextureTraining(components=10, rank=3)
    trained = replace(net, texture=feature_reading(net, drawn, settings))
    again = regressor.from_arrays(training.stored_arrays(trained))
    few = drawn.points[:5].astype(float), drawn.textures[:5]
    for first, second in zip(trained.predict_many(*few), again.predict_many(*few)):
        np.testing.assert_allclose(first, second, atol=5e-3)
    assert regressor.from_arrays(training.stored_arrays(replace(net, texture=None))).texture is None


def test_principal_components_are_white():
    rng = np.random.default_rng(11)
    standard = (rng.normal(size=(500, 8)) * [5, 4, 3, 2, 1, 0.1, 0.1, 0.1]) @ rng.normal(size=(8, 40))
    settings = TextureTraining(components=4)
    white = standard @ components_of(standard.astype(np.float32), settings)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(4), atol=0.2)


def test_chunks_are_made_once(model, atlas, monkeypatch, tmp_path):
    made = []

    def make(*given):
        made.append(given[4])
        return samples.Samples(np.full((2, 478, 3), given[4]), np.ones((2, 52)), np.zeros((2, 2, 2, 4), np.float16))

    monkeypatch.setattr(chunks, "make_samples", make)
    given = model, atlas, None, tmp_path, range(3, 5), chunks.Variety, "some"
    first, again = chunks.collect(*given), chunks.collect(*given)
    assert made == [3, 4] and len(first) == 2
    assert np.array_equal(joined(first).points, joined(again).points) and joined(again).textures.shape == (4, 2, 2, 4)
    bare = [samples.Samples(chunk.points, chunk.weights) for chunk in first[:1]] + again[1:]
    assert joined(bare).textures is None
