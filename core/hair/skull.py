"""The head as hair meets it: how far a point is from it, and which way is out.

The head without its ears is seen from a line that runs up the neck and ends in the skull: above the end as from a
point, below it as from an axis. From there each direction meets it once, at the outermost place, so a table of
distances stands for the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..head.model import HeadTopology, region_sum
from ..image.filters import sample
from .attachment import limit_points

FINE = 8  # places each way on a quad that are tabled
COLUMNS, ROW_MM = 90, 4.0  # of the table: around the head, up it
UP_MM = 100.0  # that a radian over the end of the line counts for
SLOPE_MM = 2.0  # to either side, over which the slope of the skin is taken
EAR = 0.5  # region weight from which a vertex is the ear's


@dataclass(frozen=True, eq=False)
class Skull:
    """Distances of a head's skin from a line inside it.

    Attributes:
        centre: (3,) mm, upper end of the line.
        lean: mm that the line goes forward for each it goes up.
        lowest: mm below the centre at which the table begins.
        table: (rows, columns + 2) float32 mm, from below to the crown; around it, from the back over the character's
            right, the face and the left, with the last column again before the first and the first after the last.
        normals: (rows, columns + 2, 3) float32, which way is out at the skin in each place of the table.
    """

    centre: np.ndarray
    lean: float
    lowest: float
    table: np.ndarray
    normals: np.ndarray

    def height(self, points: np.ndarray) -> np.ndarray:
        """(...,) mm that points (..., 3) are outside the skin; negative inside."""
        away, where = self._seen(points)
        return norms(away) - sample(self.table, where)

    def normal(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) unit, out of the skin that points (..., 3) are over."""
        found = sample(self.normals, self._seen(points)[1])
        return found / np.maximum(norms(found), 1e-6)[..., None]

    def _seen(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors from the line, and where they meet the table: (..., 2) column and row."""
        # whole arrays of x, y and z: numpy rounds functions of spread ones differently from call to call
        x, y, z = np.ascontiguousarray(np.moveaxis(points - self.centre, -1, 0), np.float32)
        below = np.minimum(y, 0.0)
        y, z = y - below, z - self.lean * below
        up = UP_MM * np.arctan2(y, np.sqrt(x * x + z * z)) + below
        columns = (np.arctan2(x, z) / (2.0 * np.pi) + 0.5) * COLUMNS + 0.5
        return np.stack([x, y, z], axis=-1), np.stack([columns, (up + self.lowest) / ROW_MM], axis=-1)


def skull_of(topology: HeadTopology, vertices: np.ndarray, joints: np.ndarray) -> Skull:
    """The skull of a head.

    Args:
        vertices: (V, 3) mm, neutral.
        joints: (J, 2, 3) mm, the bones; the third is the head's, the second the neck's.
    """
    faces = topology.part_faces("head")
    limit = limit_points(topology, vertices)
    inside = region_sum(topology, ("ear", "mouth_inner", "nostril", "eye_socket_inner"))
    faces = faces[inside[faces].max(1) < EAR]
    base, top = joints[2]
    centre = np.array([0.0, base[1] + 0.45 * (top[1] - base[1]), base[2]])
    lean = float((joints[1][1][2] - joints[1][0][2]) / (joints[1][1][1] - joints[1][0][1]))
    lowest = float(centre[1] - limit[:, 1].min())
    rows = int(np.ceil((lowest + UP_MM * np.pi / 2.0) / ROW_MM)) + 1
    empty = np.zeros((rows, COLUMNS + 2), np.float32)
    skull = Skull(centre, lean, lowest, empty, empty)
    away, where = skull._seen(_places(limit[faces]))
    column, row = np.floor(where[:, 0] - 0.5).astype(int) % COLUMNS, np.round(where[:, 1]).astype(int).clip(0, rows - 1)
    farthest = np.zeros((rows, COLUMNS))
    np.maximum.at(farthest, (row, column), np.linalg.norm(away, axis=1))
    skull = replace(skull, table=_closed(farthest))
    return replace(skull, normals=_normals(skull))


def norms(vectors: np.ndarray) -> np.ndarray:
    """(...,) of vectors (..., 3), added up in the same order wherever they lie in memory."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.sqrt(x * x + y * y + z * z)


def _normals(skull: Skull) -> np.ndarray:
    """Unit gradients of the height at the skin, by differences over ``SLOPE_MM``."""
    rows, columns = np.indices(skull.table.shape)
    around = ((columns - 0.5) / COLUMNS - 0.5) * 2.0 * np.pi
    up = rows * ROW_MM - skull.lowest
    rise, below = np.maximum(up, 0.0) / UP_MM, np.minimum(up, 0.0)
    out = np.stack([np.cos(rise) * np.sin(around), np.sin(rise), np.cos(rise) * np.cos(around)], axis=-1)
    along = np.stack([0.0 * below, below, skull.lean * below], axis=-1)
    points = skull.centre + along + skull.table[..., None] * out
    slope = [skull.height(points + s) - skull.height(points - s) for s in SLOPE_MM * np.eye(3)]
    gradient = np.stack(slope, axis=-1)
    return (gradient / np.maximum(norms(gradient), 1e-6)[..., None]).astype(np.float32)


def _places(corners: np.ndarray) -> np.ndarray:
    """(n, 3) points all over quads (q, 4, 3)."""
    a, b = np.meshgrid(*2 * [(np.arange(FINE) + 0.5) / FINE])
    weights = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], axis=-1).reshape(-1, 4)
    return np.einsum("wk,qkd->qwd", weights, corners).reshape(-1, 3)


def _closed(farthest: np.ndarray) -> np.ndarray:
    """The table, with what no place met taken from around it, smooth, and closed around the head."""
    wide = np.concatenate([farthest, farthest, farthest], axis=1).astype(np.float32)
    wide[-1] = wide[-1].max()
    known = (wide > 0).astype(np.float32)
    for sigma in (0.7, 2.0, 6.0, 20.0):
        around = cv2.GaussianBlur(known, (0, 0), sigma)
        filled = cv2.GaussianBlur(wide * known, (0, 0), sigma) / np.maximum(around, 1e-6)
        new = (known == 0) & (around > 0.02)
        wide[new] = filled[new]
        known[new] = 1.0
    wide = cv2.GaussianBlur(wide, (0, 0), 0.8)
    return np.ascontiguousarray(wide[:, farthest.shape[1] - 1 : 2 * farthest.shape[1] + 1])
