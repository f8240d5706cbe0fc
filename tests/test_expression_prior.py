"""The expression prior: its gradient, and what it prefers."""

import numpy as np
from furrow.core.expression_prior import expression_prior
from helpers import ARKIT


def weights(**values):
    w = np.zeros(52)
    for name, value in values.items():
        w[ARKIT.index(name)] = value
    return w


def test_gradient_is_the_derivative_of_the_cost():
    prior = expression_prior(tuple(ARKIT))
    w = np.random.default_rng(0).uniform(0, 1, 52)
    numeric = [
        (prior.cost(w + 1e-5 * e) - prior.cost(w - 1e-5 * e)) / 2e-5 for e in np.eye(52)
    ]
    assert np.allclose(prior.gradient(w), numeric, rtol=1e-5, atol=1e-5)


def test_convex_part_is_positive_definite():
    assert np.linalg.eigvalsh(expression_prior(tuple(ARKIT)).convex_hessian()).min() > 0


def test_symmetric_use_costs_less_than_one_sided():
    prior = expression_prior(tuple(ARKIT))
    both = prior.cost(weights(mouthDimpleLeft=0.3, mouthDimpleRight=0.3))
    one = prior.cost(weights(mouthDimpleLeft=0.6))
    assert both < one


def test_antagonists_cost_more_together_than_apart():
    prior = expression_prior(tuple(ARKIT))
    smile, frown = weights(mouthSmileLeft=0.5), weights(mouthFrownLeft=0.5)
    assert prior.cost(smile + frown) > prior.cost(smile) + prior.cost(frown) + 1.0


def test_tongue_cannot_be_used():
    prior = expression_prior(tuple(ARKIT))
    assert prior.upper[ARKIT.index("tongueOut")] == 0 and (np.delete(prior.upper, ARKIT.index("tongueOut")) == 1).all()
