"""How deep the lines of a photo are, and what it leaves of the atlas's.

Valley response y (as depth, by a constant of how much a groove darkens) is explained by the atlas's curves B and the
found lines F in non-negative gains on their prior depths (lasso with a Gaussian prior, Tibshirani 1996):

    min_g >= 0  sum_x w_x (y_x - (B, F) g)² / s_x²  +  sum_i (g_i - 1)² / t²  +  l sum_i g_i

w is how well skin is seen, s the noise. Where nothing is seen the prior stays, where skin is seen without a line a
deep curve goes to zero, and a shallow one, which the photo could not show, stays. Found lines are as deep as their
shade across says in the light of the photo (``line_place``), d = shade^p prior^(1 - p), within ``CUE`` of the prior.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import sparse
from scipy.special import expit

from .line_detection import Ridges, sample
from .line_gains import columns, curve_columns, gains, metric_at, unseen_share
from .line_groups import CARRIED, LineGroups, lookup
from .line_place import Grooves
from .line_sides import borrowed, partners
from .own_lines import OwnLines
from .photo_lines import FoundLines, pixels, segment_lengths
from .wrinkle_atlas import FOLD, SECONDARY, WrinkleAtlas
from .wrinkle_coefficients import dynamic_share, person, static_share

DARKENING = 0.10  # log units of coherent response a millimetre of depth
NOISE = 1.2  # response over the noise that bare skin has
SAYS = 0.7  # power of what the photo says about a line's depth, against the prior
CUE, FOLD_CUE = (0.4, 1.8), (0.4, 1.3)  # times the prior; the shade of a fold is the cheek's as well
ALONG = (0.5, 1.5)  # along a line, times its mean
MOST_GAIN = 1.5
LEAST_MOTION = 0.1  # of a curve's depth in motion that stays though the photo does not show it
DEEPER = 1.2  # of its mean, the deepest point of a line
MOVED_MM = 1.3  # deepest that motion adds to a line
PUSHED = 2.5  # 1 over the compression from which a line says nothing about the face at rest
LINED_AGE = 0.4  # a line that shows at rest is at least as deep as at this age
DEPTH_MM = (0.08, 1.0)
POINT_MM = 1.5  # between control points
TAPER_MM, TAPER_SHARE = 8.0, 0.4
ASIDE_MM, FOLD_ASIDE_MM = 2.2, 5.0  # no other curve of the group runs so near an own line
HOLD_SIZE = 512
HELD_MM = 2.0  # to each side of where a line is darkest, what is dark is its


@dataclass(frozen=True)
class ViewLines:
    """What one photo says about lines, on the linking grid.

    Attributes:
        found: its lines, along their darkest places.
        grooves: where their bottoms are, and how deep their shade says they are.
        ridges: its valley response.
        seen: (g, g) in [0, 1], how well skin is seen and lit.
        compression: (g, g, 2) of the two families in the photo's expression.
    """

    found: FoundLines
    grooves: Grooves
    ridges: Ridges
    seen: np.ndarray
    compression: np.ndarray


def own_lines(
    atlas: WrinkleAtlas, groups: LineGroups, views: Sequence[ViewLines], metric: np.ndarray, age: float, seed: int
) -> tuple[OwnLines, np.ndarray]:
    """The lines of the photos as a person's own with the gains of the atlas's curves, and how far relief holds them.

    Args:
        views: one a photo.
        metric: (m, m, 3) E, F, G of the chart in mm² per UV².
        age: apparent age, 0 to 1.
        seed: layout of the person.

    Returns:
        Own lines; (``HOLD_SIZE``, ``HOLD_SIZE``) in [0, 1], the share of the depth that a photo shows in a line which
        its relief has, along where the photo is darkest.
    """
    drafts = [draft for view in views for draft in _drafts(atlas, groups, view, metric, age)]
    drafts = _apart(drafts)
    size = len(views[0].seen)
    seen = np.max([v.seen for v in views], axis=0)
    weight = np.stack([v.seen for v in views]) + 1e-6
    # at rest and in motion a line shows with what both add up to: what compression explains is not the neutral face's
    depth = np.average([_depth_map(v) for v in views], axis=0, weights=weight)
    noise = np.average([v.ridges.unit for v in views], axis=0, weights=weight) * NOISE / DARKENING
    compression = np.average([v.compression for v in views], axis=0, weights=np.repeat(weight[..., None], 2, -1))
    someone = person(atlas, seed)
    basis, pushed = curve_columns(atlas, someone, age, compression, size)
    added = _draft_columns(drafts, metric, size)
    gain = gains(sparse.hstack([basis, added]) if drafts else basis, depth, noise, seen)[: len(someone.curves)]
    curve_gain = unseen_share(atlas, age, seen, noise)
    other = partners(atlas, someone.curves)
    lent = borrowed(1 - curve_gain[someone.curves], other)
    if lent.any():
        # without the own lines, which the side that is not seen does not have
        alone = gains(basis, depth, noise, seen) if drafts else gain
        gain = gain + lent * (alone[other] - gain)
        pushed = pushed + lent * (pushed[other] - pushed)
    drawn = np.minimum(gain, MOST_GAIN)
    curve_gain[someone.curves] = drawn
    # what a photo of pushed skin says about a curve, it says about motion as far as motion makes the curve
    motion_gain = np.ones(len(atlas.curve_group))
    motion_gain[someone.curves] = 1 - pushed + pushed * np.clip(drawn, LEAST_MOTION, 1.0)
    return _assembled(atlas, drafts, metric, age, curve_gain, motion_gain), _held(drafts, metric)


@dataclass(frozen=True)
class _Draft:
    """One line: where it is darkest and deepest, relative depth (n,), mm, log units, share of what shows in relief."""

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


def _drafts(atlas: WrinkleAtlas, groups: LineGroups, view: ViewLines, metric: np.ndarray, age: float) -> list[_Draft]:
    found = view.found
    if not len(found):
        return []
    uv = found.lines.uv
    carried = carried_values(groups, found)
    pushed = sample(view.compression, pixels(uv, len(view.compression)))
    gaps = segment_lengths(uv, found.lines.start, metric)
    moved_share, rest_share = _shares(atlas, age, dynamic_share), _shares(atlas, age, static_share)
    lined_share = _shares(atlas, max(age, LINED_AGE), static_share)
    drafts = []
    for k, (first, last) in enumerate(zip(found.lines.start[:-1], found.lines.start[1:])):
        group, rows = int(found.group[k]), slice(first, last)
        place = np.concatenate([[0.0], np.cumsum(gaps[first : last - 1])])
        count = max(4, int(place[-1] / POINT_MM) + 1)
        at = np.linspace(0, place[-1], count)
        shown = view.grooves.depth[rows]
        contrast = float(found.contrast[rows].mean())
        along = np.clip((shown / max(float(shown.mean()), 1e-6)) ** SAYS, *ALONG)
        values = np.column_stack([uv[rows], along, view.grooves.offset[rows]])
        values = cv2.GaussianBlur(values, (1, 0), sigmaX=0, sigmaY=2.0, borderType=cv2.BORDER_REPLICATE)
        values = np.stack([np.interp(at, place, c) for c in values.T], -1)
        values[[0, -1], :2] = uv[[first, last - 1]]
        mean = carried[rows].mean(0)
        compression = float(pushed[rows, atlas.group_family[group] - 1].mean())
        # a line of skin that is not pushed shows at rest, so it is as deep as lines at rest are
        # as far as it is sure to be one
        still = float(np.clip(1 - PUSHED * compression, 0, 1))
        lined = still * float(expit(found.score[k] - 0.5))
        share = lined * lined_share[group] + (1 - lined) * rest_share[group]
        end = min(TAPER_MM, TAPER_SHARE * place[-1])
        rest = float(np.clip(mean[0] * share, lined * DEPTH_MM[0], DEPTH_MM[1]))
        moved = float(min(mean[1] * moved_share[group], MOVED_MM))
        prior = max(rest + compression * moved, 1e-3)
        fold = bool((atlas.curve_rank[atlas.curve_group == group] == FOLD).all())
        cue = float(np.clip((shown.mean() / prior) ** SAYS, *(FOLD_CUE if fold else CUE)))
        taper = np.sin(0.5 * np.pi * np.clip(np.minimum(at, place[-1] - at) / max(end, 1e-6), 0, 1)) ** 2
        drafts.append(
            _Draft(
                uv=values[:, :2],
                bottom=values[:, :2] + values[:, 3:],
                relative=taper * np.minimum(values[:, 2], DEEPER),
                group=group,
                score=float(found.score[k]),
                # what is deeper than thought in pushed skin is no line at rest, and motion is as deep as it gets
                rest=rest * (min(cue, 1.0) + still * max(cue - 1.0, 0.0)),
                moved=moved * min(cue, 1.0) ** 0.5,
                contrast=contrast,
                held=float(np.clip(prior * cue / max(float(shown.mean()), 1e-6), 0, 1)),
                carried=mean,
                fold=fold,
            )
        )
    return drafts


def carried_values(groups: LineGroups, found: FoundLines) -> np.ndarray:
    """(n, len(CARRIED)) what the atlas's curves of each line's group carry where its points are."""
    uv = found.lines.uv
    column = found.lines.of_points(np.searchsorted(groups.groups, found.group))
    carried = lookup(groups.carried, uv).reshape(len(uv), len(CARRIED), len(groups.groups))
    return carried[np.arange(len(uv)), :, column]


def _shares(atlas: WrinkleAtlas, age: float, share: Callable[[WrinkleAtlas, float], np.ndarray]) -> np.ndarray:
    """(G,) mean static or dynamic share of each group's first curves at an age."""
    first = (atlas.curve_rank != SECONDARY).astype(float)
    count = np.bincount(atlas.curve_group, first, minlength=len(atlas.group_names))
    return np.bincount(atlas.curve_group, first * share(atlas, age), minlength=len(count)) / np.maximum(count, 1)


def _apart(drafts: list[_Draft]) -> list[_Draft]:
    """Of lines that several photos show, the one that scores best."""
    taken = np.zeros((HOLD_SIZE, HOLD_SIZE), np.uint8)
    kept = []
    for draft in sorted(drafts, key=lambda d: -d.score):
        at = np.round(pixels(draft.uv, HOLD_SIZE)).astype(np.int32)
        inside = np.clip(at, 0, HOLD_SIZE - 1)
        if (taken[inside[:, 1], inside[:, 0]] > 0).mean() < 0.5:
            kept.append(draft)
            cv2.polylines(taken, [at], False, 255, 5)
    return kept


def _depth_map(view: ViewLines) -> np.ndarray:
    """(g, g) mm of groove that the valley response stands for."""
    ridges = view.ridges
    return np.maximum(ridges.strength - NOISE, 0) * ridges.unit / DARKENING


def _held(drafts: list[_Draft], metric: np.ndarray) -> np.ndarray:
    """(s, s) in [0, 1] of :func:`own_lines`."""
    held = np.zeros((HOLD_SIZE, HOLD_SIZE), np.float32)
    wide = max(1, round(2 * HELD_MM / _texel(metric)))
    for draft in sorted(drafts, key=lambda d: d.held):
        at = [np.round(pixels(draft.uv, HOLD_SIZE)).astype(np.int32)]
        cv2.polylines(held, at, False, draft.held, wide)
    return cv2.GaussianBlur(held, (0, 0), 0.4 * HELD_MM / _texel(metric))


def _texel(metric: np.ndarray) -> float:
    """Millimetres of a texel of ``HOLD_SIZE``, in the middle of the chart."""
    e, _, g = metric[len(metric) // 2, len(metric) // 2]
    return float(np.sqrt(np.sqrt(max(e * g, 1e-6)))) / HOLD_SIZE


def _draft_columns(drafts: list[_Draft], metric: np.ndarray, size: int) -> sparse.csr_matrix | None:
    if not drafts:
        return None
    uv = np.concatenate([d.uv for d in drafts])
    start = np.concatenate([[0], np.cumsum([len(d.uv) for d in drafts])])
    depth = np.concatenate([d.relative * d.contrast / DARKENING for d in drafts])
    return columns(uv, metric_at(metric, uv), start, depth, size)


def _assembled(
    atlas: WrinkleAtlas,
    drafts: list[_Draft],
    metric: np.ndarray,
    age: float,
    curve_gain: np.ndarray,
    motion_gain: np.ndarray,
) -> OwnLines:
    """Own lines of the drafts, and the atlas's points that they take the place of."""
    start = np.concatenate([[0], np.cumsum([len(d.uv) for d in drafts])]).astype(np.int64)
    uv = np.concatenate([d.bottom for d in drafts] + [np.zeros((0, 2))]).astype(np.float32)
    each = np.diff(start)
    relative = np.concatenate([d.relative for d in drafts] + [np.zeros(0)])
    carried = np.array([d.carried for d in drafts]).reshape(len(drafts), len(CARRIED))
    rest, moved = (relative * np.repeat([getattr(d, part) for d in drafts], each) for part in ("rest", "moved"))
    columns = {name: i for i, name in enumerate(CARRIED)}
    return OwnLines(
        uv=uv,
        metric=metric_at(metric, uv).reshape(-1, 3).astype(np.float32),
        crest=np.repeat(carried[:, [columns["crest_left"], columns["crest_right"]]], each, 0).astype(np.float32),
        rest=rest.astype(np.float32),
        moved=moved.astype(np.float32),
        start=start,
        group=np.array([d.group for d in drafts], np.int64),
        width=carried[:, columns["width"]].astype(np.float32),
        roll=carried[:, [columns["roll_left"], columns["roll_right"]]].astype(np.float32),
        age=float(age),
        curve_gain=curve_gain.astype(np.float32),
        motion_gain=motion_gain.astype(np.float32),
        point_gain=_point_gain(atlas, drafts, metric),
    )


def _point_gain(atlas: WrinkleAtlas, drafts: list[_Draft], metric: np.ndarray) -> np.ndarray:
    """(N,) 0 beside an own line of the same family, where the atlas's curve would run a second time."""
    gain = np.ones(len(atlas.uv), np.float32)
    texel = _texel(metric)
    family = atlas.of_points(atlas.group_family[atlas.curve_group])
    fold = atlas.of_points(atlas.curve_rank) == FOLD
    for number in (1, 2):
        for wide, reach in ((False, ASIDE_MM), (True, FOLD_ASIDE_MM)):
            free = np.full((HOLD_SIZE, HOLD_SIZE), 255, np.uint8)
            for draft in drafts:
                if atlas.group_family[draft.group] == number and (draft.fold or not wide):
                    at = [np.round(pixels(draft.bottom, HOLD_SIZE)).astype(np.int32)]
                    cv2.polylines(free, at, False, 0, max(1, round(2 * reach / texel)))
            soft = cv2.GaussianBlur(free.astype(np.float32) / 255, (0, 0), 0.8 / texel)
            rows = (family == number) & (fold == wide)
            gain[rows] = np.minimum(gain[rows], sample(soft, pixels(atlas.uv[rows], HOLD_SIZE)))
    return gain
