"""Lines of a photo explained by the curves that may have made them: non-negative gains on prior depths.

    min_g >= 0  sum_x w_x (y_x - (B g)_x)² / s_x²  +  sum_i (g_i - 1)² / t²  +  l sum_i g_i

y is the depth the photo shows, B what the curves would, w how well skin is seen, s the noise (lasso with a Gaussian
prior, Tibshirani 1996).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from ..head.chart import pixels, sample_uv
from ..image.filters import sample
from ..wrinkles.atlas import WrinkleAtlas
from ..wrinkles.coefficients import Person, dynamic_share, profile, static_share
from ..wrinkles.curve_basis import CurveTexels, texels_near


@dataclass(frozen=True)
class GainSettings:
    """How much a photo says against the atlas; ``benchmarks/sensitivity.py`` tells how much hangs on each.

    Chosen by eye on portraits; ``sparsity`` was raised from 0.6 so that curves of the atlas go that no photo shows.

    Attributes:
        independent: texels that say the same: neighbours share their noise and the width of a filter.
        spread: t, standard deviation of gains about 1.
        sparsity: l, weight of a gain itself.
        full_push: compression across a curve from which a photo says what motion does.
        least_motion: of a curve's depth in motion that stays though no photo shows it.
        profile: mm, Gaussian sigma of a curve in the response; reach: mm from it where that ends.
    """

    independent: float = 8.0
    spread: float = 0.5
    sparsity: float = 2.4
    full_push: float = 0.2
    least_motion: float = 0.1
    profile: float = 0.8
    reach: float = 2.0


SETTINGS = GainSettings()


def curve_columns(
    atlas: WrinkleAtlas, someone: Person, age: float, compression: np.ndarray, size: int
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """(g * g, c) mm that each curve of a person is deep in the photo at gain 1, (c,) the share motion has in it."""
    points = someone.points
    curves = someone.curves
    family = atlas.group_family[atlas.curve_group[curves]]
    along = profile(atlas)[points]
    pushed = sample(compression, pixels(atlas.uv[points], size))
    pushed = pushed[np.arange(len(points)), someone.of_points(family) - 1]
    rest = atlas.memory[points] * someone.of_points(someone.depth * static_share(atlas, age)[curves])
    moved = atlas.dynamic[points] * someone.of_points(someone.depth * dynamic_share(atlas, age)[curves])
    share = np.add.reduceat(along * pushed * moved, someone.start[:-1])
    share = share / np.maximum(np.add.reduceat(along * rest, someone.start[:-1]) + share, 1e-9)
    # skin that is hardly pushed says little about what more would do
    mean = np.add.reduceat(along * pushed, someone.start[:-1]) / np.maximum(
        np.add.reduceat(along, someone.start[:-1]), 1e-9
    )
    share = share * np.clip(mean / SETTINGS.full_push, 0, 1)
    depth = along * (rest + pushed * moved)
    return columns(atlas.uv[points], atlas.metric[points], someone.start, depth, size), share


def motion_columns(
    atlas: WrinkleAtlas, someone: Person, age: float, tensions: Sequence[np.ndarray], size: int
) -> tuple[sparse.csr_matrix, list[sparse.csr_matrix], np.ndarray]:
    """Columns (g * g, c) mm of each curve of a person at rest, and of what each photo's tension adds, at gains of 1.

    Args:
        tensions: (t, t, 2) compression of both families in each photo.

    Returns:
        At rest; in each photo; (c,) in [0, 1], how much the photo that pushes a curve most says about it in motion.
    """
    points, curves, first = someone.points, someone.curves, someone.start[:-1]
    along = profile(atlas)[points]
    family = someone.of_points(atlas.group_family[atlas.curve_group[curves]])
    rest = along * atlas.memory[points] * someone.of_points(someone.depth * static_share(atlas, age)[curves])
    moved = along * atlas.dynamic[points] * someone.of_points(someone.depth * dynamic_share(atlas, age)[curves])
    near = _texels(atlas.uv[points], atlas.metric[points], someone.start, size)
    parts, told = [], np.zeros(len(curves))
    for tension in tensions:
        pushed = sample_uv(tension, atlas.uv[points])[np.arange(len(points)), family - 1]
        mean = np.add.reduceat(along * pushed, first) / np.maximum(np.add.reduceat(along, first), 1e-9)
        told = np.maximum(told, np.clip(mean / SETTINGS.full_push, 0, 1))
        parts.append(_columns(near, someone.start, pushed * moved, size))
    return _columns(near, someone.start, rest, size), parts, told


def columns(uv: np.ndarray, metric: np.ndarray, start: np.ndarray, depth: np.ndarray, size: int) -> sparse.csr_matrix:
    """(g * g, c) mm of curves whose points (n,) have a depth in mm, each a Gaussian across (``GainSettings``)."""
    return _columns(_texels(uv, metric, start, size), start, depth, size)


def _texels(uv: np.ndarray, metric: np.ndarray, start: np.ndarray, size: int) -> CurveTexels:
    return texels_near(uv, metric, start, np.full(len(uv), SETTINGS.reach), size)


def _columns(near: CurveTexels, start: np.ndarray, depth: np.ndarray, size: int) -> sparse.csr_matrix:
    footprint = np.exp(-0.5 * (near.distance / SETTINGS.profile) ** 2).astype(np.float32)
    curve = np.repeat(np.arange(len(start) - 1), np.diff(start))
    first, last = depth[near.point], depth[near.point + 1]
    value = footprint * (first + near.fraction * (last - first)).astype(np.float32)
    return sparse.coo_matrix((value, (near.texel, curve[near.point])), shape=(size * size, len(start) - 1)).tocsr()


def gains(
    columns: sparse.spmatrix,
    depth: np.ndarray,
    noise: np.ndarray,
    seen: np.ndarray,
    sparser: np.ndarray | float = 1.0,
) -> np.ndarray:
    """(n,) non-negative gains of columns.

    Args:
        columns: (g * g, n) mm in the photo at gain 1.
        depth: (g, g) mm that the photo shows.
        noise: (g, g) mm, standard deviation of that.
        seen: (g, g) in [0, 1], how well skin is seen.
        sparser: (n,) or one for all, times the usual weight of a gain itself.
    """
    given = SETTINGS
    used = np.flatnonzero(seen.ravel() > 0.02)
    columns = columns.tocsr()[used]
    root = np.sqrt(seen.ravel()[used] / given.independent) / np.maximum(noise.ravel()[used], 1e-4)
    scaled = (sparse.diags(root) @ columns).tocsr()
    data = root * depth.ravel()[used]
    # a curve that no seen texel touches keeps its prior gain of 1, without the sparsity
    blind = np.asarray(scaled.power(2).sum(0)).ravel() <= 0
    sparsity = np.where(blind, 0.0, given.sparsity * sparser)
    matrix = (scaled.T @ scaled).tocsr()
    right = scaled.T @ data + 1.0 / given.spread**2 - sparsity

    def energy(gain: np.ndarray) -> tuple[float, np.ndarray]:
        product = matrix @ gain + gain / given.spread**2
        return float(gain @ (0.5 * product - right)), product - right

    first = np.ones(columns.shape[1])
    return minimize(energy, first, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(first)).x


def motion_gains(drawn: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(c,) gains of curves in motion, of which photos drew so much (c,) and say a share (c,) in [0, 1]."""
    return 1 - share + share * np.clip(drawn, SETTINGS.least_motion, 1.0)


def unseen_share(atlas: WrinkleAtlas, age: float, seen: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(C,) share of each curve of all layouts that the photo would not have shown."""
    at = pixels(atlas.uv, len(seen))
    depth = atlas.memory * profile(atlas) * atlas.of_points(static_share(atlas, age))
    shows = np.clip(depth / np.maximum(sample(noise.astype(np.float32), at), 1e-4) - 0.5, 0, 1)
    mass = atlas.strength + 1e-6
    first = atlas.curve_start[:-1]
    hidden = np.add.reduceat(mass * (1 - sample(seen.astype(np.float32), at) * shows), first)
    return np.clip(hidden / np.add.reduceat(mass, first), 0, 1)
