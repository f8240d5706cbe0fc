"""Lashes grow along the lids, outwards and curled, the same on both eyes."""

import numpy as np
import pytest
from furrow.core.hair.hair_colour import USUAL, HairColour
from furrow.core.hair.lashes import LOWER, UPPER, grow_lashes
from furrow.core.hair.strands import SPARE
from furrow.core.head.landmark_sets import EYES
from scipy.spatial import cKDTree


@pytest.fixture(scope="module")
def lashes(model):
    return grow_lashes(model, model.mean, HairColour(USUAL, 0.0), seed=0)


def split(model, lashes):
    """Upper and lower lashes of the left eye."""
    left = lashes.points[lashes.points[:, 0, 0] > 0]
    upper = left[:, -1, 1] > left[:, 0, 1]
    return left[upper], left[~upper]


def test_roots_are_on_the_margins(model, lashes):
    marks = model.landmarks(model.mean)
    lines = [marks[np.append(contour, contour[0])] for contour in map(np.array, EYES)]
    steps = np.linspace(0, 1, 20)[:, None, None]
    dense = np.concatenate([(line[:-1] * (1 - steps) + line[1:] * steps).reshape(-1, 3) for line in lines])
    assert cKDTree(dense).query(lashes.points[:, 0])[0].max() < 2.0


def test_upper_lashes_are_longer_and_both_lids_have_theirs(model, lashes):
    upper, lower = split(model, lashes)
    assert len(upper) == pytest.approx(UPPER.count * SPARE, rel=0.05)
    assert len(lower) == pytest.approx(LOWER.count * SPARE, rel=0.1)
    length = [np.linalg.norm(np.diff(p, axis=1), axis=2).sum(1) for p in (upper, lower)]
    assert np.median(length[0]) > 1.3 * np.median(length[1])
    assert 6.0 < np.quantile(length[0], 0.9) < 13.0


def test_upper_lashes_curl_up(model, lashes):
    upper, _ = split(model, lashes)
    rise = np.diff(upper[..., 1], axis=1)
    assert np.median(rise[:, 0]) < 0 < np.median(rise[:, -1])


def test_no_lash_enters_the_eye(model, lashes):
    eyes = model.mean[model.topology.part_slice("eyes")]
    for side in (1.0, -1.0):
        ball = eyes[eyes[:, 0] * side > 0]
        centre = ball.mean(0)
        own = lashes.points[lashes.points[:, 0, 0] * side > 0]
        assert np.linalg.norm(own[:, 2:] - centre, axis=-1).min() > np.linalg.norm(ball - centre, axis=1).mean() - 1.0


def test_both_eyes_have_as_many(lashes):
    left = (lashes.points[:, 0, 0] > 0).sum()
    assert 2 * left == len(lashes)
    some = lashes.points[: len(lashes) // 2, 0, 0] > 0
    assert some.mean() == pytest.approx(0.5, abs=0.05)
