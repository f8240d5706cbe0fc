"""Training of the identity regressor: what ridge, rank and covariance do, and that it belongs to the head model."""

import numpy as np
import pytest
from furrow.core.nets import identity_regressor
from furrow.core.nets.features import LENGTH
from furrow.models.training.chunks import mirror_signs, mirrored
from furrow.models.training.identity import (
    IdentityTraining,
    component_sizes,
    cut_to_rank,
    error_covariance,
    ridge,
    stored_arrays,
    train,
)
from furrow.models.training.samples import Samples, age_coefficients, landmark_pairs


def test_ridge_finds_a_linear_law():
    rng = np.random.default_rng(0)
    inputs, law = rng.normal(2.0, 1.0, (500, 6)), rng.normal(size=(6, 3))
    matrix, offset = ridge(inputs, inputs @ law + 0.7, 1e-9)
    assert np.allclose(matrix, law, atol=1e-5) and np.allclose(offset, 0.7, atol=1e-4)
    shy, _ = ridge(inputs, inputs @ law, 1.0)
    assert np.linalg.norm(shy) < 0.6 * np.linalg.norm(law)


def test_rank_is_cut_where_least_is_lost():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(400, 8))
    strong, weak = (np.outer(rng.normal(size=8), rng.normal(size=5)) for _ in range(2))
    first, second = cut_to_rank(10 * strong + 0.1 * weak, inputs, 1)
    assert first.shape == (8, 1) and second.shape == (1, 5)
    assert np.linalg.norm(first @ second - 10 * strong) < 0.05 * np.linalg.norm(10 * strong)


def test_covariance_is_that_of_the_errors_with_weaker_correlations():
    rng = np.random.default_rng(2)
    root = rng.normal(size=(4, 4))
    errors = rng.normal(size=(50_000, 4)) @ root
    found, true = error_covariance(errors, 0.25), root.T @ root
    off = ~np.eye(4, dtype=bool)
    assert np.allclose(np.diag(found), np.diag(true), rtol=0.05)
    assert np.allclose(found[off], 0.75 * true[off], atol=0.05 * np.abs(true).max())


def test_what_the_samples_hold_is_learned(model):
    """Coefficients written into a few features by a hidden law, among noise, are read back from new samples."""
    rng = np.random.default_rng(3)
    law = rng.normal(size=(3, 3000))
    start = model.landmarks(model.mean.astype(float)) * [1.0, -1.0, -1.0]

    def chunk(count):
        identity = rng.normal(size=(count, len(model.identity_basis))).astype(np.float32)
        textures = rng.normal(size=(count, 2, 2, LENGTH)).astype(np.float16)
        for side, signs in ((0, 1.0), (1, mirror_signs(model)[:3])):
            textures[:, :, side, :3000] += ((identity[:, :3] * signs) @ law)[:, None]
        points = start + rng.normal(0, 0.5, (count, 478, 3))
        return Samples(points.astype(np.float32), np.zeros((count, 52), np.float32), textures, identity)

    settings = IdentityTraining(coefficients=6, components=60, principal=1000, rank=6, ridge=0.5)
    net = train(model, [chunk(20) for _ in range(4)] + [chunk(250)], settings)
    assert net.explained[:3].min() > 0.5 and np.abs(net.explained[3:]).max() < 0.2
    arrays = stored_arrays(net)
    again = identity_regressor.from_arrays({name: np.asarray(value) for name, value in arrays.items()})
    fresh = chunk(40)
    read = np.stack([
        again.read(p.astype(float), t.astype(np.float32)).mean for p, t in zip(fresh.points, fresh.textures[:, 0, 0])
    ])
    assert np.corrcoef(read[:, 0], fresh.identity[:, 0])[0, 1] > 0.7
    assert np.allclose(np.diag(net.covariance)[:3], 1.0 - net.explained[:3], atol=0.25)


def test_identity_is_mirrored_with_the_picture(model):
    """A head seen in a mirror is the head whose antisymmetric coefficients have changed their sign."""
    signs, rng = mirror_signs(model), np.random.default_rng(4)
    identity = rng.normal(size=(1, len(signs))).astype(np.float32)
    samples = Samples(np.zeros((1, 478, 3), np.float32), np.zeros((1, 52), np.float32), None, identity)
    seen = mirrored(samples, landmark_pairs(model), model.expression_names, signs).identity[0]
    reflected = model.neutral(identity[0])[model.topology.mirror] * [-1.0, 1.0, 1.0]
    assert np.abs(model.neutral(seen) - reflected).max() < 0.1
    assert mirrored(samples, landmark_pairs(model), model.expression_names).identity is None


def test_age_is_found_among_the_coefficients(model):
    face = model.topology.region("face") > 0.5
    age = model.directions[0][face].astype(float)
    near = np.tensordot(age_coefficients(model), model.identity_basis[:, face].astype(float), 1)
    assert np.linalg.norm(near - age) < 0.7 * np.linalg.norm(age)


def test_the_committed_network_belongs_to_this_head_model(model):
    net = identity_regressor.load()
    assert net.sizes == pytest.approx(component_sizes(model, len(net.sizes)), rel=0.01)
