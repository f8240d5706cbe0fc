"""Photos of one head aligned by their skin: the choice of pairs, and a head that gets better."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.fit import coarse, dense_alignment, photometric
from furrow.core.fit.dense_alignment import refine, view_pairs
from furrow.core.fit.evidence import Evidence
from furrow.core.fit.match_term import aligned_skin
from furrow.core.head.camera import rotation_matrix
from two_views import drawn_person, face_distance, observations, true_pixels, view_vertices


@pytest.fixture(scope="module")
def person(model):
    """Two photos of a head that smiles in one of them, the truth, and the fit to their landmarks."""
    truth, photos = drawn_person(model, 7, {"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}, bias=2.0)
    return truth, photos, coarse.fit(model, observations(truth))


def test_pairs_are_views_turned_against_each_other():
    turned = [rotation_matrix(np.array([0.0, np.deg2rad(angle), 0.0])) for angle in (0, 1, 28, -35, 80)]
    pairs = view_pairs(turned)
    assert (0, 2) in pairs and (0, 1) not in pairs and not any(4 in pair and 3 in pair for pair in pairs)
    counts = np.bincount(np.ravel(pairs), minlength=5)
    assert counts.max() <= dense_alignment.PARTNERS and counts[:4].min() >= 1
    order = [3, 0, 4, 2, 1]
    again = {tuple(sorted((order[i], order[j]))) for i, j in view_pairs([turned[k] for k in order])}
    assert again == set(pairs)
    assert view_pairs(turned[:1]) == [] and view_pairs(turned[:2]) == []


def apart(model, fit, truth):
    """Median distance in pixels between where a fit has skin in the second photo and where it is, by the first."""
    first, second = (
        view.camera.project(view_vertices(model, fit, i))[aligned_skin(model, 1).vertices]
        for i, view in enumerate(fit.views)
    )
    there, seen = true_pixels(model, truth, first)
    return float(np.median(np.linalg.norm(second - there, axis=1)[seen]))


def test_skin_meets_in_two_photos_and_the_shape_stays(model, person):
    truth, photos, fit = person
    aligned = refine(model, fit, Evidence(photos))
    assert apart(model, aligned, truth) < 0.6 * apart(model, fit, truth)
    before, after = (face_distance(model, each.neutral, truth.neutral) for each in (fit, aligned))
    assert after < 1.1 * before
    assert np.abs(aligned.identity).max() <= 3.5
    for old, new in zip(fit.views, aligned.views):
        assert new.landmark_error < old.landmark_error + photometric.LANDMARKS_WORSE


def test_the_order_of_the_photos_does_not_matter(model, person, monkeypatch):
    _, photos, fit = person
    monkeypatch.setattr(dense_alignment, "ROUNDS", (3.0,))
    monkeypatch.setattr(dense_alignment, "STEPS", 2)
    swapped = replace(fit, views=fit.views[::-1], photo_shares=fit.photo_shares[::-1])
    one, other = refine(model, fit, Evidence(photos)), refine(model, swapped, Evidence(photos[::-1]))
    assert np.abs(one.neutral - other.neutral).max() < 0.02 < np.abs(one.neutral - fit.neutral).max()


def test_one_photo_torn_landmarks_or_plain_skin_leave_the_fit_alone(model, person, monkeypatch):
    _, photos, fit = person
    alone = replace(fit, views=fit.views[:1], photo_shares=(1.0,))
    assert refine(model, alone, Evidence(photos[:1])) is alone
    plain = [cv2.GaussianBlur(photo, (0, 0), 30) for photo in photos]
    assert np.allclose(refine(model, fit, Evidence(plain)).identity, fit.identity)
    torn = replace(fit, views=tuple(replace(view, landmark_error=1.0) for view in fit.views))
    monkeypatch.setattr(dense_alignment, "_aligned", lambda *args: torn)
    assert refine(model, fit, Evidence(photos)) is fit


def test_where_no_skin_is_seen_nothing_is_learned(model, person, monkeypatch):
    _, photos, fit = person
    monkeypatch.setattr(dense_alignment, "ROUNDS", (3.0,))
    monkeypatch.setattr(dense_alignment, "STEPS", 2)
    nothing = [np.zeros(photo.shape[:2], np.float32) for photo in photos]
    found = [refine(model, fit, Evidence(photos, masks)) for masks in (nothing, ())]
    moved = [np.abs(each.identity - fit.identity).max() for each in found]
    assert moved[0] < 1e-6 and moved[1] > 0.05
