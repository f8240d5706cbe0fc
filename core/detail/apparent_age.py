"""Apparent age from the lines a photo shows: how many there are, how long and how clear, for the skin it shows.

Not a net: a mean over the zones where age alone draws lines, each with its lines' length and contrast for the area of
skin seen, and a calibrated curve from that mean to age. Seen and empty skin speaks for youth, skin that is hidden,
dark, coarse, blurred or pushed together by the expression says nothing, and without evidence the estimate stays at
``DEFAULT_AGE``. The shape of the head is no evidence: fits of young faces lie anywhere along the age direction.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..head.chart import Chart, sample_uv
from ..wrinkles.atlas import WrinkleAtlas
from .grooves import ViewLines
from .group_fields import LineGroups

# by eye; checked on drawn heads (tests/core/detail/test_drawn_heads.py)
DEFAULT_AGE = 0.22  # 0 to 1, of a face that shows too little: 34 years
PRIOR = 0.2  # weight of that, where a zone seen in full counts by its importance
MOST = 1.3  # of what a zone has in old age
CLEAR = 0.03  # log units of contrast on the fainter side, of a line that counts in full
CLEAREST = 1.5  # lines: a hard light makes deep ones of shallow ones
PUSHED = 3.0  # 1 over the compression from which skin says nothing
SEEN_SHARE = 0.4  # of a zone, that tells as much as all of it: a face shows one side well
LEAST_MM2 = 60.0  # of a zone, below which one line would say too much
# years by which it may be off either way: of one man's three photos in three lights it was 30, 31 and 44, of another's
# two 54 and 57
SPREAD_YEARS = 10.0
# mean over the zones, and the age it stands for; many faces under forty show no line at all
EVIDENCE = np.array([0.0, 0.1, 0.3, 0.6, 1.0])
AGES = np.array([0.12, 0.33, 0.55, 0.75, 0.97])


def apparent_age(atlas: WrinkleAtlas, groups: LineGroups, views: Sequence[ViewLines], chart: Chart) -> float:
    """Apparent age, 0 (20 years) to 1 (85 years); ``DEFAULT_AGE`` where the photos show too little to tell.

    Args:
        atlas: whose groups the lines belong to.
        groups: of that atlas.
        views: lines of each photo, and where it shows skin well.
        chart: of the head.
    """
    shown = [_shown(atlas, groups, view, chart) for view in views]
    total, weight = 0.0, 0.0
    for k, zone in enumerate(atlas.zones):
        mass, area, full = np.array([view[k] for view in shown]).T
        if full[0] <= 0:
            continue
        density = _pooled(mass, area)
        seen = zone.importance * min(1.0, float(area.max()) / (SEEN_SHARE * float(full[0])))
        total += seen * float(np.clip((density - zone.young) / (zone.full - zone.young), 0.0, MOST))
        weight += seen
    measured = float(np.interp(total / max(weight, 1e-6), EVIDENCE, AGES))
    return float(np.clip((weight * measured + PRIOR * DEFAULT_AGE) / (weight + PRIOR), 0.0, 1.0))


def _pooled(mass: np.ndarray, area: np.ndarray) -> float:
    """mm of line for each mm² of skin, of the lines and areas (k,) of several photos.

    Lines are missed more often than they are invented, so one photo that shows some outweighs one that shows none: the
    quadratic mean of the photos' densities.
    """
    if len(mass) == 1:
        return float(mass[0] / max(float(area[0]), LEAST_MM2))
    density = mass / np.maximum(area, LEAST_MM2)
    return float(np.sqrt((area * density**2).sum() / max(float(area.sum()), 1e-6)))


def _shown(
    atlas: WrinkleAtlas, groups: LineGroups, view: ViewLines, chart: Chart
) -> list[tuple[float, float, float]]:
    """For each zone mm of clear line, mm² of calm skin seen, mm² of the zone."""
    density = groups.density
    e, f, g = np.moveaxis(chart.metric.astype(np.float64), -1, 0)
    grid = density.shape[:2]
    cell = cv2.resize(np.sqrt(np.maximum(e * g - f * f, 0)), grid, interpolation=cv2.INTER_LINEAR) / len(density) ** 2
    calm = view.seen[..., None] * np.clip(1 - PUSHED * view.compression, 0, 1)
    calm_there = cv2.resize(calm, grid, interpolation=cv2.INTER_AREA)
    family = atlas.group_family[groups.groups] - 1
    found, each = view.found, np.zeros(0)
    if len(found):
        points = sample_uv(np.ascontiguousarray(calm, np.float32), found.lines.uv)
        at_rest = found.lines.mean(points)[np.arange(len(found)), atlas.group_family[found.group] - 1]
        clear = np.clip(found.lines.mean(found.lines.two_sided) / CLEAR, 0, CLEAREST)
        each = found.length * clear * at_rest
    shown = []
    for zone in atlas.zones:
        columns = np.flatnonzero(groups.each("zone") == zone.name)
        if not len(columns):
            shown.append((0.0, 0.0, 0.0))
            continue
        seen = (density[..., columns] * calm_there[..., family[columns]]).max(-1)
        mass = float(each[np.isin(found.group, groups.groups[columns])].sum())
        whole = density[..., columns].max(-1)
        shown.append((mass, float(np.vdot(seen, cell)), float(np.vdot(whole, cell))))
    return shown
