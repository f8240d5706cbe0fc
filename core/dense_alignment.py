"""Several photos of one head must show the same skin at the same points of it: dense alignment between the views.

The residuals of skin that two photos show (``match_residuals``) are solved together with the expansion of what
landmarks and shading say about identity and views. A pair of photos counts by how much of the skin they share matches
surely: a few matches on plain skin are chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import coarse_fit, photometric
from .bounded_solve import Block, solve_bounded
from .character import CoarseFit
from .fit_checks import final_checks
from .fit_problem import FitProblem, FitSettings, system
from .fit_terms import POSE_PARAMETERS, Term, ViewState
from .geometry import smoothstep
from .head_model import HeadModel
from .match_residuals import AlignedSkin, aligned_skin, match_term
from .shading import (
    ShadingImage,
    SkinPatch,
    patch_normals,
    shading_image,
    shading_term,
    skin_patch,
    visible_vertices,
)
from .silhouette import Silhouette
from .smooth_modes import displaced
from .view_flow import FaceCrop, Matches, face_crop, match

TURNED = np.deg2rad((4.0, 60.0))  # between two views: less shows no depth, more leaves no skin in common
BEST_TURN = np.deg2rad(30.0)
PARTNERS = 2  # views a view is matched with, at most
# standard deviations at which a match loses three quarters of its weight; the matches are sought anew in each round
ROUNDS = (8.0, 3.0)
STEPS = 4
SURE_SHARE = (0.05, 0.3)  # of the skin two photos share: if less is matched a pair counts nothing, if more fully
VIEW_LIMIT = np.array([0.2] * 3 + [100.0] * 3 + [0.1])  # a step at most: radians, mm, log focal length


@dataclass(frozen=True)
class Joint:
    """Normal equations of all views together, N views of n = 7 + E parameters and the identity.

    Attributes:
        matrix: (N n, N n); cross: (N n, K); shared: (K, K).
        gradient: (N n,); shared_gradient: (K,).
    """

    matrix: np.ndarray
    cross: np.ndarray
    shared: np.ndarray
    gradient: np.ndarray
    shared_gradient: np.ndarray

    def add(self, views: np.ndarray, term: Term, factor: float = 1.0) -> None:
        """Add a term whose Jacobian's columns are the rows ``views`` (m,) of the matrix, then the identity."""
        root = np.sqrt(factor * term.weight)
        weighted = term.jacobian * root[:, None]
        # numpy computes one half of a matrix times its own transpose
        square, slope = weighted.T @ weighted, weighted.T @ (term.residual * root)
        count = len(views)
        self.matrix[np.ix_(views, views)] += square[:count, :count]
        self.cross[views] += square[:count, count:]
        self.shared[...] += square[count:, count:]
        self.gradient[views] += slope[:count]
        self.shared_gradient[...] += slope[count:]

    def moved(self, views: np.ndarray, identity: np.ndarray) -> Joint:
        """A copy, expanded about parameters that lie (N n,) and (K,) away."""
        return Joint(
            self.matrix.copy(),
            self.cross.copy(),
            self.shared.copy(),
            self.gradient - self.matrix @ views - self.cross @ identity,
            self.shared_gradient - self.cross.T @ views - self.shared @ identity,
        )


def refine(
    model: HeadModel,
    fit: CoarseFit,
    images: list[np.ndarray],
    masks: list[np.ndarray | None] | None = None,
    settings: FitSettings | None = None,
    borders: Sequence[Silhouette] = (),
) -> CoarseFit:
    """Refine a fit to several photos by what they show together.

    Args:
        fit: refined by its shading already.
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) skin or person mask in [0, 1] or None.
        borders: per view where the person ends (``silhouette``), or empty where nobody looked.

    Returns:
        The refined fit; ``fit`` itself where no two photos can be aligned, or where the landmarks fit much worse.
    """
    pairs = view_pairs([view.pose.rotation for view in fit.views])
    if not pairs:
        return fit
    aligned = _aligned(model, fit, images, masks or [None] * len(images), pairs, settings, borders)
    worse = any(
        new.landmark_error > old.landmark_error + photometric.LANDMARKS_WORSE
        for new, old in zip(aligned.views, fit.views)
    )
    return fit if worse else aligned


def view_pairs(rotations: list[np.ndarray]) -> list[tuple[int, int]]:
    """Which views to match: turned against each other, the best pairs first, ``PARTNERS`` a view at most.

    Args:
        rotations: (3, 3) head poses. The choice does not depend on their order.
    """
    turns = {}
    for i, first in enumerate(rotations):
        for j in range(i):
            cosine = (np.trace(first @ rotations[j].T) - 1.0) / 2.0
            turns[j, i] = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    taken = np.zeros(len(rotations), int)
    pairs = []
    for (i, j), turn in sorted(turns.items(), key=lambda item: abs(item[1] - BEST_TURN)):
        if TURNED[0] < turn < TURNED[1] and max(taken[i], taken[j]) < PARTNERS:
            taken[[i, j]] += 1
            pairs.append((i, j))
    return pairs


def _aligned(
    model: HeadModel,
    fit: CoarseFit,
    images: list[np.ndarray],
    masks: list[np.ndarray | None],
    pairs: list[tuple[int, int]],
    settings: FitSettings | None,
    borders: Sequence[Silhouette],
) -> CoarseFit:
    """The joint solution, with matches sought anew in every round."""
    problem = coarse_fit.problem_of(model, fit, settings, borders=borders)
    head = displaced(model, fit.residual)
    patch = skin_patch(head, len(fit.identity))
    skin = aligned_skin(head, len(fit.identity))
    shading = [shading_image(image, view, mask) for image, view, mask in zip(images, fit.views, masks)]
    start = np.asarray(fit.identity, float), [coarse_fit.state_of(view) for view in fit.views]
    prior = _prior(problem, patch, shading, model, fit, *start)
    identity, states = start
    current = fit
    for robust_scale in ROUNDS:
        crops = [face_crop(model, current, view, image) for view, image in zip(current.views, images)]
        matched = _matches(skin, crops, shading, pairs)
        if not matched:
            return current
        for _ in range(STEPS):
            gone = np.concatenate(
                [photometric.state_difference(state, first) for state, first in zip(states, start[1])]
            )
            joint = prior.moved(gone, identity - start[0])
            _add_matches(joint, problem, skin, matched, identity, states, robust_scale)
            identity, states = _stepped(joint, problem, identity, states)
        identity, _ = final_checks(model, identity)
        current = coarse_fit.result(model, problem, identity, states, fit.warnings)
    return current


def _matches(
    skin: AlignedSkin, crops: list[FaceCrop], shading: list[ShadingImage], pairs: list[tuple[int, int]]
) -> list[tuple[int, int, Matches]]:
    """Matches of all pairs, either way round, where both photos show skin: hair in front of it is not its surface."""
    found = []
    for i, j in [*pairs, *((j, i) for i, j in pairs)]:
        matches = match(crops[i], crops[j], skin.vertices)
        bare = shading[i].sample(matches.first)[3] * shading[j].sample(matches.second)[3]
        trust = float(smoothstep(matches.sure_share, *SURE_SHARE))
        if trust > 0.0:
            found.append((i, j, replace(matches, weight=trust * matches.weight * bare)))
    return found


def _prior(
    problem: FitProblem,
    patch: SkinPatch,
    shading: list[ShadingImage],
    model: HeadModel,
    fit: CoarseFit,
    identity: np.ndarray,
    states: list[ViewState],
) -> Joint:
    """Expansion of the cost of landmarks and shading about where they ended, taken for their minimum."""
    blocks, shared, _, _ = system(problem, identity, states)
    size = len(blocks[0].gradient)
    matrix = np.zeros((len(blocks) * size, len(blocks) * size))
    for i in range(len(blocks)):
        matrix[_rows(i, size)[:, None], _rows(i, size)] = blocks[i].matrix
    cross = np.concatenate([block.shared for block in blocks])
    joint = Joint(matrix, cross, shared.copy(), np.zeros(len(matrix)), np.zeros(len(shared)))
    for i, (state, view, photo) in enumerate(zip(states, fit.views, problem.photos)):
        seen = visible_vertices(model, fit, view)[patch.vertices]
        normals = patch_normals(patch, identity, state.expression, True)[1]
        term = shading_term(patch, shading[i], seen, normals, identity, state, photo.width, photo.height)
        joint.add(_rows(i, size), replace(term, residual=np.zeros_like(term.residual)), problem.shares[i])
    return joint


def _rows(view: int, size: int) -> np.ndarray:
    return np.arange(view * size, (view + 1) * size)


def _add_matches(
    joint: Joint,
    problem: FitProblem,
    skin: AlignedSkin,
    matched: list[tuple[int, int, Matches]],
    identity: np.ndarray,
    states: list[ViewState],
    robust_scale: float,
) -> None:
    """Add the cost of matches, those of two photos counting as much as the photo that counts less."""
    size = POSE_PARAMETERS + skin.basis.expression.shape[2]
    for i, j, matches in matched:
        photos = problem.photos[i], problem.photos[j]
        term = match_term(skin, matches, identity, (states[i], states[j]), photos, robust_scale)
        views = np.concatenate([_rows(i, size), _rows(j, size)])
        joint.add(views, term, min(problem.shares[i], problem.shares[j]))


def _stepped(joint: Joint, problem: FitProblem, identity: np.ndarray, states: list[ViewState]):
    """One Gauss-Newton step within the bounds."""
    lower = np.concatenate([np.concatenate([-VIEW_LIMIT, -state.expression]) for state in states])
    upper = np.concatenate(
        [
            np.concatenate([VIEW_LIMIT, np.maximum(prior.upper - state.expression, 0.0)])
            for state, prior in zip(states, problem.priors)
        ]
    )
    damped = joint.matrix + np.diag(1e-6 * np.diag(joint.matrix) + 1e-9)
    bound, most = problem.settings.limit, photometric.STEP
    steps = solve_bounded(
        [Block(damped, joint.cross, joint.gradient, lower, upper)],
        joint.shared,
        joint.shared_gradient,
        np.maximum(-most, -bound - identity),
        np.minimum(most, bound - identity),
    )
    each = np.split(steps[0], len(states))
    return identity + steps[1], [state.stepped(step) for state, step in zip(states, each)]
