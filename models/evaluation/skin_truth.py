"""What a reconstruction says of skin whose paint is known: colour of the albedo, landmarks, expression at rest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...core.character.character import Character
from ...core.head.landmark_sets import eye_distance
from ...core.head.model import HeadModel, HeadTopology
from .portraits import Portrait, skin_lab

PLAIN = ("cheek", "forehead")  # regions without lips, brows or beard
INNER = 468  # landmarks without the irises


@dataclass(frozen=True)
class SkinResult:
    """One photo's result against the truth.

    Attributes:
        lightness: L* of the albedo minus that of the paint.
        hue: degrees by which its hue angle in CIELAB differs, with sign.
        chroma: C* minus the paint's.
        landmarks: mean distance of the found landmarks from the true ones, % of the distance of the outer eye corners.
        false_expression: mean weight read of the shapes on a face at rest, gaze left out.
        covered: share of cheeks and forehead that is believed to be skin.
    """

    lightness: float
    hue: float
    chroma: float
    landmarks: float
    false_expression: float
    covered: float


FIELDS = tuple(SkinResult.__dataclass_fields__)


def lab(colour: np.ndarray) -> np.ndarray:
    """(..., 3) CIELAB (D65) of sRGB colours (..., 3) in [0, 255]."""
    flat = np.asarray(colour, np.float32).reshape(1, -1, 3) / np.float32(255.0)
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(np.shape(colour)).astype(float)


def colour_error(found: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Differences of L*, of hue (degrees, to either side at most 180) and of C* of CIELAB colours (3,)."""
    (l1, a1, b1), (l2, a2, b2) = found, true
    turn = np.degrees(np.arctan2(b1, a1) - np.arctan2(b2, a2))
    return float(l1 - l2), float((turn + 180.0) % 360.0 - 180.0), float(np.hypot(a1, b1) - np.hypot(a2, b2))


def plain_pixels(topology: HeadTopology, size: int) -> np.ndarray:
    """(n, 2) int, row and column of the middle of each quad of plain skin in a map of ``size``."""
    plain = np.max([topology.region(name) for name in PLAIN], axis=0) > 0.5
    quads = plain[topology.faces].all(1)
    middle = topology.uv[quads].mean(1)
    at = np.stack([1.0 - middle[:, 1], middle[:, 0]], axis=1) * size
    return np.clip(at.astype(int), 0, size - 1)


def judged(model: HeadModel, character: Character, taken: Portrait, head: np.ndarray, tone: int) -> SkinResult:
    """A character made of a portrait of a resting head (V, 3) mm in a Monk tone."""
    rows, columns = plain_pixels(model.topology, len(character.albedo)).T
    skin = np.median(character.albedo[rows, columns], axis=0)
    at = plain_pixels(model.topology, len(character.skin_mask)).T
    view = character.views[0]
    true = taken.camera.project(taken.pose.apply(model.landmarks(head.astype(float))))[:INNER]
    apart = np.linalg.norm(view.landmarks.points[:INNER] - true, axis=1).mean()
    gaze = np.array([name.startswith("eyeLook") for name in character.expression_names])
    return SkinResult(
        *colour_error(lab(skin), skin_lab(tone)), float(100.0 * apart / eye_distance(true)),
        float(view.expression[~gaze].mean()), float((character.skin_mask[at[0], at[1]] > 127).mean()),
    )
