"""The bounded block solver against scipy's general one."""

import numpy as np
from furrow.core.fit.bounded_solve import Block, solve_bounded
from scipy.optimize import minimize


def arrow_problem(seed, photos=3, own=5, shared=6):
    rng = np.random.default_rng(seed)
    size = photos * own + shared
    rows = []
    for i in range(photos):
        part = np.zeros((30, size))
        part[:, i * own : (i + 1) * own] = rng.normal(size=(30, own))
        part[:, photos * own :] = rng.normal(size=(30, shared))
        rows.append(part)
    jacobian = np.concatenate(rows)
    return jacobian.T @ jacobian + 0.1 * np.eye(size), rng.normal(size=size) * 40.0


def blocks_of(matrix, gradient, photos=3, own=5):
    cut = photos * own
    spans = [slice(i * own, (i + 1) * own) for i in range(photos)]
    return [
        Block(matrix[s, s], matrix[s, cut:], gradient[s], np.zeros(own), np.ones(own)) for s in spans
    ], matrix[cut:, cut:], gradient[cut:]


def test_solution_is_that_of_lbfgsb():
    active = 0
    for seed in range(6):
        matrix, gradient = arrow_problem(seed)
        blocks, shared, shared_gradient = blocks_of(matrix, gradient)
        ours = np.concatenate(solve_bounded(blocks, shared, shared_gradient, np.full(6, -0.5), np.full(6, 0.5)))
        bounds = [(0.0, 1.0)] * 15 + [(-0.5, 0.5)] * 6
        reference = minimize(
            lambda x, h=matrix, g=gradient: (0.5 * x @ h @ x - g @ x, h @ x - g), np.zeros(21), jac=True,
            method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
        ).x
        assert np.abs(ours - reference).max() < 1e-5
        active += int(((reference <= 0) | (reference >= 1)).sum())
    assert active > 5


def test_without_bounds_it_is_the_dense_solution():
    matrix, gradient = arrow_problem(9)
    blocks, shared, shared_gradient = blocks_of(matrix, gradient)
    wide = [Block(b.matrix, b.shared, b.gradient, b.lower - 1e6, b.upper + 1e6) for b in blocks]
    ours = np.concatenate(solve_bounded(wide, shared, shared_gradient, np.full(6, -1e6), np.full(6, 1e6)))
    assert np.allclose(ours, np.linalg.solve(matrix, gradient), atol=1e-9)


def test_empty_interval_holds_the_variable():
    matrix, gradient = arrow_problem(3)
    blocks, shared, shared_gradient = blocks_of(matrix, gradient)
    first = blocks[0]
    held = Block(first.matrix, first.shared, first.gradient, np.full(5, 0.25), np.full(5, 0.25))
    solution = solve_bounded([held, *blocks[1:]], shared, shared_gradient, np.full(6, -9.0), np.full(6, 9.0))
    assert np.array_equal(solution[0], np.full(5, 0.25))
    # the others are at their minimum given that, by a general solver
    bounds = [(0.25, 0.25)] * 5 + [(0.0, 1.0)] * 10 + [(-9.0, 9.0)] * 6
    reference = minimize(
        lambda x: (0.5 * x @ matrix @ x - gradient @ x, matrix @ x - gradient), np.full(21, 0.25), jac=True,
        method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
    ).x
    assert np.abs(np.concatenate(solution) - reference).max() < 1e-5
