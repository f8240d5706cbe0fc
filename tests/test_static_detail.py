"""Static relief from shading: right sign, bounded, flat where there is nothing to read."""

import numpy as np
from dome import dome_fit, dome_model, dome_view
from furrow.core.lighting import Light
from furrow.core.static_detail import CAP_MM, shading_sensitivity, static_detail, wiener_relief
from furrow.core.unwrap import pose_view, texel_millimetres
from scipy.ndimage import gaussian_filter

SIZE = 384
MODEL = dome_model()
TEXEL = texel_millimetres(MODEL.topology, MODEL.mean, SIZE)
VIEW = dome_view()
POSED = pose_view(MODEL, dome_fit(MODEL, VIEW), VIEW, np.full((480, 480, 3), 128, np.uint8), TEXEL)
COEFFICIENTS = np.zeros((9, 3))
COEFFICIENTS[0] = 2.6
COEFFICIENTS[2] = -1.6  # from above (camera y is down)
LIGHT = Light(COEFFICIENTS, np.full(3, 0.25))
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
FADE = np.clip(1.6 - np.hypot(ROWS - SIZE / 2, COLUMNS - SIZE / 2) / 90, 0, 1)
REST = np.ones(len(MODEL.mean))


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


def relief_of(albedo, age=0.3, bare=FADE, rest=REST):
    return static_detail(MODEL.topology, POSED, LIGHT, albedo.astype(np.float32), bare.astype(np.float32), TEXEL, age,
                         rest)


def with_regions():
    assert "forehead" in MODEL.topology.region_names and "cheek" in MODEL.topology.region_names


def test_smooth_skin_stays_flat_and_strong_marks_stay_bounded():
    with_regions()
    even = np.full((SIZE, SIZE, 3), -1.2)
    assert np.abs(relief_of(even)).max() < 1e-4
    spots = gaussian_filter((np.random.default_rng(0).random((SIZE, SIZE)) < 0.004).astype(float), 1.5)
    inked = even - 25 * spots[..., None]
    for age in (0.0, 1.0):
        found = relief_of(inked, age)
        assert found.std() > 1e-4
        assert np.abs(found).max() <= CAP_MM[0] + (CAP_MM[1] - CAP_MM[0]) * age + 1e-3


def test_masked_skin_and_skin_pushed_by_the_expression_stay_flat():
    rows = 0.1 * np.sin(ROWS / 3)[..., None] * np.ones(3) - 1.2
    whole = relief_of(rows)
    half = relief_of(rows, bare=FADE * (COLUMNS < SIZE / 2))
    assert np.abs(whole).max() > 0.01
    assert np.abs(half[:, SIZE // 2 + 12 :]).max() < 1e-4
    assert not relief_of(rows, rest=np.zeros(len(REST))).any()
