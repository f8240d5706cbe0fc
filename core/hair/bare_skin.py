"""The skin under painted hair: a patch of the chart that is laid over the albedo where hair is grown as strands."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..image.colour import linear_to_srgb_bytes
from ..image.filters import disc, smoothstep
from .surface import ChartPart

GROW_MM, SOFT_MM = 1.4, 0.7  # around hair that becomes skin; Gaussian sigma of the edge
FROM_COVER = (0.04, 0.15)  # cover from which there is hair
BEYOND_MM = 1.5  # around the patch that it has colours for, so that no other shows at its edge
ROOT_SHADE = 0.22  # of brows, log luminance
SHADE_MM = 1.0  # Gaussian sigma of that shade


@dataclass(frozen=True, eq=False)
class BareSkin:
    """Skin without the hair that is painted on it.

    Attributes:
        pixels: (h, w, 4) uint8: sRGB, and how far it takes the place of the albedo.
        bounds: lowest u and v, highest u and v in the chart.
    """

    pixels: np.ndarray
    bounds: tuple[float, ...]

    def place(self, size: int) -> tuple[slice, slice]:
        """Rows and columns that the patch has in a map of so many texels."""
        left, right = (round(self.bounds[k] * size) for k in (0, 2))
        bottom, top = (round((1.0 - self.bounds[k]) * size) for k in (1, 3))
        return slice(top, bottom), slice(left, right)


def bare_skin(part: ChartPart, cover: np.ndarray, skin: np.ndarray, shade: float = ROOT_SHADE) -> BareSkin | None:
    """The patch of skin under painted hair; None where no hair is painted.

    Args:
        part: of the chart, h x w texels.
        cover: (h, w) in [0, 1], how far hair hides the skin.
        skin: (h, w, 3) log linear colour under it.
        shade: log luminance by which roots and the shade of hair darken the skin under full cover.
    """
    texel = part.texel
    found = smoothstep(cover, *FROM_COVER)
    if not found.any():
        return None
    share = cv2.GaussianBlur(_dilated(found, GROW_MM / texel), (0, 0), SOFT_MM / texel)
    share = np.clip(1.15 * share - 0.05, 0.0, 1.0)
    dark = shade * cv2.GaussianBlur(cover, (0, 0), SHADE_MM / texel)
    colour = linear_to_srgb_bytes(np.exp(skin - dark[..., None]))
    coded = np.round(255 * share).astype(np.uint8)
    colour[_dilated((coded > 0).astype(np.float32), BEYOND_MM / texel) <= 0] = 0
    return BareSkin(np.dstack([colour, coded]), part.bounds)


def over(albedo: np.ndarray, bare: BareSkin) -> np.ndarray:
    """(S, S, 3) uint8 sRGB: the albedo with the patch laid over it."""
    rows, columns = bare.place(len(albedo))
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    patch = cv2.resize(bare.pixels, shape, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    share = patch[..., 3:] / 255
    result = albedo.copy()
    under = result[rows, columns].astype(np.float32)
    result[rows, columns] = np.round(under + share * (patch[..., :3] - under))
    return result


def _dilated(mask: np.ndarray, radius: float) -> np.ndarray:
    return cv2.dilate(mask.astype(np.float32), disc(radius))
