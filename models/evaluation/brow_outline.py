"""How well grown brows lie where a photo shows brows, from the photo's own camera."""

from __future__ import annotations

import cv2
import numpy as np

from ...core.character.character import Character
from ...core.hair.attachment import carried
from ...core.hair.brow_paint import ZONE_MM
from ...core.hair.strands import SPARE
from ...core.head.chart import pixels
from ...core.head.fitted import View
from ...core.head.landmark_sets import BROWS
from ...core.head.raster import texel_millimetres, uv_in_view
from ...core.image.filters import disc, sample

NEAR = 1.5  # mm, Gaussian sigma: hair of the mask is a brow's where the paint of a brow is as near
FINE = 4  # pixels of the drawing to one of the photo
PATCH_MM = 0.7  # Gaussian sigma over which hairs join to a patch
DRAWN = 0.4  # of the usual share of a patch that hair hides, where there is a brow


def photo_brows(character: Character, view: View, landmarks: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the hair mask of the photos lies in a photo, as far as it is the brows'.

    Args:
        landmarks: (478, 2) u, v of the landmarks on the head.

    Raises:
        ValueError: the character has no hair mask.
    """
    if character.hair_mask is None:
        raise ValueError("the character has no hair mask")
    topology, mask = character.topology, character.hair_mask.astype(np.float32) / 255
    texel = texel_millimetres(topology, character.neutral, len(mask))
    points = view.pose.apply(character.posed(view.expression).astype(np.float64))
    xy = view.camera.project(points)
    raster, uv = uv_in_view(topology, points, xy, view.camera.width, view.camera.height)
    outlines = [pixels(landmarks[list(outline)], len(mask)) for outline in BROWS]
    zone = np.zeros(mask.shape, np.uint8)
    for outline in outlines:
        cv2.fillPoly(zone, [np.round(outline).astype(np.int32)], 1)
    zone = cv2.GaussianBlur(cv2.dilate(zone, disc(ZONE_MM[0] / texel)).astype(np.float32), (0, 0), NEAR / texel)
    found = np.zeros(raster.covered.shape, bool)
    place = pixels(uv.reshape(-1, 2)[raster.pixels], len(mask))
    found.ravel()[raster.pixels] = sample(mask * (zone > 0.5), place) > 0.5
    return found


def drawn_brows(character: Character, view: View) -> np.ndarray:
    """(H, W) bool: where the strands of the brows show in a photo, in its expression."""
    strands = next(s for s in character.hair.strands if s.group == "brows")
    points = carried(character.topology, strands, character.neutral, character.posed(view.expression))
    points = points[: round(len(points) / SPARE)]
    camera = view.camera
    placed = view.pose.apply(points.reshape(-1, 3).astype(np.float64))
    xy = camera.project(placed).reshape(points.shape[:2] + (2,)) * FINE
    pixel = float(np.median(placed[:, 2])) / camera.fx / FINE
    low = np.floor(xy.reshape(-1, 2).min(0) / FINE).astype(int) - 8
    high = np.ceil(xy.reshape(-1, 2).max(0) / FINE).astype(int) + 8
    image = np.zeros((high - low)[::-1] * FINE, np.uint8)
    width = max(1, round(2.0 * float(strands.radii.mean()) / pixel))
    for path in xy - low * FINE:
        cv2.polylines(image, [np.round(path * 16 - 8).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    share = min(1.0, 2.0 * float(strands.radii.mean()) / pixel / width)  # of a pixel, that a thinner hair hides
    patch = cv2.GaussianBlur(image.astype(np.float32) * (share / 255), (0, 0), PATCH_MM / pixel)
    small = cv2.resize(patch, tuple(int(n) for n in high - low), interpolation=cv2.INTER_AREA)
    small = small > DRAWN * np.quantile(small[small > 0.02], 0.85)
    whole = np.zeros((camera.height, camera.width), bool)
    top, left = max(low[1], 0), max(low[0], 0)
    part = small[top - low[1] : camera.height - low[1], left - low[0] : camera.width - low[0]]
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return whole


def brow_overlap(character: Character, landmarks: np.ndarray) -> float:
    """Intersection over union of the brows of the first photo's hair mask and those grown from it, 0 to 1."""
    view = character.views[0]
    found, grown = photo_brows(character, view, landmarks), drawn_brows(character, view)
    return float((found & grown).sum() / max((found | grown).sum(), 1))
