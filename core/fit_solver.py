"""Levenberg-Marquardt on the problem of the coarse fit, within bounds (``bounded_solve``)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .bounded_solve import Block, solve_bounded
from .fit_problem import FitProblem, system
from .fit_terms import POSE_PARAMETERS, ViewState

ROBUST_STAGES = (8.0, 1.0)  # times the robust scale


def minimise(problem: FitProblem, identity: np.ndarray, states: list[ViewState]):
    """The fit with the robust scale drawn in by stages, so that a wide open mouth is not taken for an outlier."""
    given = problem.settings
    for widening in ROBUST_STAGES:
        # what the last stage does over need not be exact before
        most = given.iterations if widening == ROBUST_STAGES[-1] else (given.iterations + 1) // 2
        settings = replace(given, robust_scale=given.robust_scale * widening, iterations=most)
        identity, states = levenberg_marquardt(replace(problem, settings=settings), identity, states)
    return identity, states


def levenberg_marquardt(problem: FitProblem, identity: np.ndarray, states: list[ViewState]):
    """A step that makes the cost worse is taken back and tried with more damping."""
    settings = problem.settings
    limit = np.full(len(identity), settings.limit)
    damping = 1e-2
    current = system(problem, identity, states)
    for _ in range(settings.iterations):
        steps = _damped_step(current, damping, -limit - identity, limit - identity)
        moved = [state.stepped(step) for state, step in zip(states, steps)]
        trial = system(problem, identity + steps[-1], moved)
        gain = current[3] - trial[3]
        # the outline is matched anew at every step, so the cost may rise a little without harm
        if gain < -1e-3 * current[3] - 1e-6:
            damping = min(damping * 8.0, 1e3)
            continue
        identity, states, current = identity + steps[-1], moved, trial
        damping = max(damping * 0.2, 1e-6)
        largest = float(np.abs(np.concatenate([steps[-1], *(step[POSE_PARAMETERS:] for step in steps[:-1])])).max())
        if abs(gain) < 1e-3 * current[3] and largest < 0.02:
            break
    return identity, states


def refit_views(problem: FitProblem, identity: np.ndarray, states: list[ViewState]) -> list[ViewState]:
    """Pose and expression of every photo, fitted again for an identity that stays as it is."""
    return levenberg_marquardt(problem.of_one_head(identity), np.zeros(0), states)[1]


def _damped_step(current, damping: float, lower: np.ndarray, upper: np.ndarray) -> list[np.ndarray]:
    """Solution of the normal equations with Marquardt's damping; the bounds are those of the identity's step."""
    blocks, shared, gradient, _ = current
    damped = [
        Block(b.matrix + np.diag(damping * np.diag(b.matrix) + 1e-9), b.shared, b.gradient, b.lower, b.upper)
        for b in blocks
    ]
    return solve_bounded(damped, shared + np.diag(damping * np.diag(shared)), gradient, lower, upper)
