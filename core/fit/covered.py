"""What lies before a face in each photo: hands by nets of their own, all else by its colour against the fitted head.

Landmarks that lie under it are drawn by the net as on a usual face. They lose their weight, and the head is fitted once
more, so that what is hidden comes from what is seen and from other heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import PhotoError
from ..head.fitted import CoarseFit, Landmarks, View
from ..head.landmark_sets import FACE_OVAL, OVAL, fill_contours
from ..head.model import HeadModel
from ..image.colour import LUMINANCE, linear_to_srgb_bytes, srgb_to_linear
from ..image.filters import sample, together
from ..nets.hands import hand_mask
from ..nets.sessions import FaceNets
from ..view.foreign import laid_over
from . import coarse
from .problem import Observation

LEAST_CUT, MOST_CUT = 0.03, 0.55  # share of the face beyond the picture's edge: worth a word, too much
# mm, of a landmark that is wholly hidden; those that are seen have ``FitSettings.landmark_spread``
HIDDEN_SPREAD = 40.0


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
        return together(self.hands, self.foreign)


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
    cut = [sum(cut_shares(photo.landmarks.points, photo.width, photo.height).values()) for photo in photos]
    if all(cover.foreign is None for cover in covers) and max(cut) < LEAST_CUT:
        return fit, covers
    doubted = [
        photo._replace(landmarks=doubtful(photo.landmarks, cover.whole, view))
        for photo, cover, view in zip(photos, covers, fit.views)
    ]
    return coarse.fit(model, doubted), covers


def doubtful(marks: Landmarks, cover: np.ndarray | None, view: View) -> Landmarks:
    """Landmarks whose spread says which of them lie under a cover (H, W) in [0, 1], or outside the photo."""
    size = view.camera.width, view.camera.height
    hidden = ((marks.points < 0) | (marks.points > size)).any(axis=1).astype(float)
    if cover is not None:
        hidden = np.maximum(hidden, sample(cover, marks.points - 0.5))
    if not hidden.any():
        return marks
    pixels = view.camera.fx / view.pose.translation[2]
    return replace(marks, spread=np.hypot(marks.spread, hidden * HIDDEN_SPREAD * pixels))


def without_colour(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 a picture (H, W, 3) uint8 sRGB in grey, for skin whose colours are those of the lights."""
    grey = linear_to_srgb_bytes(srgb_to_linear(picture) @ LUMINANCE)
    return np.repeat(grey[..., None], 3, axis=-1)


def cut_shares(points: np.ndarray, width: int, height: int) -> dict[str, float]:
    """Share of the face's oval that lies beyond each edge of a photo; landmarks (478, 2) are pixels."""
    oval = points[OVAL]
    low = np.floor(oval.min(axis=0)).astype(int)
    size = np.maximum(np.ceil(oval.max(axis=0)).astype(int) - low, 1)
    rows, columns = np.nonzero(fill_contours(points - low, (FACE_OVAL,), *size.tolist()) > 127)
    x, y, count = columns + low[0], rows + low[1], max(len(rows), 1)
    beyond = {"left": x < 0, "right": x >= width, "upper": y < 0, "lower": y >= height}
    return {edge: float(np.count_nonzero(out)) / count for edge, out in beyond.items()}


def check_cut(photo: Observation) -> str | None:
    """A line for the artist about a face that the photo's edge cuts; None for one that it shows whole.

    Raises:
        PhotoError: more than half of the face is missing.
    """
    shares = cut_shares(photo.landmarks.points, photo.width, photo.height)
    share, edge = sum(shares.values()), max(shares, key=lambda name: shares[name])
    cut = f"{photo.photo}: the picture's {edge} edge cuts off {100 * share:.0f} % of the face"
    if share > MOST_CUT:
        raise PhotoError(f"{cut}: use one that shows it whole.")
    return None if share < LEAST_CUT else f"{cut}; it is completed."
