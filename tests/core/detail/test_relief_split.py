"""Relief of photos in several expressions: told apart exactly, and by the prior's proportion for one photo."""

import numpy as np
from furrow.core.detail.relief_split import split_relief
from scipy.ndimage import gaussian_filter

SIZE = 48
RNG = np.random.default_rng(0)


def smooth(scale: float) -> np.ndarray:
    field = gaussian_filter(RNG.normal(size=(SIZE, SIZE)), 2)
    return scale * field / field.std()


def test_several_expressions_give_the_maps_back():
    truth = np.stack([smooth(0.1), smooth(0.2), smooth(0.15), smooth(0.05)])
    pressure = RNG.uniform(0, 1, (7, SIZE, SIZE, 3))
    heights = truth[0] + np.einsum("kxyc,cxy->kxy", pressure, truth[1:])
    found = split_relief(heights, np.ones(heights.shape), pressure, 0.5)
    for wanted, got in zip(truth[:3], found[:3]):
        assert np.corrcoef(wanted.ravel(), got.ravel())[0, 1] > 0.97
    assert np.sqrt(((found[0] - truth[0]) ** 2).mean()) < 0.35 * truth[0].std()


def test_one_photo_at_rest_is_all_static():
    height = smooth(0.1)[None]
    found = split_relief(height, np.ones_like(height), np.zeros((1, SIZE, SIZE, 3)), 0.3)
    assert np.abs(found[0] - height[0]).max() < 0.1 * np.abs(height).max()
    assert not found[1:].any()


def test_pushed_skin_of_one_photo_goes_to_the_compressed_map():
    height = np.full((1, SIZE, SIZE), -0.1)
    pressure = np.zeros((1, SIZE, SIZE, 3))
    pressure[..., 0] = np.linspace(0, 1, SIZE)
    young = split_relief(height, np.ones_like(height), pressure, 0.0)
    old = split_relief(height, np.ones_like(height), pressure, 1.0)
    # the photo itself is explained, and the more is at rest the less the skin is pushed, and the older it is
    shown = young[0] + pressure[0, ..., 0] * young[1]
    assert np.abs(shown - height[0]).max() < 0.015
    assert (np.diff(young[0][0]) > 0).all()
    assert abs(young[0][0, -1]) < 0.1 * 0.1 and abs(old[0][0, -1]) > 2.5 * abs(young[0][0, -1])
    assert not young[2:].any()


def test_unseen_skin_stays_flat_and_the_better_photo_counts_more():
    flat, rough = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), 0.1)
    weights = np.stack([np.full((SIZE, SIZE), 1.0), np.full((SIZE, SIZE), 0.1)])
    pressure = np.zeros((2, SIZE, SIZE, 3))
    found = split_relief(np.stack([flat, rough]), weights, pressure, 0.3)
    assert np.abs(found[0]).max() < 0.005
    assert not split_relief(np.stack([rough, rough]), 0 * weights, pressure, 0.3).any()
