"""The lines of one photo as a person's own: where their bottoms run, and how deep they are at rest and in motion.

A line is as deep as its shade across says in the light of the photo (``detail.grooves``), d = shade^p prior^(1 - p),
within
``CUE`` of the prior, which is what lines of its group have at that age under that compression.
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

SAYS = 0.7  # power of what the photo says about a line's depth, against the prior
CUE, FOLD_CUE = (0.4, 1.8), (0.4, 1.3)  # times the prior; the shade of a fold is the cheek's as well
ALONG = (0.5, 1.5)  # along a line, times its mean
DEEPER = 1.2  # of its mean, the deepest point of a line
MOVED_MM = 1.3  # deepest that motion adds to a line
PUSHED = 2.5  # 1 over the compression from which a line says nothing about the face at rest
LINED_AGE = 0.4  # a line that shows at rest is at least as deep as at this age
DEPTH_MM = (0.08, 1.0)
POINT_MM = 1.5  # between control points
TAPER_MM, TAPER_SHARE = 8.0, 0.4
HOLD_SIZE = 512


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
    found = view.found
    if not len(found):
        return []
    uv = found.lines.uv
    carried = carried_at(groups, uv, found.lines.of_points(found.group))
    pushed, tension = sample_uv(view.compression, uv), sample_uv(view.tension_map, uv)
    gaps = chart.segments(uv, found.lines.start)
    moved_share, rest_share = _shares(atlas, age, dynamic_share), _shares(atlas, age, static_share)
    lined_share = _shares(atlas, max(age, LINED_AGE), static_share)
    estimates = []
    for k, (first, last) in enumerate(zip(found.lines.start[:-1], found.lines.start[1:])):
        group, rows = int(found.group[k]), slice(first, last)
        shown = view.grooves.depth[rows]
        darkest, offset, relative = _spaced(uv[rows], gaps[first : last - 1], shown, view.grooves.offset[rows])
        mean = carried[rows].mean(0)
        compression = float(pushed[rows, atlas.group_family[group] - 1].mean())
        # a line of skin that is not pushed shows at rest, so it is as deep as lines at rest are
        # as far as it is sure to be one
        still = float(np.clip(1 - PUSHED * compression, 0, 1))
        lined = still * float(expit(found.score[k] - 0.5))
        share = lined * lined_share[group] + (1 - lined) * rest_share[group]
        rest = float(np.clip(mean[0] * share, lined * DEPTH_MM[0], DEPTH_MM[1]))
        moved = float(min(mean[1] * moved_share[group], MOVED_MM))
        prior = max(rest + compression * moved, 1e-3)
        family = int(atlas.group_family[group])
        fold = bool((atlas.curve_rank[atlas.curve_group == group] == FOLD).all())
        cue = float(np.clip((shown.mean() / prior) ** SAYS, *(FOLD_CUE if fold else CUE)))
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
    """A line smoothed, with points about ``POINT_MM`` apart.

    Args:
        uv: (m, 2) where it is darkest.
        gaps: (m - 1,) mm from each point to the next.
        shown: (m,) mm deep by its shade.
        offset: (m, 2) UV to its bottom.

    Returns:
        (n, 2) where it is darkest, (n, 2) UV to its bottom, (n,) relative depth, 0 at both ends.
    """
    place = np.concatenate([[0.0], np.cumsum(gaps)])
    at = np.linspace(0, place[-1], max(4, int(place[-1] / POINT_MM) + 1))
    along = np.clip((shown / max(float(shown.mean()), 1e-6)) ** SAYS, *ALONG)
    values = np.column_stack([uv, along, offset])
    values = cv2.GaussianBlur(values, (1, 0), sigmaX=0, sigmaY=2.0, borderType=cv2.BORDER_REPLICATE)
    values = np.stack([np.interp(at, place, c) for c in values.T], -1)
    values[[0, -1], :2] = uv[[0, -1]]
    end = min(TAPER_MM, TAPER_SHARE * place[-1])
    taper = np.sin(0.5 * np.pi * np.clip(np.minimum(at, place[-1] - at) / max(end, 1e-6), 0, 1)) ** 2
    return values[:, :2], values[:, 3:], taper * np.minimum(values[:, 2], DEEPER)


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
