"""Photometric refinement of the coarse fit: what landmarks cannot see, shading can.

Landmarks say little about the depth of nose, cheeks, jaw and forehead; their shading (``shading``) does. The landmark
fit's own normal equations stay in as the quadratic prior. A result that fits the landmarks much worse or explains no
more of the shading is taken back, in part or altogether.
"""

from __future__ import annotations

import numpy as np

from ..head.fitted import CoarseFit
from ..head.model import HeadModel
from ..head.smooth_modes import displaced
from .checks import landmarks_worse
from .coarse import head_state, plausible, problem_of, result
from .coarse_equations import equations
from .evidence import Evidence
from .feature_heights import held_heights
from .levenberg_marquardt import Settings, levenberg_marquardt
from .normal_equations import NormalEquations
from .problem import FitProblem
from .shaded_views import ShadedViews, shaded_views
from .state import HeadState, Limits

# a step of a pose that is known well already: radians, mm, log focal length
LITTLE = np.array([0.1] * 3 + [50.0] * 3 + [0.1])
RIDGE = 1e-6  # share of a view's diagonal, which makes it safely invertible
STEP = 1.0  # standard deviations an identity coefficient may move in one iteration
ITERATIONS = 4
LANDMARKS_WORSE = 0.008  # of the eye distance: if they get worse by more, the result is not taken
SHADING_BETTER = 0.97  # nor if less of the shading's misfit goes
HEIGHTS_SPREAD = 0.3  # mm, how far shading may move borders of lips and brows; chosen on rendered heads
SHARES = (1.0, 0.6, 0.3)  # of the refinement, tried in this order


def refine(model: HeadModel, fit: CoarseFit, evidence: Evidence) -> CoarseFit:
    """The fit refined by the shading of its photos; ``fit`` itself where that does not help."""
    problem = problem_of(model, fit, evidence)
    start = head_state(fit)
    shading = shaded_views(displaced(model, fit.residual), fit, start.identity, evidence.images, evidence.masks)
    end = _minimum(problem, shading, start)
    before = shading.misfit(start)
    for share in SHARES:
        partly = start.stepped(end.step_from(start).scaled(share))
        partly, _ = plausible(model, problem, partly)
        refined = result(model, problem, partly, fit.warnings)
        helps = shading.misfit(partly) < SHADING_BETTER * before
        if helps and not landmarks_worse(refined, fit, LANDMARKS_WORSE):
            return refined
    return fit


def _minimum(problem: FitProblem, shading: ShadedViews, start: HeadState) -> HeadState:
    """Gauss-Newton on shading plus the expansion of the landmark fit's cost about its end, expressions held.

    The expansion keeps the gradient of the views: it is not zero where an expression weight rests at a bound.
    """
    prior = equations(problem, start)
    prior.add_shared_prior(held_heights(problem.basis, HEIGHTS_SPREAD))
    # the identity was the best one before pose and expression were fitted once more: what that changed is not evidence
    prior.gradient.shared[...] = 0.0

    def expand(state: HeadState) -> NormalEquations:
        found = prior.moved(state.step_from(start))
        shading.add_to(found, state, problem.shares)
        return found

    weights = start.expressions()
    limits = Limits(LITTLE, weights, weights, problem.settings.limit, STEP)
    return levenberg_marquardt(expand, start, limits.of_step, Settings(ITERATIONS, RIDGE)).state
