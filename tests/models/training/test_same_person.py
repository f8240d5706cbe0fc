"""Training of the same-person test: discriminants, calibration, and that a rendered person stays the same one."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.nets import identity_regressor, same_person
from furrow.core.nets.features import LENGTH
from furrow.models.renders.scene import USUAL_LOOKS, Light, random_shot, render, render_scene
from furrow.models.training.same_person import (
    HELD_OUT,
    SamePersonTraining,
    calibration,
    discriminants,
    errors,
    pairs,
    stored_arrays,
    train,
)
from furrow.models.training.same_person_samples import PeopleSamples


def test_discriminants_find_where_people_differ():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    people = np.zeros((1500, 6))
    people[:, :2] = rng.normal(0, (2.0, 1.0), (1500, 2))
    owner = np.repeat(np.arange(1500), 5)
    inputs = (people[owner] + rng.normal(0, 1, (7500, 6))) @ root
    axes, variance = discriminants(inputs, owner, 6, 0.0)
    assert np.allclose(variance, [4, 1, 0, 0, 0, 0], atol=0.3)
    within = (inputs - (people @ root)[owner]) @ axes
    assert np.allclose(np.cov(within.T), np.eye(6), atol=0.1)


def test_calibrated_scores_are_log_likelihood_ratios():
    rng = np.random.default_rng(1)
    # of N(1, 1) against N(-1, 1) the ratio is 2 x; the score is another linear function of x
    same, other = (0.5 * (rng.normal(mean, 1, 40_000)) + 3.0 for mean in (1, -1))
    slope, rise = calibration(same, other)
    assert slope == pytest.approx(4.0, rel=0.05) and rise == pytest.approx(-12.0, rel=0.05)


def test_pairs_are_counted_once():
    ratios = np.arange(9.0).reshape(3, 3)
    same, other = pairs(ratios, np.array([0, 1, 0]))
    assert same.tolist() == [2.0] and other.tolist() == [1.0, 5.0]


def test_what_people_keep_is_learned(model):
    """People written into a few features, among noise, are told apart in pictures of people not seen in training."""
    rng = np.random.default_rng(2)
    law = rng.normal(size=(4, 3000))
    start = model.landmarks(model.mean.astype(float)) * [1.0, -1.0, -1.0]
    reader = identity_regressor.load()
    marks = len(reader.mean) - LENGTH

    def chunk(people):
        owner = np.repeat(np.arange(people), 4)
        textures = rng.normal(size=(4 * people, 2, LENGTH))
        textures[:, :, :3000] += (rng.normal(0, 1, (people, 4)) @ law)[owner][:, None]
        textures = textures * reader.scale[marks:] + reader.mean[marks:]
        points = start + rng.normal(0, 0.5, (4 * people, 2, 478, 3))
        return PeopleSamples(points.astype(np.float32), textures.astype(np.float16), owner, np.zeros(4 * people))

    settings = SamePersonTraining(components=60, principal=1000, axes=6, common=0.0)
    chunks = [chunk(40) for _ in range(2 * HELD_OUT + 6)]
    test = train(chunks, reader, settings)
    arrays = stored_arrays(test)
    again = same_person.from_arrays({name: np.asarray(value) for name, value in arrays.items()})
    found = errors(again, [chunk(40)], np.array([-3.0]))
    assert found.equal < 0.1 and found.alarms[0] < 0.03 and found.caught[0] > 0.5


def test_paint_belongs_to_the_person_where_it_is_given_a_seed(model, atlas):
    """Under one light, two pictures of one person differ by grain only, those of two people by their paint."""
    scene = render_scene(model, atlas)
    shot = random_shot(np.random.default_rng(4))
    looks = replace(USUAL_LOOKS, light=Light(0.7, (0.2, -0.5, -1.0)), exposure=1.0, noise=0.003, blur=0.31)

    def picture(own, grain):
        rng = np.random.default_rng(grain)
        shot_at = replace(shot, centre=(128.0 - shot.focal * shot.position[0] / shot.position[2],
                                        110.0 - shot.focal * shot.position[1] / shot.position[2]))
        image = render(scene, model.mean.astype(float), shot_at, rng, looks, None, np.random.default_rng(own))
        return image.astype(float)[90:170, 90:166]

    once, again, other = picture(1, 10), picture(1, 11), picture(2, 12)
    assert np.abs(once - again).mean() < 0.35 * np.abs(once - other).mean()
