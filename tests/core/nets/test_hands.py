"""Hands before the face: found where one is laid over a portrait, and nowhere else."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from face_fixtures import nets, portrait
from furrow.core.image.crops import Square
from furrow.core.nets import hands
from furrow.core.nets.detection import find_faces
from furrow.core.nets.hands import Hand, draw_hand, find_hands, hand_distance, hand_mask, square_of_hand, square_of_palm
from furrow.core.nets.landmarks import bare_person, segment_person
from rendered_hand import lay_hand

SHARED = Path(__file__).parents[4] / "shared"
# where the middle finger's base lies, from the middle of the face in its widths, and how the hand is turned
POSES = {
    "cheek": dict(at=(-0.35, 0.1), roll=15),
    "other cheek": dict(at=(0.35, 0.15), roll=-20, mirror=True),
    "over the mouth": dict(at=(0.1, 0.3), roll=-90, mirror=True),
    "fist": dict(at=(0.2, 0.4), roll=-20, mirror=True, curl=60),
    "side of the hand": dict(at=(-0.3, 0.3), roll=20, yaw=60),
}


def portrait_and_box():
    photo = cv2.resize(portrait()[:360, 40:400], (720, 720), interpolation=cv2.INTER_CUBIC)
    return photo, find_faces(photo, nets())[0].box


def with_hand(at, **pose):
    photo, box = portrait_and_box()
    width = float(max(box[2:] - box[:2]))
    place = (box[:2] + box[2:]) / 2 + np.array(at) * width
    return *lay_hand(photo, tuple(place), 0.62 * width, **pose), box


@pytest.mark.parametrize("pose", POSES)
def test_a_hand_over_the_face_is_masked(pose):
    photo, truth, box = with_hand(**POSES[pose])
    mask = hand_mask(photo, box, nets())
    assert mask is not None and mask.dtype == np.float32 and mask.shape == truth.shape
    assert mask.min() >= 0 and mask.max() <= 1
    x0, y0, x1, y1 = box.astype(int)
    face, true = mask[y0:y1, x0:x1], truth[y0:y1, x0:x1]
    assert (face * true).sum() > 0.9 * true.sum()
    assert (face * true).sum() > 0.7 * face.sum()


def test_faces_without_hands_have_none():
    photo, box = portrait_and_box()
    assert hand_mask(photo, box, nets()) is None
    assert (
        hand_mask(np.ascontiguousarray(photo[:, ::-1]), np.array([720 - box[2], box[1], 720 - box[0], box[3]]), nets())
        is None
    )


def test_real_photos_without_hands_have_none():
    files = sorted([*SHARED.glob("photos/*.jpg"), *SHARED.glob("eval/images/*.jpg")])
    if not files:
        pytest.skip("the shared photos are not here")
    for file in files:
        photo = cv2.imread(str(file))[..., ::-1]
        longer = max(photo.shape[:2])
        if longer > 1000:
            photo = cv2.resize(photo, None, fx=1000 / longer, fy=1000 / longer, interpolation=cv2.INTER_AREA)
        photo = np.ascontiguousarray(photo)
        assert hand_mask(photo, find_faces(photo, nets())[0].box, nets()) is None, file.name


def test_a_hand_far_from_the_face_is_left_alone():
    photo, box = portrait_and_box()
    wide = np.pad(photo, ((0, 0), (0, 500), (0, 0)), mode="edge")
    far, truth = lay_hand(wide, (1000, 300), 100.0)
    assert truth.any() and find_hands(far, np.array([900, 200, 1100, 400]), nets())
    assert hand_mask(far, box, nets()) is None


def test_a_hand_that_is_no_match_for_the_face_is_left_alone():
    photo, _, box = with_hand((-0.35, 0.1), roll=15)
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    assert find_hands(photo, box, nets())
    assert not find_hands(photo, np.concatenate([middle - 4 * half, middle + 4 * half]), nets())


def test_a_palm_seen_in_a_face_is_not_believed(monkeypatch):
    """The palm net sees palms in faces; the landmark net decides."""
    photo, box = portrait_and_box()
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 4
    palm = np.stack([middle - half, middle + half, middle + (0, half[1]), middle, middle - (0, half[1]), *[middle] * 4])
    monkeypatch.setattr(hands, "candidates", lambda *_: (palm[None], np.array([0.99])))
    asked = []
    original = hands.hand_in
    monkeypatch.setattr(hands, "hand_in", lambda *given: asked.append(given) or original(*given))
    monkeypatch.setattr(hands, "PALM_SIZES", (0.0, 100.0))
    assert hand_mask(photo, box, nets()) is None and asked


def test_landmarks_follow_the_hand():
    """Points of a photo turned by a quarter are the points turned by a quarter; wrist and finger lie where drawn."""
    photo, _, box = with_hand((0.1, 0.1), roll=-20)
    (hand,) = find_hands(photo, box, nets())
    turned = np.ascontiguousarray(np.rot90(photo))
    (x0, y0), (x1, y1) = box[:2], box[2:]
    (other,) = find_hands(turned, np.array([y0, 720 - x1, y1, 720 - x0]), nets())
    expected = np.column_stack([hand.points[:, 1], 720 - hand.points[:, 0]])
    assert np.abs(other.points - expected).mean() < 0.06 * hand.palm
    width = float(max(box[2:] - box[:2]))
    knuckle = (box[:2] + box[2:]) / 2 + 0.1 * width
    wrist = knuckle + 0.62 * width * np.array([np.sin(np.radians(20)), np.cos(np.radians(20))])
    assert np.linalg.norm(hand.points[9] - knuckle) < 0.2 * 0.62 * width
    assert np.linalg.norm(hand.points[0] - wrist) < 0.25 * 0.62 * width
    assert abs(hand.palm / (0.62 * width) - 1) < 0.25


@pytest.mark.parametrize("degrees", [0, 70, 180, -120])
def test_crops_stand_fingers_up(degrees):
    angle = np.radians(degrees)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    palm = np.zeros((9, 2))
    palm[2], palm[4] = [0, 0.5], [0, -0.5]  # wrist, middle finger's base
    moved = palm @ axes * 80 + (300, 200)
    moved[:2] = [[260, 160], [340, 240]]
    square = square_of_palm(moved)
    inside = (moved[[2, 4]] - square.to_photo(np.zeros(2))) @ np.linalg.inv(square.axes)
    np.testing.assert_allclose(inside[:, 0], 0.5, atol=1e-9)
    assert square.size == pytest.approx(2.6 * 80)
    # the palm's box lies half of its side below the middle, which leaves room for the fingers
    np.testing.assert_allclose(inside[:, 1], 0.5 + np.array([1.0, 0.0]) / 2.6)
    points = open_hand()
    small = square_of_hand(points @ axes + (50, 60))
    upright = square_of_hand(points)
    assert small.size == pytest.approx(upright.size)
    np.testing.assert_allclose(small.axes, upright.axes @ axes, atol=1e-9)
    np.testing.assert_allclose((small.x, small.y), np.array([upright.x, upright.y]) @ axes + (50, 60))


def open_hand():
    """(21, 2) landmarks of an open hand, palm 100 long, fingers up, the middle finger's base at the origin."""
    points = np.zeros((21, 2))
    points[0] = [0, 100]
    for finger, x in enumerate((30, 0, -20, -40), start=1):
        points[4 * finger + 1 : 4 * finger + 5] = np.stack([[x, -25 * k] for k in range(4)])
    points[1:5] = [[35, 80], [60, 55], [75, 35], [85, 15]]
    return points


def test_distance_is_that_of_round_fingers_and_the_palm():
    """Against the union of many discs along fingers and forearm, and of discs all over the palm."""
    points = open_hand() + (110, 130)
    found = hand_distance(points, 100.0, 320, 260)
    centres, radii = [], []
    for finger in range(5):
        chain = points[4 * finger + 1 : 4 * finger + 5]
        thickness = hands.RADIUS if finger else hands.THUMB_RADIUS
        for t in np.linspace(0, 3, 400):
            k = min(int(t), 2)
            centres.append(chain[k] + (t - k) * (chain[k + 1] - chain[k]))
            radii.append(thickness[k] + (t - k) * (thickness[k + 1] - thickness[k]))
    for t in np.linspace(0, hands.FOREARM, 200):
        centres.append(points[0] + t * (points[0] - points[9]))
        radii.append(hands.FOREARM_RADIUS)
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(6, 0.3), 4000)
    centres += list(shares @ points[[0, 1, 5, 9, 13, 17]])
    radii += [hands.PALM_EDGE] * 4000
    at = rng.uniform((0, 0), (260, 320), (1500, 2))
    x, y = at.astype(int).T
    away = np.linalg.norm(np.column_stack([x, y])[:, None] + 0.5 - np.array(centres)[None], axis=-1) / 100
    expected = (away - np.array(radii)).min(axis=1)
    near = np.abs(expected) < 0.2
    assert near.sum() > 200
    assert np.abs(found[y, x] - expected)[near].max() < 0.035
    assert np.all((found[y, x] < 0) == (expected < 0), where=np.abs(expected) > 0.04)


def test_a_drawn_hand_grows_with_the_photo_and_may_leave_it():
    masks = {}
    for scale in (1, 4):
        mask = np.zeros((320 * scale, 260 * scale), np.float32)
        draw_hand(mask, Hand((open_hand() + (110, 130)) * scale, np.zeros(21), 1.0))
        masks[scale] = mask
    assert masks[1].max() == 1 and masks[1].min() == 0
    small = cv2.resize(masks[4], (260, 320), interpolation=cv2.INTER_AREA)
    assert np.abs(small - masks[1]).mean() < 0.005
    cut = np.zeros((320, 260), np.float32)
    draw_hand(cut, Hand(open_hand() + (230, 130), np.zeros(21), 1.0))
    whole = np.zeros((320, 400), np.float32)
    draw_hand(whole, Hand(open_hand() + (230, 130), np.zeros(21), 1.0))
    assert np.abs(cut - whole[:, :260]).mean() < 0.005 and cut.max() == 1
    gone = np.zeros((320, 260), np.float32)
    draw_hand(gone, Hand(open_hand() + (900, 130), np.zeros(21), 1.0))
    assert not gone.any()


def test_the_palm_is_measured_in_space():
    points, depth = open_hand(), np.zeros(21)
    assert Hand(points, depth, 1.0).palm == pytest.approx(max(100, 70 / hands.WIDE))
    points[:, 1] *= 0.1
    depth[:] = 0.995 * open_hand()[:, 1]
    assert Hand(points, depth, 1.0).palm == pytest.approx(70 / hands.WIDE, rel=0.01)
    points[:, 0] = 0
    assert Hand(points, depth, 1.0).palm == pytest.approx(100, rel=0.01)


def test_a_crop_outside_the_photo_shows_no_hand():
    hand = hands.hand_in(portrait(), Square(-900.0, -900.0, 200.0), nets())
    assert hand.score < 0.5


def test_the_fit_reads_no_shading_from_a_hand():
    photo, truth, box = with_hand(**POSES["cheek"])
    face = find_faces(portrait_and_box()[0], nets())[0]
    cover = hand_mask(photo, face.box, nets())
    bare, whole = bare_person(photo, face, cover, nets()), segment_person(photo, face, nets())
    x0, y0, x1, y1 = box.astype(int)
    here = np.s_[y0:y1, x0:x1]
    assert whole[here][truth[here]].mean() > 0.8 and bare[here][truth[here]].mean() < 0.1
    away = cv2.dilate(truth.astype(np.uint8), np.ones((61, 61), np.uint8)) == 0
    np.testing.assert_array_equal(bare[away], whole[away])
