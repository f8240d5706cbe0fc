"""Curves as a basis: distances and places against closed forms, on lines and circles."""

import numpy as np
import pytest
from curve_reference import basis_matrix
from furrow.core.detail.curve_gains import SETTINGS, columns
from furrow.core.wrinkles import curve_basis
from furrow.core.wrinkles.curve_basis import blocks_near, draw, texels_near

MM = 200.0  # the chart is 200 mm wide
METRIC = np.array([MM**2, 0.0, MM**2])


def centres(size):
    at = (np.arange(size) + 0.5) / size
    return np.stack(np.meshgrid(at, 1.0 - at), axis=-1).reshape(-1, 2)


def circle(radius_mm, count=200):
    angle = np.linspace(0.2, 2.9, count)
    return 0.5 + radius_mm / MM * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def near(uv, reach, size, metric=METRIC):
    count = len(uv)
    return texels_near(uv, np.tile(metric, (count, 1)), np.array([0, count]), np.full(count, reach), size)


def test_distance_to_a_circle_is_the_difference_of_radii():
    size, radius, reach = 256, 60.0, 8.0
    found = near(circle(radius), reach, size)
    offset = (centres(size)[found.texel] - 0.5) * MM
    # counter-clockwise with v up: the inside is on the left
    assert np.abs(found.distance - (radius - np.linalg.norm(offset, axis=1))).max() < 0.02


def test_every_texel_near_a_curve_is_found_exactly_once():
    size, radius, reach = 256, 60.0, 8.0
    found = near(circle(radius), reach, size)
    offset = (centres(size) - 0.5) * MM
    away = np.abs(np.linalg.norm(offset, axis=1) - radius)
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    expected = np.flatnonzero((away < reach - 0.05) & (angle > 0.21) & (angle < 2.89))
    assert len(np.unique(found.texel)) == len(found.texel)
    assert np.isin(expected, found.texel).all()
    allowed = (away < reach + 0.05) & (angle > 0.17) & (angle < 2.93)
    assert allowed[found.texel].all()


def test_distance_is_in_millimetres_of_a_stretched_and_sheared_chart():
    jacobian = np.array([[150.0, 40.0], [0.0, 260.0]])
    first_form = jacobian.T @ jacobian
    uv = np.linspace([0.2, 0.3], [0.8, 0.6], 40)
    found = near(uv, 6.0, 200, np.array([first_form[0, 0], first_form[0, 1], first_form[1, 1]]))
    along = jacobian @ (uv[-1] - uv[0])
    along /= np.linalg.norm(along)
    offset = (centres(200)[found.texel] - uv[0]) @ jacobian.T
    across = along[0] * offset[:, 1] - along[1] * offset[:, 0]
    assert len(found.texel) > 500
    assert found.distance == pytest.approx(across, abs=0.01)


def test_amplitudes_are_interpolated_along_a_curve():
    size = 200
    uv = np.linspace([0.1, 0.5025], [0.9, 0.5025], 21)
    amplitude = np.linspace(0.0, 1.0, 21) ** 2
    drawn = draw([near(uv, 2.0, size)], lambda block: np.ones(len(block.texel), np.float32), amplitude[None], size)[0]
    row = int((1.0 - 0.5025) * size)
    u = (np.arange(size) + 0.5) / size
    inside = (u > 0.11) & (u < 0.89)
    assert drawn[row, inside] == pytest.approx(np.interp(u, uv[:, 0], amplitude)[inside], abs=1e-4)
    assert drawn[: row - 3].max() == 0.0 and drawn[row + 4 :].max() == 0.0


def tangled(size, seed=0):
    """Two curves with bends of up to a right angle on a stretched, sheared and changing chart."""
    rng = np.random.default_rng(seed)
    angle = np.cumsum(rng.uniform(-1.2, 1.2, 24))
    walk = np.cumsum(0.03 * np.stack([np.cos(angle), np.sin(angle)], axis=-1), axis=0)
    uv = np.concatenate([walk - walk.mean(0) + 0.5, [[0.1, 0.9], [0.1, 0.7], [0.3, 0.7], [0.95, 0.7]]])
    jacobian = np.array([[150.0, 40.0], [0.0, 260.0]]) * rng.uniform(0.8, 1.2, (len(uv), 1, 1))
    form = jacobian.transpose(0, 2, 1) @ jacobian
    metric = np.stack([form[:, 0, 0], form[:, 0, 1], form[:, 1, 1]], axis=-1)
    return uv, metric, np.array([0, 24, 28]), rng.uniform(1.0, 5.0, len(uv)), size


def searched(uv, metric, start, reach, size):
    """Texel, point, fraction and distance of every pair, by looking at every texel for every segment."""
    form = np.stack([metric[:, [0, 1]], metric[:, [1, 2]]], axis=1)
    at, found = centres(size), []
    for first, last in zip(start[:-1], start[1:]):
        chords = np.diff(uv[first:last], axis=0)
        chords /= np.linalg.norm(chords, axis=1, keepdims=True)
        along = np.concatenate([chords[:1], chords[1:] + chords[:-1], chords[-1:]])
        for k in range(last - first - 1):
            p = first + k
            planes = [form[p + j] @ along[k + j] for j in (0, 1)]
            after, before = ((at - uv[p + j]) @ planes[j] / np.linalg.norm(planes[j]) for j in (0, 1))
            mean, chord = 0.5 * (form[p] + form[p + 1]), uv[p + 1] - uv[p]
            offset = at - uv[p]
            turned = chord[0] * offset[:, 1] - chord[1] * offset[:, 0]
            distance = turned * np.sqrt(np.linalg.det(mean) / (chord @ mean @ chord))
            rows = np.flatnonzero((after >= 0) & (before < 0) & (np.abs(distance) < max(reach[p : p + 2])))
            fraction = after[rows] / (after - before)[rows]
            found.append(np.column_stack([rows, np.full(len(rows), p), fraction, distance[rows]]))
    return np.concatenate(found)


@pytest.mark.parametrize("size", [64, 150])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_texels_are_those_that_a_search_of_the_whole_map_finds(size, seed):
    given = tangled(size, seed)
    found = texels_near(*given)
    found = np.column_stack([found.texel, found.point, found.fraction, found.distance])
    expected = searched(*given)
    assert len(expected) > 0.05 * size**2
    # on the outside of a bend a slab ends at ``BEND`` times its reach: at right angles its corner is missing
    found, expected = ({(int(r[0]), int(r[1])): r[2:] for r in rows} for rows in (found, expected))
    assert set(found) <= set(expected)
    assert len(found) > 0.995 * len(expected)
    both = np.array([[found[pair], expected[pair]] for pair in found])
    assert np.abs(both[:, 0] - both[:, 1]).max() < 1e-4


def test_drawing_is_the_product_with_the_basis():
    given = tangled(96)
    found = texels_near(*given)
    amplitudes = np.random.default_rng(1).standard_normal((2, len(given[0])))

    def profile(block):
        return np.cos(block.distance) + block.point.astype(np.float32)

    product = basis_matrix(found, profile(found), len(given[0]), 96) @ amplitudes.T
    drawn = draw(blocks_near(*given), profile, amplitudes, 96)
    assert drawn.reshape(2, -1).T == pytest.approx(product, abs=1e-4)
    assert not draw(blocks_near(*given), profile, 0 * amplitudes, 96).any()


def test_blocks_change_nothing(monkeypatch):
    given = tangled(150)
    amplitudes = np.random.default_rng(2).random((2, len(given[0])))
    drawn = []
    for block in (1, 500, 10**9):
        monkeypatch.setattr(curve_basis, "BLOCK", block)
        blocks = list(blocks_near(*given))
        drawn.append(draw(blocks, lambda b: b.distance, amplitudes, 150))
        assert (len(blocks) == 1) == (block == 10**9)
    assert np.array_equal(drawn[0], drawn[1]) and np.array_equal(drawn[0], drawn[2])


def test_only_wanted_segments_are_looked_at():
    given = tangled(150)
    wanted = np.zeros(len(given[0]), bool)
    wanted[[5, 24]] = True
    points = np.concatenate([block.point for block in blocks_near(*given, wanted)])
    assert set(points.tolist()) == {4, 5, 24}


@pytest.mark.parametrize("end", [[0.8, 0.5], [0.5, 0.8], [0.5, 0.2], [0.2, 0.5], [0.5 + 1e-13, 0.8]])
def test_curves_along_rows_and_columns_are_found_in_full(end):
    size, reach = 100, 9.0
    found = near(np.linspace([0.5, 0.5], end, 7), reach, size)
    # 60 mm long and 18 mm wide, texels 2 mm wide
    assert len(found.texel) == len(np.unique(found.texel)) == pytest.approx(30 * 9, abs=30)
    assert np.abs(found.distance).max() > reach - 2.0 and np.isfinite(found.fraction).all()


def test_a_curve_at_the_border_stays_inside_the_map():
    found = near(np.linspace([0.0, 0.001], [0.3, 0.001], 20), 10.0, 64)
    assert len(found.texel) and found.texel.min() >= 0 and found.texel.max() < 64 * 64


def test_no_texels_when_a_curve_lies_outside_the_map():
    assert len(near(np.linspace([1.5, 1.5], [1.8, 1.5], 10), 3.0, 64).texel) == 0


def test_columns_of_whole_curves_are_sums_of_the_basis():
    uv, metric, start, _, size = tangled(96)
    depth = np.random.default_rng(3).random(len(uv))
    found = texels_near(uv, metric, start, np.full(len(uv), SETTINGS.reach), size)
    across = np.exp(-0.5 * (found.distance / SETTINGS.profile) ** 2)
    basis = basis_matrix(found, across, len(uv), size)
    expected = np.column_stack([basis[:, a:b] @ depth[a:b] for a, b in zip(start[:-1], start[1:])])
    assert np.abs(expected).max() > 0.3
    assert columns(uv, metric, start, depth, size).toarray() == pytest.approx(expected, abs=1e-5)
