"""Beards where they usually grow, and photos in the chart whose light and beard are known, for the tests of hair."""

from __future__ import annotations

import numpy as np
from furrow.core.hair.beard import Beard, Cover
from furrow.core.hair.beard_area import beard_part, usual_cover
from furrow.core.hair.beard_photo import SIZE, ChartPhoto
from furrow.core.hair.hair_colour import HairColour
from furrow.core.hair.surface import landmark_uv
from furrow.core.head.model import HeadModel
from furrow.core.head.raster import sample_smooth, texel_millimetres
from furrow.core.mesh.operators import vertex_normals

BROWN = HairColour(np.log([0.05, 0.03, 0.018]), 0.0)
SKIN, DARK_SKIN = np.log([0.42, 0.27, 0.20]), np.log([0.10, 0.055, 0.035])
COVER_SIZE = 328


def usual_beard(model: HeadModel, kind: str) -> Beard:
    """A brown beard where people have one, which no photo shows."""
    texel = texel_millimetres(model.topology, model.mean, COVER_SIZE)
    part = beard_part(landmark_uv(model), COVER_SIZE, texel)
    pixels = np.round(255 * usual_cover(part, landmark_uv(model))).astype(np.uint8)
    return Beard(kind, "none", BROWN, Cover(pixels, part.bounds))


def chart_photo(
    model: HeadModel, skin=SKIN, light=(0.3, 0.5, 0.6), paint=None, seed: int = 0, warmth: float = 0.25
) -> ChartPhoto:
    """A photo from the front of the mean head, in its chart.

    Args:
        skin: (3,) log linear colour.
        light: direction of a lamp; the rest is dimmer and even.
        paint: from places (g, g, 3) mm to a change (g, g, 3) of log colour.
        warmth: by how much shade is redder than light, for each log luminance that it is darker.
    """
    topology = model.topology
    points = sample_smooth(topology, model.mean, SIZE)
    normals = vertex_normals(model.mean.astype(np.float64), topology.head_triangles).astype(np.float32)
    chart = sample_smooth(topology, normals, SIZE)
    chart /= np.maximum(np.linalg.norm(chart, axis=-1, keepdims=True), 1e-6)
    lamp = np.array(light) / np.linalg.norm(light)
    shade = np.log(0.45 + 0.55 * np.clip(chart @ lamp, 0.0, 1.0))
    colour = skin + shade[..., None] * np.array([1.0 - warmth, 1.0, 1.0 + 0.4 * warmth])
    if paint is not None:
        colour = colour + paint(points)
    rng = np.random.default_rng(seed)
    colour = colour + 0.03 * rng.standard_normal((SIZE, SIZE, 1))
    camera = chart * (1.0, -1.0, -1.0)
    shown = (chart[..., 2] > 0.25).astype(np.float32)
    even = np.full(colour.shape, float(shade[shown > 0].mean()), np.float32)
    return ChartPhoto(colour.astype(np.float32), even, camera.astype(np.float32), shown, shown)
