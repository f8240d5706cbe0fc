"""Completion: seen texels stay, the rest is continued without seam or smear."""

from dataclasses import replace

import numpy as np
from dome import dome_model
from furrow.core.head.raster import texel_millimetres, uv_raster
from furrow.core.texture import grain
from furrow.core.texture.completion import LIP_TONE, MUCOSA, base_tone, complete, gather_at_vertices
from furrow.core.view.chart_window import seen_window
from scipy.ndimage import gaussian_filter

SIZE = 256
TONE = np.log(np.array([0.45, 0.29, 0.21]))
MODEL = dome_model()
TEXEL = texel_millimetres(MODEL.topology, MODEL.mean, SIZE)
COVERED = uv_raster(MODEL.topology, SIZE).covered


def completed(albedo, trust, vertices=MODEL.mean):
    trust = trust.astype(np.float32)
    window = seen_window(trust, SIZE)
    seen = albedo[window.full].astype(np.float32)
    return complete(MODEL.topology, vertices, seen, trust, trust, trust, TONE, TEXEL, window)[0]


def freckles(seed=0):
    """Skin with fine detail, not mirror-symmetric."""
    detail = gaussian_filter(np.random.default_rng(seed).normal(size=(SIZE, SIZE)), 1.5)
    return TONE + (0.06 * detail / detail.std())[..., None] * np.ones(3)


def test_seen_texels_stay_exactly():
    albedo, trust = freckles(), np.zeros((SIZE, SIZE))
    trust[60:200, 60:120] = 1
    found = completed(albedo, trust)
    np.testing.assert_allclose(found[trust == 1], albedo[trust == 1], atol=1e-5)


def test_the_unseen_half_gets_the_detail_of_the_seen_one():
    albedo, trust = freckles(), np.zeros((SIZE, SIZE))
    trust[60:200, 50:126] = 1
    found = completed(albedo, trust)
    window = np.s_[70:190, 140:196]
    a, b = (f[window].mean(-1) - gaussian_filter(f[window].mean(-1), 6) for f in (found, albedo[:, ::-1]))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.97


def test_skin_nobody_saw_has_the_tone_and_some_mottling():
    trust = np.zeros((SIZE, SIZE))
    trust[100:150, 100:156] = 1
    found = completed(freckles() + [0.1, 0.1, 0.1], trust)
    far = COVERED.copy()
    far[60:190, 60:196] = False
    far[:30] = far[-30:] = False
    assert np.abs(np.median(found[far], axis=0) - TONE).max() < 0.05
    assert 0.002 < found[far].mean(-1).std() < 0.05


def test_grain_may_be_coarser_than_the_chart(monkeypatch):
    trust = np.zeros((SIZE, SIZE))
    trust[100:150, 100:156] = 1
    monkeypatch.setattr(grain, "TEXTURE_SIZE", SIZE // 2)
    found = completed(freckles(), trust)[COVERED]
    assert found.shape == (COVERED.sum(), 3) and 0.002 < found.std(0).min() < 0.05


def test_no_step_at_the_edge_of_what_is_seen():
    trust = np.zeros((SIZE, SIZE))
    trust[60:200, 60:196] = 1
    x = np.arange(SIZE)[None, :, None] / SIZE
    smooth = TONE + 0.4 * (x - 0.5) * np.ones((SIZE, 1, 1))
    found = completed(smooth, trust)
    across = found[80:180, 176:216].mean((0, 2))
    inside = np.abs(np.diff(smooth[100, 176:196].mean(-1))).max()
    assert np.abs(np.diff(across)).max() < inside + 0.02


def test_base_is_the_tone_where_nothing_is_seen_and_follows_what_is():
    trust = np.zeros((SIZE, SIZE), np.float32)
    base = base_tone(MODEL.topology, MODEL.mean, np.zeros((SIZE, SIZE, 3), np.float32), trust, TONE)
    np.testing.assert_allclose(base, np.tile(TONE, (len(MODEL.mean), 1)), atol=1e-5)
    trust[:] = COVERED
    seen = np.zeros((SIZE, SIZE, 3), np.float32) + np.array([-1.0, -1.5, -2.0], np.float32)
    base = base_tone(MODEL.topology, MODEL.mean, seen, trust, TONE)
    np.testing.assert_allclose(base, np.tile([-1.0, -1.5, -2.0], (len(MODEL.mean), 1)), atol=0.02)


def test_gathering_averages_the_texels_around_a_vertex():
    rows, columns = np.mgrid[:SIZE, :SIZE]
    image = np.stack([columns / SIZE, 1 - rows / SIZE], -1).astype(np.float32)
    value, weight = gather_at_vertices(MODEL.topology, image, COVERED.astype(np.float32))
    chart = np.zeros((len(MODEL.mean), 2))
    chart[MODEL.topology.faces] = MODEL.topology.uv
    inner = (np.abs(chart - 0.5) < 0.4).all(1)
    np.testing.assert_allclose(value[inner], chart[inner], atol=0.004)
    np.testing.assert_allclose(weight[inner], 1, atol=0.01)


def test_lips_that_nobody_saw_are_still_lips():
    trust = np.zeros((SIZE, SIZE))
    trust[30:120, 60:196] = 1
    found = completed(freckles(), trust)
    lips = uv_raster(MODEL.topology, SIZE).sample(MODEL.topology.region("lips")) > 0.99
    np.testing.assert_allclose(np.median(found[lips], axis=0) - TONE, LIP_TONE, atol=0.05)


def test_the_inside_of_the_mouth_has_its_own_tone_even_where_the_photo_shows_something_else():
    topology = replace(MODEL.topology, region_names=(*MODEL.topology.region_names[:-1], "mouth_inner"))
    trust = COVERED.astype(np.float32)
    seen = np.broadcast_to(TONE, (SIZE, SIZE, 3)).astype(np.float32)
    base = base_tone(topology, MODEL.mean, seen, trust, TONE)
    inside = topology.region("mouth_inner") > 0.99
    near, far = (np.abs(base[inside].mean(0) - colour).max() for colour in (MUCOSA, TONE))
    assert near < 0.5 * far
    assert np.abs(base[topology.region("forehead") > 0.5] - TONE).max() < 0.03


def test_the_inside_of_the_mouth_does_not_stain_hidden_skin():
    """Lips around it take its tone, as they do; skin around those does not."""
    topology = replace(MODEL.topology, region_names=(*MODEL.topology.region_names[:-1], "mouth_inner"))
    inside = topology.region("mouth_inner") > 0
    lips = np.zeros(len(inside), np.float32)
    lips[topology.faces[inside[topology.faces].any(1)]] = 1
    lips[inside] = 0
    masks = np.vstack([topology.region_masks, lips])
    topology = replace(topology, region_names=(*topology.region_names, "lips"), region_masks=masks)
    trust = np.zeros((SIZE, SIZE), np.float32)
    base = base_tone(topology, MODEL.mean, np.zeros((SIZE, SIZE, 3), np.float32), trust, TONE)
    np.testing.assert_allclose(
        base[(lips == 0) & ~inside], np.tile(TONE, (((lips == 0) & ~inside).sum(), 1)), atol=1e-4
    )
    assert np.abs(base[lips > 0] - TONE).max(1).min() > 0.1


def test_grain_is_not_drawn_out_to_streaks_where_the_chart_is_coarse():
    """The upper part of the dome is pulled up sixfold: what the chart shows of it would be streaks."""
    tall = MODEL.mean.copy()
    above = tall[:, 1] > 30
    tall[above, 1] = 30 + 6 * (tall[above, 1] - 30)
    trust = np.zeros((SIZE, SIZE))
    trust[150:200, 100:156] = 1
    spreads = []
    for vertices in (MODEL.mean, tall):
        part = completed(freckles(), trust, vertices)[40:60, 100:156].mean(-1)
        spreads.append((part - gaussian_filter(part, 5)).std())
    assert spreads[0] > 0.002 and spreads[1] < 0.3 * spreads[0]
