"""The 52 shapes of the built head model: names, symmetry, lids, eyes, jaw, forehead."""

import numpy as np
import pytest
from furrow.core.character.presets import PRESETS
from furrow.core.head.model import DIRECTIONS, JOINTS
from furrow.core.head.raster import rasterize
from furrow.core.mesh.intersections import crossing_pairs
from furrow.core.mesh.operators import quads_to_triangles
from furrow.models.head.expressions import GAZE, counterpart
from furrow.models.head.membrane import membrane, smooth_folds
from lid_slit import lid_slit

ARKIT = """browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight
eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight
jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight
mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft
mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight tongueOut""".split()


def _shape(model, name):
    return model.expression_basis[model.expression_names.index(name)].astype(float)


def _eye(model, side):
    """Vertices of the left (+1) or right (-1) eyeball."""
    part = model.topology.part_slice("eyes")
    return np.flatnonzero(model.mean[part, 0] * side > 0) + part.start


def _rigid_residual(before, after):
    """Largest distance (mm) that the best rigid motion leaves (Kabsch), and its rotation."""
    a, b = before - before.mean(0), after - after.mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    rotation = (u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt).T
    return np.linalg.norm(b - a @ rotation.T, axis=1).max(), rotation


def _eye_pixels(model, vertices, yaw, pitch):
    """How many of 16 pixels per square millimetre show an eyeball from a direction (degrees)."""
    turn, tilt = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    view = vertices @ (about_x @ about_y).T
    topology = model.topology
    triangles = quads_to_triangles(topology.faces[topology.face_part <= 1])
    shown, _ = rasterize(view[:, :2] * [4, -4] + 350, 1000 - view[:, 2], triangles, 700, 700, perspective=False)
    return int((triangles[shown[shown >= 0], 0] >= topology.part_slice("eyes").start).sum())


def test_names_are_exactly_apples_in_alphabetical_order(model):
    assert list(model.expression_names) == ARKIT


def test_left_and_right_shapes_mirror_each_other(model):
    for name in ARKIT:
        mirrored = _shape(model, counterpart(name))[model.topology.mirror] * [-1, 1, 1]
        np.testing.assert_allclose(_shape(model, name), mirrored, atol=1e-6, err_msg=name)
    assert counterpart("jawLeft") == "jawRight" and counterpart("jawOpen") == "jawOpen"


def test_left_shapes_move_the_characters_left(model):
    for name in ("eyeBlinkLeft", "mouthSmileLeft", "browDownLeft", "cheekSquintLeft", "eyeLookUpLeft"):
        moved = (_shape(model, name) ** 2).sum(1)
        assert moved[model.mean[:, 0] > 1].sum() > 20 * moved[model.mean[:, 0] < -1].sum(), name
    chin = model.landmark_vertices[152]
    assert _shape(model, "jawLeft")[chin, 0].mean() > 4


def test_a_blink_closes_the_eye_and_half_a_blink_does_not(model):
    blink = _shape(model, "eyeBlinkLeft") + _shape(model, "eyeBlinkRight")
    views = ((0, 0), (30, 0), (-30, 0), (0, 20), (0, -20))
    open_eyes = _eye_pixels(model, model.mean, 0, 0)
    assert open_eyes > 2000
    # the lids are 20 mm long: less than 0.1 mm of a slit, whichever way one looks
    assert max(_eye_pixels(model, model.mean + blink, *view) for view in views) <= 0.1 * 20 * 2 * 16
    assert _eye_pixels(model, model.mean + blink, 0, 0) <= 3
    half = _eye_pixels(model, model.mean + 0.5 * blink, 0, 0)
    assert 0.2 * open_eyes < half < 0.8 * open_eyes


def test_a_closed_upper_lid_meets_the_lower_lid(model):
    posed = model.landmarks((model.mean + _shape(model, "eyeBlinkLeft")).astype(np.float32))
    upper, lower = posed[[386, 385, 387]], posed[[374, 380, 373]]
    assert np.abs(upper[:, 1] - lower[:, 1]).max() < 2.5
    assert np.abs(model.landmarks(model.mean)[386, 1] - model.landmarks(model.mean)[374, 1]) > 6


def test_gaze_shapes_turn_the_eyeball_rigidly_about_its_joint(model):
    front = {"Down": (1, -1), "Up": (1, 1), "In": (0, -1), "Out": (0, 1)}  # axis and sign that the left pupil goes
    for name, (angle, _, _) in GAZE.items():
        members = _eye(model, 1)
        before = model.mean[members].astype(float)
        after = before + _shape(model, name)[members]
        residual, rotation = _rigid_residual(before, after)
        assert residual < 1e-3
        assert np.degrees(np.arccos((np.trace(rotation) - 1) / 2)) == pytest.approx(angle, abs=0.01)
        joint = model.joints[JOINTS.index("eye.L"), 0]
        distance = np.linalg.norm(after - joint, axis=1) - np.linalg.norm(before - joint, axis=1)
        assert np.abs(distance).max() < 1e-3
        axis, sign = front[name.removeprefix("eyeLook").removesuffix("Left")]
        pupil = before[:, 2].argmax()
        assert (after - before)[pupil, axis] * sign > 2, name
        assert np.abs(_shape(model, name)[_eye(model, -1)]).max() == 0


def test_jaw_shapes_move_lower_teeth_and_tongue_and_leave_the_upper_teeth(model):
    teeth = model.topology.part_slice("teeth")
    jaw = JOINTS.index("jaw")
    lower = np.flatnonzero(model.topology.skin_weights[teeth, jaw] == 1) + teeth.start
    upper = np.setdiff1d(np.arange(teeth.start, teeth.stop), lower)
    tongue = model.topology.part_slice("tongue")
    for name, axis, sign in (("jawOpen", 1, -1), ("jawLeft", 0, 1), ("jawRight", 0, -1), ("jawForward", 2, 1)):
        delta = _shape(model, name)
        assert np.abs(delta[upper]).max() == 0
        residual, _ = _rigid_residual(model.mean[lower].astype(float), model.mean[lower] + delta[lower])
        assert residual < 0.6
        assert (delta[lower, axis] * sign).min() > 5 and (delta[tongue, axis] * sign).mean() > 5, name


def test_closing_the_mouth_undoes_the_opening_jaw_at_the_lips(model):
    neutral = model.landmarks(model.mean)
    opened = model.landmarks((model.mean + _shape(model, "jawOpen")).astype(np.float32))
    closed = model.landmarks((model.mean + _shape(model, "jawOpen") + _shape(model, "mouthClose")).astype(np.float32))

    def gap(points):
        return points[[13, 81, 311, 82, 312], 1] - points[[14, 178, 402, 87, 317], 1]

    assert gap(opened)[0] > gap(neutral)[0] + 20
    # the lips of the neutral face touch; the points lie on their outer edges
    assert (gap(closed) - gap(neutral)).max() < 0.3 and (gap(closed) - gap(neutral)).min() > -1.0


def _crossings(model, *names):
    head = model.topology.part_slice("head")
    points = model.mean[head] + sum((_shape(model, name)[head] for name in names), np.zeros((head.stop, 3)))
    return len(crossing_pairs(points, quads_to_triangles(model.topology.part_faces("head"))))


def test_the_skin_crosses_itself_nowhere_at_rest_and_at_full_weight(model):
    assert _crossings(model) == 0
    for name in ARKIT:
        if not name.endswith("Right"):
            assert _crossings(model, name) == 0, name
    for pair in (("eyeBlinkLeft", "eyeSquintLeft"), ("mouthSmileLeft", "mouthSmileRight"), ("mouthClose", "jawOpen")):
        assert _crossings(model, *pair) == 0, pair


def test_the_skin_crosses_itself_in_no_preset(model):
    head = model.topology.part_slice("head")
    triangles = quads_to_triangles(model.topology.part_faces("head"))
    for name, weights in PRESETS.items():
        moved = sum((w * _shape(model, n)[head] for n, w in weights.items()), np.zeros((head.stop, 3)))
        assert len(crossing_pairs(model.mean[head] + moved, triangles)) == 0, name


def test_lips_of_people_and_of_old_age_stay_together_at_rest(model):
    head = model.topology.part_slice("head")
    triangles = quads_to_triangles(model.topology.part_faces("head"))
    people = [model.neutral(np.random.default_rng(seed).normal(size=len(model.identity_basis))) for seed in range(10)]
    people.append(model.mean + model.directions[DIRECTIONS.index("age")])
    found = [len(crossing_pairs(points[head].astype(float), triangles)) for points in people]
    assert found.count(0) >= 8 and max(found) < 80, found


def test_no_slit_is_left_between_shut_lids(model):
    shut = model.mean + _shape(model, "eyeBlinkLeft")
    assert lid_slit(model, model.mean.astype(float), 1) > 6
    assert lid_slit(model, model.mean + 0.5 * _shape(model, "eyeBlinkLeft"), 1) > 2
    # the rest is beside the inner corner, under the edge of the upper lid
    assert lid_slit(model, shut, 1) < 0.5


def test_skin_of_temple_glabella_and_mouth_corner_moves_with_its_muscle(model):
    """Mean displacement (mm) of each region beside that of the source's shapes."""
    brows = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    for region, names, source, low, high in (
        ("forehead", brows, (0, 1.5, -0.2), (-0.1, 2.5, -1.5), (0.1, 3.5, 0.0)),
        # the source's temples go down as the brows go up
        ("temple", brows, (0, -0.4, 0.1), (-0.1, 0.0, -0.3), (0.1, 0.6, 0.3)),
        ("glabella", ("browDownLeft", "browDownRight"), (0, -1.7, 0.8), (-0.1, -2.2, 0.4), (0.1, -1.2, 1.2)),
        ("mouth_corner", ("mouthSmileLeft", "mouthSmileRight"), (0, 12.4, -5.5), (-0.1, 10.5, -6.5), (0.1, 13.5, -4.0)),
        ("cheek", ("mouthSmileLeft", "mouthSmileRight"), (0, 3.2, 0.0), (-0.1, 2.5, -0.6), (0.1, 4.0, 0.6)),
        ("nose", ("noseSneerLeft", "noseSneerRight"), (0, 0.8, -0.3), (-0.1, 0.6, -0.6), (0.1, 1.2, 0.0)),
    ):
        skin = model.topology.region(region) > 0.6
        moved = sum(_shape(model, name) for name in names)[skin].mean(0)
        assert (moved > low).all() and (moved < high).all(), (region, moved, source)
    corner = (model.topology.region("mouth_corner") > 0.6) & (model.mean[:, 0] > 0)
    assert _shape(model, "mouthSmileLeft")[corner, 0].mean() > 3
    glabella = (model.topology.region("glabella") > 0.6) & (model.mean[:, 0] > 2)
    assert _shape(model, "browDownLeft")[glabella, 0].mean() < -0.3


def test_lower_lashes_stay_on_their_lid(model):
    part = model.topology.part_slice("lashes")
    lashes = np.arange(part.start, part.stop)
    near_lid = np.argsort(model.mean[lashes, 1] + 0 * lashes)[:60]  # the lower ones
    members = lashes[near_lid][model.mean[lashes[near_lid], 0] > 0]
    lid = model.landmark_vertices[374]
    for name in ("eyeSquintLeft", "cheekSquintLeft", "eyeWideLeft"):
        delta = _shape(model, name)
        assert np.linalg.norm(delta[members].mean(0) - delta[lid].mean(0)) < 1.2, name


def test_raised_brows_move_the_whole_forehead_and_compress_it(model):
    raised = sum(_shape(model, name) for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"))
    topology = model.topology
    forehead = topology.region("forehead") > 0.9
    assert (raised[forehead, 1] > 0.2).mean() > 0.9
    edges = topology.head_edges
    edges = edges[forehead[edges].all(1)]
    along = model.mean[edges[:, 1]] - model.mean[edges[:, 0]]
    upright = np.abs(along[:, 1]) > 0.8 * np.linalg.norm(along, axis=1)
    after = along + raised[edges[:, 1]] - raised[edges[:, 0]]
    ratio = (np.linalg.norm(after, axis=1) / np.linalg.norm(along, axis=1))[upright]
    assert (ratio < 1).mean() > 0.85 and 0.7 < np.median(ratio) < 0.97
    crown = model.mean[:, 1] > 100
    assert np.abs(raised[crown]).max() < 0.05  # fades out behind the hairline
    # slides along the skull: the skin of the forehead keeps its distance from the head's surface
    normal_part = np.abs(raised[forehead, 2] + raised[forehead, 1] * 0.2)
    assert np.median(normal_part) < 1.0


def _grid(columns, rows):
    points = np.array([[x, y, 0.0] for y in range(rows) for x in range(columns)], float)
    index = np.arange(columns * rows).reshape(rows, columns)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    return points, quads


def test_membrane_is_linear_between_its_pinned_ends():
    points, quads = _grid(5, 11)
    given = np.zeros_like(points)
    given[points[:, 1] == 0, 1] = 0.5
    free = ((points[:, 1] > 0) & (points[:, 1] < 10)).astype(float)
    found = membrane(points, quads, given, free)
    np.testing.assert_allclose(found[:, 1], 0.5 * (1 - points[:, 1] / 10), atol=2e-3)
    np.testing.assert_allclose(found[:, [0, 2]], 0, atol=1e-6)
    np.testing.assert_array_equal(found[free == 0], given[free == 0])


def test_membrane_slides_over_a_curved_surface():
    points, quads = _grid(9, 31)
    angle = points[:, 1] / 30
    bent = np.column_stack([points[:, 0], 30 * np.sin(angle), 30 * np.cos(angle)])
    given = np.zeros_like(bent)
    start = points[:, 1] == 0
    given[start, 1] = 3.0
    free = ((points[:, 1] > 0) & (points[:, 1] < 30)).astype(float)
    moved = bent + membrane(bent, quads, given, free)
    radius = np.linalg.norm(moved[free > 0][:, 1:], axis=1)
    assert np.abs(radius - 30).max() < 0.02  # chords of the facets
    assert (moved[free > 0, 1] - bent[free > 0, 1]).max() > 1.5


def test_folds_are_smoothed_and_the_rest_is_left_alone():
    points, quads = _grid(15, 15)
    delta = np.zeros_like(points)
    middle = np.flatnonzero((points[:, 0] == 7) & (points[:, 1] == 7))
    delta[middle, 0] = 2.2  # past its neighbour
    delta[:, 2] = 0.02 * points[:, 0] ** 2  # curved, but no fold: averaging would change it
    out = smooth_folds(points, quads, delta, np.ones(len(points), bool))
    posed = points + out
    corners = posed[quads_to_triangles(quads)]
    assert np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2].min() > 0
    far = np.linalg.norm(points[:, :2] - 7, axis=1) > 6
    np.testing.assert_array_equal(out[far], delta[far])
    np.testing.assert_array_equal(smooth_folds(points, quads, delta, np.zeros(len(points), bool)), delta)


def test_a_raised_chin_gathers_its_skin(model):
    delta = _shape(model, "mouthShrugLower")
    edges = model.topology.head_edges
    middle = model.mean[edges].mean(1)
    chin = model.landmarks(model.mean.astype(float))[199]
    off = middle - chin
    pad = (np.hypot(off[:, 0] / 12.0, off[:, 1] / 8.0) < 1) & (np.abs(off[:, 2]) < 10.0)
    along = model.mean[edges[pad, 1]] - model.mean[edges[pad, 0]]
    level = np.abs(along[:, 0]) > 0.8 * np.linalg.norm(along, axis=1)
    after = along + delta[edges[pad, 1]] - delta[edges[pad, 0]]
    ratio = np.linalg.norm(after, axis=1) / np.linalg.norm(along, axis=1)
    assert level.sum() > 5 and 0.75 < ratio[level].mean() < 0.95
