"""Lines of the skin in an unwrapped photo: valleys of the luminance, found at several widths and linked to polylines.

A groove is a dark valley: the second derivative across it is high, the one along it is not (Frangi et al. 1998), and
the response continues along the line (Perona 1995; here a bank of elongated filters on the double-angle field). Edges
of shadows, which are steps, and freckles, which are round, respond little; what is left of them falls to the checks of
the contrast on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from ..head.chart import Chart
from ..image.filters import masked_blur, sample
from ..mesh.operators import magnitude
from .polylines import Polylines, longest_run, tangents

# by eye on real portraits where no line says otherwise; benchmarks/lines.py
GRID_MM = 0.55  # texel of the grid the lines are linked on
WIDTHS_MM = (0.4, 0.65, 1.1, 1.8)  # standard deviations of the valleys looked for
BAND_MM = 6.0  # broader changes of brightness are not lines
SLOW_MM = 20.0  # the same where contrasts are measured: a filter at 6 mm would make a valley of a step's dark side
LIMIT = 0.35  # log; darker is hair, a nostril or a lash
BLOB = 1.5  # how much the curvature along counts against the one across
ALONG_MM, ACROSS_MM = 3.2, 0.45  # Gaussian sigmas of the filters that make a response coherent
ORIENTATIONS = 12  # directions tried over half a turn
REACH, LONGEST = 3.5, 2.2  # standard deviations after which filters end, across and along lines
NOISE_MM = 22.0  # Gaussian sigma over which the usual response is the noise
OUTSTANDING = 1.6  # times the mean from which a response counts no more as noise
FLOOR = 0.0035  # log units of curvature response that no photo falls below
HIGH, LOW = 2.2, 1.2  # response over the noise from which a line starts, until which it is followed
FADED = 0.25  # share of a line's strongest response below which it has ended
STEP = 0.8  # texels
MOST_STEPS = 140  # to either side of where a line starts
TURN = 0.5  # largest turn a step, radians
LEAST_MM = 4.0  # of a line
APART_MM = 1.3  # nearer to a line that was followed, none starts
SIDES_MM = (1.2, 1.9, 2.8)  # to either side, the skin that a line is darker than


@dataclass(frozen=True)
class Ridges:
    """Coherent valley response on the linking grid.

    Attributes:
        strength: (g, g) float32 over the noise.
        field: (g, g, 2) float32 strength times cosine and sine of twice the direction along the line (columns, rows).
        unit: (g, g) log units of curvature response for a strength of 1.
        width: (g, g) mm.
        luminance: (g, g) log luminance without its slowest changes; 0 where it is not trusted.
        step: mm a texel.
    """

    strength: np.ndarray
    field: np.ndarray
    unit: np.ndarray
    width: np.ndarray
    luminance: np.ndarray
    step: float


def link_lines(ridges: Ridges) -> Polylines:
    """Candidate lines of a valley response, strongest first."""
    return separate(ridges, trace(ridges, ridge_seeds(ridges)))


def ridge_response(luminance: np.ndarray, trust: np.ndarray, chart: Chart) -> Ridges:
    """Valley response of an unwrapped photo, normalised by its own noise.

    Args:
        luminance: (S, S) log luminance, shading divided out.
        trust: (S, S) in [0, 1], 0 where there is no bare skin.
        chart: for maps of S texels.
    """
    grid = max(16, int(round(chart.size * chart.texel / GRID_MM)))
    step = chart.at(grid).texel
    band = luminance - masked_blur(luminance, trust, chart.texels(BAND_MM))
    band = (LIMIT * np.tanh(band / LIMIT) * trust).astype(np.float32)
    small_trust = cv2.resize(trust, (grid, grid), interpolation=cv2.INTER_AREA)
    small_band = cv2.resize(band, (grid, grid), interpolation=cv2.INTER_AREA)
    best = np.zeros((grid, grid), np.float32)
    field, width = np.zeros((grid, grid, 2), np.float32), np.full((grid, grid), WIDTHS_MM[0], np.float32)
    unit = np.full((grid, grid), FLOOR, np.float32)
    for sigma in WIDTHS_MM:
        image, pixel = (band, chart.texel) if sigma < 1.6 * step else (small_band, step)
        double = where_seen(partial(valleys, sigma=sigma / pixel), image, REACH * sigma / pixel)
        if len(double) != grid:
            double = cv2.resize(double, (grid, grid), interpolation=cv2.INTER_AREA)
        double *= small_trust[..., None]
        strength = magnitude(*cv2.split(double))
        noise = np.maximum(background(strength, small_trust, NOISE_MM / step), FLOOR)
        strength /= noise
        better = np.flatnonzero(strength > best)
        for kept, new in ((best, strength), (unit, noise)):
            kept.ravel()[better] = new.ravel()[better]
        width.ravel()[better] = sigma
        field.reshape(-1, 2)[better] = double.reshape(-1, 2)[better] / noise.ravel()[better, None]
    found = where_seen(lambda part: np.dstack(oriented(part, step)), field, LONGEST * ALONG_MM / step)
    strength, field = found[..., 0], np.ascontiguousarray(found[..., 1:])
    noise = background(strength, small_trust, NOISE_MM / step)
    level = float((noise * small_trust).sum() / max(float(small_trust.sum()), 1e-6))
    scale = 1.0 / np.maximum(0.5 * (noise + level), 1e-3)
    unit = unit / scale
    scale = scale * small_trust
    plain = cv2.resize(luminance, (grid, grid), interpolation=cv2.INTER_AREA)
    plain = np.clip(plain - masked_blur(plain, small_trust, SLOW_MM / step), -1, 1) * (small_trust > 0.1)
    return Ridges(strength * scale, field * scale[..., None], unit, width, plain.astype(np.float32), step)


def where_seen(response: Callable[[np.ndarray], np.ndarray], image: np.ndarray, reach: float) -> np.ndarray:
    """A response of an image (S, S[, C]), worked out only around what is not zero in it, as far as filters reach."""
    seen = image.any(-1) if image.ndim == 3 else image != 0
    margin = int(np.ceil(reach)) + 1
    bounds = [np.flatnonzero(seen.any(axis)) if seen.any() else (0, 0) for axis in (1, 0)]
    window = tuple(slice(max(int(b[0]) - margin, 0), int(b[-1]) + margin + 1) for b in bounds)
    found = response(np.ascontiguousarray(image[window]))
    out = np.zeros(image.shape[:2] + found.shape[2:], np.float32)
    out[window] = found
    return out


def background(strength: np.ndarray, trust: np.ndarray, sigma: float) -> np.ndarray:
    """(g, g) mean response around each texel, without what stands out of it: lines do not raise the noise."""
    mean = masked_blur(strength, trust, sigma)
    return masked_blur(np.minimum(strength, OUTSTANDING * mean), trust, sigma)


def valleys(image: np.ndarray, sigma: float) -> np.ndarray:
    """(S, S, 2) response of valleys of a standard deviation in pixels, times cosine and sine of twice their direction.

    sigma² (l1 - BLOB |l2|) where positive, l1 the larger eigenvalue of the Hessian at that scale, across the valley.
    """
    radius = int(np.ceil(REACH * sigma))
    x = np.arange(-radius, radius + 1)
    smooth = np.exp(-0.5 * (x / sigma) ** 2)
    smooth /= smooth.sum()
    first, second = -x / sigma**2 * smooth, (x**2 / sigma**4 - 1 / sigma**2) * smooth
    second -= second.mean()
    xx = cv2.sepFilter2D(image, cv2.CV_32F, second, smooth)
    yy = cv2.sepFilter2D(image, cv2.CV_32F, smooth, second)
    xy = cv2.sepFilter2D(image, cv2.CV_32F, first, first)
    mean, half = 0.5 * (xx + yy), 0.5 * (xx - yy)
    root = magnitude(half, xy)
    # the eigenvector across has the double angle (half, xy) / root; along the line is the opposite
    response = (
        np.maximum(mean + root - BLOB * np.abs(mean - root), 0) * np.float32(-(sigma**2)) / np.maximum(root, 1e-9)
    )
    return cv2.merge([response * half, response * xy])


def oriented(field: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Response that continues along a line: strength (g, g) and field (g, g, 2) of a double-angle field (g, g, 2)."""
    radius = int(np.ceil(LONGEST * ALONG_MM / step))
    x, y = np.meshgrid(np.arange(-radius, radius + 1) * step, np.arange(-radius, radius + 1) * step)
    angles = np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS
    layers = []
    for angle in angles:
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        kernel = np.exp(-0.5 * (along / ALONG_MM) ** 2 - 0.5 * (across / ACROSS_MM) ** 2)
        aligned = field[..., 0] * np.cos(2 * angle) + field[..., 1] * np.sin(2 * angle)
        layers.append(cv2.filter2D(aligned, cv2.CV_32F, (kernel / kernel.sum()).astype(np.float32)))
    stack = np.maximum(np.stack(layers), 0)
    best = stack.argmax(0)
    strength = np.take_along_axis(stack, best[None], 0)[0]
    before, after = (np.take_along_axis(stack, ((best + s) % ORIENTATIONS)[None], 0)[0] for s in (-1, 1))
    bend = np.minimum(before + after - 2 * strength, -1e-6)
    angle = angles[best] + np.clip(0.5 * (before - after) / bend, -0.5, 0.5) * np.pi / ORIENTATIONS
    return strength, (strength[..., None] * np.stack([np.cos(2 * angle), np.sin(2 * angle)], -1)).astype(np.float32)


def directions(field: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """(n, 2) unit direction along the line at xy (n, 2), of a double-angle field."""
    double = sample(field, xy)
    angle = 0.5 * np.arctan2(double[:, 1], double[:, 0])
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def ridge_seeds(ridges: Ridges) -> np.ndarray:
    """(n, 2) pixels where the response is high and highest across the line, strongest first, thinned out."""
    strength = ridges.strength
    row, column = np.nonzero(strength > HIGH)
    xy = np.stack([column, row], -1).astype(np.float32)
    along = directions(ridges.field, xy)
    normal = np.stack([-along[:, 1], along[:, 0]], -1)
    here = strength[row, column]
    crest = (here >= sample(strength, xy + normal)) & (here >= sample(strength, xy - normal))
    xy, here = xy[crest], here[crest]
    cell = (xy // 3).astype(int)
    order = np.argsort(-here, kind="stable")
    _, first = np.unique(cell[order] @ np.array([1, 100_000]), return_index=True)
    return xy[order[np.sort(first)]]


def trace(ridges: Ridges, seeds: np.ndarray) -> list[np.ndarray]:
    """Lines through the seeds (n, 2), followed both ways at once: a list of (m, 2) pixels."""
    if not len(seeds):
        return []
    count = len(seeds)
    along = directions(ridges.field, seeds)
    xy = np.concatenate([seeds, seeds]).astype(np.float64)
    heading = np.concatenate([along, -along])
    alive, peak = np.ones(2 * count, bool), np.tile(sample(ridges.strength, seeds), 2)
    path, length = [xy.copy()], np.ones(2 * count, int)
    for _ in range(MOST_STEPS):
        moved = xy[alive] + STEP * heading[alive]
        normal = np.stack([-heading[alive][:, 1], heading[alive][:, 0]], -1)
        middle, left, right = (sample(ridges.strength, moved + s * normal) for s in (0.0, 1.0, -1.0))
        bend = np.minimum(left + right - 2 * middle, -1e-3)
        moved += (0.6 * np.clip(0.5 * (right - left) / bend, -0.6, 0.6))[:, None] * normal
        turned = directions(ridges.field, moved)
        turned *= np.where((turned * heading[alive]).sum(-1) < 0, -1.0, 1.0)[:, None]
        rows = np.flatnonzero(alive)
        here = sample(ridges.strength, moved)
        on = (here > np.maximum(LOW, FADED * peak[rows])) & ((turned * heading[alive]).sum(-1) > np.cos(TURN))
        peak[rows] = np.maximum(peak[rows], here)
        xy[rows[on]], heading[rows[on]] = moved[on], turned[on]
        length[rows[on]] += 1
        alive[rows[~on]] = False
        path.append(xy.copy())
        if not alive.any():
            break
    steps = np.stack(path)
    return [
        np.concatenate([steps[: length[count + i], count + i][::-1], steps[1 : length[i], i]]) for i in range(count)
    ]


def separate(ridges: Ridges, traces: list[np.ndarray]) -> Polylines:
    """One polyline for each line: of traces that share their way the strongest stays whole, of others what is new."""
    size, step = len(ridges.strength), ridges.step
    taken = np.zeros((size, size), np.uint8)
    pieces = []
    total = np.array([sample(ridges.strength, t).sum() for t in traces])
    for i in np.argsort(-total, kind="stable"):
        points = traces[i]
        at = np.clip(np.round(points).astype(int), 0, size - 1)
        piece = longest_run(taken[at[:, 1], at[:, 0]] == 0)
        points = points[piece]
        if len(points) * STEP * step >= LEAST_MM:
            pieces.append(points)
            cv2.polylines(taken, [np.round(points).astype(np.int32)], False, 255, max(1, round(2 * APART_MM / step)))
    start = np.concatenate([[0], np.cumsum([len(p) for p in pieces])]).astype(int)
    xy = np.concatenate(pieces) if pieces else np.zeros((0, 2))
    along = tangents(xy, start)
    normal = np.stack([-along[:, 1], along[:, 0]], -1)
    soft = cv2.GaussianBlur(ridges.luminance, (0, 0), 0.8)
    floor = sample(soft, xy)
    sides = [[sample(soft, xy + s * d / step * normal) for d in SIDES_MM] for s in (1, -1)]
    left, right = (np.max(side, axis=0) - floor for side in sides)
    uv = np.stack([(xy[:, 0] + 0.5) / size, 1 - (xy[:, 1] + 0.5) / size], -1)
    width = sample(ridges.width, xy)
    return Polylines(uv, start, sample(ridges.strength, xy), 0.5 * (left + right), np.minimum(left, right), width)
