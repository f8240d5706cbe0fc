"""Analytic Jacobians of the fit against central differences, on random point sets."""

import numpy as np
import pytest
from furrow.core.fit.normal_equations import Term
from furrow.core.fit.state import POSE_PARAMETERS, ViewState
from furrow.core.fit.terms import (
    PointBasis,
    contour_term,
    depth_term,
    geman_mcclure,
    marginalised,
    pair_term,
    position_term,
    project,
)
from furrow.core.head.camera import rotation_matrix

K, E, N = 7, 5, 12


@pytest.fixture
def scene():
    rng = np.random.default_rng(4)
    basis = PointBasis(rng.normal(0, 50, (N, 3)), rng.normal(0, 2, (N, 3, K)), rng.normal(0, 4, (N, 3, E)))
    turn = rotation_matrix(np.array([0.2, -0.4, 0.1])) @ np.diag([1.0, -1, -1])
    state = ViewState(turn, np.array([12.0, -20, 640]), np.log(1200.0), rng.uniform(0.3, 0.7, E))
    return basis, rng.normal(size=K), state, rng


def differences(function, state, identity, step=1e-5):
    """Central differences by all view parameters and identity coefficients."""
    columns = []
    for j in range(POSE_PARAMETERS + E):
        move = np.zeros(POSE_PARAMETERS + E)
        move[j] = step
        after, before = function(state.stepped(move), identity), function(state.stepped(-move), identity)
        columns.append((after - before) / (2 * step))
    for j in range(K):
        move = np.zeros(K)
        move[j] = step
        columns.append((function(state, identity + move) - function(state, identity - move)) / (2 * step))
    return np.stack(columns, axis=-1)


def test_jacobians_of_the_projection_are_its_derivatives(scene):
    basis, identity, state, _ = scene
    projection = project(basis, identity, state, 640, 480)
    expected = state.camera(640, 480).project(state.pose().apply(basis.points(identity, state.expression)))
    assert np.allclose(projection.pixels, expected)
    numeric = differences(lambda s, b: project(basis, b, s, 640, 480).pixels, state, identity)
    assert np.allclose(projection.pixel_jacobian, numeric, rtol=1e-5, atol=1e-5)
    numeric = differences(lambda s, b: project(basis, b, s, 640, 480).camera_points, state, identity)
    assert np.allclose(projection.camera_jacobian, numeric, rtol=1e-5, atol=1e-5)


def terms(basis, scene_rng_seed=1):
    rng = np.random.default_rng(scene_rng_seed)
    points, spread = rng.uniform(100, 400, (N, 2)), rng.uniform(1, 3, N)
    weight, depth = rng.uniform(0.2, 1, N), rng.normal(0, 60, N)
    normals = rng.normal(size=(N, 2))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    pairs = np.array([[0, 3], [5, 1], [7, 8]])
    return {
        "position": lambda p: position_term(p, points, spread, weight, 1e9),
        "pair": lambda p: pair_term(p, points, pairs, spread[:3], np.array([0.5, 1.0, 1.0]), 1e9),
        "depth": lambda p: depth_term(p, depth, 1.8, 5.0, weight, tilt_spread=(0.0, 0.0)),
        "contour": lambda p: contour_term(p, points, normals, spread, weight, 1e9),
    }


@pytest.mark.parametrize("name", ["position", "pair", "depth", "contour"])
def test_the_jacobian_of_each_term_is_its_derivative(scene, name):
    basis, identity, state, _ = scene
    term = terms(basis)[name]
    analytic = term(project(basis, identity, state, 640, 480)).jacobian
    numeric = differences(
        lambda s, b: term(project(basis, b, s, 640, 480)).residual, state, identity
    )
    assert np.allclose(-analytic, numeric, rtol=1e-4, atol=1e-4)


def test_robust_weight_is_one_at_zero_and_fades():
    weights = geman_mcclure(np.array([0.0, 2.0, 20.0]), 2.0)
    assert weights[0] == 1.0 and weights[1] == 0.25 and weights[2] < 1e-3


def test_interpolated_basis_lies_between(scene):
    basis, identity, state, _ = scene
    middle = basis.interpolate(np.array([0, 1]), np.array([4, 5]), np.array([0.25, 0.5]))
    points = basis.points(identity, state.expression)
    expected = np.stack([0.75 * points[0] + 0.25 * points[4], 0.5 * (points[1] + points[5])])
    assert np.allclose(middle.points(identity, state.expression), expected)


def test_depth_term_is_blind_to_size():
    """A head twice as large and twice as far away has the residuals of the first one."""
    rng = np.random.default_rng(8)
    basis = PointBasis(rng.normal(0, 50, (N, 3)), np.zeros((N, 3, K)), np.zeros((N, 3, E)))
    state = ViewState(np.diag([1.0, -1, -1]), np.array([12.0, -20, 640]), np.log(1200.0), np.zeros(E))
    large = PointBasis(2 * basis.mean, basis.identity, basis.expression)
    far = ViewState(state.rotation, 2 * state.translation, state.log_focal, state.expression)
    depth, weight = rng.normal(0, 60, N), rng.uniform(0.2, 1, N)
    one = depth_term(project(basis, np.zeros(K), state, 640, 480), depth, 1.8, 5.0, weight)
    two = depth_term(project(large, np.zeros(K), far, 640, 480), depth, 1.8, 5.0, weight)
    assert np.allclose(one.residual, two.residual) and np.abs(one.residual).max() > 1.0


def test_depth_is_measured_along_the_line_of_sight():
    """The picture of a head turned with the line of sight shows the same depths: beside the axis is not turned."""
    rng = np.random.default_rng(8)
    basis = PointBasis(rng.normal(0, 50, (N, 3)), np.zeros((N, 3, K)), np.zeros((N, 3, E)))
    ahead = ViewState(np.diag([1.0, -1, -1]), np.array([0.0, 0, 640]), np.log(1200.0), np.zeros(E))
    turn = rotation_matrix(np.array([0.0, 0.35, 0.0]))
    centre = basis.mean.mean(axis=0) @ ahead.rotation.T + ahead.translation
    aside = ViewState(turn @ ahead.rotation, turn @ ahead.translation, ahead.log_focal, ahead.expression)
    weight = np.ones(N)
    straight, turned = (
        -depth_term(
            project(basis, np.zeros(K), state, 640, 480), np.zeros(N), 1.8, 5.0, weight, 0.0, (0.0, 0.0)
        ).residual
        for state in (ahead, aside)
    )
    assert np.allclose(turned / straight, centre[2] / (turn @ centre)[2])
    assert centre[2] / (turn @ centre)[2] > 1.02


def test_marginalised_residuals_have_the_covariance_of_the_unknowns():
    """Against the dense inverse of W^-1 + N N^T: the same normal equations."""
    rng = np.random.default_rng(3)
    nuisances, weight = rng.normal(0, 2, (N, 2)), rng.uniform(0.2, 2, N)
    term = Term(rng.normal(size=N), rng.normal(size=(N, K)), weight)
    got = marginalised(term, nuisances)
    inverse = np.linalg.inv(np.diag(1 / weight) + nuisances @ nuisances.T)
    assert np.allclose(got.jacobian.T @ (got.weight[:, None] * got.jacobian), term.jacobian.T @ inverse @ term.jacobian)
    assert np.allclose(got.jacobian.T @ (got.weight * got.residual), term.jacobian.T @ inverse @ term.residual)


def test_depth_says_nothing_of_a_tilt_it_does_not_know():
    """With a wide spread a depth that is tilted by 20 degrees leaves next to nothing."""
    rng = np.random.default_rng(8)
    basis = PointBasis(rng.normal(0, 50, (N, 3)), np.zeros((N, 3, K)), np.zeros((N, 3, E)))
    state = ViewState(np.diag([1.0, -1, -1]), np.array([12.0, -20, 640]), np.log(1200.0), np.zeros(E))
    projection = project(basis, np.zeros(K), state, 640, 480)
    offset = projection.camera_points - projection.camera_points.mean(axis=0)
    depth = -1200.0 / 640 * (offset[:, 2] + 0.36 * offset[:, 1])
    ones = np.ones(N)
    sure, unsure = (
        np.abs(depth_term(projection, -depth, 1.8, 5.0, ones, 0.0, (width, width)).residual).max()
        for width in (0.0, 5.0)
    )
    assert sure > 3.0 and unsure < 0.2 * sure
