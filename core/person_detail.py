"""Everything the photos say about a person's relief: own lines, relief at rest, relief in motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from .albedo_lines import lines_left
from .apparent_age import apparent_age, resolution
from .character import CoarseFit, View
from .colour import channel_mean
from .detail_split import split_relief
from .fold_lines import light_answer
from .geometry import smoothstep
from .head_model import HeadModel, HeadTopology
from .line_depth import own_lines
from .line_drafts import ViewLines, carried_values
from .line_groups import CARRIED, LineGroups, line_groups
from .line_place import grooves
from .line_trust import line_trust
from .normal_map import uv_metric
from .own_lines import OwnLines
from .photo_lines import photo_lines, pixels
from .raster import sample_smooth
from .static_detail import Relief, photo_relief
from .tension import evaluate_tension, tension_weights
from .unwrap import posed_vertices
from .view_texture import ViewTexture, folds_of
from .wrinkle_atlas import WrinkleAtlas

WORK_SIZE = 1024  # texels, at most, that lines and relief are read at
METRIC_SIZE, PUSHED_SIZE = 128, 256
MOVING_SIZE = 512
LIT = (0.30, 0.55)  # of the mean shading: too dark to show relief, well lit
RESOLVED_MM = (0.45, 1.1)  # what a photo resolves that shows lines in full, none
LINE_MM = 1.2  # standard deviation of what is left out of the relief where a line was found
LEAST_MM = 0.004  # relief in motion below this is none


@dataclass(frozen=True)
class PersonDetail:
    """Detail read from the photos.

    Attributes:
        age: apparent age, 0 to 1, that depths are those of.
        own: lines, and what they leave of the atlas.
        static: (S, S) float32 mm, relief at rest beside the lines.
        moving: (m, m, 3) float32 mm, relief that compression of both families and stretch add; None if there is none.
        left: (g, g) float32 log luminance of the lines that no relief holds, which the albedo has to show.
    """

    age: float
    own: OwnLines
    static: np.ndarray
    moving: np.ndarray | None
    left: np.ndarray


def person_detail(
    model: HeadModel,
    atlas: WrinkleAtlas,
    fit: CoarseFit,
    views: Sequence[ViewTexture],
    texel: float,
    seed: int,
    age: float | None = None,
) -> PersonDetail:
    """Read lines and relief from the unwrapped photos.

    Args:
        views: one for each view of the fit.
        texel: mm, of the views' maps.
        seed: layout of the atlas that the person has.
        age: apparent age, 0 to 1; None reads it from the lines.
    """
    topology, size = model.topology, views[0].window.size
    metric = uv_metric(topology, fit.neutral, METRIC_SIZE)
    groups = line_groups(atlas)
    pressures = [vertex_pressure(model, fit, view) for view in fit.views]
    lines = [view_lines(model, groups, t, p, metric, texel) for t, p in zip(views, pressures)]
    if len(views) > 1:
        lines = [with_tension(model, fit, v, s) for v, s in zip(fit.views, lines)]
    age = apparent_age(atlas, groups, lines, metric) if age is None else age
    bares = [_reduced(t.bare) for t in views]
    reliefs = [photo_relief(topology, t.posed, t.light, b, texel * size / len(b), age) for t, b in zip(views, bares)]
    own, held = own_lines(atlas, groups, lines, metric, age, seed)
    left = _lines_left(topology, views, pressures, held, texel)
    pressures = [sample_smooth(topology, p, len(r.height)) for p, r in zip(pressures, reliefs)]
    split = split_relief(
        np.stack([r.height for r in reliefs]), np.stack([r.weight for r in reliefs]), np.stack(pressures), age
    )
    split *= 1 - beside_lines(own, reliefs[0])
    moving = np.stack([cv2.resize(s, (MOVING_SIZE, MOVING_SIZE), interpolation=cv2.INTER_AREA) for s in split[1:]], -1)
    static = cv2.resize(split[0], (size, size), interpolation=cv2.INTER_CUBIC)
    return PersonDetail(age, own, static, moving if np.abs(moving).max() > LEAST_MM else None, left)


def view_lines(
    model: HeadModel, groups: LineGroups, texture: ViewTexture, pressure: np.ndarray, metric: np.ndarray, texel: float
) -> ViewLines:
    """The lines of one photo, where it shows skin well, and how far its expression pushes the skin together.

    Args:
        pressure: (V, 3) of :func:`vertex_pressure`.
        metric: (m, m, 3) E, F, G of the chart, mm² per UV².
        texel: mm, of the view's maps.
    """
    shaded, bare = (_reduced(a) for a in (texture.shaded, texture.bare))
    step = texel * texture.window.size / len(bare)
    luminance = np.ascontiguousarray(channel_mean(shaded), np.float32)
    trust = line_trust(model.topology, luminance, bare, texture.posed.facing, step)
    answer = light_answer(model.topology, texture.posed, texture.light)
    pushed = sample_smooth(model.topology, pressure[:, :2].max(1), PUSHED_SIZE)
    found, ridges = photo_lines(groups, luminance, trust, answer, pushed, metric, step)
    grid = len(ridges.strength)
    compression = sample_smooth(model.topology, pressure[:, :2], grid)
    lines = found.lines
    width = lines.mean(carried_values(groups, found)[:, CARRIED.index("width")])
    shade = grooves(model.topology, texture.posed, texture.light, luminance, bare, lines.uv, lines.start, width)
    return ViewLines(found, shade, ridges, seen_well(model, texture, bare, grid), compression)


def _lines_left(
    topology: HeadTopology, views: Sequence[ViewTexture], pressures: list[np.ndarray], held: np.ndarray, texel: float
) -> np.ndarray:
    """(g, g) of :func:`lines_left`, each photo where it is trusted."""
    left, weight = 0.0, 1e-6
    for view, pressure in zip(views, pressures):
        luminance = np.ascontiguousarray(channel_mean(view.shaded), np.float32)
        step = texel * view.window.size / len(luminance)
        left = left + view.trust * lines_left(topology, luminance, view.plain, held, pressure[:, :2].max(1), step)
        weight = weight + view.trust
    return (left / weight).astype(np.float32)


def vertex_pressure(model: HeadModel, fit: CoarseFit, view: View) -> np.ndarray:
    """(V, 3) in [0, 1]: compression of both families and stretch in the expression of a photo.

    Where an expression draws a fold, skin counts as pushed whatever its strain.
    """
    pressure = vertex_tension(model, fit, view)
    pressure[:, :2] = np.maximum(pressure[:, :2], folds_of(model, view.expression)[:, None])
    return pressure


def vertex_tension(model: HeadModel, fit: CoarseFit, view: View) -> np.ndarray:
    """(V, 3) in [0, 1]: compression of both families and stretch in the expression of a photo, as the mesh has them."""
    tension = evaluate_tension(tension_weights(model.topology, fit.neutral), posed_vertices(model, fit, view))
    values = np.zeros((model.topology.vertex_count, 3), np.float32)
    values[: len(tension.stretch)] = tension.stack()
    return values


def with_tension(model: HeadModel, fit: CoarseFit, view: View, lines: ViewLines) -> ViewLines:
    """Lines of a photo with the tension that drives them in motion."""
    tension = vertex_tension(model, fit, view)[:, :2]
    return replace(lines, tension=sample_smooth(model.topology, tension, len(lines.seen)))


def seen_well(model: HeadModel, texture: ViewTexture, bare: np.ndarray, grid: int) -> np.ndarray:
    """(grid, grid) in [0, 1]: skin that is seen, lit and resolved well enough for its lines to show.

    Args:
        bare: (s, s) trust in bare skin.
    """
    shading = texture.light.shading(texture.posed.normals).mean(-1)
    lit = smoothstep(sample_smooth(model.topology, shading, grid), *LIT)
    posed = texture.posed
    resolved = resolution(posed.image, posed.millimetres_per_pixel / float(posed.scale.mean()))
    sharp = 1.0 - smoothstep(np.float64(max(resolved, posed.millimetres_per_pixel)), *RESOLVED_MM)
    return (sharp * lit * cv2.resize(bare, (grid, grid), interpolation=cv2.INTER_AREA)).astype(np.float32)


def beside_lines(own: OwnLines, relief: Relief) -> np.ndarray:
    """(g, g) in [0, 1], 1 on the own lines: the relief there is theirs already."""
    size = len(relief.height)
    drawn = np.zeros((size, size), np.uint8)
    for first, last in zip(own.start[:-1], own.start[1:]):
        cv2.polylines(drawn, [np.round(pixels(own.uv[first:last], size)).astype(np.int32)], False, 255, 1)
    away = (
        cv2.distanceTransform(255 - drawn, cv2.DIST_L2, 3) * relief.step
        if drawn.any()
        else np.full_like(relief.height, 1e3)
    )
    return np.exp(-0.5 * (away / LINE_MM) ** 2).astype(np.float32)


def _reduced(values: np.ndarray) -> np.ndarray:
    """A map (S, S[, c]) at ``WORK_SIZE`` at most."""
    if len(values) <= WORK_SIZE:
        return np.ascontiguousarray(values, np.float32)
    return cv2.resize(values, (WORK_SIZE, WORK_SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
