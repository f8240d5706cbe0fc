"""Age, layout and swapping of wrinkles on a finished character."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.character.character import DetailMaps
from furrow.core.character.edit import (
    age_of_years,
    region_weight,
    residual_share,
    swap_detail,
    with_wrinkles,
    years_of_age,
)
from furrow.core.errors import FurrowError
from furrow.core.head.model import load_head_model
from furrow.core.wrinkles.maps import static_prior
from furrow.models.evaluation.made_up import tiny_character

SIZE = 256


@pytest.fixture(scope="module")
def topology(assets):
    return load_head_model(assets / "head.npz").topology


@pytest.fixture(scope="module")
def person(atlas, topology):
    """A character on the real chart: age .4, with a residual of its own."""
    residual = np.random.default_rng(3).normal(0, 0.02, (SIZE, SIZE)).astype(np.float32)
    zero = DetailMaps(*np.zeros((4, SIZE, SIZE), np.float32))
    made = replace(tiny_character(), topology=topology, detail=zero, age=0.4, wrinkle_seed=1)
    made = replace(made, residual_age=0.4, static_residual=residual)
    return with_wrinkles(made, atlas)


def energy(values):
    return float((values.astype(np.float64) ** 2).sum())


def test_static_is_prior_plus_residual(person, atlas):
    expected = static_prior(atlas, SIZE, 0.4, 1) + person.static_residual
    np.testing.assert_allclose(person.detail.static, expected, atol=1e-6)


def test_age_deepens_lines_and_can_be_taken_back(person, atlas):
    steps = [with_wrinkles(person, atlas, age=a) for a in (0.0, 0.25, 0.5, 0.75, 1.0)]
    prior = [s.detail.static - residual_share(s.age, 0.4) * person.static_residual for s in steps]
    energies = [energy(p) for p in prior]
    assert energies == sorted(energies) and energies[-1] > 20 * energies[0]
    back = with_wrinkles(steps[0], atlas, age=0.4)
    np.testing.assert_array_equal(back.detail.stack(), person.detail.stack())


def test_pores_change_with_age_and_back(person, atlas):
    gains = np.array([0.6, 1.0, 1.4, 2.0])
    porous = replace(person, pore_gains=gains)
    old, young = (with_wrinkles(porous, atlas, age=a) for a in (1.0, 0.0))
    np.testing.assert_allclose(old.pore_gains / gains, 1.3)
    np.testing.assert_allclose(young.pore_gains / gains, 0.8)
    np.testing.assert_allclose(with_wrinkles(old, atlas, age=0.4).pore_gains, gains)
    assert with_wrinkles(person, atlas, age=1.0).pore_gains is None


def test_no_jump_along_the_age_slider(person, atlas):
    ages = np.linspace(0, 1, 21)
    maps = [with_wrinkles(person, atlas, age=float(a)).detail.static for a in ages]
    steps = [np.abs(b - a).max() for a, b in zip(maps, maps[1:])]
    assert max(steps) < 0.12


def test_residual_fades_towards_youth(person, atlas):
    assert residual_share(0.0, 0.4) == 0.25
    assert residual_share(0.4, 0.4) == residual_share(1.0, 0.4) == 1.0
    assert residual_share(0.2, 0.4) == pytest.approx(0.625)
    assert residual_share(0.0, 0.0) == 1.0


def test_seed_gives_other_lines_of_like_strength(person, atlas):
    other = with_wrinkles(person, atlas, seed=2)
    a, b = person.detail.compressed_1, other.detail.compressed_1
    assert 0.4 < energy(a) / energy(b) < 2.5
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] < 0.9


def test_swap_mixes_linearly_and_keeps_shape(person, atlas):
    old = with_wrinkles(person, atlas, age=1.0, seed=5)
    half = swap_detail(person, old, atlas, 0.5)
    np.testing.assert_allclose(half.detail.static, 0.5 * (person.detail.static + old.detail.static), atol=1e-6)
    np.testing.assert_array_equal(half.detail.compressed_1, person.detail.compressed_1)
    assert half.neutral is person.neutral
    none = swap_detail(person, old, atlas, 0.0)
    np.testing.assert_array_equal(none.detail.stack(), person.detail.stack())


def test_swapped_detail_survives_a_later_change_of_age(person, atlas):
    old = with_wrinkles(person, atlas, age=1.0, seed=5)
    swapped = swap_detail(person, old, atlas)
    again = with_wrinkles(swapped, atlas, age=swapped.age)
    np.testing.assert_allclose(again.detail.static, old.detail.static, atol=1e-5)


def test_swap_by_region_leaves_the_rest(person, atlas, topology):
    old = with_wrinkles(person, atlas, age=1.0, seed=5)
    swapped = swap_detail(person, old, atlas, 1.0, ["forehead"], dynamic=True)
    weight = region_weight(topology, ["forehead"], SIZE)
    assert 0.02 < (weight > 0.5).mean() < 0.3
    untouched = weight == 0
    assert untouched.mean() > 0.3
    np.testing.assert_array_equal(swapped.detail.stack()[untouched], person.detail.stack()[untouched])
    full = weight == 1
    np.testing.assert_allclose(swapped.detail.static[full], old.detail.static[full], atol=1e-6)


def test_stretch_flattens_what_is_there_at_rest_whatever_it_is_from(person, atlas):
    rng = np.random.default_rng(0)
    scarred = replace(person, static_residual=rng.normal(0.0, 0.1, (SIZE, SIZE)).astype(np.float32), residual_age=0.0)
    scarred = with_wrinkles(scarred, atlas, age=0.6)
    assert energy(scarred.detail.static + scarred.detail.stretched) < 0.2 * energy(scarred.detail.static)
    other = with_wrinkles(person, atlas, age=1.0, seed=5)
    lines_taken = swap_detail(other, scarred, atlas)
    np.testing.assert_allclose(lines_taken.detail.stretched, scarred.detail.stretched, atol=1e-6)
    habits_taken = swap_detail(other, scarred, atlas, static=False, dynamic=True)
    np.testing.assert_array_equal(habits_taken.detail.stretched, other.detail.stretched)


def test_swap_between_sizes(person, atlas):
    large = replace(person, detail=DetailMaps(*np.full((4, 512, 512), 0.1, np.float32)), static_residual=None)
    swapped = swap_detail(person, large, atlas)
    np.testing.assert_allclose(swapped.detail.static, 0.1, atol=1e-6)


def test_a_mix_beyond_one_and_an_unknown_region_are_refused(person, atlas):
    with pytest.raises(FurrowError, match="from 0 to 1"):
        swap_detail(person, person, atlas, 1.5)
    with pytest.raises(FurrowError, match="no region 'elbow'"):
        swap_detail(person, person, atlas, 1.0, ["elbow"])


def test_years_and_age_convert_both_ways_within_the_range():
    assert [age_of_years(years) for years in (10, 20, 85, 90)] == [0, 0, 1, 1]
    assert years_of_age(age_of_years(45)) == pytest.approx(45)
