"""Bounded quadratic programme with an arrow-shaped matrix: one block a photo, one block shared by all.

    minimise  1/2 x^T H x - g^T x   subject to  lower <= x <= upper,

with H = [[A_1, B_1], ..., [C]], A_i coupling the parameters of photo i, C the shared ones, B_i the two. Photos are
eliminated by their Schur complements, so the cost grows linearly with the number of photos. Bounds by an active set
with projected steps (Bertsekas 1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve


@dataclass(frozen=True)
class Block:
    """One photo's part of the system: ``matrix`` (n, n), ``shared`` (n, K), ``gradient`` (n,), bounds (n,)."""

    matrix: np.ndarray
    shared: np.ndarray
    gradient: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def solve_arrow(
    blocks: list[Block], matrix: np.ndarray, gradient: np.ndarray, fixed: list[np.ndarray], values: list[np.ndarray]
) -> list[np.ndarray]:
    """Unbounded solution with some variables held.

    Args:
        blocks: photos.
        matrix, gradient: (K, K) and (K,) of the shared parameters.
        fixed: bool masks, one per photo and last the shared one: variables held at ``values``.

    Returns:
        Solutions in the same order as ``fixed``.
    """
    held = fixed[-1]
    free = ~held
    shared_value = np.where(held, values[-1], 0.0)
    shared_matrix = np.where(np.outer(free, free), matrix, 0.0)
    shared_matrix[held, held] = 1.0
    shared_right = np.where(held, shared_value, gradient - matrix @ shared_value)
    eliminated = []
    for block, mask, value in zip(blocks, fixed, values):
        known = np.where(mask, value, 0.0)
        loose = ~mask
        right = block.gradient - block.matrix @ known - block.shared @ shared_value
        own = np.where(np.outer(loose, loose), block.matrix, 0.0)
        own[mask, mask] = 1.0
        right = np.where(mask, known, right)
        cross = np.where(np.outer(loose, free), block.shared, 0.0)
        factor = cho_factor(own, check_finite=False)
        cross_solved = cho_solve(factor, cross, check_finite=False) if cross.size else cross
        own_solved = cho_solve(factor, right, check_finite=False)
        shared_matrix -= cross.T @ cross_solved
        # the fixed variables reach the shared ones through their rows of B, the free ones through the elimination
        shared_right -= np.where(free, block.shared.T @ known, 0.0) + cross.T @ own_solved
        eliminated.append((own_solved, cross_solved))
    shared = shared_right
    if len(shared):
        shared = cho_solve(cho_factor(shared_matrix, check_finite=False), shared_right, check_finite=False)
        shared = np.where(held, shared_value, shared)
    return [own - cross @ np.where(free, shared, 0.0) for own, cross in eliminated] + [shared]


def solve_bounded(
    blocks: list[Block],
    matrix: np.ndarray,
    gradient: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    rounds: int = 30,
) -> list[np.ndarray]:
    """Solution within the bounds: one vector per photo, and last the shared one.

    ``matrix`` and every ``Block.matrix`` must be positive definite together (give them damping). The result is
    feasible in any case; after ``rounds`` changes of the active set it may not be optimal, as a step need not be.
    """
    lows = [block.lower for block in blocks] + [lower]
    highs = [block.upper for block in blocks] + [upper]
    fixed = [low >= high for low, high in zip(lows, highs)]
    values = [low.copy() for low in lows]
    for _ in range(rounds):
        solution = solve_arrow(blocks, matrix, gradient, fixed, values)
        changed = False
        for x, low, high, mask, value in zip(solution, lows, highs, fixed, values):
            below, above = ~mask & (x < low - 1e-12), ~mask & (x > high + 1e-12)
            value[below], value[above] = low[below], high[above]
            mask |= below | above
            changed |= bool((below | above).any())
        if changed:
            continue
        if not _release(blocks, matrix, gradient, solution, lows, highs, fixed):
            break
    return [np.clip(x, low, high) for x, low, high in zip(solution, lows, highs)]


def _release(
    blocks: list[Block], matrix: np.ndarray, gradient: np.ndarray, solution: list[np.ndarray], lows: list[np.ndarray],
    highs: list[np.ndarray], fixed: list[np.ndarray],
) -> bool:
    """Free the held variables whose gradient points back inside; tells whether there was any."""
    shared = solution[-1]
    slopes = [block.matrix @ x + block.shared @ shared - block.gradient for block, x in zip(blocks, solution)]
    shared_slope = matrix @ shared - gradient
    for block, x in zip(blocks, solution):
        shared_slope = shared_slope + block.shared.T @ x
    slopes.append(shared_slope)
    released = False
    for slope, x, low, high, mask in zip(slopes, solution, lows, highs, fixed):
        inward = mask & (low < high) & (((x <= low) & (slope < -1e-9)) | ((x >= high) & (slope > 1e-9)))
        mask[inward] = False
        released |= bool(inward.any())
    return released
