"""The outline of head, ears and neck against the border of the person in a photo.

The segmentation net says where the person ends. Where bare skin reaches that border the head ends there too; where hair
or clothes do, the head ends somewhere inside. The head's own outline is taken from a drawing of it; its points are
pulled along the gradient of the distance to the border (Fitzgibbon 2003, Robust registration of 2D and 3D point sets).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from ..head.fitted import CoarseFit, View
from ..head.landmark_sets import eye_distance
from ..head.model import HeadModel
from ..head.raster import rasterize
from ..image.filters import sample, smoothstep
from ..view.skin_pixels import skin_pixels
from .normal_equations import Term
from .state import ViewState
from .terms import PointBasis, geman_mcclure, project

EYE_DISTANCE = 60.0  # pixels between the outer eye corners in what is looked at
AROUND = 1.2  # of the eye distance: how far beyond the landmarks a head can reach; hair and neck lie there
EDGE = 0.05  # of the eye distance: a border so near to the edge of the photo, or to a hand, is none of the person's
PERSON = 0.65  # of the net's probability: so borders lie on those of rendered people, at .5 half a millimetre outside
BARE = (0.35, 0.65)  # share of skin within a border's neighbourhood: at least so much, and surely bare
SCALP = 0.25  # how far a bare scalp is believed: grey hair passes for skin
NEIGHBOURHOOD = 0.12  # of the eye distance
POINTS = 160  # of an outline, at most
OPEN_EDGE = 12.0  # mm: nearer to where the model's neck ends, there is no outline


@dataclass(frozen=True)
class PersonBorder:
    """Where the person in a photo ends.

    Attributes:
        distance: (h, w) float32 photo pixels to the border, positive on the person.
        counts: (h, w) float32 in [0, 1]: whether the nearest border is one, and not the edge of the photo or a hand.
        bare: (h, w) float32 in [0, 1]: whether skin reaches it.
        scale: pixels of these per pixel of the photo; corner: (2,) photo pixels of their upper left corner.
    """

    distance: np.ndarray
    counts: np.ndarray
    bare: np.ndarray
    scale: float
    corner: np.ndarray

    @cached_property
    def slopes(self) -> list[np.ndarray]:
        """(h, w) each: change of the distance from row to row, and from column to column."""
        return np.gradient(self.distance)

    def sample(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Distance (m,), its gradient (m, 2), whether it counts (m,) and is bare (m,), at photo pixels (m, 2)."""
        at = (pixels - self.corner) * self.scale - 0.5

        def look(values: np.ndarray) -> np.ndarray:
            return sample(values, at).astype(float)

        slope_v, slope_u = self.slopes
        gradient = self.scale * np.stack([look(slope_u), look(slope_v)], axis=1)
        return look(self.distance), gradient, look(self.counts), look(self.bare)


@dataclass(frozen=True)
class Outline:
    """Points of the head's outline in one photo, and the border that they are compared with.

    Attributes:
        basis: the points.
        plain: (m,) in [0, 1], how far skin that seems to end there is believed to be skin.
    """

    basis: PointBasis
    plain: np.ndarray
    border: PersonBorder

    def of_one_head(self, identity: np.ndarray) -> Outline:
        """The outline of a head that is known."""
        return replace(self, basis=self.basis.of_one_head(identity))

    def term(self, identity: np.ndarray, state: ViewState, width: int, height: int, spread: float, points: float,
             robust_scale: float) -> Term:
        """Distances of the outline from the border, across it.

        Args:
            width, height: of the photo, pixels.
            spread: pixels.
            points: how many independent ones the outline counts as.
            robust_scale: standard deviations at which a point loses three quarters of its weight.
        """
        projection = project(self.basis, identity, state, width, height)
        distance, gradient, counts, bare = self.border.sample(projection.pixels)
        # the outermost pixels of a drawing lie half a pixel inside its outline
        distance = distance - 0.5 / self.border.scale
        weight = counts * np.where(distance < 0, 1.0, bare * self.plain) * points / max(len(distance), 1)
        residual = distance / spread
        weight = weight * geman_mcclure(np.abs(residual), robust_scale)
        # residual = measured - predicted: the border's distance shrinks as the outline moves outwards
        jacobian = -np.einsum("ndp,nd->np", projection.pixel_jacobian, gradient) / spread
        return Term(residual, jacobian, weight)


def border_in_photo(image: np.ndarray, landmarks: np.ndarray, person: np.ndarray,
               cover: np.ndarray | None = None) -> PersonBorder:
    """Where the person in a photo ends.

    Args:
        image: (H, W, 3) uint8 sRGB.
        landmarks: (478, 2) pixels.
        person: (H, W) in [0, 1], the segmentation of the person.
        cover: (H, W) in [0, 1], what lies before the face (hands), or None.
    """
    eye = max(eye_distance(landmarks), 1.0)
    height, width = image.shape[:2]
    low = np.floor(np.clip(landmarks.min(axis=0) - AROUND * eye, 0, (width - 1, height - 1))).astype(int)
    high = np.ceil(np.clip(landmarks.max(axis=0) + AROUND * eye, low + 1, (width, height))).astype(int)
    window = slice(low[1], high[1]), slice(low[0], high[0])
    scale = min(1.0, EYE_DISTANCE / eye)
    size = tuple(int(max(3, round(n * scale))) for n in high - low)
    image, person = (cv2.resize(p[window], size, interpolation=cv2.INTER_AREA)
                     for p in (image, person.astype(np.float32)))
    skin = skin_pixels(image, (landmarks - low) * scale, person)
    border, inside = _border(person)
    near = 2 * max(1, round(NEIGHBOURHOOD * eye * scale)) + 1
    # the rim of the person is never called skin (``skin_pixels``), so the share is that of what lies behind it
    share = cv2.blur(skin, (near, near)) / np.maximum(cv2.blur(inside, (near, near)), 1e-3)
    bare = smoothstep(share, *BARE)
    counts = _away_from_edges(inside.shape, low, high, (width, height), EDGE * eye * scale)
    if cover is not None:
        hand = cv2.resize(cover[window].astype(np.float32), size, interpolation=cv2.INTER_AREA)
        counts *= 1.0 - cv2.dilate((hand > 0.3).astype(np.float32), np.ones((near, near), np.uint8))
    distance, nearest = cv2.distanceTransformWithLabels(
        1 - border, cv2.DIST_L2, cv2.DIST_MASK_PRECISE, labelType=cv2.DIST_LABEL_PIXEL)
    of_label = np.zeros((int(nearest.max()) + 1, 2), np.float32)
    at = border > 0
    of_label[nearest[at]] = np.stack([counts[at], bare[at]], axis=1)
    signed = np.where(inside > 0.5, distance + 0.5, 0.5 - distance)
    there = of_label[nearest]
    return PersonBorder((signed / scale).astype(np.float32), there[..., 0], there[..., 1], scale, low.astype(float))


def _border(person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) uint8, the outermost pixels of the person, and (h, w) float32, the person, both without specks."""
    inside = (person > PERSON).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    if count > 1:
        inside = (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    return inside - cv2.erode(inside, np.ones((3, 3), np.uint8)), inside.astype(np.float32)


def _away_from_edges(shape: tuple[int, ...], low: np.ndarray, high: np.ndarray, size: tuple[int, int],
                     margin: float) -> np.ndarray:
    """(h, w) float32, 0 near the sides of the window that lie on those of the photo."""
    counts = np.ones(shape, np.float32)
    width = int(np.ceil(margin)) + 1
    if low[0] == 0:
        counts[:, :width] = 0
    if low[1] == 0:
        counts[:width] = 0
    if high[0] == size[0]:
        counts[:, -width:] = 0
    if high[1] == size[1]:
        counts[-width:] = 0
    return counts


def outline(model: HeadModel, fit: CoarseFit, view: View, border: PersonBorder, components: int) -> Outline | None:
    """The outline of a fitted head as one of its photos shows it; None where it shows none.

    Args:
        model: with the fit's displacement in its mean head.
        components: identity coefficients of the basis.
    """
    topology = model.topology
    triangles = topology.head_triangles
    posed = fit.neutral.astype(float) + np.tensordot(view.expression, model.expression_basis, 1)
    points = view.pose.apply(posed)
    pixels = (view.camera.project(points) - border.corner) * border.scale
    height, width = border.distance.shape
    found, share = rasterize(pixels, points[:, 2], triangles, width, height)
    covered = (found >= 0).astype(np.uint8)
    rim = covered - cv2.erode(covered, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    rim[0] = rim[-1] = rim[:, 0] = rim[:, -1] = 0
    rows, columns = np.nonzero(rim)
    corners, weights = triangles[found[rows, columns]], share[rows, columns].astype(float)
    kept = np.flatnonzero(~_near_the_open_edge(model)[corners].any(axis=1))
    if not len(kept):
        return None
    kept = kept[:: max(1, round(len(kept) / POINTS))]
    corners, weights = corners[kept], weights[kept]
    plain = np.ones(len(kept))
    if "scalp" in topology.region_names:
        plain -= (1.0 - SCALP) * np.clip((topology.region("scalp")[corners] * weights).sum(axis=1), 0.0, 1.0)
    return Outline(_points_on(model, corners, weights, components), plain, border)


def _near_the_open_edge(model: HeadModel) -> np.ndarray:
    """(V,) bool: near to where the neck of the mean head ends."""
    topology = model.topology
    height = model.mean[topology.region("neck") > 0.5, 1].min() if "neck" in topology.region_names else -np.inf
    return model.mean[:, 1] < height + OPEN_EDGE


def _points_on(model: HeadModel, corners: np.ndarray, weights: np.ndarray, components: int) -> PointBasis:
    """Basis of points (m,) inside triangles."""
    def mixed(values: np.ndarray) -> np.ndarray:
        return np.einsum("...mkd,mk->m...d", values[..., corners, :].astype(float), weights)

    return PointBasis(
        mixed(model.mean), np.moveaxis(mixed(model.identity_basis[:components]), 1, -1),
        np.moveaxis(mixed(model.expression_basis), 1, -1),
    )
