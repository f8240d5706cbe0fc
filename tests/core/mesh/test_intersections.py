"""Crossing triangles against constructed meshes and a dense sampling of segments."""

import numpy as np
from furrow.core.mesh.intersections import crossing_pairs, crossing_search, meeting_boxes
from furrow.core.mesh.operators import quads_to_triangles


def test_triangles_that_pierce_each_other_are_found_and_near_ones_are_not():
    flat = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0]], float)
    upright = np.array([[1, 1, -1], [1, 1, 1], [2, 1, 1]], float)
    points = np.concatenate([flat, upright, upright + [10, 0, 0], upright + [0, 0, 1.5]])
    triangles = np.arange(12).reshape(4, 3)
    # the first upright one and its raised copy lie in one plane and do not count
    np.testing.assert_array_equal(crossing_pairs(points, triangles), [[0, 1]])


def test_neighbours_count_only_where_they_fold_through_each_other():
    square = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]], float)
    assert len(crossing_pairs(square, np.array([[0, 1, 2], [0, 2, 3]]))) == 0
    # two triangles that share corner 0: the far edge of the second passes through the first
    points = np.array([[0, 0, 0], [4, -1, 0], [4, 1, 0], [2, 0, 1], [2, 0, -1]], float)
    triangles = np.array([[0, 1, 2], [0, 3, 4]])
    np.testing.assert_array_equal(crossing_pairs(points, triangles), [[0, 1]])
    points[3:, 0] = -2.0
    assert len(crossing_pairs(points, triangles)) == 0


def _crosses_by_sampling(first, second):
    """Whether an edge of one triangle changes sides inside of the other, from barycentric coordinates at the plane."""
    for one, other in ((first, second), (second, first)):
        normal = np.cross(other[1] - other[0], other[2] - other[0])
        for k in range(3):
            a, b = one[k], one[(k + 1) % 3]
            da, db = (a - other[0]) @ normal, (b - other[0]) @ normal
            if da * db >= 0:
                continue
            at = a + da / (da - db) * (b - a)
            weights = np.linalg.lstsq(np.vstack([other.T, np.ones(3)]), np.append(at, 1.0), rcond=None)[0]
            if (weights > 0).all():
                return True
    return False


def test_random_triangles_agree_with_barycentric_coordinates():
    rng = np.random.default_rng(4)
    points = rng.normal(0, 1, (60, 3, 3)) * 0.7 + rng.normal(0, 1, (60, 1, 3))
    found = crossing_pairs(points.reshape(-1, 3), np.arange(180).reshape(60, 3))
    wanted = [(i, j) for i in range(60) for j in range(i + 1, 60) if _crosses_by_sampling(points[i], points[j])]
    assert len(wanted) > 40
    assert [tuple(pair) for pair in found.tolist()] == wanted


def test_meeting_boxes_are_those_of_the_definition():
    rng = np.random.default_rng(7)
    low, other = rng.uniform(0, 5, (40, 3)), rng.uniform(0, 5, (50, 3))
    high, other_high = low + rng.uniform(0, 2, (40, 3)), other + rng.uniform(0, 2, (50, 3))
    meet = ((low[:, None] <= other_high) & (other <= high[:, None])).all(2)
    i, j = meeting_boxes(low, high, other, other_high)
    found = np.zeros_like(meet)
    found[i, j] = True
    np.testing.assert_array_equal(found, meet)
    assert len(i) == meet.sum() > 30


def test_a_search_of_one_mesh_finds_what_a_search_of_its_triangles_does():
    """A sheet that is crumpled until it folds through itself, near and far."""
    side = 12
    x, y = np.meshgrid(np.arange(side, dtype=float), np.arange(side, dtype=float))
    flat = np.column_stack([x.ravel(), y.ravel(), np.zeros(side**2)])
    index = np.arange(side**2).reshape(side, side)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    search, triangles = crossing_search(quads, len(flat)), quads_to_triangles(quads)
    np.testing.assert_array_equal(search.triangles, triangles)
    rng, counts = np.random.default_rng(3), []
    for crumpled in np.linspace(0.0, 0.7, 8):
        rolled = flat.copy()
        rolled[:, 0], rolled[:, 2] = 2.0 * np.sin(flat[:, 0] / 2.0), 2.0 * np.cos(flat[:, 0] / 2.0)
        points = rolled + crumpled * rng.normal(size=flat.shape)
        found = search.pairs(points)
        np.testing.assert_array_equal(found, crossing_pairs(points, triangles))
        counts.append(len(found))
    assert counts[0] == 0 and counts[-1] > 100
    # all kinds: without a common corner and with one
    shared = (triangles[found[:, 0]][:, :, None] == triangles[found[:, 1]][:, None, :]).sum((1, 2))
    assert (shared == 0).sum() > 20 and (shared == 1).sum() > 20
