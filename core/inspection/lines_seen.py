"""The lines of one photo on their way: valley response, candidates, those believed, and what they were measured as."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..detail import candidates as lines_of
from ..detail.estimates import Draft, line_drafts
from ..detail.folds import find_folds, light_answer
from ..detail.group_fields import agreement, line_groups
from ..detail.polylines import Polylines, pixels, tangents
from ..detail.read import METRIC_SIZE, PUSHED_SIZE, vertex_pressure, view_lines
from ..detail.ridges import link_lines, ridge_response
from ..detail.search_mask import line_trust
from ..head.fitted import CoarseFit, View
from ..head.model import HeadModel
from ..head.normal_map import uv_metric
from ..head.raster import sample_smooth
from ..image.colour import channel_mean
from ..image.filters import sample
from ..texture.view_texture import ViewTexture
from ..wrinkles.atlas import WrinkleAtlas


@dataclass(frozen=True, eq=False)
class LinesSeen:
    """What one photo says about lines; c candidates.

    Attributes:
        search: (S, S) in [0, 1], where lines are looked for.
        strength: (g, g) valley response over the noise.
        candidates: (c) polylines (n, 2) in UV.
        scores: (c,) logistic score.
        believed: lines taken for lines, (n, 2) in UV.
        estimates: each believed line as it was measured: bottoms, depth at rest and in motion.
    """

    search: np.ndarray
    strength: np.ndarray
    candidates: tuple[np.ndarray, ...]
    scores: np.ndarray
    believed: tuple[np.ndarray, ...]
    estimates: tuple[Draft, ...]


def lines_seen(
    model: HeadModel, atlas: WrinkleAtlas, fit: CoarseFit, view: View, texture: ViewTexture, texel: float, age: float
) -> LinesSeen:
    """Read the lines of one photo once more, and keep every step.

    Args:
        view: the photo's, of the fit.
        texture: the photo in UV space.
        texel: mm, of the texture's maps.
        age: apparent age, 0 to 1, that depths are those of.
    """
    groups, metric = line_groups(atlas), uv_metric(model.topology, fit.neutral, METRIC_SIZE)
    pressure = vertex_pressure(model, fit, view)
    read = view_lines(model, groups, texture, pressure, metric, texel)
    search, found = _candidates(model, groups, texture, pressure, metric, texel)
    return LinesSeen(
        search=search,
        strength=read.ridges.strength,
        candidates=_split(found.lines),
        scores=found.score,
        believed=_split(read.found.lines),
        estimates=tuple(line_drafts(atlas, groups, read, metric, age)),
    )


def _candidates(model, groups, texture, pressure, metric, texel) -> tuple[np.ndarray, lines_of.FoundLines]:
    """Where lines are looked for, and all that are scored, folds first."""
    size = min(len(texture.bare), 1024)
    shaded, bare = (cv2.resize(m, (size, size), interpolation=cv2.INTER_AREA) for m in (texture.shaded, texture.bare))
    step = texel * texture.window.size / size
    luminance = np.ascontiguousarray(channel_mean(shaded), np.float32)
    trust = line_trust(model.topology, luminance, bare, texture.posed.facing, step)
    answer = light_answer(model.topology, texture.posed, texture.light)
    pushed = sample_smooth(model.topology, pressure[:, :2].max(1), PUSHED_SIZE)
    ridges = ridge_response(luminance, trust, step)
    lines = _usual(groups, link_lines(lines_of.favoured(ridges, groups)), trust, step)
    folds = lines_of.scored_folds(groups, find_folds(groups, luminance, trust, answer, metric, step), pushed, metric)
    return trust, folds.and_after(lines_of.scored(groups, lines, metric, ridges))


def _usual(groups, lines: Polylines, trust: np.ndarray, texel: float) -> Polylines:
    """Of each line the longest part where its group runs, well inside trusted skin."""
    if not len(lines):
        return lines
    clear = cv2.distanceTransform((trust > lines_of.SKIN).astype(np.uint8), cv2.DIST_L2, 3) * texel
    fits = agreement(groups, lines.uv, tangents(lines.uv, lines.start))
    own = fits[np.arange(len(fits)), lines.of_points(lines.mean(fits).argmax(1))]
    smooth = np.convolve(own, np.full(lines_of.SMOOTHED, 1 / lines_of.SMOOTHED), "same") > lines_of.FIT
    inside = sample(clear, pixels(lines.uv, len(clear))) > lines_of.EDGE_MM
    return lines.trimmed(smooth & inside, lines_of.FEWEST)


def _split(lines: Polylines) -> tuple[np.ndarray, ...]:
    """The polylines one by one."""
    return tuple(lines.uv[a:b] for a, b in zip(lines.start[:-1], lines.start[1:]))
