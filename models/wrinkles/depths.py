"""How deep the lines of the atlas are, as images on the surface grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...core.head.model import HeadTopology
from ...core.head.tension import evaluate_tension, tension_weights
from .fields import Driven, buckling_depth, memory_depth
from .folds import Fold
from .line_group import LineGroup
from .strain import expression_delta
from .surface_grid import GRID_SIZE, SurfaceGrid

LEAST_COMPRESSION = 0.08  # a driver that compresses less is taken to compress this much
OTHERS_SHARE = 0.5  # a line is at most 1 / this deeper under any other shape than under its driver
DEEPEST = 4.0  # caps, at compression 1, which drivers reach in few places

Compression = Callable[[Mapping[str, float], int], np.ndarray]


@dataclass(frozen=True)
class Depths:
    """(H, W) mm of one group: at compression 1, and what habit leaves."""

    dynamic: np.ndarray
    memory: np.ndarray


def grid_image(values: np.ndarray, texels: np.ndarray) -> np.ndarray:
    """(GRID_SIZE, GRID_SIZE) of values (n,) at flat texels; zero elsewhere."""
    out = np.zeros(GRID_SIZE * GRID_SIZE, values.dtype)
    out[texels] = values
    return out.reshape(GRID_SIZE, GRID_SIZE)


def driver_compression(
    topology: HeadTopology,
    mean: np.ndarray,
    expression_basis: np.ndarray,
    expression_names: Sequence[str],
    grid: SurfaceGrid,
) -> Compression:
    """Function (driver, family) -> (H, W) compression in [0, 1] at which a line has its driver's depth.

    That is what the head's tension gives for the driver, but not less than a share of what any other shape gives, so
    that none of them creases the skin much deeper than the driver does.
    """
    head = topology.part_slice("head")
    weights = tension_weights(topology, mean)

    def on_grid(delta: np.ndarray) -> np.ndarray:
        return evaluate_tension(weights, mean[head] + delta[head]).stack()[:, :2]

    strongest = np.max([on_grid(delta) for delta in expression_basis], axis=0)
    floor = np.maximum(OTHERS_SHARE * strongest, LEAST_COMPRESSION)
    known: dict[tuple, np.ndarray] = {}

    def compression(driver: Mapping[str, float], family: int) -> np.ndarray:
        key = tuple(sorted(driver.items()))
        if key not in known:
            whole = np.zeros((topology.vertex_count, 2), np.float32)
            whole[head] = np.maximum(on_grid(expression_delta(driver, expression_basis, expression_names)), floor)
            known[key] = grid.raster.sample(whole)
        return np.maximum(known[key][..., family - 1], LEAST_COMPRESSION)

    return compression


def group_depths(
    group: LineGroup,
    at: Driven,
    texels: np.ndarray,
    direction: np.ndarray,
    excess: np.ndarray,
    compression: Compression,
) -> Depths:
    """Depths of a group's lines; dynamic ones are divided by the compression of the group's own expression."""
    if group.resting:
        at_rest = grid_image(group.cap * at.masks[group.name], texels)
        return Depths(np.zeros_like(at_rest), at_rest)
    dynamic = grid_image(buckling_depth(group, excess), texels) / compression(group.driver, group.family)
    return Depths(np.minimum(dynamic, DEEPEST * group.cap), grid_image(memory_depth(group, at, direction), texels))


def fold_depths(fold: Fold, compression: Compression) -> Depths:
    """Depths of a fold: its share under its driver, and what age gives it."""
    dynamic = np.minimum(fold.cap * fold.dynamic / compression(fold.driver, fold.family), DEEPEST * fold.cap)
    return Depths(dynamic, np.full_like(dynamic, fold.cap * fold.at_rest))
