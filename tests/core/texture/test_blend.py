"""Photos joined into one skin: no seam, no double image, the sharper one's detail."""

import cv2
import numpy as np
import pytest
from furrow.core.texture.blend import blend_photos
from scipy.ndimage import gaussian_filter

SIZE, TEXEL = 256, 0.4
X, Y = (a * TEXEL for a in np.meshgrid(np.arange(SIZE) - 127.5, np.arange(SIZE) - 127.5))
TONE = np.log(np.array([0.45, 0.29, 0.21]))
ONES = np.ones((SIZE, SIZE), np.float32)


def layers(luminance):
    return (TONE + luminance[..., None]).astype(np.float32)


def sides():
    """Trust and quality of photos from the left and the right that overlap in the middle."""
    trusts = [np.clip(0.5 + (20 - s * X) / 10, 0, 1).astype(np.float32) for s in (1, -1)]
    qualities = [np.clip(1 - s * X / 60, 0.05, None).astype(np.float32) for s in (1, -1)]
    return trusts, qualities


def freckles(seed, shift=0.0):
    """Freckles of about a millimetre, moved sideways by shift mm."""
    noise = np.random.default_rng(seed).normal(size=(SIZE, SIZE + 40))
    fine = gaussian_filter(noise, 1.2)
    step = int(round(shift / TEXEL))
    return (0.1 * fine / fine.std())[:, 20 + step : 20 + step + SIZE]


def test_one_photo_is_left_as_it_is():
    only = layers(freckles(0))
    assert blend_photos([only], [ONES], [ONES], TEXEL) is only


def test_photos_of_different_tone_show_no_seam():
    trusts, qualities = sides()
    found = blend_photos([layers(0 * X + 0.2), layers(0 * X - 0.2)], trusts, qualities, TEXEL)
    row = found[128].mean(-1)
    assert row[20] - row[-20] == pytest.approx(0.4, abs=0.05)
    # a seam would be a step; 0.4 over three centimetres is none
    assert np.abs(np.diff(row)).max() / TEXEL < 0.4 / 12


def test_photos_that_disagree_by_a_millimetre_show_each_freckle_once():
    trusts, qualities = sides()
    photos = [layers(freckles(1)), layers(freckles(1, shift=1.2))]
    found = blend_photos(photos, trusts, qualities, TEXEL)
    fine, *singles = ((p - gaussian_filter(p, (8, 8, 0)))[20:-20, 20:-20].mean(-1) for p in (found, *photos))
    away = np.minimum(*(np.abs(fine - single) for single in singles))
    average = np.minimum(*(np.abs(0.5 * sum(singles) - single) for single in singles))
    middle = np.abs(X[20:-20, 20:-20]) < 18  # both photos see all of it
    assert away[middle].mean() < 0.2 * average[middle].mean()
    assert fine[middle].std() > 0.9 * singles[0][middle].std()  # a mean of the two has 0.7


def test_the_sharper_photo_gives_the_detail_where_both_look_straight():
    sharp, soft = freckles(2), gaussian_filter(freckles(2), 3.0)
    found = blend_photos([layers(soft), layers(sharp)], [ONES, ONES], [ONES, 2 * ONES], TEXEL)
    inner = np.s_[20:-20, 20:-20]
    assert found[inner].mean(-1).std() > 0.95 * sharp[inner].std()


def test_the_order_of_the_photos_does_not_matter_and_gaps_are_filled_from_the_other():
    trusts, qualities = sides()
    photos = [layers(freckles(3)), layers(freckles(4))]
    one = blend_photos(photos, trusts, qualities, TEXEL)
    other = blend_photos(photos[::-1], trusts[::-1], qualities[::-1], TEXEL)
    np.testing.assert_allclose(one, other, atol=1e-5)
    hole = [trusts[0].copy(), ONES]
    hole[0][100:140, 30:60] = 0
    found = blend_photos(photos, hole, [10 * ONES, ONES], TEXEL)
    inside = np.s_[108:132, 38:52]
    assert np.corrcoef(found[inside].mean(-1).ravel(), photos[1][inside].mean(-1).ravel())[0, 1] > 0.95


def test_trust_and_choice_may_be_coarser_than_the_photos():
    trusts, qualities = sides()
    photos = [layers(freckles(5)), layers(freckles(6))]
    fine = blend_photos(photos, trusts, qualities, TEXEL)
    half = (SIZE // 2, SIZE // 2)
    halved = [[cv2.resize(a, half, interpolation=cv2.INTER_AREA) for a in both] for both in (trusts, qualities)]
    coarse = blend_photos(photos, *halved, 2 * TEXEL)
    assert coarse.shape == fine.shape
    assert np.abs(coarse - fine).mean() < 0.02 * np.abs(photos[0] - photos[1]).mean()
