"""Photometric refinement: what its steps are made of."""

import numpy as np
from furrow.core import photometric
from furrow.core.fit_terms import ViewState


def test_state_difference_undoes_a_step():
    rng = np.random.default_rng(3)
    state = ViewState(np.diag([1.0, -1, -1]), np.array([1.0, 2, 500]), 7.0, np.full(3, 0.5))
    step = rng.normal(0, 0.1, 10)
    assert np.allclose(photometric.state_difference(state.stepped(step), state), step, atol=1e-9)
