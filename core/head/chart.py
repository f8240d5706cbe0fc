"""The UV chart of one head: how large its texels are on the skin, and how long a way across it is.

Maps of any number of texels show the same chart, row 0 at v = 1. Places are (u, v) with the origin at the lower left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..image.filters import sample
from .model import HeadTopology
from .normal_map import uv_metric
from .raster import texel_millimetres

METRIC_SIZE = 128


@dataclass(frozen=True, eq=False)
class Chart:
    """The chart of a head, for maps of one size.

    Attributes:
        size: texels of the maps, across.
        texel: mm, median width of a texel on the face.
        metric: (m, m, 3) float32 first fundamental form E, F, G in mm² per UV².
    """

    size: int
    texel: float
    metric: np.ndarray

    def at(self, size: int) -> Chart:
        """The same chart for maps of another size."""
        return replace(self, size=size, texel=self.texel * self.size / size)

    def texels(self, millimetres: float) -> float:
        """So many millimetres, in texels."""
        return millimetres / self.texel

    def metric_at(self, uv: np.ndarray) -> np.ndarray:
        """(n, 3) E, F, G at places (n, 2)."""
        return sample_uv(self.metric, uv)

    def length(self, uv: np.ndarray, way: np.ndarray) -> np.ndarray:
        """(n,) mm of ways (n, 2) in UV at places (n, 2)."""
        e, f, g = self.metric_at(uv).T
        return np.sqrt(np.maximum(e * way[:, 0] ** 2 + 2 * f * way[:, 0] * way[:, 1] + g * way[:, 1] ** 2, 0))

    def segments(self, uv: np.ndarray, start: np.ndarray) -> np.ndarray:
        """(n,) mm from each point of polylines (n, 2) to the next; 0 at their last points.

        Args:
            uv: (n, 2).
            start: (c + 1,) first point of each polyline, and n.
        """
        if not len(uv):
            return np.zeros(0)
        chord = np.diff(uv, axis=0, append=uv[-1:])
        chord[start[1:] - 1] = 0
        return self.length(uv, chord)


def head_chart(topology: HeadTopology, vertices: np.ndarray, size: int) -> Chart:
    """The chart of a head with vertices (V, 3) mm, for maps of ``size`` texels."""
    return Chart(size, texel_millimetres(topology, vertices, size), uv_metric(topology, vertices, METRIC_SIZE))


def pixels(uv: np.ndarray, size: int) -> np.ndarray:
    """(..., 2) columns and rows of places (..., 2) in a map of a size, pixel centres at whole numbers."""
    return np.stack([uv[..., 0] * size - 0.5, (1 - uv[..., 1]) * size - 0.5], -1)


def sample_uv(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """(...[, C]) bilinear samples of a map (S, S[, C]) of the chart at places (..., 2); zero outside."""
    return sample(image, pixels(uv, len(image)))
