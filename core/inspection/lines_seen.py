"""The lines of one photo on their way: valley response, candidates, those believed, and what they were measured as."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..detail.candidates import believed_of, found_in
from ..detail.estimates import LineEstimate, line_estimates
from ..detail.grooves import placed
from ..detail.group_fields import line_groups
from ..detail.polylines import Polylines
from ..detail.search_mask import line_trust
from ..detail.skin_view import skin_view
from ..head.chart import Chart
from ..head.fitted import CoarseFit, View
from ..head.model import HeadModel
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
    estimates: tuple[LineEstimate, ...]


def lines_seen(
    model: HeadModel, atlas: WrinkleAtlas, fit: CoarseFit, view: View, texture: ViewTexture, chart: Chart, age: float
) -> LinesSeen:
    """Read the lines of one photo once more, and keep every step.

    Args:
        view: the photo's, of the fit.
        texture: the photo in UV space.
        chart: of the fitted head, for the texture's maps.
        age: apparent age, 0 to 1, that depths are those of.
    """
    groups, skin = line_groups(atlas), skin_view(model, fit, view, texture, chart)
    found = found_in(groups, skin)
    believed = believed_of(found)
    return LinesSeen(
        search=line_trust(skin.topology, skin.luminance, skin.bare, skin.posed.facing, skin.chart),
        strength=found.ridges.strength,
        candidates=_split(found.lines.lines),
        scores=found.lines.score,
        believed=_split(believed.lines.lines),
        estimates=tuple(line_estimates(atlas, groups, placed(groups, believed).lines, chart, age)),
    )


def _split(lines: Polylines) -> tuple[np.ndarray, ...]:
    """The polylines one by one."""
    return tuple(lines.uv[a:b] for a, b in zip(lines.start[:-1], lines.start[1:]))
