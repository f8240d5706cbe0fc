"""The age direction of the built head: what sags, what thins, what stays."""

import numpy as np
from furrow.core.head.model import DIRECTIONS
from furrow.models.head.ageing import SAG, sagged


def test_an_old_face_sags(model):
    """Millimetres from young to old at landmarks on the left."""
    older = model.directions[DIRECTIONS.index("age")]
    moved = model.landmarks(model.mean + older) - model.landmarks(model.mean)
    jowl, cheek, corner, brow_tail, nose_tip = moved[[365, 425, 291, 300, 4]]
    assert jowl[1] < -4 and cheek[1] < -3.5 and corner[1] < -1 and brow_tail[1] < -2 and nose_tip[1] < -3
    temple = model.topology.region("temple") > 0.8
    left = temple & (model.mean[:, 0] > 0)
    assert older[left, 0].min() < -3  # hollow
    ear = model.topology.region("ear") > 0.9
    height = np.ptp(model.mean[ear, 1])
    assert 1.03 < np.ptp((model.mean + older)[ear, 1]) / height < 1.3


def test_ageing_leaves_the_eyes_alone_and_both_sides_alike(model):
    older = model.directions[DIRECTIONS.index("age")].astype(float)
    np.testing.assert_allclose(older[model.topology.mirror] * [-1, 1, 1], older, atol=0.02)
    lid = model.landmarks(model.mean + older.astype(np.float32)) - model.landmarks(model.mean)
    assert np.linalg.norm(lid[[386, 374, 159, 145]], axis=1).max() < 2.0


def test_sag_at_a_centre_is_its_displacement_and_its_mirror_image_is_mirrored():
    landmarks = np.zeros((478, 3)) + [500.0, 0.0, 0.0]
    marks, offset, radii, displacement = SAG[0]
    landmarks[list(marks)] = [40.0, -90.0, 90.0] - np.array(offset)
    centre = np.array([[40.0, -90.0, 90.0]])
    np.testing.assert_allclose(sagged(centre, landmarks)[0], displacement, atol=1e-9)
    mirror = np.array([-1, 1, 1])
    np.testing.assert_allclose(sagged(centre * mirror, landmarks)[0], displacement * mirror, atol=1e-9)
    at_radius = sagged(centre + [radii[0], 0, 0], landmarks)[0]
    np.testing.assert_allclose(at_radius, np.array(displacement) / np.e, rtol=1e-6)
