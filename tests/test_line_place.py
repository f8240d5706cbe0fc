"""From the darkest place of a groove to its bottom, against grooves shaded by their exact normals."""

import numpy as np
import pytest
from dome import dome_fit, dome_model, dome_view
from furrow.core.lighting import Light
from furrow.core.line_place import bottom_offset
from furrow.core.unwrap import pose_view

MODEL = dome_model()
VIEW = dome_view()
POSED = pose_view(MODEL, dome_fit(MODEL, VIEW), VIEW, np.full((480, 480, 3), 128, np.uint8), 0.4)
WIDTH_MM = 70 * 1.35 / 0.45  # of the whole chart, at the middle of the dome
DEPTH_MM, BROAD_MM = 0.4, 1.1
LESS_SKY = 0.45  # log units a millimetre


def light_from(x: float) -> Light:
    coefficients = np.zeros((9, 3))
    coefficients[0], coefficients[1], coefficients[3] = 2.6, 0.9 * x, -1.2
    return Light(coefficients, np.full(3, 0.25))


def darkest(light: Light) -> float:
    """Millimetres along +x of the camera from the bottom of a groove across x to where it is darkest."""
    x = np.linspace(-4, 4, 2001)
    height = -DEPTH_MM * np.exp(-0.5 * (x / BROAD_MM) ** 2)
    normal = np.stack([-np.gradient(height, x), 0 * x, -np.ones_like(x)], -1)
    # the outward normal of a surface that faces the camera is -z; a rise towards +x tilts it towards -x
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return float(x[np.argmin(np.log(light.shading(normal).mean(-1)) + LESS_SKY * height)])


def offset_of(light: Light, backwards: bool = False) -> np.ndarray:
    """(2,) mm of the chart, median along an upright line through the middle."""
    v = np.linspace(0.4, 0.6, 40)
    uv = np.stack([np.full(40, 0.5), v[::-1] if backwards else v], -1)
    return np.median(bottom_offset(MODEL.topology, POSED, light, uv, np.array([0, 40])), axis=0) * WIDTH_MM


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_bottom_lies_beside_the_darkest_place_on_the_side_of_the_light(side):
    light = light_from(side)
    place = darkest(light)
    assert abs(place) > 0.5
    offset = offset_of(light)
    # u runs along +x of the camera
    assert abs(place + offset[0]) < 0.45 * abs(place)
    assert abs(offset[1]) < 0.05
    np.testing.assert_allclose(offset_of(light, backwards=True), offset, atol=1e-3)


def test_light_from_the_front_leaves_lines_where_they_are():
    light = light_from(0.0)
    assert abs(darkest(light)) < 0.01
    assert np.abs(offset_of(light)).max() < 0.02


def test_no_lines_have_no_offsets():
    assert bottom_offset(MODEL.topology, POSED, light_from(1.0), np.zeros((0, 2)), np.zeros(1, int)).shape == (0, 2)
