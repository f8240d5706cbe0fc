"""Several photos of one head must show the same skin at the same points of it: dense alignment between the views.

The residuals of skin that two photos show (``fit.match_term``) are solved together with the expansion of what
landmarks and shading say about identity and views. A pair of photos counts by how much of the skin they share matches
surely: a few matches on plain skin are chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..head.fitted import CoarseFit
from ..head.model import HeadModel
from ..head.smooth_modes import displaced
from ..image.filters import smoothstep
from ..view.flow import FaceCrop, Matches, face_crop, match
from . import photometric
from .checks import final_checks, landmarks_worse
from .coarse import head_state, problem_of, result
from .coarse_equations import equations
from .evidence import Evidence
from .levenberg_marquardt import Settings, levenberg_marquardt
from .match_term import AlignedSkin, aligned_skin, match_term
from .normal_equations import NormalEquations, Parameters
from .problem import FitProblem
from .shaded_views import ShadedViews, shaded_views
from .shading_term import ShadingImage
from .state import HeadState, Limits

TURNED = np.deg2rad((4.0, 60.0))  # between two views: less shows no depth, more leaves no skin in common
BEST_TURN = np.deg2rad(30.0)
PARTNERS = 2  # views a view is matched with, at most
# standard deviations at which a match loses three quarters of its weight; the matches are sought anew in each round
ROUNDS = (8.0, 3.0)
STEPS = 4
SURE_SHARE = (0.05, 0.3)  # of the skin two photos share: if less is matched a pair counts nothing, if more fully
VIEW_LIMIT = np.array([0.2] * 3 + [100.0] * 3 + [0.1])  # a step at most: radians, mm, log focal length


@dataclass(frozen=True)
class Alignment:
    """What is known about a head whose skin is to be aligned.

    Attributes:
        problem: of the landmarks.
        skin: the vertices that are matched.
        start: where the fit ended before.
        prior: what landmarks and shading say about going away from there.
    """

    problem: FitProblem
    skin: AlignedSkin
    start: HeadState
    prior: NormalEquations

    def equations(self, matched: list[tuple[int, int, Matches]], robust_scale: float,
                  state: HeadState) -> NormalEquations:
        """With the cost of matches, those of two photos counting as much as the photo that counts less."""
        found = self.prior.moved(state.step_from(self.start))
        photos, shares, views = self.problem.photos, self.problem.shares, state.views
        for i, j, matches in matched:
            term = match_term(
                self.skin, matches, state.identity, (views[i], views[j]), (photos[i], photos[j]), robust_scale
            )
            found.add([term], (i, j), min(shares[i], shares[j]))
        return found

    def minimum(self, matched: list[tuple[int, int, Matches]], robust_scale: float, state: HeadState) -> HeadState:
        """A few Gauss-Newton steps within the bounds."""
        highest = np.stack([prior.upper for prior in self.problem.priors])
        limits = Limits(VIEW_LIMIT, 0.0, highest, self.problem.settings.limit, photometric.STEP)
        expand = partial(self.equations, matched, robust_scale)
        return levenberg_marquardt(expand, state, limits.of_step, Settings(STEPS, photometric.RIDGE)).state


def refine(model: HeadModel, fit: CoarseFit, evidence: Evidence) -> CoarseFit:
    """Refine a fit to several photos by what they show together.

    Args:
        fit: refined by its shading already.

    Returns:
        The refined fit; ``fit`` itself where no two photos can be aligned, or where the landmarks fit much worse.
    """
    pairs = view_pairs([view.pose.rotation for view in fit.views])
    if not pairs:
        return fit
    aligned = _aligned(model, fit, evidence, pairs)
    return fit if landmarks_worse(aligned, fit, photometric.LANDMARKS_WORSE) else aligned


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


def _aligned(model: HeadModel, fit: CoarseFit, evidence: Evidence, pairs: list[tuple[int, int]]) -> CoarseFit:
    """The joint solution, with matches sought anew in every round."""
    problem = problem_of(model, fit, evidence)
    head = displaced(model, fit.residual)
    start = head_state(fit)
    shading = shaded_views(head, fit, start.identity, evidence.images, evidence.masks)
    skin = aligned_skin(head, len(fit.identity))
    alignment = Alignment(problem, skin, start, _prior(problem, shading, start))
    state, current = start, fit
    for robust_scale in ROUNDS:
        crops = [face_crop(model, current, view, image) for view, image in zip(current.views, evidence.images)]
        matched = _matches(skin, crops, shading.images, pairs)
        if not matched:
            return current
        state = alignment.minimum(matched, robust_scale, state)
        state = state.with_identity(final_checks(model, state.identity)[0])
        current = result(model, problem, state, fit.warnings)
    return current


def _matches(
    skin: AlignedSkin, crops: list[FaceCrop], shading: Sequence[ShadingImage], pairs: list[tuple[int, int]]
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


def _prior(problem: FitProblem, shading: ShadedViews, start: HeadState) -> NormalEquations:
    """Expansion of the cost of landmarks and shading about where they ended, taken for their minimum."""
    prior = equations(problem, start)
    shading.add_to(prior, start, problem.shares)
    at_rest = Parameters(np.zeros_like(prior.gradient.views), np.zeros_like(prior.gradient.shared))
    return replace(prior, gradient=at_rest)
