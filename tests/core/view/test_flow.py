"""Skin that two photos show is found: drawn heads with a known texture, seen from two sides."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.head.raster import rasterize_view
from furrow.core.view.flow import correlation, face_crop, match, tangent_motion
from two_views import HEIGHT, drawn_person, true_pixels, view_vertices


@pytest.fixture(scope="module")
def person(model):
    """A head drawn from two sides, and the fit that is right but for the depth of the face's middle."""
    return drawn_person(model)


def flattened(model, fit):
    """The fit with a nose, and what is around it, 5 mm too flat."""
    tip = model.landmarks(fit.neutral)[4]
    near = np.exp(-0.5 * ((fit.neutral - tip)[:, :2] ** 2).sum(axis=1) / 20.0**2)
    return replace(fit, neutral=fit.neutral - np.array([0, 0, 5.0], np.float32) * near[:, None])


def hidden(model, fit, i):
    """(V,) bool, vertices more than 5 mm behind the surface that the photo shows at their pixel."""
    points, view = view_vertices(model, fit, i), fit.views[i]
    pixels = view.camera.project(points)
    shown = rasterize_view(points, pixels, model.topology.triangles, HEIGHT, HEIGHT).sample(points)[..., 2]
    x, y = np.clip(pixels, 0, HEIGHT - 1).astype(int).T
    return (shown[y, x] > 0) & (points[:, 2] > shown[y, x] + 5.0)


def test_matches_lead_to_where_the_skin_is(model, person):
    fit, photos = person
    wrong = flattened(model, fit)
    crops = [face_crop(model, wrong, view, photo) for view, photo in zip(wrong.views, photos)]
    # the landmarks are those of the true head: nothing that knows it may help here
    crops = [replace(crop, shift=np.zeros_like(crop.shift)) for crop in crops]
    vertices = np.flatnonzero((model.topology.region("nose") > 0.5) | (model.topology.region("cheek") > 0.5))
    found = match(crops[0], crops[1], vertices)
    sure = found.weight > 0.5
    truth, seen = true_pixels(model, fit, found.first)
    sure &= seen
    assert sure.sum() > 100
    projected = fit.views[1].camera.project(view_vertices(model, wrong, 1))[found.vertices]
    before = np.linalg.norm(projected - truth, axis=1)[sure]
    after = np.linalg.norm(found.second - truth, axis=1)[sure]
    assert np.percentile(before, 80) > 2.5
    assert np.median(after) < 0.6 and np.percentile(after, 80) < 0.4 * np.percentile(before, 80)
    # and the spread is honest
    assert 0.4 < np.mean(after < found.spread[sure] * 2) <= 1.0


def test_without_anything_to_see_nothing_matches(model, person):
    fit, photos = person
    blank = [cv2.GaussianBlur(photo, (0, 0), 30) for photo in photos]
    noise = np.random.default_rng(0).normal(0, 3, (2, HEIGHT, HEIGHT, 3))
    blank = [np.clip(photo + grain, 0, 255).astype(np.uint8) for photo, grain in zip(blank, noise)]
    vertices = np.flatnonzero(model.topology.region("cheek") > 0.5)
    sums, shares = [], []
    for pictures in (photos, blank):
        crops = [face_crop(model, fit, view, photo) for view, photo in zip(fit.views, pictures)]
        found = match(crops[0], crops[1], vertices)
        sums.append((found.weight / found.spread**2).sum())
        shares.append(found.sure_share)
    assert sums[1] < 0.1 * sums[0]
    assert shares[1] < 0.05 and 0.3 < shares[0] <= 1.0


def test_skin_that_a_view_does_not_show_is_left_out(model, person):
    fit, photos = person
    crops = [face_crop(model, fit, view, photo) for view, photo in zip(fit.views, photos)]
    found = match(crops[0], crops[1], np.arange(len(fit.neutral)))
    for i, crop in enumerate(crops):
        # a pixel at an edge shows both sides of it
        assert hidden(model, fit, i)[found.vertices].mean() < 0.04
        away = np.einsum("nd,nd->n", crop.normals, crop.points) > 0
        assert not np.isin(found.vertices, np.flatnonzero(away)).any()


def test_motion_along_the_surface_is_carried_over(model, person):
    fit, photos = person
    crops = [face_crop(model, fit, view, photo) for view, photo in zip(fit.views, photos)]
    vertices = np.flatnonzero(model.topology.region("cheek") > 0.5)[::17]
    normal = crops[0].normals[vertices]
    aside = np.cross(normal, np.random.default_rng(1).normal(size=normal.shape))
    turn = crops[1].rotation @ crops[0].rotation.T
    here, there = ((crop.points[vertices] + 1e-4 * step) for crop, step in zip(crops, (aside, aside @ turn.T)))

    def pixels(crop, points):
        return crop.focal * points[:, :2] / points[:, 2:]

    first = (pixels(crops[0], here) - pixels(crops[0], crops[0].points[vertices])) / 1e-4
    second = (pixels(crops[1], there) - pixels(crops[1], crops[1].points[vertices])) / 1e-4
    carried = np.einsum("nij,nj->ni", tangent_motion(*crops, vertices), first)
    assert np.allclose(carried, second, atol=1e-3 * np.abs(second).max())


def test_correlation_is_that_of_numpy():
    a, b = np.random.default_rng(2).normal(100, 20, (2, 40, 40)).astype(np.float32)
    b = (0.5 * a + b).astype(np.float32)
    window = np.s_[12:29, 12:29]
    assert correlation(a, b)[20, 20] == pytest.approx(np.corrcoef(a[window].ravel(), b[window].ravel())[0, 1], abs=1e-3)
    assert np.abs(correlation(np.full_like(a, 9.0), b)).max() < 1e-2
