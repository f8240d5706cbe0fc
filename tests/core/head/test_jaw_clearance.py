"""Lower teeth stay behind the skin of the chin, on a sampled head with a small one."""

import numpy as np
from furrow.core.head import personal_shapes
from furrow.core.head.jaw_clearance import BACKWARD, FARTHEST, teeth_drawn_back
from furrow.core.head.model import JOINTS
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.mesh.intersections import crossing_pairs


def _teeth_through_the_chin(model, points):
    """How many triangles of the outer skin below the mouth cross the lower teeth."""
    topology = model.topology
    triangles = topology.triangles
    chin = np.max([topology.region(name) for name in ("chin", "jaw", "perioral", "lower_lip")], axis=0) > 0.3
    chin &= topology.region("mouth_inner") < 0.5
    teeth = np.zeros(topology.vertex_count, bool)
    teeth[topology.part_slice("teeth")] = topology.skin_weights[topology.part_slice("teeth"), JOINTS.index("jaw")] > 0.5
    skin = chin[triangles].all(1)
    chosen = triangles[skin | teeth[triangles].all(1)]
    pairs = chosen[crossing_pairs(points, chosen)][:, :, 0]
    return int((teeth[pairs].sum(1) == 1).sum())


def test_an_open_jaw_shows_no_teeth_through_the_chin(model, monkeypatch):
    row = model.expression_names.index("jawOpen")
    small_chin = model.neutral(np.random.default_rng(0).normal(0, 1, 80)).astype(float)
    drawn = personal_deltas(model, small_chin)[row]
    monkeypatch.setattr(personal_shapes, "teeth_drawn_back", lambda *_: 0.0)
    plain = personal_deltas(model, small_chin)[row]
    assert _teeth_through_the_chin(model, small_chin + plain) > 10
    assert _teeth_through_the_chin(model, small_chin + drawn) == 0
    shift = drawn - plain
    teeth = model.topology.part_slice("teeth")
    lower = teeth.start + np.flatnonzero(model.topology.skin_weights[teeth, JOINTS.index("jaw")] > 0.5)
    # all of them alike, backwards, and nothing else
    np.testing.assert_allclose(shift[lower], np.broadcast_to(shift[lower[0]], (len(lower), 3)), atol=1e-5)
    assert 3.0 < np.linalg.norm(shift[lower[0]]) <= FARTHEST + 0.1
    np.testing.assert_allclose(np.cross(shift[lower[0]], BACKWARD), 0.0, atol=1e-4)
    shift[lower] = 0.0
    assert not shift.any()


def test_the_mean_heads_teeth_stay_where_they_are(model):
    row = model.expression_names.index("jawOpen")
    shift = teeth_drawn_back(model, model.mean.astype(float), model.expression_basis[row].astype(float))
    assert np.abs(shift).max() < 1e-5
