"""The expression prior: its gradient, and what it prefers."""

import numpy as np
import pytest
from furrow.core.fit.expression_prior import (
    GAZE_SPREAD,
    LOOSELY_SYMMETRIC,
    SYMMETRIC_SPREAD,
    expression_prior,
    guided_prior,
    trust_by_shape,
)
from furrow.models.evaluation.made_up import ARKIT


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


@pytest.mark.parametrize("pair, spread", [
    (("mouthDimpleLeft", "mouthDimpleRight"), SYMMETRIC_SPREAD),
    (("mouthSmileLeft", "mouthSmileRight"), LOOSELY_SYMMETRIC.get("mouthSmile", SYMMETRIC_SPREAD)),
    (("eyeLookUpLeft", "eyeLookUpRight"), GAZE_SPREAD),
    (("eyeLookInLeft", "eyeLookOutRight"), GAZE_SPREAD),
])  # fmt: skip
def test_what_moves_alike_costs_its_difference(pair, spread):
    """Beside what each weight costs by itself: ((a - b) / spread)^2 / 2, so its cross term is -a b / spread^2."""
    prior = expression_prior(tuple(ARKIT), 0.3)
    one, other = weights(**{pair[0]: 0.5}), weights(**{pair[1]: 0.4})
    assert prior.cost(one + other) - prior.cost(one) - prior.cost(other) == pytest.approx(-0.3 * 0.5 * 0.4 / spread**2)
    # a rig without the other shape has a prior all the same
    alone = expression_prior(tuple(name for name in ARKIT if name != pair[1]))
    assert np.isfinite(alone.coupling).all() and len(alone.rate) == 51


def test_antagonists_cost_more_together_than_apart():
    prior = expression_prior(tuple(ARKIT))
    smile, frown = weights(mouthSmileLeft=0.5), weights(mouthFrownLeft=0.5)
    assert prior.cost(smile + frown) > prior.cost(smile) + prior.cost(frown) + 1.0


def test_tongue_cannot_be_used():
    prior = expression_prior(tuple(ARKIT))
    assert prior.upper[ARKIT.index("tongueOut")] == 0 and (np.delete(prior.upper, ARKIT.index("tongueOut")) == 1).all()


def test_a_reading_adds_its_squared_distance():
    rng = np.random.default_rng(1)
    prior = expression_prior(tuple(ARKIT))
    read, sigma = rng.uniform(0, 1, 52), rng.uniform(0.05, 0.3, 52)
    guided = guided_prior(prior, read, sigma, trust=2.0)
    a, b = rng.uniform(0, 1, (2, 52))
    added = [guided.cost(w) - prior.cost(w) - (((w - read) / sigma) ** 2).sum() for w in (a, b)]
    assert added[0] == pytest.approx(added[1])
    assert np.linalg.eigvalsh(guided.convex_hessian()).min() > 0


def test_a_reading_moves_the_best_weight_towards_it():
    prior = expression_prior(tuple(ARKIT), 0.3)
    read = weights(jawOpen=0.8)
    guided = guided_prior(prior, read, np.full(52, 0.1), keep=0.2)
    best = np.linalg.solve(guided.convex_hessian(), -guided.rate)
    assert best[ARKIT.index("jawOpen")] == pytest.approx(0.8, abs=0.1)
    assert np.abs(np.delete(best, ARKIT.index("jawOpen"))).max() < 0.1


def test_a_reading_hardly_holds_what_parts_the_lips():
    """The landmarks of the lips decide there: at most one measurement's weight, whatever the others have."""
    trust = trust_by_shape(("jawOpen", "mouthUpperUpLeft", "mouthLowerDownRight"), 40.0)
    assert trust.tolist() == [40.0, 1.0, 1.0]
    assert trust_by_shape(("mouthUpperUpLeft",), 0.0).tolist() == [0.0]
