"""Everything the photos say about a person's relief: own lines, relief at rest, relief in motion.

Each step is a function of a module of its own that takes what the step before made. Lines of a photo are **found**
(candidates), **believed** (those that are lines) and **placed** (where their bottoms run); all photos together they are
**measured** (how deep, at what age); the relief beside them is **split** into rest and motion; the maps are **drawn**.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import Chart
from ..head.fitted import CoarseFit
from ..head.model import HeadModel
from ..image.colour import channel_mean
from ..texture.albedo_lines import lines_left
from ..texture.view_texture import ViewTexture
from ..wrinkles.atlas import WrinkleAtlas
from ..wrinkles.own_lines import OwnLines
from .candidates import believed_of, found_in
from .grooves import placed
from .group_fields import line_groups
from .line_fit import Measured, measured
from .relief_split import Split, split
from .skin_view import skin_view

MOVING_SIZE = 512  # texels of the maps in motion: they are broad
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
    textures: Sequence[ViewTexture],
    chart: Chart,
    seed: int,
    age: float | None = None,
) -> PersonDetail:
    """Read lines and relief from the unwrapped photos.

    Args:
        textures: one for each view of the fit.
        chart: of the fitted head, for the maps of the textures.
        seed: layout of the atlas that the person has.
        age: apparent age, 0 to 1; None reads it from the lines.
    """
    groups = line_groups(atlas)
    photos = []
    for view, texture in zip(fit.views, textures):
        found = found_in(groups, skin_view(model, fit, view, texture, chart))
        photos.append(placed(groups, believed_of(found)))
    return drawn(split(measured(atlas, groups, photos, chart, seed, age)), chart.size)


def drawn(split: Split, size: int) -> PersonDetail:
    """The maps of what was read, at ``size`` texels."""
    rest, *moved = split.relief
    moving = np.stack([cv2.resize(s, (MOVING_SIZE, MOVING_SIZE), interpolation=cv2.INTER_AREA) for s in moved], -1)
    return PersonDetail(
        age=split.measured.age,
        own=split.measured.own,
        static=cv2.resize(rest, (size, size), interpolation=cv2.INTER_CUBIC),
        moving=moving if np.abs(moving).max() > LEAST_MM else None,
        left=_lines_left(split.measured),
    )


def _lines_left(measured: Measured) -> np.ndarray:
    """(g, g) of :func:`lines_left`, each photo where it is trusted."""
    left: np.ndarray | float = 0.0
    weight: np.ndarray | float = 1e-6
    for skin in measured.skins:
        photo = skin.texture
        luminance = np.ascontiguousarray(channel_mean(photo.shaded), np.float32)
        chart = skin.chart.at(len(luminance))
        left = left + photo.trust * lines_left(
            skin.topology, luminance, photo.plain, measured.held, skin.pushed, chart.texel
        )
        weight = weight + photo.trust
    return np.asarray(left / weight, np.float32)
