"""What of a photo's relief is there at rest and what only where skin is pushed or pulled.

In photo k, with compressions c1, c2 and stretch s at a texel, the relief is D_k = D_0 + c1 D_1 + c2 D_2 + s D_s. With
independent Gaussian priors of variances V on the four and noise of variance n_k, the ridge solution is
x = V P^T (P V P^T + N)^-1 D, P the rows (1, c1, c2, s): exact for many photos, and for one it shares the relief out in
the proportion the prior gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import pixels
from ..head.raster import sample_smooth
from ..wrinkles.own_lines import OwnLines
from .line_fit import Measured
from .shading_relief import Relief, photo_relief

# chosen: standard deviations of relief at rest at ages 0 and 1, of what full compression and full stretch add, all
# relative to each other: only their ratios count
REST, COMPRESSED, STRETCHED = (0.35, 1.0), 1.6, 0.5
NOISE = 0.05  # of a photo believed in full, in the same unit
LEAST = 0.02  # weight of a photo from which a texel is worked out
LINE_MM = 1.2  # standard deviation of what is left out of the relief where a line was found


@dataclass(frozen=True, eq=False)
class Split:
    """What was measured, and the relief beside the lines.

    Attributes:
        measured: of the step before.
        relief: (4, g, g) float32 mm: at rest, and what compression of both families and stretch add.
    """

    measured: Measured
    relief: np.ndarray


def split(measured: Measured) -> Split:
    """Relief of the photos, shared out between rest and motion, where no own line is."""
    skins = measured.skins
    reliefs = [photo_relief(s.topology, s.posed, s.light, s.bare, s.chart, measured.age) for s in skins]
    pressure = [sample_smooth(s.topology, s.pressure, len(r.height)) for s, r in zip(skins, reliefs)]
    heights, weights = (np.stack([getattr(r, name) for r in reliefs]) for name in ("height", "weight"))
    relief = split_relief(heights, weights, np.stack(pressure), measured.age)
    relief *= 1 - beside_lines(measured.own, reliefs[0])
    return Split(measured, relief)


def beside_lines(own: OwnLines, relief: Relief) -> np.ndarray:
    """(g, g) in [0, 1], 1 on the own lines: the relief there is theirs already."""
    size = len(relief.height)
    drawn = np.zeros((size, size), np.uint8)
    for first, last in zip(own.start[:-1], own.start[1:]):
        cv2.polylines(drawn, [np.round(pixels(own.uv[first:last], size)).astype(np.int32)], False, 255, 1)
    away = np.full_like(relief.height, 1e3)
    if drawn.any():
        away = cv2.distanceTransform(255 - drawn, cv2.DIST_L2, 3) * relief.step
    return np.exp(-0.5 * (away / LINE_MM) ** 2).astype(np.float32)


def split_relief(heights: np.ndarray, weights: np.ndarray, pressure: np.ndarray, age: float) -> np.ndarray:
    """(4, g, g) float32 mm: relief at rest, compressed 1, compressed 2, stretched.

    Args:
        heights: (n, g, g) mm, of n photos.
        weights: (n, g, g) in [0, 1], how far each is believed.
        pressure: (n, g, g, 3) in [0, 1]: compression of both families, stretch, in each photo's expression.
        age: apparent age, 0 to 1.
    """
    count, size = heights.shape[0], heights.shape[1]
    out = np.zeros((4, size * size), np.float32)
    used = np.flatnonzero(weights.max(0).ravel() > LEAST)
    weight = weights.reshape(count, -1)[:, used].T.astype(np.float64)
    rows = np.concatenate([np.ones((len(used), count, 1)), pressure.reshape(count, -1, 3)[:, used].swapaxes(0, 1)], -1)
    rest = REST[0] + (REST[1] - REST[0]) * age
    variance = np.array([rest, COMPRESSED, COMPRESSED, STRETCHED]) ** 2
    inner = np.einsum("tka,a,tla->tkl", rows, variance, rows)
    inner[:, range(count), range(count)] += NOISE**2 / np.maximum(weight, LEAST) ** 2
    data = heights.reshape(count, -1)[:, used].T
    solved = np.linalg.solve(inner, data[..., None])[..., 0]
    out[:, used] = (variance * np.einsum("tka,tk->ta", rows, solved)).T
    # a photo that is hardly believed does not speak with a full voice
    out[:, used] *= weight.max(1)
    return out.reshape(4, size, size)
