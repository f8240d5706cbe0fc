"""Valleys of an image become polylines where they are; steps, spots and noise do not."""

import cv2
import numpy as np
import pytest
from charts import flat_chart
from furrow.core.detail.ridges import (
    Ridges,
    directions,
    link_lines,
    longest_run,
    ridge_response,
    tangents,
    valleys,
    where_seen,
)
from furrow.core.image.filters import sample
from scipy.spatial import cKDTree

SIZE, TEXEL = 512, 0.3
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE].astype(np.float32)
CHART = flat_chart(SIZE, TEXEL)
TRUST = np.ones((SIZE, SIZE), np.float32)
CURVES = [
    np.stack([np.linspace(90, 420, 200), y + 14 * np.sin(np.linspace(0, 3, 200) + k)], -1)
    for k, y in enumerate((120, 200, 300, 390))
]


def drawn(contrast: float, noise: float, curves=CURVES, seed: int = 0) -> np.ndarray:
    """Log luminance with dark lines of 0.6 mm standard deviation on skin of a correlated noise."""
    rng = np.random.default_rng(seed)
    away = cKDTree(np.concatenate(curves)).query(np.stack([COLUMNS, ROWS], -1).reshape(-1, 2))[0].reshape(SIZE, SIZE)
    texture = cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE)), (0, 0), 2.0)
    lines = contrast * np.exp(-0.5 * (away * TEXEL / 0.6) ** 2)
    return (noise * texture / texture.std() - lines).astype(np.float32)


def found_points(luminance: np.ndarray):
    lines = link_lines(ridge_response(luminance, TRUST, CHART))
    return lines, np.stack([lines.uv[:, 0] * SIZE - 0.5, (1 - lines.uv[:, 1]) * SIZE - 0.5], -1)


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_lines_are_found_once_and_where_they_are(noise):
    lines, points = found_points(drawn(0.12, noise))
    truth = np.concatenate(CURVES)
    clear = lines.mean(lines.response) > 5.0
    strong = lines.of_points(clear) & (lines.response > 2.0)
    assert (cKDTree(truth).query(points[strong])[0] * TEXEL < 1.0).mean() > 0.97
    assert (cKDTree(points[strong]).query(truth)[0] * TEXEL < 1.0).mean() > 0.9
    # followed through, not in pieces, and not twice
    assert clear.sum() == len(CURVES)


def test_the_contrast_of_a_line_is_measured():
    lines, _ = found_points(drawn(0.12, 0.005))
    strong = lines.mean(lines.response) > 3.0
    assert lines.mean(lines.contrast)[strong] == pytest.approx(0.1, abs=0.035)


def test_a_shadow_edge_has_no_contrast_on_its_bright_side():
    edge = drawn(0.0, 0.01) - 0.2 * (1 + np.tanh((ROWS - 250) * TEXEL / 1.0))
    lines, points = found_points(edge.astype(np.float32))
    at_edge = np.abs(points[:, 1] - 250) * TEXEL < 4
    weak = lines.two_sided < 0.3 * lines.contrast
    assert not at_edge.any() or weak[at_edge].mean() > 0.8
    valley, where = found_points(drawn(0.12, 0.01))
    on = cKDTree(np.concatenate(CURVES)).query(where)[0] < 3
    assert (valley.two_sided < 0.3 * valley.contrast)[on].mean() < 0.1


def test_freckles_make_no_lines():
    rng = np.random.default_rng(3)
    spots = np.zeros((SIZE, SIZE), np.float32)
    for x, y in rng.integers(0, SIZE, (300, 2)):
        cv2.circle(spots, (int(x), int(y)), int(rng.integers(2, 5)), 0.25, -1, cv2.LINE_AA)
    freckled = drawn(0.0, 0.01) - cv2.GaussianBlur(spots, (0, 0), 1.0)
    lines, _ = found_points(freckled)
    clear, _ = found_points(drawn(0.12, 0.01))
    assert len(lines) == 0 or lines.mean(lines.response).max() < 0.75 * clear.mean(clear.response).max()


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, 2.5])
def test_valley_direction_and_sign(angle):
    across = -COLUMNS * np.sin(angle) + ROWS * np.cos(angle)
    image = np.cos(2 * np.pi * across / 24).astype(np.float32)
    double = valleys(image, 3.0)
    strength = np.hypot(double[..., 0], double[..., 1])
    inner = np.s_[40:-40, 40:-40]
    dark = image[inner] < -0.95
    assert strength[inner][dark].min() > 10 * strength[inner][image[inner] > 0.5].max() + 1e-3
    found = 0.5 * np.arctan2(double[..., 1], double[..., 0])[inner][dark]
    assert np.abs(np.sin(found - angle)).max() < 0.02


def test_masked_skin_has_no_lines():
    half = TRUST * (COLUMNS < 256)
    lines = link_lines(ridge_response(drawn(0.12, 0.01), half, CHART))
    assert len(lines) and lines.uv[:, 0].max() < 0.51


def test_chosen_and_trimmed_lines_keep_their_points_together():
    lines, _ = found_points(drawn(0.12, 0.01))
    some = lines.chosen(np.arange(len(lines)) % 2 == 0)
    assert len(some) == (len(lines) + 1) // 2
    np.testing.assert_array_equal(some.uv[: some.start[1]], lines.uv[: lines.start[1]])
    left = lines.uv[:, 0] < 0.5
    cut = lines.trimmed(left, 5)
    assert len(cut) and cut.uv[:, 0].max() < 0.5
    assert (np.diff(cut.start) >= 5).all() and cut.start[-1] == len(cut.uv)


def test_longest_run_and_tangents():
    assert longest_run(np.array([1, 0, 1, 1, 1, 0, 1, 1], bool)) == slice(2, 5)
    assert longest_run(np.zeros(4, bool)) == slice(0, 0)
    two = np.array([[0, 0], [1, 0], [2, 0], [5, 5], [5, 6], [5, 8.0]])
    np.testing.assert_allclose(tangents(two, np.array([0, 3, 6])), [[1, 0]] * 3 + [[0, 1]] * 3)


def test_samples_of_many_points_are_bilinear():
    image = (3 * COLUMNS + 5 * ROWS).astype(np.float32)
    at = np.random.default_rng(0).uniform(1, 500, (70_000, 2))
    np.testing.assert_allclose(sample(image, at), 3 * at[:, 0] + 5 * at[:, 1], atol=0.2)
    assert sample(image, np.zeros((0, 2))).shape == (0,)


def test_directions_of_a_field():
    field = np.zeros((8, 8, 2), np.float32)
    field[...] = np.cos(2 * 0.3), np.sin(2 * 0.3)
    along = directions(field, np.array([[3.0, 4.0]]))
    np.testing.assert_allclose(along, [[np.cos(0.3), np.sin(0.3)]], atol=1e-6)
    assert isinstance(ridge_response(drawn(0.1, 0.01), TRUST, CHART), Ridges)


def test_a_map_is_searched_where_skin_is_seen_and_nothing_is_lost():
    image = np.zeros((SIZE, SIZE), np.float32)
    image[150:240, 300:380] = drawn(0.12, 0.02)[150:240, 300:380]
    sigma, looked = 2.2, []

    def response(part):
        looked.append(part.shape)
        return valleys(part, sigma)

    found = where_seen(response, image, 3.5 * sigma)
    np.testing.assert_allclose(found, valleys(image, sigma), atol=1e-7)
    assert looked[0][0] < 110 and looked[0][1] < 100
    assert not where_seen(response, 0 * image, 3.5 * sigma).any() and where_seen(response, 0 * image, 9.0).ndim == 3


def test_a_response_is_the_same_wherever_in_memory_it_is_worked_out():
    rng = np.random.default_rng(0)
    # flat skin far from everything: numbers whose squares are too small for float32
    image = (rng.standard_normal((100, 101)) * 10.0 ** np.linspace(-21, -15, 100)[:, None]).astype(np.float32)
    found, kept = set(), []
    for k in range(30):
        kept.append([bytearray(5000 + 24 * k + 16 * i) for i in range(k)])  # moves what is allocated next
        kept.append(valleys(image, 2.0))
        found.add(kept[-1].tobytes())
    assert len(found) == 1
