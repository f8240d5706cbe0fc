"""Which way the hairs of a brow run: a fixed field in the brow's own coordinates, and what the photo shows of it.

Hairs stand up at the inner end, lean outwards along the brow and turn down at its outer end; those of the upper edge
and of the lower edge lean towards each other. Where single hairs show, the structure tensor of the brightness (Bigun
and Granlund 1987) tells their line, and the field tells root from tip.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..image.colour import channel_mean
from ..image.filters import smoothstep
from .brow_paint import BrowPaint

# along the brow, 0 at its inner and 1 at its outer end; degrees from outwards along it, positive upwards
ALONG = (-0.1, 0.0, 0.1, 0.25, 0.5, 0.8, 1.0, 1.15)
DEGREES = (84.0, 78.0, 62.0, 38.0, 20.0, 8.0, 0.0, -4.0)
CONVERGE = 24.0  # degrees by which the hairs of either edge lean to the middle
CONVERGE_FROM = (0.05, 0.4)  # along the brow: not yet, in full
LEANING = ((1.5, 0.45), (4.0, 1.0))  # share of those angles that hairs of a brow of such half width (mm) have
HALF_WIDTH_MM = (1.2, 8.0)  # of a brow, least and most
HAIR_MM = 0.30  # pixel of a photo under which it shows single hairs
TENSOR_MM = (0.15, 0.9)  # Gaussian sigmas: of the gradient, of the tensor
SURE = (0.25, 0.6)  # coherence of the tensor: not believed, believed
MEASURED = 0.8  # weight of a line that is believed beside the field's 1 - 0.8
SMOOTH_MM = 0.8  # Gaussian sigma of the field that comes out
CENTRE_PRIOR = 0.15  # weight of the outline's middle line beside the cover's own


def brow_flow(paint: BrowPaint, pixel: float) -> np.ndarray:
    """(h, w, 2) float32 unit vectors, x right and y down, from root to tip.

    Args:
        paint: what the albedo shows.
        pixel: mm of the sharpest photo.
    """
    field = np.zeros(paint.cover.shape + (2,), np.float32)
    middle = 0.5 * (paint.outlines.reshape(-1, 2)[:, 0].min() + paint.outlines.reshape(-1, 2)[:, 0].max())
    split = int(np.clip(round(middle / paint.part.texel), 1, paint.cover.shape[1] - 1))
    for outline, columns in zip(paint.outlines, (slice(0, split), slice(split, None))):
        field[:, columns] = fixed_field(paint, outline, columns)
    if pixel <= HAIR_MM:
        lines, coherence = hair_lines(channel_mean(paint.colour), paint.part.texel)
        lines *= np.sign((lines * field).sum(-1, keepdims=True) + 1e-9)
        weight = (MEASURED * smoothstep(coherence, *SURE) * np.minimum(1.0, 2.0 * paint.cover))[..., None]
        field = field + weight * (lines - field)
    field = cv2.GaussianBlur(field, (0, 0), SMOOTH_MM / paint.part.texel)
    return field / np.maximum(np.linalg.norm(field, axis=-1, keepdims=True), 1e-6)


def fixed_field(paint: BrowPaint, outline: np.ndarray, columns: slice) -> np.ndarray:
    """(h, c, 2) float32 unit vectors of one brow, in some columns of the part.

    Args:
        outline: (10, 2) mm, upper edge from the outer to the inner end, then the lower edge back.
    """
    along, across, tangent, half = coordinates(paint, outline, columns)
    towards = CONVERGE * smoothstep(along, *CONVERGE_FROM) * np.clip(across, -1.3, 1.3)
    angle = np.radians(np.interp(along, ALONG, DEGREES) - towards) * np.interp(half, *np.transpose(LEANING))
    upward = np.stack([tangent[..., 1], -tangent[..., 0]], axis=-1)
    upward *= -np.sign(upward[..., 1:])  # y runs down
    return (np.cos(angle)[..., None] * tangent + np.sin(angle)[..., None] * upward).astype(np.float32)


def coordinates(
    paint: BrowPaint, outline: np.ndarray, columns: slice
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Of each texel of some columns: place along the brow (h, c), 0 inner to 1 outer end; across it (h, c), -1 lower to
    1 upper edge; tangent (h, c, 2) outwards; half the brow's width in mm.

    The middle line is a parabola over x through what is covered; far from any cover it is the outline's.
    """
    height, width = paint.cover.shape
    x = (np.arange(width)[columns] + 0.5) * paint.part.texel
    y = (np.arange(height) + 0.5) * paint.part.texel
    centre = 0.5 * (outline[:5] + outline[5:][::-1])  # outer to inner
    inner, outer = centre[-1], centre[0]
    along = (x - inner[0]) / (outer[0] - inner[0])
    cover = paint.cover[:, columns]
    usual = np.polyval(np.polyfit(centre[:, 0], centre[:, 1], 2), x)
    mass = cover.sum(0) + CENTRE_PRIOR
    found = (cover * y[:, None]).sum(0) + CENTRE_PRIOR * usual
    inside = (along > -0.15) & (along < 1.2)
    curve = np.polyfit(x[inside], (found / mass)[inside], 2, w=np.sqrt(mass[inside]))
    line, slope = np.polyval(curve, x), np.polyval(np.polyder(curve), x)
    spread = np.sqrt((cover * (y[:, None] - line) ** 2).sum() / max(float(cover.sum()), 1e-6))
    half = float(np.clip(1.8 * spread, *HALF_WIDTH_MM))
    outward = np.sign(outer[0] - inner[0])
    tangent = np.stack([np.full_like(slope, outward), outward * slope], axis=-1) / np.hypot(1.0, slope)[:, None]
    across = (line - y[:, None]) / half
    shape = (height, len(x))
    return np.broadcast_to(along, shape), across, np.broadcast_to(tangent, shape + (2,)), half


def hair_lines(
    luminance: np.ndarray, texel: float, sigmas: tuple[float, float] = TENSOR_MM
) -> tuple[np.ndarray, np.ndarray]:
    """Lines along which the brightness changes least: unit vectors (h, w, 2), x right and y down, of either sense; and
    the coherence (h, w) of the structure tensor, 0 to 1.

    Args:
        luminance: (h, w) log luminance.
        texel: mm.
        sigmas: mm, Gaussian, of the gradient and of the tensor.
    """
    smooth = cv2.GaussianBlur(luminance, (0, 0), max(sigmas[0] / texel, 0.5))
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    xx, xy, yy = (cv2.GaussianBlur(a, (0, 0), sigmas[1] / texel) for a in (x * x, x * y, y * y))
    apart = np.hypot(xx - yy, 2.0 * xy)
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy) + 0.5 * np.pi  # the larger eigenvector, turned by a right angle
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1), apart / np.maximum(xx + yy, 1e-9)
