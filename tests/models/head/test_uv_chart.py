"""The face-centred UV chart: no flips, no overlap, symmetric, evenly sized on the face."""

import numpy as np
import pytest
from furrow.models.head import uv_chart

SPLITS = ((0, 1, 2), (0, 2, 3), (0, 1, 3), (1, 2, 3))


@pytest.fixture(scope="module")
def chart(model):
    """Corner UVs (F, 4, 2) and quads (F, 4) of the skin."""
    skin = model.topology.face_part == 0
    return model.topology.uv[skin].astype(float), model.topology.faces[skin]


def _areas(corners):
    """(F,) signed areas of polygons (F, k, 2), shoelace formula."""
    following = np.roll(corners, -1, axis=1)
    return 0.5 * (corners[..., 0] * following[..., 1] - corners[..., 1] * following[..., 0]).sum(1)


def _areas_in_space(corners):
    a, b, c, d = (corners[:, i] for i in range(4))
    return 0.5 * (np.linalg.norm(np.cross(b - a, c - a), axis=1) + np.linalg.norm(np.cross(c - a, d - a), axis=1))


def _face_quads(model, quads):
    inside = sum(model.topology.region(name) for name in ("mouth_inner", "eye_socket_inner", "nostril"))
    return (model.topology.region("face")[quads].mean(1) > 0.5) & (inside[quads].max(1) < 0.1)


def test_no_quad_is_flipped_whichever_way_it_is_split(chart):
    uv, _ = chart
    assert min(_areas(uv[:, list(split)]).min() for split in SPLITS) > 0
    assert uv.min() >= 0 and uv.max() <= 1


def test_quads_do_not_overlap(chart):
    """Flip-free quads in disjoint places: their areas add up to the area that they cover together."""
    uv, _ = chart
    size = 1500
    grid = np.zeros((size, size), np.int32)
    # count how many triangles hold each of many sample points, each triangle tested on its own bounding box
    for split in SPLITS[:2]:
        for a, b, c in uv[:, list(split)] * size:
            low, high = np.floor(np.min([a, b, c], 0)).astype(int), np.ceil(np.max([a, b, c], 0)).astype(int)
            x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
            sides = [(q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) for p, q in ((a, b), (b, c), (c, a))]
            grid[low[1]: high[1], low[0]: high[0]] += np.min(sides, axis=0) > 0
    assert grid.max() == 1
    assert abs(grid.sum() / size**2 - _areas(uv).sum()) < 1e-3


def test_chart_is_mirror_symmetric(model, chart):
    uv, quads = chart
    corner = {(int(v), round(float(u[0]), 5), round(float(u[1]), 5)) for q, c in zip(quads, uv) for v, u in zip(q, c)}
    of_vertex = {}
    for v, u, height in corner:
        of_vertex.setdefault(v, []).append((u, height))
    for v, places in of_vertex.items():
        mirrored = sorted((1 - u, height) for u, height in of_vertex[int(model.topology.mirror[v])])
        np.testing.assert_allclose(sorted(places), mirrored, atol=3e-5)
    assert max(len(places) for places in of_vertex.values()) == 2
    split = [v for v, places in of_vertex.items() if len(places) == 2]
    assert (model.mean[split, 0] == 0).all() and (model.mean[split, 2] < 60).all()  # the seam is at the back
    # vertices of the face's midline lie on u = 0.5
    front = [v for v in of_vertex if model.mean[v, 0] == 0 and v not in split]
    np.testing.assert_allclose([of_vertex[v][0][0] for v in front], 0.5, atol=1e-6)


def test_face_is_large_and_even(model, chart):
    uv, quads = chart
    on_face = _face_quads(model, quads)
    flat, real = _areas(uv), _areas_in_space(model.mean[quads].astype(float))
    millimetres = np.sqrt(real / flat) / 1024
    order = np.argsort(millimetres[on_face])
    share = np.cumsum(real[on_face][order]) / real[on_face].sum()
    at = np.interp([0.5, 0.95], share, millimetres[on_face][order])
    assert at[0] < 0.34 and at[1] < 0.39  # mm per pixel at 1024
    assert np.sqrt(real[on_face].sum() / flat[on_face].sum()) / 1024 < 0.35
    assert flat[on_face].sum() > 0.5 * flat.sum()


def test_face_is_hardly_sheared(model, chart):
    uv, quads = chart
    on_face = _face_quads(model, quads)
    points, flat = model.mean[quads[on_face]].astype(float), uv[on_face]
    e1, e2 = points[:, 1] - points[:, 0], points[:, 3] - points[:, 0]
    x = np.linalg.norm(e1, axis=1)
    along = (e1 * e2).sum(1) / x
    height = np.linalg.norm(np.cross(e1, e2), axis=1) / x
    frame = np.stack([np.stack([x, 0 * x], 1), np.stack([along, height], 1)], 2)
    jacobian = np.stack([flat[:, 1] - flat[:, 0], flat[:, 3] - flat[:, 0]], 2) @ np.linalg.inv(frame)
    stretch = np.linalg.svd(jacobian, compute_uv=False)
    area = _areas_in_space(points)
    order = np.argsort(stretch[:, 0] / stretch[:, 1])
    share = np.cumsum(area[order]) / area.sum()
    median, most = np.interp([0.5, 0.9], share, (stretch[:, 0] / stretch[:, 1])[order])
    assert median < 1.3 and most < 1.6


def test_derivatives_of_the_energy_agree_with_finite_differences():
    rng = np.random.default_rng(0)
    jacobians = np.eye(2) + rng.normal(0, 0.2, (6, 2, 2))
    jacobians = jacobians[np.linalg.det(jacobians) > 0.1]

    def density(of):
        return (of**2).sum((1, 2)) + (np.linalg.inv(of) ** 2).sum((1, 2))

    gradient, hessian = uv_chart._derivatives(jacobians)
    step = 1e-4
    for entry in range(4):
        change = np.zeros((2, 2))
        change.flat[entry] = step
        numeric = (density(jacobians + change) - density(jacobians - change)) / (2 * step)
        np.testing.assert_allclose(gradient[:, entry], numeric, rtol=1e-5, atol=1e-6)
        after, before = (uv_chart._derivatives(jacobians + sign * change)[0] for sign in (1, -1))
        slope = (after - before) / (2 * step)
        convex = np.linalg.eigvalsh(hessian).min(1) > 1e-6
        np.testing.assert_allclose(hessian[convex, entry], slope[convex], rtol=1e-4, atol=1e-4)
    assert convex.any() and np.linalg.eigvalsh(hessian).min() > -1e-9


def test_longest_step_stops_before_the_first_flip():
    rng = np.random.default_rng(4)
    jacobians = np.eye(2) + rng.normal(0, 0.1, (50, 2, 2))
    change = rng.normal(0, 1.5, (50, 2, 2))
    step = uv_chart._longest_step(jacobians, change)
    assert 0 < step < 1
    fine = np.linspace(0, step, 200)
    assert all(np.linalg.det(jacobians + t * change).min() > 0 for t in fine)
    assert np.linalg.det(jacobians + step / 0.9 * 1.001 * change).min() < 0
    assert uv_chart._longest_step(jacobians, 0 * change) == 1.0


def test_a_developable_strip_is_laid_out_without_distortion():
    """Half a cylinder cut open unrolls to its own lengths: the least energy of 4 per unit weight is reached."""
    rows, columns = 7, 9
    angle = np.linspace(-np.pi / 2, np.pi / 2, columns)
    height = np.linspace(0, 4, rows)
    points = np.array([[np.sin(a), -h, np.cos(a)] for h in height for a in angle])
    index = np.arange(rows * columns).reshape(rows, columns)
    quads = np.stack([index[1:, :-1], index[1:, 1:], index[:-1, 1:], index[:-1, :-1]], -1).reshape(-1, 4)
    mirror = index[:, ::-1].ravel()
    points[index[:, columns // 2], 0] = 0.0
    ones = np.ones(len(points))
    uv = uv_chart.uv_chart(points, quads, mirror, ones, ones)
    lengths = [np.linalg.norm(uv[:, i] - uv[:, (i + 1) % 4], axis=1) for i in range(4)]
    real = [np.linalg.norm(points[quads[:, i]] - points[quads[:, (i + 1) % 4]], axis=1) for i in range(4)]
    ratio = np.concatenate(lengths) / np.concatenate(real)
    assert ratio.std() / ratio.mean() < 1e-2
