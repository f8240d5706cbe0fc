"""From what a photo shows of the scalp's hair to a style, its size and its colour. It is a guess: one photo shows
neither back nor crown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..head.fitted import View
from ..head.model import HeadModel
from ..image.colour import LUMINANCE
from .attachment import attach, bilinear
from .brow_flow import hair_lines
from .hair_colour import LOG_RANGE, USUAL, HairColour, split_grey, undyed, unlit
from .scalp import NONE, Scalp
from .scalp_area import Hairline, moved_hairline, over_usual, usual_hairline
from .scalp_photo import FLOOR, PIXEL_MM, HairSeen, HeadCut, hair_seen, head_cut
from .styles import SIDES, STYLES, TOP

RAYS = 37  # of a fan from the middle of the skull
FAN = np.radians(95.0)  # of the outermost rays from straight up
TOP_FAN = np.radians(45.0)  # up to which a ray meets the top
FEWEST_RAYS = 8
VOLUMES = (0.75, 2.5)  # times the style's own
BARE_MM, BARE_COLOUR = 4.5, 1.5  # thickness of hair, and distance of its colour from skin's, under which there is none
FLAT_MM = (4.0, 7.5)  # thickness on top up to which hair is cropped, and lies flat
HIGH_MM = 14.0  # from which short hair that does not run one way is curled
LONG_MM, BOB_MM = 75.0, 30.0  # that hair hangs below the ears' middle
FULL_MM, EARS_MM = 18.0, -14.0  # thickness at the sides, and over the ears' middle, of hair that covers the ears
FRINGE_MM = -15.0  # over the usual hairline, of hair over the forehead
RECEDED_MM = 13.0
TENSOR_MM = (1.2, 7.0)  # Gaussian sigmas: of the gradient, of the structure tensor
TURNED_MM = 55.0  # that hair of the nape shows under the ears in a profile
STRAIGHT = (0.70, 0.45)  # coherence of the structure tensor: of straight hair at least, of curls at most
SHEEN = 0.03  # linear: what a head of hair mirrors of even white light, whatever its colour (materials.hair)
LIT = 0.65  # quantile of hair's brightness where its colour is taken: gaps and shade are darker (by eye, 4 portraits)
COLOURED = 0.5  # at least, of what is seen of hair, is its own colour
LIGHT_HUE = 0.35  # power of that ratio's hue which is believed
LIGHTEST = 0.42  # linear luminance of white hair
SKIN_LIGHT = (0.4, 4.0)  # that albedo may be over the colour seen
FRONT_ARC = 32.0  # mm to either side of the middle, of the hairline that tells of a fringe


@dataclass(frozen=True)
class ScalpMeasures:
    """What a photo shows of hair on the scalp.

    Attributes:
        top, sides: mm that it reaches beyond the head, there; NaN where the photo ends before.
        hangs: mm that it reaches below the middle of the ears.
        front: mm that its edge at the forehead is over the usual hairline; NaN if not seen.
        from_skin: standard deviations of the skin's colour by which it differs.
        coherence: of the structure tensor, 0 to 1: how far its hairs run one way.
        dark: log luminance of the skin over that of the hair.
    """

    top: float
    sides: float
    hangs: float
    front: float
    from_skin: float
    coherence: float
    dark: float


def read_scalp(
    model: HeadModel,
    neutral: np.ndarray,
    posed: Sequence[np.ndarray],
    views: Sequence[View],
    photos: Sequence[np.ndarray],
    people: Sequence[np.ndarray],
    hairline_uv: np.ndarray,
    skin: np.ndarray,
) -> Scalp:
    """The hair of a scalp from the photo that shows the face most from the front; none where no photo shows any scalp.

    Args:
        neutral: (V, 3) mm.
        posed: (V, 3) mm of each view, camera coordinates.
        photos: (h, w, 3) uint8 sRGB.
        people: (h, w) float32, probability that a pixel shows the person.
        hairline_uv: (n, 2) u, v of the hairline that the photos show.
        skin: (3,) linear albedo of the face.
    """
    usual = usual_hairline(model, neutral)
    seen_line = places_on_head(model, neutral, hairline_uv)
    turned = [abs(float(view.pose.rotation[0, 2])) for view in views]
    for i in np.argsort(turned, kind="stable"):
        cut = head_cut(model.topology, posed[i], views[i], photos[i], people[i])
        seen = hair_seen(cut, model.topology, neutral, usual)
        if seen is None:
            continue
        measures = measured(cut, seen, model, usual, seen_line, turned[i])
        colour = np.clip(unlit(undyed(np.log(_own_colour(cut, seen, skin)))), *LOG_RANGE)
        return chosen(measures, colour, moved_hairline(usual, seen_line))
    return Scalp(NONE, HairColour(USUAL, 0.0), usual)


def places_on_head(model: HeadModel, vertices: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """(n, 3) mm of places (n, 2) of the chart on a head (V, 3) mm."""
    if not len(uv):
        return np.zeros((0, 3))
    found = attach(model.topology, uv)
    return bilinear(vertices[model.topology.part_faces("head")[found.face]].astype(np.float64), found.place)


def measured(
    cut: HeadCut, seen: HairSeen, model: HeadModel, usual: Hairline, line: np.ndarray, turned: float
) -> ScalpMeasures:
    """What a cut shows.

    Args:
        turned: sine of the head's turn to a side.
        line: (n, 3) mm, points of the seen hairline on the head.
    """
    thick, angles = _beyond(cut, seen)
    top, side = np.abs(angles) <= TOP_FAN, np.abs(angles) > TOP_FAN
    ears = float(cut.points[model.topology.region("ear") > 0.5, 1].mean())
    lowest = [_lowest(half) for half in np.array_split(seen.mask, 2, axis=1)]
    at = usual.place(line)
    front = over_usual(usual, at)[np.abs(at[:, 0]) < FRONT_ARC]
    grey = cut.luminance.astype(np.float32)
    _, coherence = hair_lines(grey, PIXEL_MM, TENSOR_MM)
    inner = cv2.erode(seen.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return ScalpMeasures(
        _median(thick[top]),
        _median(thick[side]),
        (max(lowest) - ears) * PIXEL_MM - TURNED_MM * turned,
        float(np.median(front)) if len(front) > 3 else float("nan"),
        seen.from_skin,
        float(np.median(coherence[inner])) if inner.any() else 0.0,
        float(np.log(seen.skin @ LUMINANCE + FLOOR) - np.median(grey[seen.mask])) if seen.mask.any() else 0.0,
    )


def _median(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) >= FEWEST_RAYS // 2 else float("nan")


def _lowest(mask: np.ndarray) -> float:
    """Row below which hardly any of a mask lies."""
    rows = np.flatnonzero(mask.sum(1) >= 2)
    return float(rows[-1]) if len(rows) else 0.0


def _beyond(cut: HeadCut, seen: HairSeen) -> tuple[np.ndarray, np.ndarray]:
    """(RAYS,) mm that hair reaches beyond the head along a fan of rays, NaN where the photo ends; and their angles."""
    height, width = cut.person.shape
    head = np.flatnonzero(cut.raster.covered.any(1))
    middle = cut.points[:, 0][cut.points[:, 1] < head[0] + 0.4 * (head[-1] - head[0])].mean()
    origin = np.array([middle, head[0] + 0.30 * (head[-1] - head[0])])
    angles = np.linspace(-FAN, FAN, RAYS)
    steps = np.arange(0.0, np.hypot(height, width))
    at = origin + np.stack([np.sin(angles), -np.cos(angles)], axis=1)[:, None] * steps[:, None]
    column, row = np.round(at - 0.5).astype(int).transpose(2, 0, 1)
    known = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    head, hair, inside = (a[row, column] & known for a in (cut.raster.covered, seen.mask, cut.inside))
    last = np.where(head.any(1), head.shape[1] - 1 - head[:, ::-1].argmax(1), 0)
    beyond = np.arange(head.shape[1]) > last[:, None]
    # hair that is joined to the head, up to the first pixel that is none
    run = np.cumprod(np.where(beyond, hair, 1), axis=1).sum(1) - last - 1
    ends = inside[np.arange(RAYS), np.minimum(last + run + 2, head.shape[1] - 1)]
    return np.where(ends, run * PIXEL_MM, np.nan), angles


def _own_colour(cut: HeadCut, seen: HairSeen, skin: np.ndarray) -> np.ndarray:
    """(3,) linear colour of the hairs themselves, by the light that the face is in."""
    if not seen.mask.any():
        return np.exp(USUAL)
    light = np.clip(skin / np.maximum(seen.skin, 1e-3), *SKIN_LIGHT)
    level = float(np.clip(float(skin @ LUMINANCE) / max(float(seen.skin @ LUMINANCE), 1e-3), *SKIN_LIGHT))
    light = level * (light / level) ** LIGHT_HUE
    picture = np.quantile(cut.linear[seen.mask], LIT, axis=0) * light
    bright = max(float(picture @ LUMINANCE), 1e-4)
    colour = np.maximum(picture * max(1.0 - SHEEN / bright, COLOURED), 1e-3)
    return colour * min(1.0, LIGHTEST / float(colour @ LUMINANCE))


def chosen(measures: ScalpMeasures, colour: np.ndarray, hairline: Hairline) -> Scalp:
    """The style that fits what was measured, as large as it was seen.

    Args:
        colour: (3,) log linear.
    """
    made = Scalp(_style(measures), split_grey(colour), hairline)
    if made.style == NONE:
        return made
    look = STYLES[made.style]
    thick = np.array([measures.top / look.volume[TOP], measures.sides / look.volume[SIDES]])
    thick = thick[np.isfinite(thick)]
    volume = float(np.clip(thick.mean(), *VOLUMES)) if len(thick) else 1.0
    length = 1.0
    if look.lengths[SIDES] > 150.0 and look.cut is None:
        length = float(np.clip((measures.hangs + 60.0) / look.lengths[SIDES], 0.5, 1.5))
    return replace(made, length=length, volume=volume)


def _style(measures: ScalpMeasures) -> str:
    top = measures.top if np.isfinite(measures.top) else FLAT_MM[1]
    fringe = measures.front < FRINGE_MM
    curled = measures.coherence < STRAIGHT[1]
    if top < BARE_MM and measures.from_skin < BARE_COLOUR:
        return NONE
    if measures.hangs > LONG_MM:
        return "long_fringe" if fringe else "long_wavy" if measures.coherence < STRAIGHT[0] else "long_straight"
    if measures.hangs > BOB_MM:
        return "bob_fringe" if fringe else "bob"
    if np.isfinite(measures.sides) and measures.sides > FULL_MM and measures.hangs > EARS_MM:
        return "layered"
    if top < FLAT_MM[0]:
        return "buzz"
    if measures.front > RECEDED_MM:
        return "receding"
    if curled and top > HIGH_MM:
        return "curly_short"
    return "side_part" if top < FLAT_MM[1] else "short"

