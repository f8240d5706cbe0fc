"""From what photos show of the lower face to a beard: whether there is one, where, how long, of which colour.

A false beard is worse than a missing one. Where photos are not plain about it there is none, and what they show of it
stays in the albedo, as a shaven or unshaven skin does anyhow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..head.model import HeadModel
from ..head.raster import texel_millimetres
from ..image.colour import LUMINANCE, linear_to_srgb_bytes, srgb_to_linear
from .bare_skin import BareSkin, bare_skin
from .beard import Beard, Cover
from .beard_area import beard_part, drawn, on_lips, outline_uv, usual_cover
from .beard_kinds import BEARDS, NONE
from .beard_photo import PATCH_MM, SIZE, BeardSeen, ChartPhoto, beard_seen, cover_seen
from .brow_paint import membrane
from .hair_colour import LOG_RANGE, USUAL, HairColour, split_grey, undyed, unlit
from .scalp_photo import PIXEL_MM, HeadCut
from .surface import ChartPart, landmark_uv

QUARTER = 0.25  # quantile of the darkness that has to show: a shadow or a fold darkens a part
# log luminance of that quantile, over the mouth and under it: in both lights the lesser, in that of the upper face;
# the latter over the noise of that light. On 13 photos of people without a beard the largest found were 0.18, 0.18
# and 0.33, 0.48; on renders of a short beard 0.51, 0.28 and 0.61, 0.70
LEAST, PLAIN, OVER_NOISE = (0.32, 0.20), (0.45, 0.40), 2.0
REDDEST = 0.05  # log(R/G) over that of the skin, median, of a beard at most
PALE_RED = -0.2  # and of nearly all of a grey beard, which need not be dark; bare skin had -0.10 at least in median
WITHOUT_COLOUR = 1.5  # times that darkness in a grey photo, whose shade has no hue
FEWEST = 300  # texels of either part that have to be shown
STUBBLE_DARK = 0.55  # median log luminance under which hair is stubble
CHIN = 152  # landmark
LONG_MM = 20.0  # that dark goes on under the chin, from which a beard is full: under a short one there is shade
REACH_OVER = 9.0  # mm of a hair's way along the chin before it passes it
LENGTHS = (0.6, 2.0)  # times the kind's
COLUMNS_MM, FARTHEST_MM = 10.0, 50.0  # half width and height under the chin that is looked at
NECK_LIGHTER = 0.5  # log luminance by which a neck is lighter than a beard, or its shade, at least
THICK = 0.8  # cover of hair that tells of its colour
# a hair's own colour over that of its picture, to which skin between the hairs and what they mirror are added, by the
# picture's linear luminance: on renders of black, brown and white beards
HAIR_OVER_SEEN = ((0.05, 0.2), (0.1, 0.34), (0.4, 1.0))
COVER_MM = 1.0  # texel at which a file keeps the cover
MEMBRANE_MM = 2.0  # texel at which the skin underneath is solved
AROUND_MM = 7.0  # around hair, that no skin is taken from
GRAIN_MM, GRAIN_LIMIT = 1.2, 0.06  # Gaussian sigma of what is coarser than grain; log colour
GRAIN_FROM_MM = (26.0, 60.0)  # of a cheek whose grain is taken: its size, and its way up from the mouth's corner
PATCH_SIZE = 1024  # texels of the chart at which the skin underneath is kept, at most


@dataclass(frozen=True)
class BeardFound:
    """A beard, and what it changes of the skin.

    Attributes:
        beard: as the photos show it; one of kind none, where one would usually grow, if they show none.
        skin: the skin under it; None where there is none.
        albedo: (S, S, 3) uint8 sRGB, with the beard painted as it was seen.
    """

    beard: Beard
    skin: BareSkin | None
    albedo: np.ndarray


def read_beard(
    model: HeadModel, neutral: np.ndarray, albedo: np.ndarray, photos: Sequence[ChartPhoto],
    cuts: Sequence[HeadCut], colour: HairColour,
) -> BeardFound:
    """The beard of the photo that shows most of where one would be.

    Args:
        neutral: (V, 3) mm.
        albedo: (S, S, 3) uint8 sRGB.
        photos, cuts: of each view.
        colour: of the brows, which a beard that nobody saw has.
    """
    landmarks, texel = landmark_uv(model), texel_millimetres(model.topology, neutral, SIZE)
    looks = [(beard_seen(model.topology, landmarks, photo, texel), cut) for photo, cut in zip(photos, cuts)]
    told = [(seen, cut) for seen, cut in looks if seen is not None]
    part = beard_part(landmarks, SIZE, texel)
    if told:
        seen, cut = max(told, key=lambda look: float((look[0].shown * look[0].usual).sum()))
        found = has_beard(seen)
        if any(found):
            cover = cover_seen(seen) * (1.0 if found[1] else _near_mouth(seen))
            kind, length = _kind(model, seen, cut, found)
            skin = skin_under(albedo, landmarks, cover, part)
            beard = Beard(kind, kind, own_colour(seen, cover, albedo), _kept(cover, part), length)
            return BeardFound(beard, skin, albedo if skin is None else painted(albedo, skin, seen, cover))
    return BeardFound(Beard(NONE, NONE, colour, _kept(usual_cover(part, landmarks), part)), None, albedo)


def has_beard(seen: BeardSeen) -> tuple[bool, bool]:
    """Whether a photo shows a moustache, and a beard."""
    found = []
    for k, over_mouth in enumerate((True, False)):
        there = seen.asked(over_mouth)
        if there.sum() < FEWEST:
            found.append(False)
            continue
        factor = WITHOUT_COLOUR if seen.grey else 1.0
        dark, least = (float(np.quantile(a[there], QUARTER)) for a in (seen.dark, seen.least_dark))
        plain = dark > factor * max(PLAIN[k], OVER_NOISE * seen.noise) and least > factor * LEAST[k]
        red, most_red = (float(np.quantile(seen.redder[there], q)) for q in (0.5, 1.0 - QUARTER))
        found.append(plain and red < REDDEST or not seen.grey and most_red < PALE_RED)
    return found[0], found[1]


def own_colour(seen: BeardSeen, cover: np.ndarray, albedo: np.ndarray) -> HairColour:
    """Colour of the hairs where they cover most, as the skin's albedo (S, S, 3) uint8 tells the light.

    Args:
        cover: (h, w) in [0, 1].
    """
    thick = (cover > THICK) & seen.shown
    if not thick.any():
        return HairColour(USUAL, 0.0)
    step = max(1, len(albedo) // 256)
    skin = np.median(srgb_to_linear(albedo[::step, ::step]), axis=(0, 1))
    paint = skin * np.exp(np.median(seen.change[thick], axis=0))
    colour = paint * float(np.interp(paint @ LUMINANCE, *np.transpose(HAIR_OVER_SEEN)))
    found = split_grey(np.clip(unlit(undyed(np.log(np.maximum(colour, 1e-3)))), *LOG_RANGE))
    red, green, blue = found.pigmented
    return HairColour(np.array([red, max(green, blue), blue]), found.grey)


def _near_mouth(seen: BeardSeen) -> np.ndarray:
    """(h, w) in [0, 1], 1 where hair is a moustache's."""
    return cv2.GaussianBlur(seen.over_mouth.astype(np.float32), (0, 0), 1.5 / seen.part.texel)


def _kind(model: HeadModel, seen: BeardSeen, cut: HeadCut, found: tuple[bool, bool]) -> tuple[str, float]:
    """The kind of a beard that a photo shows, and its length times the kind's."""
    there = seen.asked(not found[1])
    if float(np.median(seen.hairy[there])) < STUBBLE_DARK:
        return "stubble", 1.0
    reach = reach_below(model, cut) if found[1] else 0.0
    if reach < LONG_MM:
        return "short", 1.0
    return "full", float(np.clip((reach + REACH_OVER) / BEARDS["full"].style.lengths[2], *LENGTHS))


def reach_below(model: HeadModel, cut: HeadCut) -> float:
    """mm from a chin's tip down to where a photo is half as bright again as the neck; 0 where no neck is told."""
    x, y = (max(0, int(v)) for v in model.landmarks(cut.points)[CHIN])
    half = round(COLUMNS_MM / PIXEL_MM)
    rows = slice(y, y + round(FARTHEST_MM / PIXEL_MM))
    there = ((cut.person > 0.5) & cut.inside)[rows, max(0, x - half) : x + half + 1].all(1)
    light = np.median(cut.luminance[rows, max(0, x - half) : x + half + 1], axis=1)[: int(np.cumprod(there).sum())]
    if len(light) < 2:
        return 0.0
    darkest, neck = float(light[: len(light) // 2 + 1].min()), float(light.max())
    if neck - darkest < NECK_LIGHTER:
        return 0.0
    return PIXEL_MM * float((light[light.argmin() :] > 0.5 * (darkest + neck)).argmax() + light.argmin())


def skin_under(albedo: np.ndarray, landmarks: np.ndarray, cover: np.ndarray, part: ChartPart) -> BareSkin | None:
    """The patch of skin under a beard: a membrane over the skin around it, with the grain of a cheek.

    Args:
        albedo: (S, S, 3) uint8 sRGB.
        landmarks: (478, 2) u, v.
        cover: (h, w) of a part of the chart.
    """
    factor = max(1, len(albedo) // PATCH_SIZE)
    small = cv2.resize(albedo, None, fx=1.0 / factor, fy=1.0 / factor, interpolation=cv2.INTER_AREA)
    fine = beard_part(landmarks, len(small), part.texel * part.size / len(small))
    colour = np.log(np.maximum(srgb_to_linear(fine.cut(small)), 2e-3))
    y, x = np.mgrid[0 : fine.height, 0 : fine.width]
    place = part.place(fine.uv((np.stack([x, y], axis=-1) + 0.5) * fine.texel))
    hair = part.sample(cover, place).astype(np.float32)
    zone = np.maximum(drawn(fine, outline_uv(landmarks, fine.size * fine.texel)), (hair > 0.02).astype(np.uint8))
    away = cv2.distanceTransform(1 - zone, cv2.DIST_L2, 5) * fine.texel
    free = (away > AROUND_MM).astype(np.float32)
    coarse = tuple(max(8, round(n * fine.texel / MEMBRANE_MM)) for n in zone.shape[::-1])
    weight = cv2.resize(free, coarse, interpolation=cv2.INTER_AREA)
    value = cv2.resize(colour * free[..., None], coarse, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(membrane(value, weight), zone.shape[::-1], interpolation=cv2.INTER_CUBIC)
    patch = bare_skin(fine, hair, smooth + _grain(small, landmarks, fine), 0.0)
    if patch is None:
        return None
    share = np.round(patch.pixels[..., 3] * (1.0 - on_lips(fine, landmarks))).astype(np.uint8)
    return BareSkin(np.dstack([patch.pixels[..., :3], share]), patch.bounds)


def painted(albedo: np.ndarray, skin: BareSkin, seen: BeardSeen, cover: np.ndarray) -> np.ndarray:
    """(S, S, 3) uint8 sRGB: the albedo, as dark over the skin under its beard as the photo shows it.

    Its light was evened out, and so were beards; what is finer than ``PATCH_MM`` stays as it is.

    Args:
        cover: (h, w) of the part that was seen.
    """
    size, (rows, columns) = len(albedo), skin.place(len(albedo))
    thick = (cover > THICK) & seen.shown
    usual = np.median(seen.change[thick], axis=0) if thick.any() else np.zeros(3)
    soft = cv2.GaussianBlur(seen.shown.astype(np.float32), (0, 0), PATCH_MM / seen.part.texel)[..., None]
    change = cover[..., None] * (soft * seen.change + (1.0 - soft) * usual)
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    patch = cv2.resize(skin.pixels, shape, interpolation=cv2.INTER_LINEAR)
    there = np.log(np.maximum(srgb_to_linear(albedo[rows, columns]), 2e-3))
    under = np.log(np.maximum(srgb_to_linear(np.ascontiguousarray(patch[..., :3])), 2e-3))
    sigma = PATCH_MM / (seen.part.texel * SIZE / size)
    height, width = skin.pixels.shape[:2]
    left, low, right, high = skin.bounds
    u = left + (np.arange(width) + 0.5) / width * (right - left)
    v = high - (np.arange(height) + 0.5) / height * (high - low)
    change = seen.part.sample(change.astype(np.float32), seen.part.place(np.stack(np.meshgrid(u, v), axis=-1)))
    wanted = cv2.resize(change, shape, interpolation=cv2.INTER_LINEAR) + under
    fine = there - cv2.GaussianBlur(there, (0, 0), sigma)
    share = patch[..., 3:].astype(np.float32) / 255
    result = albedo.copy()
    result[rows, columns] = linear_to_srgb_bytes(np.exp(there + share * (wanted + fine - there)))
    return result


def _grain(albedo: np.ndarray, landmarks: np.ndarray, part: ChartPart) -> np.ndarray:
    """(h, w, 3) log colour: the grain of the right cheek, mirrored again and again."""
    size = len(albedo)
    side, up = (max(4, round(mm / part.texel)) for mm in GRAIN_FROM_MM)
    column = int(landmarks[61, 0] * size) - side
    row = int((1.0 - landmarks[61, 1]) * size) - up
    cheek = np.log(np.maximum(srgb_to_linear(albedo[row : row + side, column : column + side]), 2e-3))
    grain = np.clip(cheek - cv2.GaussianBlur(cheek, (0, 0), GRAIN_MM / part.texel), -GRAIN_LIMIT, GRAIN_LIMIT)
    tile = np.concatenate([grain, grain[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]])
    times = (-(-part.height // len(tile)), -(-part.width // tile.shape[1]), 1)
    return np.tile(tile, times)[: part.height, : part.width]


def _kept(cover: np.ndarray, part: ChartPart) -> Cover:
    """A cover (h, w) as a file keeps it."""
    size = tuple(max(2, round(n * part.texel / COVER_MM)) for n in cover.shape[::-1])
    return Cover(np.round(255 * cv2.resize(cover, size, interpolation=cv2.INTER_AREA)).astype(np.uint8), part.bounds)
