"""Pores' strength read back from skin whose relief is known, and what must not be taken for pores."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from dome import dome_fit, dome_model, dome_view
from furrow.core.detail import pore_strength
from furrow.core.detail.pore_strength import BAND_MM, DIRECT, LEAST, band_energies, pore_gains
from furrow.core.head.chart import head_chart
from furrow.core.head.raster import fill_outside, uv_raster
from furrow.core.texture.view_texture import ViewTexture
from furrow.core.view.chart_window import Window
from furrow.core.view.lighting import Light
from furrow.core.view.unwrap import pose_view
from furrow.core.wrinkles.fine_skin import PORE_REGIONS, TILE_MM, TILE_NAMES, load_tiles, usual_gain
from furrow.models.evaluation.wrinkled_photo import map_normals

SIZE = 1024
MODEL = dome_model()
CHART = head_chart(MODEL.topology, MODEL.mean, SIZE)
TEXEL = CHART.texel
VIEW = dome_view()
FOREHEAD, CHEEK = PORE_REGIONS.index("forehead"), PORE_REGIONS.index("cheek")
EDGES = np.kron(np.random.default_rng(0).integers(60, 190, (8, 8), np.uint8), np.ones((60, 60), np.uint8))
POSED = replace(
    pose_view(MODEL, dome_fit(MODEL, VIEW), VIEW, EDGES[..., None].repeat(3, 2), TEXEL),
    millimetres_per_pixel=TEXEL,
    image=EDGES[..., None].repeat(3, 2),
    scale=np.ones(2),
)
COEFFICIENTS = np.zeros((9, 3))
COEFFICIENTS[0], COEFFICIENTS[2] = 2.6, -1.6  # from above (camera y is down)
LIGHT = Light(COEFFICIENTS, np.full(3, 0.25))
WINDOW = Window((slice(0, SIZE), slice(0, SIZE)), SIZE, SIZE)


@pytest.fixture(scope="module")
def tiles(assets):
    return assets / "fine_skin.npz"


@pytest.fixture(scope="module")
def laid(tiles):
    """(S, S) mm: the cheek's tile below the forehead, the forehead's on it, laid out on the chart by their own size."""
    rows, columns = np.mgrid[:SIZE, :SIZE] * TEXEL / TILE_MM * 512
    at = [(a % 511).astype(np.float32) for a in (columns, rows)]
    heights = [
        cv2.remap(load_tiles(tiles)[TILE_NAMES.index(name)], *at, cv2.INTER_LINEAR) for name in ("cheek", "forehead")
    ]
    high = uv_raster(MODEL.topology, SIZE).sample(MODEL.topology.region("forehead")) > 0.5
    return np.where(high, heights[1], heights[0])


@lru_cache
def surface():
    """(S, S, 3) points and normals of the smooth dome, camera coordinates."""
    raster = uv_raster(MODEL.topology, SIZE)
    fields = fill_outside(raster.sample(np.column_stack([POSED.points, POSED.normals])), raster.covered, 8)
    return fields[..., :3], fields[..., 3:] / np.maximum(np.linalg.norm(fields[..., 3:], axis=-1, keepdims=True), 1e-6)


def seen(height, noise=0.0, mottling=0.0):
    """A view of skin with a relief (S, S) mm under the light, with noise, and mottling in green and blue alone."""
    points, normals = surface()
    tilted = map_normals(points, DIRECT * height, normals)
    log = np.log(LIGHT.shading(tilted) / LIGHT.shading(normals)) + pore_strength.CAVITY * height[..., None]
    rng = np.random.default_rng(1)
    log = log + rng.normal(0, noise, log.shape) + mottling * rng.normal(size=(SIZE, SIZE, 1)) * [0, 1, 1]
    trust = cv2.erode(uv_raster(MODEL.topology, SIZE).covered.astype(np.float32), np.ones((41, 41)))
    return ViewTexture(
        posed=POSED,
        light=LIGHT,
        gain=np.zeros(3),
        window=WINDOW,
        log_albedo=log,
        fine=log.astype(np.float32),
        shaded=log.astype(np.float32),
        shown=trust,
        trust=trust,
        plain=trust,
        bare=trust,
        hair=0 * trust,
        tone=np.zeros(3),
        eye_colour=None,
        tooth_colour=None,
        warnings=(),
    )


def gains(view, tiles, age=0.3):
    return pore_gains(MODEL.topology, [view], CHART, age, tiles)


def test_energies_of_a_wave_are_those_of_its_formula():
    size, wave, depth, blur = 256, TILE_MM / 20, 0.01, 0.1
    x = (np.arange(size) + 0.5) * TILE_MM / size
    height = depth * np.sin(2 * np.pi * x / wave)
    k = 2 * np.pi / wave
    narrow, wide, soft = (np.exp(-0.5 * (k * s) ** 2) for s in (*BAND_MM, blur))
    passed = (narrow - wide) * soft
    expected = 0.5 * (depth * passed) ** 2 * np.array([1, k**2, 0])
    np.testing.assert_allclose(band_energies(np.tile(height, (1, size, 1)), blur)[0], expected, rtol=1e-6, atol=1e-12)


def pits(depth):
    """(S, S) mm: round pits of 0.3 mm at random places, a millimetre and a half apart."""
    rng = np.random.default_rng(5)
    away = np.ones((SIZE, SIZE), np.uint8)
    away[tuple(rng.integers(0, SIZE, (2, int((SIZE * TEXEL / 1.5) ** 2))))] = 0
    away = cv2.distanceTransform(away, cv2.DIST_L2, 5) * TEXEL
    return -depth * np.exp(-0.5 * (away / 0.3) ** 2)


def test_pits_half_as_deep_again_are_half_as_strong_again(tiles, monkeypatch):
    """Pits of this test, shaded by their normals alone: no tile and no share of occlusion is in the picture."""
    monkeypatch.setattr(pore_strength, "noise_energy", lambda *_: 0.0)
    points, normals = surface()
    plain = LIGHT.shading(normals)
    found = []
    for depth in (0.08, 0.12):
        log = np.log(LIGHT.shading(map_normals(points, pits(depth), normals)) / plain)
        found.append(gains(replace(seen(0 * pits(1)), log_albedo=log, fine=log.astype(np.float32)), tiles))
    assert (found[1] / found[0])[[CHEEK, FOREHEAD]] == pytest.approx(1.5, rel=0.1)


def test_regions_are_told_apart(laid, tiles):
    high = uv_raster(MODEL.topology, SIZE).sample(MODEL.topology.region("forehead")) > 0.5
    found = gains(seen(np.where(high, 1.8, 0.6) * laid), tiles)
    assert found[FOREHEAD] > 1.5 * found[CHEEK]


def test_noise_and_blood_are_not_pores(laid, tiles):
    noisy = np.clip(EDGES + np.random.default_rng(0).normal(0, 12, EDGES.shape), 0, 255).astype(np.uint8)
    quiet = gains(seen(0 * laid), tiles)
    speckled = seen(0 * laid, noise=0.08)
    speckled = replace(speckled, posed=replace(POSED, image=noisy[..., None].repeat(3, 2)))
    for view in (speckled, seen(0 * laid, mottling=0.2)):
        assert np.abs(gains(view, tiles) - quiet)[[CHEEK, FOREHEAD]].max() < 0.1
    assert (LEAST < quiet[[CHEEK, FOREHEAD]]).all() and (quiet[[CHEEK, FOREHEAD]] < usual_gain(0.3)).all()


def test_a_coarse_photo_leaves_it_to_the_age(laid, tiles):
    view = seen(2 * laid)
    coarse = replace(view, posed=replace(POSED, millimetres_per_pixel=0.6))
    for age in (0.0, 1.0):
        np.testing.assert_allclose(gains(coarse, tiles, age), usual_gain(age))
    assert usual_gain(1.0) > 1.3 * usual_gain(0.0)
    # what the dome does not have is as usual too
    assert gains(view, tiles)[PORE_REGIONS.index("nose")] == pytest.approx(usual_gain(0.3))
