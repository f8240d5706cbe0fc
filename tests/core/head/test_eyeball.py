"""Fine eyes: sunken irises of the right size, corneas, tears on the lower lids, and nothing through the lids."""

import numpy as np
import pytest
from furrow.core.fit.iris_size import IRIS_DIAMETER
from furrow.core.head.eyeball import AHEAD, BALL, CARUNCLE, CORNEA, TEARS, UP, ball_centre, fine_eyes, front_map
from furrow.core.head.raster import rasterize
from furrow.core.mesh.operators import quads_to_triangles, triangle_normals
from furrow.core.mesh.subdivision import subdivide
from furrow.models.evaluation.made_up import tiny_character

PIXEL = 0.15  # mm


@pytest.fixture(scope="module")
def eyes(model):
    return fine_eyes(model.topology, model.mean, IRIS_DIAMETER)


def left_surface(model):
    part = model.topology.part_slice("eyes")
    points = subdivide(model.topology.part_faces("eyes") - part.start, part.stop - part.start, 3)(
        model.mean[part].astype(float)
    )
    return points[points[:, 0] > 0]


def test_ball_centre_is_exact_on_a_sphere():
    unit = np.random.default_rng(0).normal(size=(60, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    np.testing.assert_allclose(ball_centre([30.0, -90.0, 200.0] + 13.8 * unit), [30.0, -90.0, 200.0], atol=1e-9)


def test_made_up_meshes_without_balls_stay_as_they_are():
    character = tiny_character()
    assert fine_eyes(character.topology, character.neutral, IRIS_DIAMETER) is None


def test_map_shows_the_ball_from_the_front():
    angle = np.radians([0.0, 20.0, 60.0, 130.0])
    points = 16.0 * (np.sin(angle)[:, None] * UP + np.cos(angle)[:, None] * AHEAD)
    np.testing.assert_allclose(front_map(points, 16.0)[:, 0], 0.5)
    np.testing.assert_allclose(front_map(points, 16.0)[:3, 1], 0.5 + 0.5 * np.sin(angle[:3]))
    np.testing.assert_allclose(front_map(points, 16.0)[3], [0.5, 1.0])  # the back


def test_white_lies_on_the_subdivided_coarse_ball(model, eyes):
    surface = left_surface(model)
    centre = ball_centre(surface)
    points = eyes[0].vertices[np.unique(eyes[0].faces[eyes[0].material == BALL])]
    points = points[points[:, 0] > 0] - centre
    length = np.linalg.norm(points, axis=1)
    white = points @ AHEAD / length < np.cos(np.radians(26.0))
    nearest = np.linalg.norm(points[white][:, None] + centre - surface[None], axis=2).min(1)
    assert nearest.max() < 0.9  # the surface's own points are that far apart
    radius = np.linalg.norm(surface - centre, axis=1)
    assert radius.min() - 0.1 < length[white].min() and length[white].max() < radius.max() + 0.1


def test_iris_has_its_size_and_lies_behind_the_cornea(model, eyes):
    balls, wet = eyes
    centre = ball_centre(left_surface(model))
    points, cornea = (m.vertices[m.vertices[:, 0] > 0] - centre for m in (balls, wet))
    away = np.linalg.norm(points - (points @ AHEAD)[:, None] * AHEAD, axis=1)
    front = points @ AHEAD > 0
    assert np.abs(away[front] - 0.5 * IRIS_DIAMETER).min() < 0.1  # a ring along its edge
    inside = front & (away < 0.85 * 0.5 * IRIS_DIAMETER)
    top = (cornea @ AHEAD).max()
    assert (top - (points[inside] @ AHEAD)).min() > 1.5
    assert np.ptp(points[inside] @ AHEAD) < 0.4  # no ball, a disc


def test_faces_look_outwards(model, eyes):
    for mesh in eyes:
        triangles = quads_to_triangles(mesh.faces[mesh.material == CORNEA])
        triangles = triangles[(mesh.vertices[triangles][..., 0] > 0).all(1)]
        normals = triangle_normals(mesh.vertices, triangles)
        outward = np.einsum("td,td->t", normals, mesh.vertices[triangles].mean(1) - ball_centre(left_surface(model)))
        assert (outward > 0).mean() > 0.9  # the wall around an iris is upright and its parts hang over


def test_eyes_turn_rigidly_with_the_coarse_balls(model, eyes):
    part = model.topology.part_slice("eyes")
    delta = model.expression_basis[model.expression_names.index("eyeLookOutLeft")]
    for mesh in eyes:
        chosen = np.unique(mesh.faces[mesh.material == CORNEA])
        chosen = chosen[mesh.vertices[chosen, 0] > 0]
        rest = mesh.vertices[chosen].astype(float)
        posed = rest + (mesh.carrier @ delta)[chosen]
        centre, moved = rest.mean(0), posed.mean(0)
        np.testing.assert_allclose(
            np.linalg.norm(posed - moved, axis=1), np.linalg.norm(rest - centre, axis=1), atol=0.02
        )
    assert np.abs(delta[part]).max() > 5.0


def test_tears_lie_along_the_lower_lid_and_move_with_it(model, eyes):
    wet = eyes[1]
    tears = np.unique(wet.faces[wet.material == TEARS])
    points = wet.vertices[tears]
    for side in (1.0, -1.0):
        own = points[points[:, 0] * side > 0]
        assert np.ptp(own[:, 0]) > 18.0 and own[:, 1].max() < 1.0
    marks = model.landmarks(model.mean.astype(float))
    lid = marks[[33, 7, 163, 144, 145, 153, 154, 155, 133]]  # of the right eye, along its lower margin
    right = points[points[:, 0] < 0]
    assert np.linalg.norm(lid[1:-2, None] - right[None], axis=2).min(1).max() < 1.5
    blink = model.expression_basis[model.expression_names.index("eyeSquintRight")]
    moved = (wet.carrier @ blink)[tears]
    assert moved[points[:, 0] < 0, 1].mean() > 0.3 and np.abs(moved[points[:, 0] > 0]).max() < 0.2


def test_caruncles_fill_the_inner_corners(model, eyes):
    balls = eyes[0]
    marks = model.landmarks(model.mean.astype(float))
    for corner, side in ((133, -1.0), (362, 1.0)):
        own = balls.vertices[np.unique(balls.faces[balls.material == CARUNCLE])]
        own = own[own[:, 0] * side > 0]
        assert np.linalg.norm(own - marks[corner], axis=1).min() < 4.5
        assert (np.ptp(own, axis=0) < 6.5).all()


def seen_eye(skin, skin_faces, over, over_faces):
    """(h, w) bool, where an eye's meshes show in a picture from the front."""
    points = np.concatenate([skin, over])
    triangles = np.concatenate([quads_to_triangles(skin_faces), quads_to_triangles(over_faces) + len(skin)])
    size = int(40.0 / PIXEL)
    xy = np.column_stack([points[:, 0] - 11.0, 20.0 - points[:, 1]]) / PIXEL
    shown, _ = rasterize(xy, -points[:, 2], triangles, size, size, perspective=False)
    return (shown >= 0) & (triangles[shown, 0] >= len(skin))


def test_no_more_of_an_eye_shows_through_the_lids_than_before(model, eyes):
    """Each shape of eyes, cheeks and brows, left: cornea and fine ball, against the coarse ball as it was drawn."""
    topology = model.topology
    part, head = topology.part_slice("eyes"), topology.part_slice("head")
    quads = topology.part_faces("head")
    quads = quads[(np.abs(model.mean[quads] - [31.0, 0.0, 100.0]) < 24.0).all((1, 2))]
    skin = subdivide(quads, head.stop, 1)
    coarse = subdivide(topology.part_faces("eyes") - part.start, part.stop - part.start, 2)
    balls, wet = eyes
    cornea = wet.faces[wet.material == CORNEA]
    for name, delta in zip(model.expression_names, model.expression_basis, strict=True):
        if not name.startswith(("eye", "cheek", "brow")) or name.endswith("Right"):
            continue
        points = skin(model.mean[head] + delta[head])
        before = seen_eye(points, skin.faces, coarse(model.mean[part] + delta[part]), coarse.faces)
        own = [mesh.vertices + mesh.carrier @ delta for mesh in (balls, wet)]
        after = seen_eye(points, skin.faces, np.concatenate(own), np.concatenate([balls.faces, cornea + len(own[0])]))
        assert (after & ~before).sum() * PIXEL**2 < 1.5, name  # mm2, along the margins
