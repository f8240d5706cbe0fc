"""What the landmark net's inner maps hold around the landmarks."""

import cv2
import numpy as np
import pytest
from face_fixtures import nets, portrait
from furrow.core.nets.detection import find_faces
from furrow.core.nets.features import LENGTH, LOCAL, MAPS, PLACES, WHOLE, interpolated, read_textures
from furrow.core.nets.landmarks import detect_landmarks
from scipy.ndimage import map_coordinates


def test_maps_are_interpolated_between_cell_centres():
    """Against scipy; beyond the outermost centres the map goes on as it ends."""
    rng = np.random.default_rng(0)
    maps, at = rng.normal(size=(3, 12, 12, 2)).astype(np.float32), rng.uniform(-0.1, 1.1, (3, 40, 2))
    found = interpolated(maps, at)
    for item, channel in np.ndindex(3, 2):
        expected = map_coordinates(
            maps[item, :, :, channel], at[item, :, ::-1].T * 12 - 0.5, order=1, mode="nearest", prefilter=False
        )
        np.testing.assert_allclose(found[item, :, channel], expected, atol=1e-5)


def test_each_place_is_read_where_its_point_lies():
    rng = np.random.default_rng(1)
    mesh = rng.uniform(0.1, 0.9, (2, 478, 3))
    outputs = {}
    for name, channels in MAPS.items():
        size = int(name[-2:])
        column = np.tile((np.arange(size, dtype=np.float32) + 0.5) / size, (2, size, 1))
        outputs[name] = np.repeat(column[..., None], channels, axis=3)
    outputs |= {name: rng.normal(size=(2, 6, 6, 128)).astype(np.float32) for name in WHOLE}
    found = read_textures(outputs, mesh)
    np.testing.assert_array_equal(found[:, LOCAL:], outputs["texture_6"].reshape(2, -1))
    assert found.shape == (2, LENGTH) and len(np.unique(PLACES)) == len(PLACES)
    fine = found[:, : len(PLACES) * MAPS["texture_48"]].reshape(2, len(PLACES), -1)
    np.testing.assert_allclose(fine[..., 0], mesh[:, PLACES, 0], atol=1e-5)
    assert read_textures({"texture_48": outputs["texture_48"]}, mesh) is None


@pytest.fixture(scope="module")
def marks():
    return detect_landmarks(portrait(), find_faces(portrait(), nets())[0], nets())


def test_texture_is_that_of_the_face_and_not_of_the_photo(marks):
    """A larger photo of the same face reads alike, another expression of light does less so."""
    large = cv2.copyMakeBorder(cv2.resize(portrait(), None, fx=2.0, fy=2.0), 50, 10, 90, 0, cv2.BORDER_REPLICATE)
    again = detect_landmarks(large, find_faces(large, nets())[0], nets())
    shut = portrait().copy()
    mouth = marks.points[[61, 291, 0, 17]]
    low, high = mouth.min(0).astype(int), mouth.max(0).astype(int)
    shut[low[1] : high[1], low[0] : high[0]] = shut[low[1] - 6, low[0]]  # no teeth and no lips
    changed = detect_landmarks(shut, find_faces(portrait(), nets())[0], nets())
    first, same, other = (m.texture.astype(float) for m in (marks, again, changed))
    assert first.shape == (LENGTH,) and np.isfinite(first).all()
    assert np.abs(same - first).mean() < 0.5 * np.abs(other - first).mean()
