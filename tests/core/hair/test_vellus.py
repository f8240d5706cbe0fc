"""Vellus: fine, short and pale, on the skin of the face and nowhere else."""

import numpy as np
from furrow.core.hair.beard_strands import lower_face
from furrow.core.hair.strands import SPARE, VELLUS
from furrow.core.hair.vellus import UP_MM, grow_vellus


def test_vellus_is_fine_short_pale_and_keeps_off_lips_eyes_and_scalp(model):
    strands = grow_vellus(model.topology, model.mean, 1)
    strands.check()
    assert strands.group == VELLUS and 5000 < len(strands) / SPARE < 25000
    length = np.linalg.norm(np.diff(strands.points, axis=1), axis=2).sum(1)
    assert 0.8 < np.median(length) < 2.0 and length.max() < 4.0
    assert np.quantile(strands.radii, 0.95) < 0.015 and strands.colours.mean() > 0.55
    roots, marks = strands.points[:, 0], model.landmarks(model.mean)
    for index, away in ((13, 6.0), (14, 6.0), (159, 4.0), (386, 4.0), (1, 5.0)):
        assert np.linalg.norm(roots - marks[index], axis=1).min() > away
    assert roots[:, 1].max() < marks[10, 1] + 40.0
    face = lower_face(model.topology, model.mean, UP_MM)
    height, _, _ = face.height(strands.points.reshape(-1, 3).astype(float))
    assert np.quantile(height, 0.001) > -0.2
