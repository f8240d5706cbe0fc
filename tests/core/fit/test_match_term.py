"""Residuals of skin that two photos show: derivatives, sliding along the skin, and how much each match counts."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.fit.match_term import aligned_skin, match_term
from furrow.core.fit.state import ViewState
from furrow.core.fit.terms import project, vertex_basis
from furrow.core.mesh.operators import vertex_areas
from furrow.core.view.flow import Matches
from synthetic_head import expression_weights, observe, some_identity

ROBUST = 3.0
COUNT = 40


@pytest.fixture(scope="module")
def skin(model):
    return aligned_skin(model, 8)


@pytest.fixture(scope="module")
def views(model):
    """Two views of one head, which smiles in the second: their states, and the photos."""
    weights = [expression_weights(model), expression_weights(model, mouthSmileLeft=0.6, mouthSmileRight=0.6)]
    turns = (0.0, -0.28, 0.0), (0.0, 0.26, 0.0)
    seen = [observe(model, some_identity(model, 7), {}, turn) for turn in turns]
    states = [
        ViewState(pose.rotation, pose.translation, np.log(1500.0), each) for (_, pose), each in zip(seen, weights)
    ]
    return tuple(states), tuple(photo for photo, _ in seen)


def some_matches(skin, seed=0):
    rng = np.random.default_rng(seed)
    vertices = np.sort(rng.choice(skin.vertices, COUNT, replace=False))
    return Matches(
        vertices, rng.uniform(100, 300, (COUNT, 2)), rng.uniform(100, 300, (COUNT, 2)),
        rng.normal(0, 0.3, (COUNT, 2, 2)) + np.eye(2), rng.uniform(20, 60, COUNT), rng.uniform(0.2, 1, COUNT), 0.5,
    )  # fmt: skip


def true_matches(model, skin, identity, views, off=0.0):
    """Matches that lie where the head has the skin, but for so many standard deviations in the second photo."""
    matches = some_matches(skin)
    basis = vertex_basis(model, matches.vertices, 8)
    first, second = (project(basis, identity, state, photo.width, photo.height).pixels for state, photo in zip(*views))
    return replace(matches, first=first, second=second + off * matches.spread[:, None] * [0.6, -0.8])


def test_residuals_change_as_their_jacobian_says(model, skin, views):
    states, photos = views
    matches, identity = some_matches(skin), some_identity(model, 2)[:8]
    term = match_term(skin, matches, identity, states, photos, ROBUST)
    size = 7 + len(model.expression_names)
    assert term.jacobian.shape == (2 * COUNT, 2 * size + 8) and term.weight.shape == (2 * COUNT,)
    rng = np.random.default_rng(1)
    for _ in range(4):
        step = rng.normal(size=2 * size + 8) * np.concatenate(
            [np.tile([0.01] * 3 + [1.0] * 3 + [0.01] * (size - 6), 2), np.full(8, 0.1)]
        )
        # weights are clipped at zero: away from it both ways
        step[7:size], step[size + 7 : 2 * size] = np.abs(step[7:size]), np.abs(step[size + 7 : 2 * size])
        moved = []
        for sign in (1e-3, 2e-3):
            there = (states[0].stepped(sign * step[:size]), states[1].stepped(sign * step[size : 2 * size]))
            moved.append(match_term(skin, matches, identity + sign * step[2 * size :], there, photos, ROBUST).residual)
        assert np.allclose((moved[0] - moved[1]) / 1e-3, term.jacobian @ step, rtol=0.01, atol=0.003)


def test_a_vertex_may_slide_along_the_skin(skin, views):
    """Matches that are moved along the surface in both photos say the same."""
    matches = some_matches(skin)
    slide = np.random.default_rng(3).normal(0, 5, (COUNT, 2))
    slid = replace(
        matches, first=matches.first + slide, second=matches.second + np.einsum("nij,nj->ni", matches.motion, slide)
    )
    terms = [match_term(skin, each, np.zeros(8), *views, ROBUST) for each in (matches, slid)]
    assert np.allclose(terms[0].residual, terms[1].residual) and not np.allclose(terms[0].residual, 0)
    only_one = match_term(skin, replace(slid, second=matches.second), np.zeros(8), *views, ROBUST)
    assert np.abs(only_one.residual - terms[0].residual).max() > 0.1


def test_a_match_counts_by_its_skin_and_half_for_its_neighbour(model, skin, views):
    """By the area of the skin about it over the mean of all skin that is matched, and by what it was given."""
    identity = some_identity(model, 2)[:8]
    matches = true_matches(model, skin, identity, views)
    term = match_term(skin, matches, identity, *views, ROBUST)
    assert np.abs(term.residual).max() < 1e-9
    area = vertex_areas(model.mean.astype(float), model.topology.head_triangles)
    share = area[matches.vertices] / area[skin.vertices].mean()
    assert share.max() > 2 * share.min()
    np.testing.assert_allclose(term.weight, np.repeat(0.5 * matches.weight * share, 2))


@pytest.mark.parametrize("off", [0.5, 3.0, 12.0])
def test_a_match_far_off_loses_its_weight(model, skin, views, off):
    """Three quarters of it at the robust scale, by Geman and McClure; both of its residuals alike."""
    identity = some_identity(model, 2)[:8]
    near, far = (
        match_term(skin, true_matches(model, skin, identity, views, each), identity, *views, ROBUST)
        for each in (0.0, off)
    )
    np.testing.assert_allclose(far.residual.reshape(-1, 2), np.tile([0.6 * off, -0.8 * off], (COUNT, 1)), atol=1e-9)
    np.testing.assert_allclose(far.weight / near.weight, (ROBUST**2 / (ROBUST**2 + off**2)) ** 2)
