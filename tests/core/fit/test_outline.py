"""Outline landmarks against the border of a face, without ears and neck, in a picture that Furrow did not draw."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.fit import coarse
from furrow.core.fit.outline import SLIDING, contour_band, match_contour
from furrow.core.head.camera import Camera
from furrow.core.head.model import region_sum
from furrow.models.evaluation.plain_head import Viewpoint, seen_surface
from scipy.spatial import cKDTree
from synthetic_head import observe, some_identity

CAMERA = Camera(1500.0, 1500.0, 500.0, 500.0, 1000, 1000)


@pytest.mark.parametrize("yaw", [0.45, -0.45])
def test_landmarks_on_the_border_of_the_far_cheek_are_matched_to_it(model, yaw):
    identity = some_identity(model, 3)
    seen, pose = observe(model, identity, turn=(0.0, yaw, 0.0), exif=1500.0, noise=0.0)
    view = coarse.fit(model, [seen]).views[0]
    state = coarse.state_of(replace(view, pose=pose, camera=CAMERA, expression=0 * view.expression))
    vertices = model.neutral(identity).astype(float)
    viewpoint = Viewpoint(pose.rotation, pose.translation, 1500.0, 1000)
    triangles = model.topology.triangles
    beside = region_sum(model.topology, ("ear", "neck", "scalp")) > 0.5
    beside[model.topology.part_slice("head").stop :] = True
    shown = seen_surface(vertices, triangles[~beside[triangles].any(1)], viewpoint)[0]
    border = cv2.findContours(shown.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0][:, 0] + 0.5
    near = cKDTree(border)
    away, nearest = near.query(seen.landmarks.points[SLIDING])
    landmarks = seen.landmarks.points.copy()
    landmarks[SLIDING] = border[nearest]
    band = contour_band(model, len(identity))
    match = match_contour(band, identity, state, (1500.0, 500.0, 500.0), landmarks, 1.8)
    on = np.isin(match.landmarks, SLIDING[away < 10])
    assert on.sum() >= 5
    points = match.basis.points(identity, state.expression)
    pixels = viewpoint.pixels(points)[0][on]
    assert near.query(pixels)[0].max() < 1.5
    outside = pixels + 6 * match.normals[on]
    column, row = outside.astype(int).T
    assert not shown[row, column].any()
    assert match_contour(band, identity, state, (1500.0, 500.0, 500.0), landmarks + 300.0, 1.8) is None
