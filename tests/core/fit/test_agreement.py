"""Photos that contradict the others: somebody else, or landmarks that fit no head."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.fit import agreement, coarse
from furrow.core.fit.agreement import agreement_warnings
from furrow.core.fit.evidence import Evidence
from synthetic_head import aligned_distance, observe, some_identity


@pytest.fixture(scope="module")
def person(model):
    """A head and three photos of it: turned to either side, and smiling."""
    head = some_identity(model, 3, 40)
    return head, [
        observe(model, head, {}, (0, 0.3, 0), photo="left.jpg", seed=1)[0],
        observe(model, head, {"jawOpen": 0.6}, (0.1, -0.4, 0), photo="right.jpg", seed=2)[0],
        observe(model, head, {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}, photo="smile.jpg", seed=3)[0],
    ]


def distance(model, fit, head):
    """Mean distance of the fitted neutral landmarks from the true ones, mm."""
    truth = model.landmarks(model.neutral(head).astype(float))
    return aligned_distance(model.landmarks(fit.neutral.astype(float)), truth)


def test_photos_of_one_person_all_count(model, person):
    fit = coarse.fit(model, person[1])
    assert min(fit.photo_shares) > 0.9 and fit.warnings == ()


def test_somebody_else_is_found_and_named_wherever_the_photo_stands(model, person):
    head, photos = person
    other, _ = observe(model, some_identity(model, 4, 40), {}, (0, 0.1, 0), photo="other.jpg", seed=4)
    last = coarse.fit(model, [*photos[:2], other])
    first = coarse.fit(model, [other, *photos[:2]])
    assert last.photo_shares[2] < 0.35 and min(last.photo_shares[:2]) > 0.9
    assert len(last.warnings) == 1 and last.warnings[0].startswith("other.jpg: ") and "\n" not in last.warnings[0]
    assert np.allclose(last.identity, first.identity, atol=1e-6) and first.photo_shares[0] == last.photo_shares[2]
    # hardly worse than without that photo, and better than if all counted alike
    without = coarse.fit(model, photos[:2])
    problem = coarse.problem_of(model, last, Evidence([]))
    alike = coarse.minimise(replace(problem, shares=(1.0,) * 3), coarse.head_state(last)).identity
    truth = model.landmarks(model.neutral(head).astype(float))
    spoilt = aligned_distance(model.landmarks(model.neutral(alike).astype(float)), truth)
    assert distance(model, last, head) < min(1.35 * distance(model, without, head), spoilt)


def test_a_blurred_photo_counts_little(model, person):
    head, photos = person
    noisy, _ = observe(model, head, {}, (0, 0.1, 0), noise=12.0, photo="blurred.jpg", seed=4)
    fit = coarse.fit(model, [photos[0], noisy, photos[2]])
    assert fit.photo_shares[1] < 0.2 < 0.9 < min(fit.photo_shares[0], fit.photo_shares[2])
    assert any(line.startswith("blurred.jpg: this face does not match") for line in fit.warnings)


def test_one_photo_counts_in_full(model, person):
    assert coarse.fit(model, person[1][:1]).photo_shares == (1.0,)


def test_the_line_names_the_photo():
    lines = agreement_warnings(["a.jpg", "b.jpg"], (0.9, 0.1))
    assert len(lines) == 1 and lines[0].startswith("b.jpg: ") and "the other photo and" in lines[0]


class SaysOfEach:
    """A test of who is shown whose log likelihood ratio of a photo against the others is given."""

    def __init__(self, ratios):
        self.ratios = np.array(ratios)

    def read(self, geometry, texture):
        return texture[:1]

    def against_rest(self, read):
        return self.ratios[read[:, 0].astype(int)]


@pytest.mark.parametrize("ratios", [(2.0, -1.0, -3.0), (0.5, 0.0, -2.0, 1.0)])
def test_chances_are_those_of_bayes_with_one_stranger_in_twenty_sets(model, person, monkeypatch, ratios):
    said = SaysOfEach(ratios)
    monkeypatch.setattr(agreement.same_person, "load", lambda: said)
    seen = person[1][0]
    photos = [seen._replace(landmarks=replace(seen.landmarks, texture=np.array([i]))) for i in range(len(ratios))]
    odds = 19.0 * len(ratios) * np.exp(said.ratios)
    company = agreement.read_company(tuple(photos))
    np.testing.assert_allclose(company.chances, odds / (1.0 + odds), rtol=1e-9)
    assert company.odd == () and company.two is None
    # a little beyond even odds a photo is odd
    for much, odd in ((0.1, []), (-0.1, [1])):
        said.ratios = np.array([1.0, much - np.log(19.0 * 3), 2.0])
        assert agreement.odd_photos(said, np.arange(3.0)[:, None]) == odd


@pytest.fixture
def told(monkeypatch):
    """What fits are to find is given: by photo its own head, and errors of that head and of the agreed one."""
    given = {}

    def alone(problem, state):
        return state.with_identity(given[problem.photos[0].photo][0])

    def error(basis, identity, view, photo):
        own, best, there = given[photo.photo]
        return best if np.array_equal(identity, own) else there

    monkeypatch.setattr(agreement, "minimise", alone)
    monkeypatch.setattr(agreement, "refit_views", lambda problem, state: state)
    monkeypatch.setattr(agreement, "landmark_error", error)
    return given


def weighed(model, photos, company):
    """Shares of photos, and the head that they agree on."""
    problem = coarse.fit_problem(model, photos, 3, coarse.FitSettings())
    views = tuple(coarse.initial_state(problem.basis.mean, photo, problem.settings, 52) for photo in photos)
    found, start = agreement.weigh_photos(problem, coarse.HeadState(np.zeros(3), views), company)
    return found.shares, start.identity


def test_a_share_falls_with_what_a_photo_cannot_explain_and_with_who_it_shows(model, person, told):
    """A quarter is left where the agreed head fits worse than its own by 2 % of the eye distance, or its own worse
    than a good fit by as much; where both are so, 1 / 25. A photo that surely shows somebody else keeps a fiftieth."""
    names = ["fine", "contradicts", "poor", "both", "better", "doubted", "stranger"]
    photos = [person[1][0]._replace(photo=name) for name in names]
    errors = [(0.02, 0.02), (0.02, 0.04), (0.05, 0.05), (0.05, 0.07), (0.03, 0.01), (0.02, 0.02), (0.02, 0.02)]
    told.update({name: (np.full(3, i + 1.0), *each) for i, (name, each) in enumerate(zip(names, errors))})
    company = agreement.Company(np.array([1, 1, 1, 1, 1, 0.6, 0.001]), odd=(6,))
    shares, agreed = weighed(model, photos, company)
    np.testing.assert_allclose(shares, [1, 0.25, 0.25, 0.04, 1, 0.6, 0.02])
    # the median of all but the stranger, whose coefficients would make it 4
    np.testing.assert_allclose(agreed, 3.5)
