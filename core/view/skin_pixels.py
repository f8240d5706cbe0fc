"""Which pixels around a face show skin and not hair, judged before there is a fitted head: by tone, strands, darkness.

The person mask of the segmentation net includes hair, and a fringe read as shading turns into a receding forehead.
What skin looks like is taken from the cheeks, nose and chin of the same face, between the landmarks; there everything
counts as skin, for eyes, brows and lips are known by their places.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..head.landmark_sets import BROWS, EYES, FACE_OVAL, LIPS_OUTER, eye_distance, fill_contours
from ..image.colour import LUMINANCE, srgb_to_linear
from ..image.filters import disc
from .skin_mask import is_grey, log_chroma, log_luminance

MARGIN = 0.8  # of the eye distance: how far from the landmarks skin is looked for
ABOVE_BROWS = 0.12  # of the eye distance: up to here brows, not hair, are what is dark
RIM = 0.03  # of the eye distance: the outline of a person is not known better
CHROMA_FLOOR = 0.08  # log units: skin of one face is never known better than this
CHROMA_LIMIT = 5.0  # standard deviations from the face's own chroma
DARK_LIMIT = 1.6  # log units darker than the darker skin of the face
TEXTURE_LIMIT = 3.0  # times the fine contrast of the face's skin
TEXTURE_FLOOR = 0.015  # log units of fine contrast that noise and grain make


def skin_pixels(image: np.ndarray, points: np.ndarray, person: np.ndarray | None = None) -> np.ndarray:
    """Trust that a pixel of a person is skin and not hair; a wall of the same colour is not told apart.

    Args:
        image: (h, w, 3) uint8 sRGB.
        points: (478, 2) landmarks in its pixels.
        person: (h, w) in [0, 1], where the person is; without it the outline of a face before a bright wall has the
            contrast of strands and is lost.

    Returns:
        (h, w) float32 in [0, 1], 0 far from the face; 1 around a face that shows too little skin to judge by.
    """
    near = np.ceil(MARGIN * eye_distance(points))
    left, top = np.maximum(np.floor(points.min(axis=0)) - near, 0).astype(int)
    right, bottom = np.maximum(np.ceil(points.max(axis=0)) + near, 0).astype(int)
    trust = np.zeros(image.shape[:2], np.float32)
    part = image[top:bottom, left:right]
    if part.size:
        inside = None
        if person is not None:
            inside = (person[top:bottom, left:right] > 0.5).astype(np.float32)
            inside = cv2.erode(inside, disc(RIM * eye_distance(points)))
        trust[top:bottom, left:right] = _trust(part, points - (left, top), inside)
    return trust


def _trust(image: np.ndarray, points: np.ndarray, person: np.ndarray | None) -> np.ndarray:
    """:func:`skin_pixels` of the part of a photo around the face."""
    height, width = image.shape[:2]
    eye = eye_distance(points)
    inner = _inner_face(points, width, height)
    features = fill_contours(points, (*EYES, *BROWS, LIPS_OUTER), width, height, 0.06 * eye) > 0
    sample = inner & ~features
    if np.count_nonzero(sample) < 200:
        return np.ones((height, width), np.float32)
    linear = srgb_to_linear(image)
    smooth = _blurred(linear, 0.015 * eye, person)
    luminance = log_luminance(smooth)
    dark = np.percentile(luminance[sample], 20.0) - luminance
    trust = _falls(dark, DARK_LIMIT)
    grey = linear @ LUMINANCE
    fine = np.log(_blurred(grey, 0.005 * eye, person) + 2e-3) - np.log(_blurred(grey, 0.02 * eye, person) + 2e-3)
    contrast = _blurred(np.abs(fine), 0.03 * eye, person)
    usual = max(float(np.median(contrast[sample])), TEXTURE_FLOOR)
    trust *= _falls(contrast / usual, TEXTURE_LIMIT)
    if not is_grey(image):
        trust *= _falls(_chroma_distance(log_chroma(smooth), sample), CHROMA_LIMIT)
    trust = cv2.morphologyEx(trust.astype(np.float32), cv2.MORPH_OPEN, disc(0.03 * eye))
    trust[inner] = 1.0
    return trust


def _blurred(values: np.ndarray, sigma: float, inside: np.ndarray | None) -> np.ndarray:
    """Gaussian blur of (h, w) or (h, w, 3), over what is inside (h, w) alone."""
    if inside is None:
        return cv2.GaussianBlur(values, (0, 0), sigma)
    share = np.maximum(cv2.GaussianBlur(inside, (0, 0), sigma), 1e-3)
    mask, share = (inside, share) if values.ndim == 2 else (inside[..., None], share[..., None])
    return cv2.GaussianBlur(values * mask, (0, 0), sigma) / share


def _inner_face(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """(h, w) bool: inside the face and not far above the brows, where little hair hangs."""
    face = fill_contours(points, (FACE_OVAL,), width, height) > 0
    up = points[10] - points[152]  # from the chin to the top of the forehead
    up /= max(float(np.linalg.norm(up)), 1e-6)
    brows = points[[index for brow in BROWS for index in brow]] @ up
    rows, columns = np.mgrid[:height, :width]
    return face & (columns * up[0] + rows * up[1] < np.median(brows) + ABOVE_BROWS * eye_distance(points))


def _chroma_distance(chroma: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """(h, w) standard deviations from the median chroma of the sample."""
    values = chroma[sample]
    middle = np.median(values, axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(values - middle), axis=0), CHROMA_FLOOR)
    return np.linalg.norm((chroma - middle) / spread, axis=-1)


def _falls(value: np.ndarray, limit: float) -> np.ndarray:
    """1 up to 80 % of the limit, 0 beyond 120 %."""
    return np.clip((1.2 - value / limit) / 0.4, 0.0, 1.0)
