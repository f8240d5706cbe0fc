"""What lies before a face in each photo: hands by nets of their own, all else by its colour against the fitted head.

Landmarks that lie under it are drawn by the net as on a usual face. They lose their weight, and the head is fitted once
more, so that what is hidden comes from what is seen and from other heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..head.fitted import Landmarks, View
from ..head.model import HeadModel
from ..image.colour import LUMINANCE, linear_to_srgb_bytes, srgb_to_linear
from ..image.filters import sample
from ..nets.hands import hand_mask
from ..nets.sessions import FaceNets
from ..view.foreign import laid_over
from . import coarse
from .coarse import CoarseFit
from .problem import Observation

HIDDEN_SPREAD = 40.0  # mm, of a landmark that is wholly hidden; those that are seen have ``FitSettings.landmark_spread``


@dataclass(frozen=True)
class Cover:
    """What lies before the face in one photo, masks (H, W) float32 in [0, 1], or None where nothing does.

    Attributes:
        hands: hands.
        foreign: anything else that is not skin, hair or a pair of clear glasses.
        coloured_lights: whether lights of different colours fall on the face.
    """

    hands: np.ndarray | None = None
    foreign: np.ndarray | None = None
    coloured_lights: bool = False

    @property
    def whole(self) -> np.ndarray | None:
        """Both together."""
        if self.hands is None or self.foreign is None:
            return self.foreign if self.hands is None else self.hands
        return np.maximum(self.hands, self.foreign)


def cover_in(model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray, nets: FaceNets) -> Cover:
    """What lies before the face in one photo (H, W, 3) uint8 sRGB, given a fit to its landmarks."""
    hands = hand_mask(photo, view.landmarks.box, nets)
    found = laid_over(model, fit, view, photo, hands)
    return Cover(hands, found.mask, found.coloured_lights)


def fit_uncovered(
    model: HeadModel, photos: Sequence[Observation], pictures: Sequence[np.ndarray], nets: FaceNets
) -> tuple[CoarseFit, list[Cover]]:
    """One head fitted to the landmarks that are seen in its photos, and what hides the others.

    Args:
        pictures: (H, W, 3) uint8 sRGB, of each photo.
    """
    fit = coarse.fit(model, list(photos))
    covers = [cover_in(model, fit, view, picture, nets) for view, picture in zip(fit.views, pictures)]
    if all(cover.foreign is None for cover in covers):
        return fit, covers
    doubted = [
        photo._replace(landmarks=doubtful(photo.landmarks, cover.whole, view))
        for photo, cover, view in zip(photos, covers, fit.views)
    ]
    return coarse.fit(model, doubted), covers


def doubtful(marks: Landmarks, cover: np.ndarray | None, view: View) -> Landmarks:
    """Landmarks whose spread says which of them are hidden by a cover (H, W) in [0, 1]."""
    if cover is None:
        return marks
    hidden = sample(cover, marks.points - 0.5).astype(float)
    pixels = view.camera.fx / view.pose.translation[2]
    return replace(marks, spread=np.hypot(marks.spread, hidden * HIDDEN_SPREAD * pixels))


def without_colour(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 a picture (H, W, 3) uint8 sRGB in grey, for skin whose colours are those of the lights."""
    grey = linear_to_srgb_bytes(srgb_to_linear(picture) @ LUMINANCE)
    return np.repeat(grey[..., None], 3, axis=-1)
