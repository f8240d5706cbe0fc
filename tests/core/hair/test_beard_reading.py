"""Reading beards: on photos in the chart whose light, paint and truth are known; most of all, what is none."""

import dataclasses

import cv2
import numpy as np
import pytest
from beards import DARK_SKIN, SKIN, chart_photo
from furrow.core.hair.bare_skin import over
from furrow.core.hair.beard_area import beard_part, drawn, usual_cover
from furrow.core.hair.beard_photo import SIZE, beard_seen, cover_seen
from furrow.core.hair.beard_reading import has_beard, reach_below, read_beard
from furrow.core.hair.hair_colour import HairColour
from furrow.core.hair.scalp_photo import PIXEL_MM, HeadCut
from furrow.core.hair.surface import landmark_uv
from furrow.core.head.landmark_sets import LIPS_OUTER
from furrow.core.head.raster import rasterize_view, texel_millimetres
from furrow.core.image.colour import LUMINANCE, linear_to_srgb_bytes, srgb_to_linear

BLACK, BROWN = np.log([0.015, 0.012, 0.010]), np.log([0.06, 0.037, 0.024])
BROWS = HairColour(np.log([0.08, 0.05, 0.03]), 0.0)
FRONT, ABOVE, SIDE = (0.0, 0.2, 1.0), (0.0, 1.0, 0.5), (1.0, 0.3, 0.5)


def bearded(model, hair=BLACK, skin=SKIN, share=0.85, moustache=True, beard=True):
    """Paint of hair that hides a share of the skin where a beard usually grows."""
    part = beard_part(landmark_uv(model), SIZE, texel_millimetres(model.topology, model.mean, SIZE))
    cover = np.zeros((SIZE, SIZE), np.float32)
    part.cut(cover)[:] = share * usual_cover(part, landmark_uv(model))
    mouth = model.landmarks(model.mean)[61, 1]

    def paint(points):
        over_mouth = (points[..., 1] > mouth - 2.0) & (np.abs(points[..., 0]) < 32.0)
        there = cover * np.where(over_mouth, float(moustache), float(beard))
        return np.log((1.0 - there[..., None]) + there[..., None] * np.exp(hair - skin))

    return paint


def seen_in(model, **scene):
    photo = chart_photo(model, **scene)
    return beard_seen(model.topology, landmark_uv(model), photo, texel_millimetres(model.topology, model.mean, SIZE))


@pytest.mark.parametrize("light", [FRONT, ABOVE, SIDE])
@pytest.mark.parametrize("skin", [SKIN, DARK_SKIN])
def test_a_beard_is_found_in_any_light_and_where_it_is(model, light, skin):
    seen = seen_in(model, light=light, skin=skin, paint=bearded(model, skin=skin))
    assert has_beard(seen) == (True, True)
    cover, truth = cover_seen(seen) > 0.5, seen.usual > 0.5
    assert (cover & truth).sum() / (cover | truth).sum() > 0.75


@pytest.mark.parametrize("light", [FRONT, ABOVE, SIDE, (-1.0, 0.1, 0.2), (0.0, -0.6, 1.0)])
@pytest.mark.parametrize("skin", [SKIN, DARK_SKIN])
def test_bare_skin_grows_nothing_in_any_light(model, light, skin):
    for seed in range(3):
        assert has_beard(seen_in(model, light=light, skin=skin, seed=seed)) == (False, False)


def shade(model, depth, red, where):
    """Paint that darkens by ``depth`` and reddens by ``red`` at places that ``where`` tells, (g, g, 3) mm to (g, g)."""
    return lambda points: -where(points)[..., None] * np.array([depth - red, depth, depth])


def under_the_chin(points):
    return np.clip((-98.0 - points[..., 1]) / 6.0, 0.0, 1.0)


def smile_lines(points):
    x, y = np.abs(points[..., 0]), points[..., 1]
    return np.exp(-(((x - 28.0 - 0.4 * (-55.0 - y)) / 3.0) ** 2)) * (np.abs(y + 60.0) < 22.0)


def round_the_mouth(points):
    return np.exp(-((np.hypot(points[..., 0] / 1.3, points[..., 1] + 69.0) / 18.0) ** 4)) * (points[..., 2] > 60.0)


def lower_half(points):
    return np.clip((-45.0 - points[..., 1]) / 12.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("where", "depth", "red"),
    [(under_the_chin, 1.2, 0.15), (under_the_chin, 1.2, 0.0), (smile_lines, 0.9, 0.1), (smile_lines, 0.9, 0.0),
     (round_the_mouth, 0.8, 0.25), (lower_half, 0.7, 0.14), (lower_half, 0.2, 0.0)],
)  # fmt: skip
def test_shade_folds_and_lipstick_are_no_beard(model, where, depth, red):
    for skin in (SKIN, DARK_SKIN):
        assert has_beard(seen_in(model, skin=skin, paint=shade(model, depth, red, where))) == (False, False)


def test_a_moustache_alone_and_a_beard_without_one(model):
    assert has_beard(seen_in(model, paint=bearded(model, beard=False))) == (True, False)
    assert has_beard(seen_in(model, paint=bearded(model, moustache=False))) == (False, True)


def test_of_a_grey_photo_only_a_dark_beard_is_believed(model):
    grey = np.full(3, -1.2)
    for hair, wanted in ((-3.6, True), (-1.75, False)):
        found = seen_in(model, skin=grey, warmth=0.0, paint=bearded(model, np.full(3, hair), grey))
        assert found.grey and any(has_beard(found)) is wanted


def cut_of(model, reach):
    """A picture of the mean head from the front, dark as a beard so many mm under its chin."""
    points = model.mean[:, :2].astype(float) * (1.0, -1.0) / PIXEL_MM + (105.0, 95.0)
    camera = model.mean.astype(float) * (1.0, -1.0, -1.0) + (0.0, 0.0, 1500.0)
    raster = rasterize_view(camera, points, model.topology.triangles, 210, 260)
    image = np.where(raster.covered[..., None], np.exp(SKIN), [0.5, 0.6, 0.7])
    row = round(float(model.landmarks(points)[152, 1]))
    image[row - 6 : row + round(reach / PIXEL_MM), 75:135] = np.exp(BLACK)
    person = raster.covered.astype(np.float32)
    person[row : row + 30, 70:140] = 1.0
    image[row + round(reach / PIXEL_MM) : row + 30, 75:135] = np.exp(SKIN)
    return HeadCut(linear_to_srgb_bytes(image), person, np.ones(person.shape, bool), raster, points)


@pytest.mark.parametrize("reach", [6.0, 16.0, 30.0])
def test_how_far_hair_hangs_below_the_chin(model, reach):
    assert reach_below(model, cut_of(model, reach)) == pytest.approx(reach, abs=4.0)


def test_no_neck_no_length(model):
    cut = cut_of(model, 45.0)
    dark = np.full_like(cut.image, 20)
    assert reach_below(model, dataclasses.replace(cut, image=dark)) == 0.0


def read(model, photo, reach=6.0, albedo=None):
    if albedo is None:
        albedo = np.empty((512, 512, 3), np.uint8)
        albedo[:] = linear_to_srgb_bytes(np.exp(SKIN))
    return read_beard(model, model.mean, albedo, [photo], [cut_of(model, reach)], BROWS)


@pytest.mark.parametrize(
    ("share", "reach", "kind"), [(0.4, 6.0, "stubble"), (0.85, 6.0, "short"), (0.85, 34.0, "full"), (0.0, 34.0, "none")]
)
def test_the_kind_is_that_painted(model, share, reach, kind):
    found = read(model, chart_photo(model, paint=bearded(model, share=share)), reach)
    assert found.beard.kind == found.beard.seen == kind and (found.skin is None) == (kind == "none")


def test_colour_is_that_of_the_paint(model):
    found = read(model, chart_photo(model, paint=bearded(model, BROWN)))
    light = float(np.exp(found.beard.colour.pigmented) @ LUMINANCE)
    assert 0.4 < light / float(np.exp(BROWN) @ LUMINANCE) < 1.6 and found.beard.colour.grey == 0.0
    white = read(model, chart_photo(model, paint=bearded(model, np.log([0.40, 0.39, 0.38])))).beard
    assert white.kind == "short" and white.colour.grey > 0.4
    none = read(model, chart_photo(model))
    np.testing.assert_array_equal(none.beard.colour.pigmented, BROWS.pigmented)


def test_skin_under_a_painted_beard_is_the_skin_around(model):
    photo = chart_photo(model, paint=bearded(model))
    part = beard_part(landmark_uv(model), SIZE, texel_millimetres(model.topology, model.mean, SIZE))
    cover = usual_cover(part, landmark_uv(model))
    light = np.broadcast_to(SKIN, (SIZE, SIZE, 3)).copy()
    part.cut(light)[:] += 0.85 * cover[..., None] * (BLACK - SKIN)
    albedo = linear_to_srgb_bytes(np.exp(light))
    bare = over(albedo, read(model, photo, albedo=albedo).skin).astype(float)
    lips = drawn(part, landmark_uv(model)[np.array(LIPS_OUTER)])
    red = albedo.copy()
    part.cut(red)[lips > 0] = (190, 60, 60)
    kept = part.cut(over(red, read(model, photo, albedo=red).skin))[cv2.erode(lips, np.ones((7, 7), np.uint8)) > 0]
    np.testing.assert_array_equal(kept, np.broadcast_to((190, 60, 60), kept.shape))
    inside = part.cut(bare)[cv2.erode((cover > 0.6).astype(np.uint8), np.ones((5, 5))) > 0]
    np.testing.assert_allclose(inside.mean(0), linear_to_srgb_bytes(np.exp(SKIN)), atol=6.0)
    np.testing.assert_array_equal(bare[: SIZE // 4], albedo[: SIZE // 4])


def test_a_beard_that_the_light_of_the_face_took_away_is_painted_again(model):
    even = np.empty((SIZE, SIZE, 3), np.uint8)
    even[:] = linear_to_srgb_bytes(np.exp(SKIN))
    found = read(model, chart_photo(model, paint=bearded(model)), albedo=even)
    part = beard_part(landmark_uv(model), SIZE, texel_millimetres(model.topology, model.mean, SIZE))
    cover = usual_cover(part, landmark_uv(model))
    before, after = (np.log(srgb_to_linear(part.cut(albedo)) @ LUMINANCE) for albedo in (even, found.albedo))
    dark = before - after
    wanted = -np.log((0.15 * np.exp(SKIN) + 0.85 * np.exp(BLACK)) @ LUMINANCE / (np.exp(SKIN) @ LUMINANCE))
    assert np.median(dark[cover > 0.95]) == pytest.approx(wanted, abs=0.25)
    assert np.abs(dark[cv2.dilate(cover, np.ones((25, 25))) == 0]).max() < 0.02


def test_no_photo_no_beard(model):
    hidden = dataclasses.replace(chart_photo(model), shown=np.zeros((SIZE, SIZE)), plain=np.zeros((SIZE, SIZE)))
    assert read(model, hidden).beard.kind == "none"
