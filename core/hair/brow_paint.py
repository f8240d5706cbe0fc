"""Brows as they are painted in the albedo: where hair is, how dark, and the skin that lies under it.

The skin under a brow is a membrane over the skin around it (the Laplace equation in log colour, which has no edge and
no extreme of its own), with the grain of the forehead above.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ..head.landmark_sets import BROWS
from ..image.colour import channel_mean, srgb_to_linear
from ..image.filters import disc, masked_blur, smoothstep
from .surface import ChartPart

ZONE_MM = (2.5, 5.0)  # around the landmarks' outline of a brow: hair is looked for in full, not at all
ZONE_UP_MM = 1.0  # by which that lies higher: below is the fold of the lid
ISLAND_MM2 = 6.0  # what is smaller and by itself is no part of a brow
WINDOW_MM = 12.0  # around both outlines
LARGEST = 2048  # texels of the chart at which brows are read
MEMBRANE_MM = 0.7  # texel at which the skin underneath is solved
CLEAN_MM, CLEAN_DARK = 6.0, (0.10, 0.28)  # Gaussian sigma; log luminance under it of what is no skin to start from
PATCH_MM = 0.5  # Gaussian sigma: cover is that of a patch, not of a single hair
FULL_QUANTILE, FULL_RANGE = 0.8, (0.3, 1.0)  # of the darkness inside an outline, which full cover has; its limits
COVER = 0.9  # share of that darkness from which cover is full
BLURRED = ((0.3, 0.3), (1.5, 0.52))  # and up to which there is none, by mm of a photo's pixel: it blurs a brow's edge
GAP_MM, GAP_COVER = 4.5, 0.55  # gaps so wide are closed, to that share of the cover around: a shine, not bare skin
LEAST_DARK = 0.12  # log luminance; a lighter brow is not told from skin
GRAIN_MM, GRAIN_LIMIT, GRAIN_SHIFT_MM = 1.2, 0.08, 14.0  # sigma of what is coarser; log colour; up the forehead


@dataclass(frozen=True, eq=False)
class BrowPaint:
    """What the albedo shows of both brows, in a part of the chart of h x w texels.

    Attributes:
        part: of the chart.
        cover: (h, w) float32 in [0, 1], how far hair hides the skin.
        zone: (h, w) float32 in [0, 1], where a brow may be.
        colour: (h, w, 3) float32 log linear colour as painted.
        skin: (h, w, 3) float32 log linear colour of the skin under it.
        full: log luminance under the skin of full cover; 0 where no brow is told from the skin.
        outlines: (2, 10, 2) mm in the part, right and left brow, in the order of ``BROWS``.
    """

    part: ChartPart
    cover: np.ndarray
    zone: np.ndarray
    colour: np.ndarray
    skin: np.ndarray
    full: float
    outlines: np.ndarray


def read_brows(albedo: np.ndarray, landmarks: np.ndarray, texel: float, pixel: float) -> BrowPaint:
    """Brows of an albedo.

    Args:
        albedo: (S, S, 3) uint8 sRGB.
        landmarks: (478, 2) u, v of the landmarks on the head.
        texel: mm.
        pixel: mm of the sharpest photo.
    """
    size = len(albedo)
    points = landmarks[np.array(BROWS)]
    part = ChartPart.around(points.reshape(-1, 2), WINDOW_MM, size, texel)
    colour = np.log(np.maximum(srgb_to_linear(part.cut(albedo)), 2e-3))
    if size > LARGEST:
        colour, part = _halved(colour, part, size // LARGEST)
    outlines = part.place(points)
    zone = _zone(part, outlines)
    skin = skin_under(colour, zone, part.texel)
    dark = channel_mean(skin) - cv2.GaussianBlur(channel_mean(colour), (0, 0), max(PATCH_MM / part.texel, 0.3))
    inside = dark[zone > 0.99]
    full = float(np.quantile(inside, FULL_QUANTILE)) if len(inside) else 0.0
    seen = full >= LEAST_DARK
    full = float(np.clip(full, *FULL_RANGE))
    none = float(np.interp(pixel, *np.transpose(BLURRED)))
    cover = smoothstep(dark, none * full, COVER * full) * zone * seen
    closed = cv2.morphologyEx(cover.astype(np.float32), cv2.MORPH_CLOSE, disc(0.5 * GAP_MM / part.texel))
    cover = np.maximum(cover, GAP_COVER * closed)
    cover *= _large(cover > 0.1, ISLAND_MM2 / part.texel**2)
    return BrowPaint(part, cover.astype(np.float32), zone, colour, skin, full * seen, outlines)


def _halved(colour: np.ndarray, part: ChartPart, factor: int) -> tuple[np.ndarray, ChartPart]:
    """The same part and its colours at a resolution that is ``factor`` times lower."""
    left, top = -(-part.left // factor), -(-part.top // factor)
    height, width = (part.top + part.height) // factor - top, (part.left + part.width) // factor - left
    rows, columns = top * factor - part.top, left * factor - part.left
    whole = colour[rows : rows + height * factor, columns : columns + width * factor]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return small, ChartPart(left, top, height, width, part.size // factor, part.texel * factor)


def _zone(part: ChartPart, outlines: np.ndarray) -> np.ndarray:
    """(h, w) float32 in [0, 1]: 1 in the outlines and near them, 0 away from them."""
    inside = np.zeros((part.height, part.width), np.uint8)
    for outline in outlines:
        corners = np.round((outline - (0.0, ZONE_UP_MM)) / part.texel * 16 - 8)  # cv2 counts in sixteenths
        cv2.fillPoly(inside, [corners.astype(np.int32)], 1, shift=4)
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) * part.texel
    return (1.0 - smoothstep(away, *ZONE_MM)).astype(np.float32)


def _large(mask: np.ndarray, least: float) -> np.ndarray:
    """(h, w) bool, the pieces of a mask that have at least so many texels."""
    _, label, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return mask & (stats[:, cv2.CC_STAT_AREA] >= least)[label]


def skin_under(colour: np.ndarray, zone: np.ndarray, texel: float) -> np.ndarray:
    """Log colour (h, w, 3) whose zone is continued from the skin around it.

    Args:
        colour: (h, w, 3) log linear colour.
        zone: (h, w) in [0, 1], where brows may be.
        texel: mm.
    """
    free = (zone <= 0).astype(np.float32)
    around = channel_mean(masked_blur(colour, free, CLEAN_MM / texel))
    clean = free * (1.0 - smoothstep(around - channel_mean(colour), *CLEAN_DARK))
    small = tuple(max(8, round(n * texel / MEMBRANE_MM)) for n in zone.shape[::-1])
    weight = cv2.resize(clean, small, interpolation=cv2.INTER_AREA)
    value = cv2.resize(colour * clean[..., None], small, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(membrane(value, weight), zone.shape[::-1], interpolation=cv2.INTER_CUBIC)
    fine = colour - cv2.GaussianBlur(colour, (0, 0), GRAIN_MM / texel)
    shift = min(round(GRAIN_SHIFT_MM / texel), len(fine) - 1)
    grain = np.clip(np.concatenate([fine[:shift][::-1], fine[: len(fine) - shift]]), -GRAIN_LIMIT, GRAIN_LIMIT)
    return smooth + grain * cv2.GaussianBlur(zone, (0, 0), 1.0 / texel)[..., None]


def membrane(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32 that is value / weight where weight is large and harmonic where it is 0.

    Solves (W + e L) x = value with W the weights, L the Laplacian of the grid and e small.

    Args:
        value: (h, w, 3) weighted values.
        weight: (h, w) in [0, 1], somewhere above 0.
    """
    height, width = weight.shape
    index = np.arange(height * width).reshape(height, width)
    first = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    second = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    ones = np.ones(2 * len(first))
    links = sparse.coo_matrix((ones, (np.r_[first, second], np.r_[second, first])), (index.size, index.size)).tocsr()
    laplacian = sparse.diags(np.asarray(links.sum(1)).ravel()) - links
    system = (sparse.diags(weight.ravel().astype(np.float64) + 1e-9) + 0.02 * laplacian).tocsc()
    return splu(system).solve(value.reshape(-1, 3).astype(np.float64)).reshape(value.shape).astype(np.float32)
