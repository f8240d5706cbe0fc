"""Where the identity coefficients cannot follow: a smooth displacement of the fitted head from what its photos leave.

The coefficients of ``smooth_modes`` are fitted like identity coefficients with all else held at hand: landmarks,
outline, relative depth and shading, the last with less weight, for it has shaped the head before. What is found is the
same on both sides of the face, is bounded, folds no skin, and is dropped where the landmarks fit worse with it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..head.fitted import CoarseFit
from ..head.model import HeadModel
from ..head.smooth_modes import joint_displacement, smooth_modes
from ..mesh.operators import triangle_normals
from .checks import landmarks_worse
from .coarse import head_state, problem_of, result
from .coarse_equations import equations
from .evidence import Evidence
from .levenberg_marquardt import Settings, levenberg_marquardt
from .normal_equations import NormalEquations
from .photometric import LITTLE, RIDGE
from .problem import FitProblem
from .shaded_views import ShadedViews, shaded_views
from .solver import refit_views
from .state import HeadState, Limits

SHADING_WEIGHT = 0.25
ITERATIONS = 3
LIMIT = 3.5  # standard deviations
STEP = 1.0  # standard deviations in one iteration
LARGEST = 5.0  # mm
FOLDED = 0.0005  # share of the triangles that may turn over
WORSE = 0.001  # of the eye distance: if the landmarks get worse by more, the displacement is not taken


def follow_photos(model: HeadModel, fit: CoarseFit, evidence: Evidence) -> CoarseFit:
    """Add the smooth displacement that the photos show to a fit.

    Args:
        fit: refined by its shading already.

    Returns:
        The fit with its ``residual``, or ``fit`` itself where the landmarks fit worse with it.
    """
    modes = smooth_modes(model)
    around = _around(model, fit.neutral, fit.joints, modes)
    held = replace(fit, identity=np.zeros(len(modes)), residual=None)
    problem = problem_of(around, held, evidence, reading=False)
    shading = shaded_views(around, fit, held.identity, evidence.images, evidence.masks)
    coefficients = _coefficients(problem, shading, head_state(held))
    residual = _plausible(model, fit.neutral, np.tensordot(coefficients.astype(np.float32), modes, 1))
    return _refitted(model, fit, residual, evidence)


def _refitted(model: HeadModel, fit: CoarseFit, residual: np.ndarray, evidence: Evidence) -> CoarseFit:
    """The fit moved by (V, 3) mm, pose and expression fitted once more; or ``fit``, if its landmarks get worse."""
    neutral, joints = fit.neutral + residual, fit.joints + joint_displacement(model, residual)
    head, nothing = _around(model, neutral, joints, np.zeros((1, *neutral.shape), np.float32)), np.zeros(1)
    held = replace(fit, identity=nothing, residual=None)
    problem = problem_of(head, held, evidence)
    state = refit_views(problem, head_state(fit).with_identity(nothing))
    found = result(head, problem, state, fit.warnings)
    if landmarks_worse(found, fit, WORSE):
        return fit
    if fit.residual is not None:
        residual = residual + fit.residual
    return replace(found, identity=fit.identity, residual=residual)


def _around(model: HeadModel, neutral: np.ndarray, joints: np.ndarray, modes: np.ndarray) -> HeadModel:
    """The model with a fitted head in place of the mean one and modes in that of the identity coefficients."""
    still = np.zeros((len(modes), *model.joints.shape), np.float32)
    return replace(model, mean=neutral, identity_basis=modes, joints=joints, joint_identity=still)


def _coefficients(problem: FitProblem, shading: ShadedViews, start: HeadState) -> np.ndarray:
    """(M,) coefficients of the modes by Gauss-Newton; poses move along, expressions are held."""
    shares = tuple(SHADING_WEIGHT * share for share in problem.shares)

    def expand(state: HeadState) -> NormalEquations:
        found = equations(problem, state)
        shading.add_to(found, state, shares)
        return found

    weights = start.expressions()
    limits = Limits(LITTLE, weights, weights, LIMIT, STEP)
    return levenberg_marquardt(expand, start, limits.of_step, Settings(ITERATIONS, RIDGE)).state.identity


def _plausible(model: HeadModel, neutral: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """The residual (V, 3) mm scaled down until nothing moves far and almost no triangle turns over."""
    largest = float(np.linalg.norm(residual, axis=1).max(initial=0.0))
    residual = residual * np.float32(min(1.0, LARGEST / max(largest, 1e-9)))
    triangles = model.topology.head_triangles
    before = triangle_normals(neutral, triangles)
    while (np.einsum("td,td->t", triangle_normals(neutral + residual, triangles), before) < 0).mean() > FOLDED:
        residual = residual * np.float32(0.8)
    return residual
