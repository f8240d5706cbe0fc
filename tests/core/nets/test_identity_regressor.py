"""The identity reading: the prior it makes, the stored network on people it has not seen, and damaged files."""


import numpy as np
import pytest
from furrow.core.errors import AssetsError, PhotoError
from furrow.core.fit import coarse
from furrow.core.fit.identity_prior import shape_prior
from furrow.core.fit.problem import FitSettings, Observation
from furrow.core.head.fitted import Landmarks
from furrow.core.nets import identity_regressor
from furrow.core.nets.identity_regressor import IdentityReading
from helpers import rendered_people

FRESH = 9_998  # seed beyond those of the training


@pytest.fixture(scope="module")
def net():
    return identity_regressor.load()


@pytest.fixture(scope="module")
def fresh(model, atlas, assets):
    """Portraits of rendered people that were in no training chunk."""
    return rendered_people(model, atlas, assets, 40, FRESH)


def observed(fresh, i):
    marks = fresh.points[i].astype(float)
    box = np.array([0.0, 0.0, 256.0, 256.0])
    seen = Landmarks(marks[:, :2], marks[:, 2], np.full(478, 0.4), 1.0, box, fresh.textures[i, 0, 0])
    return Observation(seen, 256, 256, None, f"{i}.png")


def random_reading(seed, count=3):
    rng = np.random.default_rng(seed)
    root = rng.normal(0, 0.3, (count, count))
    return IdentityReading(rng.normal(size=count), 0.2 * np.eye(count) + root @ root.T / count, 1.0)


def test_reading_of_one_photo_is_the_prior_of_its_coefficients():
    reading = random_reading(0)
    prior = shape_prior(np.zeros((5, 5)), (reading,), (1.0,), 1.0, 0.5)
    assert np.allclose(prior.mean(), [*reading.mean, 0.0, 0.0])
    assert np.allclose(np.linalg.inv(prior.precision)[:3, :3], reading.covariance)


def test_readings_of_several_photos_combine_as_their_kinship_says():
    first, second = random_reading(1), random_reading(2)
    a, b = (np.linalg.inv(r.covariance) for r in (first, second))
    independent = shape_prior(np.zeros((3, 3)), (first, second), (1.0, 1.0), 1.0, 0.0)
    # two independent measurements and one population
    assert np.allclose(independent.precision, a + b - np.eye(3))
    assert np.allclose(independent.information, a @ first.mean + b @ second.mean)
    same = shape_prior(np.zeros((3, 3)), (first, first), (1.0, 1.0), 1.0, 1.0)
    assert np.allclose(same.precision, a) and np.allclose(same.mean(), first.mean)


def test_a_photo_that_counts_little_says_little():
    reading = random_reading(3)
    prior = shape_prior(np.zeros((3, 3)), (reading, None), (0.01, 1.0), 1.0, 0.5)
    assert np.linalg.norm(prior.mean()) < 0.1 * np.linalg.norm(reading.mean)


def test_heads_of_unseen_people_are_read(net, fresh):
    true = fresh.identity[:, : len(net.offset)]
    points = fresh.points.astype(float)
    read = np.stack([net.read(p, t).mean for p, t in zip(points, fresh.textures[:, 0, 0])])
    better = 1.0 - ((read - true) ** 2)[:, :10].sum(0) / (true**2)[:, :10].sum(0)
    assert better.mean() > 0.25 and better.min() > -0.1


def test_stated_errors_are_those_found(net, fresh):
    points = fresh.points.astype(float)
    off = []
    for p, t, true in zip(points, fresh.textures[:, 0, 0], fresh.identity):
        mean, covariance, _ = net.read(p, t)
        gone = true[:20] - mean[:20]
        off.append(gone @ np.linalg.solve(covariance[:20, :20], gone) / 20)
    assert 0.6 < np.mean(off) < 1.6


def test_fit_with_a_reading_is_nearer_to_the_truth_than_without(model, fresh):
    face = model.topology.region("face") > 0.5
    off = {0.0: [], 1.0: []}
    for i in range(12):
        true = model.neutral(fresh.identity[i])[face].astype(float)
        for trust, found in off.items():
            head = coarse.fit(model, [observed(fresh, i)], FitSettings(identity_trust=trust)).neutral[face]
            centred, aim = head - head.mean(0), true - true.mean(0)
            scale = (centred * aim).sum() / (centred**2).sum()
            found.append(np.linalg.norm(scale * centred - aim, axis=1).mean())
    assert np.mean(off[1.0]) < 0.95 * np.mean(off[0.0])


def test_unfamiliar_picture_is_drawn_back_to_the_population(net, fresh):
    points, texture = fresh.points[0].astype(float), fresh.textures[0, 0, 0].astype(np.float32)
    known = net.read(points, texture)
    strange = net.read(points, texture + 6.0 * np.concatenate([net.scale[-len(texture):]]))
    assert strange.trust < 0.7 * known.trust
    assert np.trace(strange.covariance) > np.trace(known.covariance)


def test_reading_does_not_depend_on_place_and_size_in_the_photo(net, fresh):
    points, texture = fresh.points[0].astype(float), fresh.textures[0, 0, 0]
    moved = net.read(4.0 * points + [30.0, 7.0, 2.0], texture)
    assert np.allclose(net.read(points, texture).mean, moved.mean, atol=1e-3)


@pytest.mark.parametrize("part", ["points", "texture"])
def test_values_that_are_not_finite_are_refused(net, fresh, part):
    points, texture = fresh.points[0].astype(float), fresh.textures[0, 0, 0].astype(np.float32)
    (points if part == "points" else texture)[3] = np.nan
    with pytest.raises(PhotoError, match="finite"):
        net.read(points, texture)


def test_damaged_and_missing_files_are_named(tmp_path, net):
    with pytest.raises(AssetsError, match="missing"):
        identity_regressor.load(tmp_path)
    path = tmp_path / identity_regressor.FILE
    path.write_bytes(b"not a zip file")
    with pytest.raises(AssetsError, match="damaged"):
        identity_regressor.load(tmp_path)
    arrays = {name: np.asarray(value) for name, value in vars(net).items()}
    for name, wrong in (("covariance", -arrays["covariance"]), ("projection", arrays["projection"][:-1])):
        with pytest.raises(ValueError, match="covariance|projection"):
            identity_regressor.from_arrays(arrays | {name: wrong})
