"""Tone of the teeth from drawn mouths."""

import numpy as np
import pytest
from furrow.core.head.landmark_sets import LIPS_INNER
from furrow.core.image.colour import LUMINANCE, linear_to_srgb, srgb_to_linear
from furrow.core.texture.tooth_colour import BLUE_RANGE, LUMINANCE_RANGE, RED_RANGE, plausible_enamel, tooth_colour

SKIN = np.array([200, 150, 125], np.uint8)
ENAMEL = np.array([228, 215, 188], np.uint8)
GUM, DARK = np.array([170, 80, 80], np.uint8), np.array([30, 12, 10], np.uint8)
TONE = srgb_to_linear(SKIN)


def mouth(teeth=ENAMEL, skin=SKIN, scale=1.0):
    """Parted lips: gums above, a row of teeth, the dark of the mouth below; and the landmarks."""
    size = int(120 * scale)
    image = np.tile(skin, (size, size, 1))
    points = np.zeros((478, 2))
    angle = np.linspace(np.pi, -np.pi, len(LIPS_INNER), endpoint=False)
    points[list(LIPS_INNER)] = scale * np.stack([60 + 40 * np.cos(angle), 60 - 14 * np.sin(angle)], -1)
    y, x = (np.mgrid[:size, :size] + 0.5) / scale
    inside = ((x - 60) / 40) ** 2 + ((y - 60) / 14) ** 2 < 1
    image[inside] = DARK
    image[inside & (y < 66)] = teeth
    image[inside & (y < 50)] = GUM
    return image, points


def test_enamel_is_read_between_gums_and_the_dark():
    image, points = mouth()
    np.testing.assert_allclose(tooth_colour(image, points, np.ones(3), TONE) * 255, ENAMEL, atol=2)


def test_the_gain_of_the_light_is_applied():
    image, points = mouth()
    gain = np.array([0.95, 0.9, 1.05])
    expected = linear_to_srgb(srgb_to_linear(ENAMEL) * gain)
    np.testing.assert_allclose(tooth_colour(image, points, gain, TONE * gain), expected, atol=0.01)


def test_shade_of_the_lip_does_not_darken_them():
    """The upper half of the row lies in shade; the lower half tells the tone."""
    image, points = mouth()
    row = (image == ENAMEL).all(-1)
    row[58:] = False
    image[row] = ENAMEL * 0.75
    np.testing.assert_allclose(tooth_colour(image, points, np.ones(3), TONE) * 255, ENAMEL, atol=3)


@pytest.mark.parametrize("teeth", [DARK, GUM, SKIN], ids=["dark", "tongue", "lip"])
def test_what_is_not_enamel_is_not_read(teeth):
    image, points = mouth(teeth)
    assert tooth_colour(image, points, np.ones(3), TONE) is None


def test_closed_lips_small_mouths_covers_and_burnt_out_pictures_tell_nothing():
    image, points = mouth()
    shut = points.copy()
    shut[list(LIPS_INNER), 1] = 60
    assert tooth_colour(image, shut, np.ones(3), TONE) is None
    assert tooth_colour(image, points - 500, np.ones(3), TONE) is None
    assert tooth_colour(*mouth(scale=0.1), np.ones(3), TONE) is None
    assert tooth_colour(image, points, np.ones(3), TONE, np.ones(image.shape[:2])) is None
    assert tooth_colour(*mouth(np.full(3, 255, np.uint8)), np.ones(3), TONE) is None


def test_a_grey_photo_tells_nothing():
    image, points = mouth()
    grey = np.repeat(image.mean(-1, keepdims=True), 3, axis=2).astype(np.uint8)
    assert tooth_colour(grey, points, TONE / TONE.mean(), TONE) is None


@pytest.mark.parametrize("colour", [(0.2, 0.2, 0.2), (0.9, 0.6, 0.2), (1.4, 1.4, 1.6), (0.5, 0.7, 0.8)])
def test_implausible_enamel_is_drawn_into_range(colour):
    enamel = plausible_enamel(np.array(colour))
    assert LUMINANCE_RANGE[0] - 1e-6 <= enamel @ LUMINANCE <= LUMINANCE_RANGE[1] + 1e-6
    assert RED_RANGE[0] - 1e-6 <= enamel[0] / enamel[1] <= RED_RANGE[1] + 1e-6
    assert BLUE_RANGE[0] - 1e-6 <= enamel[2] / enamel[1] <= BLUE_RANGE[1] + 1e-6
    np.testing.assert_allclose(plausible_enamel(enamel), enamel)
