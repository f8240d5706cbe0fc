"""Roots on the cage: found by their UV, numbered as Blender numbers the subdivided mesh, on its limit surface."""

import numpy as np
import pytest
from furrow.core.hair.attachment import LEVELS, Attachment, Cage, attach, frames, grid_vertices, limit_points
from furrow.core.mesh.subdivision import subdivide


def test_attached_places_have_the_uv_they_were_asked_for(model):
    rng = np.random.default_rng(0)
    topology = model.topology
    head = topology.face_part == 0
    on_face = np.flatnonzero(topology.region("face")[topology.faces[head]].min(1) > 0.5)
    corners = topology.uv[head][rng.choice(on_face, 500)]
    a, b = rng.random((2, 500, 1))
    uv = (1 - b) * ((1 - a) * corners[:, 0] + a * corners[:, 1]) + b * ((1 - a) * corners[:, 3] + a * corners[:, 2])
    found = attach(topology, uv)
    c, (a, b) = topology.uv[head][found.face], found.place.T[..., None]
    again = (1 - b) * ((1 - a) * c[:, 0] + a * c[:, 1]) + b * ((1 - a) * c[:, 3] + a * c[:, 2])
    away = np.abs(again - uv).max(1)
    assert np.quantile(away, 0.99) < 1e-5 and away.max() < 1e-3  # a quad may be folded in the chart


def test_limit_is_where_subdivision_goes(model):
    """On the face; a limit depends on the quads around its vertex alone."""
    head = model.topology.part_slice("head")
    faces, on_face = model.topology.part_faces("head"), model.topology.region("face")[head] > 0.5
    around = faces[on_face[faces].any(1)]
    used, quads = np.unique(around, return_inverse=True)
    deep = subdivide(quads.reshape(around.shape), len(used), 4)(model.mean[used].astype(float))[: len(used)]
    away = np.linalg.norm(limit_points(model.topology, model.mean)[used] - deep, axis=1)[on_face[used]]
    assert np.median(away) < 2e-3 and away.max() < 0.05


def test_frames_turn_with_the_quad():
    rng = np.random.default_rng(0)
    quad, place = rng.normal(0, 1, (1, 4, 3)) + [[[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]]], np.array([[0.3, 0.6]])
    turn = np.linalg.qr(rng.normal(0, 1, (3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    for before, after in zip(frames(quad, place), frames(quad @ turn.T, place)):
        np.testing.assert_allclose(before @ turn.T, after, atol=1e-6)
        assert np.linalg.norm(after) == pytest.approx(1.0, abs=1e-6)


def grid_positions(size, corners, number, cage_vertices, ends):
    """Position of a vertex of Blender's numbering on two unit squares side by side."""
    points = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (2, 0), (2, 1)], float)
    if number < cage_vertices:
        return points[number]
    number -= cage_vertices
    if number < len(ends) * (size - 1):
        edge, step = divmod(number, size - 1)
        first, second = points[ends[edge]]
        return first + (second - first) * (step + 1) / size
    face, rest = divmod(number - len(ends) * (size - 1), (size - 1) ** 2)
    y, x = divmod(rest, size - 1)
    return points[corners[face, 0]] + np.array([x + 1, y + 1]) / size


@pytest.mark.parametrize("level", range(LEVELS))
def test_vertices_around_a_place_are_the_corners_of_its_cell(level):
    corners = np.array([(0, 1, 2, 3), (1, 4, 5, 2)], np.int32)
    ends = np.array([(1, 0), (1, 2), (3, 2), (0, 3), (4, 1), (5, 4), (2, 5)], np.int32)  # some against the faces
    edges = np.array([(0, 1, 2, 3), (4, 5, 6, 1)], np.int32)
    cage = Cage(6, corners, edges, ends)
    rng = np.random.default_rng(level)
    face, place = rng.integers(0, 2, 40).astype(np.int32), rng.random((40, 2)).astype(np.float32)
    found = Attachment(face, place)
    size = 2**level
    for row, numbers in enumerate(grid_vertices(cage, found, level)):
        low = np.floor(place[row] * size) / size + [face[row], 0]
        wanted = low + np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) / size
        got = [grid_positions(size, corners, number, 6, ends) for number in numbers]
        np.testing.assert_allclose(got, wanted, atol=1e-6)

