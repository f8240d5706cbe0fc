"""The head's skin in its chart: points and normals at any u, v, smooth enough to lay hair on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import sample_uv
from ..head.model import HeadModel, HeadTopology
from ..head.raster import fill_outside, texel_millimetres, uv_raster
from ..image.filters import sample
from ..mesh.operators import vertex_normals

SIZE = 1024  # texels of the maps of points and normals
SMOOTH_MM = 1.2  # Gaussian sigma: the corners of the coarse mesh are none of the skin


@dataclass(frozen=True, eq=False)
class Surface:
    """Points and normals of a head's skin over its chart.

    Attributes:
        points: (S, S, 3) float32 mm.
        normals: (S, S, 3) float32, unit.
        width: mm that the chart is wide at the face.
    """

    points: np.ndarray
    normals: np.ndarray
    width: float

    def at(self, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (..., 3) mm and unit normals (..., 3) at u, v (..., 2)."""
        normals = sample_uv(self.normals, uv)
        return sample_uv(self.points, uv), normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)


def head_surface(topology: HeadTopology, vertices: np.ndarray) -> Surface:
    """The skin of a head.

    Args:
        vertices: (V, 3) mm.
    """
    raster = uv_raster(topology, SIZE)
    normals = vertex_normals(vertices.astype(np.float64), topology.head_triangles)
    texel = texel_millimetres(topology, vertices, SIZE)
    points, normals = (
        cv2.GaussianBlur(fill_outside(raster.sample(a), raster.covered), (0, 0), SMOOTH_MM / texel)
        for a in (vertices, normals)
    )
    return Surface(points, normals, texel * SIZE)


def vertex_uv(topology: HeadTopology) -> np.ndarray:
    """(V, 2) u, v of the vertices; of one at a cut of the chart, that of one of its faces."""
    uv = np.zeros((topology.vertex_count, 2), np.float32)
    uv[topology.faces.ravel()] = topology.uv.reshape(-1, 2)
    return uv


def landmark_uv(model: HeadModel) -> np.ndarray:
    """(478, 2) u, v of the landmarks, the same on every head; those on the eyes lie in the eyes' own chart."""
    return np.einsum("lkd,lk->ld", vertex_uv(model.topology)[model.landmark_vertices], model.landmark_barycentric)


@dataclass(frozen=True)
class ChartPart:
    """A rectangle of the chart at some resolution, and millimetres in it: x right and y down from its corner.

    Attributes:
        left, top: texels of the map before it.
        height, width: texels.
        size: texels of the whole map.
        texel: mm.
    """

    left: int
    top: int
    height: int
    width: int
    size: int
    texel: float

    @classmethod
    def around(cls, uv: np.ndarray, margin: float, size: int, texel: float) -> ChartPart:
        """The rectangle around points (n, 2) of the chart, ``margin`` mm wider on each side, inside the chart."""
        x, y = uv[:, 0] * size, (1.0 - uv[:, 1]) * size
        away = margin / texel
        left, top = (max(0, int(a.min() - away)) for a in (x, y))
        right, bottom = (min(size, int(np.ceil(a.max() + away)) + 1) for a in (x, y))
        return cls(left, top, bottom - top, right - left, size, texel)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Lowest u and v, highest u and v."""
        low, high = 1.0 - (self.top + self.height) / self.size, 1.0 - self.top / self.size
        return self.left / self.size, low, (self.left + self.width) / self.size, high

    def cut(self, image: np.ndarray) -> np.ndarray:
        """(h, w[, C]) the part of a map (S, S[, C])."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def uv(self, xy: np.ndarray) -> np.ndarray:
        """u, v (..., 2) of places (..., 2) mm."""
        x, y = np.moveaxis(np.asarray(xy) / self.texel, -1, 0)
        return np.stack([(self.left + x) / self.size, 1.0 - (self.top + y) / self.size], axis=-1)

    def place(self, uv: np.ndarray) -> np.ndarray:
        """Places (..., 2) mm of u, v (..., 2)."""
        u, v = np.moveaxis(np.asarray(uv), -1, 0)
        return np.stack([u * self.size - self.left, (1.0 - v) * self.size - self.top], axis=-1) * self.texel

    def sample(self, image: np.ndarray, xy: np.ndarray) -> np.ndarray:
        """(...[, C]) values of an image (h, w[, C]) of this part at places (..., 2) mm; 0 outside."""
        return sample(image, np.asarray(xy) / self.texel - 0.5)
