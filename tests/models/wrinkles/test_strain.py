"""Strain, line directions and streamlines against closed forms on a sheet."""

import numpy as np
import pytest
from furrow.models.wrinkles import group_masks, line_directions
from furrow.models.wrinkles.fields import buckling_depth
from furrow.models.wrinkles.habits import BROW_RAISE
from furrow.models.wrinkles.line_directions import (
    anatomical_direction,
    blended_direction,
    compression_across,
    line_number,
    strain_direction,
    tangent_axes,
    to_vectors,
)
from furrow.models.wrinkles.line_group import LineGroup
from furrow.models.wrinkles.strain import expression_delta, log_strain
from furrow.models.wrinkles.streamlines import trace_group
from furrow.models.wrinkles.surface_grid import GRID_SIZE, SurfaceGrid

FOREHEAD = (group_masks.forehead, line_directions.along_brow)


def sheet(n=12):
    """A bumpy sheet of n x n vertices with its triangles."""
    x, y = np.meshgrid(np.linspace(-20, 20, n), np.linspace(-20, 20, n))
    points = np.stack([x, y, 3.0 * np.sin(0.1 * x) * np.cos(0.15 * y)], axis=-1).reshape(-1, 3)
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + n + 1, corner + n], axis=-1)
    return points, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def test_strain_of_a_flat_sheet_is_the_log_of_its_stretches():
    points, triangles = sheet()
    points[:, 2] = 0.0
    angle = 0.4
    u, v = np.array([np.cos(angle), np.sin(angle), 0]), np.array([-np.sin(angle), np.cos(angle), 0])
    stretch = 0.8 * np.outer(u, u) + 1.3 * np.outer(v, v) + np.outer([0, 0, 1], [0, 0, 1])
    expected = np.log(0.8) * np.outer(u, u) + np.log(1.3) * np.outer(v, v)
    strain = log_strain(points, points @ stretch.T, triangles)
    assert np.abs(strain - expected).max() < 1e-5


def test_a_rigid_move_strains_nothing():
    points, triangles = sheet()
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    assert np.abs(log_strain(points, points @ turn.T + 5.0, triangles)).max() < 1e-6


def test_lines_run_across_the_compression():
    points, triangles = sheet()
    points[:, 2] = 0.0
    axes = tangent_axes(np.tile([0.0, 0.0, 1.0], (len(points), 1)))
    angle = 1.1
    across = np.array([np.cos(angle), np.sin(angle), 0])
    squash = np.eye(3) - 0.3 * np.outer(across, across)
    strain = log_strain(points, points @ squash.T, triangles)
    direction, spread = strain_direction(strain, axes)
    lines = to_vectors(direction, axes)
    assert np.abs(lines @ across).max() < 1e-4
    assert spread == pytest.approx(-np.log(0.7), abs=1e-4)
    assert compression_across(strain, direction, axes) == pytest.approx(-np.log(0.7), abs=1e-4)
    assert compression_across(strain, -direction, axes) == pytest.approx(0.0, abs=1e-4)


def test_tangent_axes_are_an_orthonormal_frame_to_the_left_and_up():
    rng = np.random.default_rng(2)
    normals = rng.standard_normal((50, 3)) + [0, 0, 3.0]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    axes = tangent_axes(normals)
    frame = np.concatenate([axes, normals[:, None]], axis=1)
    assert np.abs(frame @ frame.transpose(0, 2, 1) - np.eye(3)).max() < 1e-9
    assert (axes[:, 0, 0] > 0).all() and (axes[:, 1, 1] > 0).all()


def test_strain_that_contradicts_anatomy_is_not_followed():
    anatomy = anatomical_direction(line_directions.along_brow, np.array([[0.0, 50.0, 20.0]]))
    axes = tangent_axes(np.array([[0.0, 0.0, 1.0]]))
    sideways = np.diag([-0.4, 0.0, 0.0])[None]
    assert blended_direction(anatomy, axes, sideways) == pytest.approx(1.0, abs=1e-9)
    tilt = np.array([np.sin(0.2), np.cos(0.2), 0.0])
    agreeing = (-0.4 * np.outer(tilt, tilt))[None]
    turned = blended_direction(anatomy, axes, agreeing)
    assert -0.2 < 0.5 * np.angle(turned)[0] < -0.05


def test_expression_delta_adds_named_shapes():
    basis = np.random.default_rng(3).standard_normal((3, 4, 3))
    delta = expression_delta({"b": 2.0, "c": -1.0}, basis, ("a", "b", "c"))
    assert delta == pytest.approx(2.0 * basis[1] - basis[2])
    with pytest.raises(KeyError):
        expression_delta({"d": 1.0}, basis, ("a", "b", "c"))


def test_depth_grows_with_the_root_of_the_strain_and_stops_at_the_cap():
    group = LineGroup("forehead", 1, BROW_RAISE, 10.0, 0.6, 1.0, 0.0, 5, 40, 0.1, *FOREHEAD)
    weak, strong = buckling_depth(group, np.array([1e-4, 4e-4])), buckling_depth(group, np.array([0.6]))
    assert weak[1] / weak[0] == pytest.approx(2.0, rel=0.01)
    assert weak[0] == pytest.approx(10.0 * 0.01 / np.pi, rel=0.01)
    assert 0.55 < strong[0] <= 0.6


def flat_grid(pitch=0.4):
    """A flat chart of ``pitch`` mm per texel, centred on the face's midline."""
    at = (np.arange(GRID_SIZE) + 0.5 - GRID_SIZE / 2) * pitch
    x, y = np.meshgrid(at, -at)
    frame = np.stack([x, y, np.full_like(x, 20.0)], axis=-1)
    axes = np.tile(np.eye(3)[:2], (GRID_SIZE, GRID_SIZE, 1, 1))
    step = np.tile(np.diag([1.0, -1.0]) / pitch, (GRID_SIZE, GRID_SIZE, 1, 1))
    shape = (GRID_SIZE, GRID_SIZE)
    return SurfaceGrid(None, frame, axes, step, np.full(shape, pitch), np.ones(shape, bool))


def traced(seed=0, bilateral=True, angle=0.3):
    grid = flat_grid()
    group = LineGroup("forehead", 1, BROW_RAISE, 8.0, 0.6, 1.0, 0.0, 4, 40, 0.1, *FOREHEAD, bilateral=bilateral)
    drive = np.where(np.hypot(*np.moveaxis(grid.frame[..., :2], -1, 0)) < 60.0, 0.3, 0.0)
    side = np.where(grid.frame[..., 0] < 0, -1.0, 1.0)
    direction = line_number(np.cos(angle) * side, np.full(drive.shape, np.sin(angle)))
    return trace_group(group, grid, direction, drive, np.random.default_rng(seed)), grid


def test_streamlines_follow_the_direction_and_keep_apart():
    lines, _ = traced(bilateral=False)
    primary = [line for line in lines if not line.secondary and (line.points[:, 0] > GRID_SIZE / 2).all()]
    assert len(primary) > 8
    chords = np.array([line.points[-1] - line.points[0] for line in primary])
    angles = np.arctan(-chords[:, 1] / chords[:, 0])
    assert np.abs(angles - 0.3).max() < 0.25 and np.median(angles) == pytest.approx(0.3, abs=0.06)
    middles = np.array([line.points[len(line.points) // 2] for line in primary]) * 0.4
    others = [np.concatenate([o.points for o in primary if o is not line]) * 0.4 for line in primary]
    gaps = [np.linalg.norm(other - middle, axis=1).min() for other, middle in zip(others, middles)]
    assert min(gaps) > 0.25 * 8.0 and 0.5 * 8.0 < np.median(gaps) < 1.5 * 8.0


def test_streamlines_fade_at_both_ends_and_stay_where_the_drive_is():
    lines, grid = traced()
    for line in lines:
        assert line.strength[[0, -1]].max() < 1e-9 * line.strength.max()  # nothing but rounding
        assert np.linalg.norm((line.points - GRID_SIZE / 2) * 0.4, axis=1).max() < 62.0


def test_the_other_side_is_alike_but_not_a_mirror_image():
    lines, _ = traced(bilateral=False)
    left = {line.pair: line for line in lines if line.points[:, 0].mean() > GRID_SIZE / 2}
    right = {line.pair: line for line in lines if line.points[:, 0].mean() < GRID_SIZE / 2}
    both = sorted(set(left) & set(right))
    assert len(both) > 0.5 * len(left) and len(both) < len(left)
    away = []
    for pair in both:
        image = left[pair].points * [-1.0, 1.0] + [GRID_SIZE, 0.0]
        gaps = np.linalg.norm(image[:, None] - right[pair].points[None], axis=-1).min(0) * 0.4
        away.append(gaps.mean())
    assert 0.1 < np.median(away) < 2.0


def test_streamlines_repeat_with_the_seed():
    first, second, other = traced(5)[0], traced(5)[0], traced(6)[0]
    assert len(first) == len(second)
    assert all(np.array_equal(a.points, b.points) for a, b in zip(first, second))
    assert len(first) != len(other) or not np.array_equal(first[0].points, other[0].points)
