"""The window of the chart that photos show: bounds, both sizes, and patches that are left out."""

import cv2
import numpy as np
import pytest
from furrow.core.view.chart_window import grid_size, placed, seen_window, union, without_islands


def seen(size, rows, columns):
    trust = np.zeros((size, size), np.float32)
    trust[rows[0] : rows[1], columns[0] : columns[1]] = 0.5
    return trust


def test_only_patches_too_small_to_matter_are_left_out():
    trust = np.zeros((512, 512), np.float32)
    trust[100:300, 100:400] = 0.8
    trust[400:410, 200:300] = 0.9  # 10 x 100 texels of half a millimetre: 250 mm²
    found = without_islands(trust, 0.5)
    np.testing.assert_array_equal(found[:390], trust[:390])
    assert not found[390:].any()
    np.testing.assert_array_equal(without_islands(trust, 1.0), trust)


def test_a_window_is_even_and_as_wide_on_either_side_of_the_middle():
    window = seen_window(seen(1024, (251, 450), (350, 501)), 4096)
    rows, columns = window.work
    assert rows.start <= 251 and rows.stop >= 450 and columns.start <= 350
    assert columns.start + columns.stop == 1024
    assert rows.stop - rows.start < 212 and columns.stop - columns.start < 350
    assert all(edge % 2 == 0 for edge in (rows.start, rows.stop, columns.start))
    assert window.full == tuple(slice(4 * s.start, 4 * s.stop) for s in window.work)
    assert seen_window(seen(1024, (0, 0), (0, 0)), 2048).full == (slice(0, 2048),) * 2


@pytest.mark.parametrize("interpolation", [cv2.INTER_LINEAR, cv2.INTER_CUBIC])
@pytest.mark.parametrize("rows", [(20, 60), (0, 40), (70, 128)])
def test_the_window_enlarged_is_the_window_of_the_enlarged_chart(rows, interpolation):
    chart = np.random.default_rng(0).normal(size=(128, 128, 3)).astype(np.float32)
    window = seen_window(seen(128, rows, (30, 50)), 512)
    whole = cv2.resize(chart, (512, 512), interpolation=interpolation)
    np.testing.assert_allclose(window.enlarged(chart, interpolation), whole[window.full], atol=1e-5)
    assert window.enlarged(chart).shape[:2] == window.shape
    part = chart[window.work]
    np.testing.assert_allclose(window.reduced(np.repeat(np.repeat(part, 4, 0), 4, 1)), part, atol=1e-6)
    assert window.grown(part).shape[:2] == window.shape


def test_parts_lie_where_they_were_in_the_window_that_holds_them_all():
    size = 256
    windows = [seen_window(seen(128, *bounds), size) for bounds in (((20, 60), (40, 60)), ((50, 90), (30, 70)))]
    outer = union(windows)
    image = np.random.default_rng(1).normal(size=(size, size)).astype(np.float32)
    for window in windows:
        expected = np.zeros_like(image)
        expected[window.full] = image[window.full]
        np.testing.assert_array_equal(placed(image[window.full], window, outer), expected[outer.full])
    assert outer.work[0].start <= 20 and outer.work[0].stop >= 90
    assert union(windows[:1]) == windows[0]


def test_the_working_size_divides_that_of_the_maps():
    assert [grid_size(n) for n in (256, 512, 1024, 2048, 4096, 2049)] == [256, 512, 1024, 1024, 1024, 2049]
    assert grid_size(3000) == 1500
