"""Delighting and normalisation on made-up skin with known answers."""

import numpy as np
import pytest
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


def after(chroma, luminance, grey=False):
    """Chroma (2,) and luminance of a tone once it is normalised."""
    log = np.array([chroma[0], 0.0, chroma[1]])
    log += luminance - log_luminance(np.exp(log))
    log = log + normalisation(SkinTone(np.asarray(chroma, float), np.eye(2), luminance, grey))
    return log[[0, 2]] - log[1], log_luminance(np.exp(log))


def test_whatever_its_hue_a_tone_is_as_bright_as_a_usual_one():
    centre, _ = expected_chroma(0.27)
    _, usual = after(centre, np.log(0.27))
    for off in ([-0.8, 0.7], [0.6, -0.5], [0.0, 0.4]):
        assert after(centre + off, np.log(0.27))[1] == pytest.approx(usual, abs=1e-3)


def test_a_hue_farther_off_stays_farther_off_and_on_its_side():
    centre, half = expected_chroma(0.27)
    for side in (-1.0, 1.0):
        off = [side * (after(centre + side * k * half, np.log(0.27))[0] - centre) for k in (0.3, 0.9, 1.5, 3.0, 6.0)]
        assert (np.diff(off, axis=0) > 0.01).all() and (off[0] > 0).all()
        # beyond what is usual a third of the rest is kept
        np.testing.assert_allclose(off[4] - off[3], half, atol=0.02)


def test_published_reflectances_of_light_and_dark_skin_lie_on_the_locus():
    """And those between them between: the darker, the redder."""
    for skin in ([0.62, 0.42, 0.33], [0.13, 0.07, 0.045]):
        centre, half = expected_chroma(float(np.exp(log_luminance(np.array(skin)))))
        assert (np.abs(log_chroma(np.array(skin)) - centre) < half).all(), skin
    chroma = np.array([expected_chroma(luminance)[0] for luminance in (0.02, 0.08, 0.15, 0.3, 0.45, 0.9)])
    red, blue = np.diff(chroma, axis=0).T
    assert (red[1:4] < -0.01).all() and (blue[1:4] > 0.01).all()
    np.testing.assert_allclose(chroma[[0, 5]], chroma[[1, 4]])
