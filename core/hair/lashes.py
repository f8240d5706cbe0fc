"""Lashes as strands: rooted along the margins of the lids, longest above the outer half of the eye, curled upwards.

No photo at hand shows single lashes where a head's lids have their margins, so they are those of people in general, in
the colour of the brows, darker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..head.landmark_sets import EYES
from ..head.model import PARTS, HeadModel, region_sum
from .hair_colour import HairColour, strand_colours
from .strands import SPARE, Strands
from .surface import vertex_uv

POINTS = 8  # of a strand
GRID = 16  # points across each face of a lid among which roots are looked for
DEGREE = 4  # of the curve through the landmarks of a margin
TIP_COLOUR = 1.15
DARKER, LARGEST_LIGHT = 0.5, 0.012  # factor of the brows' linear colour; the most that comes of it
LENGTH_SPREAD, RADIUS_SPREAD = 0.12, 0.12  # relative standard deviations
TURN, PITCH = np.radians(7.0), np.radians(6.0)  # standard deviations to the side, up and down
CLUMP_MM, CLUMPED = 1.1, 0.45  # width of a tuft at the roots; how far its tips meet
FAN = 0.85  # share of the way in which lashes point from the eye's axis to the side
ALONG = (0.0, 0.15, 0.4, 0.7, 0.9, 1.0)  # of a margin, from its inner end


@dataclass(frozen=True)
class Row:
    """The lashes of one lid.

    Attributes:
        marks: 9 landmarks of each eye in the order of EYES: which of them lie on the margin, outer to inner end.
        count: of lashes that show; upper lids have 90 to 160, lower ones 75 to 80 (Montagna and Parakkal 1974).
        length: mm of the longest; upper 8 to 12 mm, lower 6 to 8.
        lengths: share of it at ``ALONG``.
        radius: mm at the root.
        pitch: degrees over the horizontal of a lash at its root, in its middle, at its tip.
        depth: mm over which the roots are spread away from the margin.
        span: part of the margin that has lashes.
    """

    marks: tuple[int, ...]
    count: int
    length: float
    lengths: tuple[float, ...]
    radius: float
    pitch: tuple[float, float, float]
    depth: float
    span: tuple[float, float]


UPPER = Row(
    marks=(0, 1, 2, 3, 4, 5, 6, 7, 8),
    count=125,
    length=9.5,
    lengths=(0.45, 0.62, 0.86, 1.0, 0.95, 0.75),
    radius=0.052,
    pitch=(-14.0, 12.0, 58.0),
    depth=0.7,
    span=(0.06, 0.98),
)
LOWER = Row(
    marks=(0, 15, 14, 13, 12, 11, 10, 9, 8),
    count=75,
    length=5.8,
    lengths=(0.45, 0.6, 0.8, 1.0, 0.95, 0.7),
    radius=0.036,
    pitch=(-38.0, -48.0, -30.0),
    depth=0.5,
    span=(0.14, 0.97),
)


def grow_lashes(model: HeadModel, vertices: np.ndarray, brow: HairColour, seed: int) -> Strands:
    """Strands on the upper and lower lids of both eyes.

    Args:
        vertices: (V, 3) mm, neutral.
        brow: colour of the brows.
        seed: of what chance decides.
    """
    rng = np.random.default_rng(seed)
    points, uv = _lid_points(model, vertices)
    tree, marks = cKDTree(points), model.landmarks(vertices)
    eyes = vertices[model.topology.part_slice("eyes")]
    grown = []
    for contour, side in zip(EYES, (-1.0, 1.0)):
        centre = eyes[eyes[:, 0] * side > 0].mean(0)
        for row in (UPPER, LOWER):
            line = marks[[contour[k] for k in row.marks]][::-1]
            grown.append(_row(row, line, centre, tree, points, uv, rng))
    roots, strands, radii, order = (np.concatenate(parts) for parts in zip(*grown))
    order = np.argsort(order, kind="stable")
    light = np.exp(brow.pigmented) * DARKER
    dark = HairColour(np.log(light * min(1.0, LARGEST_LIGHT / float(light.mean()))), 0.0)
    colours = strand_colours(dark, len(roots), rng)
    return Strands("lashes", roots[order], strands[order], radii[order], colours, TIP_COLOUR)


def _lid_points(model: HeadModel, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) mm points on the faces of the lids, and their (n, 2) u, v."""
    topology = model.topology
    lids = region_sum(topology, ("upper_lid", "lower_lid"))
    faces = topology.part_faces(PARTS[0])
    faces = faces[(lids[faces] > 0.05).any(1)]
    at = (np.arange(GRID) + 0.5) / GRID
    a, b = (m.ravel() for m in np.meshgrid(at, at))
    weights = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], axis=-1)
    points, uv = (np.einsum("gk,fkd->fgd", weights, values[faces]) for values in (vertices, vertex_uv(topology)))
    return points.reshape(-1, 3).astype(np.float32), uv.reshape(-1, 2).astype(np.float32)


def _row(
    row: Row, line: np.ndarray, centre: np.ndarray, tree: cKDTree, points: np.ndarray, uv: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Roots (n, 2) u, v; strands (n, POINTS, 3) mm; radii (n,) mm; place (n,) in the order of thinning out.

    Args:
        line: (9, 3) mm landmarks of the margin, from the inner to the outer end.
        centre: (3,) mm, of the eyeball.
    """
    count = round(row.count * SPARE)
    golden = (rng.random() + np.arange(count) * 0.6180339887498949) % 1.0
    along = row.span[0] + (row.span[1] - row.span[0]) * golden
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    curve = np.polyfit(steps / steps[-1], line, DEGREE)
    margin = np.stack([np.polyval(curve[:, k], along) for k in range(3)], axis=-1)
    outward = margin - centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    up = 1.0 if row.pitch[1] > 0 else -1.0
    place = margin + np.array([0.0, up, 0.0]) * (row.depth * rng.random((count, 1)) - 0.15)
    nearest = tree.query(place)[1]
    length = row.length * np.interp(along, ALONG, row.lengths)
    length *= np.clip(1.0 + LENGTH_SPREAD * rng.standard_normal(count), 0.6, 1.3)
    tufts = np.round(along * steps[-1] / CLUMP_MM + 0.25 * rng.standard_normal(count))
    strands = _curled(row, points[nearest], outward, length, tufts, rng)
    radii = row.radius * np.exp(RADIUS_SPREAD * rng.standard_normal(count))
    return uv[nearest], strands, radii.astype(np.float32), (np.arange(count) + 0.5) / count


def _curled(
    row: Row, roots: np.ndarray, outward: np.ndarray, length: np.ndarray, tufts: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(n, POINTS, 3) float32 mm, each bent in the upright plane in which it leaves the eye; tips of a tuft meet."""
    count = len(roots)
    side = np.arctan2(FAN * outward[:, 0], outward[:, 2]) + TURN * rng.standard_normal(count)
    share = (np.arange(POINTS - 1) + 0.5) / (POINTS - 1)
    pitch = np.radians(np.interp(share, (0.0, 0.5, 1.0), row.pitch))[None] + PITCH * rng.standard_normal((count, 1))
    flat = np.cos(pitch)
    step = np.stack([flat * np.sin(side)[:, None], np.sin(pitch), flat * np.cos(side)[:, None]], axis=-1)
    step *= (length / (POINTS - 1))[:, None, None]
    path = np.concatenate([np.zeros((count, 1, 3)), np.cumsum(step, axis=1)], axis=1) + roots[:, None]
    _, member = np.unique(tufts, return_inverse=True)
    size = np.bincount(member).astype(float)
    tips = np.stack([np.bincount(member, path[:, -1, k]) for k in range(3)], axis=-1) / size[:, None]
    pull = CLUMPED * np.linspace(0.0, 1.0, POINTS) ** 1.5
    sideways = (tips[member] - path[:, -1]) * np.array([1.0, 0.15, 0.4])
    return (path + pull[None, :, None] * sideways[:, None]).astype(np.float32)
