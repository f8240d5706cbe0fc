"""Normal equations of the coarse fit: its priors by closed forms, and photos that count by their shares."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.fit.coarse_equations import equations, view_terms
from furrow.core.fit.problem import FitSettings, fit_problem
from furrow.core.fit.state import HeadState, ViewState
from synthetic_head import observe, some_identity

K = 6
WIDTH, HEIGHT = 1200, 900
SETTINGS = FitSettings(identity_trust=0.0)


@pytest.fixture(scope="module")
def seen(model):
    """A photo that is wider than high, and a state near the true one."""
    identity = some_identity(model, 5)[:K]
    photo, pose = observe(model, some_identity(model, 5), {}, (0.0, 0.2, 0.0))
    view = ViewState(pose.rotation, pose.translation, float(np.log(1450.0)), np.full(52, 0.1))
    return photo._replace(width=WIDTH, height=HEIGHT), HeadState(identity, (view,))


def priors_alone(model, seen, focal_px):
    """Equations of a photo that counts nothing: what is left is the priors'."""
    photo, state = seen
    return equations(fit_problem(model, [photo._replace(focal_px=focal_px)], K, SETTINGS, (0.0,)), state)


def test_focal_length_and_distance_are_log_normal_without_exif(model, seen):
    found = priors_alone(model, seen, None)
    view = seen[1].views[0]
    depth = view.translation[2]
    (usual, focal_spread), (distance, depth_spread) = SETTINGS.focal_35mm, SETTINGS.distance
    off = view.log_focal - np.log(usual / 36.0 * WIDTH)  # of the longer side
    far = np.log(depth / distance)
    slope = np.zeros(7)
    slope[5:] = far / (depth_spread**2 * depth), off / focal_spread**2
    np.testing.assert_allclose(found.gradient.views[0, :7], -slope)
    curvature = np.zeros((7, 7))
    curvature[5, 5], curvature[6, 6] = (depth_spread * depth) ** -2, focal_spread**-2
    np.testing.assert_allclose(found.own[0, :7, :7], curvature)
    # the cost is that of the two normals, beside priors that a photo's camera has nothing to do with
    photo, state = seen
    usual_view = replace(view, log_focal=view.log_focal - off, translation=view.translation * [1, 1, distance / depth])
    usual_state = replace(state, views=(usual_view,))
    there = equations(fit_problem(model, [photo], K, SETTINGS, (0.0,)), usual_state)
    expected = 0.5 * (off / focal_spread) ** 2 + 0.5 * (far / depth_spread) ** 2
    assert found.cost - there.cost == pytest.approx(expected) and expected > 0.02


def test_exif_holds_the_focal_length_and_leaves_the_distance_free(model, seen):
    found = priors_alone(model, seen, 1500.0)
    off, spread = seen[1].views[0].log_focal - np.log(1500.0), SETTINGS.exif_spread
    np.testing.assert_allclose(found.gradient.views[0, :7], [0, 0, 0, 0, 0, 0, -off / spread**2])
    assert found.own[0, 6, 6] == pytest.approx(spread**-2) and not found.own[0, :6, :6].any()
    exact = priors_alone(model, seen, float(np.exp(seen[1].views[0].log_focal)))
    assert found.cost - exact.cost == pytest.approx(0.5 * (off / spread) ** 2)


def test_the_cost_of_an_identity_changes_as_its_slope_says(model, seen):
    """Central differences; the prior is quadratic, so they are exact."""
    photo, state = seen
    problem = fit_problem(model, [photo], K, SETTINGS, (0.0,))
    found = equations(problem, state)
    for axis in np.eye(K):
        up, down = (equations(problem, state.with_identity(state.identity + h * axis)).cost for h in (0.1, -0.1))
        assert -(up - down) / 0.2 == pytest.approx(found.gradient.shared @ axis, rel=1e-6, abs=1e-9)
        assert (up + down - 2 * found.cost) / 0.01 == pytest.approx(axis @ found.shared @ axis, rel=1e-6)


def test_a_photo_counts_by_its_share(model, seen):
    photo, state = seen
    none, half, full = (
        equations(fit_problem(model, [photo], K, SETTINGS, (share,)), state) for share in (0.0, 0.5, 1.0)
    )
    terms = view_terms(fit_problem(model, [photo], K, SETTINGS), state.identity, state.views[0], 0)
    cost = sum(term.cost() for term in terms)
    assert full.cost - none.cost == pytest.approx(cost) and half.cost - none.cost == pytest.approx(0.5 * cost)
    slope = sum(term.jacobian.T @ (term.weight * term.residual) for term in terms)
    for count, each in ((0.5, half), (1.0, full)):
        np.testing.assert_allclose(each.gradient.views[0] - none.gradient.views[0], count * slope[:59], rtol=1e-9)
        np.testing.assert_allclose(each.gradient.shared - none.gradient.shared, count * slope[59:], rtol=1e-9)
