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
# where a dark texel is hair or a cast shadow rather than a mole: its tolerance is lower and nothing is too small
HAIRLINE_REGIONS = ("forehead", "temple", "scalp", "ear", "neck")
LID_REGIONS = ("upper_lid", "lower_lid")
BEARD_REGIONS = ("upper_lip", "perioral", "chin", "jaw", "lower_lip", "mouth_corner")
DARK = (-0.62, -0.38)  # log luminance below the tone of the skin: surely not skin, surely skin
DARK_HAIRLINE = (-0.40, -0.20)
BRIGHT = (0.65, 0.95)
CHROMA_SPREAD = (2.6, 4.2)  # standard deviations: surely skin, surely not
SPREAD_FLOOR = 0.035  # log chroma, smallest standard deviation that is believed


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
    """

    usable: np.ndarray
    plain: np.ndarray


def feature_image(posed: PosedView, person: np.ndarray | None) -> np.ndarray:
    """(h, w, 4) uint8 masks in the view's image, in the order of ``FEATURES``.

    Args:
        person: (h, w) float in [0, 1] person segmentation at the view's crop and scale, or None where there is none.
    """
    height, width = posed.image.shape[:2]
    unit = eye_distance(posed.landmarks)
    eyes = fill_contours(posed.landmarks, EYES, width, height, grow=0.022 * unit)
    mouth = fill_contours(posed.landmarks, (LIPS_INNER,), width, height, grow=0.008 * unit)
    allowed = 255 - np.maximum(eyes, mouth)
    oval = fill_contours(posed.landmarks, (FACE_OVAL,), width, height, grow=-0.06 * unit)
    if person is not None:
        # the segmentation is coarse: it decides outside the face, the landmarks inside
        inside = np.round(255 * smoothstep(person, 0.45, 0.75)).astype(np.uint8)
        radius = max(1, round(0.02 * unit))
        inside = cv2.erode(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
        allowed = np.minimum(allowed, np.maximum(inside, oval))
    brows = fill_contours(posed.landmarks, BROWS, width, height, grow=0.03 * unit)
    lips = fill_contours(posed.landmarks, (LIPS_OUTER,), width, height, grow=0.01 * unit)
    core = np.minimum(oval, 255 - np.maximum(brows, np.maximum(lips, eyes)))
    return np.stack([allowed, brows, lips, core], axis=-1)


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
    colour: np.ndarray, tone: SkinTone, features: np.ndarray, hairline: np.ndarray, beard: np.ndarray, texel: float
) -> SkinMask:
    """Trust of each texel by colour.

    Args:
        colour: (S, S, 3) linear RGB, the shading taken out.
        tone: statistics of the skin.
        features: (S, S, 4) float in [0, 1] in the order of ``FEATURES``.
        hairline, beard: (S, S) float, where hair may hang over skin, where a beard may grow.
        texel: mm.
    """
    away = log_chroma(colour) - tone.chroma.astype(np.float32)
    precision = tone.precision.astype(np.float32)
    chroma = np.sqrt(np.maximum(np.einsum("ijk,kl,ijl->ij", away, precision, away), 0))
    luminance = log_luminance(colour) - tone.luminance
    allowed, brows, lips, _ = np.moveaxis(features, -1, 0)
    kept = np.maximum(brows, lips)
    low = DARK[0] + (DARK_HAIRLINE[0] - DARK[0]) * hairline
    high = DARK[1] + (DARK_HAIRLINE[1] - DARK[1]) * hairline
    skin = smoothstep(luminance, low, high) * (1 - smoothstep(luminance, *BRIGHT))
    skin = skin * (1 - smoothstep(chroma, *CHROMA_SPREAD))
    # moles, pores and pimples are skin: what is not, is larger than 3 mm, except near the hairline
    large = _close(skin, 3.0 / texel)
    skin = large + (skin - large) * hairline
    stubble = beard * (1 - smoothstep(chroma, 4.0, 7.0)) * smoothstep(luminance, -2.2, -1.6)
    usable = np.maximum(skin, np.maximum(stubble, kept))
    usable = _retreat(usable, 1.2 / texel) * allowed
    plain = _retreat(skin * (1 - smoothstep(-luminance * beard, 0.2, 0.4)), 1.2 / texel) * (1 - kept) * allowed
    return SkinMask(usable.astype(np.float32), plain.astype(np.float32))


def _close(mask: np.ndarray, width: float) -> np.ndarray:
    """Grey closing: fills gaps narrower than ``width`` texels."""
    size = max(1, int(round(width)))
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))


def _retreat(mask: np.ndarray, width: float) -> np.ndarray:
    """Draw the edge back by ``width`` texels and soften it over as many, so that it ends at 0 where it ended before."""
    size = max(1, int(round(width)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    return np.minimum(mask, cv2.GaussianBlur(cv2.erode(mask, kernel), (0, 0), 0.5 * size + 0.3))
