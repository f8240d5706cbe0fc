"""Lower teeth that stay behind the skin of a small chin when the jaw drops.

The teeth turn with the jaw as one piece, the skin below the lip is stretched over them: on a chin smaller than the mean
head's they would come through. They are drawn back as far as they reach nearer to the skin than the mean head's do.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ..mesh.operators import vertex_normals
from .model import JOINTS, HeadModel

KEPT = 2.5  # mm behind the skin that are kept, where the mean head has as much
BACKWARD = np.array([0.0, 0.35, -0.94])
FARTHEST = 7.0  # mm
SKIN_REGIONS = ("chin", "lower_lip", "perioral", "jaw")


def teeth_drawn_back(model: HeadModel, neutral: np.ndarray, jaw_open: np.ndarray) -> np.ndarray:
    """(V, 3) mm to add to the shape jawOpen: one shift for all lower teeth, zero elsewhere.

    Args:
        model: head model.
        neutral: (V, 3) mm; jaw_open: (V, 3) mm, its shape.
    """
    topology = model.topology
    span = topology.part_slice("teeth")
    vertices = np.arange(span.start, span.stop)
    lower = vertices[topology.skin_weights[span, JOINTS.index("jaw")] > 0.5]
    out = np.zeros_like(neutral)
    if not len(lower) or not set(SKIN_REGIONS) <= set(topology.region_names):
        return out
    own = model.expression_basis[model.expression_names.index("jawOpen")]
    wanted = np.minimum(_depth(model, model.mean + own, lower)[0], KEPT)
    depth, normal = _depth(model, neutral + jaw_open, lower)
    # a step back along the direction gains its share along the skin's normal
    gain = np.maximum(-normal @ BACKWARD, 0.5)
    out[lower] = min(max(float(((wanted - depth) / gain).max()), 0.0), FARTHEST) * BACKWARD
    return out


def _depth(model: HeadModel, points: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How deep (t,) mm the lower teeth lie behind the skin below the mouth, and the skin's normals (t, 3) there."""
    topology = model.topology
    head = topology.part_slice("head")
    masks = [topology.region(name)[head] for name in SKIN_REGIONS]
    skin = np.flatnonzero(np.max(masks, axis=0) * (1.0 - topology.region("mouth_inner")[head]) > 0.5)
    normals = vertex_normals(points[head], topology.head_triangles)[skin]
    _, nearest = cKDTree(points[skin]).query(points[lower])
    offset = points[skin][nearest] - points[lower]
    return np.einsum("td,td->t", offset, normals[nearest]), normals[nearest]
