"""Photos of one head aligned by their skin: derivatives, the choice of pairs, and a head that gets better."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.fit import coarse, dense_alignment, photometric
from furrow.core.fit.dense_alignment import refine, view_pairs
from furrow.core.fit.evidence import Evidence
from furrow.core.fit.match_term import aligned_skin, match_term
from furrow.core.head.camera import rotation_matrix
from furrow.core.view.flow import Matches
from synthetic_head import some_identity
from two_views import drawn_person, face_distance, observations, true_pixels, view_vertices


@pytest.fixture(scope="module")
def person(model):
    """Two photos of a head that smiles in one of them, the truth, and the fit to their landmarks."""
    truth, photos = drawn_person(model, 7, {"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}, bias=2.0)
    return truth, photos, coarse.fit(model, observations(truth))


def some_matches(skin, seed=0):
    rng = np.random.default_rng(seed)
    count = 40
    vertices = np.sort(rng.choice(skin.vertices, count, replace=False))
    return Matches(
        vertices, rng.uniform(100, 300, (count, 2)), rng.uniform(100, 300, (count, 2)),
        rng.normal(0, 0.3, (count, 2, 2)) + np.eye(2), rng.uniform(20, 60, count), rng.uniform(0.2, 1, count), 0.5,
    )  # fmt: skip


def test_residuals_change_as_their_jacobian_says(model, person):
    _, _, fit = person
    skin = aligned_skin(model, 8)
    matches = some_matches(skin)
    photos = observations(fit)
    states = [coarse.state_of(view) for view in fit.views]
    identity = some_identity(model, 2)[:8]
    term = match_term(skin, matches, identity, tuple(states), tuple(photos), 3.0)
    size = 7 + len(model.expression_names)
    assert term.jacobian.shape == (80, 2 * size + 8) and term.weight.shape == (80,)
    rng = np.random.default_rng(1)
    for _ in range(4):
        step = rng.normal(size=2 * size + 8) * np.concatenate(
            [np.tile([0.01] * 3 + [1.0] * 3 + [0.01] * (size - 6), 2), np.full(8, 0.1)]
        )
        # weights are clipped at zero: away from it both ways
        step[7:size], step[size + 7 : 2 * size] = np.abs(step[7:size]), np.abs(step[size + 7 : 2 * size])
        moved = []
        for sign in (1e-3, 2e-3):
            there = (states[0].stepped(sign * step[:size]), states[1].stepped(sign * step[size : 2 * size]))
            moved.append(
                match_term(skin, matches, identity + sign * step[2 * size :], there, tuple(photos), 3.0).residual
            )
        assert np.allclose((moved[0] - moved[1]) / 1e-3, term.jacobian @ step, rtol=0.01, atol=0.003)


def test_a_vertex_may_slide_along_the_skin(model, person):
    """Matches that are moved along the surface in both photos say the same."""
    _, _, fit = person
    skin = aligned_skin(model, 8)
    matches = some_matches(skin)
    states, photos = tuple(coarse.state_of(view) for view in fit.views), tuple(observations(fit))
    slide = np.random.default_rng(3).normal(0, 5, (40, 2))
    slid = replace(
        matches, first=matches.first + slide, second=matches.second + np.einsum("nij,nj->ni", matches.motion, slide)
    )
    terms = [match_term(skin, each, np.zeros(8), states, photos, 3.0) for each in (matches, slid)]
    assert np.allclose(terms[0].residual, terms[1].residual) and not np.allclose(terms[0].residual, 0)
    only_one = match_term(skin, replace(slid, second=matches.second), np.zeros(8), states, photos, 3.0)
    assert np.abs(only_one.residual - terms[0].residual).max() > 0.1


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
