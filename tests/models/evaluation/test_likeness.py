"""Comparison of heads against changes that are known."""

import numpy as np
import pytest
from furrow.core.head.camera import rotation_matrix
from furrow.core.head.model import DIRECTIONS
from furrow.core.mesh.operators import vertex_normals
from furrow.models.evaluation import likeness


@pytest.fixture(scope="module")
def face(model):
    return likeness.face_of(model)


@pytest.fixture(scope="module")
def mean(model):
    return model.mean.astype(float)


def people(model, count, seed):
    draws = np.random.default_rng(seed).normal(0, 1, (count, 60))
    return np.stack([model.neutral(draw).astype(float) for draw in draws])


def test_size_and_pose_are_not_judged(face, mean):
    other = 1.08 * mean @ rotation_matrix(np.array([0.2, -0.4, 0.1])).T + [3.0, 40.0, -9.0]
    np.testing.assert_allclose(likeness.aligned(face, other, mean), mean, atol=1e-9)
    same = likeness.compared(face, other, mean)
    assert same.distance < 1e-9 and same.nearest < 1e-9 and np.abs(same.signed).max() < 1e-9


def test_a_moved_tip_is_seen_at_the_tip_with_its_sign(model, face, mean):
    """Three millimetres outwards near the tip: the place says nearly so, far places say nearly nothing."""
    normals = vertex_normals(mean, face.triangles)
    tip = model.landmarks(mean)[likeness.SPOTS["tip"]]
    bump = 3.0 * np.exp(-0.5 * (np.linalg.norm(mean - tip, axis=1) / 8.0) ** 2)[:, None] * normals
    for sign in (1, -1):
        found = likeness.compared(face, mean + sign * bump, mean)
        signed = dict(zip(likeness.PLACES, found.signed))
        assert 1.8 < sign * signed["tip"] < 3.0
        assert max(abs(signed[place]) for place in ("chin", "cheeks", "jaw")) < 0.2
        assert 0.0 < found.nearest <= found.distance < 0.5


def test_sliding_along_the_surface_is_seen_by_vertex_and_not_by_surface(face, mean):
    normals = vertex_normals(mean, face.triangles)
    along = np.cross(normals, [0.0, 1.0, 0.0]) * np.sin(mean[:, 1:2] / 8.0)
    found = likeness.compared(face, mean + along, mean)
    assert found.nearest < 0.4 * found.distance


def test_distinctness_of_right_faint_and_wrong_heads(model, face, mean):
    true = likeness.deviations(face, people(model, 8, 1), mean)
    right, faint = likeness.distinctness(true, true), likeness.distinctness(0.4 * true, true)
    assert (right.slope, right.correlation, right.spread) == pytest.approx((1.0, 1.0, 1.0)) and right.identified == 8
    assert (faint.slope, faint.correlation, faint.spread) == pytest.approx((0.4, 1.0, 0.4))
    wrong = likeness.distinctness(np.roll(true, 1, axis=0), true)
    assert wrong.identified == wrong.identified_centred == 0 and wrong.slope < 0.3


def test_squared_deviations_are_mean_squared_distances(model, face, mean):
    head = people(model, 1, 2)
    length = np.linalg.norm(likeness.deviations(face, head, mean)[0])
    apart = likeness.aligned(face, head[0], mean)[face.vertices] - mean[face.vertices]
    assert length**2 == pytest.approx(face.area @ (apart**2).sum(1))


def test_share_explained_is_one_for_truth_nought_for_the_mean():
    true, mean = np.array([[1.0, 4.0], [3.0, 8.0]]), np.array([2.0, 5.0])
    np.testing.assert_allclose(likeness.explained(true, true, mean), 1.0)
    np.testing.assert_allclose(likeness.explained(np.stack([mean, mean]), true, mean), 0.0)
    np.testing.assert_allclose(likeness.explained(0.5 * (true + mean), true, mean), 0.75)


def test_fullness_is_that_of_the_head_that_was_widened(model):
    """Everything 10 % wider and the chin's underside 5 mm lower: widths by a tenth, nothing else but what hangs."""
    before = likeness.fullness(model, model.mean)
    wide = likeness.fullness(model, model.mean * np.array([1.1, 1.0, 1.0]))
    for name in ("face width", "lower cheek width", "jaw width", "neck width"):
        assert wide[name] == pytest.approx(1.1 * before[name], rel=0.02)
    assert wide["ear length"] == pytest.approx(before["ear length"])
    heavy = model.mean + model.directions[DIRECTIONS.index("weight")]
    assert likeness.fullness(model, heavy)["under the chin"] < before["under the chin"]
    assert likeness.fullness(model, heavy)["neck width"] > before["neck width"] + 5
