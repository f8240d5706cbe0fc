"""The head as hair meets it: how far a point is from it, and which way is out.

The head without its ears is seen from a line that runs up the neck and ends in the skull: above the end as from a
point, below it as from an axis. From there each direction meets it once, at the outermost place, so a table of
distances stands for the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.model import HeadTopology, region_sum
from ..image.filters import sample
from .attachment import limit_points

FINE = 8  # places each way on a quad that are tabled
COLUMNS, ROW_MM = 90, 4.0  # of the table: around the head, up it
UP_MM = 100.0  # that a radian over the end of the line counts for
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
    """

    centre: np.ndarray
    lean: float
    lowest: float
    table: np.ndarray

    def height(self, points: np.ndarray) -> np.ndarray:
        """(...,) mm that points (..., 3) are outside the skin; negative inside."""
        away, where = self._seen(points)
        return np.linalg.norm(away, axis=-1) - sample(self.table, where)

    def normal(self, points: np.ndarray, step: float = 2.0) -> np.ndarray:
        """(..., 3) unit gradient of the height, by differences over ``step`` mm."""
        steps = step * np.eye(3)
        slope = [self.height(points + s) - self.height(points - s) for s in steps]
        gradient = np.stack(slope, axis=-1) / (2.0 * step)
        return gradient / np.maximum(np.linalg.norm(gradient, axis=-1, keepdims=True), 1e-6)

    def _seen(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors from the line, and where they meet the table: (..., 2) column and row."""
        away = np.asarray(points, np.float64) - self.centre
        below = np.minimum(away[..., 1], 0.0)
        away = away - np.stack([np.zeros_like(below), below, self.lean * below], axis=-1)
        around = np.arctan2(away[..., 0], away[..., 2])
        up = UP_MM * np.arctan2(away[..., 1], np.hypot(away[..., 0], away[..., 2])) + below
        columns = (around / (2.0 * np.pi) + 0.5) * COLUMNS + 0.5
        return away, np.stack([columns, (up + self.lowest) / ROW_MM], axis=-1)


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
    skull = Skull(centre, lean, lowest, np.zeros((rows, COLUMNS + 2), np.float32))
    away, where = skull._seen(_places(limit[faces]))
    column, row = np.floor(where[:, 0] - 0.5).astype(int) % COLUMNS, np.round(where[:, 1]).astype(int).clip(0, rows - 1)
    farthest = np.zeros((rows, COLUMNS))
    np.maximum.at(farthest, (row, column), np.linalg.norm(away, axis=1))
    return Skull(centre, lean, lowest, _closed(farthest))


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
