"""Micro-relief of facial skin as tiles: pores as soft pits, joined by a net of fine furrows with pillows between.

Pores are Poisson-disc points; furrows run along the edges of their Delaunay triangulation, some left out, which gives
the rhombs and triangles of primary skin lines with pores where they meet (Piérard's description of the glyphics); a
second, finer net lies between. All distances are taken on a torus, so opposite edges of a tile continue exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.spatial import Delaunay, cKDTree

from ...core.wrinkles.fine_skin import TILE_MM, TILE_NAMES, TILE_SIZE, save_tiles

CURVE_POINTS = 48  # along one furrow, whose length is at most about 2 mm
LONGEST_WAVE = 4.0  # mm; longer waves would show the tile's repetition
BLUR = 0.028  # mm; finer than skin seen through its film of oil
PORE_REACH = 3  # how many of the nearest pores can shape a texel


@dataclass(frozen=True)
class Net:
    """Furrows between scattered points.

    Attributes:
        spacing: mm between neighbouring points, before the stretch.
        stretch: how much longer the cells are along x; below 1 along y.
        width: mm, half width of a furrow.
        depth: µm.
        pillow: µm, how much the skin swells between the furrows.
        missing: share of the furrows left out.
        along: how strongly furrows along the stretch outweigh those across it, 0 to 1.
    """

    spacing: float
    stretch: float
    width: float
    depth: float
    pillow: float
    missing: float
    along: float


@dataclass(frozen=True)
class Pores:
    """Pits at the points of the first net.

    Attributes:
        share: of the points that carry a pore.
        radius: mm, median.
        spread: of the logarithm of the radius.
        depth: µm, median.
        oblong: mean ratio of length to width; along y where ``tall``.
        tall: whether pores lengthen downwards rather than in any direction.
    """

    share: float
    radius: float
    spread: float
    depth: float
    oblong: float
    tall: bool


@dataclass(frozen=True)
class Skin:
    """One region's relief; grain is the rms of its finest unevenness in µm."""

    primary: Net
    secondary: Net
    pores: Pores
    grain: float


SKINS = {
    "nose": Skin(Net(0.98, 1.0, 0.080, 9.0, 7.0, 0.30, 0.0), Net(0.42, 1.0, 0.060, 4.0, 2.5, 0.25, 0.0),
                 Pores(0.92, 0.165, 0.26, 50.0, 1.10, False), 1.0),
    "cheek": Skin(Net(0.90, 0.72, 0.085, 17.0, 13.0, 0.20, 0.45), Net(0.40, 0.80, 0.060, 7.0, 4.5, 0.20, 0.3),
                  Pores(0.66, 0.115, 0.30, 42.0, 1.50, True), 1.0),
    "forehead": Skin(Net(0.72, 1.9, 0.075, 19.0, 11.0, 0.20, 0.65), Net(0.33, 1.6, 0.055, 7.5, 4.0, 0.20, 0.5),
                     Pores(0.42, 0.090, 0.30, 28.0, 1.2, False), 1.0),
    "lips": Skin(Net(0.80, 0.15, 0.120, 34.0, 22.0, 0.10, 0.95), Net(0.36, 0.35, 0.060, 6.0, 4.0, 0.20, 0.8),
                 Pores(0.0, 0.1, 0.3, 0.0, 1.0, False), 0.8),
}


def tiles(size: int = TILE_SIZE, seed: int = 0) -> np.ndarray:
    """(4, size, size) float32 mm heights of nose, cheek, forehead and lips, ``TILE_MM`` wide, mean 0, tileable."""
    rngs = np.random.default_rng(seed).spawn(len(TILE_NAMES))
    return np.stack([relief(SKINS[name], size, rng) for name, rng in zip(TILE_NAMES, rngs, strict=True)])


def build(path: Path) -> None:
    """Write the tiles that ``core.wrinkles.fine_skin`` loads."""
    save_tiles(tiles(), path)


def relief(skin: Skin, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size) float32 mm of one kind of skin."""
    grid = _texels(size)
    points = scattered(skin.primary.spacing, skin.primary.stretch, rng)
    height = net_relief(skin.primary, points, grid, rng)
    fine = scattered(skin.secondary.spacing, skin.secondary.stretch, rng)
    height += net_relief(skin.secondary, fine, grid, rng)
    pits = pore_relief(skin.pores, points, grid, rng)
    height = height * np.exp(-(pits / 20.0) ** 2) - pits  # a pore's mouth interrupts the furrows
    height = height.reshape(size, size) + skin.grain * grain(size, rng)
    return (_without_extremes(height) * 1e-3).astype(np.float32)


def scattered(spacing: float, stretch: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) mm Poisson-disc points on the torus, at least about ``spacing`` apart in space stretched back.

    Of many candidates in random order, each is kept that has no kept one before it within reach; found in rounds.
    """
    factor = np.sqrt([stretch, 1.0 / stretch])
    box = TILE_MM / factor
    count = int(9 * box[0] * box[1] / spacing**2)
    candidates = rng.uniform(0, 1, (count, 2)) * box
    reach = spacing * rng.uniform(0.72, 1.18, count)  # of the looser kind: real pores are not evenly spaced
    pairs = cKDTree(candidates, boxsize=box).query_pairs(reach.max(), output_type="ndarray")
    apart = (candidates[pairs[:, 0]] - candidates[pairs[:, 1]] + box / 2) % box - box / 2
    pairs = pairs[np.hypot(*apart.T) < reach[pairs].mean(1)]  # smaller index first: it has precedence
    kept, waiting = np.zeros(count, bool), np.ones(count, bool)
    while waiting.any():
        blocked = np.zeros(count, bool)
        blocked[pairs[waiting[pairs[:, 0]] & waiting[pairs[:, 1]], 1]] = True
        chosen = waiting & ~blocked
        kept |= chosen
        waiting &= blocked
        waiting[pairs[chosen[pairs[:, 0]], 1]] = False
    return (candidates[kept] * factor) % TILE_MM


def furrows(net: Net, points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Furrows between neighbouring points: starts (m, 2) mm, steps (m, 2) mm, end points (m, 2), each edge once."""
    copies = np.concatenate([points + TILE_MM * np.array([x, y]) for x in (0, -1, 1) for y in (0, -1, 1)])
    near = np.flatnonzero((np.abs(copies - TILE_MM / 2) < TILE_MM * 0.75).all(1))
    squeeze = np.sqrt([net.stretch, 1.0 / net.stretch])
    triangles = near[Delaunay(copies[near] / squeeze).simplices]
    edges = np.concatenate([triangles[:, [i, (i + 1) % 3]] for i in range(3)])
    step = copies[edges[:, 1]] - copies[edges[:, 0]]
    edges = edges % len(points)
    turned = edges[:, 0] > edges[:, 1]
    edges[turned], step[turned] = edges[turned, ::-1], -step[turned]
    _, first = np.unique(np.column_stack([edges, np.round(step * 100)]), axis=0, return_index=True)
    edges, step = edges[first], step[first]
    length = np.hypot(*(step / squeeze).T)
    kept = (length < 1.9 * net.spacing) & (rng.uniform(size=len(step)) > net.missing * length / np.median(length))
    return points[edges[kept, 0]], step[kept], edges[kept]


def net_relief(net: Net, points: np.ndarray, grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(t,) µm at the texels (t, 2) mm: grooves along gently bent furrows, pillows between them."""
    start, step, ends = furrows(net, points, rng)
    length = np.hypot(*step.T)
    main = np.abs(step[:, 0 if net.stretch >= 1 else 1]) / length
    middle = uneven(0.35, (len(start), 1), rng) * (1.0 - net.along * (1.0 - main[:, None] ** 2))
    crossing = 1.1 * uneven(0.25, len(points), rng) * (1.0 - 0.5 * net.along)
    t = np.linspace(0.0, 1.0, CURVE_POINTS)
    from_ends = crossing[ends[:, :1]] * (1.0 - t) + crossing[ends[:, 1:]] * t
    strength = middle * np.sin(np.pi * t) ** 2 + from_ends * np.cos(np.pi * t) ** 2  # no jump where furrows meet
    bend = rng.normal(0, 0.09, (len(start), 1)) * np.sin(np.pi * t)
    bend += rng.normal(0, 0.04, (len(start), 1)) * np.sin(2 * np.pi * t)
    across = step[:, ::-1] * [-1, 1]
    curve = start[:, None] + step[:, None] * t[:, None] + across[:, None] * bend[..., None]
    distance, nearest = cKDTree(curve.reshape(-1, 2) % TILE_MM, boxsize=TILE_MM).query(grid)
    groove = (1.0 + (distance / net.width) ** 2) ** -1.5
    pillow = 1.0 - np.exp(-((distance / (0.30 * net.spacing * min(net.stretch, 1 / net.stretch) ** 0.5)) ** 1.3))
    return net.pillow * pillow - net.depth * strength.ravel()[nearest] * groove


def pore_relief(pores: Pores, points: np.ndarray, grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(t,) µm of depth at the texels (t, 2) mm: soft pits of uneven outline, a flat floor and a sloping rim."""
    chosen = points[rng.uniform(size=len(points)) < pores.share]
    count = len(chosen)
    if count < PORE_REACH:
        return np.zeros(len(grid))
    radius = pores.radius * uneven(pores.spread, count, rng)
    depth = pores.depth * uneven(0.35, count, rng) * np.minimum(radius / pores.radius, 1.6) ** 0.5
    oblong = np.sqrt(1.0 + (pores.oblong - 1.0) * rng.gamma(3.0, 1 / 3.0, count))
    angle = rng.normal(np.pi / 2, 0.3, count) if pores.tall else rng.uniform(0, np.pi, count)
    wobble, phase = rng.normal(0, 0.10, (2, count)), rng.uniform(0, 2 * np.pi, (2, count))
    _, nearest = cKDTree(chosen, boxsize=TILE_MM).query(grid, k=PORE_REACH)
    away = (grid[:, None] - chosen[nearest] + TILE_MM / 2) % TILE_MM - TILE_MM / 2
    cosine, sine = np.cos(angle)[nearest], np.sin(angle)[nearest]
    u = (away[..., 0] * cosine + away[..., 1] * sine) / oblong[nearest]
    v = (away[..., 1] * cosine - away[..., 0] * sine) * oblong[nearest]
    turn = np.arctan2(v, u)
    outline = 1.0 + sum(wobble[k][nearest] * np.cos((k + 2) * turn + phase[k][nearest]) for k in range(2))
    x = np.hypot(u, v) / (radius[nearest] * outline)
    return (depth[nearest] * np.exp(-(x**2.6) * 0.9)).max(1)


def grain(size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size) unevenness of rms 1 between waves of 0.12 and 0.5 mm; a seed looks the same at every size."""
    spectrum = fft.fft2(rng.standard_normal((TILE_SIZE, TILE_SIZE)))
    half = (min(size, TILE_SIZE) - 1) // 2
    shared = np.r_[0 : half + 1, -half:0]
    cut = np.zeros((size, size), complex)
    cut[np.ix_(shared, shared)] = spectrum[np.ix_(shared, shared)]
    wave = _frequencies(size)
    cut *= np.exp(-((0.12 * wave) ** 2)) * (1.0 - np.exp(-((0.5 * wave) ** 2)))
    drawn = fft.ifft2(cut).real
    return drawn / drawn.std()


def uneven(spread: float, shape: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Lognormal factors around 1, none so large that it would draw the eye at every repetition."""
    return np.exp(spread * np.clip(rng.standard_normal(shape), -2.0, 1.5))


def _without_extremes(height: np.ndarray) -> np.ndarray:
    """Without waves longer than the tile can hide and finer than skin has."""
    wave = _frequencies(len(height))
    band = (1.0 - np.exp(-((LONGEST_WAVE * wave) ** 2))) * np.exp(-2.0 * (np.pi * BLUR * wave) ** 2)
    return fft.ifft2(fft.fft2(height) * band).real


def _frequencies(size: int) -> np.ndarray:
    """(size, size) cycles per mm."""
    axis = fft.fftfreq(size, TILE_MM / size)
    return np.hypot(axis[:, None], axis)


def _texels(size: int) -> np.ndarray:
    """(size², 2) mm, x and y (downwards) of the texel centres."""
    line = (np.arange(size) + 0.5) * (TILE_MM / size)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
