"""Iris colour from drawn eyes."""

import numpy as np
from furrow.core.head.landmark_sets import EYES, IRISES
from furrow.core.image.colour import linear_to_srgb, srgb_to_linear
from furrow.core.texture.eye_colour import eye_colour

BLUE = np.array([70, 100, 130], np.uint8)


def eyes(scale=1.0):
    """Two eyes with white, blue iris, black pupil, a white reflection; and their landmarks."""
    size = int(200 * scale)
    y, x = np.mgrid[:size, :size] + 0.5
    image = np.full((size, size, 3), (190, 150, 130), np.uint8)
    points = np.zeros((478, 2))
    for contour, iris, centre in zip(EYES, IRISES, ((60, 100), (140, 100))):
        cx, cy = np.array(centre) * scale
        angle = np.linspace(0, 2 * np.pi, len(contour), endpoint=False)
        points[list(contour)] = np.stack([cx + 28 * scale * np.cos(angle), cy + 14 * scale * np.sin(angle)], -1)
        points[list(iris)] = np.array([[0, 0], [12, 0], [0, 12], [-12, 0], [0, -12]]) * scale + [cx, cy]
        away = np.hypot(x - cx, y - cy) / scale
        inside = ((x - cx) / 28) ** 2 + ((y - cy) / 14) ** 2 < scale**2
        image[inside] = 235
        image[inside & (away < 12)] = BLUE
        image[inside & (away < 4.5)] = 8
        image[inside & (np.hypot(x - cx - 4 * scale, y - cy + 2 * scale) < 2.5 * scale)] = 255
    return image, points


def test_the_iris_is_read_between_pupil_and_white():
    image, points = eyes()
    np.testing.assert_allclose(eye_colour(image, points, np.ones(3)) * 255, BLUE, atol=3)


def test_the_gain_of_the_light_is_applied():
    image, points = eyes()
    gain = np.array([1.2, 1.1, 0.8])
    expected = linear_to_srgb(srgb_to_linear(BLUE) * gain)
    np.testing.assert_allclose(eye_colour(image, points, gain), expected, atol=0.012)


def test_eyes_too_small_or_outside_the_photo_are_not_read():
    image, points = eyes(0.08)
    assert eye_colour(image, points, np.ones(3)) is None
    image, points = eyes()
    assert eye_colour(image, points - 500, np.ones(3)) is None


def test_an_eye_under_a_hand_is_not_read():
    image, points = eyes()
    hidden = np.zeros(image.shape[:2], np.float32)
    hidden[:, :100] = 1
    image[:, :100] = (150, 90, 70)
    assert np.abs(eye_colour(image, points, np.ones(3)) * 255 - BLUE).max() > 20
    np.testing.assert_allclose(eye_colour(image, points, np.ones(3), hidden) * 255, BLUE, atol=3)
    hidden[:] = 1
    assert eye_colour(image, points, np.ones(3), hidden) is None


def test_no_iris_is_purple():
    """A purple one turns blue or grey; brown and blue stay as they are."""
    image, points = eyes()
    purple = np.where((image == BLUE).all(-1, keepdims=True), np.uint8([100, 80, 120]), image)
    red, green, blue = eye_colour(purple, points, np.ones(3)) * 255
    assert green >= min(red, blue) - 0.5 and abs(red - 100) < 8 and abs(blue - 120) < 8
    brown = np.where((image == BLUE).all(-1, keepdims=True), np.uint8([90, 60, 40]), image)
    np.testing.assert_allclose(eye_colour(brown, points, np.ones(3)) * 255, [90, 60, 40], atol=4)
