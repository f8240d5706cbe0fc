"""Normal equations of several views against dense algebra on all parameters together."""

import numpy as np
import pytest
from furrow.core.fit.normal_equations import NormalEquations, Parameters, Term
from scipy.optimize import lsq_linear

N, SIZE, K = 3, 4, 2
ALL = N * SIZE + K


def some_term(rng, views, rows=25):
    count = len(views) * SIZE + K
    return Term(rng.normal(size=rows), rng.normal(size=(rows, count)), rng.uniform(0.1, 1.0, rows))


def columns(views):
    """Where a term's columns lie among all parameters."""
    return np.concatenate([np.arange(v * SIZE, (v + 1) * SIZE) for v in views] + [np.arange(N * SIZE, ALL)])


def flat(parameters):
    return np.concatenate([parameters.views.ravel(), parameters.shared])


def split(values):
    return Parameters(values[: N * SIZE].reshape(N, SIZE), values[N * SIZE :])


def matrix_of(equations):
    """(P, P) by what the equations make of the unit vectors."""
    return np.stack([flat(equations.times(split(unit))) for unit in np.eye(ALL)], axis=1)


class Dense:
    """The same sum of squares, every term over all parameters."""

    def __init__(self):
        self.rows, self.left = np.zeros((0, ALL)), np.zeros(0)

    def add(self, term, views, factor=1.0):
        root = np.sqrt(factor * term.weight)
        rows = np.zeros((len(root), ALL))
        rows[:, columns(views)] = term.jacobian * root[:, None]
        self.rows, self.left = np.concatenate([self.rows, rows]), np.concatenate([self.left, term.residual * root])

    def cost(self, step):
        return 0.5 * float(((self.left - self.rows @ step) ** 2).sum())


def problem(coupled, seed=0):
    """Equations and their dense twin: two terms in every view, and pairs of views that are coupled either way round."""
    rng = np.random.default_rng(seed)
    equations, dense = NormalEquations.empty(N, SIZE, K), Dense()
    for view in range(N):
        terms = [some_term(rng, (view,)), some_term(rng, (view,), 7)]
        equations.add(terms, (view,), 0.3 + view)
        for term in terms:
            dense.add(term, (view,), 0.3 + view)
    for views in ((0, 2), (2, 0), (1, 0)) if coupled else ():
        term = some_term(rng, views)
        equations.add([term], views, 0.7)
        dense.add(term, views, 0.7)
    return equations, dense, rng


@pytest.mark.parametrize("coupled", [False, True])
def test_terms_add_up_to_the_dense_sum_of_squares(coupled):
    equations, dense, rng = problem(coupled)
    assert bool(equations.coupled) == coupled
    np.testing.assert_allclose(matrix_of(equations), dense.rows.T @ dense.rows, atol=1e-10)
    np.testing.assert_allclose(flat(equations.gradient), dense.rows.T @ dense.left, atol=1e-10)
    assert equations.cost == pytest.approx(dense.cost(np.zeros(ALL)))


@pytest.mark.parametrize("coupled", [False, True])
def test_it_may_be_expanded_about_any_point(coupled):
    equations, dense, rng = problem(coupled)
    before = flat(equations.gradient).copy()
    away = rng.normal(size=ALL)
    there = equations.moved(split(away))
    np.testing.assert_allclose(flat(there.gradient), dense.rows.T @ (dense.left - dense.rows @ away), atol=1e-9)
    assert there.cost == pytest.approx(dense.cost(away))
    np.testing.assert_allclose(matrix_of(there), matrix_of(equations))
    # what is added to the copy stays there
    there.add([some_term(rng, (1, 2))], (1, 2))
    np.testing.assert_array_equal(flat(equations.gradient), before)
    np.testing.assert_allclose(matrix_of(equations), dense.rows.T @ dense.rows, atol=1e-10)


@pytest.mark.parametrize("coupled", [False, True])
def test_the_step_is_the_bounded_minimum(coupled):
    """Against scipy's least squares, with bounds that bind for views and for shared parameters."""
    equations, dense, _ = problem(coupled, 5)
    lower, upper = np.full(ALL, -0.05), np.full(ALL, 0.1)
    step = flat(equations.step(split(lower), split(upper)))
    reference = lsq_linear(dense.rows, dense.left, (lower, upper), method="bvls").x
    np.testing.assert_allclose(step, reference, atol=1e-9)
    at_bound = (reference <= lower + 1e-12) | (reference >= upper - 1e-12)
    assert at_bound[: N * SIZE].any() and not at_bound.all()


def test_damping_is_a_share_of_the_diagonal():
    equations, dense, _ = problem(True)
    plain, damped = dense.rows.T @ dense.rows, matrix_of(equations.damped(0.5, 0.25))
    share = np.concatenate([np.full(N * SIZE, 0.5), np.full(K, 0.25)])
    np.testing.assert_allclose(damped, plain + np.diag(share * np.diag(plain)), atol=1e-7)
    np.testing.assert_allclose(matrix_of(equations), plain, atol=1e-10)


def test_parameters_that_no_term_sees_stay_once_damped():
    equations = NormalEquations.empty(1, 2, 0)
    equations.add([Term(np.ones(1), np.array([[1.0, 0.0]]), np.ones(1))], (0,))
    wide = Parameters(np.full((1, 2), 9.0), np.zeros(0))
    step = equations.damped(1e-6, 0.0).step(wide.scaled(-1.0), wide)
    np.testing.assert_allclose(step.views, [[1.0, 0.0]], atol=1e-5)


def test_priors_are_quadratic_costs_of_some_parameters():
    """A Gaussian of mean m about the point x: its cost at x + d is 1/2 (x + d - m) P (x + d - m)."""
    rng = np.random.default_rng(2)
    root = rng.normal(size=(2, 2))
    precision, off, step = root.T @ root, rng.normal(size=2), rng.normal(size=ALL)
    at = {"view": np.array([SIZE + 1, SIZE + 2]), "shared": np.arange(N * SIZE, ALL)}
    for where, index in at.items():
        equations = NormalEquations.empty(N, SIZE, K)
        given = precision, precision @ off, 0.5 * off @ precision @ off
        if where == "view":
            equations.add_view_prior(1, slice(1, 3), *given)
        else:
            equations.add_shared_prior(*given)
        there = off + step[index]
        assert equations.moved(split(step)).cost == pytest.approx(0.5 * there @ precision @ there)
        untouched = np.setdiff1d(np.arange(ALL), index)
        assert not matrix_of(equations)[untouched].any() and not flat(equations.gradient)[untouched].any()


def test_a_term_of_other_parameters_is_refused():
    equations = NormalEquations.empty(N, SIZE, K)
    with pytest.raises(ValueError, match="6 columns; the parameters are 10"):
        equations.add([some_term(np.random.default_rng(0), (0,))], (0, 1))
