"""The head as hair meets it: heights over the skin, and which way is out."""

import numpy as np
import pytest
from furrow.core.hair.attachment import limit_points
from furrow.core.hair.skull import skull_of
from furrow.core.mesh.operators import vertex_normals


@pytest.fixture(scope="module")
def skull(model):
    return skull_of(model.topology, model.mean, model.joints)


def on_scalp(model):
    points = limit_points(model.topology, model.mean).astype(float)
    normals = vertex_normals(model.mean.astype(float), model.topology.head_triangles)[: len(points)]
    inside = model.topology.region("scalp")[: len(points)] > 0.9
    return points[inside], normals[inside]


def test_scalp_is_at_height_zero(skull, model):
    points, _ = on_scalp(model)
    height = skull.height(points)
    assert np.median(np.abs(height)) < 1.0 and np.quantile(np.abs(height), 0.9) < 4.0


@pytest.mark.parametrize("out", [5.0, 30.0])
def test_height_is_how_far_a_point_is_off_the_skin(skull, model, out):
    points, normals = on_scalp(model)
    top = normals[:, 1] > 0.5
    height = skull.height(points[top] + out * normals[top])
    assert np.median(height) == pytest.approx(out, rel=0.15)


def test_inside_is_negative(skull, model):
    points, normals = on_scalp(model)
    assert (skull.height(points - 12.0 * normals) < 0).mean() > 0.97


def test_normals_are_those_of_the_head(skull, model):
    points, normals = on_scalp(model)
    found = skull.normal(points + 3.0 * normals)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert np.quantile((found * normals).sum(1), 0.1) > 0.9
