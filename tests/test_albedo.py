"""Delighting, highlights, slow light and normalisation on made-up skin with known answers."""

import numpy as np
from furrow.core.albedo import (
    delight,
    expected_chroma,
    flatten_light,
    lift_shadows,
    masked_blur,
    normalisation,
    remove_highlights,
    soften_lines,
)
from furrow.core.skin_mask import SkinTone, log_chroma, log_luminance
from scipy.ndimage import gaussian_filter

SIZE, TEXEL = 200, 1.0
ONES = np.ones((SIZE, SIZE), np.float32)
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


def test_delight_inverts_the_shading_as_far_as_it_says():
    shading = np.exp(0.5 * np.sin(X / 30))[..., None].astype(np.float32) * np.ones(3, np.float32)
    found = delight(np.exp(SKIN) * shading, shading)
    assert (found - SKIN).std() < 0.09 * np.log(shading).std()


def test_highlights_are_cut_and_skin_is_left():
    gloss = 0.5 * np.exp(-((X - 30) ** 2 + Y**2) / (2 * 5.0**2))
    shiny = np.log(np.exp(SKIN) + gloss[..., None]).astype(np.float32)
    found = remove_highlights(shiny, ONES, TEXEL)
    peak = np.unravel_index(gloss.argmax(), gloss.shape)
    before, after = shiny[peak] - SKIN[0, 0], found[peak] - SKIN[0, 0]
    assert before.mean() > 0.9 and after.mean() < 0.55
    # gloss is white; what is left has nearly the colour of skin again
    assert np.ptp(after) < 0.4 * np.ptp(before)
    far = np.hypot(X - 30, Y) > 60
    np.testing.assert_allclose(found[far], SKIN[far], atol=0.01)


def test_a_lamp_at_the_side_is_taken_out_and_a_mole_is_kept():
    side = (0.4 * np.tanh(X / 40))[..., None]
    mole = (-0.8 * np.exp(-((X + 40) ** 2 + (Y - 10) ** 2) / (2 * 1.5**2)))[..., None]
    lit = (SKIN + side + mole).astype(np.float32)
    found = lit - flatten_light(lit, ONES, TEXEL)
    inner = np.s_[30:-30, 30:-30]
    assert (found - mole - SKIN)[inner].std() < 0.25 * np.broadcast_to(side, lit.shape)[inner].std()
    row, column = 109, 59
    assert (found - SKIN)[row, column].mean() < -0.55


def test_what_both_halves_share_stays_in_part():
    cheeks = (0.3 * np.exp(-((np.abs(X) - 50) ** 2 + Y**2) / (2 * 18.0**2)))[..., None]
    found = SKIN + cheeks - flatten_light((SKIN + cheeks).astype(np.float32), ONES, TEXEL)
    row, column = 99, 49
    left = (found - SKIN)[row, column].mean() - (found - SKIN)[row, 99].mean()
    assert 0.2 * 0.3 < left < 0.8 * 0.3


def test_small_shadows_are_lifted_but_not_where_dark_is_right():
    dark = (-0.8 * np.exp(-((X - 30) ** 2 + Y**2) / (2 * 5.0**2)) - 0.8 * (np.hypot(X + 40, Y) < 8))[..., None]
    keep = (np.hypot(X + 40, Y) < 10).astype(np.float32)
    found = lift_shadows((SKIN + dark).astype(np.float32), ONES, keep, TEXEL) - SKIN
    assert dark[99, 129].mean() < -0.75 and -0.6 < found[99, 129].mean() < -0.2
    np.testing.assert_allclose(found[99, 59], -0.8, atol=0.01)


def test_expression_lines_are_softened_only_where_skin_is_pushed():
    lines = (-0.2 * (np.abs((Y % 12) - 6) < 1))[..., None]
    pushed = (X > 0).astype(np.float32)
    found = soften_lines((SKIN + lines).astype(np.float32), ONES, pushed, TEXEL) - SKIN
    np.testing.assert_allclose(found[:, :95], np.broadcast_to(lines, found.shape)[:, :95], atol=1e-5)
    assert found[30:-30, 110:-20].std() < 0.45 * found[30:-30, 20:90].std()


def test_normalisation_keeps_plausible_skin_and_draws_in_the_rest():
    for luminance in (0.08, 0.3):
        centre, _ = expected_chroma(luminance)
        gain = normalisation(SkinTone(centre, np.eye(2), float(np.log(luminance)), False))
        colour = np.exp(np.array([centre[0], 0, centre[1]]))
        colour *= luminance / np.exp(log_luminance(colour)) * np.exp(gain)
        # exposure moves a quarter of the way to the typical tone, and hue hardly
        assert abs(log_luminance(colour) - (0.75 * np.log(luminance) + 0.25 * np.log(0.30))) < 0.01
        assert np.abs(log_chroma(colour) - centre).max() < 0.1
    blue = SkinTone(np.array([-0.2, 0.4]), np.eye(2), np.log(0.3), False)
    shift = normalisation(blue)
    found = blue.chroma + [shift[0] - shift[1], shift[2] - shift[1]]
    centre, half = expected_chroma(0.3)
    assert (np.abs(found - centre) < np.abs(blue.chroma - centre) - 0.2).all()
    grey = SkinTone(np.zeros(2), np.eye(2), np.log(0.3), True)
    shift = normalisation(grey)
    np.testing.assert_allclose([shift[0] - shift[1], shift[2] - shift[1]], centre, atol=1e-9)
