"""Delighting and normalisation on made-up skin with known answers."""

import numpy as np
from furrow.core.image.filters import masked_blur
from furrow.core.texture.albedo import delight, expected_chroma, normalisation
from furrow.core.view.skin_mask import SkinTone, log_chroma, log_luminance
from scipy.ndimage import gaussian_filter

SIZE = 200
X, Y = np.meshgrid(np.arange(SIZE) - 99.5, np.arange(SIZE) - 99.5)
SKIN = np.broadcast_to(np.log(np.array([0.45, 0.29, 0.21], np.float32)), (SIZE, SIZE, 3)).copy()


def test_masked_blur_is_a_normalised_convolution():
    rng = np.random.default_rng(0)
    values = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 3).astype(np.float32)
    weights = (rng.uniform(size=(SIZE, SIZE)) > 0.3).astype(np.float32)
    for sigma in (2.0, 9.0):
        expected = gaussian_filter(values * weights, sigma) / gaussian_filter(weights, sigma)
        inner = np.s_[40:-40, 40:-40]
        np.testing.assert_allclose(masked_blur(values, weights, sigma)[inner], expected[inner], atol=0.004)
    assert not masked_blur(values, 0 * weights, 3.0).any()


def test_delight_inverts_the_shading():
    shading = np.exp(0.5 * np.sin(X / 30))[..., None].astype(np.float32) * np.ones(3, np.float32)
    found = delight(np.exp(SKIN) * shading, shading)
    np.testing.assert_allclose(found, SKIN, atol=1e-5)


def test_normalisation_keeps_plausible_skin_and_draws_in_the_rest():
    for luminance in (0.08, 0.3):
        centre, _ = expected_chroma(luminance)
        gain = normalisation(SkinTone(centre, np.eye(2), float(np.log(luminance)), False))
        colour = np.exp(np.array([centre[0], 0, centre[1]]))
        colour *= luminance / np.exp(log_luminance(colour)) * np.exp(gain)
        # exposure moves towards the typical tone in bright photos, not in dark ones, and hue hardly
        kept = 0.5 if luminance > 0.27 else 1.0
        assert abs(log_luminance(colour) - (kept * np.log(luminance) + (1 - kept) * np.log(0.27))) < 0.01
        assert np.abs(log_chroma(colour) - centre).max() < 0.1
    blue = SkinTone(np.array([-0.2, 0.4]), np.eye(2), np.log(0.27), False)
    shift = normalisation(blue)
    found = blue.chroma + [shift[0] - shift[1], shift[2] - shift[1]]
    centre, half = expected_chroma(0.27)
    assert (np.abs(found - centre) < np.abs(blue.chroma - centre) - 0.2).all()
    grey = SkinTone(np.zeros(2), np.eye(2), np.log(0.27), True)
    shift = normalisation(grey)
    np.testing.assert_allclose([shift[0] - shift[1], shift[2] - shift[1]], centre, atol=1e-9)


def test_masked_blur_falls_back_to_what_is_usual_where_little_is_known():
    values = np.full((60, 60, 2), 3.0, np.float32)
    weights = np.zeros((60, 60), np.float32)
    weights[:, :20] = 1
    found = masked_blur(values, weights, 2.0, np.array([1.0, 5.0]), 0.1)
    np.testing.assert_allclose(found[30, 5], (3.0 + 0.1 * np.array([1.0, 5.0])) / 1.1, atol=0.01)
    np.testing.assert_allclose(found[30, 50], [1.0, 5.0], atol=0.01)
