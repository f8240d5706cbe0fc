"""Z-buffer rasteriser in numpy: triangles to pixels, in a view or in UV space.

Scan lines are expanded for all triangles at once (one array entry a covered pixel), so there is no Python loop over
triangles. Pixel (column i, row j) is covered when its centre (i + 0.5, j + 0.5) lies inside the triangle.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy import sparse

from ..mesh.operators import quads_to_triangles
from .model import PARTS, HeadTopology

# covers centres that lie on a shared edge from both sides, so that rounding leaves no cracks (pixels)
EDGE_TOLERANCE = 1e-6
SMOOTH_SIZE = 512


@dataclass(frozen=True)
class Raster:
    """Which point of the surface each pixel shows.

    Attributes:
        triangles: (T, 3) int32 vertex indices.
        triangle_id: (H, W) int32 row of ``triangles``, -1 outside.
        barycentric: (H, W, 3) float32, zero outside.
    """

    triangles: np.ndarray
    triangle_id: np.ndarray
    barycentric: np.ndarray

    @cached_property
    def covered(self) -> np.ndarray:
        """(H, W) bool, pixels that show the surface."""
        return self.triangle_id >= 0

    @cached_property
    def pixels(self) -> np.ndarray:
        """(P,) flat indices of the covered pixels."""
        return np.flatnonzero(self.triangle_id.ravel() >= 0)

    @cached_property
    def nearest(self) -> np.ndarray:
        """(H * W,) int32 for each pixel the row of ``pixels`` nearest to it."""
        row = np.full(self.triangle_id.size, -1, np.int32)
        row[self.pixels] = np.arange(len(self.pixels), dtype=np.int32)
        return fill_outside(row.reshape(self.triangle_id.shape), self.covered).ravel()

    @cached_property
    def corners(self) -> np.ndarray:
        """(P, 3) int32 vertices under the covered pixels."""
        return self.triangles[self.triangle_id.ravel()[self.pixels]]

    @cached_property
    def weights(self) -> np.ndarray:
        """(P, 3) float32 barycentric coordinates of the covered pixels."""
        return self.barycentric.reshape(-1, 3)[self.pixels]

    def sample_covered(self, attribute: np.ndarray) -> np.ndarray:
        """(P, k) float32 values of a vertex attribute (V, k) at the covered pixels."""
        first = np.arange(0, 3 * len(self.pixels) + 1, 3, dtype=np.int32)
        shape = len(self.pixels), len(attribute)
        matrix = sparse.csr_matrix((self.weights.ravel(), self.corners.ravel(), first), shape, copy=False)
        return matrix @ np.asarray(attribute, np.float32)

    def sample(self, attribute: np.ndarray) -> np.ndarray:
        """(H, W, k) float32 values of a vertex attribute (V, k); (H, W) of (V,). Zero outside."""
        attribute = np.asarray(attribute, np.float32)
        values = self.sample_covered(attribute.reshape(len(attribute), -1))
        out = np.zeros((self.triangle_id.size, values.shape[1]), np.float32)
        out[self.pixels] = values
        return out.reshape(self.triangle_id.shape + attribute.shape[1:])


def rasterize(
    xy: np.ndarray, depth: np.ndarray | None, triangles: np.ndarray, width: int, height: int, perspective: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Nearest triangle under each pixel.

    Args:
        xy: (n, 2) pixels.
        depth: (n,) distance from the camera, positive in front of it. Triangles with a corner at or behind the
            camera, or with a position that is not finite, are left out. None where all are equally near.
        triangles: (T, 3) indices into ``xy``, either orientation.
        width, height: pixels.
        perspective: ``depth`` is the z of a pinhole camera (1/z is linear on the screen); else depth is linear.

    Returns:
        triangle_id (H, W) int32, -1 outside; barycentric (H, W, 3) float32, perspective-correct, zero outside.
        Of equally near triangles the later one wins.
    """
    xy = np.asarray(xy, np.float64)
    depth = None if depth is None else np.asarray(depth, np.float64)
    triangle_id = np.full(height * width, -1, np.int32)
    barycentric = np.zeros((height * width, 3), np.float32)
    usable = np.isfinite(xy).all(1)
    if depth is not None:
        usable &= np.isfinite(depth) & ((depth > 0) | (not perspective))
    chosen = np.flatnonzero(usable[triangles].all(1))
    triangle, row, start, count, line, slope = _spans(xy[triangles[chosen]], width, height)
    if len(triangle) == 0:
        return triangle_id.reshape(height, width), barycentric.reshape(height, width, 3)
    slope = slope[triangle]
    if depth is not None and perspective:
        # barycentric coordinates over depth are linear on the screen
        inverse = 1.0 / depth[triangles[chosen]][triangle]
        line, slope = line * inverse, slope * inverse
    pixel, bary = _pixels(row * width + start, count, line, slope)
    owner = np.repeat(chosen[triangle].astype(np.int32), count)
    if depth is not None:
        if perspective:
            distance = np.einsum("pk->p", bary)
            bary /= distance[:, None]
            np.negative(distance, out=distance)
        else:
            distance = np.einsum("pk,pk->p", bary, depth.astype(np.float32)[triangles[owner]])
        nearest = np.full(height * width, np.inf, np.float32)
        np.minimum.at(nearest, pixel, distance)
        front = np.flatnonzero(distance <= nearest[pixel])
        pixel, owner, bary = pixel[front], owner[front], bary[front]
    triangle_id[pixel] = owner
    barycentric[pixel] = bary
    return triangle_id.reshape(height, width), barycentric.reshape(height, width, 3)


def _pixels(first: np.ndarray, count: np.ndarray, line: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P,) int32 all pixels of runs of them, and (P, 3) float32 values that are linear along each run.

    Args:
        first, count: (S,) first pixel of a run, and their number.
        line, slope: (S, 3) values at the first pixel, and their change from one to the next.
    """
    step = np.arange(count.sum(), dtype=np.int32)
    step -= np.repeat((np.cumsum(count) - count).astype(np.int32), count)
    pixel = np.repeat(first.astype(np.int32), count)
    pixel += step
    values = np.repeat(slope.astype(np.float32), count, axis=0)
    values *= step.astype(np.float32)[:, None]
    values += np.repeat(line.astype(np.float32), count, axis=0)
    return pixel, values


def _spans(
    corners: np.ndarray, width: int, height: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Covered runs of pixels, a row of a triangle each.

    Args:
        corners: (T, 3, 2) pixels.

    Returns:
        triangle (S,), row (S,), start (S,) first column, count (S,) columns, line (S, 3) barycentric coordinates at
        the start, slope (T, 3) their change per column.
    """
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    inverse = np.where(np.abs(area) > 1e-12, 1.0 / np.where(area == 0, 1.0, area), np.nan)
    following, last = corners[:, [1, 2, 0]], corners[:, [2, 0, 1]]
    slope = (following[..., 1] - last[..., 1]) * inverse[:, None]
    slope_y = (last[..., 0] - following[..., 0]) * inverse[:, None]
    constant = 1.0 - slope * corners[..., 0] - slope_y * corners[..., 1]
    low = np.maximum(np.ceil(corners[..., 1].min(1) - 0.5 - EDGE_TOLERANCE), 0)
    high = np.minimum(np.floor(corners[..., 1].max(1) - 0.5 + EDGE_TOLERANCE), height - 1)
    rows = np.where(np.isfinite(inverse), np.maximum(high - low + 1, 0), 0).astype(np.int64)
    triangle = np.repeat(np.arange(len(corners)), rows)
    row = (low[triangle] + np.arange(len(triangle)) - (np.cumsum(rows) - rows)[triangle]).astype(np.int64)
    # barycentric k at column centre x is slope * x + offset: the row lies inside where all three are >= 0
    offset = slope_y[triangle] * (row[:, None] + 0.5) + constant[triangle]
    gradient = slope[triangle]
    with np.errstate(divide="ignore", invalid="ignore"):
        root = -offset / gradient
    left = np.where(gradient > 0, root, -np.inf).max(1)
    right = np.where(gradient < 0, root, np.inf).min(1)
    start = np.maximum(np.ceil(left - 0.5 - EDGE_TOLERANCE), 0)
    stop = np.minimum(np.floor(right - 0.5 + EDGE_TOLERANCE), width - 1)
    keep = stop >= start
    triangle, row, start, stop = triangle[keep], row[keep], start[keep].astype(np.int64), stop[keep]
    line = offset[keep] + slope[triangle] * (start[:, None] + 0.5)
    return triangle, row, start, (stop - start + 1).astype(np.int64), line, slope


def rasterize_view(points: np.ndarray, xy: np.ndarray, triangles: np.ndarray, width: int, height: int) -> Raster:
    """Raster of camera-space points (V, 3) mm whose pixels are xy (V, 2), perspective-correct."""
    return Raster(triangles, *rasterize(xy, points[:, 2], triangles, width, height))


def uv_in_view(
    topology: HeadTopology, points: np.ndarray, xy: np.ndarray, width: int, height: int
) -> tuple[Raster, np.ndarray]:
    """What each pixel of a view shows of the head part, and where in the chart it lies.

    Args:
        points: (V, 3) mm, camera coordinates.
        xy: (V, 2) pixels.

    Returns:
        Raster of the head part, whose eyes and mouth are open to what lies behind them only where other parts do not
        cover them; (H, W, 2) float32 u, v, zero outside.
    """
    head = topology.face_part == PARTS.index("head")
    quads, chart = topology.faces[head], topology.uv[head].astype(np.float32)
    split = ([0, 1, 2], [0, 2, 3])
    triangles = np.concatenate([quads[:, corners] for corners in split])
    corners_uv = np.concatenate([chart[:, corners] for corners in split])
    rest = topology.triangles
    stop, lashes = topology.part_slice("head").stop, topology.part_slice("lashes").start
    rest = rest[(rest[:, 0] >= stop) & (rest[:, 0] < lashes)]
    ids, barycentric = rasterize(xy, points[:, 2], np.concatenate([triangles, rest]), width, height)
    other = ids >= len(triangles)
    ids[other], barycentric[other] = -1, 0
    raster = Raster(triangles.astype(np.int32), ids, barycentric)
    uv = np.zeros((height * width, 2), np.float32)
    uv[raster.pixels] = np.einsum("pk,pkd->pd", raster.weights, corners_uv[ids.ravel()[raster.pixels]])
    return raster, uv.reshape(height, width, 2)


_uv_rasters: dict[tuple[int, int], Raster] = {}


def uv_raster(topology: HeadTopology, size: int) -> Raster:
    """The head part in its UV chart: which surface point each texel shows (row 0 is v = 1).

    Kept per topology and size for as long as the topology lives. Vertex indices are those of the whole mesh.
    """
    key = (id(topology), size)
    if key not in _uv_rasters:
        head = topology.face_part == PARTS.index("head")
        corner = np.arange(4 * int(head.sum()), dtype=np.int32).reshape(-1, 4)
        quads = topology.faces[head]
        # a triangle stored as a quad repeats its last vertex: repeat its corner too
        corner[:, 3] = np.where(quads[:, 3] == quads[:, 2], corner[:, 2], corner[:, 3])
        triangles = quads_to_triangles(corner)
        uv = topology.uv[head].reshape(-1, 2).astype(np.float64)
        xy = np.stack([uv[:, 0] * size, (1.0 - uv[:, 1]) * size], axis=-1)
        found = rasterize(xy, None, triangles, size, size)
        _uv_rasters[key] = Raster(quads.reshape(-1)[triangles].astype(np.int32), *found)
        weakref.finalize(topology, _uv_rasters.pop, key, None)
    return _uv_rasters[key]


def sample_smooth(topology: HeadTopology, attribute: np.ndarray, size: int) -> np.ndarray:
    """(size, size[, k]) float32 slowly varying vertex attribute (V[, k]) in UV space, continued beyond the chart.

    Sampled at no more than ``SMOOTH_SIZE`` texels and enlarged, which is several times quicker than texel by texel.
    """
    raster = uv_raster(topology, min(size, SMOOTH_SIZE))
    attribute = np.asarray(attribute, np.float32)
    values = raster.sample_covered(attribute.reshape(len(attribute), -1))[raster.nearest]
    image = values.reshape(raster.triangle_id.shape + attribute.shape[1:])
    return image if len(image) == size else cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)


def fill_outside(image: np.ndarray, covered: np.ndarray, distance: float = np.inf) -> np.ndarray:
    """Continue the covered texels over the uncovered ones (nearest texel), so that filtering sees no border.

    Args:
        image: (H, W) or (H, W, k).
        covered: (H, W) bool.
        distance: texels; farther than this is left as it is.
    """
    if covered.all() or not covered.any():
        return image.copy()
    away, label = cv2.distanceTransformWithLabels(
        (~covered).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(label.max() + 1, np.int64)
    source[label[covered]] = np.flatnonzero(covered)
    target = ~covered & (away <= distance)
    out = image.copy()
    out[target] = image.reshape((-1,) + image.shape[2:])[source[label[target]]]
    return out


def texel_millimetres(topology: HeadTopology, vertices: np.ndarray, size: int) -> float:
    """Median width in mm of a texel of the head part's face, for maps of ``size`` texels.

    Args:
        vertices: (V, 3) mm.
    """
    head = topology.face_part == PARTS.index("head")
    quads = topology.faces[head]
    if "face" in topology.region_names:
        on_face = topology.region("face")[quads].min(1) > 0.5
        if on_face.any():
            quads, head = quads[on_face], np.flatnonzero(head)[on_face]
    corners, uv = vertices[quads].astype(np.float64), topology.uv[head].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]), axis=1)
    a, b = uv[:, 2] - uv[:, 0], uv[:, 3] - uv[:, 1]
    texels = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) * size**2
    return float(np.median(np.sqrt(area / np.maximum(texels, 1e-9))))
