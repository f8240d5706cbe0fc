"""Brows from paint: where hair is, the skin under it, which way the hairs run, and their colour."""

import cv2
import numpy as np
import pytest
from furrow.core.hair.bare_skin import bare_skin, over
from furrow.core.hair.brow_flow import brow_flow, hair_lines
from furrow.core.hair.brow_paint import membrane, read_brows
from furrow.core.hair.brows import grow_brows, scattered
from furrow.core.hair.grow import grow_hair
from furrow.core.hair.hair_colour import GREY_HAIR, hair_colour, split_grey, strand_colours
from furrow.core.hair.strands import SPARE
from furrow.core.hair.surface import head_surface, landmark_uv
from furrow.core.head.raster import texel_millimetres
from furrow.core.image.colour import LUMINANCE
from painted_brows import SKIN, painted_albedo
from scipy.spatial import cKDTree


@pytest.fixture(scope="module")
def painted(model):
    """Albedo, where its brows are, and what is read of them."""
    albedo, mask = painted_albedo(model)
    texel = texel_millimetres(model.topology, model.mean, len(albedo))
    return albedo, mask, read_brows(albedo, landmark_uv(model), texel, 0.3)


@pytest.fixture(scope="module")
def brows(model, painted):
    return grow_brows(painted[2], head_surface(model.topology, model.mean), 1.0, seed=3)


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def test_cover_is_where_the_paint_is(painted):
    _, mask, paint = painted
    assert overlap(paint.cover > 0.5, paint.part.cut(mask)) > 0.85


def test_the_outline_of_the_hairs_is_that_of_the_paint(painted, brows):
    _, mask, paint = painted
    part, drawn = paint.part, np.zeros(paint.cover.shape, np.uint8)
    # from above the skin, a hair is where its path in the chart is
    direction = brow_flow(paint, 1.0)
    for root, points in zip(part.place(brows.roots), brows.points):
        length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        path = [root]
        for _ in range(int(length / 0.5)):
            path.append(path[-1] + 0.5 * part.sample(direction, path[-1][None])[0])
        cv2.polylines(drawn, [np.round(np.array(path) / part.texel - 0.5).astype(np.int32)], False, 1)
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    assert overlap(closed, part.cut(mask)) > 0.6


def test_skin_under_the_brows_is_the_skin_around(painted):
    albedo, mask, paint = painted
    bare = over(albedo, bare_skin(paint.part, paint.cover, paint.skin)).astype(float)
    inside = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert np.abs(bare[inside].mean(0) - SKIN).max() < 25.0  # a little darker: roots
    assert (bare[inside].mean(1) < 0.75 * np.mean(SKIN)).mean() < 0.02
    far = cv2.dilate(mask.astype(np.uint8), np.ones((41, 41), np.uint8)) == 0
    np.testing.assert_array_equal(bare[far], albedo[far])


def test_hairs_stand_up_inside_lie_outwards_and_turn_down(painted, brows):
    direction = brows.points[:, -1] - brows.points[:, 0]
    side = np.sign(brows.points[:, 0, 0])
    away = np.abs(brows.points[:, 0, 0])
    angle = np.degrees(np.arctan2(direction[:, 1], side * direction[:, 0]))
    third = np.quantile(away, [0.12, 0.4, 0.6, 0.85])
    inner, middle, outer = away < third[0], (away > third[1]) & (away < third[2]), away > third[3]
    assert 40.0 < np.median(angle[inner]) < 90.0
    assert 0.0 < np.median(angle[middle]) < 40.0
    assert np.median(angle[outer]) < 0.0


def test_hairs_lie_on_the_skin(model, brows):
    surface = head_surface(model.topology, model.mean)
    on_skin, normals = surface.at(brows.roots)
    np.testing.assert_allclose(brows.points[:, 0], on_skin, atol=0.02)
    tree = cKDTree(surface.points.reshape(-1, 3))
    away, nearest = tree.query(brows.points.reshape(-1, 3))
    height = ((brows.points.reshape(-1, 3) - surface.points.reshape(-1, 3)[nearest])
              * surface.normals.reshape(-1, 3)[nearest]).sum(1)  # fmt: skip
    assert height.min() > -0.15 and away.max() < 4.0


def test_seed_decides_and_nothing_else(model, painted):
    surface = head_surface(model.topology, model.mean)
    first, again, other = (grow_brows(painted[2], surface, 1.0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.colours, again.colours)
    assert first.points.shape != other.points.shape or np.abs(first.points - other.points).max() > 0.5


def test_any_first_part_of_the_hairs_is_spread_as_the_whole(brows):
    some = brows.roots[: round(len(brows) / SPARE)]
    np.testing.assert_allclose(some.mean(0), brows.roots.mean(0), atol=0.003)
    np.testing.assert_allclose(some.std(0), brows.roots.std(0), rtol=0.05)


def test_no_paint_no_brows(model):
    albedo = np.empty((1024, 1024, 3), np.uint8)
    albedo[:] = SKIN
    hair = grow_hair(model, model.mean, albedo, 1.0, 0)
    assert [s.group for s in hair.strands] == ["lashes"] and hair.bare is None


def test_maps_of_other_sizes_give_the_same_brows(model, painted):
    for size in (2048, 4096):
        albedo = cv2.resize(painted[0], (size, size), interpolation=cv2.INTER_LINEAR)
        paint = read_brows(albedo, landmark_uv(model), texel_millimetres(model.topology, model.mean, size), 0.3)
        shape = painted[2].cover.shape
        cover = cv2.resize(paint.cover, shape[::-1], interpolation=cv2.INTER_AREA)
        assert overlap(cover > 0.5, painted[2].cover > 0.5) > 0.9
        np.testing.assert_allclose(paint.part.bounds, painted[2].part.bounds, atol=0.004)


@pytest.mark.parametrize("degrees", [10.0, 50.0, 100.0, 160.0])
def test_lines_of_the_photo_are_found(degrees):
    y, x = np.mgrid[0:120, 0:120] * 0.1
    angle = np.radians(degrees)
    waves = np.sin(2 * np.pi * (x * np.sin(angle) - y * np.cos(angle)) / 0.7)
    lines, coherence = hair_lines(waves.astype(np.float32), 0.1)
    inside = np.s_[30:90, 30:90]
    along = np.abs(lines[inside] @ [np.cos(angle), np.sin(angle)])
    assert along.min() > 0.99 and coherence[inside].min() > 0.8


def test_membrane_is_linear_between_straight_borders():
    value = np.zeros((9, 21, 3), np.float32)
    weight = np.zeros((9, 21), np.float32)
    weight[:, 0] = weight[:, -1] = 1.0
    value[:, -1] = 1.0
    found = membrane(value, weight)
    step = np.diff(found[4, :, 0])
    assert step.min() > 0 and np.ptp(step[1:-1]) < 1e-4


def test_colour_is_that_of_the_hair_between_which_skin_shows():
    hair, skin, share = np.array([0.05, 0.035, 0.025]), np.array([0.45, 0.30, 0.22]), 0.8
    seen = share * hair + (1 - share) * skin
    shape = (20, 20, 1)
    found = hair_colour(np.tile(np.log(seen), shape), np.tile(np.log(skin), shape), np.ones((20, 20), np.float32), 0.2)
    again = found.share * np.exp(found.pigmented) + (1 - found.share) * skin
    np.testing.assert_allclose(again @ LUMINANCE, seen @ LUMINANCE, rtol=0.05)
    assert np.exp(found.pigmented) @ LUMINANCE < 0.75 * (seen @ LUMINANCE) and found.grey == 0.0


def test_grey_hair_is_light_and_without_hue():
    assert split_grey(np.log([0.05, 0.032, 0.02])).grey == 0.0  # brown
    assert split_grey(np.log([0.008, 0.0078, 0.0076])).grey == 0.0  # black is dark, not grey
    found = split_grey(np.log([0.20, 0.19, 0.18]))
    assert found.grey > 0.35
    mean = found.grey * np.exp(GREY_HAIR) + (1 - found.grey) * np.exp(found.pigmented)
    np.testing.assert_allclose(mean, [0.20, 0.19, 0.18], rtol=0.2)
    light = strand_colours(found, 4000, np.random.default_rng(0)).mean(1)
    assert abs((light > 0.5).mean() - found.grey) < 0.05


def test_no_hair_is_bluer_than_grey_hair():
    skin, shape = np.log([0.45, 0.30, 0.22]), (20, 20, 1)
    for seen in ([0.03, 0.03, 0.05], [0.25, 0.24, 0.27], [0.5, 0.48, 0.54]):  # black and white brows in the sky's light
        found = hair_colour(np.tile(np.log(seen), shape), np.tile(skin, shape), np.ones((20, 20), np.float32), 0.2)
        red, green, blue = found.pigmented
        assert red - blue > GREY_HAIR[0] - GREY_HAIR[2] - 1e-6 and red >= green >= blue


def test_scattered_places_are_as_dense_as_asked():
    density = np.zeros((100, 200), np.float32)
    density[:, 100:] = 0.5
    place = scattered(density, 0.2, 2.0, np.random.default_rng(0))
    assert place[:, 0].min() >= 20.0 and len(place) == pytest.approx(400, rel=0.1)
