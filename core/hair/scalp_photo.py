"""What a photo shows of the hair on the scalp: where it is, and how far it reaches beyond the head.

The photo is cut out around the head, upright in it, at a fixed scale. Colours of the face are those of skin; what of
the person lies above it, or beside it in the colour of that, is hair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ..head.fitted import View
from ..head.model import HeadTopology, region_sum
from ..head.raster import Raster, rasterize_view
from ..image.colour import LUMINANCE, srgb_to_linear
from ..image.filters import disc, smoothstep
from .scalp_area import Hairline

PIXEL_MM = 2.0
UP_MM, DOWN_MM, SIDE_MM = 190.0, 330.0, 210.0  # of the cut, from the middle between the eyes
SKIN = ("cheek", "nose", "glabella", "forehead")  # regions whose colour is that of skin
SURE_MM = 9.0  # inside the usual hairline, from where the head's pixels tell the colour of hair
INSIDE_MM = (-22.0, 6.0)  # inside the hairline: no hair unless its colour says so plainly, hair unless skin's
LEANING = 1.2  # standard deviations by which either is favoured there
LIKE_HAIR = 3.0  # standard deviations from the hair's colour, of hair that hangs beside the face at most
PERSON = 0.5
FEWEST = 60  # pixels without which there is nothing to read
FLOOR = 4e-3  # linear, added before logarithms
SPREAD_FLOOR = np.array([0.22, 0.05, 0.06])  # of log luminance, log(R/G), log(G/B)


@dataclass(frozen=True, eq=False)
class HeadCut:
    """The head in a photo, upright, at ``PIXEL_MM``.

    Attributes:
        image: (H, W, 3) uint8 sRGB.
        person: (H, W) float32, probability of the person; 0 beyond the photo.
        inside: (H, W) bool, where there is a photo.
        raster: the head drawn in it.
        points: (V, 2) pixels of the head's vertices.
    """

    image: np.ndarray
    person: np.ndarray
    inside: np.ndarray
    raster: Raster
    points: np.ndarray

    @cached_property
    def linear(self) -> np.ndarray:
        """(H, W, 3) float32 linear light."""
        return srgb_to_linear(self.image.astype(np.float32) / 255.0)

    @cached_property
    def luminance(self) -> np.ndarray:
        """(H, W) log luminance."""
        return np.log(self.linear @ LUMINANCE + FLOOR)


def head_cut(topology: HeadTopology, posed: np.ndarray, view: View, photo: np.ndarray, person: np.ndarray) -> HeadCut:
    """The cut of a photo around a head.

    Args:
        posed: (V, 3) mm, camera coordinates.
        photo: (h, w, 3) uint8 sRGB.
        person: (h, w) float32, probability that a pixel shows the person.
    """
    eyes = posed[topology.part_slice("eyes")]
    middle = eyes.mean(0)
    up = view.pose.apply(np.array([[0.0, 100.0, 0.0], [0.0, 0.0, 0.0]]))
    ends = view.camera.project(np.stack([middle, middle + up[0] - up[1]]))
    angle = float(np.arctan2(ends[1, 0] - ends[0, 0], -(ends[1, 1] - ends[0, 1])))
    scale = float(middle[2]) / view.camera.fx / PIXEL_MM  # pixels of the cut for one of the photo
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    width, height = (round(v / PIXEL_MM) for v in (2.0 * SIDE_MM, UP_MM + DOWN_MM))
    turn = np.array([[cos, sin], [-sin, cos]])
    shift = np.array([SIDE_MM, UP_MM]) / PIXEL_MM - turn @ ends[0]
    matrix = np.column_stack([turn, turn @ (0.5, 0.5) + shift - 0.5])  # OpenCV's first pixel has its centre at 0
    blurred = cv2.GaussianBlur(photo, (0, 0), 0.4 / scale) if scale < 0.7 else photo
    image = cv2.warpAffine(blurred, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cut = cv2.warpAffine(person.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.full(photo.shape[:2], 255, np.uint8), matrix, (width, height)) > 127
    points = view.camera.project(posed) @ turn.T + shift
    raster = rasterize_view(posed, points, topology.triangles, width, height)
    return HeadCut(image, cut, inside, raster, points)


@dataclass(frozen=True, eq=False)
class ColourModel:
    """Robust mean and spread of log luminance, log(R/G) and log(G/B), each (3,)."""

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, colours: np.ndarray) -> ColourModel:
        """Of colours (n, 3): median, and median absolute deviation made a standard one."""
        mean = np.median(colours, axis=0)
        return cls(mean, np.maximum(1.4826 * np.median(np.abs(colours - mean), axis=0), SPREAD_FLOOR))

    def distance(self, colours: np.ndarray) -> np.ndarray:
        """(...,) standard deviations of colours (..., 3) from the mean."""
        return np.sqrt((((colours - self.mean) / self.spread) ** 2).mean(-1))


@dataclass(frozen=True, eq=False)
class HairSeen:
    """Hair of the scalp in a cut.

    Attributes:
        mask: (H, W) bool.
        skin: (3,) linear colour of the face as the photo shows it.
        from_skin: standard deviations of the skin's colour by which that of the scalp differs from it.
    """

    mask: np.ndarray
    skin: np.ndarray
    from_skin: float


def hair_seen(cut: HeadCut, topology: HeadTopology, vertices: np.ndarray, usual: Hairline) -> HairSeen | None:
    """What of the cut shows hair of the scalp; None where too little of head or scalp is seen.

    Args:
        vertices: (V, 3) mm, neutral.
        usual: the usual hairline on it.
    """
    depth = cut.raster.sample(usual.inside(vertices).astype(np.float32))
    covered, person = cut.raster.covered, (cut.person > PERSON) & cut.inside
    rows = np.arange(len(cut.image))[:, None] + 0.5
    ears = float(cut.points[topology.region("ear") > 0.5, 1].mean())
    axes = _axes(cut)
    share = cut.raster.sample(region_sum(topology, SKIN).clip(0.0, 1.0))
    skin, above = (share > 0.7) & person & (depth < -18.0), ~covered & (rows < ears) & person
    scalp = person & ((covered & (depth > SURE_MM)) | above)
    if skin.sum() < FEWEST or scalp.sum() < FEWEST:
        return None
    skin_model = ColourModel.of(axes[skin])
    from_skin = skin_model.distance(axes)
    hair_model = ColourModel.of(axes[scalp & (from_skin >= np.median(from_skin[scalp]))])
    from_hair = hair_model.distance(axes)
    lean = LEANING * (2.0 * smoothstep(depth, *INSIDE_MM) - 1.0)
    ear = cut.raster.sample(topology.region("ear")) > 0.3
    on_head = covered & ~ear & (depth > INSIDE_MM[0] - 10.0) & (from_hair - lean < from_skin)
    like = (from_hair < LIKE_HAIR) & (from_hair < from_skin)
    beside = ~covered & person & (rows >= ears) & like
    found = _connected((on_head & person) | above | beside, scalp)
    mask = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, disc(1.0)) > 0
    return HairSeen(mask, np.median(cut.linear[skin], axis=0), float(np.median(from_skin[scalp])))


def _connected(mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The parts of a mask that hold seeds."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    kept = np.unique(labels[seeds & mask])
    return np.isin(labels, kept[kept > 0])


def _axes(cut: HeadCut) -> np.ndarray:
    """(H, W, 3) log luminance, log(R/G) and log(G/B) of a cut."""
    red, green, blue = np.moveaxis(np.log(cut.linear + FLOOR), -1, 0)
    return np.stack([cut.luminance, red - green, green - blue], axis=-1)
