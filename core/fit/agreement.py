"""Which of several photos contradict the others: another person, the wrong face, or a picture too poor to say much.

Every photo is fitted alone; the coefficient-wise median of these heads is what most photos agree on (of two, the mean).
A photo that fits the agreed head much worse than a head of its own, or that fits no head well, counts less. Heads alone
hardly tell people apart: what the landmark net knows of the faces (``same_person``) says who is somebody else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..nets import same_person
from ..nets.same_person import SamePersonTest
from .problem import FitProblem, Observation, landmark_error
from .solver import minimise, refit_views
from .state import HeadState
from .terms import geman_mcclure

SCALE = 0.02  # of the eye distance: disagreement at which a photo loses three quarters of its say
GOOD_FIT = 0.03  # reprojection error that needs no excuse
LITTLE = 0.5
STRANGERS = 0.05  # share of sets of photos in which one shows somebody else, guessed: artists choose them
SURE = 0.1  # chance of being the same person below which a line speaks of more than a doubt
LEAST = 0.02  # share a stranger's photo keeps, lest its pose be lost
NAMED = 3  # other photos that a line lists, at most


class Company(NamedTuple):
    """Who the photos show, as far as the net tells.

    Attributes:
        chances: (n,) that a photo shows the person most of them show; 1 of photos that nobody looked at, and of two,
            of which neither is the odd one.
        odd: photos of somebody else than the others, most striking first.
        two: the only two photos, where they contradict each other, or None.
        doubt: chance that these two show one person.
    """

    chances: np.ndarray
    odd: tuple[int, ...] = ()
    two: tuple[int, int] | None = None
    doubt: float = 1.0


def read_company(photos: tuple[Observation, ...]) -> Company:
    """Who some photos show, by Bayes' rule."""
    known = np.array([i for i, photo in enumerate(photos) if photo.landmarks.texture is not None], int)
    chances = np.ones(len(photos))
    if len(known) < 2:
        return Company(chances)
    test, marks = same_person.load(), [photos[i].landmarks for i in known]
    read = np.stack([test.read(np.column_stack([mark.points, mark.depth]), mark.texture) for mark in marks])
    odd = odd_photos(test, read)
    kept = [i for i in range(len(known)) if i not in odd]
    if len(known) == 2:
        doubt = float(_chance(test.against_rest(read)[:1], 2)[0])
        return Company(chances, (), (int(known[0]), int(known[1])) if doubt < 0.5 else None, doubt)
    chances[known[kept]] = _chance(test.against_rest(read[kept]), len(known))
    for i in odd:
        alone = _chance(test.against_rest(read[[i, *kept]])[:1], len(known))
        chances[known[i]] = min(float(alone[0]), LITTLE)
    return Company(chances, tuple(int(known[i]) for i in odd))


def odd_photos(test: SamePersonTest, read: np.ndarray) -> list[int]:
    """Photos to leave out, most striking first, until those that are left agree or only two are left.

    Args:
        read: (n, r) readings of the test.
    """
    kept, out = list(range(len(read))), []
    while len(kept) > 2:
        chance = _chance(test.against_rest(read[kept]), len(read))
        if chance.min() >= 0.5:
            break
        out.append(kept.pop(int(chance.argmin())))
    return out


def _chance(ratio: np.ndarray, count: int) -> np.ndarray:
    """Of one person, by the log likelihood ratio; a stranger is as likely to be any of ``count`` photos, and of two it
    does not matter which."""
    prior = np.log((1.0 - STRANGERS) / STRANGERS * (count if count > 2 else 1))
    return 1.0 / (1.0 + np.exp(-np.clip(ratio + prior, -50.0, 50.0)))


def weigh_photos(problem: FitProblem, start: HeadState, company: Company) -> tuple[FitProblem, HeadState]:
    """How much each of several photos should count, found by fitting each alone.

    Args:
        start: its views are where each photo's own fit begins.
        company: who the photos show.

    Returns:
        The problem with its ``shares``, and a start for the common fit.
    """
    singles = [problem.of_one_photo(i) for i in range(len(problem.photos))]
    alone = [
        minimise(single, HeadState(single.shape_prior.mean(), (view,))) for single, view in zip(singles, start.views)
    ]
    agreed = np.median([own.identity for i, own in enumerate(alone) if i not in company.odd], axis=0)
    trouble = []
    for single, own in zip(singles, alone):
        shared = refit_views(single, own.with_identity(agreed))
        best, there = (landmark_error(problem.basis, s.identity, s.views[0], single.photos[0]) for s in (own, shared))
        trouble.append(max(there - best, 0.0) + max(best - GOOD_FIT, 0.0))
    shares = geman_mcclure(np.array(trouble), SCALE) * np.maximum(company.chances, LEAST)
    weighed = replace(problem, shares=tuple(float(share) for share in shares))
    return weighed, HeadState(agreed, tuple(own.views[0] for own in alone))


def agreement_warnings(names: list[str], shares: tuple[float, ...], company: Company | None = None) -> list[str]:
    """Lines for the artist about photos that count little or may show somebody else, one a photo."""
    company = company or Company(np.ones(len(names)))
    rest = [i for i in range(len(names)) if i not in company.odd]
    lines = [_odd_line(names, i, rest, company.chances[i]) for i in sorted(company.odd)]
    if company.two is not None:
        lines.append(_two_line(names, company.two, company.doubt))
    others = "the other photo" if len(shares) == 2 else "the other photos"
    return lines + [
        f"{name}: this face does not match {others} and counts little; leave it out if it shows somebody else."
        for i, (name, share) in enumerate(zip(names, shares))
        if share < LITTLE and i not in company.odd and i not in (company.two or ())
    ]


def _odd_line(names: list[str], odd: int, rest: list[int], chance: float) -> str:
    says = "seems to show" if chance < SURE else "may show"
    listed = [names[i] for i in rest]
    others = f"{', '.join(listed[:-1])} and {listed[-1]}" if len(rest) <= NAMED else "the other photos"
    return f"{names[odd]}: {says} somebody else than {others} and counts little; leave it out if it does."


def _two_line(names: list[str], two: tuple[int, int], doubt: float) -> str:
    says = "seem to show" if doubt < SURE else "may show"
    one, other = (names[i] for i in two)
    return f"{one}: this photo and {other} {says} two people; leave one of them out if they do."
