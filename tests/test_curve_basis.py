"""Curves as a basis: distances and places against closed forms, on lines and circles."""

import numpy as np
import pytest
from furrow.core.curve_basis import basis_matrix, evaluate, texels_near

MM = 200.0  # the chart is 200 mm wide
METRIC = np.array([MM**2, 0.0, MM**2])


def centres(size):
    at = (np.arange(size) + 0.5) / size
    return np.stack(np.meshgrid(at, 1.0 - at), axis=-1).reshape(-1, 2)


def circle(radius_mm, count=200):
    angle = np.linspace(0.2, 2.9, count)
    return 0.5 + radius_mm / MM * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def near(uv, reach, size, metric=METRIC):
    count = len(uv)
    return texels_near(uv, np.tile(metric, (count, 1)), np.array([0, count]), np.full(count, reach), size)


def test_distance_to_a_circle_is_the_difference_of_radii():
    size, radius, reach = 256, 60.0, 8.0
    found = near(circle(radius), reach, size)
    offset = (centres(size)[found.texel] - 0.5) * MM
    # counter-clockwise with v up: the inside is on the left
    assert np.abs(found.distance - (radius - np.linalg.norm(offset, axis=1))).max() < 0.02


def test_every_texel_near_a_curve_is_found_exactly_once():
    size, radius, reach = 256, 60.0, 8.0
    found = near(circle(radius), reach, size)
    offset = (centres(size) - 0.5) * MM
    away = np.abs(np.linalg.norm(offset, axis=1) - radius)
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    expected = np.flatnonzero((away < reach - 0.05) & (angle > 0.21) & (angle < 2.89))
    assert len(np.unique(found.texel)) == len(found.texel)
    assert np.isin(expected, found.texel).all()
    allowed = (away < reach + 0.05) & (angle > 0.17) & (angle < 2.93)
    assert allowed[found.texel].all()


def test_distance_is_in_millimetres_of_a_stretched_and_sheared_chart():
    jacobian = np.array([[150.0, 40.0], [0.0, 260.0]])
    first_form = jacobian.T @ jacobian
    uv = np.linspace([0.2, 0.3], [0.8, 0.6], 40)
    found = near(uv, 6.0, 200, np.array([first_form[0, 0], first_form[0, 1], first_form[1, 1]]))
    along = jacobian @ (uv[-1] - uv[0])
    along /= np.linalg.norm(along)
    offset = (centres(200)[found.texel] - uv[0]) @ jacobian.T
    across = along[0] * offset[:, 1] - along[1] * offset[:, 0]
    assert len(found.texel) > 500
    assert found.distance == pytest.approx(across, abs=0.01)


def test_amplitudes_are_interpolated_along_a_curve():
    size = 200
    uv = np.linspace([0.1, 0.5025], [0.9, 0.5025], 21)
    found = near(uv, 2.0, size)
    amplitude = np.linspace(0.0, 1.0, 21)[:, None] ** 2
    drawn = evaluate(found, np.ones(len(found.texel), np.float32), amplitude, size)[..., 0]
    row = int((1.0 - 0.5025) * size)
    u = (np.arange(size) + 0.5) / size
    expected = np.interp(u, uv[:, 0], amplitude[:, 0], left=0.0, right=0.0)
    inside = (u > 0.11) & (u < 0.89)
    assert drawn[row, inside] == pytest.approx(expected[inside], abs=1e-4)
    assert drawn[: row - 3].max() == 0.0 and drawn[row + 4 :].max() == 0.0


def test_evaluating_is_the_product_with_the_basis():
    size = 96
    rng = np.random.default_rng(0)
    uv = np.concatenate([circle(50.0, 60), np.linspace([0.2, 0.2], [0.7, 0.4], 30)])
    start = np.array([0, 60, 90])
    found = texels_near(uv, np.tile(METRIC, (90, 1)), start, np.full(90, 5.0), size)
    profile = rng.random(len(found.texel)).astype(np.float32)
    amplitude = rng.standard_normal((90, 2))
    product = basis_matrix(found, profile, 90, size) @ amplitude
    assert evaluate(found, profile, amplitude, size).reshape(-1, 2) == pytest.approx(product, abs=1e-4)


def test_a_curve_at_the_border_stays_inside_the_map():
    found = near(np.linspace([0.0, 0.001], [0.3, 0.001], 20), 10.0, 64)
    assert len(found.texel) and found.texel.min() >= 0 and found.texel.max() < 64 * 64


def test_no_texels_when_a_curve_lies_outside_the_map():
    assert len(near(np.linspace([1.5, 1.5], [1.8, 1.5], 10), 3.0, 64).texel) == 0
