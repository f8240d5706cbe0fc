"""Light that the estimate left on the skin: folds, shadows, lamps and gloss on made-up skin with known answers."""

import numpy as np
import pytest
from furrow.core.texture.even_light import SETTINGS, even_light, fill_spots, hue_of_light, natural_hue, remove_gloss

SIZE, TEXEL = 256, 0.7
ONES = np.ones((SIZE, SIZE), np.float32)
NONE = np.zeros((SIZE, SIZE), np.float32)
X, Y = (a * TEXEL for a in np.meshgrid(np.arange(SIZE) - 127.5, np.arange(SIZE) - 127.5))
TONE = np.log(np.array([0.45, 0.29, 0.21]))
INNER = np.s_[40:-40, 40:-40]


def skin(*layers):
    return (TONE + sum(layer[..., None] if np.ndim(layer) == 2 else layer for layer in layers)).astype(np.float32)


def evened(image, weight=ONES, folded=NONE, shading=NONE):
    return image - even_light(image, weight, shading, folded, ONES, TEXEL)


def spot(x, y, depth, sigma):
    return -depth * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * sigma**2))


def test_a_lamp_at_the_side_goes_and_a_mole_and_freckles_stay():
    side = 0.4 * np.tanh(X / 30)
    marks = spot(-28, 7, 0.8, 1.3) + sum(spot(x, y, 0.12, 0.9) for x in (10, 20, 30) for y in (-20, 0, 20))
    found = evened(skin(side, marks)) - skin(marks)
    assert found[INNER].std() < 0.12 * side[INNER].std()
    row, column = round(7 / TEXEL + 127.5), round(-28 / TEXEL + 127.5)
    around = evened(skin(side, marks))
    assert around[row, column].mean() - around[row + 12, column + 12].mean() < -0.6
    freckle = around[127, round(20 / TEXEL + 127.5)] - around[127 + 10, round(20 / TEXEL + 127.5)]
    assert freckle.mean() == pytest.approx(-0.12, abs=0.04)


def test_the_edge_of_a_cast_shadow_goes():
    shadow = -0.6 * (X + 0.3 * Y > 12)
    found = evened(skin(shadow)) - TONE
    found -= found[INNER].mean()
    assert found[INNER].std() < 0.3 * shadow[INNER].std()
    near = np.abs(X + 0.3 * Y - 12) < 6
    assert np.abs(found[near & (np.abs(Y) < 50) & (np.abs(X) < 50)]).max() < 0.35  # and leaves no halo


def test_long_folds_go_and_further_where_the_expression_folds_the_skin():
    fold = -0.5 * np.exp(-((X - 25) ** 2) / (2 * 1.2**2))
    column = round(25 / TEXEL + 127.5)
    depths = []
    for folded in (NONE, ONES):
        found = evened(skin(fold), folded=folded)[127].mean(-1)
        depths.append(found[column - 12] - found[column])
    assert depths[0] < 0.25 and depths[1] < 0.12 and depths[1] < 0.6 * depths[0]


def test_grain_is_left_alone():
    grain = np.random.default_rng(0).normal(0, 0.03, (SIZE, SIZE))
    found = (evened(skin(grain)) - TONE).mean(-1)
    assert np.corrcoef(found[INNER].ravel(), grain[INNER].ravel())[0, 1] > 0.97
    assert found[INNER].std() == pytest.approx(0.03, rel=0.1)


def test_warm_cheeks_alike_on_both_sides_stay_and_a_coloured_lamp_goes():
    red = np.array([0.14, -0.09, -0.05])
    cheeks = np.exp(-((np.abs(X) - 35) ** 2 + Y**2) / (2 * 14**2))[..., None] * red
    lamp = np.tanh(X / 30)[..., None] * np.array([0.1, 0.0, -0.1])
    found = evened(skin(cheeks, lamp)) - TONE
    left, right, middle = (found[127, round(x / TEXEL + 127.5)] for x in (-35, 35, 0))
    for side in (left, right):
        kept = (side - middle) @ red / (red @ red)
        assert 0.5 < kept < 1.1
    assert np.abs(left - right).max() < 0.1  # of 0.33 in the photo


def test_light_goes_on_over_lips_and_brows():
    weight = ONES.copy()
    weight[110:150, 90:170] = 0
    side = 0.3 * np.tanh(X / 30)
    lips = np.where(weight[..., None] > 0, 0, np.array([-0.2, -0.6, -0.5]))
    found = evened(skin(side, lips), weight)
    assert np.ptp(found[130, 95:165].mean(-1)) < 0.35 * np.ptp(side[130, 95:165])
    inside = found[130, 128] - found[60, 128]
    np.testing.assert_allclose(inside - inside.mean(), [0.233, -0.167, -0.067], atol=0.06)


def test_hue_that_goes_with_the_light_is_light():
    before = -0.6 * np.exp(-((X - 20) ** 2) / (2 * 15**2))
    hue = 0.25 * before[..., None] * np.array([-1.0, 0.0, 1.0])
    tint = hue_of_light(hue, NONE, before, ONES, ONES, TEXEL)
    assert (hue - tint)[INNER].std() < 0.45 * hue[INNER].std()
    # what shines more has lost its hue to the lamp, and got it back from remove_gloss
    shine = -0.5 * before
    assert np.abs(hue_of_light(0 * hue, NONE, shine, ONES, ONES, TEXEL)).max() < 0.01
    lit = hue_of_light(hue, NONE, before + 3 * shine, ONES, ONES, TEXEL)
    assert np.abs(lit).max() < 0.6 * np.abs(hue).max()


def test_spots_are_filled_and_lines_are_not():
    dark = spot(0, 0, 0.5, 0.8) - 0.5 * (np.abs(X - 40) < 1)
    filled = fill_spots(dark.astype(np.float32), ONES, TEXEL)
    assert filled[127, 127] > -0.1
    assert filled[127, round(40 / TEXEL + 127.5)] < -0.4


def test_gloss_is_cut_in_brightness_and_hue_and_skin_is_left():
    gloss = 0.5 * np.exp(-((X - 21) ** 2 + Y**2) / (2 * 3.5**2))
    shiny = np.log(np.exp(skin(NONE)) + gloss[..., None]).astype(np.float32)
    found = remove_gloss(shiny, ONES, 9.0, TEXEL)
    peak = np.unravel_index(gloss.argmax(), gloss.shape)
    before, after = shiny[peak] - TONE, found[peak] - TONE
    assert before.mean() > 0.9 and after.mean() < 0.45
    assert np.ptp(after) < 0.3 * np.ptp(before)
    far = np.hypot(X - 21, Y) > 45
    np.testing.assert_allclose(found[far], np.broadcast_to(TONE, found.shape)[far], atol=0.01)


def test_hue_at_a_grazing_angle_is_not_believed():
    rim = np.clip((np.abs(X) - 40) / 30, 0, 1)[..., None] * np.array([-0.12, 0.02, 0.10])
    facing = np.where(np.abs(X) > 38, 0.25, 1.0).astype(np.float32)
    inland = np.s_[40:-40, 20:-20]
    for angle, low, high in ((ONES, 0.6, 1.0), (facing, 0.0, 0.5)):
        found = (evened_facing(skin(rim), angle) - TONE)[inland]
        assert low < found.std() / rim[inland].std() < high


def evened_facing(image, facing):
    return image - even_light(image, ONES, NONE, NONE, facing, TEXEL)


def test_skin_is_never_blue_and_may_be_red():
    """Slow hue alike on both sides: a bluish sheen of sky is drawn in much further than a blush of the same size."""
    cheeks = np.exp(-((np.abs(X) - 35) ** 2 + Y**2) / (2 * 14**2))[..., None]
    cold, warm = np.array([-0.14, 0.0, 0.14]), np.array([0.14, 0.0, -0.14])
    left = []
    for hue in (cold, warm):
        found = evened(skin(cheeks * hue)) - TONE
        side, middle = (found[127, round(x / TEXEL + 127.5)] for x in (-35, 0))
        left.append((side - middle) @ hue / (hue @ hue))
    assert left[0] < 0.5 and left[1] > 1.2 * left[0]


def test_natural_hue_keeps_small_hues_and_the_sum():
    hue = np.random.default_rng(0).normal(0, 0.3, (20, 20, 3)).astype(np.float32)
    hue -= hue.mean(-1, keepdims=True)
    drawn = natural_hue(hue)
    np.testing.assert_allclose(drawn.sum(-1), 0, atol=1e-6)
    np.testing.assert_allclose(natural_hue(0.01 * hue), 0.01 * hue, atol=5e-4)
    assert (0.5 * (drawn[..., 2] - drawn[..., 0])).max() <= SETTINGS.cool + 1e-6
    assert drawn[..., 1].max() <= SETTINGS.green + 1e-6 < 0.1 < -drawn[..., 1].min()


def test_skin_that_shines_all_over_a_brow_bridge_takes_the_hue_of_the_face_and_not_of_the_sockets_beside_it():
    """All near it that does not shine is dark and red; the matte skin of the face lies farther off."""
    shining = np.hypot(X, Y) < 14
    socket = (np.hypot(X, Y) < 32) & ~shining
    hue = np.array([0.30, -0.05, -0.25])
    image = skin(0.5 * shining, -0.7 * socket, socket[..., None] * hue)
    found = remove_gloss(image, ONES, 9.0, TEXEL) - TONE
    middle = found[127, 127] - found[127, 127].mean()
    assert found[127, 127].mean() < 0.35
    assert np.abs(middle).max() < 0.06
