"""Landmarks: accuracy by hand and against truth, conventions, uncertainty, head yaw, person mask, crops."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from face_fixtures import nets, portrait
from furrow.core.head.fitted import Landmarks
from furrow.core.image.crops import Square, crop
from furrow.core.nets.detection import find_faces
from furrow.core.nets.landmarks import _jitter_moves, detect_landmarks, head_yaw, segment_person

EVALUATION = Path(__file__).parents[4] / "shared" / "eval"
# centres of the irises, read off the enlarged picture by hand
IRISES = np.array([[203.5, 101.0], [246.8, 103.3]])


def marks_of(pixels: np.ndarray, jitter: int = 7) -> Landmarks:
    return detect_landmarks(pixels, find_faces(pixels, nets())[0], nets(), jitter)


@pytest.fixture(scope="module")
def marks() -> Landmarks:
    return marks_of(portrait())


def test_irises_of_the_portrait(marks):
    assert marks.points.shape == (478, 2) and marks.depth.shape == (478,) and marks.spread.shape == (478,)
    np.testing.assert_allclose(marks.points[[468, 473]], IRISES, atol=0.7)
    assert marks.score > 0.99
    # nose tip in front of the cheeks, both iris points at the depth of the eyelids
    assert marks.depth[4] < marks.depth[[234, 454]].min() - 20
    np.testing.assert_allclose(marks.depth[468:473], marks.depth[[33, 133, 159, 145]].mean(), atol=2)


def test_mirrored_photo_mirrors_the_landmarks(marks):
    """Mirrored points are paired by position; in the convention of pixel centres at one half they sum to the width."""
    mirrored = marks_of(np.ascontiguousarray(portrait()[:, ::-1]))
    back = mirrored.points * [-1, 1] + [512, 0]
    pair = np.linalg.norm(back[:, None] - marks.points[None], axis=-1).argmin(axis=0)
    known = {33: 263, 133: 362, 61: 291, 468: 473, 1: 1, 152: 152, 10: 10}  # of the mesh's published numbering
    for one, other in known.items():
        np.testing.assert_allclose(back[other], marks.points[one], atol=1.6)
    difference = back[pair] - marks.points
    assert np.abs(difference.mean(axis=0)).max() < 0.4 and np.abs(difference).mean() < 0.6


@pytest.mark.parametrize("shift", [(7, 0), (0, 13), (-31, 22)])
def test_shifted_photo_shifts_the_landmarks(marks, shift):
    moved = marks_of(np.roll(portrait(), shift[::-1], axis=(0, 1)))
    np.testing.assert_allclose(moved.points - marks.points, np.tile(shift, (478, 1)), atol=0.9)
    assert np.abs((moved.points - marks.points).mean(axis=0) - shift).max() < 0.15


@pytest.mark.parametrize("scale", [2, 8])
def test_enlarged_photo_scales_the_landmarks(marks, scale):
    large = cv2.resize(portrait()[20:300, 80:380], None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    back = marks_of(large).points / scale + [80, 20]
    assert np.abs(back - marks.points).mean() < 0.5 and np.abs((back - marks.points).mean(axis=0)).max() < 0.25


@pytest.mark.parametrize("angle", [-135, -90, -30, 20, 45, 60, 90, 135, 180])
def test_turned_photo_turns_the_landmarks(marks, angle):
    # pixel centres at one half: the matrix for cv2's pixel centres at whole numbers
    matrix = cv2.getRotationMatrix2D((226 - 0.5, 128 - 0.5), angle, 1.0)
    linear = matrix[:, :2]
    turned = marks_of(cv2.warpAffine(portrait(), matrix, (512, 512)))
    expected = (marks.points - [226, 128]) @ linear.T + [226, 128]
    assert np.abs(turned.points - expected).mean() < 0.8
    assert np.abs((turned.points - expected).mean(axis=0)).max() < 0.4


def test_spread_is_larger_where_the_face_is_blurred(marks):
    assert 0.05 < np.median(marks.spread) < 1.0
    blurred = cv2.GaussianBlur(cv2.resize(cv2.resize(portrait(), (64, 64)), (512, 512)), (0, 0), 4)
    face = find_faces(portrait(), nets())[0]
    assert detect_landmarks(blurred, face, nets()).spread.mean() > 1.5 * marks.spread.mean()


def test_averaging_steadies_the_landmarks():
    """Against the mean over many shifted copies, seven crops err less than one."""
    face = find_faces(portrait(), nets())[0]
    rng = np.random.default_rng(0)
    runs = {1: [], 7: []}
    for shift in rng.uniform(-3, 3, (6, 2)):
        moved = cv2.warpAffine(portrait(), np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (512, 512))
        for count, kept in runs.items():
            kept.append(detect_landmarks(moved, face, nets(), count).points - shift)
    assert np.std(runs[7], axis=0).mean() < 0.8 * np.std(runs[1], axis=0).mean()


@pytest.mark.parametrize("count", [1, 3, 7, 9])
def test_jitter_is_symmetric(count):
    moves = np.array(_jitter_moves(count))
    assert len(moves) == count and len(np.unique(moves, axis=0)) == count
    np.testing.assert_allclose(moves[0], [0, 0, 1, 0])
    reflected = moves * [-1, 1, 1, -1]
    np.testing.assert_allclose(reflected[np.lexsort(reflected.T)], moves[np.lexsort(moves.T)], atol=1e-12)
    np.testing.assert_allclose(moves[:, [0, 1, 3]].mean(axis=0), 0, atol=5e-3)


def evaluation_photos() -> list[Path]:
    photos = sorted((EVALUATION / "images").glob("*.jpg"))
    if not photos:
        pytest.skip("the evaluation photos are not on this machine")
    return photos


def test_irises_and_yaw_of_the_evaluation_photos():
    """Iris centres against the true heads (those with open eyes), yaw against the true pose, another chain's points."""
    iris_errors, yaw_errors, chain = [], [], []
    for photo in evaluation_photos():
        truth = np.load(EVALUATION / "gt" / f"{photo.stem}.npz")
        marks = marks_of(np.ascontiguousarray(cv2.imread(str(photo))[..., ::-1]))
        eye_distance = np.linalg.norm(marks.points[33] - marks.points[263])
        forward = truth["R"] @ [0, 0, 1]
        yaw_errors.append(math.degrees(head_yaw(marks)) - math.degrees(math.atan2(forward[0], -forward[2])))
        chain.append(np.abs(marks.points - truth["detected"][:, :2]).mean() / eye_distance)
        if photo.stem.endswith("neutral"):
            fx, fy, cx, cy = truth["camera"]
            eyes = truth["points"][:2]
            pixels = eyes[:, :2] / eyes[:, 2:] * [fx, fy] + [cx, cy]
            iris_errors.append(np.linalg.norm(marks.points[[468, 473]] - pixels, axis=1) / eye_distance)
    assert np.mean(iris_errors) < 0.01 and np.max(chain) < 0.015
    assert np.abs(yaw_errors).max() < 6


def test_yaw_of_a_profile(marks):
    assert abs(math.degrees(head_yaw(marks))) < 15
    # a profile seen from its right: the left eye corner lies far behind the right one
    points, depth = marks.points.copy(), np.zeros(478)
    points[263] = points[33] + [20.0, 0.0]
    depth[263] = 60.0
    profile = Landmarks(points, depth, marks.spread, 1.0, marks.box)
    assert math.degrees(head_yaw(profile)) == pytest.approx(math.degrees(math.atan2(60, 20)))


def test_the_person_mask_is_face_and_hair_and_no_background(marks):
    mask = segment_person(portrait(), find_faces(portrait(), nets())[0], nets())
    assert mask.shape == (512, 512) and mask.dtype == np.float32 and 0 <= mask.min() and mask.max() <= 1
    inner = marks.points[[1, 9, 152, 50, 280]].astype(int)
    assert mask[inner[:, 1], inner[:, 0]].min() > 0.95
    # flag, shuttle and sky around the head
    assert mask[60:120, 20:120].max() < 0.1 and mask[20:150, 360:500].max() < 0.1
    # hair above the brow, background past it
    assert mask[40, 225] > 0.9 and mask[8, 150] < 0.1


def test_person_mask_of_a_face_at_the_edge():
    photo = np.ascontiguousarray(portrait()[60:, 150:])
    mask = segment_person(photo, find_faces(photo, nets())[0], nets())
    assert mask.shape == photo.shape[:2] and mask[70, 70] > 0.95


def test_crop_samples_pixel_centres():
    """A crop of a linear ramp is the ramp at the points that ``to_photo`` gives for the crop's pixel centres."""
    y, x = np.mgrid[0:80, 0:100] + 0.5
    ramp = np.stack([2 * x, 3 * y, x + y], axis=-1).astype(np.uint8)
    square = Square(50.3, 41.2, 30.0, 0.4)
    centres = (np.stack(np.meshgrid(np.arange(24), np.arange(24)), axis=-1) + 0.5) / 24
    where = square.to_photo(centres)
    expected = np.stack([2 * where[..., 0], 3 * where[..., 1], where.sum(-1)], axis=-1)
    np.testing.assert_allclose(crop(ramp, square, 24), expected, atol=1.6)
    assert np.abs((crop(ramp, square, 24) - expected).mean()) < 0.6


@pytest.mark.parametrize("angle", [0.0, 0.5])
def test_shrinking_crop_averages_instead_of_aliasing(angle):
    fine = np.indices((600, 600)).sum(axis=0) % 2 * 200
    photo = np.repeat(fine[..., None], 3, axis=-1).astype(np.uint8)
    small = crop(photo, Square(300, 300, 480, angle), 60)
    np.testing.assert_allclose(small, 100, atol=8)


def test_crop_past_the_border():
    photo = np.full((50, 60, 3), 90, np.uint8)
    outside = crop(photo, Square(0, 0, 100), 20, replicate=False)
    assert outside[2, 2, 0] == 0 and outside[15, 15, 0] == 90
    assert (crop(photo, Square(0, 0, 100), 20) == 90).all()
    assert (crop(photo, Square(-500, 900, 900), 20) == 90).all()
