"""Precisions of the identity prior against closed forms."""

import numpy as np
import pytest
from furrow.core.fit import identity_prior
from furrow.core.fit.terms import PointBasis
from furrow.core.head.model import load_head_model
from furrow.core.nets.identity_regressor import IdentityReading

K, N = 7, 12


def test_known_size_is_the_scale_of_the_best_similarity():
    """Squared change of log scale over the spread, with the scale from Umeyama's closed form."""
    rng = np.random.default_rng(4)
    basis = PointBasis(rng.normal(0, 50, (N, 3)), rng.normal(0, 2, (N, 3, K)), np.zeros((N, 3, 0)))
    step = 1e-4 * rng.normal(size=K)
    a, b = (points - points.mean(axis=0) for points in (basis.mean, basis.mean + basis.identity @ step))
    u, values, vt = np.linalg.svd(b.T @ a)
    scale = values.sum() / (a**2).sum()
    assert step @ identity_prior.known_size(basis, 0.03) @ step == pytest.approx((np.log(scale) / 0.03) ** 2, rel=1e-2)


def test_plain_skull_counts_the_scalp_alone(assets):
    """Forty points' worth of the mean squared displacement of the scalp, whatever the face does."""
    model = load_head_model(assets / "head.npz")
    identity = np.random.default_rng(2).normal(size=30)
    moved = np.tensordot(identity, model.identity_basis[:30], 1)[model.topology.region("scalp") > 0.5]
    expected = 40.0 * (np.linalg.norm(moved, axis=1) ** 2).mean() / 5.0**2
    assert identity @ identity_prior.plain_skull(model, 30, 5.0) @ identity == pytest.approx(expected, rel=1e-4)


def test_constraints_do_not_draw_a_reading_towards_the_mean_head():
    """Before landmarks are fitted the likeliest head is the one that was read, however firm the constraints."""
    rng = np.random.default_rng(7)
    some = rng.normal(size=(K, K))
    reading = IdentityReading(rng.normal(size=K - 2), np.diag(rng.uniform(0.2, 0.9, K - 2)), 1.0)
    prior = identity_prior.shape_prior(100.0 * some @ some.T, (reading,), (1.0,), 1.0, 0.5)
    assert prior.mean() == pytest.approx(np.r_[reading.mean, 0.0, 0.0], abs=1e-9)
