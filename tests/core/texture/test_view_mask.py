"""Where a photo is trusted: away from holes, lashes, ears, what hides the skin and the frame of glasses."""

from dataclasses import replace

import numpy as np
import pytest
from dome import dome_fit, dome_model, dome_view
from furrow.core.head.raster import uv_raster
from furrow.core.texture.view_mask import FRAME_PATHS, around_holes, belonging, fine_contrast, off_edges, wears_glasses
from furrow.core.view.unwrap import pose_view

SIZE = 256
MODEL = dome_model()
TONE = np.array([0.42, 0.27, 0.20])


def test_lids_that_are_rolled_up_and_ears_are_not_taken_from_the_photo():
    """A lid that grows fourfold when it closes is shown at a quarter of its area, one that does not at all of it."""
    x, y, _ = MODEL.mean.T
    rolled, flat = ((np.hypot(x - side, y - 20) < 12).astype(np.float32) for side in (-20, 20))
    ear = (x > 55).astype(np.float32)
    names = (*MODEL.topology.region_names, "upper_lid", "ear")
    masks = np.vstack([MODEL.topology.region_masks, np.maximum(rolled, flat), ear])
    basis = np.zeros_like(MODEL.expression_basis)
    basis[0, :, 1] = 3.0 * (y - 20) * (np.hypot(x + 20, y - 20) < 25)
    model = replace(
        MODEL,
        topology=replace(MODEL.topology, region_names=names, region_masks=masks.astype(np.float32)),
        expression_names=("eyeBlinkLeft", *MODEL.expression_names[1:]),
        expression_basis=basis,
    )
    view = dome_view()
    fit = dome_fit(model, view)
    found = belonging(model, fit, pose_view(model, fit, view, np.zeros((480, 480, 3), np.uint8), 1.0))
    assert found[rolled > 0].max() < 0.15 and found[flat > 0].min() > 0.95
    assert found[ear > 0].max() == 0
    still = np.linalg.norm(basis[0], axis=1) < 0.3
    np.testing.assert_array_equal(found[still & (ear == 0)], 1)


def test_trust_is_drawn_back_from_what_hides_the_skin_and_not_from_the_end_of_the_chart():
    covered = uv_raster(MODEL.topology, SIZE).covered
    seen = np.where(covered, 1.0, 0.0).astype(np.float32)
    assert off_edges(MODEL.topology, seen, 0.7)[covered].min() == 1.0
    seen[:, :128] = 0
    found = off_edges(MODEL.topology, seen, 0.7)[128]
    assert found[128:130].max() < 0.2 and found[136:200].min() > 0.95


def test_hair_is_rougher_than_skin_whatever_the_shade():
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 0.02, (SIZE, SIZE))
    grain[200:] *= 4
    image = (np.log(TONE) + grain[..., None]).astype(np.float32)
    image[:60] -= 1.0
    features = np.zeros((SIZE, SIZE, 4), np.float32)
    features[40:180, :, 3] = features[..., 0] = 1
    found = fine_contrast(image, features, 0.3)
    assert found[10:60].mean() == pytest.approx(1.0, abs=0.1)
    assert found[150:380].mean() == pytest.approx(1.0, abs=0.1)
    assert found[430:500].min() > 2.5


def test_around_nostrils_and_corners_of_the_mouth():
    model = dome_model()
    x, y, _ = points = model.mean.T
    names = (*model.topology.region_names, "nostril", "nose", "mouth_corner")
    nostril, nose = np.hypot(x - 9, y + 10) < 5, np.hypot(x, y) < 40
    masks = np.vstack([model.topology.region_masks, nostril, nose, y < -35]).astype(np.float32)
    topology = replace(model.topology, region_names=names, region_masks=masks)
    corner = np.argmin(np.hypot(x - 20, y + 45))
    around = around_holes(topology, points.T, points.T[[corner]])
    assert around[corner] == 1.0
    assert around[nostril].min() == 1.0
    assert 0 < around[(np.hypot(x - 9, y + 10) > 9) & (np.hypot(x - 9, y + 10) < 12)].max() <= 1
    far = (np.hypot(x - 9, y + 10) > 16) & (np.hypot(x - x[corner], y - y[corner]) > 10)
    assert around[far].max() == 0.0
    assert around_holes(model.topology, points.T, np.zeros((0, 3))).max() == 0.0


def test_a_frame_across_bridge_and_cheeks_is_seen():
    model, view = dome_model(), dome_view()
    posed = pose_view(model, dome_fit(model, view), view, np.full((480, 480, 3), 120, np.uint8), 0.5)
    points = np.zeros((478, 2))
    points[33], points[263] = [75, 110], [225, 110]
    for path, start, end in zip(FRAME_PATHS, ([150, 70], [100, 125], [200, 125]), ([150, 160], [95, 180], [205, 180])):
        points[list(path)] = np.linspace(start, end, len(path))
    face = np.full((300, 300, 3), (200, 160, 140), np.uint8)
    face[:, 100:] -= 40  # half in shadow: no line
    framed = face.copy()
    framed[104:110, 140:160] = 25
    framed[150:156, 80:220] = 25
    for image, expected in ((face, False), (framed, True)):
        assert wears_glasses(type(posed)(**{**vars(posed), "image": image, "landmarks": points})) is expected
