"""Whatever the order of the photos, the head is the same, and each photo keeps what was read in it.

A fit of three photos takes most of a second, so that a handful of orders is tried.
"""

import numpy as np
import pytest
from furrow.core.fit import coarse
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_head import observe, some_identity


@pytest.fixture(scope="module")
def photos(model):
    """A head from the left and smiling from the right, and somebody else."""
    head = some_identity(model, 3, 40)
    smile = {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}
    return [
        observe(model, head, {}, (0, 0.3, 0), photo="left.jpg", seed=1)[0],
        observe(model, head, smile, (0.1, -0.4, 0), photo="right.jpg", seed=2)[0],
        observe(model, some_identity(model, 4, 40), {}, (0, 0.1, 0), photo="other.jpg", seed=4)[0],
    ]


@pytest.fixture(scope="module")
def fit(model, photos):
    return coarse.fit(model, photos)


@settings(max_examples=5, derandomize=True, database=None, deadline=None)
@given(order=st.permutations(range(3)))
def test_the_order_of_the_photos_does_not_matter(model, photos, fit, order):
    again = coarse.fit(model, [photos[k] for k in order])
    assert np.allclose(again.identity, fit.identity, atol=1e-6)
    assert np.allclose(again.photo_shares, [fit.photo_shares[k] for k in order], atol=1e-6)
    assert sorted(again.warnings) == sorted(fit.warnings)
    for k, view in zip(order, again.views):
        assert view.photo == fit.views[k].photo
        assert np.allclose(view.expression, fit.views[k].expression, atol=1e-6)
        assert np.allclose(view.pose.rotation, fit.views[k].pose.rotation, atol=1e-6)
