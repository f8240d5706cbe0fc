"""Coefficients of the wrinkle atlas: what people drawn from the prior have, against its closed form and the maps."""

import numpy as np
import pytest
from furrow.core.wrinkles.maps import (
    FOLD,
    coefficient_prior,
    coefficients,
    dynamic_amplitudes,
    points_of,
    static_amplitudes,
)

AGE = 0.8
SEEDS = 400


@pytest.fixture(scope="module")
def people(atlas):
    """phi, kappa (SEEDS, C) of a population."""
    drawn = [coefficients(atlas, AGE, seed) for seed in range(SEEDS)]
    return tuple(np.stack(column) for column in zip(*drawn))


def test_coefficients_are_the_deepest_points_of_the_curves(atlas):
    phi, kappa = coefficients(atlas, AGE, 5)
    curve = np.repeat(np.arange(len(phi)), np.diff(atlas.curve_start))[points_of(atlas, 5)]
    for found, amplitudes in ((phi, static_amplitudes), (kappa, dynamic_amplitudes)):
        deepest = np.zeros(len(found))
        np.maximum.at(deepest, curve, amplitudes(atlas, AGE, 5))
        assert found == pytest.approx(deepest, rel=1e-5, abs=1e-7)
        assert (found > 0).sum() > 200


def test_mean_and_presence_over_the_population_are_the_prior_s(atlas, people):
    prior = coefficient_prior(atlas, AGE)
    for found, mean in zip(people, (prior.mean_phi, prior.mean_kappa)):
        there = found > 0
        some = (mean > 1e-4) & (there.sum(0) > 30)
        assert some.sum() > 500
        ratio = found.sum(0)[some] / there.sum(0)[some] / mean[some]
        standard_error = prior.spread / np.sqrt(there.sum(0)[some])
        assert np.abs(ratio - 1.0).max() < 5.0 * standard_error.max()
        assert np.median(ratio) == pytest.approx(1.0, abs=0.03)
        # layouts are drawn evenly: binomial, 4 standard deviations
        presence = there.mean(0)[some]
        allowed = 4.0 * np.sqrt(prior.presence * (1.0 - prior.presence) / SEEDS)[some] + 1e-9
        assert (np.abs(presence - prior.presence[some]) <= allowed).all()


def _logs(phi, first, second):
    """Log coefficients (n,), (n,) of two curves in the people who have both."""
    both = (phi[:, first] > 0) & (phi[:, second] > 0)
    return np.log(phi[both, first]), np.log(phi[both, second])


def _correlation(phi, pairs):
    """Mean correlation over pairs of curves, by Fisher's z."""
    z = [np.arctanh(np.corrcoef(*_logs(phi, a, b))[0, 1]) for a, b in pairs]
    return np.tanh(np.mean(z))


def test_spread_and_correlations_are_the_prior_s(atlas, people):
    phi = people[0]
    prior = coefficient_prior(atlas, AGE)
    lines = np.flatnonzero((prior.mean_phi > 1e-3) & (atlas.curve_rank != FOLD))
    spread = [np.log(column[column > 0]).std() for column in phi.T[lines]]
    # clipping takes a little of it away
    assert 0.8 * prior.spread < np.median(spread) < 1.02 * prior.spread
    crows_feet = lines[atlas.curve_group[lines] == atlas.group_names.index("crows_feet")]
    same_layout = crows_feet[atlas.curve_layout[crows_feet] == 0]
    pair = atlas.curve_pair[same_layout]
    order = np.argsort(pair, kind="stable")
    following = order[1:][pair[order][1:] == pair[order][:-1]]
    before = order[:-1][pair[order][1:] == pair[order][:-1]]
    images = list(zip(same_layout[before], same_layout[following]))
    assert len(images) > 20
    shifted = np.roll(same_layout, 7)
    others = [(a, b) for a, b in zip(same_layout, shifted) if atlas.curve_pair[a] != atlas.curve_pair[b]]
    assert _correlation(phi, images) == pytest.approx(prior.pair_correlation, abs=0.06)
    assert _correlation(phi, others) == pytest.approx(prior.group_correlation, abs=0.08)
    forehead = lines[atlas.curve_group[lines] == atlas.group_names.index("forehead")]
    forehead = forehead[atlas.curve_layout[forehead] == 0]
    unrelated = list(zip(same_layout, np.resize(forehead, len(same_layout))))
    # people who have both layouts are few: three standard errors of what two habits share by chance
    assert abs(_correlation(phi, unrelated)) < 3.0 * prior.group_correlation / np.sqrt(SEEDS / 16)


def test_static_coefficients_grow_from_onset_and_dynamic_ones_of_creases_fall(atlas):
    young, middle, old = (coefficient_prior(atlas, age) for age in (0.1, 0.5, 1.0))
    assert (young.mean_phi <= middle.mean_phi).all() and (middle.mean_phi <= old.mean_phi).all()
    later = (atlas.curve_onset > 0.1) & (atlas.group_floor[atlas.curve_group] == 0.0)
    assert later.sum() > 500 and young.mean_phi[later].max() == 0.0
    deep = (atlas.curve_rank == 0) & (young.mean_kappa > 1e-3)
    assert (old.mean_kappa[deep] < middle.mean_kappa[deep]).all()


def test_young_skin_frowns_into_shallow_lines(atlas):
    young, middle = (coefficient_prior(atlas, age).mean_kappa for age in (0.08, 0.5))
    frown = (atlas.curve_group == atlas.group_names.index("glabella")) & (middle > 1e-3)
    fold = (atlas.curve_rank == FOLD) & (middle > 1e-3)
    assert (young[frown] < 0.6 * middle[frown]).all()
    assert (young[fold] > middle[fold]).all()
