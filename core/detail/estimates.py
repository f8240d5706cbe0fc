"""The lines of one photo as a person's own: where their bottoms run, and how deep they are at rest and in motion.

A line is as deep as its shade across says in the light of the photo (``detail.grooves``), d = shade^p prior^(1 - p),
within limits about the prior, which is what lines of its group have at that age under that compression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import expit

from ..head.chart import Chart, pixels, sample_uv
from ..wrinkles.atlas import FOLD, SECONDARY, WrinkleAtlas
from ..wrinkles.coefficients import dynamic_share, static_share
from .grooves import ViewLines
from .group_fields import LineGroups, carried_at

HOLD_SIZE = 512  # texels of the maps in which lines are drawn beside each other


@dataclass(frozen=True)
class EstimateSettings:
    """How deep a line of one photo is taken to be; ``benchmarks/sensitivity.py`` tells how much hangs on each.

    All were chosen by eye on portraits, ``cue`` and ``fold_cue`` on those with strong expressions, whose folds came out
    too deep; ``shown`` and ``along`` came with ``detail.grooves``, whose gain is that of rendered lines.

    Attributes:
        shown: power p of the depth that the photo shows, against the prior's.
        cue: least and most that the photo makes of the prior, times; fold_cue: of a fold, whose shade is the cheek's
            as well.
        along: limits of the depth along a line, times its mean; deepest: the same after smoothing, at most.
        moved: mm, the most that motion adds to a line.
        pushed: 1 over the compression from which a line says nothing about the face at rest.
        lined_age: 0 to 1; a line that shows at rest is at least as deep as lines at this age.
        depth: mm, least of a line that surely shows at rest, and most of any.
        point: mm between the control points of a line.
        taper: mm at both ends in which a line runs out; taper_share: of its length, at most.
    """

    shown: float = 0.7
    cue: tuple[float, float] = (0.4, 1.8)
    fold_cue: tuple[float, float] = (0.4, 1.3)
    along: tuple[float, float] = (0.5, 1.5)
    deepest: float = 1.2
    moved: float = 1.3
    pushed: float = 2.5
    lined_age: float = 0.4
    depth: tuple[float, float] = (0.08, 1.0)
    point: float = 1.5
    taper: float = 8.0
    taper_share: float = 0.4


SETTINGS = EstimateSettings()


@dataclass(frozen=True)
class LineEstimate:
    """One line of a photo.

    Attributes:
        uv, bottom: (n, 2) where it is darkest, and deepest.
        relative: (n,) depth along it.
        group, family: of the atlas.
        rest, moved: mm.
        contrast: log units.
        held: share of what shows that is in the relief.
        carried: means of ``CARRIED`` along it.
        fold: whether its group is a fold.
        prior_rest, prior_moved: mm that such a line usually has.
        prior: mm that it usually shows in the photo.
        shown: mm that the photo shows.
        tension: compression across it in the photo.
    """

    uv: np.ndarray
    bottom: np.ndarray
    relative: np.ndarray
    group: int
    score: float
    rest: float
    moved: float
    contrast: float
    held: float
    carried: np.ndarray
    fold: bool
    family: int
    prior_rest: float
    prior_moved: float
    prior: float
    shown: float
    tension: float


def line_estimates(
    atlas: WrinkleAtlas, groups: LineGroups, view: ViewLines, chart: Chart, age: float
) -> list[LineEstimate]:
    """Each line of a photo; age is apparent, 0 to 1."""
    given, found = SETTINGS, view.found
    if not len(found):
        return []
    uv = found.lines.uv
    carried = carried_at(groups, uv, found.lines.of_points(found.group))
    pushed, tension = sample_uv(view.compression, uv), sample_uv(view.tension_map, uv)
    gaps = chart.segments(uv, found.lines.start)
    moved_share, rest_share = _shares(atlas, age, dynamic_share), _shares(atlas, age, static_share)
    lined_share = _shares(atlas, max(age, given.lined_age), static_share)
    estimates = []
    for k, (first, last) in enumerate(zip(found.lines.start[:-1], found.lines.start[1:])):
        group, rows = int(found.group[k]), slice(first, last)
        shown = view.grooves.depth[rows]
        darkest, offset, relative = _spaced(uv[rows], gaps[first : last - 1], shown, view.grooves.offset[rows])
        mean = carried[rows].mean(0)
        compression = float(pushed[rows, atlas.group_family[group] - 1].mean())
        # a line of skin that is not pushed shows at rest, so it is as deep as lines at rest are
        # as far as it is sure to be one
        still = float(np.clip(1 - given.pushed * compression, 0, 1))
        lined = still * float(expit(found.score[k] - 0.5))
        share = lined * lined_share[group] + (1 - lined) * rest_share[group]
        rest = float(np.clip(mean[0] * share, lined * given.depth[0], given.depth[1]))
        moved = float(min(mean[1] * moved_share[group], given.moved))
        prior = max(rest + compression * moved, 1e-3)
        family = int(atlas.group_family[group])
        fold = bool((atlas.curve_rank[atlas.curve_group == group] == FOLD).all())
        cue = float(np.clip((shown.mean() / prior) ** given.shown, *(given.fold_cue if fold else given.cue)))
        estimates.append(
            LineEstimate(
                uv=darkest,
                bottom=darkest + offset,
                relative=relative,
                group=group,
                score=float(found.score[k]),
                # what is deeper than thought in pushed skin is no line at rest, and motion is as deep as it gets
                rest=rest * (min(cue, 1.0) + still * max(cue - 1.0, 0.0)),
                moved=moved * min(cue, 1.0) ** 0.5,
                contrast=float(found.contrast[rows].mean()),
                held=float(np.clip(prior * cue / max(float(shown.mean()), 1e-6), 0, 1)),
                carried=mean,
                fold=fold,
                family=family,
                prior_rest=rest,
                prior_moved=moved,
                prior=prior,
                shown=float(shown.mean()),
                tension=float(tension[rows, family - 1].mean()),
            )
        )
    return estimates


def _spaced(
    uv: np.ndarray, gaps: np.ndarray, shown: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A line smoothed, with points about ``EstimateSettings.point`` apart.

    Args:
        uv: (m, 2) where it is darkest.
        gaps: (m - 1,) mm from each point to the next.
        shown: (m,) mm deep by its shade.
        offset: (m, 2) UV to its bottom.

    Returns:
        (n, 2) where it is darkest, (n, 2) UV to its bottom, (n,) relative depth, 0 at both ends.
    """
    given, place = SETTINGS, np.concatenate([[0.0], np.cumsum(gaps)])
    at = np.linspace(0, place[-1], max(4, int(place[-1] / given.point) + 1))
    along = np.clip((shown / max(float(shown.mean()), 1e-6)) ** given.shown, *given.along)
    values = np.column_stack([uv, along, offset])
    values = cv2.GaussianBlur(values, (1, 0), sigmaX=0, sigmaY=2.0, borderType=cv2.BORDER_REPLICATE)
    values = np.stack([np.interp(at, place, c) for c in values.T], -1)
    values[[0, -1], :2] = uv[[0, -1]]
    end = min(given.taper, given.taper_share * place[-1])
    taper = np.sin(0.5 * np.pi * np.clip(np.minimum(at, place[-1] - at) / max(end, 1e-6), 0, 1)) ** 2
    return values[:, :2], values[:, 3:], taper * np.minimum(values[:, 2], given.deepest)


def _shares(atlas: WrinkleAtlas, age: float, share: Callable[[WrinkleAtlas, float], np.ndarray]) -> np.ndarray:
    """(G,) mean static or dynamic share of each group's first curves at an age."""
    first = (atlas.curve_rank != SECONDARY).astype(float)
    count = np.bincount(atlas.curve_group, first, minlength=len(atlas.group_names))
    return np.bincount(atlas.curve_group, first * share(atlas, age), minlength=len(count)) / np.maximum(count, 1)


def apart(estimates: list[LineEstimate]) -> list[LineEstimate]:
    """Of lines that several photos show, the one that scores best."""
    taken = np.zeros((HOLD_SIZE, HOLD_SIZE), np.uint8)
    kept = []
    for estimate in sorted(estimates, key=lambda d: -d.score):
        at = np.round(pixels(estimate.uv, HOLD_SIZE)).astype(np.int32)
        inside = np.clip(at, 0, HOLD_SIZE - 1)
        if (taken[inside[:, 1], inside[:, 0]] > 0).mean() < 0.5:
            kept.append(estimate)
            cv2.polylines(taken, [at], False, 255, 5)
    return kept
