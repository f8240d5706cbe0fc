"""Glasses and fringes over training portraits."""

import numpy as np
import pytest
from furrow.models.renders import covers
from furrow.models.renders.scene import Shot, render, render_scene


@pytest.fixture(scope="module")
def portrait(model):
    """A picture from the front, and where the model's landmarks lie in it."""
    shot = Shot(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 900.0]), 1000.0)
    head = model.mean.astype(float)
    scene = render_scene(model)
    picture = render(scene, head, shot, np.random.default_rng(0))
    points = model.landmarks(head) - head[np.concatenate(scene.eyes)].mean(0)
    points = points @ shot.rotation.T + shot.position
    centre = shot.position + [0.0, 32.0, 0.0]
    xy = 1000.0 * points[:, :2] / points[:, 2:] + 128 - 1000.0 * centre[:2] / centre[2]
    return picture, xy


def changed(before, after):
    return np.abs(after.astype(float) - before.astype(float)).max(axis=2) > 12


def box(points, landmarks, margin):
    """The pixels around some landmarks."""
    left, top = points[landmarks].min(axis=0).astype(int) - margin
    right, bottom = points[landmarks].max(axis=0).astype(int) + margin
    return np.s_[top:bottom, left:right]


def test_glasses_frame_the_eyes_and_leave_mouth_and_forehead(portrait):
    picture, points = portrait
    for seed in range(6):
        mask = changed(picture, covers.with_glasses(picture, points, np.random.default_rng(seed)))
        assert mask[box(points, [33, 133, 362, 263], 12)].any()
        assert not mask[box(points, [61, 291, 0, 17], 4)].any()
        assert not mask[: int(points[10, 1]) + 4].any()
        # the frame goes around both eyes
        middle = int(points[168, 0])
        assert mask[:, :middle].any() and mask[:, middle:].any()


def test_a_fringe_hangs_over_the_forehead_and_leaves_what_is_below_the_brows(portrait):
    picture, points = portrait
    eyes = int(points[[33, 263], 1].mean())
    share = []
    for seed in range(6):
        mask = changed(picture, covers.with_fringe(picture, points, np.random.default_rng(seed)))
        assert not mask[eyes:].any()
        share.append(mask[box(points, [10, 109, 338], 6)].mean())
    assert max(share) > 0.5


def test_most_pictures_stay_as_they_are(portrait):
    picture, points = portrait
    rng = np.random.default_rng(1)
    before = picture.copy()
    same = [np.array_equal(covers.covered(picture, points, rng), picture) for _ in range(200)]
    assert np.array_equal(picture, before)
    assert np.mean(same) == pytest.approx((1 - covers.GLASSES) * (1 - covers.FRINGE), abs=0.1)
