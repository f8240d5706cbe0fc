"""The groove that makes the shade of a line: where its bottom is, and how deep it is.

A photo shows a groove's darkest place, which light from the side puts on one flank. With relief h across the line, s
the answer of the log shading to its slope, and c how much less light falls in the deeper it is, the log brightness is
s h' + c h, blurred by what light scatters under the skin. That profile, of a groove as wide as those of the line's
group, is moved across the line to where it explains most of the brightness there (a matched filter, Turin 1960); the
amplitude that fits best is the depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import pixels
from ..head.model import HeadTopology
from ..head.raster import sample_smooth
from ..image.filters import sample, smoothstep
from ..view.lighting import Light
from ..view.shading_slope import head_sensitivity
from ..view.unwrap import PosedView, resolution
from ..wrinkles.maps import groove_profile
from .candidates import Believed, FoundLines
from .group_fields import CARRIED, LineGroups, carried_at
from .polylines import tangents
from .ridges import Ridges
from .skin_view import SkinView

# by eye where no line says otherwise
GRID = 512  # texels at which the answer of light to slopes is evaluated
LIT = (0.30, 0.55)  # of the mean shading: too dark to show relief, well lit
RESOLVED_MM = (0.45, 1.1)  # what a photo resolves that shows lines in full, none
FLANK_MM = 0.75  # from the bottom to the darkest place, in light along the skin
HALF = 0.15  # answer of the log shading to a slope of 1, from which light counts as coming from the side
DARKER = 0.2  # log units that a groove is darker for each millimetre it lies under the skin around it
AROUND_MM = 2.0  # standard deviation of that skin
SCATTER_MM = 0.45  # Gaussian sigma by which light under the skin softens a groove's shade
HALF_PROFILE_MM, STEP_MM = 5.0, 0.25  # of the brightness across a line
FARTHEST_MM, SHIFT_MM = 1.6, 0.1  # of the bottom from the darkest place, and the places tried
WINDOW_MM = 1.8  # Gaussian sigma of the part of the profile that is matched
ALONG_MM, POINT_MM = 3.0, 0.44  # brightness is averaged along a line; usual way from point to point
EXPECTED_MM, EXPECTED_WEIGHT = 0.7, 0.1  # how far from the place expected costs how much of the brightness explained
FINE_MM = 0.05  # between samples of the model's profile
DEPTH_GAIN = 0.9  # amplitude to depth, by the median of lines of known depth (models/evaluation/wrinkled_photo.py)


@dataclass(frozen=True)
class Grooves:
    """The grooves of found lines; n points.

    Attributes:
        offset: (n, 2) UV from the darkest places of the lines to their bottoms.
        depth: (n,) mm that the shade speaks for, at least 0.
    """

    offset: np.ndarray
    depth: np.ndarray


@dataclass(frozen=True, eq=False)
class ViewLines:
    """What one photo says about lines, on the linking grid.

    Attributes:
        found: its lines, along their darkest places.
        grooves: where their bottoms are, and how deep their shade says they are.
        ridges: its valley response.
        seen: (g, g) in [0, 1], how well skin is seen and lit.
        compression: (g, g, 2) of the two families in the photo's expression, full where it draws a fold.
        tension: (g, g, 2) compression alone, as the head measures it; None if that is the same.
    """

    found: FoundLines
    grooves: Grooves
    ridges: Ridges
    seen: np.ndarray
    compression: np.ndarray
    tension: np.ndarray | None = None

    @property
    def tension_map(self) -> np.ndarray:
        """(g, g, 2) compression as the head measures it."""
        return self.compression if self.tension is None else self.tension


@dataclass(frozen=True, eq=False)
class Placed:
    """A photo's skin, and its lines with their bottoms."""

    skin: SkinView
    lines: ViewLines


def placed(groups: LineGroups, believed: Believed) -> Placed:
    """The lines of a photo with the bottoms that their shade speaks for, and where the photo shows skin well."""
    skin, found = believed.skin, believed.lines
    lines, grid = found.lines, len(believed.ridges.strength)
    width = lines.mean(carried_at(groups, lines.uv, lines.of_points(found.group))[:, CARRIED.index("width")])
    shade = grooves(
        skin.topology, skin.posed, skin.light, skin.luminance, skin.bare, lines.uv, lines.start, width
    )
    compression, tension = (sample_smooth(skin.topology, p[:, :2], grid) for p in (skin.pressure, skin.tension))
    return Placed(skin, ViewLines(found, shade, believed.ridges, seen_well(skin, grid), compression, tension))


def seen_well(skin: SkinView, grid: int) -> np.ndarray:
    """(grid, grid) in [0, 1]: skin that is seen, lit and resolved well enough for its lines to show."""
    posed = skin.posed
    lit = smoothstep(sample_smooth(skin.topology, skin.light.shading(posed.normals).mean(-1), grid), *LIT)
    resolved = max(resolution(posed.image, posed.pixel), posed.millimetres_per_pixel)
    sharp = 1.0 - smoothstep(np.float64(resolved), *RESOLVED_MM)
    return (sharp * lit * cv2.resize(skin.bare, (grid, grid), interpolation=cv2.INTER_AREA)).astype(np.float32)


def grooves(
    topology: HeadTopology,
    posed: PosedView,
    light: Light,
    luminance: np.ndarray,
    trust: np.ndarray,
    uv: np.ndarray,
    start: np.ndarray,
    width: np.ndarray,
) -> Grooves:
    """Bottoms and depths of lines.

    Args:
        posed, light: the head in the photo, and the light on it.
        luminance: (S, S) log luminance, shading divided out.
        trust: (S, S) in [0, 1], bare skin.
        uv: (n, 2) points of polylines along their darkest places.
        start: (c + 1,) first point of each, and n.
        width: (c,) mm, of the grooves of each line's group.
    """
    if not len(uv):
        return Grooves(np.zeros((0, 2)), np.zeros(0))
    across, slope = answer_across(topology, posed, light, uv, start)
    x = np.arange(-HALF_PROFILE_MM, HALF_PROFILE_MM + 1e-6, STEP_MM)
    at = pixels((uv[:, None] + x[:, None] * across[:, None]).reshape(-1, 2), len(luminance))
    soft = cv2.GaussianBlur(luminance, (0, 0), 0.6)
    bright, seen = (sample(np.ascontiguousarray(m, np.float32), at).reshape(len(uv), -1) for m in (soft, trust))
    place, depth = np.zeros(len(uv)), np.zeros(len(uv))
    for first, last, wide in zip(start[:-1], start[1:], width):
        rows = slice(first, last)
        place[rows], depth[rows] = _matched(x, bright[rows], seen[rows] + 1e-3, slope[rows], float(wide))
    return Grooves(across * place[:, None], DEPTH_GAIN * depth)


def answer_across(
    topology: HeadTopology, posed: PosedView, light: Light, uv: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) UV of a millimetre across polylines, to one side; (n,) answer of the log shading to a slope that way."""
    answer, metric = head_sensitivity(topology, posed, light, GRID)
    place = pixels(uv, GRID)
    (au, av), (guu, gvv, guv) = sample(answer, place).T, sample(np.stack(metric, -1), place).T
    tu, tv = tangents(place, start).T
    # across the line, a millimetre long in the metric of the chart
    nu, nv = -(guv * tu + gvv * tv), guu * tu + guv * tv
    length = np.sqrt(np.maximum(guu * nu**2 + 2 * guv * nu * nv + gvv * nv**2, 1e-9))
    nu, nv = nu / length, nv / length
    slope = au * (guu * nu + guv * nv) + av * (guv * nu + gvv * nv)
    return np.stack([nu, -nv], -1) / GRID, slope


def expected_place(slope: np.ndarray) -> np.ndarray:
    """(n,) mm across a line from its darkest place to its bottom, by the light alone."""
    return FLANK_MM * np.tanh(slope / HALF)


def _matched(
    x: np.ndarray, bright: np.ndarray, seen: np.ndarray, slope: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """(q,) mm across to the bottom, (q,) mm of depth, at the points of one line.

    Args:
        x: (k,) mm across.
        bright, seen: (q, k) log luminance, and trust in it.
        slope: (q,) of :func:`answer_across`.
        width: mm.
    """
    weight = _along(seen, ALONG_MM)
    bright = _along(bright * seen, ALONG_MM) / weight
    shifts = np.arange(-FARTHEST_MM, FARTHEST_MM + 1e-6, SHIFT_MM)
    away = x - shifts[:, None]
    flank, bottom = _shades(away, width)
    template = slope[:, None, None] * flank + DARKER * bottom
    weight = weight[:, None] * np.exp(-0.5 * (away / WINDOW_MM) ** 2)
    shade, model = _without_trend(bright[:, None], away, weight), _without_trend(template, away, weight)
    both, own = (weight * shade * model).sum(-1), (weight * model**2).sum(-1) + 1e-9
    explained = np.maximum(both, 0) ** 2 / own / np.maximum((weight * shade**2).sum(-1).mean(1, keepdims=True), 1e-9)
    strange = (shifts - expected_place(slope)[:, None]) / EXPECTED_MM
    best = _along(explained - EXPECTED_WEIGHT * strange**2, 2 * POINT_MM).argmax(1)
    return shifts[best], np.maximum(both / own, 0)[np.arange(len(best)), best]


def _shades(away: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """What a slope and what depth make of a groove 1 mm deep, at distances (m, k) mm from its bottom."""
    x = np.arange(-2 * HALF_PROFILE_MM, 2 * HALF_PROFILE_MM + 1e-6, FINE_MM)
    height = -groove_profile(x, np.full_like(x, width))

    def blurred(values: np.ndarray, millimetres: float) -> np.ndarray:
        return cv2.GaussianBlur(values[None], (0, 0), sigmaX=millimetres / FINE_MM, sigmaY=1e-3)[0]

    under = np.minimum(height - blurred(height, AROUND_MM), 0)
    shades = blurred(np.gradient(height, x), SCATTER_MM), blurred(under, SCATTER_MM)
    slope, depth = (np.interp(away, x, shade) for shade in shades)
    return slope, depth


def _without_trend(values: np.ndarray, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values (q, m, k) less their weighted straight line over x (m, k)."""
    total = weight.sum(-1, keepdims=True)
    middle = (weight * x).sum(-1, keepdims=True) / total
    mean = (weight * values).sum(-1, keepdims=True) / total
    away = x - middle
    rise = (weight * away * values).sum(-1, keepdims=True) / (weight * away**2).sum(-1, keepdims=True)
    return values - mean - rise * away


def _along(values: np.ndarray, millimetres: float) -> np.ndarray:
    """(q, k) averaged along the points of a line."""
    sigma = millimetres / POINT_MM
    return cv2.GaussianBlur(
        np.ascontiguousarray(values), (1, 0), sigmaX=0, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE
    )
