"""Tangent-space normals against closed forms and against normals of the displaced surface itself."""

from dataclasses import replace

import numpy as np
from furrow.core.head.normal_map import (
    decode_normals,
    encode_normals,
    normals_to_slopes,
    slopes_to_normals,
    surface_slopes,
    uv_metric,
)
from furrow.models.evaluation.made_up import grid_topology

SIZE = 256


def test_metric_of_a_flat_grid_is_its_size_squared():
    topology, rest = grid_topology()
    metric = uv_metric(topology, rest, 64)
    np.testing.assert_allclose(metric, np.tile([100.0**2, 0.0, 120.0**2], (64, 64, 1)), rtol=1e-4, atol=0.5)


def test_normals_equal_those_of_the_displaced_sheared_plane():
    topology, rest = grid_topology()
    sheared = rest.astype(float).copy()
    sheared[:30, 0] += 0.3 * sheared[:30, 1]  # P_u and P_v are no longer perpendicular
    sheared[:30, 2] += 0.2 * sheared[:30, 0]
    v, u = np.meshgrid(1 - (np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE, indexing="ij")
    amount = 1.5 * np.sin(9 * u) * np.cos(7 * v)
    du, dv = 13.5 * np.cos(9 * u) * np.cos(7 * v), -10.5 * np.sin(9 * u) * np.sin(7 * v)
    p_u = np.array([100.0, 0, 20])
    p_v = 120.0 * np.array([0.3, 1, 0.06])
    normal = np.cross(p_u, p_v) / np.linalg.norm(np.cross(p_u, p_v))
    expected = np.cross(p_u + du[..., None] * normal, p_v + dv[..., None] * normal)
    expected /= np.linalg.norm(expected, axis=-1, keepdims=True)
    found = slopes_to_normals(surface_slopes(amount, uv_metric(topology, sheared, SIZE)))
    tangent = p_u / np.linalg.norm(p_u)
    found = found @ np.stack([tangent, np.cross(normal, tangent), normal])
    np.testing.assert_allclose(found[2:-2, 2:-2], expected[2:-2, 2:-2], atol=2e-3)
    assert np.abs(expected - normal).max() > 0.1


def test_green_is_brighter_on_a_slope_that_faces_rising_v():
    topology, rest = grid_topology()
    falling = np.linspace(0, 5, SIZE)[:, None] * np.ones(SIZE)  # higher at the bottom: faces the top
    coded = encode_normals(slopes_to_normals(surface_slopes(falling, uv_metric(topology, rest, SIZE))), 8)
    assert coded.dtype == np.uint8 and coded[..., 1].min() > 128 and (coded[..., 0] == 128).all()


def test_encoding_round_trip():
    slopes = np.random.default_rng(0).normal(0, 0.5, (40, 40, 2))
    for depth, tolerance in ((8, 0.03), (16, 1e-4)):
        found = normals_to_slopes(decode_normals(encode_normals(slopes_to_normals(slopes), depth)))
        assert np.median(np.abs(found - slopes)) < tolerance


def test_a_seam_keeps_the_metric_of_either_side():
    """One half of a flat grid, laid out at half its size beside the other half: each has its own scale."""
    topology, rest = grid_topology(columns=7)
    uv = topology.uv.copy()
    left = topology.face_part == 0
    left[left] = rest[topology.faces[left], 0].mean(1) < 0
    uv[left] *= [0.5, 0.5]
    metric = uv_metric(replace(topology, uv=uv), rest, 128)
    inside = metric[-58:-6, 4:28], metric[4:-4, 68:-4]
    for found, factor in zip(inside, (2.0, 1.0)):
        expected = np.array([(factor * 100.0) ** 2, 0.0, (factor * 120.0) ** 2])
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-4, atol=1.0)
