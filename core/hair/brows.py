"""Brows as strands: rooted where the albedo shows hair, grown along its flow until there is no more hair to lie in."""

from __future__ import annotations

import numpy as np

from .brow_flow import brow_flow
from .brow_paint import BrowPaint
from .hair_colour import hair_colour, strand_colours
from .strands import SPARE, Strands, empty_strands
from .surface import Surface

POINTS = 8  # of a strand
PER_MM2 = (0.9, 3.2)  # hairs that show where they are thickest, least and most
LENGTH_MM, LENGTH_SPREAD = 8.0, 0.18  # mean and relative standard deviation; 6 to 10 mm are usual
SHORTEST_MM = 2.0
RADIUS_MM, RADIUS_SPREAD = (0.028, 0.040), 0.15  # at the root, of fair and of dark hair: 50 to 80 micrometres thick
DARK_HAIR = (-2.2, -3.6)  # log luminance of either
WIDTH = 0.8  # mean width of a hair over that at its root
STEP_MM = 0.5  # of the path
ROOT_COVER, TIP_COVER = 0.30, 0.22  # cover at which a hair begins at the latest, and ends
OVER_MM = 0.6  # that a tip may reach beyond the cover
TURN = np.radians(11.0)  # standard deviation of a hair's direction against the flow
BEND = np.radians(9.0)  # and of how much it turns from root to tip
LIFT = (0.10, 0.09)  # height over the skin in the middle of a hair, of its length: mean and standard deviation
TIP_LIFT = 0.7  # of that height, at the tip
LEAST_LIFT_MM = 0.08
TIP_COLOUR = 1.25  # tips are lighter: thinner, and bleached
R2 = np.array([0.7548776662466927, 0.5698402909980532])  # Roberts's sequence: evenly spread, however many are taken
CANDIDATES = 400_000  # at most


def grow_brows(paint: BrowPaint, surface: Surface, pixel: float, seed: int) -> Strands:
    """Strands of both brows.

    Args:
        paint: what the albedo shows.
        surface: the neutral head's skin.
        pixel: mm of the sharpest photo.
        seed: of what chance decides.
    """
    rng = np.random.default_rng(seed)
    found = hair_colour(paint.colour, paint.skin, paint.cover, pixel)
    light = float(found.pigmented.mean())
    radius = float(np.interp(light, DARK_HAIR[::-1], RADIUS_MM[::-1]))
    # places of chance hide 1 - exp(-n area) of what lies under n hairs a square millimetre
    area = LENGTH_MM * 2.0 * radius * WIDTH
    density = float(np.clip(-np.log(1.0 - found.share) / area, *PER_MM2))
    middles = scattered(paint.cover, paint.part.texel, density * SPARE, rng)
    if not len(middles):
        return Strands("brows", *empty_strands(POINTS))
    path = grown(paint, brow_flow(paint, pixel), middles, rng)
    uv = paint.part.uv(path)
    inside = (np.abs(uv - 0.5) < 0.499).all((1, 2))
    uv, path = uv[inside], path[inside]
    points = lifted(surface, uv, rng)
    count = len(points)
    radii = radius * np.exp(rng.normal(0.0, RADIUS_SPREAD, count))
    colours = strand_colours(found, count, rng)
    return Strands("brows", uv[:, 0].astype(np.float32), points, radii.astype(np.float32), colours, TIP_COLOUR)


def scattered(density: np.ndarray, texel: float, most: float, rng: np.random.Generator) -> np.ndarray:
    """Places (n, 2) mm, spread evenly and as dense as a map asks for; any first part of them is so too.

    Args:
        density: (h, w) in [0, 1].
        texel: mm.
        most: places on a square millimetre of density 1.
    """
    height, width = density.shape
    count = min(CANDIDATES, round(most * height * width * texel**2))
    place = (rng.random(2) + np.arange(count)[:, None] * R2) % 1.0 * (width, height)
    wanted = density[place[:, 1].astype(int).clip(0, height - 1), place[:, 0].astype(int).clip(0, width - 1)]
    kept = rng.random(count) < wanted
    return place[kept] * texel


def grown(paint: BrowPaint, flow: np.ndarray, middles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, POINTS, 2) mm paths from root to tip, through places (m, 2) in the middle of a hair, n of them long enough.

    Back to the root and on to the tip for half a hair each, against and along the flow, as far as the cover goes.
    """
    count = len(middles)
    length = LENGTH_MM * np.clip(1.0 + LENGTH_SPREAD * rng.standard_normal(count), 0.5, 1.5)
    turn, bend = TURN * rng.standard_normal(count), BEND * rng.standard_normal(count)
    steps = int(np.ceil(0.5 * length.max() / STEP_MM))
    back = _traced(paint, flow, middles, -STEP_MM, steps, turn, -bend)
    on = _traced(paint, flow, middles, STEP_MM, steps, turn, bend)
    ends = []
    for path, least, over in ((back, ROOT_COVER, 0.0), (on, TIP_COVER, OVER_MM)):
        cover = paint.part.sample(paint.cover, path)
        inside = np.cumprod(cover > least, axis=1).sum(1) * STEP_MM + over
        ends.append(np.minimum(inside, 0.5 * length))
    first, last = -ends[0], ends[1]
    whole = np.concatenate([back[:, :0:-1], on], axis=1)
    at = first[:, None] + (last - first)[:, None] * np.linspace(0.0, 1.0, POINTS)
    index = np.clip(at / STEP_MM + steps, 0, 2 * steps - 1e-6)
    low = index.astype(int)
    rows, share = np.arange(count)[:, None], (index - low)[..., None]
    path = whole[rows, low] * (1.0 - share) + whole[rows, low + 1] * share
    return path[last - first >= SHORTEST_MM]


def _traced(
    paint: BrowPaint, flow: np.ndarray, start: np.ndarray, step: float, steps: int, turn: np.ndarray, bend: np.ndarray
) -> np.ndarray:
    """(m, steps + 1, 2) mm paths along the flow turned by so many radians, and by more on the way."""
    path = [start]
    for k in range(steps):
        direction = paint.part.sample(flow, path[-1])
        angle = turn + bend * (k + 0.5) / steps
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = direction[:, 0] * cos - direction[:, 1] * sin, direction[:, 0] * sin + direction[:, 1] * cos
        path.append(path[-1] + step * np.stack([x, y], axis=-1))
    return np.stack(path, axis=1)


def lifted(surface: Surface, uv: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, k, 3) float32 mm: paths in the chart, raised over the skin between the root, which is on it, and the tip."""
    points, normals = surface.at(uv)
    length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
    share = np.linspace(0.0, 1.0, uv.shape[1])
    rise = np.sin(np.pi * np.minimum(share, 0.5)) * (1.0 - (1.0 - TIP_LIFT) * np.clip(2.0 * share - 1.0, 0.0, 1.0))
    height = length * np.abs(rng.normal(*LIFT, len(uv)))
    lift = np.maximum(height, LEAST_LIFT_MM)[:, None] * rise
    return (points + lift[..., None] * normals).astype(np.float32)
