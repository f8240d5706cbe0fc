"""sRGB conversions against scikit-image's independent ones."""

import numpy as np
from furrow.core.image.colour import linear_to_srgb, linear_to_srgb_bytes, srgb_to_linear
from skimage.color import rgb2xyz, xyz2rgb

GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)


def test_bytes_and_floats_agree_with_the_luminance_of_a_library():
    expected = rgb2xyz(GREYS[None])[0, :, 1]
    np.testing.assert_allclose(srgb_to_linear(GREYS)[:, 0], expected, atol=2e-5)
    np.testing.assert_allclose(srgb_to_linear(GREYS / 255.0)[:, 0], expected, atol=2e-5)


def test_encoding_inverts_decoding():
    linear = np.linspace(0, 1, 500)[:, None].repeat(3, 1)
    white = rgb2xyz(np.ones((1, 1, 3)))[0, 0]
    expected = xyz2rgb(linear[None] * white)[0]
    np.testing.assert_allclose(linear_to_srgb(linear), expected, atol=2e-4)
    assert np.abs(linear_to_srgb_bytes(linear) - 255 * linear_to_srgb(linear)).max() <= 1.0
    np.testing.assert_array_equal(linear_to_srgb_bytes(srgb_to_linear(GREYS)), GREYS)


def test_out_of_range_light_is_clipped():
    np.testing.assert_array_equal(linear_to_srgb_bytes(np.array([-0.5, 0, 1, 7.0])), [0, 0, 255, 255])
