"""What is drawn on skin is told from what is shaped in it, and makes neither relief nor light."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from dome import dome_fit, dome_model, dome_view, render
from furrow.core.detail.shading_relief import photo_relief
from furrow.core.head.chart import head_chart
from furrow.core.image.colour import linear_to_srgb
from furrow.core.texture.albedo_lines import line_darkness, without_lines
from furrow.core.texture.painted_skin import painted_skin
from furrow.core.texture.view_texture import view_texture

SIZE, TEXEL = 256, 0.4
TONE = np.log(np.array([0.45, 0.29, 0.21]))
ONES = np.ones((SIZE, SIZE), np.float32)
CREASE = np.array([0.85, 1.02, 1.13])  # of the darkness: light in a fold has been through more skin
INK = np.ones(3)
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
LINE = np.exp(-0.5 * ((ROWS - 128) * TEXEL / 0.5) ** 2) * (np.abs(COLUMNS - 128) < 60)
MIDDLE = np.s_[128, 90:166]


def skin(*layers):
    grain = np.random.default_rng(0).normal(0, 0.02, (SIZE, SIZE, 1))
    image = TONE + cv2.GaussianBlur(grain, (0, 0), 1.0)[..., None] + sum(layers)
    return image.astype(np.float32)


def painted(image, grey=False):
    return np.maximum(*painted_skin(image, ONES, TEXEL, grey))


def spots(depth, radius, count=40):
    drawn = np.zeros((SIZE, SIZE), np.float32)
    places = np.random.default_rng(1).integers(20, SIZE - 20, (count, 2))
    for x, y in places:
        cv2.circle(drawn, (int(x), int(y)), round(radius / TEXEL), 1.0, -1, cv2.LINE_AA)
    return -depth * drawn[..., None] * np.array([0.6, 1.0, 1.3]), drawn


@pytest.mark.parametrize("depth", [0.6, 0.9, 1.5])
def test_ink_is_painted_and_a_crease_as_dark_is_not(depth):
    ink, crease = (painted(skin(-depth * LINE[..., None] * c)) for c in (INK, CREASE))
    assert crease[MIDDLE].max() < 0.1
    assert ink[MIDDLE].min() > (0.9 if depth > 0.7 else 0.5)
    assert ink[:100].max() < 0.05


@pytest.mark.parametrize("colour", [(-0.5, 0.0, 0.1), (-0.3, -0.2, 0.5), (0.3, -0.6, -0.5)])
def test_paint_of_another_hue_is_painted(colour):
    patch = np.zeros((SIZE, SIZE, 1))
    patch[120:136, 118:138] = 1
    found = painted(skin(patch * np.array(colour)))
    assert found[122:134, 120:136].mean() > 0.6
    assert np.median(found) < 0.02


def test_moles_and_freckles_are_painted_and_grain_is_not():
    freckles, where = spots(0.3, 0.9)
    found = painted(skin(freckles))
    assert np.median(found[where > 0.5]) > 0.5
    assert painted(skin()).max() < 0.05


def test_without_colour_only_the_darkest_lines_are_ink():
    grey = [painted(skin(-d * LINE[..., None] * INK), grey=True) for d in (0.5, 1.8)]
    assert grey[0][MIDDLE].max() < 0.1 and grey[1][MIDDLE].min() > 0.5


def test_lines_go_with_their_hue_and_spots_and_grain_stay():
    freckles, where = spots(0.3, 0.9)
    before = skin(-0.3 * LINE[..., None] * CREASE, freckles)
    after = without_lines(before, ONES, TEXEL)
    target = skin(freckles)
    clear = where[MIDDLE] < 0.01
    left = np.abs((after - target)[MIDDLE][clear]).mean() / np.abs((before - target)[MIDDLE][clear]).mean()
    assert left < 0.35
    away = (np.abs(ROWS - 128) > 12) & (ROWS > 12) & (ROWS < 244)
    assert np.abs(after - before)[away].mean() < 0.004
    assert (after - before)[(where > 0.9) & away].mean() < 0.02


def test_skin_that_is_all_lines_has_none():
    few = line_darkness(skin(-0.15 * LINE[..., None]).mean(-1), ONES, TEXEL)[MIDDLE].mean()
    rows = np.clip(np.sin(ROWS * TEXEL * 2 * np.pi / 3), 0, 1)
    many = line_darkness(skin(-0.15 * rows[..., None]).mean(-1), ONES, TEXEL)[40:-40, 40:-40].mean()
    assert few > 0.08 and many < 0.2 * few


def drawn_head(drawn):
    """A smooth dome lit from above, with what is painted on it as log colour of (x, y) mm."""
    model, view = dome_model(), dome_view(size=1000)

    def colour_at(points, normals):
        shading = 0.6 - 0.5 * normals[:, 1:2] + 0.2 * -normals[:, 2:]
        return linear_to_srgb(np.clip(np.exp(TONE + drawn(points)) * shading, 0, 1))

    return model, view, render(model, view, colour_at)


def relief_of(drawn, keep_paint=False):
    """(g, g) |mm| of relief that the photo of such a head gives; with the mask of what is painted taken away or not."""
    model, view, photo = drawn_head(drawn)
    fit = dome_fit(model, view)
    chart = head_chart(model.topology, model.mean, 512)
    seen = view_texture(model, fit, view, photo, None, 512, chart.texel)
    bare = seen.plain if keep_paint else seen.bare
    posed = replace(seen.posed, millimetres_per_pixel=0.3)
    found = photo_relief(model.topology, posed, seen.light, bare, chart, 0.5)
    return np.abs(found.height * found.weight)


def test_ink_gives_no_relief():
    """Lines of ink on smooth skin, as dark as ink is: next to none, and much less than with the mask left out."""

    def ink(points):
        near = np.abs((points[:, 1] + 0.3 * points[:, 0]) % 24.0 - 12.0)
        return -1.2 * np.exp(-0.5 * (near / 0.5) ** 2)[:, None] * (np.abs(points[:, :1]) < 45)

    masked, unmasked = relief_of(ink), relief_of(ink, keep_paint=True)
    assert unmasked.max() > 0.04
    assert masked.max() < 0.02 and masked.std() < 0.2 * unmasked.std()


def test_freckles_and_blush_give_no_relief():
    places = np.random.default_rng(3).uniform(-45, 45, (150, 2))

    def made_up(points):
        away = np.linalg.norm(points[:, None, :2] - places[None], axis=-1).min(1)
        freckles = -0.3 * np.clip(1.5 - away / 0.8, 0, 1)[:, None] * np.array([0.6, 1.0, 1.3])
        blush = np.exp(-0.5 * ((np.abs(points[:, 0]) - 30) ** 2 + points[:, 1] ** 2) / 9.0**2)[:, None]
        return freckles + blush * np.array([0.05, -0.25, -0.2])

    found = relief_of(made_up)
    assert found.max() < 0.05
