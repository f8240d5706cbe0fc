"""Bounded Levenberg-Marquardt on small problems whose minima are known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from furrow.core.fit.levenberg_marquardt import Settings, levenberg_marquardt
from furrow.core.fit.normal_equations import NormalEquations, Parameters, Term

CAREFUL = Settings(iterations=100, damping=1e-2, least=1e-9, most=1e6, rise=0.0, gain=1e-10, change=1e-8)


@dataclass(frozen=True)
class Plane:
    """A point (x, y) for each view, and one shared number."""

    views: np.ndarray
    shared: np.ndarray

    def stepped(self, step):
        return Plane(self.views + step.views, self.shared + step.shared)


def rosenbrock(state):
    """Rosenbrock's valley in the first view, minimum at (1, 1); the second view's x wants to be the shared number."""
    (x, y), (u, _) = state.views
    (s,) = state.shared
    found = NormalEquations.empty(2, 2, 1)
    valley = np.array([[-20 * x, 10, 0], [-1, 0, 0]])
    found.add([Term(np.array([-10 * (y - x * x), x - 1.0]), valley, np.ones(2))], (0,))
    found.add([Term(np.array([s - u, 3.0 - s]), np.array([[1, 0, -1], [0, 0, 1]]), np.ones(2))], (1,))
    return found


START = Plane(np.array([[-1.2, 1.0], [0.5, 0.5]]), np.array([0.0]))


def free(state):
    wide = Parameters(np.full_like(state.views, 1e3), np.full_like(state.shared, 1e3))
    return wide.scaled(-1.0), wide


def test_the_minimum_of_a_curved_valley_is_found():
    found = levenberg_marquardt(rosenbrock, START, free, CAREFUL)
    np.testing.assert_allclose(found.state.views, [[1.0, 1.0], [3.0, 0.5]], atol=1e-6)
    assert found.state.shared[0] == pytest.approx(3.0) and found.equations.cost < 1e-12


def test_bounds_hold_and_the_rest_goes_to_its_minimum():
    """With x at most 0.6 the valley's lowest point is (0.6, 0.36); a short step at a time leads there."""
    highest = Plane(np.array([[0.6, 9.0], [9.0, 9.0]]), np.array([2.0]))
    seen = []

    def bounds(state):
        seen.append(state)
        lower, _ = free(state)
        room = np.minimum(highest.views - state.views, 0.1)
        lower = Parameters(np.full_like(lower.views, -0.1), lower.shared)
        return lower, Parameters(room, highest.shared - state.shared)

    found = levenberg_marquardt(rosenbrock, START, bounds, CAREFUL)
    np.testing.assert_allclose(found.state.views, [[0.6, 0.36], [2.0, 0.5]], atol=1e-6)
    assert found.state.shared[0] == pytest.approx(2.0)
    for before, after in zip(seen, seen[1:]):
        assert np.abs(after.views - before.views).max() < 0.1 + 1e-9


def arctangent(state):
    """From beyond 1.39 a full step to the root of atan leads ever farther away."""
    x = state.views[0, 0]
    found = NormalEquations.empty(1, 1, 0)
    found.add([Term(-np.arctan([x]), np.array([[1.0 / (1.0 + x * x)]]), np.ones(1))], (0,))
    return found


def test_a_step_that_makes_it_worse_is_taken_back_and_tried_with_more_damping():
    start, tried = Plane(np.array([[3.0]]), np.zeros(0)), []

    def expand(state):
        tried.append(float(state.views[0, 0]))
        return arctangent(state)

    found = levenberg_marquardt(expand, start, free, CAREFUL)
    assert abs(found.state.views[0, 0]) < 1e-6
    taken = next(i for i, x in enumerate(tried) if abs(x) < 3.0)
    assert taken > 2
    assert (np.diff(np.abs(np.array(tried[1 : taken + 1]) - 3.0)) < 0.0).all()  # from the same start, ever shorter
    plain = levenberg_marquardt(arctangent, start, free, Settings(iterations=4))
    assert abs(plain.state.views[0, 0]) > 100.0  # Gauss-Newton takes every step


def test_where_no_step_helps_the_state_stays():
    """A gradient of the wrong sign: every step leads uphill."""
    def wrong(state):
        found = arctangent(state)
        return replace(found, gradient=found.gradient.scaled(-1.0))

    start = Plane(np.array([[0.5]]), np.zeros(0))
    found = levenberg_marquardt(wrong, start, free, replace(CAREFUL, iterations=5))
    assert found.state is start
    lenient = levenberg_marquardt(wrong, start, free, replace(CAREFUL, iterations=5, rise=0.5, slack=0.1))
    assert lenient.state.views[0, 0] > 0.5


def test_a_cost_that_is_no_number_is_refused():
    def cliff(state):
        found = arctangent(state)
        return replace(found, cost=found.cost if state.views[0, 0] > 0.0 else np.nan)

    start = Plane(np.array([[1.2]]), np.zeros(0))
    found = levenberg_marquardt(cliff, start, free, CAREFUL)
    assert 0.0 < found.state.views[0, 0] < 1.2


def test_it_stops_when_what_counts_no_longer_changes():
    calls = []

    def drifting(state):
        """The first parameter is where it should be; the second is far off and hardly matters."""
        calls.append(state)
        found = NormalEquations.empty(1, 2, 0)
        residual = np.array([1.0, 1e-3 * (50.0 - state.views[0, 1])])
        found.add([Term(residual, np.array([[0.0, 0.0], [0.0, 1e-3]]), np.ones(2))], (0,))
        return found

    start = Plane(np.zeros((1, 2)), np.zeros(0))
    loose = Settings(iterations=9, damping=5.0, least=5.0, most=5.0, rise=0.0, gain=0.1, change=1e-3)
    levenberg_marquardt(drifting, start, free, loose)
    assert len(calls) == 10  # steps of millimetres: all of them
    calls.clear()
    levenberg_marquardt(drifting, start, free, replace(loose, counted_from=2))
    assert len(calls) == 2  # neither of them counts


def test_gauss_newton_asks_for_no_more_than_its_steps():
    calls = []

    def expand(state):
        calls.append(state)
        return arctangent(state)

    start = Plane(np.array([[0.5]]), np.zeros(0))
    levenberg_marquardt(expand, start, free, Settings(iterations=3))
    assert len(calls) == 3
