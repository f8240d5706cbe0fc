"""How deep the lines of a photo are, and what it leaves of the atlas's.

Valley response y (as depth, by a constant of how much a groove darkens) is explained by the atlas's curves B and the
found lines F in non-negative gains on their prior depths (lasso with a Gaussian prior, Tibshirani 1996):

    min_g >= 0  sum_x w_x (y_x - (B, F) g)² / s_x²  +  sum_i (g_i - 1)² / t²  +  l sum_i g_i

w is how well skin is seen, s the noise. Where nothing is seen the prior stays, where skin is seen without a line a
deep curve goes to zero, and a shallow one, which the photo could not show, stays. How
deep found lines are, see ``detail.estimates``; lines of several photos, ``detail.rest_and_motion``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import sparse

from ..head.chart import Chart, pixels, sample_uv
from ..wrinkles.atlas import FOLD, WrinkleAtlas
from ..wrinkles.coefficients import person
from ..wrinkles.own_lines import OwnLines
from .apparent_age import apparent_age
from .curve_gains import columns, curve_columns, gains, motion_gains, unseen_share
from .estimates import HOLD_SIZE, LineEstimate, apart, line_estimates
from .grooves import Placed, ViewLines
from .group_fields import CARRIED, LineGroups
from .rest_and_motion import joined, joint_gains
from .skin_view import SkinView
from .symmetry import borrowed, partners


@dataclass(frozen=True)
class LineFitSettings:
    """How lines of the photo and curves of the atlas share the skin; chosen by eye on portraits.

    ``benchmarks/sensitivity.py`` tells how much hangs on each.

    Attributes:
        darkening: log units of coherent response for each millimetre of depth.
        noise: response of bare skin, times the noise.
        most_gain: largest gain of a curve.
        aside: mm from an own line in which no curve of the atlas runs, of its family; fold_aside: the same of folds.
        held: mm to each side of where a line is darkest, in which what is dark is its.
    """

    darkening: float = 0.10
    noise: float = 1.2
    most_gain: float = 1.5
    aside: float = 2.2
    fold_aside: float = 5.0
    held: float = 2.0


SETTINGS = LineFitSettings()


@dataclass(frozen=True, eq=False)
class Measured:
    """The skin of the photos, and the lines of the person.

    Attributes:
        skins: one a photo.
        age: apparent, 0 to 1.
        own: lines, and what they leave of the atlas.
        held: (``HOLD_SIZE``, ``HOLD_SIZE``) of :func:`own_lines`.
    """

    skins: tuple[SkinView, ...]
    age: float
    own: OwnLines
    held: np.ndarray


def measured(
    atlas: WrinkleAtlas, groups: LineGroups, photos: Sequence[Placed], chart: Chart, seed: int, age: float | None
) -> Measured:
    """How deep the lines of the photos are, at an age; None reads that from the lines."""
    lines = [photo.lines for photo in photos]
    age = apparent_age(atlas, groups, lines, chart) if age is None else age
    own, held = own_lines(atlas, groups, lines, chart, age, seed)
    return Measured(tuple(photo.skin for photo in photos), age, own, held)


def own_lines(
    atlas: WrinkleAtlas, groups: LineGroups, views: Sequence[ViewLines], chart: Chart, age: float, seed: int
) -> tuple[OwnLines, np.ndarray]:
    """The lines of the photos as a person's own with the gains of the atlas's curves, and how far relief holds them.

    Args:
        views: one a photo.
        chart: of the head.
        age: apparent age, 0 to 1.
        seed: layout of the person.

    Returns:
        Own lines; (``HOLD_SIZE``, ``HOLD_SIZE``) in [0, 1], the share of the depth that a photo shows in a line which
        its relief has, along where the photo is darkest.
    """
    each = [apart(line_estimates(atlas, groups, view, chart, age)) for view in views]
    if len(views) > 1:
        return _of_expressions(atlas, views, each, chart, age, seed)
    estimates = each[0]
    size = len(views[0].seen)
    seen = np.max([v.seen for v in views], axis=0)
    weight = np.stack([v.seen for v in views]) + 1e-6
    # at rest and in motion a line shows with what both add up to: what compression explains is not the neutral face's
    depth = np.average([_depth_map(v) for v in views], axis=0, weights=weight)
    noise = np.average([v.ridges.unit for v in views], axis=0, weights=weight) * SETTINGS.noise / SETTINGS.darkening
    compression = np.average([v.compression for v in views], axis=0, weights=np.repeat(weight[..., None], 2, -1))
    someone = person(atlas, seed)
    basis, pushed = curve_columns(atlas, someone, age, compression, size)
    added = _line_columns(estimates, chart, size)
    gain = gains(sparse.hstack([basis, added]) if estimates else basis, depth, noise, seen)[: len(someone.curves)]
    curve_gain = unseen_share(atlas, age, seen, noise)
    other = partners(atlas, someone.curves)
    lent = borrowed(1 - curve_gain[someone.curves], other)
    if lent.any():
        # without the own lines, which the side that is not seen does not have
        alone = gains(basis, depth, noise, seen) if estimates else gain
        gain = gain + lent * (alone[other] - gain)
        pushed = pushed + lent * (pushed[other] - pushed)
    drawn = np.minimum(gain, SETTINGS.most_gain)
    curve_gain[someone.curves] = drawn
    # what a photo of pushed skin says about a curve, it says about motion as far as motion makes the curve
    motion_gain = np.ones(len(atlas.curve_group))
    motion_gain[someone.curves] = motion_gains(drawn, pushed)
    return _assembled(atlas, estimates, chart, age, curve_gain, motion_gain), _held(estimates, chart)


def _of_expressions(
    atlas: WrinkleAtlas,
    views: Sequence[ViewLines],
    each: list[list[LineEstimate]],
    chart: Chart,
    age: float,
    seed: int,
) -> tuple[OwnLines, np.ndarray]:
    """:func:`own_lines` of several photos, with the lines of each."""
    estimates = apart(joined(each, views, chart))
    depths = [_depth_map(v) for v in views]
    noises = [v.ridges.unit * SETTINGS.noise / SETTINGS.darkening for v in views]
    seen = np.stack([v.seen for v in views])
    someone = person(atlas, seed)
    curve_gain = unseen_share(atlas, age, seen.max(0), np.average(noises, axis=0, weights=seen + 1e-6))
    added = [_line_columns(lines, chart, seen.shape[1]) for lines in each]
    rest, moved = joint_gains(atlas, someone, age, views, added, depths, noises, curve_gain[someone.curves])
    curve_gain[someone.curves] = np.minimum(rest, SETTINGS.most_gain)
    motion_gain = np.ones(len(atlas.curve_group))
    motion_gain[someone.curves] = moved
    return _assembled(atlas, estimates, chart, age, curve_gain, motion_gain), _held(estimates, chart)


def _depth_map(view: ViewLines) -> np.ndarray:
    """(g, g) mm of groove that the valley response stands for."""
    ridges = view.ridges
    return np.maximum(ridges.strength - SETTINGS.noise, 0) * ridges.unit / SETTINGS.darkening


def _held(estimates: list[LineEstimate], chart: Chart) -> np.ndarray:
    """(s, s) in [0, 1] of :func:`own_lines`."""
    held = np.zeros((HOLD_SIZE, HOLD_SIZE), np.float32)
    wide = max(1, round(2 * SETTINGS.held / _texel(chart)))
    for estimate in sorted(estimates, key=lambda d: d.held):
        at = [np.round(pixels(estimate.uv, HOLD_SIZE)).astype(np.int32)]
        cv2.polylines(held, at, False, estimate.held, wide)
    return cv2.GaussianBlur(held, (0, 0), 0.4 * SETTINGS.held / _texel(chart))


def _texel(chart: Chart) -> float:
    """Millimetres of a texel of ``HOLD_SIZE``, in the middle of the chart."""
    e, _, g = chart.metric[len(chart.metric) // 2, len(chart.metric) // 2]
    return float(np.sqrt(np.sqrt(max(e * g, 1e-6)))) / HOLD_SIZE


def _line_columns(estimates: list[LineEstimate], chart: Chart, size: int) -> sparse.csr_matrix | None:
    if not estimates:
        return None
    uv = np.concatenate([d.uv for d in estimates])
    start = np.concatenate([[0], np.cumsum([len(d.uv) for d in estimates])])
    depth = np.concatenate([d.relative * d.contrast / SETTINGS.darkening for d in estimates])
    return columns(uv, chart.metric_at(uv), start, depth, size)


def _assembled(
    atlas: WrinkleAtlas,
    estimates: list[LineEstimate],
    chart: Chart,
    age: float,
    curve_gain: np.ndarray,
    motion_gain: np.ndarray,
) -> OwnLines:
    """Own lines of the estimates, and the atlas's points that they take the place of."""
    start = np.concatenate([[0], np.cumsum([len(d.uv) for d in estimates])]).astype(np.int64)
    uv = np.concatenate([d.bottom for d in estimates] + [np.zeros((0, 2))]).astype(np.float32)
    each = np.diff(start)
    relative = np.concatenate([d.relative for d in estimates] + [np.zeros(0)])
    carried = np.array([d.carried for d in estimates]).reshape(len(estimates), len(CARRIED))
    rest, moved = (relative * np.repeat([getattr(d, part) for d in estimates], each) for part in ("rest", "moved"))
    columns = {name: i for i, name in enumerate(CARRIED)}
    return OwnLines(
        uv=uv,
        metric=chart.metric_at(uv).reshape(-1, 3).astype(np.float32),
        crest=np.repeat(carried[:, [columns["crest_left"], columns["crest_right"]]], each, 0).astype(np.float32),
        rest=rest.astype(np.float32),
        moved=moved.astype(np.float32),
        start=start,
        group=np.array([d.group for d in estimates], np.int64),
        width=carried[:, columns["width"]].astype(np.float32),
        roll=carried[:, [columns["roll_left"], columns["roll_right"]]].astype(np.float32),
        age=float(age),
        curve_gain=curve_gain.astype(np.float32),
        motion_gain=motion_gain.astype(np.float32),
        point_gain=_point_gain(atlas, estimates, chart),
    )


def _point_gain(atlas: WrinkleAtlas, estimates: list[LineEstimate], chart: Chart) -> np.ndarray:
    """(N,) 0 beside an own line of the same family, where the atlas's curve would run a second time."""
    gain = np.ones(len(atlas.uv), np.float32)
    texel = _texel(chart)
    family = atlas.of_points(atlas.group_family[atlas.curve_group])
    fold = atlas.of_points(atlas.curve_rank) == FOLD
    for number in (1, 2):
        for wide, reach in ((False, SETTINGS.aside), (True, SETTINGS.fold_aside)):
            free = np.full((HOLD_SIZE, HOLD_SIZE), 255, np.uint8)
            for estimate in estimates:
                if atlas.group_family[estimate.group] == number and (estimate.fold or not wide):
                    at = [np.round(pixels(estimate.bottom, HOLD_SIZE)).astype(np.int32)]
                    cv2.polylines(free, at, False, 0, max(1, round(2 * reach / texel)))
            soft = cv2.GaussianBlur(free.astype(np.float32) / 255, (0, 0), 0.8 / texel)
            rows = (family == number) & (fold == wide)
            gain[rows] = np.minimum(gain[rows], sample_uv(soft, atlas.uv[rows]))
    return gain
