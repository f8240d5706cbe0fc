"""The steps that take gloss, slow light, folds, lines and grain out of one photo's albedo, in their order.

They are worked out on the part of the chart that the photo shows, at the working size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.colour import channel_mean
from ..image.filters import smoothstep
from ..view.chart_window import Window
from .albedo_lines import without_lines
from .calm_skin import calm_brows, calm_grain, calm_hue, calm_lips, lift_beard
from .even_light import even_light, remove_gloss
from .painted_skin import painted_skin

# where dark marks without hue are ink and stay; beside nostrils, lids and lips they are shadow and go
OPEN_REGIONS = ("forehead", "temple", "cheek", "jaw", "chin", "neck")


@dataclass(frozen=True)
class EvenOutSettings:
    """Chosen by eye on real portraits.

    Attributes:
        gloss: mm, Gaussian sigmas of gloss of the size of a cheek, then of a pore's rim.
        lips_hue: share of the hue of gloss on lips that is drawn to that around: their own varies.
        around: mm of skin beside lips and brows that is looked at with them.
        creased: fold, in [0, 1], from which dark marks are creases in ``OPEN_REGIONS`` too, and go.
    """

    gloss: tuple[float, float] = (9.0, 4.0)
    lips_hue: float = 0.25
    around: float = 20.0
    creased: tuple[float, float] = (0.1, 0.4)


SETTINGS = EvenOutSettings()


def even_out(
    topology: HeadTopology,
    log_albedo: np.ndarray,
    trust: np.ndarray,
    plain: np.ndarray,
    features: np.ndarray,
    shading: np.ndarray,
    folded: np.ndarray,
    facing: np.ndarray,
    under: np.ndarray,
    texel: float,
    pixel: float,
    window: Window,
    grey: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """What light, folds and lines add to the log albedo of a window (h, w, 3), and (h, w) what is drawn on the skin.

    All at the working size.

    Args:
        log_albedo: (g, g, 3).
        trust, plain: (g, g), of usable skin and of plain skin.
        features: (g, g, 4) of ``feature_image``, in [0, 1].
        shading: (g, g, 3) log of the light that was taken out.
        folded: (V,) how deep the expression folds the skin.
        facing: (V,) cosine to the viewing direction.
        under: (V,) in [0, 1], how far the skin faces the ground.
        texel: mm, at the working size.
        pixel: mm of the photo.
        grey: whether the photo is without colour.
    """
    before, trust, plain, features, shading = (a[window.work] for a in (log_albedo, trust, plain, features, shading))
    brows, lips = features[..., 1], features[..., 2]
    painted, spots = painted_skin(before, np.maximum(plain, trust * (1 - brows) * (1 - lips)), texel, grey)
    fields = np.column_stack([folded, facing, under, region_sum(topology, OPEN_REGIONS)])
    fold, faced, below, open_skin = np.moveaxis(sample_smooth(topology, fields, window.grid)[window.work], -1, 0)
    # without colour, ink is not told from a crease as dark, which must go
    ink = 0.0 if grey else painted * open_skin * (1 - smoothstep(fold, *SETTINGS.creased))
    plain = plain * (1 - ink)
    after = remove_gloss(before, plain, SETTINGS.gloss[0], texel)
    after = after - even_light(after, plain, channel_mean(np.ascontiguousarray(shading)), fold, faced, texel)
    after = remove_gloss(after, plain, SETTINGS.gloss[1], texel)
    after = lift_beard(after, trust * (1 - plain) * (1 - brows) * (1 - lips), plain, below, texel)
    mouth = _around(lips, texel)
    moist = trust[mouth] * lips[mouth] * (1 - plain[mouth])
    part = remove_gloss(np.ascontiguousarray(after[mouth]), moist, SETTINGS.gloss[1], texel, SETTINGS.lips_hue)
    after[mouth] = calm_lips(part, moist, plain[mouth], texel)
    after = without_lines(after, plain, texel)
    after = after if grey else calm_hue(after, plain, pixel, texel)
    after = calm_grain(after, plain, texel)
    band = _around(brows, texel)
    part = np.ascontiguousarray(after[band])
    after[band] = calm_brows(part, plain[band], brows[band] * (1 - plain[band]), texel)
    return before - after, np.maximum(painted, spots)


def _around(mask: np.ndarray, texel: float) -> tuple[slice, slice]:
    """Rows and columns of a mask (h, w) above 0 and of the skin around; the whole where it is nowhere."""
    margin = round(SETTINGS.around / texel)
    found = [np.flatnonzero((mask > 0).any(axis)) for axis in (1, 0)]
    if not len(found[0]):
        return slice(None), slice(None)
    rows, columns = (slice(max(0, int(used[0]) - margin), int(used[-1]) + 1 + margin) for used in found)
    return rows, columns
