"""Skin told from hair around a face, before there is a fit."""

import numpy as np
import pytest
from furrow.core.view.skin_pixels import skin_pixels

data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def face(nets):
    from furrow.core.nets import detection, landmarks

    photo = data.astronaut()
    found, _ = detection.choose_face(detection.find_faces(photo, nets), None)
    return photo, landmarks.detect_landmarks(photo, found, nets).points


@pytest.fixture(scope="module")
def nets():
    from furrow.core.assets import assets_folder
    from furrow.core.nets.devices import choose
    from furrow.core.nets.landmarks import FaceNets

    return FaceNets(assets_folder(), choose("cpu"))


def at(trust, points, index):
    column, row = points[index].astype(int)
    return float(trust[row, column])


def test_a_fringe_and_the_hair_around_are_not_skin_and_the_face_is(face):
    photo, points = face
    trust = skin_pixels(photo, points)
    assert trust.shape == photo.shape[:2] and 0.0 <= trust.min() and trust.max() <= 1.0
    assert min(at(trust, points, index) for index in (4, 50, 280, 199, 9)) == 1.0  # nose, cheeks, chin, glabella
    assert at(trust, points, 10) < 0.5  # the top of the forehead lies under hair in this portrait
    assert trust[45:75, 195:255].mean() < 0.25  # the hair above it, which has gleams in the colour of skin


def test_a_bare_forehead_is_kept_dark_or_light(face):
    """The same face with its own cheek's tone painted over everything above the brows."""
    photo, points = face
    painted = photo.copy()
    top = int(points[9, 1])
    left, right = int(points[127, 0]) - 10, int(points[356, 0]) + 10
    tone = photo[int(points[50, 1]), int(points[50, 0])].astype(float)
    shade = np.linspace(0.6, 1.1, right - left)[None, :, None]  # lit from one side
    painted[top - 80 : top, left:right] = np.clip(tone * shade, 0, 255).astype(np.uint8)
    for image in (painted, (painted * 0.4).astype(np.uint8)):
        trust = skin_pixels(image, points)
        assert trust[top - 40 : top - 10, left + 25 : right - 25].mean() > 0.9


def test_a_photo_without_colour_is_judged_by_strands_and_darkness(face):
    photo, points = face
    grey = np.repeat(photo.mean(axis=-1).astype(np.uint8)[..., None], 3, axis=-1)
    trust = skin_pixels(grey, points)
    assert at(trust, points, 50) == 1.0 and at(trust, points, 10) < 0.5


def test_landmarks_outside_the_picture_are_no_error(face):
    photo, points = face
    assert skin_pixels(photo, points + 5000.0).max() == 0.0
    cut = skin_pixels(photo[:, : int(points[4, 0])], points)
    assert cut.shape == (512, int(points[4, 0])) and at(cut, points, 50) == 1.0


def test_the_outline_before_a_bright_wall_is_kept_where_the_person_is_known(face):
    """A wall beside a bare neck, painted in: the skin along its edge has no strands."""
    photo, points = face
    tone = photo[int(points[50, 1]), int(points[50, 0])] // 2
    painted = photo.copy()
    chin, middle = points[152].astype(int)[::-1]
    painted[chin + 4 : chin + 40] = 250
    neck = slice(middle - 30, middle + 30)
    painted[chin + 4 : chin + 40, neck] = tone
    person = np.zeros(photo.shape[:2], np.float32)
    person[: chin + 40, neck] = 1.0
    rim = slice(chin + 15, chin + 30), slice(middle - 29, middle - 26)
    unknown, known = (skin_pixels(painted, points, mask)[rim].mean() for mask in (None, person))
    assert known > 0.9 > 0.1 > unknown
