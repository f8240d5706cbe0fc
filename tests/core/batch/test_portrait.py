"""The quick portrait: skin, eyes and hair in their own colours, where a head has them."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.batch.pictures import SIZE
from furrow.core.batch.portrait import portrait
from furrow.core.hair.hair import Hair
from furrow.core.hair.hair_colour import HairColour
from furrow.core.hair.scalp import Scalp
from furrow.core.hair.scalp_area import Hairline
from furrow.models.evaluation.made_up import mean_character


@pytest.fixture(scope="module")
def mean(assets):
    return mean_character(assets)


def scalp(luminance, style="layered"):
    line = np.array([[-235.0, -86.0], [-150.0, -40.0], [-96.0, 10.0], [0.0, 46.0], [96.0, 10.0], [150.0, -40.0],
                     [235.0, -86.0]])
    return Scalp(style, HairColour(np.full(3, np.log(luminance)), 0.0), Hairline(24.0, line))


def test_skin_has_its_albedo_and_the_ground_is_dark(mean):
    picture = portrait(mean).astype(float)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    cheek, corner = picture[170:190, 90:110].mean((0, 1)), picture[2, 2]
    assert corner.max() < 90 and cheek[0] > cheek[1] > cheek[2] > 60
    dark = replace(mean, albedo=(mean.albedo * 0.4).astype(np.uint8))
    assert portrait(dark)[170:190, 90:110].mean() < 0.6 * cheek.mean()


def test_eyes_have_irises_of_their_colour(mean):
    colours = np.array([[0.2, 0.4, 0.8], [0.4, 0.2, 0.1]])
    blue, brown = (portrait(replace(mean, eye_colour=colour)).astype(int) for colour in colours)
    bluer = (blue - brown)[..., 2] - (blue - brown)[..., 0]
    changed = np.argwhere(bluer > 40)
    assert 20 < len(changed) < 600  # irises, and nothing else
    assert not (np.abs(blue - brown).max(-1)[200:] > 8).any()


def test_hair_of_the_scalp_hides_the_skin_in_its_colour(mean):
    bald = portrait(mean).astype(int)
    dark, fair = (portrait(replace(mean, hair=Hair(scalp=scalp(light)))).astype(int) for light in (0.02, 0.4))
    crown = slice(45, 70), slice(90, 150)
    assert dark[crown].mean() < 90 < fair[crown].mean()
    assert abs(dark[170:190, 90:110] - bald[170:190, 90:110]).max() < 8  # nothing grows on the cheek
    none = portrait(replace(mean, hair=Hair(scalp=scalp(0.02, "none"))))
    assert none[crown].mean() == pytest.approx(bald[crown].mean(), abs=2)
