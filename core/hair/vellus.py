"""Vellus: the fine pale down of a face, which shows against the light alone."""

from __future__ import annotations

import numpy as np

from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.filters import smoothstep
from .beard_kinds import BeardKind
from .beard_strands import grown, lower_face, scatter_roots
from .hair_colour import HairColour, strand_colours
from .strands import SPARE, VELLUS, Strands
from .styles import HairStyle

GROWS = ("forehead", "temple", "cheek", "jaw", "chin", "upper_lip", "perioral", "nasolabial", "ear", "mouth_corner")
FREE = ("lips", "upper_lid", "lower_lid", "brow", "nostril", "mouth_inner", "eye_socket_inner", "nose")
MASK_SIZE = 256  # texels of the chart at which it is decided where it grows
UP_MM = 150.0  # over the underside of the nose, up to which it grows
# 10 to 20 micrometres thick and 1 to 2 mm long; fewer than the 4 a square millimetre of people
STYLE = HairStyle("Vellus", (1.0, 1.5, 1.4), gather=0.0, loose=0.35, points=3, tone=0.0)
DOWN = BeardKind(STYLE, per_mm2=0.45, radius=0.008, lift=0.7, falls=0.0)
PALE = HairColour(np.log([0.55, 0.45, 0.36]), 0.0)


def grow_vellus(topology: HeadTopology, vertices: np.ndarray, seed: int) -> Strands:
    """Vellus of a neutral head (V, 3) mm. The same for the same seed."""
    rng = np.random.default_rng(seed)
    face = lower_face(topology, vertices, UP_MM)
    there = region_sum(topology, GROWS).clip(0.0, 1.0) * (1.0 - smoothstep(region_sum(topology, FREE), 0.05, 0.4))
    mask, size = sample_smooth(topology, there.astype(np.float32), MASK_SIZE), MASK_SIZE

    def cover(uv: np.ndarray) -> np.ndarray:
        column, row = ((v * size).astype(int).clip(0, size - 1) for v in (uv[:, 0], 1.0 - uv[:, 1]))
        return mask[row, column]

    roots = scatter_roots(topology, face, cover, DOWN.per_mm2 * SPARE, rng)
    points, roots = grown(roots, face, DOWN, 1.0, np.ones(len(roots.points)), rng)
    radii = DOWN.radius * np.exp(rng.normal(0.0, 0.2, len(points)))
    colours = strand_colours(PALE, len(points), rng)
    return Strands(VELLUS, roots.uv, points.astype(np.float32), radii.astype(np.float32), colours, 1.0)
