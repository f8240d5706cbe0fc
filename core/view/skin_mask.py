"""Which texels of the unwrapped photo show skin, and which of them plain skin.

Selfie segmentation keeps the background out, nets of their own the hands, landmark polygons the eyes and the inside of
the mouth; hair and glasses are what a robust Gaussian of the skin's log chroma and the residual of the shading do not
explain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ..head.landmark_sets import BROWS, EYES, FACE_OVAL, LIPS_INNER, LIPS_OUTER, eye_distance, fill_contours
from ..image.colour import LUMINANCE
from ..image.filters import smoothstep
from .unwrap import PosedView

FEATURES = ("allowed", "brows", "lips", "core")
# where hair may hang over skin: near hair, a dark texel is taken for hair sooner, and none is too small
HAIRLINE_REGIONS = ("forehead", "temple", "scalp", "ear", "neck")
# what lies between the hair, where dark is shadow, a fold or a lid's shade
INNER_REGIONS = (
    "glabella",
    "upper_lid",
    "lower_lid",
    "under_eye",
    "nose",
    "cheek",
    "nasolabial",
    "upper_lip",
    "perioral",
    "mouth_corner",
)
BEARD_REGIONS = ("upper_lip", "perioral", "chin", "jaw", "lower_lip", "mouth_corner")
GLASSES_REGIONS = ("upper_lid", "lower_lid", "under_eye", "crows_feet", "nose", "cheek", "glabella", "brow", "temple")

@dataclass(frozen=True)
class SkinMaskSettings:
    """Where skin ends, in one photo's unwrapped colour. All were chosen by eye on real portraits and checked on
    rendered ones; ``benchmarks/sensitivity.py`` tells how much hangs on each.

    A pair is a range: from its first value to its second, trust rises or falls smoothly. Luminance is the logarithm of
    that of the texel, shading taken out, less that of the person's skin; chroma is a distance from the skin's own in
    standard deviations; redness is log(R/G) less that of the skin.

    Attributes:
        dark, bright: luminance of what is too dark, too bright for skin: surely not skin to surely skin, and back.
        chroma: of what has another colour than skin.
        dark_hairline: luminance near hair, where a dark texel is taken for hair sooner.
        dark_inner, bright_inner, chroma_inner: the same as the first three between the hair, where dark is shadow.
        dark_frame: luminance of the frame of glasses over a brow; bright_lens: of a mirror image in the glass.
        chroma_foreign, chroma_frame: of what lies where a brow may be and is none: anywhere, and behind glasses.
        brow_pale: luminance of what is too light for a brow, of another colour than skin; frame_pale: behind glasses.
        teeth: luminance of teeth at the edge of the lips; teeth_pale: how much less red than skin they are.
        shaven, bearded: luminance of the darkest skin of a beard's region in a shaven face (darker is shadow), and in a
            bearded one.
        beard_dark: luminance of hairs of a beard; shade_red: redness of shade, which a beard's hairs have not.
        beard_share: of such texels in a beard's region: shaven to bearded.
        stubble_chroma, stubble_bright: of stubble at most.
        hairy: fine contrast of hairs, times that of the skin.
        beard_plain: darkness of a beard's skin that is still called plain.
        hair_dark: darkness of hair over skin.
        mole: mm, what is not skin by colour is larger than this, except near hair.
        frame_margin: mm kept clear of a frame.
        brow_edge: mm of the outline of a brow, both skin and hair, on either side.
        hole_margin: mm kept clear of nostrils, lashes and the mouth's corners.
        hair_width: mm, width of a patch that is surely hair; hair_reach: mm around it where ``dark_hairline`` holds.
        hair_edge: mm from hair, where skin lies in its shadow: no trust to full trust.
        edge: mm kept clear of eyes, nostrils and other holes.
        rim, rim_colour: mm from the outer edge of the seen skin, where hair and background bleed in: no trust to full
            trust, of its relief and of its colour, which shade and hair darken farther in.
        gap: mm, holes in the seen skin that are no edge of it.
    """

    dark: tuple[float, float] = (-0.62, -0.38)
    bright: tuple[float, float] = (0.45, 0.75)
    chroma: tuple[float, float] = (2.6, 4.2)
    dark_hairline: tuple[float, float] = (-0.40, -0.20)
    dark_inner: tuple[float, float] = (-1.9, -1.2)
    bright_inner: tuple[float, float] = (0.6, 1.0)
    chroma_inner: tuple[float, float] = (6.0, 9.0)
    dark_frame: tuple[float, float] = (-1.5, -1.0)
    bright_lens: tuple[float, float] = (0.2, 0.4)
    chroma_foreign: tuple[float, float] = (12.0, 18.0)
    chroma_frame: tuple[float, float] = (5.0, 8.0)
    brow_pale: tuple[float, float] = (-1.2, -0.6)
    frame_pale: tuple[float, float] = (-0.75, -0.45)
    teeth: tuple[float, float] = (0.15, 0.4)
    teeth_pale: tuple[float, float] = (0.0, 0.1)
    shaven: tuple[float, float] = (-0.85, -0.55)
    bearded: tuple[float, float] = (-2.2, -1.6)
    beard_dark: float = -0.45
    shade_red: tuple[float, float] = (0.08, 0.2)
    beard_share: tuple[float, float] = (0.25, 0.45)
    stubble_chroma: tuple[float, float] = (4.0, 7.0)
    stubble_bright: tuple[float, float] = (0.0, 0.25)
    hairy: tuple[float, float] = (1.3, 2.0)
    beard_plain: tuple[float, float] = (0.2, 0.4)
    hair_dark: tuple[float, float] = (0.15, 0.45)
    mole: float = 3.0
    frame_margin: float = 3.0
    brow_edge: float = 2.8
    hole_margin: float = 2.0
    hair_width: float = 5.0
    hair_reach: float = 14.0
    hair_edge: tuple[float, float] = (1.0, 4.0)
    edge: float = 0.6
    rim: tuple[float, float] = (1.5, 12.0)
    rim_colour: tuple[float, float] = (5.0, 16.0)
    gap: float = 30.0


SETTINGS = SkinMaskSettings()
SPREAD_FLOOR = 0.035  # log chroma, smallest standard deviation that is believed
LIP_LINE = 0.01  # distances between the outer eye corners, kept clear of the mouth's line


@dataclass(frozen=True)
class SkinTone:
    """Robust statistics of plain skin.

    Attributes:
        chroma: (2,) mean of log(R/G), log(B/G).
        precision: (2, 2) inverse covariance.
        luminance: mean log luminance.
        grey: the photo carries no colour.
    """

    chroma: np.ndarray
    precision: np.ndarray
    luminance: float
    grey: bool


@dataclass(frozen=True)
class SkinMask:
    """Trust in each texel, float32 in [0, 1], each (S, S).

    Attributes:
        usable: its colour belongs to the person's skin, lips, brows or beard.
        plain: plain skin, without lips, brows and beard.
        bare: skin whose shading is worth reading: plain skin, and a beard's at half weight.
        hair: brows, beard, and hair that hangs over skin.
    """

    usable: np.ndarray
    plain: np.ndarray
    bare: np.ndarray
    hair: np.ndarray


def feature_image(posed: PosedView, person: np.ndarray | None, hands: np.ndarray | None = None) -> np.ndarray:
    """(h, w, 4) uint8 masks in the view's image, in the order of ``FEATURES``.

    Args:
        person: (h, w) float in [0, 1] person segmentation at the view's crop and scale, or None where there is none.
        hands: (h, w) float in [0, 1], likewise, what hands hide.
    """
    height, width = posed.image.shape[:2]
    unit = eye_distance(posed.landmarks)
    eyes = fill_contours(posed.landmarks, EYES, width, height, grow=0.004 * unit)
    mouth = fill_contours(posed.landmarks, (LIPS_INNER,), width, height, grow=LIP_LINE * unit)
    allowed = 255 - np.maximum(eyes, mouth)
    oval = fill_contours(posed.landmarks, (FACE_OVAL,), width, height, grow=-0.06 * unit)
    if person is not None:
        # the segmentation is coarse: it decides outside the face, the landmarks inside
        inside = np.round(255 * smoothstep(person, 0.45, 0.75)).astype(np.uint8)
        radius = max(1, round(0.02 * unit))
        inside = cv2.erode(inside, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
        allowed = np.minimum(allowed, np.maximum(inside, oval))
    if is_grey(posed.image):
        # without colour, hair beside the face looks like skin
        allowed = np.minimum(allowed, oval)
    if hands is not None:
        allowed = np.minimum(allowed, np.round(255 * (1 - hands)).astype(np.uint8))
    brows = fill_contours(posed.landmarks, BROWS, width, height, grow=0.03 * unit)
    lips = fill_contours(posed.landmarks, (LIPS_OUTER,), width, height, grow=0.01 * unit)
    core = np.minimum(oval, 255 - np.maximum(brows, np.maximum(lips, eyes)))
    return np.stack([allowed, brows, lips, core], axis=-1)


def is_grey(image: np.ndarray) -> bool:
    """Whether an image (h, w, 3) uint8 carries no colour."""
    return bool(np.ptp(image[::4, ::4].astype(np.int16), axis=-1).mean() < 3.0)


def log_chroma(colour: np.ndarray) -> np.ndarray:
    """(..., 2) log(R/G), log(B/G) of linear RGB (..., 3)."""
    logs = np.log(np.maximum(colour, 2e-3))
    return logs[..., [0, 2]] - logs[..., 1:2]


def log_luminance(colour: np.ndarray) -> np.ndarray:
    """(...) log of the Rec. 709 luminance of linear RGB (..., 3)."""
    return np.log(np.maximum(colour @ LUMINANCE, 2e-3))


def skin_tone(colour: np.ndarray, weights: np.ndarray) -> SkinTone:
    """Robust Gaussian of skin by reweighting with a Student t of four degrees of freedom.

    Args:
        colour: (n, 3) linear RGB with the shading taken out.
        weights: (n,) trust.
    """
    chroma, luminance = log_chroma(colour).astype(np.float64), log_luminance(colour).astype(np.float64)
    features = np.column_stack([chroma, luminance])
    mean = np.array([_weighted_median(features[:, k], weights) for k in range(3)])
    spread = np.array([1.4826 * _weighted_median(np.abs(features[:, k] - mean[k]), weights) for k in range(3)])
    covariance = np.diag(np.maximum(spread, SPREAD_FLOOR) ** 2)
    for _ in range(8):
        away = features - mean
        distance = np.einsum("nk,kl,nl->n", away, np.linalg.inv(covariance), away)
        used = weights * 7.0 / (4.0 + distance)
        total = max(float(used.sum()), 1e-9)
        mean = (used[:, None] * features).sum(0) / total
        away = features - mean
        covariance = (used[:, None] * away).T @ away / total + np.eye(3) * SPREAD_FLOOR**2
    grey = bool(np.abs(mean[:2]).max() < 0.02 and np.sqrt(np.diag(covariance)[:2]).max() < SPREAD_FLOOR * 1.15)
    return SkinTone(mean[:2], np.linalg.inv(covariance[:2, :2]), float(mean[2]), grey)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulated, 0.5 * cumulated[-1])]]) if len(values) else 0.0


def classify(
    colour: np.ndarray,
    tone: SkinTone,
    features: np.ndarray,
    hairline: np.ndarray,
    beard: np.ndarray,
    inner: np.ndarray,
    glasses: np.ndarray,
    texel: float,
    holes: np.ndarray | None = None,
    contrast: np.ndarray | None = None,
) -> SkinMask:
    """Trust of each texel by colour.

    Args:
        colour: (S, S, 3) linear RGB, the shading taken out.
        tone: statistics of the skin.
        features: (S, S, 4) float in [0, 1] in the order of ``FEATURES``.
        hairline, beard, inner: (S, S) float in [0, 1], where hair may hang over skin, a beard may grow, where a dark
            texel is skin in shadow rather than anything else.
        glasses: (S, S) in [0, 1], where the frame of glasses may lie.
        texel: mm.
        holes: (S, S) in [0, 1], around nostrils, lashes and the corners of the mouth, where what is dark has not the
            colour of skin; its relief may be read.
        contrast: (S, S) fine contrast over that of the face's skin, of a photo that shows single hairs.
    """
    seen = _compared(colour, tone)
    brows, lips = _drawn_features(seen, features, glasses)
    places = _Places(hairline, beard, inner, glasses, features[..., 0], brows, lips, texel)
    skin, strict = _skin(seen, places)
    frame = _frame(seen, places)
    bearded = _bearded(seen, places, frame, contrast)
    stubble = _stubble(seen, beard, bearded)
    clear = _clear_of_holes(strict, holes, texel)
    return _masks(seen, places, frame, skin, stubble, beard * bearded, clear)


@dataclass(frozen=True)
class _Compared:
    """A photo's colour against that of the skin: log luminance, chroma in standard deviations and redness, (S, S)."""

    luminance: np.ndarray
    chroma: np.ndarray
    redness: np.ndarray


@dataclass(frozen=True)
class _Places:
    """Where what may be seen, (S, S) in [0, 1]; ``kept`` and ``outline`` are those of brows and lips."""

    hairline: np.ndarray
    beard: np.ndarray
    inner_regions: np.ndarray
    glasses: np.ndarray
    allowed: np.ndarray
    brows: np.ndarray
    lips: np.ndarray
    texel: float

    @cached_property
    def surely(self) -> np.ndarray:
        """Brows without their outline, and lips."""
        return np.maximum(_morph(self.brows, cv2.MORPH_ERODE, SETTINGS.brow_edge / self.texel), self.lips)

    @cached_property
    def inner(self) -> np.ndarray:
        """Between the hair, beside brows and lips."""
        return self.inner_regions * (1 - self.surely)


def _compared(colour: np.ndarray, tone: SkinTone) -> _Compared:
    away: np.ndarray = log_chroma(colour) - tone.chroma.astype(np.float32)
    precision = tone.precision.astype(np.float32)
    chroma = np.sqrt(np.maximum(np.einsum("ijk,kl,ijl->ij", away, precision, away), 0))
    return _Compared(log_luminance(colour) - tone.luminance, chroma, away[..., 0])


def _drawn_features(seen: _Compared, features: np.ndarray, glasses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(S, S) each: brows and lips of the landmarks, without frames that lie over them and teeth that show."""
    brows, lips = features[..., 1], features[..., 2]
    given = SETTINGS
    # a brow may be greyer than the skin; what is of quite another colour is none, and behind glasses it is their frame
    frame = glasses * smoothstep(seen.chroma, *given.chroma_frame)
    foreign = np.maximum(smoothstep(seen.chroma, *given.chroma_foreign), frame)
    brows = brows * (1 - foreign * smoothstep(seen.luminance, *given.brow_pale))
    pale = smoothstep(seen.chroma, *given.chroma) * smoothstep(seen.luminance, *given.frame_pale)
    brows = brows * (1 - glasses * pale)
    teeth = smoothstep(seen.luminance, *given.teeth) * smoothstep(-seen.redness, *given.teeth_pale)
    return brows, lips * (1 - teeth)


def _skin(seen: _Compared, places: _Places) -> tuple[np.ndarray, np.ndarray]:
    """(S, S) skin by its colour, and what of it is skin where dark texels are hair sooner."""
    given, texel, glasses, inner = SETTINGS, places.texel, places.glasses, places.inner
    usual = _usual(seen, given.dark, given.bright, given.chroma)
    shaded = _usual(seen, given.dark_inner, given.bright_inner, given.chroma_inner)
    usual = usual + inner * (1 - glasses) * (shaded - usual)
    large = _morph(usual, cv2.MORPH_CLOSE, given.mole / texel)
    strict = usual * smoothstep(seen.luminance, *given.dark_hairline)
    hair = _hair_distance(usual, places.hairline * places.allowed, texel)
    far = smoothstep(hair, 0.5 * given.hair_reach, given.hair_reach)
    strictness = (1 - inner) * places.hairline * (1 - far)
    mirrored = smoothstep(seen.luminance, *given.bright_lens)
    bare = _morph(strict * (1 - mirrored), cv2.MORPH_ERODE, given.frame_margin / texel)
    # the frame, its shadow and its mirror image are too thin to show as patches
    strictness, behind = np.maximum(strictness, glasses), strict + glasses * (bare - strict)
    skin = large + (behind - large) * strictness
    return skin * (1 - places.hairline * (1 - smoothstep(hair, *given.hair_edge))), strict


def _clear_of_holes(strict: np.ndarray, holes: np.ndarray | None, texel: float) -> np.ndarray | float:
    """(S, S) how far what is dark around holes has the colour of skin."""
    if holes is None:
        return 1.0
    return 1 - holes * (1 - _morph(strict, cv2.MORPH_ERODE, SETTINGS.hole_margin / texel))


def _frame(seen: _Compared, places: _Places) -> np.ndarray:
    """(S, S) the frame of glasses over a brow."""
    dark = smoothstep(seen.luminance, *SETTINGS.dark_frame)
    return places.glasses * (1 - _morph(dark, cv2.MORPH_ERODE, 0.5 * SETTINGS.frame_margin / places.texel))


def _bearded(seen: _Compared, places: _Places, frame: np.ndarray, contrast: np.ndarray | None) -> float:
    """Whether the face has a beard, in [0, 1]."""
    region = places.beard * places.allowed * (1 - places.surely * (1 - frame))
    # shade is smooth, and redder than the skin in light, which a beard is not; without colour hue says nothing
    hairs = (seen.luminance < SETTINGS.beard_dark) * (1 - smoothstep(seen.redness, *SETTINGS.shade_red))
    hairs = hairs if contrast is None else hairs * smoothstep(contrast, *SETTINGS.hairy)
    share = float((region * hairs).sum() / max(float(region.sum()), 1.0))
    return float(smoothstep(np.float64(share), *SETTINGS.beard_share))


def _stubble(seen: _Compared, beard: np.ndarray, bearded: float) -> np.ndarray:
    """(S, S) skin under a beard's hairs, the darker the fuller the beard is."""
    darkest = [(1 - bearded) * a + bearded * b for a, b in zip(SETTINGS.shaven, SETTINGS.bearded)]
    stubble = beard * (1 - smoothstep(seen.chroma, *SETTINGS.stubble_chroma))
    stubble = stubble * smoothstep(seen.luminance, *darkest)
    return stubble * (1 - smoothstep(seen.luminance, *SETTINGS.stubble_bright))


def _masks(
    seen: _Compared, places: _Places, frame: np.ndarray, skin: np.ndarray, stubble: np.ndarray, hairy: np.ndarray,
    clear: np.ndarray | float,
) -> SkinMask:
    """The masks, each drawn back from holes and from the outer edge of what is seen."""
    given, allowed, unframed = SETTINGS, places.allowed, 1 - frame
    kept, outline = places.surely * unframed, np.maximum(places.brows, places.lips) * unframed
    usable = np.maximum(skin, np.maximum(stubble, kept))
    inside = _inside(usable * allowed, places.texel)
    rim = smoothstep(inside, *given.rim)
    clear = clear * np.maximum(smoothstep(inside, *given.rim_colour), kept)
    usable = _retreat(usable, given.edge / places.texel) * allowed * rim
    plain = skin * (1 - smoothstep(-seen.luminance * hairy, *given.beard_plain))
    plain = _retreat(plain, given.edge / places.texel) * allowed * rim
    bare = np.maximum(plain, 0.5 * usable) * (1 - outline)
    over = np.maximum.reduce([places.brows, hairy, places.hairline * (1 - places.inner) * (1 - skin)])
    hair = smoothstep(-seen.luminance, *given.hair_dark) * allowed * over
    masks = usable * clear, plain * (1 - kept) * clear, bare, hair
    return SkinMask(*(mask.astype(np.float32) for mask in masks))


def _usual(
    seen: _Compared, dark: tuple[float, float], bright: tuple[float, float], chroma: tuple[float, float]
) -> np.ndarray:
    """(S, S) in [0, 1], neither darker, nor brighter, nor of another colour than these ranges allow."""
    usual = smoothstep(seen.luminance, *dark) * (1 - smoothstep(seen.luminance, *bright))
    return usual * (1 - smoothstep(seen.chroma, *chroma))


def _hair_distance(skin: np.ndarray, hairline: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) mm to the nearest patch that is not skin and too wide for a wrinkle or mole."""
    patch = _morph((1 - skin) * hairline, cv2.MORPH_OPEN, SETTINGS.hair_width / texel) > 0.5
    if not patch.any():
        return np.full(skin.shape, 1e3, np.float32)
    return cv2.distanceTransform((~patch).astype(np.uint8), cv2.DIST_L2, 3) * texel


def _inside(usable: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) mm to the outer edge of the usable skin; holes inside it (eyes, nostrils) do not count."""
    filled = _morph((usable > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, SETTINGS.gap / texel)
    filled = cv2.copyMakeBorder(filled, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return cv2.distanceTransform(filled, cv2.DIST_L2, 3)[1:-1, 1:-1] * texel


def _morph(mask: np.ndarray, operation: int, width: float) -> np.ndarray:
    """Grey closing or opening: drops gaps, or specks, narrower than ``width`` texels."""
    size = max(1, int(round(width)))
    return cv2.morphologyEx(mask, operation, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))


def _retreat(mask: np.ndarray, width: float) -> np.ndarray:
    """Draw the edge back by ``width`` texels and soften it over as many, so that it ends at 0 where it ended before."""
    size = max(1, int(round(width)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    return np.minimum(mask, cv2.GaussianBlur(cv2.erode(mask, kernel), (0, 0), 0.5 * size + 0.3))
