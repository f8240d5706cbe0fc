"""Lines that a photo shows, told from everything else that is thin and dark by what the atlas knows about lines.

A candidate of ``detail.ridges`` is scored by its length, its contrast to both sides, how clear it is, and how well
place and direction fit a group of the atlas. A face without sure lines has none that are unsure either: the more sure
lines there are, the less the others need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..head.chart import Chart, sample_uv
from ..head.raster import sample_smooth
from ..image.filters import smoothstep
from .folds import Folds, find_folds, light_answer
from .group_fields import LineGroups, agreement
from .polylines import Polylines, tangents
from .ridges import Ridges, link_lines, ridge_response
from .search_mask import line_trust
from .skin_view import SkinView

# by eye on real portraits where no line says otherwise
STRANGE, USUAL = 0.55, 1.25  # weight of a response that fits no group, that fits one in full
PUSHED_SIZE = 256  # texels at which the expression's pressure is looked up
EDGE_MM = 1.8  # lines stop this far from what is not skin
SKIN = 0.55  # trust from which a texel is skin
SHORTEST_MM, SHORTEST_SHARE = 6.0, 0.18  # of a line, and of what is usual in its group
FIT = 0.15  # agreement that a line may not fall below
SMOOTHED = 5  # points
FEWEST = 8  # points
# logistic score: log length (mm), response, log of the contrast to both sides, agreement, log of the width that a line
# has beyond a usual one (mm), and its offset; by eye beside benchmarks/lines.py --marked
SCORE = np.array([1.4, 0.1, 1.3, 6.6, -1.6])
OFFSET = -5.6
LONG_MM = 40.0  # a longer line is no surer: soft shadows are long
WIDE_MM = 1.1
FOLD_RESPONSE = 4.0  # over the noise, of a step that may be a fold
FOLD_STEP = -0.05  # least contrast on the weaker side, as a share of the mean
SURE = 1.1  # score of a line that is believed on any face
UNSURE = -2.5  # the same on a face full of lines
FEW_MM, FEW_GROUP_MM = 80.0, 40.0  # of sure lines that vouch for no others
FULL_MM, FULL_GROUP_MM = 150.0, 100.0  # of sure lines: on a face full of lines, in a group full of them
MOST_OF_GROUP_MM = 90.0  # that vouches for other groups: one group full of lines is an expression's, several are age's
DRAWN, DRAWN_LESS = (0.3, 0.7), 0.5  # compression from which an expression draws a fold, in full; evidence that saves
FOLD_SCORE = 3.0  # score for each unit of evidence
LEAST_EVIDENCE = 0.2  # at which a fold's contrast is taken
DOUBLE_MM, ALONGSIDE = 3.0, 0.8  # how close a line runs that is a fold once more, cosine of the angle between them
LEAST_TWO_SIDED = 0.3  # share of the contrast on the weaker side: a step is no line


@dataclass(frozen=True)
class FoundLines:
    """Lines of one photo; c lines, n points.

    Attributes:
        lines: polylines.
        group: (c,) row of the atlas's groups.
        fit: (n,) agreement with that group, by place and direction.
        score: (c,) logistic score.
        length: (c,) mm.
        everyone: (c,) bool, of a group that young faces show as well: it vouches for no other.
        contrast: (n,) log units of coherent curvature response.
    """

    lines: Polylines
    group: np.ndarray
    fit: np.ndarray
    score: np.ndarray
    length: np.ndarray
    everyone: np.ndarray
    contrast: np.ndarray

    def __len__(self) -> int:
        return len(self.lines)

    def chosen(self, keep: np.ndarray) -> FoundLines:
        """The lines of a bool mask (c,)."""
        points = self.lines.of_points(keep)
        each = {name: getattr(self, name)[keep] for name in ("group", "score", "length", "everyone")}
        return FoundLines(self.lines.chosen(keep), fit=self.fit[points], contrast=self.contrast[points], **each)

    def and_after(self, others: FoundLines) -> FoundLines:
        """These lines, and others after them."""
        names = ("group", "fit", "score", "length", "everyone", "contrast")
        values = {name: np.concatenate([getattr(self, name), getattr(others, name)]) for name in names}
        return FoundLines(self.lines.and_after(others.lines), **values)


@dataclass(frozen=True, eq=False)
class Found:
    """What one photo may show.

    Attributes:
        skin: the photo's.
        lines: candidates, folds first.
        folds: how many of them are folds.
        ridges: valley response that the others were found in.
    """

    skin: SkinView
    lines: FoundLines
    folds: int
    ridges: Ridges


@dataclass(frozen=True, eq=False)
class Believed:
    """The lines of one photo that are taken for lines; the rest is as in :class:`Found`."""

    skin: SkinView
    lines: FoundLines
    ridges: Ridges


def found_in(groups: LineGroups, skin: SkinView) -> Found:
    """Candidates for lines and folds in a photo, by the groups of the atlas."""
    chart, topology = skin.chart, skin.topology
    trust = line_trust(topology, skin.luminance, skin.bare, skin.posed.facing, chart)
    answer = light_answer(topology, skin.posed, skin.light)
    pushed = sample_smooth(topology, skin.pushed, PUSHED_SIZE)
    ridges = ridge_response(skin.luminance, trust, chart)
    lines = usual_lines(groups, link_lines(favoured(ridges, groups)), trust, chart)
    folds = scored_folds(groups, find_folds(groups, skin.luminance, trust, answer, chart), pushed, chart)
    return Found(skin, folds.and_after(scored(groups, lines, chart, ridges)), len(folds), ridges)


def believed_of(found: Found) -> Believed:
    """The candidates that are lines, each once."""
    keep = believed(found.lines)
    folds = keep & (np.arange(len(found.lines)) < found.folds)
    return Believed(
        found.skin, found.lines.chosen(keep & ~beside_folds(found.lines, folds, found.skin.chart)), found.ridges
    )


def usual_lines(groups: LineGroups, lines: Polylines, trust: np.ndarray, chart: Chart) -> Polylines:
    """Of each line the longest part where its group runs, well inside trusted skin.

    Args:
        trust: (S, S) in [0, 1], of ``detail.search_mask.line_trust``.
        chart: for maps of S texels.
    """
    if not len(lines):
        return lines
    clear = cv2.distanceTransform((trust > SKIN).astype(np.uint8), cv2.DIST_L2, 3) * chart.texel
    fits = agreement(groups, lines.uv, tangents(lines.uv, lines.start))
    own = fits[np.arange(len(fits)), lines.of_points(lines.mean(fits).argmax(1))]
    usual = np.convolve(own, np.full(SMOOTHED, 1 / SMOOTHED), "same") > FIT
    return lines.trimmed(usual & (sample_uv(clear, lines.uv) > EDGE_MM), FEWEST)


def favoured(ridges: Ridges, groups: LineGroups) -> Ridges:
    """Responses weighted by how usual a line of their direction is where they are."""
    size = len(ridges.strength)
    row, column = np.nonzero(ridges.strength > 0.5)
    uv = np.stack([(column + 0.5) / size, 1 - (row + 0.5) / size], -1)
    angle = 0.5 * np.arctan2(ridges.field[row, column, 1], ridges.field[row, column, 0])
    fit = agreement(groups, uv, np.stack([np.cos(angle), -np.sin(angle)], -1)).max(1)
    weight = np.full((size, size), STRANGE, np.float32)
    weight[row, column] += (USUAL - STRANGE) * fit
    return replace(
        ridges, strength=ridges.strength * weight, field=ridges.field * weight[..., None], unit=ridges.unit / weight
    )


def scored(groups: LineGroups, lines: Polylines, chart: Chart, ridges: Ridges) -> FoundLines:
    """Group, score and length of each candidate."""
    if not len(lines):
        none = np.zeros(0)
        return FoundLines(lines, np.zeros(0, int), none, none, none, np.zeros(0, bool), none)
    fits = agreement(groups, lines.uv, tangents(lines.uv, lines.start))
    mean = lines.mean(fits)
    best = mean.argmax(1)
    length = np.add.reduceat(chart.segments(lines.uv, lines.start), lines.start[:-1])
    response, contrast = lines.mean(lines.response), lines.mean(lines.contrast)
    two_sided = lines.mean(lines.two_sided)
    fold = groups.each("step")[best] & (response > FOLD_RESPONSE) & (two_sided > FOLD_STEP * contrast)
    two_sided = np.where(fold, np.maximum(two_sided, LEAST_TWO_SIDED * contrast), two_sided)
    features = np.stack(
        [
            np.log(np.clip(length, 1.0, LONG_MM)),
            response,
            np.log(np.maximum(two_sided, 0.005)),
            mean.max(1),
            np.log(np.maximum(lines.mean(lines.width) / WIDE_MM, 1.0)),
        ],
        -1,
    )
    score = features @ SCORE + OFFSET + groups.each("odds")[best]
    short = length < np.maximum(SHORTEST_MM, SHORTEST_SHARE * groups.length[best])
    score[(two_sided < LEAST_TWO_SIDED * contrast) | short] = -np.inf
    unit = sample_uv(ridges.unit, lines.uv)
    own = fits[np.arange(len(fits)), lines.of_points(best)]
    everyone = groups.each("everyone")[best]
    return FoundLines(lines, groups.groups[best], own, score, length, everyone, lines.response * unit)


def scored_folds(groups: LineGroups, folds: Folds, pushed: np.ndarray, chart: Chart) -> FoundLines:
    """Group, score and length of each fold; one that the photo's expression draws needs less evidence."""
    lines, columns = folds.lines, folds.column
    fits = agreement(groups, lines.uv, tangents(lines.uv, lines.start))
    gaps = np.concatenate([[0.0], np.cumsum(chart.segments(lines.uv, lines.start))])
    length = np.diff(gaps[lines.start])
    drawn = smoothstep(sample_uv(pushed, lines.uv), *DRAWN)
    needed = groups.each("sure")[columns] - (DRAWN_LESS * lines.mean(drawn) if len(lines) else 0)
    return FoundLines(
        lines,
        groups.groups[columns],
        fits[np.arange(len(fits)), lines.of_points(columns)],
        SURE + FOLD_SCORE * (folds.evidence - needed),
        length,
        np.ones(len(lines), bool),
        np.maximum(lines.response, LEAST_EVIDENCE) * folds.unit,
    )


def believed(found: FoundLines) -> np.ndarray:
    """(c,) bool: the bar falls from ``SURE`` to ``UNSURE`` as sure lines grow, most in their group."""
    sure = np.where(found.score > SURE, found.length, 0.0)
    ageing = np.minimum(np.bincount(found.group, sure * ~found.everyone, minlength=1), MOST_OF_GROUP_MM).sum()
    in_group = np.bincount(found.group, sure, minlength=1)[found.group]
    full = np.maximum(ageing - FEW_MM, 0) / FULL_MM + np.maximum(in_group - FEW_GROUP_MM, 0) / FULL_GROUP_MM
    return found.score > SURE - (SURE - UNSURE) * np.clip(full, 0.0, 1.0)


def beside_folds(found: FoundLines, folds: np.ndarray, chart: Chart) -> np.ndarray:
    """(c,) bool: lines that are a fold of the mask (c,) once more, most of them running close along it."""
    doubles = np.zeros(len(found), bool)
    way = tangents(found.lines.uv, found.lines.start)
    for k in np.flatnonzero(folds):
        rows = slice(found.lines.start[k], found.lines.start[k + 1])
        fold = found.lines.uv[rows]
        away = found.lines.uv[:, None] - fold
        nearest = (away**2).sum(-1).argmin(1)
        far = chart.length(found.lines.uv, away[np.arange(len(away)), nearest])
        along = np.abs((way * way[rows][nearest]).sum(-1)) > ALONGSIDE
        doubles |= found.lines.mean(((far < DOUBLE_MM) & along).astype(float)) > 0.5
    return doubles & ~folds
