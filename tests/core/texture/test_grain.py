"""Grain for unseen skin: the spectrum, colour and strength of the seen skin's; no seam, no repeat."""

import numpy as np
from furrow.core.texture.grain import PERIOD, SPREAD_RANGE, clear_patch, grain_tile, mottling, random_phase
from scipy.ndimage import gaussian_filter

SIZE, TEXEL = 1024, 0.3
BLOOD = np.array([0.5, 1.0, 1.3])


def grain(sigma_mm, spread=0.02, size=SIZE, seed=0):
    """(size, size, 3) log colour of one hue, of waves about sigma_mm."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), sigma_mm / TEXEL)
    return (spread * noise / noise.std())[..., None] * (BLOOD / BLOOD.mean())


def seen():
    plain = np.zeros((SIZE, SIZE), np.float32)
    plain[300:700, 300:700] = 1
    return plain


def correlation_length(texture):
    """mm at which neighbours along the rows are half alike."""
    grey = texture.mean(-1) - texture.mean()
    power = np.abs(np.fft.rfft(grey, axis=1)) ** 2
    correlation = np.fft.irfft(power.mean(0))
    return TEXEL * np.argmax(correlation < 0.5 * correlation[0])


def test_coarse_grain_gives_coarse_texture_and_fine_fine():
    lengths = [correlation_length(grain_tile(grain(s).astype(np.float32), seen(), TEXEL, SIZE)) for s in (0.4, 1.2)]
    assert lengths[0] < 0.7 * lengths[1]


def test_it_is_as_strong_and_of_the_hue_of_the_skin():
    for spread in (0.012, 0.024):
        texture = grain_tile(grain(0.5, spread).astype(np.float32), seen(), TEXEL, SIZE)
        assert abs(texture.mean()) < 1e-4
        assert 0.7 * spread < texture.std(axis=(0, 1)).mean() < 1.1 * spread
        ratio = texture.std(axis=(0, 1)) / texture.std(axis=(0, 1)).mean()
        np.testing.assert_allclose(ratio, BLOOD / BLOOD.mean(), rtol=0.05)
        assert np.corrcoef(texture[..., 0].ravel(), texture[..., 2].ravel())[0, 1] > 0.9
    wild = grain_tile(grain(0.5, 0.2).astype(np.float32), seen(), TEXEL, SIZE)
    assert wild.std(axis=(0, 1)).mean() < 1.1 * SPREAD_RANGE[1]


def test_no_edge_inside_and_no_place_comes_back_within_the_period():
    texture = grain_tile(grain(0.5).astype(np.float32), seen(), TEXEL, SIZE).mean(-1)
    steps = np.abs(np.diff(texture, axis=0)).mean(1)
    assert steps.max() < 1.6 * np.median(steps)
    power = np.abs(np.fft.fft2(texture[:PERIOD, :PERIOD] - texture.mean())) ** 2
    alike = np.fft.ifft2(power).real / power.mean()
    alike[:20, :20] = alike[-20:, :20] = alike[:20, -20:] = alike[-20:, -20:] = 0
    assert alike.max() < 0.3


def test_the_patch_is_clear_skin_away_from_a_fold_and_holes():
    detail = grain(0.5).astype(np.float32)
    detail[480:500] -= 0.5
    plain = seen()
    plain[300:480, 300:500] = 0
    patch = clear_patch(detail, plain, TEXEL)
    assert patch.std() < 0.03
    assert clear_patch(detail, np.zeros_like(plain), TEXEL) is None


def test_where_nothing_is_clear_it_is_a_faint_grey_mottling():
    texture = grain_tile(grain(0.5).astype(np.float32), 0 * seen(), TEXEL, SIZE)
    assert 0.008 < texture.std() < 0.016
    np.testing.assert_array_equal(texture[..., 0], texture[..., 2])
    np.testing.assert_array_equal(texture[:PERIOD, :PERIOD], mottling(PERIOD, TEXEL))


def test_direction_is_lost():
    stripes = np.repeat(gaussian_filter(np.random.default_rng(0).normal(size=64), 1.5)[:, None, None], 64, 1)
    texture = random_phase(np.repeat(stripes, 3, -1), 256).mean(-1)
    down, across = ((np.diff(texture, axis=k) ** 2).mean() for k in (0, 1))
    assert 0.6 < down / across < 1.6


def test_a_weave_in_the_photo_is_none_in_the_texture():
    """Enlarged pixels run along the rows and columns of the chart."""
    rng = np.random.default_rng(3)
    along, across = (gaussian_filter(rng.normal(size=64), 1.5) for _ in range(2))
    patch = np.repeat((along[:, None] + across)[..., None], 3, -1)
    power = np.abs(np.fft.fftshift(np.fft.fft2(random_phase(patch, 256).mean(-1)))) ** 2
    y, x = np.mgrid[-128:128, -128:128]
    angle, wave = np.degrees(np.arctan2(np.abs(y), np.abs(x))), np.hypot(x, y)
    band = (wave > 8) & (wave < 40)
    straight = power[band & ((angle < 10) | (angle > 80))].mean()
    slanting = power[band & (angle > 35) & (angle < 55)].mean()
    assert 0.7 < straight / slanting < 1.4
