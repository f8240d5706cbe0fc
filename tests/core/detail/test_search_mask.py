"""Trust for looking for lines: a forehead whose deep lines were taken for hair, and hair that stays hair."""

import cv2
import numpy as np
import pytest
from furrow.core.detail.search_mask import REGIONS, line_trust
from furrow.core.head.chart import head_chart
from furrow.core.head.model import region_sum
from furrow.core.head.raster import sample_smooth

SIZE = 512


@pytest.fixture(scope="module")
def forehead(model):
    """(S, S) in [0, 1] forehead without brows, its rows and columns where it is whole, chart."""
    topology = model.topology
    place = region_sum(topology, ("forehead",)) * (1 - region_sum(topology, ("brow",)))
    place = sample_smooth(topology, place, SIZE)
    rows, columns = np.nonzero(place > 0.95)
    inside = np.abs(columns - SIZE / 2) < 25
    rows = rows[inside]
    return place, int(rows.min()), int(rows.max()), head_chart(topology, model.mean, SIZE)


def trusted(model, luminance, bare, chart, facing=1.0):
    return line_trust(model.topology, luminance, bare, np.full(model.topology.vertex_count, facing), chart)


def test_a_dark_line_that_ends_in_hair_is_looked_at_and_hair_is_not(model, forehead):
    place, top, bottom, chart = forehead
    middle = SIZE // 2
    luminance, hair = np.zeros((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.float32)
    hair[: top + 8] = 1
    line = (top + bottom) // 2
    width = max(2, round(chart.texels(3.0)))
    hair[line : line + width, middle - 40 :] = 1
    luminance -= 1.2 * hair
    # the mask keeps clear of what it takes for hair
    bare = cv2.erode((1 - hair) * (place > 0.5), np.ones((7, 7))).astype(np.float32)
    trust = trusted(model, luminance, bare, chart)
    assert bare[line + 1, middle - 15 : middle + 15].max() == 0
    assert trust[line + 1, middle - 15 : middle + 15].min() > 0.9
    assert trust[: top + 4, middle - 15 : middle + 15].max() < 0.05


def test_skin_beside_skin_as_bright_is_trusted_as_far_as_it_is_seen(model, forehead):
    place, top, bottom, chart = forehead
    columns = np.arange(SIZE) - SIZE / 2
    luminance = np.broadcast_to(-0.02 * np.abs(columns), (SIZE, SIZE)).astype(np.float32).copy()
    bare = np.zeros((SIZE, SIZE), np.float32)
    bare[top:bottom, np.abs(columns) < 12] = 1
    row, beside = (top + bottom) // 2, slice(SIZE // 2 + 14, SIZE // 2 + 24)
    assert trusted(model, luminance, bare, chart)[row, beside].min() > 0.7
    assert trusted(model, luminance, bare, chart, facing=0.1)[row, beside].max() < 0.05
    step = luminance - 0.9 * (np.abs(columns) > 12)
    assert trusted(model, step.astype(np.float32), bare, chart)[row, beside].max() < 0.05


def test_away_from_the_forehead_the_mask_stays_as_it_is(model):
    topology, rng = model.topology, np.random.default_rng(3)
    bare = (rng.random((SIZE, SIZE)) > 0.5).astype(np.float32)
    chart = head_chart(topology, model.mean, SIZE)
    trust = trusted(model, np.zeros((SIZE, SIZE), np.float32), bare, chart)
    elsewhere = sample_smooth(topology, region_sum(topology, REGIONS), SIZE) == 0
    cheek = elsewhere & (sample_smooth(topology, region_sum(topology, ("cheek", "chin")), SIZE) > 0.5)
    assert cheek.sum() > 500
    np.testing.assert_array_equal(trust[cheek], bare[cheek])
    assert (trust >= bare).all()
