"""The age heuristic: lines raise it, spots and coarse photos do not, expression lines do not count."""

import numpy as np
from dome import dome_model
from furrow.core.apparent_age import DEFAULT_AGE, apparent_age, line_contrast
from furrow.core.unwrap import texel_millimetres
from scipy.ndimage import gaussian_filter

SIZE = 256
MODEL = dome_model()
TEXEL = texel_millimetres(MODEL.topology, MODEL.mean, SIZE)
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
REST = np.ones(len(MODEL.mean))
NOISE = 0.01 * np.random.default_rng(0).normal(size=(SIZE, SIZE))


def estimate(marks, rest=REST, pixel=0.3):
    albedo = (-1.2 + NOISE - marks)[..., None] * np.ones(3)
    ones = np.ones((SIZE, SIZE), np.float32)
    return apparent_age(MODEL.topology, albedo.astype(np.float32), ones, TEXEL, rest, pixel)


def forehead_lines(depth):
    """Horizontal dark lines of 2 mm every 10 mm on the upper part of the chart."""
    distance = np.abs((ROWS * TEXEL) % 10 - 5)
    return depth * np.exp(-0.5 * (distance / 0.7) ** 2) * (ROWS < 0.4 * SIZE)


def test_forehead_lines_raise_the_age():
    ages = [estimate(forehead_lines(depth)) for depth in (0.0, 0.1, 0.3)]
    assert ages[0] < DEFAULT_AGE < ages[2]
    assert ages[0] < ages[1] < ages[2]


def test_freckles_raise_it_far_less():
    spots = gaussian_filter((np.random.default_rng(1).random((SIZE, SIZE)) < 0.01).astype(float), 1.2)
    spots = spots / spots.max() * 0.3 * (ROWS < 0.4 * SIZE)
    lines = forehead_lines(0.3)
    spots *= lines.std() / spots.std()
    assert estimate(spots) - estimate(0 * spots) < 0.5 * (estimate(lines) - estimate(0 * lines))


def test_a_coarse_photo_or_pushed_skin_gives_the_default():
    lines = forehead_lines(0.3)
    assert estimate(lines, pixel=2.0) == DEFAULT_AGE
    assert estimate(lines, rest=np.zeros(len(REST))) == DEFAULT_AGE


def test_line_contrast_finds_a_line_and_not_its_surroundings():
    image = np.full((200, 200), -1.0, np.float32)
    image[100:102] -= 0.3
    found = line_contrast(image, np.ones_like(image), 0.7)
    assert found[100, 100] > 0.05
    assert found[60, 100] < 1e-4 and not line_contrast(-image, np.ones_like(image), 0.7)[100, 100] > 0.01
