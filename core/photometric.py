"""Photometric refinement of the coarse fit: what landmarks cannot see, shading can.

Landmarks say little about the depth of nose, cheeks, jaw and forehead; their shading (``shading``) does. The landmark
fit's own normal equations stay in as the quadratic prior. A result that fits the landmarks much worse or explains no
more of the shading is taken back, in part or altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from . import coarse_fit
from .bounded_solve import solve_bounded
from .character import CoarseFit
from .feature_heights import held_heights
from .fit_checks import final_checks
from .fit_problem import expression_held, system
from .fit_solver import refit_views
from .fit_terms import ViewState, normal_equations
from .head_model import HeadModel
from .shading import patch_normals, shading_image, shading_term, skin_patch, visible_vertices
from .silhouette import Silhouette
from .smooth_modes import displaced

STEP = 1.0  # standard deviations an identity coefficient may move in one iteration
ITERATIONS = 4
LANDMARKS_WORSE = 0.008  # of the eye distance: if they get worse by more, the result is not taken
SHADING_BETTER = 0.97  # nor if less of the shading's misfit goes
HEIGHTS_SPREAD = 0.3  # mm, how far shading may move borders of lips and brows; chosen on rendered heads
SHARES = (1.0, 0.6, 0.3)  # of the refinement, tried in this order


def refine(
    model: HeadModel,
    fit: CoarseFit,
    images: list[np.ndarray],
    masks: list[np.ndarray | None] | None = None,
    settings: coarse_fit.FitSettings | None = None,
    borders: Sequence[Silhouette] = (),
) -> CoarseFit:
    """Refine a fit by the shading of its photos.

    Args:
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) skin or person mask in [0, 1] or None.
        borders: per view where the person ends (``silhouette``), or empty where nobody looked.

    Returns:
        The refined fit, or ``fit`` itself where shading does not help.
    """
    problem = coarse_fit.problem_of(model, fit, settings, borders=borders)
    patch = skin_patch(displaced(model, fit.residual), len(fit.identity))
    shading = [
        shading_image(image, view, mask) for image, view, mask in zip(images, fit.views, masks or [None] * len(images))
    ]
    visible = [visible_vertices(model, fit, view)[patch.vertices] for view in fit.views]
    states = [coarse_fit.state_of(view) for view in fit.views]
    identity = np.asarray(fit.identity, dtype=float)
    blocks, shared, gradient, cost = system(problem, identity, states)
    shared = shared + held_heights(problem.basis, HEIGHTS_SPREAD)
    # the identity was the best one before pose and expression were fitted once more: what that changed is not evidence
    prior = blocks, shared, np.zeros_like(gradient), cost
    start = (identity, states)
    before = _shading_cost(patch, shading, visible, identity, states, problem)
    # the normals' derivative hardly changes within the few steps
    normal_jacobian = [patch_normals(patch, identity, state.expression, True)[1] for state in states]
    for _ in range(ITERATIONS):
        identity, states = _step(problem, patch, shading, visible, normal_jacobian, start, prior, identity, states)
    for share in SHARES:
        partly, partly_states = _part_of_the_way(start, (identity, states), share)
        partly, _ = final_checks(model, partly)
        partly_states = refit_views(problem, partly, partly_states)
        refined = coarse_fit.result(model, problem, partly, partly_states, fit.warnings)
        after = _shading_cost(patch, shading, visible, partly, partly_states, problem)
        worse = any(
            new.landmark_error > old.landmark_error + LANDMARKS_WORSE for new, old in zip(refined.views, fit.views)
        )
        if not worse and after < SHADING_BETTER * before:
            return refined
    return fit


def _part_of_the_way(start, end, share: float) -> tuple[np.ndarray, list[ViewState]]:
    """Identity and states at ``share`` of the way from ``start`` to ``end``."""
    identity = start[0] + share * (end[0] - start[0])
    return identity, [a.stepped(share * state_difference(b, a)) for a, b in zip(start[1], end[1])]


def _shading_cost(patch, shading, visible, identity, states, problem) -> float:
    """Mean squared residual, bounded per vertex so that outliers do not decide."""
    total = 0.0
    for image, seen, state, photo in zip(shading, visible, states, problem.photos):
        term = shading_term(patch, image, seen, None, identity, state, photo[1], photo[2])
        base = np.where(term.weight > 0.0, patch.weight, 0.0)
        total += float(base @ np.minimum(term.residual**2, 9.0) / max(base.sum(), 1e-9))
    return total


def _step(problem, patch, shading, visible, normal_jacobian, start, prior, identity, states):
    """One Gauss-Newton step on shading plus the second-order expansion of the landmark fit's cost at its optimum.

    The expansion keeps its gradient: it is not zero where an expression weight rests at a bound.
    """
    first_identity, first_states = start
    first_blocks, first_shared, first_gradient, _ = prior
    shared = first_shared.copy()
    moved = identity - first_identity
    shared_gradient = first_gradient - first_shared @ moved
    blocks = []
    for i, (state, first, photo) in enumerate(zip(states, first_states, problem.photos)):
        prior_block = first_blocks[i]
        size = len(prior_block.gradient)
        gone = state_difference(state, first)
        term = shading_term(patch, shading[i], visible[i], normal_jacobian[i], identity, state, photo[1], photo[2])
        total, gradient, _ = (problem.shares[i] * part for part in normal_equations([term]))
        shared += total[size:, size:]
        shared_gradient += gradient[size:] - prior_block.shared.T @ gone
        own = total[:size, :size] + prior_block.matrix
        own_gradient = gradient[:size] + prior_block.gradient - prior_block.matrix @ gone - prior_block.shared @ moved
        block = replace(prior_block, matrix=own, shared=total[:size, size:] + prior_block.shared, gradient=own_gradient)
        blocks.append(expression_held(block))
    bound = problem.settings.limit
    steps = solve_bounded(
        blocks, shared, shared_gradient, np.maximum(-STEP, -bound - identity), np.minimum(STEP, bound - identity)
    )
    return identity + steps[-1], [state.stepped(step) for state, step in zip(states, steps)]


def state_difference(state: ViewState, first: ViewState) -> np.ndarray:
    """(7 + E,) parameter step that leads from ``first`` to ``state``."""
    vector = cv2.Rodrigues(state.rotation @ first.rotation.T)[0].ravel()
    return np.concatenate(
        [
            vector,
            state.translation - first.translation,
            [state.log_focal - first.log_focal],
            state.expression - first.expression,
        ]
    )
