"""True and found lines of a synthetic photo, compared on the surface of the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...core.detail.candidates import FoundLines, believed_of, found_in
from ...core.detail.group_fields import line_groups
from ...core.detail.polylines import tangents
from ...core.detail.skin_view import skin_view
from ...core.head.chart import Chart, pixels
from ...core.head.fitted import CoarseFit
from ...core.head.model import HeadModel
from ...core.head.raster import fill_outside, rasterize_view, uv_raster
from ...core.image.filters import sample
from ...core.texture.view_texture import ViewTexture
from ...core.wrinkles.coefficients import person
from ...core.wrinkles.maps import WrinkleAtlas, static_amplitudes
from .wrinkled_photo import Scene

REACH_MM, REACH_DEGREES = 2.0, 20.0
DEEP_MM, SHALLOW_MM = 0.15, 0.05
STEP_MM = 0.7
GRID = 512


@dataclass(frozen=True)
class Tally:
    """Samples every ``STEP_MM``: of found lines, whether one is true; of deep true lines, whether one was found."""

    right: np.ndarray
    hit: np.ndarray

    def describe(self) -> str:
        right = self.right.mean() if len(self.right) else 1.0
        hit = self.hit.mean() if len(self.hit) else 1.0
        return f"precision {right:.2f}, recall {hit:.2f} of {len(self.hit) * STEP_MM:.0f} mm"


def found_lines(model: HeadModel, atlas: WrinkleAtlas, fit: CoarseFit, view: ViewTexture, chart: Chart) -> FoundLines:
    """The lines of one unwrapped photo."""
    skin = skin_view(model, fit, fit.views[0], view, chart)
    return believed_of(found_in(line_groups(atlas), skin)).lines


def posed(model: HeadModel, fit: CoarseFit) -> np.ndarray:
    """(V, 3) mm, camera coordinates."""
    view = fit.views[0]
    offset = np.tensordot(view.expression.astype(np.float32), model.expression_basis, 1)
    return view.pose.apply((fit.neutral + offset).astype(float))


def on_surface(model: HeadModel, points: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """(n, 3) mm of uv (n, 2) on a head with vertices (V, 3)."""
    raster = uv_raster(model.topology, GRID)
    return sample(fill_outside(raster.sample(points), raster.covered), pixels(uv, GRID))


def resampled(points: np.ndarray, start: np.ndarray, *more: np.ndarray) -> np.ndarray:
    """(m, 6 + k): place, tangent and further values (n,) every ``STEP_MM`` along polylines (n, 3)."""
    values = np.column_stack([points, tangents(points, start), *more])
    rows = [np.zeros((0, values.shape[1]))]
    for first, last in zip(start[:-1], start[1:]):
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points[first:last], axis=0), axis=1))])
        at = np.linspace(0, along[-1], max(2, int(along[-1] / STEP_MM)))
        rows.append(np.stack([np.interp(at, along, column) for column in values[first:last].T], -1))
    return np.concatenate(rows)


def matched(these: np.ndarray, those: np.ndarray) -> np.ndarray:
    """(n,) bool: whether a sample (n, 6+) lies within 2 mm and 20 degrees of one of the others (m, 6+)."""
    if not len(these) or not len(those):
        return np.zeros(len(these), bool)
    near = cKDTree(those[:, :3]).query_ball_point(these[:, :3], REACH_MM)
    limit = np.cos(np.radians(REACH_DEGREES))
    return np.array(
        [bool(len(n)) and bool((np.abs(those[n, 3:6] @ t) > limit).any()) for n, t in zip(near, these[:, 3:6])]
    )


def matches(
    model: HeadModel, atlas: WrinkleAtlas, scene: Scene, view: ViewTexture, found: FoundLines, age: float, seed: int
) -> Tally:
    """Compare with the atlas's lines that the scene's skin was made with, each where the chart shows it."""
    someone = person(atlas, seed)
    uv, depth = atlas.uv[someone.points], static_amplitudes(atlas, age, seed)
    camera, fitted = scene.fit.views[0].camera, posed(model, scene.fit)
    head = model.topology.head_triangles
    seen = rasterize_view(fitted, camera.project(fitted), head, camera.width, camera.height)
    pixel = camera.project(on_surface(model, posed(model, scene.truth), uv)) - 0.5
    # the chart follows the landmarks: a texel shows the photo where the fit puts it, plus that shift
    shift, shown_at = seen.sample((view.posed.shift / view.posed.scale).astype(np.float32)), pixel
    for _ in range(3):
        pixel = shown_at - sample(shift, pixel)
    place = sample(seen.sample(scene.fit.neutral), pixel)
    shown = sample(view.bare, pixels(uv, len(view.bare))) * (sample(seen.covered.astype(np.float32), pixel) > 0.99)
    true = resampled(place, someone.start, depth, shown)
    lines = found.lines
    here = resampled(on_surface(model, scene.fit.neutral, lines.uv), lines.start)
    deep = true[(true[:, 6] > DEEP_MM) & (true[:, 7] > 0.5)]
    return Tally(matched(here, true[true[:, 6] > SHALLOW_MM]), matched(deep, here))
