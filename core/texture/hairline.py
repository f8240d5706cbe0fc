"""The hairline of a person as a curve in the UV chart, read from the mask of hair that the photos gave.

Rays leave the middle of the brows upwards and sideways, like those of a fan. On each of them hair begins where it
covers the skin for good; where the photos show skin to the end, or nothing, there is no hairline.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..head.model import HeadTopology
from ..head.raster import sample_smooth, texel_millimetres
from ..image.filters import disc

RAYS = 49  # odd, so that one goes straight up
FAN = np.deg2rad(85.0)  # of the outermost rays from straight up; farther out they meet the ear
SIZE = 512  # texels of the mask that is read
BEYOND_BROW = 6.0  # mm: hair nearer to a brow is the brow's
LEAST = 6.0  # mm: shorter strands across a ray are no hairline
AGREED = 8.0  # mm: a ray that differs more from its neighbours has met a lock or a shadow
NEIGHBOURS = 5  # rays on either side
FARTHEST = 130.0  # mm


def hairline(topology: HeadTopology, vertices: np.ndarray, hair_mask: np.ndarray) -> np.ndarray:
    """Where hair begins around the forehead.

    A fringe that hangs over the forehead is its own hairline: nothing shows what lies under it.

    Args:
        vertices: (V, 3) mm, neutral head.
        hair_mask: (S, S) uint8, 255 where hair covers skin, row 0 is v = 1.

    Returns:
        (n, 2) float32 (u, v), one for each ray that met it, from the character's right temple over the forehead to the
        left one.
    """
    nothing = np.zeros((0, 2), np.float32)
    if "brow" not in topology.region_names or not hair_mask.any():
        return nothing
    texel = texel_millimetres(topology, vertices, SIZE)
    hair = cv2.resize(hair_mask, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    brow = sample_smooth(topology, topology.region("brow"), SIZE) > 0.3
    rows, columns = np.nonzero(brow)
    if not len(rows):
        return nothing
    hair[cv2.dilate(brow.astype(np.uint8), disc(BEYOND_BROW / texel)) > 0] = 0.0
    origin = np.array([columns.mean(), rows.mean()])
    angles = np.linspace(-FAN, FAN, RAYS)
    ways = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    steps = np.arange(0.0, FARTHEST / texel)
    at = (origin + ways[:, None] * steps[:, None]).astype(np.float32)
    covered = cv2.remap(hair, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) > 0.5
    begins = _agreed(np.array([_first_run(row, round(LEAST / texel)) for row in covered]), AGREED / texel)
    seen = np.isfinite(begins)
    columns, rows = (origin + ways[seen] * begins[seen, None]).T
    return np.stack([(columns + 0.5) / SIZE, 1.0 - (rows + 0.5) / SIZE], axis=1).astype(np.float32)


def _first_run(covered: np.ndarray, least: int) -> float:
    """Index at which ``covered`` (n,) first holds for ``least`` entries in a row, NaN if it never does."""
    if len(covered) < least:
        return np.nan
    count = np.concatenate([[0], np.cumsum(covered)])
    full = np.flatnonzero(count[least:] - count[:-least] == least)
    return float(full[0]) if len(full) else np.nan


def _agreed(begins: np.ndarray, most: float) -> np.ndarray:
    """Distances (n,) without those that differ by more than ``most`` from the median of their neighbours."""
    out = np.full_like(begins, np.nan)
    for i in range(len(begins)):
        around = begins[max(0, i - NEIGHBOURS) : i + NEIGHBOURS + 1]
        around = around[np.isfinite(around)]
        if np.isfinite(begins[i]) and len(around) > NEIGHBOURS and abs(begins[i] - np.median(around)) <= most:
            out[i] = begins[i]
    return out
