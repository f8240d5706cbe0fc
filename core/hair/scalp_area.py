"""Where hair grows on a scalp: a hairline around the head, and how dense hair is inside it.

Places are told by how far they are around the head (mm of arc on a cylinder about the axis through the ears, to the
character's left) and how high (mm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..head.model import HeadModel
from ..image.filters import smoothstep
from .styles import HairStyle

ARC_MM = 75.0  # radius of that cylinder
FOREHEAD, MOUTH = 10, 61  # landmarks: top of the face mesh, corner of the mouth
# half of a usual hairline: arc, and height of which part of the head with mm over it; by eye on portraits
OVER_FOREHEAD = ((0.0, 13.0), (20.0, 13.0), (38.0, 14.0), (55.0, 4.0), (66.0, -9.0), (73.0, -24.0))
OVER_EAR = ((80.0, 9.0), (84.0, -5.0), (87.0, -28.0), (96.0, -30.0), (99.0, 0.0), (104.0, 7.0), (117.0, 10.0),
            (132.0, 7.0), (139.0, -8.0), (146.0, -45.0))  # fmt: skip
OVER_MOUTH = ((158.0, 0.0), (180.0, -10.0), (235.6, -18.0))
SOFT_MM = ((-3.0, 5.0), (-7.0, 6.0))  # from no hair to all, across the hairline at the forehead, at the nape
FOREHEAD_ARC = 85.0  # up to where a photo tells of the hairline
SEEN_RANGE = (-14.0, 45.0)  # mm that a photo's hairline may lie over the usual one
SEEN_NEAR = 9.0  # mm of arc, Gaussian sigma of what a point of it tells
TEMPLES = (30.0, 68.0)  # arc of what recedes first
CROWN_BARE = (0.62, 0.78)  # upward part of the normal, of a bare top: hair, none
HAIRLESS = ("ear", "mouth_inner", "nostril", "eye_socket_inner")  # regions
LEAST_POINTS = 8  # of a photo's hairline


@dataclass(frozen=True, eq=False)
class Hairline:
    """Where hair ends, all around a head.

    Attributes:
        axis: z of the cylinder's axis, mm.
        line: (n, 2) mm, arc and height, from the back over the right, the front and the left to the back.
    """

    axis: float
    line: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) arc and height of points (..., 3) mm."""
        angle = np.arctan2(points[..., 0].copy(), points[..., 2] - self.axis)
        return np.stack([ARC_MM * angle, points[..., 1]], axis=-1)

    def inside(self, points: np.ndarray) -> np.ndarray:
        """(n,) mm that points (n, 3) lie inside the hair, negative outside, measured on the cylinder."""
        at = self.place(points)
        start, end = self.line[:-1], self.line[1:]
        edge = end - start
        away = at[:, None] - start
        along = np.clip((away * edge).sum(2) / np.maximum((edge**2).sum(1), 1e-9), 0.0, 1.0)
        distance = np.linalg.norm(away - along[..., None] * edge, axis=2).min(1)
        crossed = (start[:, 0] <= at[:, None, 0]) != (end[:, 0] <= at[:, None, 0])
        width = np.where(edge[:, 0] == 0, 1.0, edge[:, 0])
        height = start[:, 1] + (at[:, None, 0] - start[:, 0]) / width * edge[:, 1]
        below = (crossed & (height < at[:, None, 1])).sum(1) % 2 == 1
        return np.where(below, distance, -distance)


def usual_hairline(model: HeadModel, vertices: np.ndarray) -> Hairline:
    """The hairline that people have, placed by a head's forehead, ears and mouth.

    Args:
        vertices: (V, 3) mm, neutral.
    """
    marks = model.landmarks(vertices)
    ears = vertices[model.topology.region("ear") > 0.5]
    axis = float(0.5 * (ears[:, 2].min() + ears[:, 2].max()))
    parts = (
        (OVER_FOREHEAD, marks[FOREHEAD, 1]),
        (OVER_EAR, float(ears[:, 1].max())),
        (OVER_MOUTH, marks[MOUTH, 1]),
    )
    half = np.array([(arc, height + over) for part, height in parts for arc, over in part])
    whole = np.concatenate([half[::-1] * (-1, 1), half[1:]])
    return Hairline(axis, whole)


def moved_hairline(usual: Hairline, seen: np.ndarray) -> Hairline:
    """The usual hairline moved to where a photo shows it over forehead and temples.

    Args:
        seen: (n, 3) mm, points of the photo's hairline on the head; too few change nothing.
    """
    if len(seen) < LEAST_POINTS:
        return usual
    line, at = usual.line.copy(), usual.place(seen)
    weight = np.exp(-0.5 * ((line[:, :1] - at[:, 0]) / SEEN_NEAR) ** 2)
    mean = (weight * np.clip(over_usual(usual, at), *SEEN_RANGE)).sum(1) / (weight.sum(1) + 0.5)
    line[:, 1] += mean * smoothstep(FOREHEAD_ARC - np.abs(line[:, 0]), 0.0, 25.0)
    return Hairline(usual.axis, line)


def over_usual(usual: Hairline, at: np.ndarray) -> np.ndarray:
    """(n,) mm that places (n, 2), arc and height, lie over the usual hairline."""
    front = np.abs(usual.line[:, 0]) < FOREHEAD_ARC
    return at[:, 1] - np.interp(at[:, 0], *usual.line[front].T)


def receded(hairline: Hairline, style: HairStyle) -> Hairline:
    """The hairline as a style takes it back over temples and forehead."""
    if not style.recede:
        return hairline
    line = hairline.line.copy()
    arc = np.abs(line[:, 0])
    temple = smoothstep(arc, 8.0, TEMPLES[0]) * (1.0 - smoothstep(arc, TEMPLES[1], TEMPLES[1] + 18.0))
    line[:, 1] += style.recede * (0.35 * (arc < FOREHEAD_ARC) + temple)
    return Hairline(hairline.axis, line)


def density(hairline: Hairline, points: np.ndarray, normals: np.ndarray, style: HairStyle) -> np.ndarray:
    """(n,) share of the usual density at points (n, 3) mm with unit normals (n, 3)."""
    inside = hairline.inside(points)
    behind = smoothstep(np.abs(hairline.place(points)[:, 0]), FOREHEAD_ARC, FOREHEAD_ARC + 60.0)
    front, nape = (smoothstep(inside, *soft) for soft in SOFT_MM)
    dense = front + behind * (nape - front)
    if style.bald:
        dense = dense * (1.0 - smoothstep(normals[:, 1] - 0.25 * np.minimum(normals[:, 2], 0.0), *CROWN_BARE))
        front_bare = smoothstep(points[:, 2] - hairline.axis, 5.0, 30.0)
        dense = dense * (1.0 - front_bare * smoothstep(normals[:, 1], 0.2, 0.45))
    return dense

