"""From the darkest place of a groove to its bottom and its depth, against grooves shaded by their exact normals."""

import numpy as np
import pytest
from dome import dome_fit, dome_model, dome_view
from furrow.core.detail.grooves import grooves
from furrow.core.view.lighting import Light
from furrow.core.view.unwrap import pose_view

MODEL = dome_model()
VIEW = dome_view()
POSED = pose_view(MODEL, dome_fit(MODEL, VIEW), VIEW, np.full((480, 480, 3), 128, np.uint8), 0.4)
WIDTH_MM = 70 * 1.35 / 0.45  # of the whole chart, at the middle of the dome
SIZE = 512
WIDE_MM = 1.2
LESS_SKY = 0.2  # log units a millimetre
POINTS = 40


def light_from(x: float) -> Light:
    coefficients = np.zeros((9, 3))
    coefficients[0], coefficients[1], coefficients[3] = 2.6, 0.9 * x, -1.2
    return Light(coefficients, np.full(3, 0.25))


def shaded(light: Light, depth: float, wide: float = WIDE_MM) -> tuple[np.ndarray, np.ndarray]:
    """(SIZE,) mm along +x of the camera, log brightness of an upright groove with its bottom at 0."""
    x = ((np.arange(SIZE) + 0.5) / SIZE - 0.5) * WIDTH_MM
    height = -depth * (1 + (x / wide) ** 2) ** -1.6
    # the outward normal of a surface that faces the camera is -z; a rise towards +x tilts it towards -x
    slope = 0.8 * np.gradient(height, x)
    normal = np.stack([-slope, 0 * x, -np.ones_like(x)], -1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return x, np.log(light.shading(normal).mean(-1)) + LESS_SKY * height


def found(light: Light, bright: np.ndarray, at_mm: float, trust: np.ndarray | None = None, backwards: bool = False):
    """(2,) mm of the chart and mm of depth: medians along an upright line at so many millimetres from the middle."""
    luminance = np.broadcast_to(bright.astype(np.float32), (SIZE, SIZE)).copy()
    v = np.linspace(0.46, 0.54, POINTS)
    uv = np.stack([np.full(POINTS, 0.5 + at_mm / WIDTH_MM), v[::-1] if backwards else v], -1)
    trust = np.ones((SIZE, SIZE), np.float32) if trust is None else trust
    start = np.array([0, POINTS])
    seen = grooves(MODEL.topology, POSED, light, luminance, trust, uv, start, np.array([WIDE_MM]))
    return np.median(seen.offset, axis=0) * WIDTH_MM, float(np.median(seen.depth))


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("depth", [0.15, 0.4])
def test_bottom_and_depth_of_a_groove_lit_from_the_side(side, depth):
    light = light_from(side)
    x, bright = shaded(light, depth)
    darkest = float(x[bright.argmin()])
    assert abs(darkest) > 0.4
    offset, deep = found(light, bright, darkest)
    # u runs along +x of the camera
    assert abs(darkest + offset[0]) < 0.25
    assert abs(offset[1]) < 0.05
    assert 0.7 * depth < deep < 1.3 * depth
    again, same = found(light, bright, darkest, backwards=True)
    np.testing.assert_allclose(again, offset, atol=1e-3)
    assert same == pytest.approx(deep, rel=1e-3)


def test_light_from_the_front_leaves_lines_where_they_are_and_shows_their_depth():
    light = light_from(0.0)
    seen = [found(light, shaded(light, depth)[1], 0.0) for depth in (0.15, 0.4)]
    for (offset, deep), depth in zip(seen, (0.15, 0.4)):
        assert np.abs(offset).max() < 0.16
        assert 0.6 * depth < deep < 1.8 * depth
    assert seen[1][1] / seen[0][1] == pytest.approx(0.4 / 0.15, rel=0.2)


def test_equal_contrast_is_less_depth_in_light_from_the_side():
    depth = []
    for light in (light_from(0.0), light_from(1.0)):
        x, bright = shaded(light, 0.3)
        bright = (bright - bright[0]) * 0.05 / np.ptp(bright)
        depth.append(found(light, bright, float(x[bright.argmin()]))[1])
    assert depth[1] < 0.6 * depth[0]


def test_a_slope_of_brightness_and_what_is_no_skin_are_no_depth():
    light = light_from(1.0)
    x, bright = shaded(light, 0.3)
    darkest = float(x[bright.argmin()])
    offset, deep = found(light, bright, darkest)
    tilted, same = found(light, bright + 0.02 * x, darkest)
    np.testing.assert_allclose(tilted, offset, atol=0.11)
    assert same == pytest.approx(deep, rel=0.1)
    # a dark brow two and a half millimetres beside the line, not trusted
    hairy = bright - 0.8 * (x > 2.5)
    trust = np.broadcast_to((x < 2.0).astype(np.float32), (SIZE, SIZE)).copy()
    assert found(light, hairy, darkest, trust)[1] == pytest.approx(deep, rel=0.35)
    assert found(light, hairy, darkest)[1] != pytest.approx(deep, rel=0.35)


def test_a_bright_ridge_is_no_groove():
    light = light_from(0.0)
    assert found(light, -shaded(light, 0.3)[1], 0.0)[1] < 0.1


def test_no_lines_have_no_grooves():
    none = np.zeros((SIZE, SIZE), np.float32)
    seen = grooves(MODEL.topology, POSED, light_from(1.0), none, none, np.zeros((0, 2)), np.zeros(1, int), np.zeros(0))
    assert seen.offset.shape == (0, 2) and seen.depth.shape == (0,)
