"""Pictures of teeth and tongue: the photo's tone of enamel, pink gums above a line, nothing black."""

import numpy as np
import pytest
from furrow.core.head.dentition import BACK_LINE, EDGE, GUM_LINE, UPPER, chart_place, columns
from furrow.core.image.colour import srgb_to_linear
from furrow.core.texture.teeth_map import ENAMEL, SIZE, teeth_map
from furrow.core.texture.tongue_map import tongue_map

TONE = np.array([0.85, 0.78, 0.66])


def at_tooth(picture, tooth, v, across=0.0):
    """Linear colour (3,) of the mean of a few pixels on an upper tooth of the left side."""
    way, kinds, place = columns(UPPER)
    own = (kinds == tooth) & (way > 0)
    along = np.interp(across, place[own], way[own])
    x, y = chart_place(np.array(along), np.array(v), UPPER, upper=True) * SIZE
    row, column = int(SIZE[1] - y), int(x)
    return srgb_to_linear(picture[row - 2 : row + 3, column - 2 : column + 3]).reshape(-1, 3).mean(0)


@pytest.mark.parametrize("tone", [TONE, None])
def test_incisors_have_the_tone_of_the_photo(tone):
    seen = at_tooth(teeth_map(tone, 1), 0, 0.5)
    wanted = ENAMEL if tone is None else srgb_to_linear(tone.astype(np.float32))
    np.testing.assert_allclose(seen, wanted, rtol=0.12)


def test_necks_and_canines_are_yellower_and_gaps_darker():
    picture = teeth_map(TONE, 1)
    middle, neck, canine, gap = (
        at_tooth(picture, *place) for place in ((0, 0.5), (0, GUM_LINE + 0.03), (2, 0.5), (0, 0.42, 0.99))
    )
    assert neck[2] / neck[0] < middle[2] / middle[0] and canine[2] / canine[0] < middle[2] / middle[0]
    assert gap.max() < 0.7 * middle.max()


@pytest.mark.parametrize("v", [0.1, GUM_LINE - 0.04, BACK_LINE + 0.08])
def test_gums_are_pink_whatever_the_enamel(v):
    gums = [at_tooth(teeth_map(tone, 1), 1, v) for tone in (TONE, None)]
    np.testing.assert_allclose(*gums)
    red, green, blue = gums[0]
    assert 0.2 < red < 0.65 and 1.6 < red / green < 4.5 and 0.8 < green / blue < 1.3


def test_back_teeth_are_shaded():
    picture = teeth_map(TONE, 1)
    assert at_tooth(picture, 6, EDGE - 0.1).max() < 0.6 * at_tooth(picture, 0, EDGE - 0.1).max()


def test_tongue_is_pink_and_never_black():
    picture = tongue_map(2)
    linear = srgb_to_linear(picture).reshape(-1, 3)
    red, green, _ = np.median(linear, axis=0)
    assert 0.3 < red < 0.6 and 1.5 < red / green < 4.0 and linear[:, 0].min() > 0.1
    np.testing.assert_array_equal(picture, tongue_map(2))
