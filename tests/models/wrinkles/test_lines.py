"""Lines that are drawn for each layout: frown lines, lip lines, rows of the forehead, the fan at the eye."""

import numpy as np
import pytest
from furrow.core.wrinkles.maps import PRIMARY, load_atlas
from furrow.models.wrinkles import line_seeds
from furrow.models.wrinkles.face_frame import CANTHUS
from furrow.models.wrinkles.frown_lines import trace_frown_lines
from furrow.models.wrinkles.groups import GROUPS
from furrow.models.wrinkles.lip_lines import trace_lip_lines
from furrow.models.wrinkles.surface_grid import surface_grid

GROUP = {group.name: group for group in GROUPS}
FACES = 40


@pytest.fixture(scope="module")
def grid(model):
    return surface_grid(model.topology, model.mean)


@pytest.fixture(scope="module")
def frowns(grid):
    """Main frown lines (n, 3) in the face frame of many faces, with their strength."""
    faces = []
    for seed in range(FACES):
        lines = trace_frown_lines(GROUP["glabella"], grid, np.random.default_rng(seed))
        faces.append([(_frame(line, grid), line.strength) for line in lines if not line.secondary])
    return faces


def _frame(line, grid):
    columns, rows = line.points.T.astype(int)
    return grid.frame[rows, columns]


def test_people_have_one_to_three_frown_lines(frowns):
    counts = np.bincount([len(face) for face in frowns], minlength=4)
    assert len(counts) == 4 and counts[0] == 0
    assert counts[2] > counts[3] > counts[1] > 0


def test_frown_lines_rise_between_the_brows_and_are_unequal(frowns):
    for face in frowns:
        for points, strength in face:
            assert np.abs(points[:, 0]).max() < 14.0 and points[:, 1].min() > 2.0 and points[:, 1].max() < 45.0
            assert np.ptp(points[:, 1]) > 1.5 * np.ptp(points[:, 0])
            assert strength[0] < 0.3 * strength.max() and strength[-1] < 0.3 * strength.max()
    pairs = [face for face in frowns if len(face) == 2]
    ratio = [min(a[1].max(), b[1].max()) / max(a[1].max(), b[1].max()) for a, b in pairs]
    assert np.median(ratio) < 0.85
    # no mirror images: the feet are at different distances from the midline
    feet = np.array([[abs(points[0, 0]) for points, _ in face] for face in pairs])
    assert np.median(np.abs(feet[:, 0] - feet[:, 1])) > 0.5


def test_frown_lines_of_different_people_differ(frowns):
    top = np.array([max(points[:, 1].max() for points, _ in face) for face in frowns])
    foot = np.array([face[0][0][0, 0] for face in frowns])
    assert top.std() > 1.5 and foot.std() > 1.5
    bow = [points[len(points) // 2, 0] - 0.5 * (points[0, 0] + points[-1, 0]) for face in frowns for points, _ in face]
    assert np.std(bow) > 0.3


def test_lip_lines_start_on_the_red_and_fade_into_the_skin(model, grid):
    lips = grid.raster.sample(model.topology.region("lips")[:, None])[..., 0]
    lengths = []
    for seed in range(12):
        for line in trace_lip_lines(GROUP["perioral"], grid, np.random.default_rng(seed)):
            columns, rows = line.points.T.astype(int)
            assert lips[rows[0], columns[0]] > lips[rows[-1], columns[-1]] and lips[rows[-1], columns[-1]] < 0.1
            assert line.strength[-1] < 0.15 * line.strength.max()
            assert line.strength.argmax() < 0.6 * len(line.strength)
            points = _frame(line, grid)
            lengths.append(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1).sum())
    assert len(lengths) > 80
    # unlike a comb
    assert np.percentile(lengths, 90) > 1.8 * np.percentile(lengths, 10)


def test_rows_of_the_forehead_keep_their_distance():
    for seed in range(20):
        heights = np.sort([y for _, y in line_seeds.forehead(np.random.default_rng(seed))])
        assert 4 <= len(heights) <= 6
        assert 36.0 <= heights[0] and heights[-1] < 72.0 and np.diff(heights).min() > 6.0


def test_rays_at_the_eye_spread_and_close_in_on_its_corner():
    for seed in range(20):
        seeds = np.array(line_seeds.crows_feet(np.random.default_rng(seed))) - CANTHUS
        angles = np.degrees(np.arctan2(seeds[:, 1], seeds[:, 0]))
        assert 5 <= len(seeds) <= 7 and angles.min() < -40.0 and angles.max() > 25.0
        assert np.diff(np.sort(angles)).min() > 2.0
    at = np.array([[CANTHUS[0] + r, CANTHUS[1], 0.0] for r in (0.0, 10.0, 30.0)])
    assert (np.diff(GROUP["crows_feet"].spacing(at)) > 0).all()
    assert (GROUP["forehead"].spacing(at) == 1.0).all()
    assert GROUP["lips"].seeds(np.random.default_rng(0)) == []


@pytest.mark.parametrize(("group", "count", "length"), [("forehead", 4, 60.0), ("crows_feet", 6, 18.0)])
def test_every_layout_has_long_main_lines(assets, group, count, length):
    atlas = load_atlas(assets / "wrinkles.npz")
    chosen = (atlas.curve_group == atlas.group_names.index(group)) & (atlas.curve_rank == PRIMARY)
    step = np.diff(atlas.uv, axis=0)
    metric = atlas.metric[:-1]
    squared = (metric[:, 0] * step[:, 0] + 2.0 * metric[:, 1] * step[:, 1]) * step[:, 0] + metric[:, 2] * step[
        :, 1
    ] ** 2
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(squared))])
    mm = along[atlas.curve_start[1:] - 1] - along[atlas.curve_start[:-1]]
    for layout in range(4):
        assert (mm[chosen & (atlas.curve_layout == layout)] > length).sum() >= count
