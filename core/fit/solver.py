"""The coarse fit's own stages: bounded Levenberg-Marquardt (``levenberg_marquardt``) on ``fit.coarse_equations``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from .coarse_equations import equations
from .levenberg_marquardt import Settings, levenberg_marquardt
from .problem import FitProblem
from .state import POSE_PARAMETERS, HeadState, Limits

ROBUST_STAGES = (8.0, 1.0)  # times the robust scale
LONGEST = np.array([0.5] * 3 + [400.0] * 3 + [0.3])  # a step of the pose: radians, mm, log focal length
# the outline is matched anew at every step, so the cost may rise a little without harm
DESCENT = Settings(
    iterations=0, damping=1e-2, least=1e-6, most=1e3, rise=1e-3, slack=1e-6, gain=1e-3, change=0.02,
    counted_from=POSE_PARAMETERS,
)


def minimise(problem: FitProblem, state: HeadState) -> HeadState:
    """The fit with the robust scale drawn in by stages, so that a wide open mouth is not taken for an outlier."""
    given = problem.settings
    for widening in ROBUST_STAGES:
        # what the last stage does over need not be exact before
        most = given.iterations if widening == ROBUST_STAGES[-1] else (given.iterations + 1) // 2
        settings = replace(given, robust_scale=given.robust_scale * widening, iterations=most)
        state = descend(replace(problem, settings=settings), state)
    return state


def descend(problem: FitProblem, state: HeadState) -> HeadState:
    """The fit at the robust scale of the problem's settings."""
    highest = np.stack([prior.upper for prior in problem.priors])
    limits = Limits(LONGEST, 0.0, highest, problem.settings.limit)
    settings = replace(DESCENT, iterations=problem.settings.iterations)
    return levenberg_marquardt(partial(equations, problem), state, limits.of_step, settings).state


def refit_views(problem: FitProblem, state: HeadState) -> HeadState:
    """Pose and expression of every photo, fitted again for an identity that stays as it is."""
    views_alone = descend(problem.of_one_head(state.identity), state.with_identity(np.zeros(0)))
    return views_alone.with_identity(state.identity)
