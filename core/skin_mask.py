"""Which texels of the unwrapped photo show skin, and which of them plain skin.

Selfie segmentation keeps the background out, landmark polygons the eyes and the inside of the mouth; hair, glasses and
hands are what a robust Gaussian of the skin's log chroma and the residual of the shading do not explain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .head_model import HeadTopology
from .landmark_contours import BROWS, EYES, FACE_OVAL, LIPS_INNER, LIPS_OUTER, eye_distance, fill_contours
from .unwrap import PosedView, smoothstep

FEATURES = ("allowed", "brows", "lips", "core")
# where hair may hang over skin: near hair, a dark texel is taken for hair sooner, and none is too small
HAIRLINE_REGIONS = ("forehead", "temple", "scalp", "ear", "neck")
LID_REGIONS = ("upper_lid", "lower_lid")
BEARD_REGIONS = ("upper_lip", "perioral", "chin", "jaw", "lower_lip", "mouth_corner")
DARK = (-0.62, -0.38)  # log luminance below the tone of the skin: surely not skin, surely skin
DARK_HAIRLINE = (-0.40, -0.20)
BRIGHT = (0.45, 0.75)
# darkest skin of the beard's region: of a shaven face (darker is shadow), of a bearded one; and the dark share of that
SHAVEN, BEARDED = (-0.85, -0.55), (-2.2, -1.6)
BEARD_SHARE = (0.25, 0.45)
CHROMA_SPREAD = (2.6, 4.2)  # standard deviations: surely skin, surely not
SPREAD_FLOOR = 0.035  # log chroma, smallest standard deviation that is believed
MOLE_MM = 3.0  # what is not skin by colour, is larger than this, except near hair
HAIR_MM = 5.0  # width of a patch that is surely hair
HAIR_REACH_MM = 14.0
EDGE_MM = 1.2  # kept clear of eyes, nostrils and other holes
RIM_MM = (1.5, 12.0)  # the outer edge of the seen skin, where hair and background bleed in: no trust, full trust


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
    """

    usable: np.ndarray
    plain: np.ndarray
    bare: np.ndarray


def feature_image(posed: PosedView, person: np.ndarray | None) -> np.ndarray:
    """(h, w, 4) uint8 masks in the view's image, in the order of ``FEATURES``.

    Args:
        person: (h, w) float in [0, 1] person segmentation at the view's crop and scale, or None where there is none.
    """
    height, width = posed.image.shape[:2]
    unit = eye_distance(posed.landmarks)
    eyes = fill_contours(posed.landmarks, EYES, width, height, grow=0.03 * unit)
    mouth = fill_contours(posed.landmarks, (LIPS_INNER,), width, height, grow=0.016 * unit)
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
    return np.log(np.maximum(0.2126 * colour[..., 0] + 0.7152 * colour[..., 1] + 0.0722 * colour[..., 2], 2e-3))


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
    lids: np.ndarray,
    texel: float,
) -> SkinMask:
    """Trust of each texel by colour.

    Args:
        colour: (S, S, 3) linear RGB, the shading taken out.
        tone: statistics of the skin.
        features: (S, S, 4) float in [0, 1] in the order of ``FEATURES``.
        hairline, beard, lids: (S, S) float, where hair may hang over skin, a beard may grow, lashes shade.
        texel: mm.
    """
    away = log_chroma(colour) - tone.chroma.astype(np.float32)
    precision = tone.precision.astype(np.float32)
    chroma = np.sqrt(np.maximum(np.einsum("ijk,kl,ijl->ij", away, precision, away), 0))
    luminance = log_luminance(colour) - tone.luminance
    allowed, brows, lips, _ = np.moveaxis(features, -1, 0)
    # a brow is darker than the skin and not of another colour; what is, is the frame of glasses
    brows = brows * (1 - smoothstep(chroma, 5.0, 8.0) * smoothstep(luminance, -1.2, -0.6))
    # teeth that show at the edge of the lips, and their gloss, are lighter than the skin
    kept = np.maximum(brows, lips * (1 - smoothstep(luminance, 0.0, 0.3)))
    usual = smoothstep(luminance, *DARK) * (1 - smoothstep(luminance, *BRIGHT))
    usual = usual * (1 - smoothstep(chroma, *CHROMA_SPREAD))
    large = _morph(usual, cv2.MORPH_CLOSE, MOLE_MM / texel)
    strict = usual * smoothstep(luminance, *DARK_HAIRLINE)
    strictness = lids + (1 - lids) * hairline * _near_hair(usual, hairline * allowed, texel)
    skin = large + (strict - large) * strictness
    region = beard * allowed * (1 - kept)
    share = float((region * (luminance < -0.45)).sum() / max(float(region.sum()), 1.0))
    bearded = float(smoothstep(np.float64(share), *BEARD_SHARE))
    darkest = [(1 - bearded) * a + bearded * b for a, b in zip(SHAVEN, BEARDED)]
    stubble = beard * (1 - smoothstep(chroma, 4.0, 7.0)) * smoothstep(luminance, *darkest)
    stubble = stubble * (1 - smoothstep(luminance, 0.0, 0.25))
    rim = _rim(np.maximum(skin, np.maximum(stubble, kept)) * allowed, texel)
    usable = np.maximum(skin, np.maximum(stubble, kept))
    usable = _retreat(usable, EDGE_MM / texel) * allowed * rim
    plain = _retreat(skin * (1 - smoothstep(-luminance * beard, 0.2, 0.4)), EDGE_MM / texel)
    plain = plain * (1 - kept) * allowed * rim
    bare = np.maximum(plain, 0.5 * usable * (1 - kept))
    return SkinMask(*(mask.astype(np.float32) for mask in (usable, plain, bare)))


def _near_hair(skin: np.ndarray, hairline: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) 1 at patches too wide for wrinkles or moles that are not skin, falling to 0 ``HAIR_REACH_MM`` away."""
    patch = _morph((1 - skin) * hairline, cv2.MORPH_OPEN, HAIR_MM / texel) > 0.5
    away = cv2.distanceTransform((~patch).astype(np.uint8), cv2.DIST_L2, 3) * texel
    return 1 - smoothstep(away, 0.5 * HAIR_REACH_MM, HAIR_REACH_MM)


def _rim(usable: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) falling to 0 towards the outer edge of the usable skin; holes inside it (eyes, nostrils) do not count."""
    filled = _morph((usable > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, 30.0 / texel)
    filled = cv2.copyMakeBorder(filled, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inside = cv2.distanceTransform(filled, cv2.DIST_L2, 3)[1:-1, 1:-1] * texel
    return smoothstep(inside, *RIM_MM)


def _morph(mask: np.ndarray, operation: int, width: float) -> np.ndarray:
    """Grey closing or opening: drops gaps, or specks, narrower than ``width`` texels."""
    size = max(1, int(round(width)))
    return cv2.morphologyEx(mask, operation, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))


def _retreat(mask: np.ndarray, width: float) -> np.ndarray:
    """Draw the edge back by ``width`` texels and soften it over as many, so that it ends at 0 where it ended before."""
    size = max(1, int(round(width)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    return np.minimum(mask, cv2.GaussianBlur(cv2.erode(mask, kernel), (0, 0), 0.5 * size + 0.3))
