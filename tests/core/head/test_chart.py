"""The chart against lengths worked out on the mesh and in closed form."""

import numpy as np
import pytest
from charts import flat_chart
from furrow.core.head.chart import head_chart, pixels, sample_uv


def test_another_size_is_the_same_skin():
    chart = flat_chart(512, 0.5)
    small = chart.at(128)
    assert small.size * small.texel == pytest.approx(chart.size * chart.texel)
    assert small.texels(3.0) == pytest.approx(1.5) and chart.texels(3.0) == pytest.approx(6.0)
    assert small.metric is chart.metric


def test_segments_of_polylines_end_where_they_do():
    chart = flat_chart(400, 0.5)  # 200 mm
    uv = np.array([[0.2, 0.2], [0.23, 0.24], [0.23, 0.34], [0.7, 0.7], [0.7, 0.6]])
    np.testing.assert_allclose(chart.segments(uv, np.array([0, 3, 5])), [10, 20, 0, 20, 0], rtol=1e-5)
    assert not len(chart.segments(uv[:0], np.array([0])))


def test_lengths_are_those_on_the_mesh(model):
    """A short way across the face, by the chart and by the two points of the mesh it joins."""
    topology = model.topology
    chart = head_chart(topology, model.mean, 512)
    head = topology.face_part == 0
    face = topology.region("cheek")[topology.faces[head]].min(1) > 0.5
    corner, uv = topology.faces[head][face][:, :2], topology.uv[head][face][:, :2].astype(np.float64)
    points = model.mean[corner].astype(np.float64)
    true = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    found = chart.length(uv.mean(1), uv[:, 1] - uv[:, 0])
    assert len(true) > 50
    assert np.median(np.abs(found / true - 1)) < 0.03


def test_texels_are_as_wide_as_the_metric_says(model):
    chart = head_chart(model.topology, model.mean, 512)
    face = model.topology.region("face")[model.topology.faces[model.topology.face_part == 0]].min(1) > 0.5
    uv = model.topology.uv[model.topology.face_part == 0][face].mean(1)
    e, f, g = chart.metric_at(uv).T.astype(np.float64)
    assert np.median(np.sqrt(np.sqrt(e * g - f * f))) / 512 == pytest.approx(chart.texel, rel=0.03)


def test_a_map_is_sampled_where_its_texels_are():
    image = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    row, column = np.mgrid[:32, :32].reshape(2, -1)
    uv = np.stack([(column + 0.5) / 32, 1 - (row + 0.5) / 32], -1)
    np.testing.assert_allclose(pixels(uv, 32), np.stack([column, row], -1), atol=1e-9)
    np.testing.assert_allclose(sample_uv(image, uv), image.ravel(), atol=1e-4)
    assert not sample_uv(image, np.array([[1.2, 0.5]])).any()
