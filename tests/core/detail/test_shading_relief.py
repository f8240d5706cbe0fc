"""Static relief from shading: right sign, bounded, flat where there is nothing to read."""

from dataclasses import replace

import cv2
import numpy as np
from dome import dome_fit, dome_model, dome_view
from furrow.core.detail.shading_relief import CAP_MM, CAVITY_LIMIT, cavities, photo_relief, relief_of, wiener_relief
from furrow.core.head.chart import head_chart
from furrow.core.view.lighting import Light
from furrow.core.view.shading_slope import head_sensitivity, shading_sensitivity
from furrow.core.view.unwrap import pose_view
from scipy.ndimage import gaussian_filter

SIZE = 384
MODEL = dome_model()
CHART = head_chart(MODEL.topology, MODEL.mean, SIZE)
TEXEL = CHART.texel
VIEW = dome_view()
POSED = pose_view(MODEL, dome_fit(MODEL, VIEW), VIEW, np.full((480, 480, 3), 128, np.uint8), TEXEL)
POSED = replace(POSED, millimetres_per_pixel=0.3)
COEFFICIENTS = np.zeros((9, 3))
COEFFICIENTS[0] = 2.6
COEFFICIENTS[2] = -1.6  # from above (camera y is down)
LIGHT = Light(COEFFICIENTS, np.full(3, 0.25))
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
FADE = np.clip(1.6 - np.hypot(ROWS - SIZE / 2, COLUMNS - SIZE / 2) / 90, 0, 1)


def flat_plane(slope_towards):
    """Positions, normal gradient of log light for a plane facing the camera, texels of 0.4 mm, light from above."""
    positions = np.stack([0.4 * COLUMNS, 0.4 * ROWS, np.full(ROWS.shape, 600.0)], -1).astype(np.float32)
    gradient = np.broadcast_to(np.array(slope_towards, np.float32), positions.shape).copy()
    return positions, gradient


def test_sensitivity_predicts_the_shading_of_a_rendered_relief():
    """Shade a bumpy plane exactly by its normals and compare with the linear model."""
    positions, gradient = flat_plane((0.0, -0.5, 0.0))
    a, metric = shading_sensitivity(positions, gradient)
    np.testing.assert_allclose(np.stack(metric)[:, 50, 50], [0.16, 0.16, 0], atol=1e-4)
    height = 0.05 * np.sin(ROWS / 5) * np.cos(COLUMNS / 7)
    # surface point = position + h * n with n = -z: normal tilts by the gradient of h per mm
    down = np.gradient(height, axis=0) / 0.4
    across = np.gradient(height, axis=1) / 0.4
    normal = np.stack([-across, -down, -np.ones_like(down)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    brightness = 1 + normal @ np.array([0.0, -0.5, 0.0])
    predicted = a[..., 0] * np.gradient(height, axis=1) + a[..., 1] * np.gradient(height, axis=0)
    inner = np.s_[5:-5, 5:-5]
    scale = (predicted[inner] * np.log(brightness)[inner]).sum() / (np.log(brightness)[inner] ** 2).sum()
    assert abs(scale - 0.8) < 0.03
    assert np.corrcoef(predicted[inner].ravel(), np.log(brightness)[inner].ravel())[0, 1] > 0.995


def test_wiener_filter_recovers_sign_and_place_and_stays_below_the_truth():
    positions, gradient = flat_plane((0.0, -0.8, 0.0))
    a, metric = shading_sensitivity(positions, gradient)
    rng = np.random.default_rng(0)
    height = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 4)
    height = 0.08 * height / height.std()
    residual = a[..., 0] * np.gradient(height, axis=1) + a[..., 1] * np.gradient(height, axis=0)
    residual += rng.normal(0, 0.01, residual.shape)
    mask = np.ones((SIZE, SIZE), np.float32)
    found = wiener_relief(residual.astype(np.float32), a, metric, mask, 0.08)
    inner = np.s_[40:-40, 40:-40]
    # along the light the relief is known, across it is not: compare the derivative along the light
    truth, estimate = np.gradient(height, axis=0)[inner], np.gradient(found, axis=0)[inner]
    assert np.corrcoef(truth.ravel(), estimate.ravel())[0, 1] > 0.7
    gain = (truth * estimate).sum() / (truth**2).sum()
    assert 0.15 < gain < 1.0


def test_pieces_overlap_to_one():
    """With a strong prior, no noise to speak of and a one-dimensional relief, the filter gives the relief back."""
    positions, gradient = flat_plane((0.0, -0.8, 0.0))
    a, metric = shading_sensitivity(positions, gradient)
    height = 0.05 * np.sin(2 * np.pi * ROWS / 16)
    residual = a[..., 1] * np.gradient(height, axis=0)
    found = wiener_relief(residual.astype(np.float32), a, metric, np.ones((SIZE, SIZE), np.float32), 50.0)
    inner = np.s_[70:-70, 70:-70]
    # the central difference of the test's own gradient shortens it by sinc
    expected = height * np.sinc(2 / 16)
    assert np.abs(found[inner] - expected[inner]).max() < 0.006


def relief(luminance, age=0.3, trust=FADE):
    found = relief_of(MODEL.topology, POSED, LIGHT, luminance.astype(np.float32), trust.astype(np.float32), TEXEL, age)
    return found.height * found.weight


def test_smooth_skin_stays_flat_and_strong_marks_stay_bounded():
    even = np.full((SIZE, SIZE), -1.2)
    assert np.abs(relief(even)).max() < 1e-4
    spots = gaussian_filter((np.random.default_rng(0).random((SIZE, SIZE)) < 0.004).astype(float), 1.5)
    for age in (0.0, 1.0):
        found = relief(even - 25 * spots, age)
        assert found.std() > 1e-4
        assert np.abs(found).max() <= CAP_MM + 1e-3


def test_of_a_lined_face_less_is_read_beside_its_lines():
    # across the light waves are read by their shading, along it as cavities
    for waves in (0.1 * np.sin(ROWS / 3), 0.2 * np.sin(COLUMNS / 3)):
        smooth, lined = (relief(waves - 1.2, age).std() for age in (0.1, 0.8))
        assert smooth > 0.005
        assert 0.05 * smooth < lined < 0.25 * smooth


def test_printed_freckles_make_no_bumps():
    """Round marks of the contrast of freckles on a smooth head, read through the photo."""
    rng = np.random.default_rng(2)
    image = np.full((1440, 1440, 3), 150, np.uint8)
    for x, y in rng.integers(360, 1080, (160, 2)):
        cv2.circle(image, (int(x), int(y)), int(rng.integers(2, 5)), (127, 122, 120), -1, cv2.LINE_AA)
    image = cv2.resize(image, (480, 480), interpolation=cv2.INTER_AREA)
    freckled = replace(pose_view(MODEL, dome_fit(MODEL, VIEW), VIEW, image, TEXEL), millimetres_per_pixel=0.4)
    found = photo_relief(MODEL.topology, freckled, LIGHT, FADE.astype(np.float32), CHART, 0.2)
    height = np.abs(found.height * found.weight)
    assert 0.005 < height.max() < 0.05


def test_masked_skin_stays_flat():
    rows = 0.1 * np.sin(ROWS / 3) - 1.2
    assert np.abs(relief(rows)).max() > 0.004
    assert np.abs(relief(rows, trust=FADE * (COLUMNS < SIZE / 2))[:, SIZE // 2 + 12 :]).max() < 1e-4


def test_fine_dark_grooves_lie_deep_and_little():
    """A dark line of a millimetre becomes a cavity, bounded by the contrast that skin's own colour can have."""
    line = -np.exp(-0.5 * ((ROWS - SIZE / 2) * TEXEL / 0.5) ** 2)
    depth = cavities((0.05 * line).astype(np.float32), np.ones((SIZE, SIZE), np.float32), TEXEL, 1.5)
    ink = cavities((3.0 * line).astype(np.float32), np.ones((SIZE, SIZE), np.float32), TEXEL, 1.5)
    middle = SIZE // 2
    assert -0.05 < depth[middle, middle] < -0.005
    assert np.abs(depth[: middle - 20]).max() < 1e-3
    assert ink.min() >= -1.5 * CAVITY_LIMIT - 1e-6


def test_a_coarse_photo_gives_less_relief_than_a_fine_one():
    rows = 0.1 * np.sin(ROWS / 3) - 1.2
    fine, coarse = (replace(POSED, millimetres_per_pixel=mm) for mm in (0.4, 0.9))
    fine = relief_of(MODEL.topology, fine, LIGHT, rows.astype(np.float32), FADE.astype(np.float32), TEXEL, 0.3)
    poor = relief_of(MODEL.topology, coarse, LIGHT, rows.astype(np.float32), FADE.astype(np.float32), TEXEL, 0.3)
    assert poor.weight.max() < 0.6 * fine.weight.max()


def test_light_worked_out_at_fewer_texels_answers_in_the_texels_asked_for():
    whole, coarse = (head_sensitivity(MODEL.topology, POSED, LIGHT, SIZE, n) for n in (None, SIZE // 4))
    inside = slice(SIZE // 4, 3 * SIZE // 4)
    for found, expected in zip((coarse[0], *coarse[1]), (whole[0], *whole[1])):
        found, expected = (cv2.blur(m[inside, inside], (32, 32)) for m in (found, expected))
        assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()


def test_a_photo_without_bare_skin_gives_no_relief():
    nothing = np.zeros((SIZE, SIZE), np.float32)
    found = photo_relief(MODEL.topology, POSED, LIGHT, nothing, CHART, 0.2)
    assert not (found.weight * found.height).any() and np.isfinite(found.height).all()


def test_a_photo_that_resolves_no_relief_gives_none():
    image = np.random.default_rng(0).integers(90, 150, POSED.image.shape).astype(np.uint8)
    for pixel, some in ((0.3, True), (0.8, False)):
        posed = replace(POSED, image=image, millimetres_per_pixel=pixel)
        found = photo_relief(MODEL.topology, posed, LIGHT, FADE.astype(np.float32), CHART, 0.2)
        assert found.height.shape == found.weight.shape and (found.weight * np.abs(found.height) > 0.01).any() == some
