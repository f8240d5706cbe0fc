"""Reading scalp hair: on pictures of a head with painted hair of known reach, and by rules on measures."""

import dataclasses

import cv2
import numpy as np
import pytest
from furrow.core.hair.hair_colour import GREY_HAIR, unlit
from furrow.core.hair.scalp import NONE
from furrow.core.hair.scalp_area import usual_hairline
from furrow.core.hair.scalp_photo import PIXEL_MM, hair_seen, head_cut
from furrow.core.hair.scalp_reading import SHEEN, ScalpMeasures, chosen, measured, read_scalp
from furrow.core.hair.styles import STYLES
from furrow.core.head.camera import Camera, Pose
from furrow.core.head.fitted import View
from furrow.core.head.raster import rasterize_view
from furrow.core.image.colour import LUMINANCE, linear_to_srgb_bytes

SIZE = 640
SKIN, BACK = np.array([0.38, 0.22, 0.15]), np.array([0.5, 0.6, 0.7])
BROWN = np.array([0.06, 0.035, 0.022])
NO_LINE = np.zeros((0, 2))


def seen_from(turn=0.0):
    cos, sin = np.cos(turn), np.sin(turn)
    rotation = np.diag([1.0, -1.0, -1.0]) @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    camera = Camera(1400.0, 1400.0, SIZE / 2, SIZE / 2, SIZE, SIZE)
    return View("painted", camera, Pose(rotation, np.array([0.0, 0.0, 1500.0])), np.zeros(52), None, 0.0)


def painted(model, view, hair=BROWN, beyond=12.0, hangs=-200.0):
    """A picture of the mean head with hair ``beyond`` mm around it above the ears, down to ``hangs`` mm under them.

    None grows without ``hair``. The person mask with it.
    """
    posed = view.pose.apply(model.mean.astype(float))
    points = view.camera.project(posed)
    raster = rasterize_view(posed, points, model.topology.triangles, SIZE, SIZE)
    image = np.where(raster.covered[..., None], SKIN, BACK)
    person = raster.covered.copy()
    if hair is not None:
        pixel = view.pose.translation[2] / view.camera.fx
        ears = points[model.topology.region("ear") > 0.5, 1].mean()
        inside = raster.sample(usual_hairline(model, model.mean).inside(model.mean).astype(np.float32))
        radius = round(beyond / pixel)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        wide = cv2.dilate(raster.covered.astype(np.uint8), disc) > 0
        rows = np.arange(SIZE)[:, None]
        around = wide & ~raster.covered & (rows < max(ears, ears + hangs / pixel))
        on_head = raster.covered & (inside > 0)
        image[around | on_head] = hair
        person |= around
    noise = np.random.default_rng(0).normal(1.0, 0.04, image.shape)
    return linear_to_srgb_bytes(image * noise), person.astype(np.float32), posed


def read(model, view, **hair):
    image, person, posed = painted(model, view, **hair)
    return read_scalp(model, model.mean, [posed], [view], [image], [person], NO_LINE, SKIN)


def measures_of(model, view, **hair):
    image, person, posed = painted(model, view, **hair)
    usual = usual_hairline(model, model.mean)
    cut = head_cut(model.topology, posed, view, image, person)
    seen = hair_seen(cut, model.topology, model.mean, usual)
    return measured(cut, seen, model, usual, np.zeros((0, 3)), 0.0)


@pytest.mark.parametrize("beyond", [6.0, 14.0, 26.0])
def test_thickness_is_measured(model, beyond):
    found = measures_of(model, seen_from(), beyond=beyond)
    assert found.top == pytest.approx(beyond, abs=2.0 * PIXEL_MM)
    assert found.sides == pytest.approx(beyond, abs=2.5 * PIXEL_MM)


def test_length_is_measured(model):
    for hangs in (50.0, 110.0):
        assert measures_of(model, seen_from(), beyond=16.0, hangs=hangs).hangs == pytest.approx(hangs, abs=12.0)


def test_a_head_turned_in_the_picture_reads_the_same(model):
    """The cut stands upright however the photo is turned."""
    view = seen_from()
    image, person, posed = painted(model, view, beyond=14.0)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # a quarter turn
    pose = Pose(turn @ view.pose.rotation, turn @ view.pose.translation)
    turned = dataclasses.replace(view, pose=pose)
    usual = usual_hairline(model, model.mean)
    cut = head_cut(model.topology, posed @ turn.T, turned, np.rot90(image, -1).copy(), np.rot90(person, -1).copy())
    seen = hair_seen(cut, model.topology, model.mean, usual)
    found = measured(cut, seen, model, usual, np.zeros((0, 3)), 0.0)
    straight = measures_of(model, view, beyond=14.0)
    assert found.top == pytest.approx(straight.top, abs=PIXEL_MM)
    assert found.sides == pytest.approx(straight.sides, abs=PIXEL_MM)


def test_a_bare_head_stays_bare(model):
    assert read(model, seen_from(), hair=None).style == NONE


def test_colour_is_that_of_the_hair(model):
    brown, fair = (read(model, seen_from(), hair=np.array(c)) for c in (BROWN, (0.30, 0.19, 0.09)))
    for scalp, colour in ((brown, BROWN), (fair, np.array([0.30, 0.19, 0.09]))):
        got = np.exp(scalp.colour.pigmented)
        assert abs(np.log((got + SHEEN).sum() / np.sum(colour))) < 0.35  # in even light
        assert np.abs(np.log(got / got.sum() / (colour / np.sum(colour)))).max() < 0.3
    assert np.exp(fair.colour.pigmented).sum() > 3.0 * np.exp(brown.colour.pigmented).sum()


def test_long_hair_is_long_and_cropped_hair_cropped(model):
    assert read(model, seen_from(), beyond=16.0, hangs=110.0).style.startswith("long")
    assert read(model, seen_from(), beyond=16.0, hangs=48.0).style == "bob"
    assert read(model, seen_from(), beyond=2.0).style == "buzz"
    assert read(model, seen_from(), beyond=12.0).style == "short"


def test_nothing_seen_is_a_bare_scalp(model):
    view = seen_from()
    image, person, posed = painted(model, view)
    got = read_scalp(model, model.mean, [posed], [view], [image], [np.zeros_like(person)], NO_LINE, SKIN)
    assert got.style == NONE and len(got.hairline.line) > 10


USUAL = ScalpMeasures(top=10.0, sides=8.0, hangs=-20.0, front=0.0, from_skin=4.0, coherence=0.8, dark=1.5)


@pytest.mark.parametrize(
    ("change", "style"),
    [
        ({}, "short"),
        ({"top": 6.0}, "side_part"),
        ({"top": 2.0}, "buzz"),
        ({"front": 20.0}, "receding"),
        ({"top": 20.0, "coherence": 0.3}, "curly_short"),
        ({"sides": 26.0, "hangs": 0.0}, "layered"),
        ({"hangs": 40.0}, "bob"),
        ({"hangs": 40.0, "front": -25.0}, "bob_fringe"),
        ({"hangs": 140.0}, "long_straight"),
        ({"hangs": 140.0, "coherence": 0.5}, "long_wavy"),
        ({"hangs": 140.0, "front": -25.0}, "long_fringe"),
        ({"top": 1.0, "from_skin": 0.8}, NONE),
        ({"top": float("nan"), "sides": float("nan"), "front": float("nan")}, "short"),
    ],
)
def test_measures_choose_a_style(model, change, style):
    got = chosen(dataclasses.replace(USUAL, **change), np.log(BROWN), usual_hairline(model, model.mean))
    assert got.style == style
    if style != NONE and "top" not in change:
        assert 0.7 < got.volume < 2.6 and style in STYLES


def test_dark_hair_under_a_blue_sky_is_not_blue():
    sky = np.log([0.040, 0.050, 0.056])
    assert unlit(sky)[0] > unlit(sky)[2]
    grey = unlit(np.log([0.40, 0.40, 0.41]))
    np.testing.assert_allclose(grey[0] - grey[2], GREY_HAIR[0] - GREY_HAIR[2])
    np.testing.assert_allclose(np.exp(grey) @ LUMINANCE, 0.40, rtol=0.02)
