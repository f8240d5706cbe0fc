"""Where the identity coefficients cannot follow: a smooth displacement of the fitted head from what its photos leave.

The coefficients of ``smooth_modes`` are fitted like identity coefficients with all else held at hand: landmarks,
outline, relative depth and shading, the last with less weight, for it has shaped the head before. What is found is the
same on both sides of the face, is bounded, folds no skin, and is dropped where the landmarks fit worse with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import coarse_fit
from .bounded_solve import solve_bounded
from .character import CoarseFit
from .fit_problem import FitProblem, FitSettings, expression_held, system
from .fit_solver import refit_views
from .fit_terms import normal_equations
from .geometry import triangle_normals
from .head_model import HeadModel
from .shading import patch_normals, shading_image, shading_term, skin_patch, visible_vertices
from .silhouette import Silhouette
from .smooth_modes import joint_displacement, smooth_modes

SHADING_WEIGHT = 0.25
ITERATIONS = 3
LIMIT = 3.5  # standard deviations
LARGEST = 5.0  # mm
FOLDED = 0.0005  # share of the triangles that may turn over
WORSE = 0.001  # of the eye distance: if the landmarks get worse by more, the displacement is not taken


def follow_photos(
    model: HeadModel,
    fit: CoarseFit,
    images: list[np.ndarray],
    masks: list[np.ndarray | None] | None = None,
    settings: FitSettings | None = None,
    borders: Sequence[Silhouette] = (),
) -> CoarseFit:
    """Add the smooth displacement that the photos show to a fit.

    Args:
        fit: refined by its shading already.
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) skin or person mask in [0, 1] or None.
        borders: per view where the person ends (``silhouette``), or empty where nobody looked.

    Returns:
        The fit with its ``residual``, or ``fit`` itself where the landmarks fit worse with it.
    """
    modes = smooth_modes(model)
    around = _around(model, fit.neutral, fit.joints, modes)
    held = replace(fit, identity=np.zeros(len(modes)), residual=None)
    problem = coarse_fit.problem_of(around, held, settings, reading=False, borders=borders)
    coefficients = _solve(around, problem, fit, images, masks or [None] * len(images))
    residual = _plausible(model, fit.neutral, np.tensordot(coefficients.astype(np.float32), modes, 1))
    return _refitted(model, fit, residual, settings, borders)


def _refitted(model: HeadModel, fit: CoarseFit, residual: np.ndarray, settings: FitSettings | None,
              borders: Sequence[Silhouette] = ()) -> CoarseFit:
    """The fit moved by (V, 3) mm, pose and expression fitted once more; or ``fit``, if its landmarks get worse."""
    neutral, joints = fit.neutral + residual, fit.joints + joint_displacement(model, residual)
    head, nothing = _around(model, neutral, joints, np.zeros((1, *neutral.shape), np.float32)), np.zeros(1)
    problem = coarse_fit.problem_of(head, replace(fit, identity=nothing, residual=None), settings, borders=borders)
    states = refit_views(problem, nothing, [coarse_fit.state_of(view) for view in fit.views])
    found = coarse_fit.result(head, problem, nothing, states, fit.warnings)
    if any(new.landmark_error > old.landmark_error + WORSE for new, old in zip(found.views, fit.views)):
        return fit
    if fit.residual is not None:
        residual = residual + fit.residual
    return replace(found, identity=fit.identity, residual=residual)


def _around(model: HeadModel, neutral: np.ndarray, joints: np.ndarray, modes: np.ndarray) -> HeadModel:
    """The model with a fitted head in place of the mean one and modes in that of the identity coefficients."""
    still = np.zeros((len(modes), *model.joints.shape), np.float32)
    return replace(model, mean=neutral, identity_basis=modes, joints=joints, joint_identity=still)


def _solve(
    around: HeadModel, problem: FitProblem, fit: CoarseFit, images: list[np.ndarray], masks: list[np.ndarray | None]
) -> np.ndarray:
    """(M,) coefficients of the modes; poses move along, expressions are held."""
    coefficients = np.zeros(len(around.identity_basis))
    states = [coarse_fit.state_of(view) for view in fit.views]
    patch = skin_patch(around, len(coefficients))
    shading = [shading_image(image, view, mask) for image, view, mask in zip(images, fit.views, masks)]
    visible = [visible_vertices(around, fit, view)[patch.vertices] for view in fit.views]
    # the normals' derivative hardly changes within the few steps
    normals = [patch_normals(patch, coefficients, state.expression, True)[1] for state in states]
    for _ in range(ITERATIONS):
        blocks, shared, gradient, _ = system(problem, coefficients, states)
        blocks = [expression_held(block) for block in blocks]
        for i, (block, state, photo) in enumerate(zip(blocks, states, problem.photos)):
            term = shading_term(
                patch, shading[i], visible[i], normals[i], coefficients, state, photo.width, photo.height
            )
            counts = SHADING_WEIGHT * problem.shares[i]
            total, right, _ = (counts * part for part in normal_equations([term]))
            size = len(block.gradient)
            blocks[i] = replace(
                block,
                matrix=block.matrix + total[:size, :size],
                shared=block.shared + total[:size, size:],
                gradient=block.gradient + right[:size],
            )
            shared += total[size:, size:]
            gradient += right[size:]
        steps = solve_bounded(
            blocks, shared, gradient, np.maximum(-1.0, -LIMIT - coefficients), np.minimum(1.0, LIMIT - coefficients)
        )
        coefficients = coefficients + steps[-1]
        states = [state.stepped(step) for state, step in zip(states, steps)]
    return coefficients


def _plausible(model: HeadModel, neutral: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """The residual (V, 3) mm scaled down until nothing moves far and almost no triangle turns over."""
    largest = float(np.linalg.norm(residual, axis=1).max(initial=0.0))
    residual = residual * np.float32(min(1.0, LARGEST / max(largest, 1e-9)))
    topology = model.topology
    triangles = topology.triangles[(topology.triangles < topology.part_slice("head").stop).all(axis=1)]
    before = triangle_normals(neutral, triangles)
    while (np.einsum("td,td->t", triangle_normals(neutral + residual, triangles), before) < 0).mean() > FOLDED:
        residual = residual * np.float32(0.8)
    return residual
