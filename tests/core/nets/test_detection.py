"""Face detection: where, how many, how small, and what is said to the artist."""

import dataclasses

import cv2
import numpy as np
import pytest
from face_fixtures import nets, portrait
from furrow.core.errors import NoFaceError, PhotoError
from furrow.core.nets import detection
from furrow.core.nets.detection import Face, choose_face, find_faces, overlap

# middle of the irises and of the mouth of the portrait, read off the enlarged picture by hand
EYES, MOUTH = np.array([[203.5, 101.0], [246.8, 103.3]]), np.array([223.0, 147.0])
HEAD = (slice(40, 220), slice(130, 330))  # rows, columns: the portrait's head


def scene(height: int, width: int, *heads: tuple[float, int, int]) -> np.ndarray:
    """A grey photo with the portrait's head at some scales and upper left corners (scale, x, y)."""
    photo = np.full((height, width, 3), 110, np.uint8)
    for scale, x, y in heads:
        head = cv2.resize(portrait()[HEAD], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        photo[y : y + head.shape[0], x : x + head.shape[1]] = head
    return photo


def expected_centre(scale: float, x: int, y: int) -> np.ndarray:
    """Where the middle between the eyes is in such a photo."""
    return (EYES.mean(axis=0) - (HEAD[1].start, HEAD[0].start)) * scale + (x, y)


# the detector's keypoints are rough: a tenth of the face's width
ROUGH = 12.0


def eye_centre(face: Face) -> np.ndarray:
    return face.keypoints[:2].mean(axis=0)


def test_portrait():
    (face,) = find_faces(portrait(), nets())
    assert 85 < face.width < 105 and face.score > 0.8
    np.testing.assert_allclose(face.keypoints[:2], EYES, atol=ROUGH)
    np.testing.assert_allclose(face.keypoints[3], MOUTH, atol=ROUGH)
    assert np.all(face.box[:2] < face.keypoints[:4].min(axis=0)) and np.all(face.keypoints[:4].max(0) < face.box[2:])


def test_mirrored_portrait_mirrors_the_face():
    (face,), (mirrored,) = find_faces(portrait(), nets()), find_faces(portrait()[:, ::-1], nets())
    np.testing.assert_allclose(512 - mirrored.box[[2, 1, 0, 3]] - [0, 512, 0, 512], face.box * [1, -1, 1, -1], atol=3)
    # the person's right eye is at the left of the photo, and of the mirrored photo
    assert face.keypoints[0, 0] < face.keypoints[1, 0] and mirrored.keypoints[0, 0] < mirrored.keypoints[1, 0]


@pytest.mark.parametrize("shape", [(512, 1100), (1100, 512)])
def test_letterboxing_keeps_positions(shape):
    place = (1.0, shape[1] - 210, shape[0] - 190)
    (face,) = find_faces(scene(*shape, place), nets())
    np.testing.assert_allclose(eye_centre(face), expected_centre(*place), atol=ROUGH)


def test_several_faces_come_largest_first_and_once():
    places = [(1.2, 40, 60), (2.2, 500, 300), (1.4, 60, 500)]
    faces = find_faces(scene(800, 1000, *places), nets())
    assert len(faces) == 3
    for face, place in zip(faces, sorted(places, reverse=True)):
        np.testing.assert_allclose(eye_centre(face), expected_centre(*place), atol=ROUGH * place[0])
        assert face.width == pytest.approx(94 * place[0], rel=0.2)


@pytest.mark.parametrize("x, y", [(300, 300), (1130, 770), (2180, 1710)])
def test_small_face_in_a_large_photo_is_found_in_tiles(x, y):
    place = (0.65, x, y)  # 61 pixels of 2400, and where tiles meet
    photo = scene(1900, 2400, place)
    whole = detection.Square(1200, 950, 2400)
    assert not detection._detect(photo, whole, detection._SHORT, nets())
    (face,) = find_faces(photo, nets())
    np.testing.assert_allclose(eye_centre(face), expected_centre(*place), atol=ROUGH * 0.65)


def test_large_face_does_not_pay_for_tiles(monkeypatch):
    monkeypatch.setattr(detection, "_detect_in_tiles", lambda *_: pytest.fail("tiles searched"))
    assert find_faces(scene(1200, 1200, (4.0, 200, 200)), nets())


@pytest.mark.parametrize("length", [100, 640, 641, 960, 1500, 4000])
def test_tiles_cover_a_side_with_half_overlap(length):
    centres = detection._tile_centres(length)
    if length <= 640:
        assert centres.tolist() == [length / 2]
        return
    assert centres[0] == 320 and centres[-1] == length - 320
    assert np.diff(centres).max() <= 320 + 1e-9


def test_face_cut_by_a_tile_is_left_to_another_tile():
    edges = np.array([320.0, 0.0, 960.0, 640.0])
    cut = Face(np.array([321.0, 50, 400, 130]), np.zeros((6, 2)), 0.9)
    at_the_photo_edge = Face(np.array([500.0, -3, 600, 90]), np.zeros((6, 2)), 0.9)
    assert not detection._is_whole(cut, edges, 2000, 2000)
    assert detection._is_whole(at_the_photo_edge, edges, 2000, 2000)


def test_no_face_in_pictures_without_one():
    import skimage.data

    rng = np.random.default_rng(0)
    noise = cv2.resize(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8), (900, 900), interpolation=cv2.INTER_CUBIC)
    for picture in (skimage.data.coffee(), np.zeros((300, 200, 3), np.uint8), noise, skimage.data.rocket()):
        assert find_faces(np.ascontiguousarray(picture), nets()) == []


def test_face_upside_down_is_told_from_the_face_seen_in_it():
    """Upside down the landmark net sees a face as well; a sure face is the right way up."""
    (face,) = find_faces(portrait(), nets())
    down = np.ascontiguousarray(portrait()[::-1, ::-1])
    (found,) = find_faces(down, nets())
    assert face.is_sure and found.is_sure and abs(face.square.angle) < 0.3
    assert abs(abs(found.square.angle - face.square.angle) - np.pi) < 0.1
    right, left = found.keypoints[:2]
    assert right[0] > left[0] and found.keypoints[3, 1] < min(right[1], left[1])
    wrong = found.square.jittered(0, 0, 1, np.pi)
    seen = detection._settled(down, found, wrong, nets())
    assert seen.seen > 0.9 and seen.upright < detection.NO_FACE_SCORE


def test_photo_with_a_sure_face_is_searched_once(monkeypatch):
    turns, search = [], detection._detect_in_whole
    monkeypatch.setattr(detection, "_detect_in_whole", lambda *args: turns.append(args[1]) or search(*args))
    assert len(find_faces(portrait(), nets())) == 1 and turns == [0.0]


def test_patterns_like_a_face_are_told_from_faces():
    import skimage.data

    logo = np.ascontiguousarray(skimage.data.logo()[..., :3])
    whole = detection.Square(250, 250, 500)
    candidates = detection._detect(logo, whole, detection._SHORT, nets())
    candidates += detection._detect(logo, whole, detection._FULL, nets())
    assert candidates and find_faces(logo, nets()) == []


@pytest.mark.parametrize("angle", [-120, -90, -45, 45, 90, 180])
def test_turned_photo_still_gives_the_eyes(angle):
    matrix = cv2.getRotationMatrix2D((226, 128), angle, 1.0)
    faces = find_faces(cv2.warpAffine(portrait(), matrix, (512, 512)), nets())
    right, left = EYES @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(eye_centre(faces[0]) - (right + left) / 2) < 22


@pytest.mark.parametrize("shape", [(64, 64), (64, 2000), (3000, 65)])
def test_extreme_shapes_do_not_fail(shape):
    assert find_faces(np.zeros((*shape, 3), np.uint8), nets()) == []


def test_overlap_by_counting_cells():
    rng = np.random.default_rng(5)
    low = rng.integers(0, 12, (30, 2))
    boxes = np.hstack([low, low + rng.integers(1, 8, (30, 2))]).astype(float)
    y, x = np.mgrid[0:20, 0:20] + 0.5

    def cells(box):
        return (box[0] < x) & (x < box[2]) & (box[1] < y) & (y < box[3])

    expected = [(cells(b) & cells(boxes[0])).sum() / (cells(b) | cells(boxes[0])).sum() for b in boxes]
    np.testing.assert_allclose(overlap(boxes, boxes[0]), expected)


def test_suppression_averages_by_score():
    box = np.array([[0, 0], [100, 100]] + [[50, 50]] * 6, float)
    points = np.stack([box, box + 10, box + 300])
    first, second = detection.merge_overlapping(points, np.array([0.9, 0.6, 0.7]))
    np.testing.assert_allclose(first[0], box + 10 * 0.6 / 1.5)
    np.testing.assert_allclose(second[0], box + 300)
    assert (first[1], second[1]) == (0.9, 0.7)


def made_up(*widths: float) -> list[Face]:
    return [Face(np.array([10.0, 10, 10 + w, 10 + w]), np.zeros((6, 2)), 0.9) for w in widths]


def test_choosing_among_faces():
    faces = made_up(200, 150, 100)
    face, notes = choose_face(faces)
    assert face is faces[0] and notes == ("3 faces found, the largest is used; choose another by its number, 1 to 2.",)
    assert choose_face(faces, 2) == (faces[2], ())
    assert choose_face(faces[:1]) == (faces[0], ())
    with pytest.raises(NoFaceError, match=r"no face 3: the photo shows 3, numbered from 0 \(the largest\) to 2\.$"):
        choose_face(faces, 3)
    with pytest.raises(NoFaceError, match="no face -1"):
        choose_face(faces, -1)
    with pytest.raises(NoFaceError, match="No face was found"):
        choose_face([], 0)


@pytest.mark.parametrize("seen, upright, words", [(1.0, 0.8, 0), (0.9, 0.8, 1), (1.0, 0.5, 1)])
def test_face_that_is_not_seen_clearly_is_noted(seen, upright, words):
    (made,) = made_up(200)
    face = dataclasses.replace(made, square=detection.Square(0, 0, 300), seen=seen, upright=upright)
    notes = choose_face([face])[1]
    assert len(notes) == words and all("not seen clearly" in note for note in notes)


def test_what_both_nets_doubt_is_no_face(monkeypatch):
    """Such as the ear of a profile; what either is sure of stays."""
    for seen, upright, faces in ((0.7, 0.45, 0), (0.99, 0.45, 1), (0.7, 0.8, 1)):
        monkeypatch.setattr(
            detection,
            "_settled",
            lambda pixels, face, square, nets, seen=seen, upright=upright: dataclasses.replace(
                face, square=square, seen=seen, upright=upright
            ),
        )
        assert len(find_faces(portrait(), nets(), turns=(0.0,))) == faces


def test_too_small_a_face_says_its_size():
    with pytest.raises(PhotoError, match="only 59 pixels wide, at least 60") as error:
        choose_face(made_up(59.4))
    assert not isinstance(error.value, NoFaceError)
    assert choose_face(made_up(60.0))[0].width == 60
    with pytest.raises(PhotoError, match="only 45 pixels"):
        choose_face(made_up(90, 45), 1)


def test_real_small_face_is_found_and_refused():
    faces = find_faces(scene(600, 800, (0.45, 300, 250)), nets())
    with pytest.raises(PhotoError, match="pixels wide"):
        choose_face(faces)
