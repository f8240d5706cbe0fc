"""Teeth one by one in their gums, along the arches of the model's coarse rows.

A row is one sheet, folded over the biting edges: from the gum behind the lip over the crowns' fronts and edges to the
gum on the tongue's side. It is laid out on a map: across it runs the way along the arch, down it the way over the sheet
(``chart_place``), the upper row in the upper half. Measures of crowns are the averages of Wheeler's Dental Anatomy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..image.filters import smoothstep
from ..mesh.carried import CarriedMesh, affine_carrier, grid_faces, merged
from .model import HeadTopology

# from the middle backwards: width, height of the crown, thickness at the gum, by which the edge stands back from the
# arch's biting line; all in mm. Upper crowns from the canines back are higher than Wheeler's, by 3.5 mm at most: the
# corners of a smile lift the lip above them, and people's gums hardly show there
UPPER = (
    (8.5, 10.5, 7.0, 0.0), (6.5, 9.5, 6.0, 0.8), (7.5, 11.5, 8.0, 0.0), (7.0, 12.0, 9.0, 0.3), (7.0, 12.0, 9.0, 0.3),
    (10.0, 11.0, 11.0, 0.4), (9.0, 10.0, 11.0, 0.5),
)  # fmt: skip
LOWER = (
    (5.0, 9.0, 6.0, 0.0), (5.5, 9.5, 6.5, 0.0), (7.0, 11.0, 7.5, 0.0), (7.0, 8.5, 7.5, 0.5), (7.0, 8.0, 8.0, 0.8),
    (11.0, 7.5, 10.5, 1.2), (10.5, 7.0, 10.5, 1.4),
)  # fmt: skip
FRONT_TEETH = 3  # incisors and canine: they end in an edge, the others in a surface with cusps
# share of a tooth's half width at its columns: dense where it curves into the gap
ACROSS = np.array([-1.0, -0.92, -0.76, -0.45, 0.0, 0.45, 0.76, 0.92])
# rows over the sheet, v of the map: at the front 0 is the gum's upper end, GUM_LINE the gum's margin, EDGE the edge
ROWS = np.array([0.0, 0.14, 0.24, 0.295, 0.32, 0.345, 0.4, 0.47, 0.54, 0.59, 0.625, 0.65, 0.675, 0.72, 0.8, 0.9, 1.0])
GUM_LINE, EDGE, BACK_LINE = 0.32, 0.65, 0.86
# by the direction of the edges, mm from the biting line to where the gum ends, and by which it lies further back there:
# the coarse lower row rounds off below its crowns, and the chins of some people leave no more room. And least mm of gum
GUM_HEIGHT, GUM_BACK, GUM_LEAST = {-1.0: 17.0, 1.0: 12.0}, {-1.0: 0.9, 1.0: 5.0}, 1.0
SIDE_BACK, SIDES = 0.9, (7.0, 14.0)  # mm by which canines and what follows stand back, where along the arch
BULGE, GAP_DEPTH, EDGE_THICKNESS, TABLE = 0.9, 0.8, 1.1, 5.0  # mm
GUM_STEP = 0.45  # mm by which the gum stands before the crown at its margin
PAPILLA = 0.3  # share of a crown's height by which gum reaches down between teeth
CORNER = 0.9  # mm by which the corners of an edge are rounded away
LEVEL = 0.7  # share of the coarse rows' rise towards the back that is kept; of all of it the molars would gape
IN_FRONT = -0.6  # mm of the crowns' fronts before the foremost of the coarse row's, its gums: lips lie on those
FEWEST = 30  # vertices of a row; made-up meshes of fewer stay as they are


@dataclass(frozen=True)
class Arch:
    """The biting line of one coarse row, in mm.

    Attributes:
        along: (n,) way from the middle, negative on the right; points: (n, 3) on the line; outward: (n, 3) unit, level.
        up: 1 for the lower row, whose edges look up, -1 for the upper.
    """

    along: np.ndarray
    points: np.ndarray
    outward: np.ndarray
    up: float

    def at(self, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points and outward directions (..., 3) at ways (...)."""
        place, out = (
            np.stack([np.interp(along, self.along, values[:, k]) for k in range(3)], axis=-1)
            for values in (self.points, self.outward)
        )
        return place, out / np.linalg.norm(out, axis=-1, keepdims=True)


def fine_teeth(topology: HeadTopology, neutral: np.ndarray) -> CarriedMesh | None:
    """Both rows, the upper one first, carried by the whole head; None where the model has no rows.

    Args:
        neutral: (V, 3) mm.
    """
    part = topology.part_slice("teeth")
    coarse = neutral[part].astype(np.float64)
    lower = topology.skin_weights[part, 3] > 0.5
    made = []
    for table, own, up in ((UPPER, np.flatnonzero(~lower), -1.0), (LOWER, np.flatnonzero(lower), 1.0)):
        if len(own) < FEWEST:
            return None
        arch = biting_line(coarse[own], up)
        points, uv = _sheet(table, arch)
        faces = grid_faces(len(ROWS), points.shape[1])
        if up < 0:
            faces = faces[:, ::-1]
        flat = points.reshape(-1, 3)
        carrier = affine_carrier(flat, coarse[own], part.start + own, len(neutral))
        made.append(CarriedMesh(flat, faces, uv.reshape(-1, 2)[faces], carrier, np.zeros(len(faces), np.int32)))
    return merged(made)


def biting_line(points: np.ndarray, up: float) -> Arch:
    """The line along the edges of a coarse row (n, 3) mm, smooth and symmetric in its ways.

    Args:
        up: 1 where the edges look up.
    """
    back = points[:, 2].min()
    middle = np.array([points[:, 0].mean(), 0.0, back - 8.0])
    angle = np.arctan2(points[:, 0] - middle[0], points[:, 2] - middle[2])
    steps = np.linspace(angle.min(), angle.max(), 65)
    near = np.exp(-0.5 * ((steps[:, None] - angle) / 0.07) ** 2)
    height = up * points[:, 1]
    out = np.hypot(points[:, 0] - middle[0], points[:, 2] - middle[2])
    # the highest and the foremost points at each angle
    edge, front = _soft_maximum(height, near, 1.5), _soft_maximum(out, near, 1.0)
    edge = edge[32] + LEVEL * (edge - edge[32])
    line = np.column_stack([middle[0] + front * np.sin(steps), up * edge, middle[2] + front * np.cos(steps)])
    tangent = np.gradient(line[:, [0, 2]], axis=0)
    outward = np.column_stack([-tangent[:, 1], np.zeros(len(line)), tangent[:, 0]])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line[:, [0, 2]], axis=0), axis=1))])
    return Arch(length - np.interp(0.0, steps, length), line, outward, up)


def _soft_maximum(values: np.ndarray, near: np.ndarray, sharpness: float) -> np.ndarray:
    """(s,) mean of values (n,) mm that the large ones rule, with weights near (s, n)."""
    weight = near * np.exp(sharpness * (values - values.max()))
    return weight @ values / weight.sum(1)


def columns(table: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each column of a row from right to left: way (c,) in mm, tooth (c,) counted from the middle, and place (c,)
    across the tooth, -1 to 1 towards the left."""
    widths = np.array([row[0] for row in table])
    starts = np.concatenate([[0.0], np.cumsum(widths)[:-1]])
    way, tooth, place = [], [], []
    for side, order in ((-1.0, range(len(table) - 1, -1, -1)), (1.0, range(len(table)))):
        for k in order:
            centre = side * (starts[k] + 0.5 * widths[k])
            way += list(centre + 0.5 * widths[k] * ACROSS)
            tooth += [k] * len(ACROSS)
            place += list(ACROSS)
    way.append(widths.sum())
    tooth.append(len(table) - 1)
    place.append(1.0)
    return np.array(way), np.array(tooth), np.array(place)


def chart_place(way: np.ndarray, v: np.ndarray, table: tuple, upper: bool) -> np.ndarray:
    """(..., 2) u, v of the map at ways (...) in mm and places (...) over the sheet, 0 to 1."""
    half = sum(row[0] for row in table)
    return np.stack([0.5 + 0.49 * way / half, (1.0 if upper else 0.5) - 0.5 * v], axis=-1)


def gum_margin(place: np.ndarray) -> np.ndarray:
    """(...) share of a crown's height by which gum covers it at places (...) across, -1 to 1: a scallop."""
    return PAPILLA * np.abs(place) ** 2.5


def _sheet(table: tuple, arch: Arch) -> tuple[np.ndarray, np.ndarray]:
    """(rows, c, 3) mm and (rows, c, 2) u, v."""
    way, tooth, place = columns(table)
    sizes = np.array(table)[tooth]
    crown, thick, back = sizes[:, 1], sizes[:, 2], sizes[:, 3]
    reach = min(1.0, min(-arch.along[0], arch.along[-1]) / np.abs(way).max())
    edge, outward = arch.at(way * reach)
    front = tooth < FRONT_TEETH
    rounded = np.abs(place) ** 4
    fall = back + CORNER * rounded
    table_width = np.where(front, EDGE_THICKNESS, TABLE)
    gap = np.abs(place) ** 8
    end, sloped = np.maximum(GUM_HEIGHT[arch.up], crown + GUM_LEAST), GUM_BACK[arch.up]
    height = np.array([_height(v, crown, place, fall, end) for v in ROWS])
    depth = np.array([_depth(v, gap, place, thick, table_width, sloped) for v in ROWS])
    depth -= SIDE_BACK * smoothstep(np.abs(way), *SIDES)
    points = edge + depth[..., None] * outward
    points[..., 1] = edge[:, 1] - arch.up * height
    way, over = np.broadcast_arrays(way, ROWS[:, None])
    return points, chart_place(way, over, table, upper=arch.up < 0)


def _height(v: float, crown: np.ndarray, place: np.ndarray, fall: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(c,) mm from the biting line towards the gum, which ends at ``end``."""
    neck = crown * (1.0 - gum_margin(place))
    if v <= GUM_LINE:
        return end + (neck - end) * v / GUM_LINE
    if v <= EDGE:
        return fall + (neck - fall) * (EDGE - v) / (EDGE - GUM_LINE)
    if v <= BACK_LINE:
        return fall + (0.85 * neck - fall) * smoothstep(np.array(v), EDGE, BACK_LINE)
    return 0.85 * neck + (end - 0.85 * neck) * (v - BACK_LINE) / (1.0 - BACK_LINE)


def _depth(
    v: float, gap: np.ndarray, place: np.ndarray, thick: np.ndarray, table_width: np.ndarray, sloped: float
) -> np.ndarray:
    """(c,) mm before the biting line; negative towards the tongue; ``sloped`` is how far back the gum ends."""
    middle = 1.0 - place**2
    if v <= GUM_LINE:  # the gum swells over each root
        t = v / GUM_LINE
        return IN_FRONT + GUM_STEP + 0.5 * middle * t - sloped * (1.0 - t) - 0.25 * (1.0 - middle)
    if v <= EDGE:
        t = (v - GUM_LINE) / (EDGE - GUM_LINE)  # 0 at the gum, 1 at the edge
        curve = BULGE * (np.sin(np.pi * min(0.15 + 0.65 * t, 1.0)) - 1.0) + 0.5 * (middle - 1.0)
        return IN_FRONT + curve - GAP_DEPTH * gap - 0.6 * t**4
    t = (v - EDGE) / (1.0 - EDGE)
    start = IN_FRONT + BULGE * (np.sin(np.pi * 0.8) - 1.0) + 0.5 * (middle - 1.0) - GAP_DEPTH * gap - 0.6
    behind = -table_width - (thick - table_width).clip(0.0) * smoothstep(np.array(t), 0.1, 0.6)
    inward = GAP_DEPTH * gap
    return start + (behind + inward - start) * smoothstep(np.array(t), 0.0, 0.12)
