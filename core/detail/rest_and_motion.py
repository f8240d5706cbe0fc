"""Lines of several photos of one person: what of each is there at rest, and what only where an expression draws it.

In photo k a line is d_k = r + c_k m deep: r at rest, m what full compression adds, c_k the tension across it that the
head measures in the expression of that photo. Known are the depth each photo shows, nothing where skin is seen well
without the line, and what lines of the group usually have. With Gaussian priors on r and m, neither below zero:

    min  sum_k (r + c_k m - d_k)² / s_k²  +  (x - x_0)^T T^-1 (x - x_0),   x = (r, m)

the ridge solution of each line; T couples r and m, as habit and skin are the same at rest and in motion. The curves
of the atlas have a gain at rest and one in motion, found together in all photos by the lasso of ``detail.curve_gains``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from scipy import sparse
from scipy.optimize import lsq_linear

from ..head.chart import Chart, pixels
from ..image.filters import sample
from ..wrinkles.atlas import WrinkleAtlas
from ..wrinkles.coefficients import Person
from .curve_gains import gains, motion_columns, motion_gains
from .estimates import LineEstimate
from .grooves import ViewLines
from .polylines import tangents
from .symmetry import borrowed, partners

# by eye
SAME_MM, ALONG, SHARED = 2.5, 0.8, 0.5  # apart, cosine of the angle between, share of either: the same line twice
REST_SPREAD, MOVED_SPREAD = 0.6, 0.5  # of the prior depths
COUPLED = 0.5  # correlation of the two
SHOWN_SPREAD, ABSENT_SPREAD = 0.4, 0.35  # of the depth usual in a photo, where it shows the line, where it does not
SHOWN = (0.3, 2.0)  # times the depth usual in a photo, that it may speak for
FOLD_DOUBT = 2.0  # the fine response sees little of a broad fold, so its absence says less
LEAST_SEEN = 0.15  # of the skin along a line: a photo that shows less says nothing of it
DEEP_SCORE = 3.0  # score that a line e times as deep in one photo is worth, for where it is
LEAST_SPREAD_MM = 0.03  # standard deviation that no depth falls below
LEAST_MOVED, MOST_MOVED = 0.1, 1.25  # times the prior


def joined(estimates: Sequence[list[LineEstimate]], views: Sequence[ViewLines], chart: Chart) -> list[LineEstimate]:
    """The lines of several photos, each once, with depths at rest and in motion that explain all of them.

    Args:
        estimates: the lines of each photo.
        views: the photos.
        chart: of the head.
    """
    metric = chart.metric
    texel = float(np.sqrt(np.median(np.maximum(metric[..., 0] * metric[..., 2], 1e-6)) ** 0.5)) / len(views[0].seen)
    radius = max(1, round(SAME_MM / max(texel, 1e-3)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    dark = [cv2.dilate(v.ridges.strength * v.ridges.unit, kernel).astype(np.float32) for v in views]
    out = []
    for line in same_lines(estimates, chart):
        # where it is deepest its place tells most
        best = max(line, key=lambda k: line[k].score + DEEP_SCORE * np.log(max(line[k].shown, 1e-3)))
        out.append(_solved(line, line[best], views, dark))
    return out


def same_lines(estimates: Sequence[list[LineEstimate]], chart: Chart) -> list[dict[int, LineEstimate]]:
    """Lines of several photos as dicts from photo to estimate, at most one a photo; the surest lines first."""
    every = [(photo, estimate) for photo, of_photo in enumerate(estimates) for estimate in of_photo]
    ordered = sorted(every, key=lambda pair: -pair[1].score)
    lines: list[dict[int, LineEstimate]] = []
    for photo, estimate in ordered:
        for line in lines:
            first = next(iter(line.values()))
            if runs_along(estimate.uv, first.uv, chart):
                line.setdefault(photo, estimate)
                break
        else:
            lines.append({photo: estimate})
    return lines


def runs_along(one: np.ndarray, other: np.ndarray, chart: Chart) -> bool:
    """Whether two polylines (n, 2), (m, 2) in UV are the same line on the skin, or one is part of the other."""
    away = one[:, None] - other
    shape = away.shape[:2]
    middle = (0.5 * (one[:, None] + other)).reshape(-1, 2)
    far = chart.length(middle, away.reshape(-1, 2)).reshape(shape)
    ways = [tangents(line, np.array([0, len(line)])) for line in (one, other)]
    near = (far < SAME_MM) & (np.abs(ways[0] @ ways[1].T) > ALONG)
    return max(float(near.any(1).mean()), float(near.any(0).mean())) >= SHARED


def _solved(
    line: dict[int, LineEstimate], best: LineEstimate, views: Sequence[ViewLines], dark: list[np.ndarray]
) -> LineEstimate:
    """The estimate of a line with the depths that all photos speak for.

    Args:
        line: its estimate in each photo that shows it.
        dark: (g, g) of each photo, strongest response within ``SAME_MM``.
    """
    calm = min(line.values(), key=lambda d: d.tension)  # says most about rest, and least about motion
    rest, moved = calm.prior_rest, best.prior_moved
    shown, tension, doubt = [], [], []
    at = pixels(best.uv, len(views[0].seen))
    response = [float(sample(d, at).mean()) for d in dark]
    source = next(k for k, d in line.items() if d is best)
    seen_depth = np.clip(best.shown, SHOWN[0] * best.prior, SHOWN[1] * best.prior)
    for k, view in enumerate(views):
        pushed = float(sample(view.tension_map, at)[:, best.family - 1].mean())
        usual = rest + pushed * moved
        if k in line:
            estimate = line[k]
            depth, spread = float(np.clip(estimate.shown, SHOWN[0] * usual, SHOWN[1] * usual)), SHOWN_SPREAD * usual
        else:
            seen = float(sample(view.seen, at).mean())
            if seen < LEAST_SEEN:
                continue
            depth = seen_depth * min(1.0, response[k] / max(response[source], 1e-6))
            spread = ABSENT_SPREAD * usual * (FOLD_DOUBT if best.fold else 1.0) / seen
        shown.append(depth)
        tension.append(pushed)
        doubt.append(max(spread, LEAST_SPREAD_MM))
    rest, moved = rest_and_motion(np.array(shown), np.array(tension), np.array(doubt), rest, moved)
    held = (rest + best.tension * moved) / max(best.shown, 1e-6)
    return replace(best, rest=rest, moved=moved, held=float(np.clip(held, 0, 1)))


def rest_and_motion(
    shown: np.ndarray, tension: np.ndarray, spread: np.ndarray, rest: float, moved: float
) -> tuple[float, float]:
    """Depth in mm of a line at rest, and what full compression adds.

    Args:
        shown: (k,) mm that photos show.
        tension: (k,) in [0, 1], compression across the line in each.
        spread: (k,) mm, standard deviation of what is shown.
        rest, moved: mm that lines like it usually have.
    """
    rows = np.column_stack([np.ones_like(tension), tension]) / spread[:, None]
    deviation = np.maximum([REST_SPREAD * rest, MOVED_SPREAD * moved], LEAST_SPREAD_MM)
    covariance = np.outer(deviation, deviation) * [[1, COUPLED], [COUPLED, 1]]
    white = np.linalg.cholesky(np.linalg.inv(covariance)).T
    matrix = np.concatenate([rows, white])
    data = np.concatenate([shown / spread, white @ [rest, moved]])
    low = [0.0, LEAST_MOVED * moved]
    high = [max(SHOWN[1] * rest, float(shown.max(initial=0.0))) + 1e-6, MOST_MOVED * moved + 1e-6]
    rest, moved = lsq_linear(matrix, data, (low, high)).x
    return float(rest), float(moved)


def joint_gains(
    atlas: WrinkleAtlas,
    someone: Person,
    age: float,
    views: Sequence[ViewLines],
    added: Sequence[sparse.spmatrix | None],
    depths: Sequence[np.ndarray],
    noises: Sequence[np.ndarray],
    unseen: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(c,), (c,) gains of a person's curves at rest and in motion that explain several photos.

    Args:
        added: columns of the lines found in each photo, which explain what is theirs.
        depths, noises: (g, g) mm that each photo shows, and standard deviation of that.
        unseen: (c,) share of each curve that no photo would have shown.
    """
    size, count = len(views[0].seen), len(someone.curves)
    rest, moved, told = motion_columns(atlas, someone, age, [v.tension_map for v in views], size)
    basis = sparse.vstack([sparse.hstack([rest, part]) for part in moved])
    depth, noise, seen = (np.concatenate(maps) for maps in (depths, noises, [v.seen for v in views]))
    found = [a if a is not None else sparse.csr_matrix((size * size, 0)) for a in added]
    every = sparse.hstack([basis, sparse.block_diag(found)])
    sparser = np.ones(every.shape[1])
    sparser[count : 2 * count] = told
    gain = gains(every, depth, noise, seen, sparser)[: 2 * count].reshape(2, count)
    other = partners(atlas, someone.curves)
    lent = borrowed(1 - unseen, other)
    if lent.any():
        # without the own lines, which the side that is not seen does not have
        alone = gains(basis, depth, noise, seen, sparser[: 2 * count]).reshape(2, count)
        gain = gain + lent * (alone[:, other] - gain)
        told = told + lent * (told[other] - told)
    return gain[0], motion_gains(gain[1], told)
