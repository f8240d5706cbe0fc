"""Lines that Furrow found in a picture of ``models.evaluation.plain_head``, against those that were drawn in it.

Where a found line lies is looked up without Furrow's rasteriser, and compared in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...core.head.fitted import View
from ...core.head.model import HeadModel, HeadTopology
from ...core.wrinkles.own_lines import OwnLines
from .plain_head import Line, Viewpoint, triangle_pixels, true_lines

NEAR_MM = 2.5  # between a drawn line and a found one that are the same
DEEP_MM = 0.15  # from which a drawn line has to be found


def chart_points(topology: HeadTopology, uv: np.ndarray, vertices: np.ndarray, size: int = 512) -> np.ndarray:
    """(n, 3) places of vertices (V, 3) at UV (n, 2); NaN where the chart is empty."""
    head = topology.face_part == 0
    quads, corners = topology.faces[head].reshape(-1), topology.uv[head].reshape(-1, 2) * size
    first = np.arange(0, len(quads), 4)[:, None]
    triangles = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]])
    ids, share = triangle_pixels(corners, np.ones(len(corners)), triangles, size, both_sides=True)
    column, row = np.clip((uv * size).astype(int), 0, size - 1).T
    found = (np.asarray(vertices, float)[quads[triangles[ids[row, column]]]] * share[row, column][..., None]).sum(1)
    found[ids[row, column] < 0] = np.nan
    return found


@dataclass(frozen=True)
class Match:
    """Found points: mm to a drawn line, which one, both depths. Drawn points: mm to a found line, depth."""

    away: np.ndarray
    line: np.ndarray
    found: np.ndarray
    depth: np.ndarray
    missed: np.ndarray
    drawn: np.ndarray


def match(
    model: HeadModel,
    vertices: np.ndarray,
    viewpoint: Viewpoint,
    lines: Sequence[Line],
    own: OwnLines,
    view: View,
    posed: np.ndarray,
) -> Match:
    """Found lines against drawn ones, in the picture, but for the skin below the eyes: heads have folds there.

    Args:
        vertices: (V, 3) mm of the drawn head.
        own: the lines found in the picture.
        view: how the fit sees it.
        posed: (V, 3) mm of the fitted head with the expression of that view.
    """
    places = chart_points(model.topology, own.uv, posed)
    pixels = view.camera.project(view.pose.apply(np.nan_to_num(places)))
    drawn, depth, line = true_lines(model, vertices, viewpoint, lines)
    scale = np.linalg.norm(viewpoint.translation) / viewpoint.focal
    keep = np.isfinite(places).all(1)
    eyes = viewpoint.pixels(model.landmarks(vertices.astype(float))[[33, 133, 362, 263]])[0]
    for first, last in (eyes[:2], eyes[2:]):
        x, y = (pixels - first).T * scale
        keep &= ~((x > -4) & (x < (last - first)[0] * scale + 4) & (np.abs(y - 10) < 25))
    away, near = cKDTree(drawn).query(pixels[keep])
    missed = cKDTree(pixels[keep]).query(drawn)[0]
    return Match(away * scale, line[near], own.rest[keep], depth[near], missed * scale, depth)


def score(matches: Sequence[Match]) -> tuple[float, float]:
    """Precision, weighed by the depth that found lines were given, and recall of deep lines."""
    right = np.concatenate([m.away < NEAR_MM for m in matches])
    depth = np.concatenate([m.found for m in matches])
    hit = np.concatenate([(m.missed < NEAR_MM)[m.drawn > DEEP_MM] for m in matches])
    return float((right * depth).sum() / depth.sum()), float(hit.mean())


def depths(matches: Sequence[Match]) -> tuple[np.ndarray, np.ndarray]:
    """(n,), (n,) mean depth in mm of drawn lines where they were found: as found, and as drawn."""
    found, drawn = [], []
    for m in matches:
        on = m.away < NEAR_MM
        for line in np.unique(m.line[on]):
            rows = on & (m.line == line)
            if rows.sum() > 3:
                found.append(m.found[rows].mean())
                drawn.append(m.depth[rows].mean())
    return np.array(found), np.array(drawn)
