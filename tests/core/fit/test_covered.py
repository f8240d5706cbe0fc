"""What lies before a face, or beyond the picture's edge: found, taken out of the fit, and said."""

import cv2
import numpy as np
import pytest
from face_fixtures import nets
from furrow.core import pipeline
from furrow.core.errors import PhotoError
from furrow.core.fit.covered import check_cut, cut_shares, fit_uncovered
from laid_covers import head_shot, marks, masked, observed, under_two_lights, with_sunglasses


@pytest.fixture(scope="module")
def head(assets):
    return pipeline.load_models("cpu").head


def fitted(head, photo):
    fit, (cover,) = fit_uncovered(head, [observed(photo)], [photo], nets())
    return fit, cover


def agreement(found, true):
    """Share of what is covered that was found, and share of what was found that is covered, on the face."""
    oval = cv2.fillConvexPoly(np.zeros(true.shape, np.uint8), cv2.convexHull(np.round(marks()).astype(np.int32)), 1) > 0
    found, true = (found > 0.5) & oval, true & oval
    return (found & true).sum() / true.sum(), (found & true).sum() / found.sum()


@pytest.mark.parametrize("colour", [(110, 160, 210), (225, 225, 225), (22, 22, 24), (170, 25, 35)])
def test_a_mask_is_found_and_its_landmarks_lose_their_weight(head, colour):
    photo, true = masked(colour)
    fit, cover = fitted(head, photo)
    assert cover.hands is None and not cover.coloured_lights
    share, precision = agreement(cover.foreign, true)
    assert share > 0.85 and precision > 0.85
    spread = fit.views[0].landmarks.spread
    assert spread[[14, 17, 152]].min() > 10 * spread[[33, 263, 10]].max()  # mouth and chin, eyes and forehead


def test_opaque_glasses_are_found(head):
    photo, true = with_sunglasses()
    share, precision = agreement(fitted(head, photo)[1].foreign, true)
    assert share > 0.85 and precision > 0.6


def test_a_bare_face_is_fitted_as_it_is(head):
    for photo in (head_shot(), np.ascontiguousarray(head_shot()[:, ::-1])):
        fit, cover = fitted(head, photo)
        assert cover.whole is None and not cover.coloured_lights
        np.testing.assert_array_equal(fit.views[0].landmarks.spread, observed(photo).landmarks.spread)


@pytest.mark.parametrize("change", ["warm", "dark", "make-up", "soft shadow"])
def test_light_and_make_up_are_no_cover(head, change):
    photo = head_shot().astype(float)
    if change == "warm":
        photo *= [1.0, 0.75, 0.45]
    elif change == "dark":
        photo *= 0.3
    elif change == "make-up":
        paint = np.zeros(photo.shape[:2], np.float32)
        for mark in (50, 280):
            cv2.circle(paint, tuple(np.round(marks()[mark]).astype(int).tolist()), 40, 1.0, -1)
        paint = 0.5 * cv2.GaussianBlur(paint, (0, 0), 18)[..., None]
        photo = photo * (1 - paint) + paint * np.array([220, 70, 90])
    else:
        photo *= 1 - 0.8 / (1 + np.exp(-(np.arange(640) - marks()[1, 0]) / 25.0))[None, :, None]
    assert fitted(head, photo.astype(np.uint8))[1].whole is None


def test_two_coloured_lights_are_no_cover_but_told(head):
    cover = fitted(head, under_two_lights())[1]
    assert cover.whole is None and cover.coloured_lights


def cut(keep: float) -> np.ndarray:
    """The portrait without the left of its face; ``keep`` is the share of its width that is left."""
    left, right = marks()[:, 0].min(), marks()[:, 0].max()
    return np.ascontiguousarray(head_shot()[:, int(right - keep * (right - left)) :])


def test_a_face_cut_by_the_edge_is_said_and_its_missing_landmarks_do_not_count(head):
    seen = observed(cut(0.75))
    shares = cut_shares(seen.landmarks.points, seen.width, seen.height)
    assert 0.1 < shares.pop("left") < 0.35 and max(shares.values()) == 0
    assert "left edge cuts off" in check_cut(seen)
    spread = fitted(head, cut(0.75))[0].views[0].landmarks.spread
    outside = seen.landmarks.points[:, 0] < 0
    assert spread[outside].min() > 10 * np.median(spread[~outside])


def test_a_whole_face_is_not_cut_and_less_than_half_is_refused():
    seen = observed(head_shot())
    assert check_cut(seen) is None
    moved = seen._replace(landmarks=observed(head_shot()).landmarks)
    moved.landmarks.points[:, 1] += seen.height - np.median(moved.landmarks.points[:, 1]) + 40
    with pytest.raises(PhotoError, match="lower edge cuts off"):
        check_cut(moved)
