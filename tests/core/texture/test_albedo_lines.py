"""Lines that no relief holds come back into the albedo, on open skin that is not pushed."""

import cv2
import numpy as np
import pytest
from furrow.core.head.model import region_sum
from furrow.core.head.raster import sample_smooth
from furrow.core.image.colour import srgb_to_linear
from furrow.core.texture.albedo_lines import lines_left, with_lines

SIZE, TEXEL = 512, 0.8
DARK = 0.2


@pytest.fixture(scope="module")
def forehead(model):
    """A row and column in the middle of the forehead, and maps with a dark line across it."""
    place = sample_smooth(model.topology, region_sum(model.topology, ("forehead",)), SIZE)
    rows, columns = np.nonzero(place > 0.9)
    row, column = int(np.median(rows)), int(np.median(columns))
    luminance = np.zeros((SIZE, SIZE), np.float32)
    luminance[row, column - 30 : column + 31] = -3 * DARK
    return row, column, cv2.GaussianBlur(luminance, (0, 0), 1.0)


@pytest.fixture(scope="module")
def model(assets):
    from furrow.core.head.model import load_head_model

    return load_head_model(assets / "head.npz")


def left(model, luminance, held=0.0, folded=0.0):
    ones = np.ones((SIZE, SIZE), np.float32)
    fold = np.full(model.topology.vertex_count, folded, np.float32)
    return lines_left(model.topology, luminance, ones, np.full((256, 256), held, np.float32), fold, TEXEL)


def test_a_line_without_relief_comes_back_and_one_with_half_of_it_by_half(model, forehead):
    row, column, luminance = forehead
    all_of_it, half, none = (left(model, luminance, held)[row, column] for held in (0.0, 0.5, 1.0))
    assert 0.5 * DARK < all_of_it <= 1.3 * DARK
    assert half == pytest.approx(0.5 * all_of_it, rel=0.02)
    assert none == 0
    away = left(model, luminance)
    away[row - 6 : row + 7, column - 36 : column + 37] = 0
    assert away.max() < 0.02


def test_lines_of_pushed_skin_and_around_the_eyes_do_not_come_back(model, forehead):
    row, column, luminance = forehead
    assert left(model, luminance, folded=0.5)[row, column] == 0
    eye = sample_smooth(model.topology, region_sum(model.topology, ("upper_lid", "under_eye", "lips")), SIZE) > 0.9
    assert eye.sum() > 50
    lined = np.zeros((SIZE, SIZE), np.float32)
    lined[::12] = -3 * DARK
    assert left(model, cv2.GaussianBlur(lined, (0, 0), 1.0))[eye].max() < 0.25 * DARK


def test_albedo_gets_darker_by_as_much_as_the_line_and_nowhere_else():
    albedo = np.random.default_rng(0).integers(90, 230, (2 * SIZE, 2 * SIZE, 3)).astype(np.uint8)
    lines = np.zeros((SIZE, SIZE), np.float32)
    assert with_lines(albedo, lines) is albedo
    lines[100:140, 200:260] = DARK
    drawn = with_lines(albedo, lines)
    inside = (slice(210, 270), slice(410, 510))
    ratio = srgb_to_linear(drawn[inside] / 255.0) / srgb_to_linear(albedo[inside] / 255.0)
    assert np.median(np.log(ratio)) == pytest.approx(-DARK, rel=0.12)
    drawn[200:280, 400:520] = albedo[200:280, 400:520]
    assert (drawn == albedo).all()
