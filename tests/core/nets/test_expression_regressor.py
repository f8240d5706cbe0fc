"""The expression regressor: alignment, the stored network on faces it has not seen, and damaged files."""


import numpy as np
import pytest
from furrow.core.errors import AssetsError, PhotoError
from furrow.core.fit import coarse
from furrow.core.head.fitted import Landmarks
from furrow.core.nets import expression_regressor as regressor
from furrow.core.nets.features import LENGTH, LOCAL
from furrow.models.training.samples import landmark_pairs, opposite_sides
from helpers import rendered_people
from scipy.spatial.transform import Rotation

FRESH = 9_999  # seed beyond those of the training
SEEN_BY_LANDMARKS = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight")


@pytest.fixture(scope="module")
def net():
    return regressor.load()


@pytest.fixture(scope="module")
def fresh(model, atlas, assets):
    """Landmarks and textures found on rendered people that were in no training chunk; shapes as the model has them."""
    return rendered_people(model, atlas, assets, 48, FRESH)


def moved(points, turn, scale, shift):
    """Points (478, 3) under a similarity, by another library."""
    return scale * Rotation.from_euler("xyz", turn, degrees=True).apply(points) + shift


def test_alignment_undoes_a_similarity(net):
    points = moved(net.template * [1, -1, -1], (10, -20, 5), 3.7, [400.0, 300.0, -50.0])
    aligned, rotation = regressor.align(points[None], net.template, net.alignment)
    assert np.abs(aligned[0] - net.template).max() < 1e-3
    expected = Rotation.from_euler("xyz", (10, -20, 5), degrees=True).as_matrix() @ np.diag([1.0, -1.0, -1.0])
    assert np.allclose(rotation[0], expected, atol=1e-5)


def test_reading_does_not_depend_on_place_and_size_in_the_photo(net, fresh):
    points = fresh.points[0].astype(float)
    weights, sigma = net.predict(points, 256, 256)
    again, again_sigma = net.predict(points * 5.0 + [700.0, 90.0, 3.0], 2000, 1600)
    assert np.allclose(weights, again, atol=1e-4) and np.allclose(sigma, again_sigma, atol=1e-4)


def test_expressions_of_unseen_people_are_read(net, fresh):
    read, _ = net.predict_many(fresh.points.astype(float))
    assert np.corrcoef(read.ravel(), fresh.weights.ravel())[0, 1] > 0.5
    for name in SEEN_BY_LANDMARKS:
        column = net.names.index(name)
        assert np.corrcoef(read[:, column], fresh.weights[:, column])[0, 1] > 0.6, name


def test_texture_betters_what_the_landmarks_tell(net, fresh):
    plain, _ = net.predict_many(fresh.points.astype(float))
    textured, _ = net.predict_many(fresh.points.astype(float), fresh.textures[:, 0, 0])
    truth = fresh.weights.ravel()
    without, with_it = (np.corrcoef(read.ravel(), truth)[0, 1] for read in (plain, textured))
    assert with_it > without + 0.03
    assert np.abs(textured - fresh.weights).mean() < np.abs(plain - fresh.weights).mean()


def test_a_texture_unlike_the_training_counts_less(net, fresh):
    points, usual = fresh.points[:8].astype(float), fresh.textures[:8, 0, 0, :LOCAL].astype(np.float32)
    odd = net.texture.mean + 12.0 * net.texture.scale * np.sign(usual - net.texture.mean)
    inputs = net.inputs(points)
    assert (net.texture.change(usual, inputs)[1] > 0.8).all()
    assert (net.texture.change(odd, inputs)[1] < 0.1).all()
    plain, read = net.predict_many(points)[0], net.predict_many(points, odd)[0]
    assert np.abs(read - plain).max() < 0.12


def test_one_face_with_texture_reads_as_among_many(net, fresh):
    many, spread = net.predict_many(fresh.points[:3].astype(float), fresh.textures[:3, 0, 0])
    one, sigma = net.predict(fresh.points[1].astype(float), 256, 256, fresh.textures[1, 0, 0])
    np.testing.assert_allclose(one, many[1], atol=1e-6)
    np.testing.assert_allclose(sigma, spread[1], atol=1e-6)


@pytest.mark.parametrize("texture", [np.zeros(7), np.full(LENGTH, np.inf)])
def test_unusable_textures_are_one_clear_line(net, fresh, texture):
    with pytest.raises(PhotoError, match="texture"):
        net.predict(fresh.points[0].astype(float), 256, 256, texture)


def test_resting_faces_read_as_resting(net, fresh):
    gaze = np.array([name.startswith("eyeLook") for name in net.names])
    resting = fresh.weights[:, ~gaze].sum(axis=1) == 0
    read, _ = net.predict_many(fresh.points.astype(float))
    assert resting.sum() >= 3
    assert read[resting][:, ~gaze].mean() < 0.7 * read[~resting][:, ~gaze].mean()


def test_errors_are_as_large_as_announced(net, fresh):
    for textures in (None, fresh.textures[:, 0, 0]):
        read, sigma = net.predict_many(fresh.points.astype(float), textures)
        off = np.sqrt((((read - fresh.weights) / sigma) ** 2).mean())
        assert 0.6 < off < 1.4


def test_a_mirrored_face_gives_mirrored_weights(net, model, fresh):
    read, _ = net.predict_many(fresh.points.astype(float))
    flipped = fresh.points[:, landmark_pairs(model)] * [-1.0, 1.0, 1.0]
    mirrored, _ = net.predict_many(flipped)
    assert np.abs(mirrored - read[:, opposite_sides(net.names)]).mean() < 0.04
    assert np.abs(mirrored - read).mean() > 0.002


def test_a_face_unlike_the_training_is_trusted_less(net, fresh):
    points = fresh.points[0].astype(float)
    _, sigma = net.predict(points, 256, 256)
    _, crumpled = net.predict(points + np.random.default_rng(0).normal(0, 12, points.shape), 256, 256)
    assert np.median(crumpled / sigma) > 1.5


@pytest.mark.parametrize("points", [np.zeros((68, 3)), np.full((478, 3), np.nan), np.zeros((478, 3))])
def test_unusable_landmarks_are_one_clear_line(points):
    with pytest.raises(PhotoError) as caught:
        regressor.predict(points, 640, 480)
    assert "\n" not in str(caught.value)


def stored(net_file):
    with np.load(net_file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def spoil_shape(arrays):
    arrays["projection"] = arrays["projection"][:-1]


def spoil_value(arrays):
    arrays["offset_0_0"] = np.full_like(arrays["offset_0_0"], np.inf)


def spoil_object(arrays):
    arrays["names"] = np.array([{"a": 1}], dtype=object)


def spoil_missing(arrays):
    del arrays["error"]


def spoil_texture(arrays):
    arrays["texture_projection"] = arrays["texture_projection"][:-1]


def spoil_scale(arrays):
    arrays["texture_scale"] = 0 * arrays["texture_scale"]


@pytest.mark.parametrize("spoil", [spoil_texture, spoil_scale, spoil_shape, spoil_value, spoil_object, spoil_missing])
def test_a_damaged_network_is_one_clear_line(tmp_path, assets, spoil):
    arrays = stored(assets.parent / regressor.FILE)
    spoil(arrays)
    np.savez(tmp_path / regressor.FILE, **arrays)
    with pytest.raises(AssetsError, match="damaged"):
        regressor.load(tmp_path)


def test_a_missing_or_cut_network_is_one_clear_line(tmp_path, assets):
    with pytest.raises(AssetsError, match="missing"):
        regressor.load(tmp_path)
    whole = (assets.parent / regressor.FILE).read_bytes()
    (tmp_path / regressor.FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AssetsError, match="damaged"):
        regressor.load(tmp_path)


def test_reading_betters_the_fitted_expression(model, fresh):
    found = {0.0: [], 10.0: []}
    chosen = np.flatnonzero(fresh.weights.sum(axis=1) > 1.5)[:3]
    for points in fresh.points[chosen].astype(float):
        box = np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])
        marks = Landmarks(points[:, :2], points[:, 2], np.full(len(points), 0.3), 0.99, box)
        for trust, fits in found.items():
            settings = coarse.FitSettings(reading_trust=trust)
            fits.append(coarse.fit(model, [coarse.Observation(marks, 256, 256, None, "face.png")], settings))
    truth = fresh.weights[chosen].ravel()
    without, with_it = (
        np.corrcoef(np.concatenate([fit.views[0].expression for fit in fits]), truth)[0, 1] for fits in found.values()
    )
    assert with_it > without + 0.05
