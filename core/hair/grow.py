"""All hair of a head, from its finished skin."""

from __future__ import annotations

import numpy as np

from ..head.model import HeadModel
from ..head.raster import texel_millimetres
from .bare_skin import bare_skin
from .brow_paint import read_brows
from .brows import grow_brows
from .hair import Hair
from .hair_colour import hair_colour
from .lashes import grow_lashes
from .surface import head_surface, landmark_uv


def grow_hair(model: HeadModel, vertices: np.ndarray, albedo: np.ndarray, pixel: float, seed: int) -> Hair:
    """Brows and lashes of a head.

    Args:
        vertices: (V, 3) mm, neutral.
        albedo: (S, S, 3) uint8 sRGB, with the brows painted in it.
        pixel: mm of the sharpest photo.
        seed: of what chance decides.
    """
    texel = texel_millimetres(model.topology, vertices, len(albedo))
    paint = read_brows(albedo, landmark_uv(model), texel, pixel)
    lashes = grow_lashes(model, vertices, hair_colour(paint.colour, paint.skin, paint.cover, pixel), seed)
    brows = grow_brows(paint, head_surface(model.topology, vertices), pixel, seed)
    return Hair(tuple(s for s in (brows, lashes) if len(s)), bare_skin(paint.part, paint.cover, paint.skin))
