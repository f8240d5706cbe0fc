"""Which texels of one unwrapped photo are used: by colour, and by whether what lies there belongs there at all.

A fit is a millimetre or two off, and a photo shows what lies in front: beside a nose there is the nose, around a
nostril its inside, on a lid its lashes. There the photo is trusted less.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..head.fitted import CoarseFit
from ..head.landmark_sets import eye_distance
from ..head.model import HeadModel, HeadTopology, region_sum
from ..head.raster import uv_raster
from ..image.colour import channel_mean, srgb_to_linear
from ..image.filters import smoothstep
from ..view.skin_mask import (
    BEARD_REGIONS,
    GLASSES_REGIONS,
    HAIRLINE_REGIONS,
    INNER_REGIONS,
    SkinMask,
    SkinTone,
    classify,
    log_luminance,
)
from ..view.unwrap import PosedView
from .albedo_lines import line_darkness, without_lines

MASK_SIZE = 512  # texels at which skin is told from hair
LINED_REGIONS, LINE_MM = ("forehead", "glabella"), 6.5  # where dark lines so wide are no hair
BESIDE_MM = 2.5  # beside what hides skin, the photo may show that
LIDS, BLINK = ("upper_lid", "lower_lid"), ("eyeBlinkLeft", "eyeBlinkRight")
LASHES_MM = 2.2  # around the eyes
LASH_DARK = (0.12, 0.3)  # log luminance under the lid
MOUTH_CORNERS = (61, 291, 78, 308)  # landmarks
HAIR_MM = 0.4  # width of a photo's pixel under which a beard shows its hairs
STRANDS_MM = (0.7, 2.5)  # Gaussian sigma of hairs and of a patch of them
BLINK_MM = (0.5, 2.0)  # that skin moves when the eyes close: it is no part of the lid, it is
UNFOLDED = (0.25, 0.5)  # share of a closed lid's area that a photo shows of it: none is used, all
NOSTRIL_REACH_MM, CORNER_REACH_MM = (4.0, 8.0), (2.5, 5.5)  # around them, what is dark is the hole; may be skin
HOLE_REGIONS = ("nose", "nostril", "upper_lip", "nasolabial", "mouth_corner", "perioral", "lips", "lower_lip")
FRAME_DEPTH, FRAME_WIDTH = 0.85, 0.09  # log luminance; distances between the outer eye corners
# landmarks along the bridge of the nose, and from under each eye to the cheek
FRAME_PATHS = ((9, 8, 168, 6, 197, 195), (23, 230, 119, 118, 101), (253, 450, 348, 347, 330))


def view_mask(
    model: HeadModel, log_albedo: np.ndarray, tone: SkinTone, features: np.ndarray, posed: PosedView, texel: float
) -> SkinMask:
    """Skin mask, worked out at ``MASK_SIZE``.

    Args:
        log_albedo: (S, S, 3), the shading taken out.
        features: (S, S, 4) of ``feature_image``, in [0, 1].
        texel: mm.
    """
    topology, size = model.topology, log_albedo.shape[0]
    small = (MASK_SIZE, MASK_SIZE)
    contrast = fine_contrast(log_albedo, features, texel) if posed.millimetres_per_pixel < HAIR_MM else None
    texel = texel * size / MASK_SIZE
    raster = uv_raster(topology, MASK_SIZE)
    groups = (HAIRLINE_REGIONS, BEARD_REGIONS, INNER_REGIONS, GLASSES_REGIONS)
    corners = model.landmarks(posed.points)[list(MOUTH_CORNERS)]
    fields = [region_sum(topology, names) for names in (*groups, LIDS)]
    fields.append(around_holes(topology, posed.points, corners))
    hairline, beard, inner, glasses, lids, holes = np.moveaxis(raster.sample(np.column_stack(fields)), -1, 0)
    colour = cv2.resize(log_albedo, small, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(features[..., 0], small, interpolation=cv2.INTER_AREA)
    dark = smoothstep(line_darkness(channel_mean(colour), lids, texel), *LASH_DARK)
    radius = max(1, round(LASHES_MM / texel))
    beside = 1 - cv2.erode(seen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    holes = np.maximum(holes, lids * dark)
    # a line across the forehead is dark without being hair
    forehead = raster.sample(region_sum(topology, LINED_REGIONS))[..., None]
    colour += forehead * (without_lines(colour, seen, texel, LINE_MM) - colour)
    mask = classify(
        np.exp(colour),
        tone,
        cv2.resize(features, small, interpolation=cv2.INTER_AREA),
        hairline,
        beard,
        inner,
        glasses * wears_glasses(posed),
        texel,
        holes,
        contrast,
    )
    lashes = lids * cv2.GaussianBlur(beside, (0, 0), 0.5 * radius)
    masks = mask.usable * (1 - lashes), mask.plain * (1 - lashes), mask.bare, mask.hair
    grown = (cv2.resize(m, (size, size), interpolation=cv2.INTER_LINEAR) for m in masks)
    return SkinMask(*grown)


def fine_contrast(log_albedo: np.ndarray, features: np.ndarray, texel: float) -> np.ndarray:
    """(MASK_SIZE, MASK_SIZE) how rough the brightness is from hair to hair, times that of the middle of the face.

    Args:
        log_albedo: (S, S, 3).
        features: (S, S, 4) of ``feature_image``, in [0, 1].
        texel: mm.
    """
    luminance = channel_mean(log_albedo)
    fine = np.abs(luminance - cv2.GaussianBlur(luminance, (0, 0), STRANDS_MM[0] / texel))
    fine = cv2.resize(fine, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
    fine = cv2.GaussianBlur(fine, (0, 0), STRANDS_MM[1] * MASK_SIZE / (texel * len(log_albedo)))
    core = cv2.resize(features[..., 3] * features[..., 0], (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA) > 0.9
    usual = float(np.median(fine[core])) if core.any() else 0.0
    return fine / max(usual, 1e-4)


def off_edges(topology: HeadTopology, confidence: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) confidence, drawn back from where it ends at once: beside a nose, the photo shows the nose there."""
    size, small = len(confidence), min(len(confidence), MASK_SIZE)
    raster = uv_raster(topology, small)
    seen = cv2.resize(confidence, (small, small), interpolation=cv2.INTER_AREA)
    seen[~raster.covered] = 1.0
    radius = max(1, round(BESIDE_MM / (texel * size / small)))
    seen = cv2.erode(seen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    seen = cv2.resize(cv2.GaussianBlur(seen, (0, 0), 0.5 * radius), (size, size), interpolation=cv2.INTER_LINEAR)
    return np.minimum(confidence, seen)


def belonging(model: HeadModel, fit: CoarseFit, posed: PosedView) -> np.ndarray:
    """(V,) float32 in [0, 1], how far what a photo shows there belongs there: no ears, no lids that are rolled up.

    No landmark tells where an ear is. What a photo shows of a lid is spread over more skin when it closes: the area in
    the picture over that of the closed lid, as a cosine to the viewing direction is.
    """
    topology = model.topology
    lids = region_sum(topology, LIDS)
    blink = [model.expression_names.index(name) for name in BLINK if name in model.expression_names]
    moved = model.expression_basis[blink].sum(0)
    lids = np.maximum(lids, smoothstep(np.linalg.norm(moved, axis=1), *BLINK_MM))
    shut = fit.neutral + moved
    triangles = topology.triangles[(lids[topology.triangles] > 0).any(1)]
    a, b, c = np.moveaxis((posed.xy / posed.scale * posed.millimetres_per_pixel)[triangles], 1, 0)
    shown = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    a, b, c = np.moveaxis(shut[triangles].astype(np.float64), 1, 0)
    whole = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    count = topology.vertex_count
    areas = [np.bincount(triangles.ravel(), np.repeat(area, 3), count) for area in (shown, whole)]
    share = smoothstep(areas[0] / np.maximum(areas[1], 1e-6), *UNFOLDED)
    return ((1 - lids * (1 - share)) * (1 - region_sum(topology, ("ear",)))).astype(np.float32)


def around_holes(topology: HeadTopology, vertices: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(V,) float32 in [0, 1], skin so near to a nostril or a corner of the mouth that what is dark may be its inside.

    Args:
        vertices: (V, 3) mm.
        corners: (n, 3) mm, of the mouth.
    """
    near = np.flatnonzero(region_sum(topology, HOLE_REGIONS) > 0)
    around = np.zeros(len(vertices), np.float32)
    nostrils = vertices[region_sum(topology, ("nostril",)) > 0.5]
    for holes, reach in ((nostrils, NOSTRIL_REACH_MM), (corners, CORNER_REACH_MM)):
        if len(near) and len(holes):
            away = np.linalg.norm(vertices[near, None] - holes[None], axis=-1).min(1)
            around[near] = np.maximum(around[near], 1 - smoothstep(away, *reach))
    return around


def wears_glasses(posed: PosedView) -> bool:
    """Whether thin dark lines cross the bridge of the nose and the skin under an eye: the frame of glasses.

    Along paths between landmarks, how much a closing of ``FRAME_WIDTH`` fills, in log luminance; bridge and eye
    must both show it (geometric mean).
    """
    unit = eye_distance(posed.landmarks)
    image = cv2.GaussianBlur(posed.image, (0, 0), max(0.3, 0.006 * unit))
    depths = []
    for path in FRAME_PATHS:
        points = posed.landmarks[list(path)] - 0.5
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        steps = np.linspace(0, length[-1], 80)
        line = np.stack([np.interp(steps, length, points[:, k]) for k in range(2)], axis=-1)[None].astype(np.float32)
        values = cv2.remap(image, line, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        values = log_luminance(srgb_to_linear(values)).astype(np.float32)
        width = max(3, round(80 * FRAME_WIDTH * unit / max(float(length[-1]), 1e-6)))
        filled = cv2.morphologyEx(values, cv2.MORPH_CLOSE, np.ones((1, width), np.uint8))
        depths.append(float((filled - values).max()))
    bridge, *under = depths
    return bridge * max(under) > FRAME_DEPTH**2
