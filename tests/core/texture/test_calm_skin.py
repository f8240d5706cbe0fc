"""Clouds of colour, lips in shade, a jaw's shadow, locks and grain: made-up skin with known answers."""

import cv2
import numpy as np
import pytest
from furrow.core.texture.calm_skin import FINE_SPREAD, calm_brows, calm_grain, calm_hue, calm_lips, lift_beard

SIZE, TEXEL = 256, 0.7
ONES = np.ones((SIZE, SIZE), np.float32)
NONE = np.zeros((SIZE, SIZE), np.float32)
X, Y = (a * TEXEL for a in np.meshgrid(np.arange(SIZE) - 127.5, np.arange(SIZE) - 127.5))
TONE = np.log(np.array([0.45, 0.29, 0.21]))
INNER = np.s_[40:-40, 40:-40]
LIPS = ((np.abs(X) < 26) & (np.abs(Y) < 9)).astype(np.float32)


def skin(*layers):
    return (TONE + sum(layer[..., None] if np.ndim(layer) == 2 else layer for layer in layers)).astype(np.float32)


def hue_of(image):
    away = image - TONE
    return away - away.mean(-1, keepdims=True)


def jpeg(log_albedo, pixel, quality):
    """A photo of the skin at so many mm per pixel, compressed, back at the map's texels."""
    small = cv2.resize(np.exp(log_albedo), None, fx=TEXEL / pixel, fy=TEXEL / pixel, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", np.uint8(255 * small[..., ::-1] ** (1 / 2.2)), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = (cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1] / 255.0) ** 2.2
    return np.log(cv2.resize(decoded, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC).clip(1e-3)).astype(np.float32)


def test_clouds_of_a_codec_go_and_a_red_mark_and_a_slow_blush_stay():
    red = np.array([0.32, -0.2, -0.12])
    mark = np.exp(-((X - 30) ** 2 + Y**2) / (2 * 2.0**2))[..., None] * 1.6 * red
    blush = np.exp(-((X + 30) ** 2 + Y**2) / (2 * 18.0**2))[..., None] * 0.35 * red
    grain = np.random.default_rng(0).normal(0, 0.08, (SIZE, SIZE))
    true = skin(mark, blush)
    seen = jpeg(skin(mark, blush, cv2.GaussianBlur(grain, (0, 0), 1.5) * 2), 0.8, 25)
    found = calm_hue(seen, ONES, 0.8, TEXEL)
    inside = (np.hypot(X - 30, Y) > 12) & (np.abs(X) < 60) & (np.abs(Y) < 60)
    errors = [hue_of(image) - hue_of(true) for image in (seen, found)]
    before, after = (np.std((e - cv2.GaussianBlur(e, (0, 0), 8 / TEXEL))[inside]) for e in errors)
    assert before > 0.008 and after < 0.65 * before
    row, column = 127, round(30 / TEXEL + 127.5)
    assert hue_of(found)[row, column] @ red > 0.7 * (hue_of(seen)[row, column] @ red)
    side = round(-30 / TEXEL + 127.5)
    assert hue_of(found)[row - 8 : row + 8, side - 8 : side + 8].mean((0, 1)) @ red > 0.25 * (red @ red)


def test_hue_that_goes_with_the_brightness_of_freckles_stays():
    rng = np.random.default_rng(1)
    dots = cv2.GaussianBlur((rng.random((SIZE, SIZE)) < 0.01).astype(float), (0, 0), 1.5) * 3
    freckles = -dots[..., None] * np.array([0.7, 1.0, 1.3])
    image = skin(freckles, rng.normal(0, 0.01, (SIZE, SIZE, 3)))
    found = hue_of(calm_hue(image, ONES, 0.8, TEXEL))[INNER]
    brown = (freckles - freckles.mean(-1, keepdims=True))[INNER].ravel()
    assert (found.ravel() @ brown) / (brown @ brown) > 0.8
    assert np.abs(calm_hue(image, ONES, 0.8, TEXEL).mean(-1) - image.mean(-1)).max() < 1e-5


def test_fine_colour_of_a_sharp_photo_stays():
    """The clouds are as large as pixels are: half a millimetre of colour is kept where a pixel is a fiftieth."""
    spots = 0.12 * np.sin(2 * np.pi * X / 12)[..., None] * np.array([1.0, -0.5, -0.5])
    share = [np.std(hue_of(calm_hue(skin(spots), ONES, pixel, TEXEL))[INNER]) / spots.std() for pixel in (0.05, 0.8)]
    assert share[0] > 0.9 and share[1] < 0.8 * share[0]


def test_an_upper_lip_in_shade_is_lit_and_the_lips_keep_their_hue_and_creases():
    pink = np.array([0.05, -0.3, -0.22])
    shade = -0.7 * LIPS * (Y < 0)
    creases = 0.1 * np.sin(2 * np.pi * X / 1.8) * LIPS
    found = calm_lips(skin(LIPS[..., None] * pink, shade, creases), LIPS, 1 - LIPS, TEXEL) - TONE
    level = found.mean(-1)
    upper, lower = (level[(LIPS > 0) & (np.abs(X) < 20) & (np.abs(Y - y) < 2)] for y in (-5, 5))
    assert abs(upper.mean() - lower.mean()) < 0.35  # of 0.7
    assert upper.std() == pytest.approx((0.1 * np.sin(2 * np.pi * X[0] / 1.8)).std(), rel=0.25)
    hue = (found - level[..., None])[(LIPS > 0) & (np.abs(Y) < 7)].mean(0)
    np.testing.assert_allclose(hue, pink - pink.mean(), atol=0.03)
    np.testing.assert_array_equal(found[LIPS == 0], (skin(NONE) - TONE)[LIPS == 0])


def test_dark_red_of_a_cameras_contrast_is_drawn_in_and_lipstick_stays_red():
    for red in (0.3, 1.2):
        image = skin(LIPS[..., None] * np.array([0.0, -red, -red]))
        found = (calm_lips(image, LIPS, 1 - LIPS, TEXEL) - TONE)[127, 127]
        kept = found[0] - found[1]
        if red < 0.4:
            assert kept == pytest.approx(red, abs=0.01)
        else:
            assert 0.5 < kept < 0.75 and found[1] == pytest.approx(found[2], abs=1e-3)


def test_without_lips_nothing_changes():
    image = skin(0.1 * np.sin(X))
    np.testing.assert_array_equal(calm_lips(image, NONE, ONES, TEXEL), image)


def test_a_beard_stays_in_front_and_loses_the_shade_under_the_jaw():
    beard = (Y > 0).astype(np.float32)
    under = (Y > 45).astype(np.float32)
    image = skin(-0.6 * beard, -0.5 * under)
    found = (lift_beard(image, beard, 1 - beard, under, TEXEL) - TONE).mean(-1)
    front, below = found[160, 60:200].mean(), found[215, 60:200].mean()
    assert front == pytest.approx(-0.6, abs=0.01)
    assert -0.45 < below < -0.1
    np.testing.assert_allclose(found[Y[:, 0] < -2], 0, atol=1e-6)


def test_brows_keep_the_hue_of_dark_hair_only():
    brows = np.zeros((SIZE, SIZE), np.float32)
    brows[110:140, 60:190] = 1
    image = skin(NONE)
    image[110:140, 60:120] += np.array([-0.5, -0.9, -1.1])  # brown hair
    image[110:140, 130:190] += np.array([0.2, 0.0, -0.5])  # a yellow shine
    found = calm_brows(image, 1 - brows, brows, TEXEL) - TONE
    hue = found - found.mean(-1, keepdims=True)
    assert np.abs(hue[125, 90] - [0.333, -0.067, -0.267]).max() < 0.12
    assert np.linalg.norm(hue[125, 160]) < 0.15
    assert found[125, 160].mean() == pytest.approx(-0.1, abs=1e-3)
    image[110:140, 130:190] = TONE + 0.3
    assert (calm_brows(image, 1 - brows, brows, TEXEL) - TONE)[125, 160].mean() == pytest.approx(0.03, abs=0.02)


def test_a_dark_lock_over_a_brow_is_no_darker_than_the_brow():
    brows = np.zeros((SIZE, SIZE), np.float32)
    brows[110:140, 60:190] = 1
    image = skin(-0.8 * brows)
    image[110:140, 60:80] -= 1.0
    found = (calm_brows(image, 1 - brows, brows, TEXEL) - TONE).mean(-1)
    assert -1.2 < found[125, 70] < -0.9
    np.testing.assert_allclose(found[125, 100:170], -0.8, atol=0.01)


def test_grain_stronger_than_skin_is_drawn_in_and_usual_grain_is_left():
    for spread in (0.02, 0.12):
        grain = np.random.default_rng(0).normal(0, spread, (SIZE, SIZE))
        found = (calm_grain(skin(grain), ONES, TEXEL) - TONE).mean(-1)[INNER]
        if spread < FINE_SPREAD:
            np.testing.assert_allclose(found, grain[INNER], atol=2e-3)
        else:
            assert found.std() < 0.55 * spread
