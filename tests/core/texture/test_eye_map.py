"""The picture of an eye: the photo's colour between pupil and limbus, dark ring and pupil, a white that is none."""

import cv2
import numpy as np
import pytest
from furrow.core.texture.eye_colour import RING
from furrow.core.texture.eye_map import PUPIL, eye_map

SHARE, SIZE = 0.36, 512
COLOURS = {
    "brown": (0.33, 0.24, 0.13), "blue": (0.36, 0.45, 0.55), "dark": (0.13, 0.08, 0.05), "grey": (0.45, 0.45, 0.44)
}  # fmt: skip


def place(size=SIZE):
    """(h, w) share of the iris' radius at each pixel."""
    x, y = (np.mgrid[:size, :size][::-1] + 0.5) / (0.5 * size) - 1.0
    return np.hypot(x, y) / SHARE


def lab(srgb):
    """CIE L*a*b* (n, 3) of sRGB uint8 (n, 3), by OpenCV."""
    return cv2.cvtColor((srgb[None] / 255.0).astype(np.float32), cv2.COLOR_RGB2LAB)[0]


@pytest.fixture(scope="module", params=COLOURS)
def eye(request):
    colour = np.array(COLOURS[request.param])
    return colour, eye_map(colour, SHARE, 3, SIZE)


def test_iris_has_the_given_colour(eye):
    colour, picture = eye
    at = place()
    between = picture[(at > RING[0]) & (at < RING[1])][:, :3]
    difference = np.median(lab(between), axis=0) - lab(np.rint(colour * 255.0)[None])[0]
    assert np.linalg.norm(difference) < 4.0  # CIE 1976: two colours that differ by 2.3 are told apart side by side


def test_limbus_is_darker_and_the_pupil_darkest(eye):
    _, picture = eye
    at, light = place(), lab(picture[..., :3].reshape(-1, 3))[:, 0].reshape(SIZE, SIZE)
    bands = ((0.5, 0.75), (0.9, 0.95), (0.0, PUPIL - 0.05))
    middle, ring, pupil = (np.median(light[(at > low) & (at < high)]) for low, high in bands)
    assert ring < 0.75 * middle and pupil < ring and pupil < 4.0


def test_fibres_run_outwards(eye):
    """Brightness changes faster around the pupil than away from it."""
    _, picture = eye
    polar = cv2.warpPolar(picture[..., :3], (128, 512), (SIZE / 2, SIZE / 2), SHARE * SIZE / 2, cv2.WARP_POLAR_LINEAR)
    light = lab(polar.reshape(-1, 3))[:, 0].reshape(512, 128)[:, 70:95]  # rows turn, columns go outwards
    length = 2 * np.pi * 82 / 512  # of a step around, in steps outwards
    assert np.abs(np.diff(light, axis=0)).mean() / length > 1.5 * np.abs(np.diff(light, axis=1)).mean()


def test_white_is_not_white_and_reddens_towards_the_corners(eye):
    _, picture = eye
    at = place()
    x = (np.arange(SIZE) + 0.5) / (0.5 * SIZE) - 1.0
    near = lab(picture[(at > 1.25) & (at < 1.5)][:, :3])
    corner = lab(picture[200:312, np.abs(x) > 0.75][:, :, :3].reshape(-1, 3))
    assert 65.0 < np.median(near[:, 0]) < 88.0
    assert np.median(corner[:, 1]) > np.median(near[:, 1]) + 3.0
    assert corner[:, 1].max() > 15.0  # veins


def test_iris_ends_where_it_should(eye):
    """On a grown-up's eye: half-way between the ring and the white, within a twentieth of its radius."""
    _, picture = eye
    light = lab(picture[SIZE // 2, :, :3])[:, 0]
    at = place()[SIZE // 2]
    ring, white = (np.median(light[(at > low) & (at < high)]) for low, high in ((0.9, 0.95), (1.3, 1.5)))
    right = np.arange(SIZE) > SIZE // 2
    edge = at[right & (at > 0.93) & (light > 0.5 * (ring + white))].min()
    assert edge == pytest.approx(1.04, abs=0.05)


def test_same_seed_same_eye_another_seed_another():
    colour = np.array(COLOURS["blue"])
    first, again, other = (eye_map(colour, SHARE, seed, 128) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
