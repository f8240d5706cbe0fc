"""The rasteriser against a brute-force reference, and the UV raster against the chart."""

import gc
from dataclasses import replace

import numpy as np
from dome import dome_model, dome_view
from furrow.core.head import raster as raster_module
from furrow.core.head.model import HeadTopology
from furrow.core.head.raster import fill_outside, rasterize, rasterize_view, uv_in_view, uv_raster


def brute_force(xy, depth, triangles, width, height):
    """Nearest triangle per pixel by solving the 3x3 barycentric system for every pixel and triangle."""
    centre = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5) + [np.ones((height, width))], -1)
    inverse = np.linalg.inv(np.concatenate([xy[triangles], np.ones((len(triangles), 3, 1))], -1).transpose(0, 2, 1))
    screen = np.einsum("tij,hwj->thwi", inverse, centre)
    inside = (screen >= 0).all(-1)
    inverse_depth = np.einsum("thwi,ti->thw", screen, 1.0 / depth[triangles])
    inverse_depth = np.where(inside, inverse_depth, -np.inf)
    nearest = inverse_depth.argmax(0)
    picked = np.take_along_axis(screen, nearest[None, ..., None], 0)[0] / depth[triangles][nearest]
    hit = inside.any(0)
    return np.where(hit, nearest, -1), np.where(hit[..., None], picked / picked.sum(-1, keepdims=True), 0.0)


def grid_topology(n=4):
    """A square head part in the xy plane with u, v = x, y, over [0.1, 0.9]."""
    line = np.linspace(0.1, 0.9, n)
    xy = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    index = np.arange(n * n, dtype=np.int32).reshape(n, n)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    topology = HeadTopology(
        faces=quads, face_part=np.zeros(len(quads), np.int32), part_start=np.array([0] + [n * n] * 5, np.int32),
        uv=xy[quads].astype(np.float32), mirror=index[:, ::-1].ravel(), skin_weights=np.ones((n * n, 6), np.float32),
        region_names=(), region_masks=np.zeros((0, n * n), np.float32),
        wrinkle_normals=np.zeros((2, n * n, 3), np.float32),
    )
    return topology, xy


def test_random_triangles_match_brute_force():
    rng = np.random.default_rng(1)
    xy = rng.uniform(-8, 48, (60, 2))
    depth = rng.uniform(200, 600, 60)
    triangles = rng.integers(0, 60, (50, 3))
    triangles = triangles[(np.diff(np.sort(triangles, 1), axis=1) > 0).all(1)]
    found, barycentric = rasterize(xy, depth, triangles, 40, 36)
    expected, expected_barycentric = brute_force(xy, depth, triangles, 40, 36)
    assert (found >= 0).sum() > 800
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(barycentric, expected_barycentric, atol=2e-4)


def test_perspective_interpolation_follows_the_plane():
    points = np.array([[-60.0, -50, 300], [80, -40, 700], [-10, 70, 450]])
    xy = 100 * points[:, :2] / points[:, 2:] + 20
    raster = rasterize_view(points, xy, np.array([[0, 1, 2]]), 40, 40)
    seen = raster.sample(points)[raster.covered]
    rows, columns = np.nonzero(raster.covered)
    assert len(seen) > 100
    np.testing.assert_allclose(100 * seen[:, :2] / seen[:, 2:] + 20, np.stack([columns, rows], -1) + 0.5, atol=1e-3)


def test_a_triangulated_area_has_no_cracks_or_leaks():
    rng = np.random.default_rng(2)
    n = 30
    grid = np.stack(np.meshgrid(np.linspace(2, 98, n), np.linspace(2, 98, n)), -1)
    grid[1:-1, 1:-1] += rng.uniform(-1, 1, (n - 2, n - 2, 2))
    index = np.arange(n * n).reshape(n, n)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    found, barycentric = rasterize(grid.reshape(-1, 2), np.ones(n * n), triangles, 100, 100)
    expected = np.zeros((100, 100), bool)
    expected[2:98, 2:98] = True
    np.testing.assert_array_equal(found >= 0, expected)
    np.testing.assert_allclose(barycentric.sum(-1)[expected], 1, atol=1e-5)


def test_points_behind_the_camera_and_degenerate_triangles_are_left_out():
    xy = np.array([[0, 0], [10, 0], [0, 10], [5, 5], [np.nan, 1]], float)
    depth = np.array([100, 100, -5, 100, 100.0])
    found, _ = rasterize(xy, depth, np.array([[0, 1, 2], [0, 1, 1], [0, 3, 4]]), 10, 10)
    assert (found == -1).all()


def test_uv_raster_puts_row_zero_at_the_top_of_the_chart_and_is_kept():
    topology, xy = grid_topology()
    raster = uv_raster(topology, 64)
    assert uv_raster(topology, 64) is raster
    uv = raster.sample(xy)
    rows, columns = np.nonzero(raster.covered)
    expected = np.stack([(columns + 0.5) / 64, 1 - (rows + 0.5) / 64], -1)
    np.testing.assert_allclose(uv[raster.covered], expected, atol=1e-5)
    key = (id(topology), 64)
    del topology
    gc.collect()
    assert key not in raster_module._uv_rasters


def test_a_triangle_stored_as_a_quad_is_drawn_once():
    topology, xy = grid_topology(2)
    faces = np.array([[0, 1, 3, 3]], np.int32)
    uv = np.array([[xy[0], xy[1], xy[3], xy[3]]], np.float32)
    triangle = HeadTopology(**{**vars(topology), "faces": faces, "uv": uv})
    raster = uv_raster(triangle, 32)
    assert len(raster.triangles) == 1
    assert abs(raster.covered.mean() - 0.32) < 0.03


def test_fill_outside_copies_the_nearest_covered_texel():
    covered = np.zeros((5, 20), bool)
    covered[:, 4] = covered[:, 12] = True
    image = np.where(covered, np.arange(20.0)[None, :], 0.0)
    filled = fill_outside(image, covered)
    np.testing.assert_array_equal(filled[2, [0, 4, 7, 9, 12, 19]], [4, 4, 4, 12, 12, 12])
    near = fill_outside(image, covered, distance=2)
    np.testing.assert_array_equal(near[2, [1, 2, 6, 7, 10]], [0, 4, 4, 0, 12])


def test_chart_coordinates_in_a_view_and_what_hides_the_head():
    model, view = dome_model(), dome_view(20)
    topology = model.topology
    points = view.pose.apply(model.mean.astype(np.float64))
    raster, uv = uv_in_view(topology, points, view.camera.project(points), 480, 480)
    corner_uv = np.zeros((topology.vertex_count, 2))
    corner_uv[topology.faces.ravel()] = topology.uv.reshape(-1, 2)  # the dome's chart has no cuts
    assert raster.covered.mean() > 0.05
    np.testing.assert_allclose(uv[raster.covered], raster.sample(corner_uv)[raster.covered], atol=1e-5)
    assert not uv[~raster.covered].any()
    # an eye before the face: what it hides is not the head's
    count = topology.vertex_count
    plate = np.array([[-15, -15, 90], [15, -15, 90], [15, 15, 90], [-15, 15, 90]], float)
    points = view.pose.apply(np.concatenate([model.mean, plate]))
    hidden = replace(
        topology,
        faces=np.concatenate([topology.faces, np.arange(count, count + 4, dtype=np.int32)[None]]),
        face_part=np.append(topology.face_part, 1).astype(np.int32),
        part_start=np.array([0, count] + [count + 4] * 4, np.int32),
        uv=np.concatenate([topology.uv, np.zeros((1, 4, 2), np.float32)]),
    )
    behind, _ = uv_in_view(hidden, points, view.camera.project(points), 480, 480)
    x, y = view.camera.project(points[count:].mean(0, keepdims=True))[0].astype(int)
    assert raster.covered[y, x] and not behind.covered[y, x]
    assert behind.covered.sum() > 0.5 * raster.covered.sum()


def test_without_depths_the_later_triangle_lies_on_top():
    xy = np.array([[0, 0], [20, 0], [0, 20], [20, 20]], float)
    triangles = np.array([[0, 1, 2], [1, 3, 2], [0, 1, 3]])
    found, barycentric = rasterize(xy, None, triangles, 20, 20)
    x, y = np.meshgrid(np.arange(20) + 0.5, np.arange(20) + 0.5)
    np.testing.assert_array_equal(found, np.where(x >= y, 2, np.where(x + y < 20, 0, 1)))
    alone = rasterize(xy, None, triangles[2:], 20, 20)[1]
    np.testing.assert_array_equal(barycentric[found == 2], alone[found == 2])


def test_covered_pixels_have_the_weighted_sum_of_their_corners():
    topology, xy = grid_topology()
    raster = uv_raster(topology, 48)
    values = np.random.default_rng(3).normal(size=(len(xy), 2)).astype(np.float32)
    expected = sum(values[raster.corners[:, k]] * raster.weights[:, k, None] for k in range(3))
    np.testing.assert_allclose(raster.sample_covered(values), expected, atol=1e-6)
    np.testing.assert_allclose(raster.sample(values[:, 0])[raster.covered], expected[:, 0], atol=1e-6)
