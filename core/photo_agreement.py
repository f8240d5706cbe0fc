"""Which of several photos contradict the others: another person, the wrong face, or a picture too poor to say much.

Every photo is fitted alone; the coefficient-wise median of these heads is what most photos agree on (of two, the mean).
A photo that fits the agreed head much worse than a head of its own, or that fits no head well, counts less.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .fit_problem import FitProblem, landmark_error
from .fit_solver import minimise, refit_views
from .fit_terms import ViewState, geman_mcclure

SCALE = 0.02  # of the eye distance: disagreement at which a photo loses three quarters of its say
GOOD_FIT = 0.03  # reprojection error that needs no excuse
LITTLE = 0.5


def weigh_photos(problem: FitProblem, states: list[ViewState]) -> tuple[FitProblem, np.ndarray, list[ViewState]]:
    """How much each of several photos should count, found by fitting each alone.

    Args:
        states: a start for every photo.

    Returns:
        The problem with its ``shares``, and a start for the common fit: identity (K,) and states.
    """
    singles = [problem.of_one_photo(i) for i in range(len(problem.photos))]
    alone = [minimise(single, single.shape_prior.mean(), [state]) for single, state in zip(singles, states)]
    heads = np.stack([identity for identity, _ in alone])
    agreed = np.median(heads, axis=0)
    trouble = []
    for single, (identity, own) in zip(singles, alone):
        shared = refit_views(single, agreed, own)
        best = landmark_error(problem.basis, identity, own[0], single.photos[0])
        there = landmark_error(problem.basis, agreed, shared[0], single.photos[0])
        trouble.append(max(there - best, 0.0) + max(best - GOOD_FIT, 0.0))
    shares = tuple(float(share) for share in geman_mcclure(np.array(trouble), SCALE))
    return replace(problem, shares=shares), agreed, [own[0] for _, own in alone]


def agreement_warnings(names: list[str], shares: tuple[float, ...]) -> list[str]:
    """Lines for the artist about photos that count little."""
    others = "the other photo" if len(shares) == 2 else "the other photos"
    return [
        f"{name}: this face does not match {others} and counts little; leave it out if it shows somebody else."
        for name, share in zip(names, shares)
        if share < LITTLE
    ]
