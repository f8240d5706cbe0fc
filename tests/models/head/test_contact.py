"""Sheets that are pushed through each other, and the solver behind them, against closed forms."""

import numpy as np
import pytest
from furrow.core.mesh.contact_solver import nonnegative_minimum
from furrow.core.mesh.contacts import GAP, Ball, closest_on_segments, closest_on_triangle, contacts, make_patch
from furrow.core.mesh.intersections import crossing_pairs
from furrow.models.head.contact import untangled
from scipy.optimize import minimize, nnls


def _two_sheets(distance):
    """Points and quads of two squares of 9 x 9 vertices, one above the other."""
    x, y = np.meshgrid(np.arange(9.0), np.arange(9.0))
    low = np.column_stack([x.ravel(), y.ravel(), np.zeros(81)])
    index = np.arange(81).reshape(9, 9)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    return np.concatenate([low, low + [0.3, 0.2, distance]]), np.concatenate([quads, quads + 81])


@pytest.fixture(scope="module")
def sheets():
    points, quads = _two_sheets(2.0)
    return points, make_patch(quads, np.ones(len(points), bool))


def test_a_dent_that_would_pass_through_a_sheet_pushes_it_aside(sheets):
    points, patch = sheets
    dent = np.zeros_like(points)
    dent[81:, 2] = -3.0 * np.exp(-((points[81:, :2] - 4.0) ** 2).sum(1) / 5.0)
    assert len(crossing_pairs(points + dent, patch.triangles)) > 10
    change = untangled(patch, points, dent[None], np.zeros((1, 1)), np.ones((1, 1)))[0]
    after = points + dent + change
    assert len(crossing_pairs(after, patch.triangles)) == 0
    middle = [40, 121]
    assert after[121, 2] - after[40, 2] == pytest.approx(GAP, abs=0.06)
    # both give way alike, and skin far from the dent stays
    assert change[middle, 2].sum() == pytest.approx(0.0, abs=0.25)
    assert np.abs(change[[0, 8, 72, 80]]).max() < 0.1


def test_shapes_that_go_together_are_whole_alone_and_together(sheets):
    points, patch = sheets
    left, right = (np.exp(-((points[:, :2] - [x, 4.0]) ** 2).sum(1) / 4.0) for x in (2.5, 5.5))
    upper = points[:, 2] > 1
    shapes = np.zeros((2, len(points), 3))
    shapes[0, :, 2], shapes[1, :, 2] = np.where(upper, -1.4 * left, 0.6 * left), np.where(upper, -1.4 * right, 0)
    poses = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    crossings = [len(crossing_pairs(points + np.tensordot(p, shapes, 1), patch.triangles)) for p in poses]
    assert crossings[2] > 0
    shapes += untangled(patch, points, shapes, np.zeros_like(poses), poses)
    for pose in poses:
        assert len(crossing_pairs(points + np.tensordot(pose, shapes, 1), patch.triangles)) == 0


def test_every_near_vertex_and_triangle_is_a_contact(sheets):
    """Against all of them, with the distance by a fine grid of places on the triangle."""
    points, patch = sheets
    points = points * [1.0, 1.0, 0.15]
    found = contacts(patch, points, np.zeros_like(points), 0.4)
    pairs = found.weights[:, 0] == 1.0
    seen = {(v[0], frozenset(v[1:])) for v in found.vertices[pairs].tolist()}
    u, v = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21))
    grid = np.column_stack([(1 - u - v).ravel(), u.ravel(), v.ravel()])
    grid = grid[grid[:, 0] >= -1e-9]
    wanted = set()
    for corners in patch.triangles:
        places = grid @ points[corners]
        for vertex in np.flatnonzero(np.linalg.norm(points - places.mean(0), axis=1) < 2.0):
            if vertex not in corners and np.linalg.norm(places - points[vertex], axis=1).min() < 0.38:
                wanted.add((int(vertex), frozenset(corners.tolist())))
    assert len(wanted) > 100 and wanted <= seen
    assert (found.distance < 0.4).all()


def test_nothing_changes_where_nothing_meets(sheets):
    points, patch = sheets
    shape = np.zeros_like(points)
    shape[81:, 2] = -1.0
    np.testing.assert_array_equal(untangled(patch, points, shape[None], np.zeros((1, 1)), np.ones((1, 1))), 0.0)


def test_a_correction_does_not_push_skin_into_a_ball(sheets):
    points, patch = sheets
    ball = Ball(np.array([4.0, 4.0, -3.0]), 2.9)
    dent = np.zeros((1, *points.shape))
    dent[0, 81:, 2] = -3.0 * np.exp(-((points[81:, :2] - 4.0) ** 2).sum(1) / 5.0)
    nearest = []
    for obstacle in (None, ball):
        change = untangled(patch, points, dent, np.zeros((1, 1)), np.ones((1, 1)), ball=obstacle)[0]
        after = points + dent[0] + change
        assert len(crossing_pairs(after, patch.triangles)) == 0
        nearest.append(np.linalg.norm(after - ball.centre, axis=1).min())
    assert nearest[0] < 2.7 and nearest[1] > 2.88


def test_nonnegative_minimum_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    factor, wanted = rng.normal(0, 1, (40, 25)), rng.normal(0, 1, 40)
    found = nonnegative_minimum(factor.T @ factor, factor.T @ wanted, np.zeros(25))
    expected, _ = nnls(factor, wanted)
    assert 5 < (expected > 0).sum() < 20
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_closest_places_are_those_of_a_search():
    rng = np.random.default_rng(2)
    for corners, point in zip(rng.normal(0, 1, (12, 3, 3)), rng.normal(0, 1, (12, 3)), strict=True):
        u, v = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201))
        inside = u + v <= 1
        weights = np.column_stack([1 - u[inside] - v[inside], u[inside], v[inside]])
        nearest = np.linalg.norm(weights @ corners - point, axis=1).min()
        found = closest_on_triangle(point[None], corners[None])[0]
        assert found.min() >= 0 and found.sum() == pytest.approx(1.0)
        assert np.linalg.norm(found @ corners - point) == pytest.approx(nearest, abs=5e-3)
    a, b, c, d = np.array([[0.0, 0, 0]]), np.array([[2.0, 0, 0]]), np.array([[0.5, -1, 1]]), np.array([[0.9, 2, 1.5]])
    s, t, within = closest_on_segments(a, b, c, d)

    def length(share):
        return ((a + share[0] * (b - a) - c - share[1] * (d - c)) ** 2).sum()

    np.testing.assert_allclose([s[0], t[0]], minimize(length, [0.5, 0.5]).x, atol=1e-4)
    assert within[0]
