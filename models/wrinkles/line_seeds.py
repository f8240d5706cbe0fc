"""Where the lines that every face has begin: rows on the forehead, a fan at the eye, creases below it.

Each function gives (x, y) in the face frame, on the head's left for groups that are mirrored. Seeds are drawn anew for
each layout; the lines between them are left to chance (see ``streamlines``).
"""

from __future__ import annotations

import numpy as np

from .face_frame import CANTHUS
from .line_group import Places


def fan(frame: np.ndarray) -> np.ndarray:
    """(...) spacing over the group's wavelength at points (..., 3): rays close in on the corner of the eye."""
    radius = np.hypot(np.abs(frame[..., 0]) - CANTHUS[0], frame[..., 1] - CANTHUS[1])
    return np.clip(0.45 + radius / 24.0, 0.45, 1.6).astype(np.float32)


def forehead(rng: np.random.Generator) -> Places:
    """Four to six rows from a little above the brows to below the hairline, wider apart as they go up."""
    heights, y = [], rng.uniform(36.0, 39.0)
    while y < 72.0:
        heights.append(y)
        y += rng.uniform(6.5, 10.5)
    return [(rng.uniform(-16.0, 16.0), y) for y in rng.permutation(heights)]


def crows_feet(rng: np.random.Generator) -> Places:
    """Five to seven rays: the lowest run to the cheek, the highest below the brow's tail."""
    count = int(rng.integers(5, 8))
    angles = np.linspace(-52.0, 38.0, count) + rng.uniform(-6.0, 6.0, count)
    radii = rng.uniform(9.0, 15.0, count)
    rays = [(CANTHUS[0] + r * np.cos(a), CANTHUS[1] + r * np.sin(a)) for r, a in zip(radii, np.radians(angles))]
    return [rays[i] for i in np.argsort(np.abs(angles + 5.0))]


def nose(rng: np.random.Generator) -> Places:
    """Three or four bunny lines on the side of the nose, below the inner corner of the eye."""
    count = int(rng.integers(3, 5))
    return [(12.0 + rng.uniform(-1.0, 1.0), y) for y in np.linspace(0.0, -16.0, count) + rng.uniform(-1.2, 1.2, count)]


def under_eye(rng: np.random.Generator) -> Places:
    """Two or three long creases below the lid, from the inner corner outwards."""
    count = int(rng.integers(2, 4))
    return [(rng.uniform(27.0, 38.0), y) for y in np.linspace(-10.0, -18.0, count) + rng.uniform(-1.0, 1.0, count)]


def mouth_corner(rng: np.random.Generator) -> Places:
    """Two or three arcs of the smile beyond the nasolabial fold, the last on the cheek."""
    places = np.array([38.5, 45.5, 52.5])[: int(rng.integers(2, 4))] + rng.uniform(-1.2, 1.2)
    return [(x + rng.uniform(-0.8, 0.8), -63.0 + rng.uniform(-5.0, 5.0)) for x in places]
