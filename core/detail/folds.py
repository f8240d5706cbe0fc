"""Folds that a photo shows: found near where everyone's are, as a dark foot or as a step of the shading.

A fold is broad. Light from the side makes one flank of it bright and the other dark: a step, whose sign follows from
the light. Under even light less of the sky falls in: a valley. Both are looked for in a strip along each fold of the
atlas, straightened, and dynamic programming finds the path of most evidence through the strip (Amini et al. 1990). It
bends little, and strays from the atlas's curve for good evidence only. The run of it stays whose evidence stands out of
the noise of the same face.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..head.chart import Chart, sample_uv
from ..head.model import HeadTopology
from ..view.lighting import Light
from ..view.shading_slope import head_sensitivity
from ..view.unwrap import PosedView
from .group_fields import LineGroups
from .polylines import Polylines

# by eye on real portraits where no line says otherwise
STEP_MM = 0.5  # between samples of a strip, along and across
REACH_MM = 10.0  # to both sides of the atlas's curve
ALONG_MM, ACROSS_MM = 3.0, 1.0  # standard deviations of the filters
SLOW_MM = 2.5  # broader changes across are not the fold's
GAP_MM = 6.0  # dark between skin on both sides: a deep fold that was not taken for skin
EDGE_MM = 1.5  # folds stop this far from what is not skin
AROUND_MM = 3.0  # skin whose mean stands for what is not skin
SKIN = 0.5  # trust from which a sample is skin
ANSWER_SIZE = 256  # texels at which the answer of light to slopes is evaluated
SIDELIGHT = 0.2  # answer of the log shading to a slope of 1 from which light counts as coming from the side
VALLEY, LIT_STEP = 0.7, 0.3  # weights of both kinds of evidence
FULL = 2.5  # ratio to the noise from which more of it counts less and less
FLOOR = 0.006  # log units that no photo's noise falls below
NEAR_MM = 2.0  # from the atlas's curve: log (1 + square of the distance over this) is what straying costs
STRANGE = 0.4  # share of that by which the evidence for a fold counts less
BEND = 1.0  # evidence that a sidestep of a sample costs
LOST = -0.3  # evidence where there is no skin
ENDED, RUN_MM = 0.6, 2.0  # evidence below which a fold has ended, averaged over so much of it
STEEPEST, SMOOTH_MM = 0.6, 1.5  # sidesteps a step, from which the path leaps to something else
LEAP = 1e3  # what a leap costs: more evidence than any fold has
SHORTEST_MM, FULL_MM = 8.0, 20.0  # of a fold, of one whose evidence counts in full
SIDES_MM = (1.5, 2.5, 4.0)  # where the skin beside a fold is


@dataclass(frozen=True)
class Folds:
    """Folds of one photo; c folds, n points.

    Attributes:
        lines: polylines; their response is the evidence over the noise.
        column: (c,) of the groups.
        evidence: (c,) mean over the noise, less for short ones.
        unit: log units of response for an evidence of 1.
    """

    lines: Polylines
    column: np.ndarray
    evidence: np.ndarray
    unit: float


@dataclass(frozen=True)
class Strip:
    """A fold of the atlas with the skin beside it, straightened; n samples along, m across.

    Attributes:
        column: of the groups.
        uv: (n, m, 2).
        luminance: (n, m) log, over the median of the strip's skin.
        skin: (n, m) bool.
        slope: (n, m) answer of the log luminance to a slope of 1 across.
    """

    column: int
    uv: np.ndarray
    luminance: np.ndarray
    skin: np.ndarray
    slope: np.ndarray


@dataclass(frozen=True)
class Run:
    """The part of a strip's path that shows a fold; n points.

    Attributes:
        column: of the groups.
        uv: (n, 2).
        evidence: (n,) over the noise, less what straying costs.
        sides: (n, 2) log units that the skin on the left and right is brighter.
    """

    column: int
    uv: np.ndarray
    evidence: np.ndarray
    sides: np.ndarray


def light_answer(topology: HeadTopology, posed: PosedView, light: Light) -> np.ndarray:
    """(a, a, 2) answer of the log shading to relief: its product with the way of 1 mm in (u, v), for a slope of 1."""
    answer, (uu, vv, uv) = head_sensitivity(topology, posed, light, ANSWER_SIZE)
    along_u, along_v = answer[..., 0], answer[..., 1]
    toward = np.stack([uu * along_u + uv * along_v, -(uv * along_u + vv * along_v)], -1)
    return (ANSWER_SIZE * toward).astype(np.float32)


def find_folds(
    groups: LineGroups, luminance: np.ndarray, trust: np.ndarray, answer: np.ndarray, chart: Chart
) -> Folds:
    """At most one fold along each fold of the atlas, wherever some evidence runs far enough.

    Args:
        groups: of the atlas.
        luminance: (S, S) log luminance, shading divided out.
        trust: (S, S) in [0, 1], bare skin.
        answer: (a, a, 2) of :func:`light_answer`.
        chart: for maps of S texels.
    """
    soft = cv2.GaussianBlur(luminance, (0, 0), 0.5 * STEP_MM / chart.texel)
    strips = [straightened(column, uv, soft, trust, answer, chart) for column, uv in groups.folds]
    strips = [strip for strip in strips if strip.skin.any()]
    responses = [(valley(strip), lit_step(strip)) for strip in strips]
    noise = np.array([_noise(strips, [r[k] for r in responses]) for k in (0, 1)])
    runs = [fold_run(strip, *response, noise) for strip, response in zip(strips, responses)]
    return _collected([run for run in runs if run is not None], float(noise[0]))


def straightened(
    column: int, curve: np.ndarray, luminance: np.ndarray, trust: np.ndarray, answer: np.ndarray, chart: Chart
) -> Strip:
    """The strip along a curve (k, 2) of UV, its samples ``STEP_MM`` apart; luminance and trust are (S, S)."""
    chord = np.diff(curve, axis=0)
    place = np.concatenate([[0.0], np.cumsum(chart.length(0.5 * (curve[1:] + curve[:-1]), chord))])
    at = np.linspace(0.0, place[-1], max(3, int(place[-1] / STEP_MM) + 1))
    middle = np.stack([np.interp(at, place, c) for c in curve.T], -1)
    u, v = np.gradient(middle, axis=0).T
    e, f, g = chart.metric_at(middle).T
    across = np.stack([-(f * u + g * v), e * u + f * v], -1)
    across /= np.maximum(chart.length(middle, across), 1e-9)[:, None]
    uv = middle[:, None] + offsets()[:, None] * across[:, None]

    def at_samples(image: np.ndarray) -> np.ndarray:
        return sample_uv(image, uv.reshape(-1, 2)).reshape(uv.shape[:2] + image.shape[2:])

    skin = closed(at_samples(trust) > SKIN)
    slope = (at_samples(answer) * across[:, None]).sum(-1)
    return Strip(column, uv, _over_skin(at_samples(luminance), skin), skin, slope)


def offsets() -> np.ndarray:
    """(m,) mm across a strip."""
    return np.arange(-REACH_MM, REACH_MM + 1e-6, STEP_MM)


def closed(skin: np.ndarray) -> np.ndarray:
    """Skin (n, m) of a strip with its gaps across filled, as a deep fold may look like none, and without its edges."""
    gap, edge = (np.ones((1, int(mm / STEP_MM) | 1), np.uint8) for mm in (GAP_MM, 2 * EDGE_MM))
    padded = np.pad(skin.astype(np.uint8), ((0, 0), (gap.size, gap.size)))
    filled = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, gap)[:, gap.size : -gap.size]
    return cv2.erode(filled, edge, borderType=cv2.BORDER_REPLICATE) > 0


def valley(strip: Strip) -> np.ndarray:
    """(n, m) log units: the second derivative across, at the scale of a fold's foot."""
    return ACROSS_MM**2 * _derivative(strip.luminance, 2)


def lit_step(strip: Strip) -> np.ndarray:
    """(n, m) log units: the first derivative across, positive where it rises as light from the side makes it rise."""
    return np.tanh(strip.slope / SIDELIGHT) * ACROSS_MM * _derivative(strip.luminance, 1)


def best_path(evidence: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(n,) columns of the path through evidence (n, m) that collects most, less what straying and bending cost."""
    count, wide = evidence.shape
    gain = np.where(skin, evidence, LOST) - straying(offsets())
    moves = np.array([0, -1, 1, -2, 2])  # where all are as good, straight on
    cost = BEND * np.abs(moves)[:, None]
    place = np.arange(wide)
    back, total = np.zeros((count, wide), np.intp), gain[0]
    for row in range(1, count):
        padded = np.pad(total, 2, constant_values=-np.inf)
        before = padded[2 + moves[:, None] + place] - cost
        chosen = before.argmax(0)
        back[row] = place + moves[chosen]
        total = before[chosen, place] + gain[row]
    path = np.full(count, total.argmax())
    for row in range(count - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    return path


def bounded(ratio: np.ndarray) -> np.ndarray:
    """Evidence of a ratio to the noise: the stronger the more, but ever less so."""
    return FULL * np.arcsinh(ratio / FULL)


def straying(away: np.ndarray) -> np.ndarray:
    """What a place costs that lies so many mm from the atlas's curve: heavy-tailed, as fits err far now and then."""
    return np.log1p((away / NEAR_MM) ** 2)


def fold_run(strip: Strip, dark: np.ndarray, step: np.ndarray, noise: np.ndarray) -> Run | None:
    """The fold in a strip whose responses (n, m) have a noise (2,); None where there is none to speak of."""
    evidence = VALLEY * bounded(dark / noise[0]) + LIT_STEP * bounded(step / noise[1])
    path, rows = best_path(evidence, strip.skin), np.arange(len(evidence))
    along = np.where(strip.skin[rows, path], evidence[rows, path], LOST) - STRANGE * straying(offsets()[path])
    place = gaussian_filter1d(path.astype(float), SMOOTH_MM / STEP_MM, mode="nearest")
    leaps = np.abs(np.gradient(place)) > STEEPEST
    part = largest_sum(np.where(leaps, -LEAP, gaussian_filter1d(along, RUN_MM / STEP_MM) - ENDED))
    if (part.stop - part.start - 1) * STEP_MM < SHORTEST_MM:
        return None
    rows, path, place = rows[part], path[part], place[part]
    low = np.clip(place.astype(int), 0, evidence.shape[1] - 2)
    share = (place - low)[:, None]
    uv = (1 - share) * strip.uv[rows, low] + share * strip.uv[rows, low + 1]
    return Run(strip.column, uv, along[part], _sides(strip, rows, path))


def largest_sum(gain: np.ndarray) -> slice:
    """The run of gains (n,) whose sum is largest; empty where all are negative."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    stop = int((total - np.minimum.accumulate(total)).argmax())
    return slice(int(total[: stop + 1].argmin()), stop)


def _noise(strips: list[Strip], responses: list[np.ndarray]) -> float:
    """Standard deviation of a response on the skin of all strips, by its median: folds are a small part of them."""
    seen = np.concatenate([np.zeros(0), *(np.abs(r[s.skin]) for s, r in zip(strips, responses))])
    return max(FLOOR, float(np.median(seen)) / 0.6745) if len(seen) else FLOOR


def _sides(strip: Strip, rows: np.ndarray, path: np.ndarray) -> np.ndarray:
    """(n, 2) how much brighter the left and the right side are than the path, log units."""
    away = np.round(np.array(SIDES_MM) / STEP_MM).astype(int)
    last = strip.luminance.shape[1] - 1
    floor = strip.luminance[rows, path]
    beside = [strip.luminance[rows[:, None], np.clip(path[:, None] + s * away, 0, last)].max(1) for s in (-1, 1)]
    return np.stack(beside, -1) - floor[:, None]


def _collected(runs: list[Run], noise: float) -> Folds:
    count = np.array([len(run.uv) for run in runs], int)
    uv = np.concatenate([np.zeros((0, 2)), *(run.uv for run in runs)])
    response = np.concatenate([np.zeros(0), *(run.evidence for run in runs)])
    sides = np.concatenate([np.zeros((0, 2)), *(run.sides for run in runs)])
    width = np.full(len(uv), ACROSS_MM)
    start = np.concatenate([[0], np.cumsum(count)]).astype(int)
    lines = Polylines(uv, start, response, sides.mean(1), sides.min(1), width)
    full = np.minimum(1.0, (count - 1) * STEP_MM / FULL_MM)
    evidence = full * np.array([run.evidence.mean() for run in runs])
    return Folds(lines, np.array([run.column for run in runs], int), evidence, noise)


def _derivative(luminance: np.ndarray, order: int) -> np.ndarray:
    """(n, m) derivative across at ``ACROSS_MM`` of what changes fast there, averaged along; per mm."""
    along = gaussian_filter1d(luminance, ALONG_MM / STEP_MM, axis=0)
    fast = along - gaussian_filter1d(along, SLOW_MM / STEP_MM, axis=1)
    return gaussian_filter1d(fast, ACROSS_MM / STEP_MM, axis=1, order=order) / STEP_MM**order


def _over_skin(luminance: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Log luminance (n, m) over its median, what is not skin replaced by the mean of the skin around it."""
    if not skin.any():
        return np.zeros_like(luminance)
    away = np.clip(luminance - np.median(luminance[skin]), -1.0, 1.0)
    weight = skin.astype(np.float32) + 1e-3
    total, mass = (cv2.GaussianBlur(m.astype(np.float32), (0, 0), AROUND_MM / STEP_MM) for m in (away * weight, weight))
    return np.where(skin, away, total / mass)
