"""What a fit seeks: steps of a head in several photos, and where they may lead."""

import numpy as np
from furrow.core.fit.normal_equations import Parameters
from furrow.core.fit.state import HeadState, Limits, ViewState

EXPRESSIONS, K = 3, 4


def head_state(rng):
    turn = np.diag([1.0, -1, -1])
    views = tuple(
        ViewState(turn, np.array([1.0, 2, 500 + i]), 7.0 + i, rng.uniform(0.4, 0.6, EXPRESSIONS)) for i in range(2)
    )
    return HeadState(rng.normal(size=K), views)


def test_the_step_between_two_states_leads_from_one_to_the_other():
    rng = np.random.default_rng(3)
    state = head_state(rng)
    step = Parameters(rng.normal(0, 0.1, (2, 7 + EXPRESSIONS)), rng.normal(size=K))
    found = state.stepped(step).step_from(state)
    np.testing.assert_allclose(found.views, step.views, atol=1e-9)
    np.testing.assert_allclose(found.shared, step.shared, atol=1e-12)


def test_weights_stay_between_nothing_and_all():
    state = head_state(np.random.default_rng(0))
    far = Parameters(np.tile([2.0, -2.0, 0.0], (2, 1)), np.zeros(K))
    step = Parameters(np.concatenate([np.zeros((2, 7)), far.views], axis=1), far.shared)
    before, after = state.expressions(), state.stepped(step).expressions()
    np.testing.assert_array_equal(after, np.column_stack([[1.0, 1.0], [0.0, 0.0], before[:, 2]]))


def test_any_step_within_the_limits_ends_within_them():
    rng = np.random.default_rng(1)
    state = head_state(rng).with_identity(np.array([0.2, -1.2, 1.4, -0.3]))
    pose, highest = rng.uniform(0.1, 1.0, 7), np.array([1.0, 0.9, 0.8])
    limits = Limits(pose, 0.2, highest, identity=1.5, identity_step=0.5)
    lower, upper = limits.of_step(state)
    for bound, weights in ((lower, np.full(EXPRESSIONS, 0.2)), (upper, highest)):
        there = state.stepped(bound)
        np.testing.assert_allclose(there.expressions(), [weights] * 2, atol=1e-12)
        np.testing.assert_allclose(np.abs(bound.views[:, :7]), [pose] * 2)
    np.testing.assert_allclose(state.stepped(lower).identity, [-0.3, -1.5, 0.9, -0.8])
    np.testing.assert_allclose(state.stepped(upper).identity, [0.7, -0.7, 1.5, 0.2])


def test_equal_limits_hold_the_expression():
    state = head_state(np.random.default_rng(2))
    weights = state.expressions()
    lower, upper = Limits(np.ones(7), weights, weights).of_step(state)
    assert not lower.views[:, 7:].any() and not upper.views[:, 7:].any()
    assert np.isinf(lower.shared).all() and np.isinf(upper.shared).all()
