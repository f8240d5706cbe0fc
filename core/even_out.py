"""The steps that take gloss, slow light, folds, lines and grain out of one photo's albedo, in their order.

They are worked out on the part of the chart that the photo shows, at ``EVEN_SIZE`` texels of the chart at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .albedo_lines import without_lines
from .colour import channel_mean
from .even_light import calm_brows, calm_grain, even_light, remove_gloss
from .head_model import HeadTopology
from .painted_skin import painted_skin
from .raster import sample_smooth
from .skin_mask import region_sum

GLOSS_MM = (9.0, 4.0)  # gloss of the size of a cheek, then of a pore's rim
LIPS_HUE = 0.25  # share of the hue of gloss on lips that is drawn to that around: their own varies
EVEN_SIZE = 1024  # texels, at most, at which gloss and shadows are taken out
ISLAND_SIZE, ISLAND_MM2 = 256, 500.0  # texels at which patches are told apart; smaller ones are no use
MARGIN = 4  # texels around what is seen
# where dark marks without hue are ink and stay; beside nostrils, lids and lips they are shadow and go
OPEN_REGIONS = ("forehead", "temple", "cheek", "jaw", "chin", "neck")


@dataclass(frozen=True)
class Window:
    """A rectangle of the chart, symmetrical about its middle column, at the map's size and at the working size.

    Attributes:
        full: rows and columns at the map's size.
        work: the same at the working size.
        size: of the whole chart at the working size.
    """

    full: tuple[slice, slice]
    work: tuple[slice, slice]
    size: int

    def reduced(self, image: np.ndarray) -> np.ndarray:
        """Its part of a map (S, S[, c]), at the working size."""
        part = image[self.full]
        rows, columns = self.work
        shape = columns.stop - columns.start, rows.stop - rows.start
        return part if part.shape[1::-1] == shape else cv2.resize(part, shape, interpolation=cv2.INTER_AREA)

    def enlarged(self, part: np.ndarray) -> np.ndarray:
        """An image of the window at the working size, at that of the map."""
        rows, columns = self.full
        shape = columns.stop - columns.start, rows.stop - rows.start
        return part if part.shape[1::-1] == shape else cv2.resize(part, shape, interpolation=cv2.INTER_LINEAR)


def seen_window(trust: np.ndarray) -> Window:
    """The window of a map (S, S) in which it is above 0, of even bounds; the whole map where it is nowhere."""
    size = len(trust)
    step = max(1, size // EVEN_SIZE)
    work = size // step
    seen = trust[: work * step, : work * step].reshape(work, step, work, step).max((1, 3)) > 0
    bounds = []
    for found in (seen.any(1), seen.any(0) | seen.any(0)[::-1]):
        used = np.flatnonzero(found)
        low, high = (used[0] - MARGIN, used[-1] + 1 + MARGIN) if len(used) else (0, work)
        bounds.append(slice(max(0, int(low) // 2 * 2), min(work, -(-int(high) // 2) * 2)))
    full = tuple(slice(b.start * step, b.stop * step) for b in bounds)
    return Window(full, tuple(bounds), work)


def without_islands(trust: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) trust without patches of skin too small to say anything: a rim of an ear, a strip of the neck.

    Args:
        trust: (S, S) in [0, 1].
        texel: mm.
    """
    size = len(trust)
    small = min(size, ISLAND_SIZE)
    seen = cv2.resize(trust, (small, small), interpolation=cv2.INTER_AREA)
    _, label, stats, _ = cv2.connectedComponentsWithStats((seen > 0.02).astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] * (texel * size / small) ** 2 >= ISLAND_MM2
    if large[1:].all():
        return trust
    kept = cv2.dilate(large[label].astype(np.uint8) * (label > 0), np.ones((3, 3), np.uint8)).astype(np.float32)
    return trust * cv2.resize(kept, (size, size), interpolation=cv2.INTER_NEAREST)


def even_out(
    topology: HeadTopology,
    log_albedo: np.ndarray,
    trust: np.ndarray,
    plain: np.ndarray,
    features: np.ndarray,
    shading: np.ndarray,
    folded: np.ndarray,
    facing: np.ndarray,
    texel: float,
    window: Window,
    grey: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """The window's log albedo (h, w, 3) without light, folds and lines, and (h, w) what is drawn on the skin.

    Args:
        log_albedo: (S, S, 3).
        trust, plain: (S, S), of usable skin and of plain skin.
        features: (S, S, 4) of ``feature_image``, in [0, 1].
        shading: (S, S, 3) log of the light that was taken out.
        folded: (V,) how deep the expression folds the skin.
        facing: (V,) cosine to the viewing direction.
        texel: mm.
        grey: whether the photo is without colour.
    """
    step = texel * len(trust) / window.size
    before, trust, plain, features, shading = (window.reduced(a) for a in (log_albedo, trust, plain, features, shading))
    brows, lips = features[..., 1], features[..., 2]
    painted, spots = painted_skin(before, np.maximum(plain, trust * (1 - brows) * (1 - lips)), step, grey)
    fields = np.column_stack([folded, facing, region_sum(topology, OPEN_REGIONS)])
    fold, faced, open_skin = np.moveaxis(sample_smooth(topology, fields, window.size)[window.work], -1, 0)
    plain = plain * (1 - painted * open_skin)
    after = remove_gloss(before, plain, GLOSS_MM[0], step)
    after = after - even_light(after, plain, channel_mean(np.ascontiguousarray(shading)), fold, faced, step)
    after = remove_gloss(after, plain, GLOSS_MM[1], step)
    after = remove_gloss(after, trust * lips * (1 - plain), GLOSS_MM[1], step, LIPS_HUE)
    after = without_lines(after, plain, step)
    after = calm_grain(after, plain, step)
    after = calm_brows(after, plain, brows, step)
    return log_albedo[window.full] + window.enlarged(after - before), window.enlarged(np.maximum(painted, spots))
