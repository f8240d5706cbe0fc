"""The hairline as a curve in the chart, from a mask of hair whose edge is known."""

import numpy as np
import pytest
from furrow.core.head.raster import sample_smooth, texel_millimetres
from furrow.core.texture.hairline import hairline

SIZE = 512


@pytest.fixture(scope="module")
def model():
    from furrow.core.assets import assets_folder
    from furrow.core.head.model import load_head_model

    return load_head_model(assets_folder() / "head.npz")


@pytest.fixture(scope="module")
def chart(model):
    """Columns and rows of the chart's texels about the middle of the brows, in mm."""
    brow = sample_smooth(model.topology, model.topology.region("brow"), SIZE) > 0.3
    rows, columns = np.nonzero(brow)
    at_rows, at_columns = np.mgrid[:SIZE, :SIZE]
    texel = texel_millimetres(model.topology, model.mean, SIZE)
    return (at_columns - columns.mean()) * texel, (rows.mean() - at_rows) * texel, brow


def round_hair(chart, radius):
    """Hair that begins ``radius`` mm from the middle of the brows, and the brows."""
    across, up, brow = chart
    return np.where((np.hypot(across, up) > radius) & (up > -20) | brow, 255, 0).astype(np.uint8)


def radii(chart, points):
    """(n,) mm from the middle of the brows."""
    across, up, _ = chart
    columns = np.round(points[:, 0] * SIZE - 0.5).astype(int)
    rows = np.round((1 - points[:, 1]) * SIZE - 0.5).astype(int)
    return np.hypot(across[rows, columns], up[rows, columns])


@pytest.mark.parametrize("radius", [60.0, 68.0])
@pytest.mark.parametrize("size", [512, 1024])
def test_hair_begins_where_it_was_painted(model, chart, radius, size):
    mask = round_hair(chart, radius).repeat(size // SIZE, 0).repeat(size // SIZE, 1)
    points = hairline(model.topology, model.mean, mask)
    assert len(points) > 40 and points.dtype == np.float32
    assert np.abs(radii(chart, points) - radius).max() < 1.5
    assert (np.diff(points[:, 0]) > -0.003).all()  # from the right temple to the left one


def test_a_bald_head_has_none_and_brows_are_no_hairline(model, chart):
    brows = np.where(chart[2], 255, 0).astype(np.uint8)
    assert hairline(model.topology, model.mean, brows).shape == (0, 2)
    assert hairline(model.topology, model.mean, np.zeros_like(brows)).shape == (0, 2)


def test_a_lock_on_the_forehead_is_not_followed(model, chart):
    across, up, _ = chart
    mask = round_hair(chart, 60.0)
    mask[(np.abs(across - 8) < 3) & (up > 25)] = 255
    off = np.abs(radii(chart, hairline(model.topology, model.mean, mask)) - 60.0)
    assert np.median(off) < 1.5 and off.max() < 8.0


def test_where_one_temple_is_unseen_the_curve_ends(model, chart):
    mask = round_hair(chart, 60.0)
    mask[(chart[0] > 10) & ~chart[2]] = 0
    points = hairline(model.topology, model.mean, mask)
    assert 15 < len(points) < 32 and points[:, 0].max() < 0.55
