"""Which texels of the unwrapped photo show skin, and which of them plain skin.

Selfie segmentation keeps the background out, nets of their own the hands, landmark polygons the eyes and the inside of
the mouth; hair and glasses are what a robust Gaussian of the skin's log chroma and the residual of the shading do not
explain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .colour import LUMINANCE
from .geometry import smoothstep
from .head_model import HeadTopology
from .landmark_contours import BROWS, EYES, FACE_OVAL, LIPS_INNER, LIPS_OUTER, eye_distance, fill_contours
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
DARK = (-0.62, -0.38)  # log luminance below the tone of the skin: surely not skin, surely skin
DARK_HAIRLINE = (-0.40, -0.20)
BRIGHT = (0.45, 0.75)
DARK_BROW, BRIGHT_LENS = (-1.5, -1.0), (0.2, 0.4)  # under a frame, and in the glass
DARK_INNER, BRIGHT_INNER = (-1.9, -1.2), (0.6, 1.0)
CHROMA_INNER = (6.0, 9.0)
# darkest skin of the beard's region: of a shaven face (darker is shadow), of a bearded one; and the dark share of that
SHAVEN, BEARDED = (-0.85, -0.55), (-2.2, -1.6)
BEARD_SHARE = (0.25, 0.45)
HAIRY = (1.3, 2.0)  # times the fine contrast of skin
SHADE_RED = (0.08, 0.2)  # log(R/G) over that of the skin
CHROMA_FOREIGN, CHROMA_FRAME = (12.0, 18.0), (5.0, 8.0)  # of what lies where a brow may be: a brow, none
CHROMA_SPREAD = (2.6, 4.2)  # standard deviations: surely skin, surely not
SPREAD_FLOOR = 0.035  # log chroma, smallest standard deviation that is believed
MOLE_MM = 3.0  # what is not skin by colour, is larger than this, except near hair
FRAME_MM = 3.0  # kept clear of a frame
BROW_EDGE_MM = 2.8  # of the outline of a brow, twice: skin and hair
LIP_LINE = 0.01  # distances between the outer eye corners, kept clear of the mouth's line
HOLE_MM = 2.0  # kept clear of nostrils, lashes and the mouth's corners
HAIR_MM = 5.0  # width of a patch that is surely hair
HAIR_DARK = (0.15, 0.45)  # log luminance under that of skin
HAIR_REACH_MM = 14.0
HAIR_EDGE_MM = (1.0, 4.0)  # skin this near to hair is in its shadow: no trust, full trust
EDGE_MM = 0.6  # kept clear of eyes, nostrils and other holes
# the outer edge of the seen skin, where hair and background bleed in: no trust, full trust; of its colour, which shade
# and hair darken farther in
RIM_MM, RIM_COLOUR_MM = (1.5, 12.0), (5.0, 16.0)


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


def region_sum(topology: HeadTopology, names: tuple[str, ...]) -> np.ndarray:
    """(V,) float32 union of the named regions, as far as the model has them."""
    masks = [topology.region(name) for name in names if name in topology.region_names]
    return np.max(masks, axis=0) if masks else np.zeros(topology.vertex_count, np.float32)


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
    away = log_chroma(colour) - tone.chroma.astype(np.float32)
    precision = tone.precision.astype(np.float32)
    chroma = np.sqrt(np.maximum(np.einsum("ijk,kl,ijl->ij", away, precision, away), 0))
    luminance = log_luminance(colour) - tone.luminance
    allowed, brows, lips, _ = np.moveaxis(features, -1, 0)
    # a brow may be greyer than the skin; what is of quite another colour is none, and behind glasses it is their frame
    foreign = np.maximum(smoothstep(chroma, *CHROMA_FOREIGN), glasses * smoothstep(chroma, *CHROMA_FRAME))
    brows = brows * (1 - foreign * smoothstep(luminance, -1.2, -0.6))
    brows = brows * (1 - glasses * smoothstep(chroma, *CHROMA_SPREAD) * smoothstep(luminance, -0.75, -0.45))
    # teeth that show at the edge of the lips are lighter than the skin and less red
    lips = lips * (1 - smoothstep(luminance, 0.15, 0.4) * smoothstep(-away[..., 0], 0.0, 0.1))
    outline = np.maximum(brows, lips)
    kept = np.maximum(_morph(brows, cv2.MORPH_ERODE, BROW_EDGE_MM / texel), lips)
    usual = _usual(luminance, chroma, DARK, BRIGHT, CHROMA_SPREAD)
    shaded = _usual(luminance, chroma, DARK_INNER, BRIGHT_INNER, CHROMA_INNER)
    inner = inner * (1 - kept)
    usual = usual + inner * (1 - glasses) * (shaded - usual)
    large = _morph(usual, cv2.MORPH_CLOSE, MOLE_MM / texel)
    strict = usual * smoothstep(luminance, *DARK_HAIRLINE)
    hair = _hair_distance(usual, hairline * allowed, texel)
    strictness = (1 - inner) * hairline * (1 - smoothstep(hair, 0.5 * HAIR_REACH_MM, HAIR_REACH_MM))
    bare = _morph(strict * (1 - smoothstep(luminance, *BRIGHT_LENS)), cv2.MORPH_ERODE, FRAME_MM / texel)
    clear = 1.0 if holes is None else 1 - holes * (1 - _morph(strict, cv2.MORPH_ERODE, HOLE_MM / texel))
    # the frame, its shadow and its mirror image are too thin to show as patches
    strictness, strict = np.maximum(strictness, glasses), strict + glasses * (bare - strict)
    frame = 1 - _morph(smoothstep(luminance, *DARK_BROW), cv2.MORPH_ERODE, 0.5 * FRAME_MM / texel)
    kept, outline = (mask * (1 - glasses * frame) for mask in (kept, outline))
    skin = (large + (strict - large) * strictness) * (1 - hairline * (1 - smoothstep(hair, *HAIR_EDGE_MM)))
    region = beard * allowed * (1 - kept)
    # shade is smooth, and redder than the skin in light, which a beard is not; without colour hue says nothing
    hairs = (luminance < -0.45) * (1 - smoothstep(away[..., 0], *SHADE_RED))
    hairs = hairs if contrast is None else hairs * smoothstep(contrast, *HAIRY)
    share = float((region * hairs).sum() / max(float(region.sum()), 1.0))
    bearded = float(smoothstep(np.float64(share), *BEARD_SHARE))
    darkest = [(1 - bearded) * a + bearded * b for a, b in zip(SHAVEN, BEARDED)]
    stubble = beard * (1 - smoothstep(chroma, 4.0, 7.0)) * smoothstep(luminance, *darkest)
    stubble = stubble * (1 - smoothstep(luminance, 0.0, 0.25))
    inside = _inside(np.maximum(skin, np.maximum(stubble, kept)) * allowed, texel)
    rim = smoothstep(inside, *RIM_MM)
    clear = clear * np.maximum(smoothstep(inside, *RIM_COLOUR_MM), kept)
    usable = np.maximum(skin, np.maximum(stubble, kept))
    usable = _retreat(usable, EDGE_MM / texel) * allowed * rim
    hairy = beard * bearded
    plain = _retreat(skin * (1 - smoothstep(-luminance * hairy, 0.2, 0.4)), EDGE_MM / texel) * allowed * rim
    bare = np.maximum(plain, 0.5 * usable) * (1 - outline)
    dark = smoothstep(-luminance, *HAIR_DARK)
    hair = dark * allowed * np.maximum.reduce([brows, hairy, hairline * (1 - inner) * (1 - skin)])
    masks = usable * clear, plain * (1 - kept) * clear, bare, hair
    return SkinMask(*(mask.astype(np.float32) for mask in masks))


def _usual(luminance: np.ndarray, chroma: np.ndarray, dark, bright, spread) -> np.ndarray:
    """(S, S) in [0, 1], neither darker, nor brighter, nor of another colour than these ranges allow."""
    usual = smoothstep(luminance, *dark) * (1 - smoothstep(luminance, *bright))
    return usual * (1 - smoothstep(chroma, *spread))


def _hair_distance(skin: np.ndarray, hairline: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) mm to the nearest patch that is not skin and too wide for a wrinkle or mole."""
    patch = _morph((1 - skin) * hairline, cv2.MORPH_OPEN, HAIR_MM / texel) > 0.5
    if not patch.any():
        return np.full(skin.shape, 1e3, np.float32)
    return cv2.distanceTransform((~patch).astype(np.uint8), cv2.DIST_L2, 3) * texel


def _inside(usable: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) mm to the outer edge of the usable skin; holes inside it (eyes, nostrils) do not count."""
    filled = _morph((usable > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, 30.0 / texel)
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
