"""Photometric refinement: what it does to heads of known shape in a known light, and what it refuses."""

import numpy as np
import pytest
import two_views
from furrow.core.fit import coarse, photometric
from furrow.core.fit.evidence import Evidence
from furrow.core.fit.shaded_views import shaded_views
from two_views import drawn_person, face_distance, observations


@pytest.fixture(scope="module")
def people(model):
    """Three heads: the truth, one photo of plain skin in one light, and the fit to its landmarks."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_views, "spots", lambda *_: np.zeros((0, 5)))
        for seed in (5, 7, 9):
            truth, photos = drawn_person(model, seed)
            found.append((truth, photos[:1], coarse.fit(model, observations(truth)[:1])))
    return found


def test_shading_brings_heads_nearer_to_the_truth(model, people):
    before, after = [], []
    for truth, photos, fit in people:
        found = photometric.refine(model, fit, Evidence(photos))
        shading = shaded_views(model, fit, fit.identity, photos, None)
        left, was = (shading.misfit(coarse.head_state(each)) for each in (found, fit))
        assert left < photometric.SHADING_BETTER * was
        assert found.views[0].landmark_error < fit.views[0].landmark_error + photometric.LANDMARKS_WORSE
        assert np.abs(found.identity).max() <= coarse.FitSettings().limit
        before.append(face_distance(model, fit.neutral, truth.neutral))
        after.append(face_distance(model, found.neutral, truth.neutral))
    assert np.mean(after) < 0.92 * np.mean(before)


def test_without_skin_or_shading_there_is_nothing_to_refine(model, people):
    _, photos, fit = people[0]
    assert photometric.refine(model, fit, Evidence([np.full_like(photos[0], 128)])) is fit
    assert photometric.refine(model, fit, Evidence(photos, [np.zeros(photos[0].shape[:2], np.float32)])) is fit


def test_a_result_that_helps_too_little_or_leaves_the_landmarks_is_taken_back(model, people, monkeypatch):
    _, photos, fit = people[0]
    with monkeypatch.context() as patch:
        patch.setattr(photometric, "SHADING_BETTER", 0.1)
        assert photometric.refine(model, fit, Evidence(photos)) is fit
    monkeypatch.setattr(photometric, "LANDMARKS_WORSE", -1.0)
    assert photometric.refine(model, fit, Evidence(photos)) is fit
