"""Photos and a fitted head to skin textures: unwrap, skin mask, light, albedo, completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from ..character.resize import SIZES
from ..head.fitted import CoarseFit
from ..head.model import HeadModel, HeadTopology
from ..head.raster import sample_smooth, texel_millimetres
from ..image.colour import linear_to_srgb_bytes
from ..nets.hands import hand_mask
from ..nets.sessions import FaceNets
from ..view.chart_window import Window, placed, union
from .blend import blend_photos
from .completion import complete
from .eye_colour import DEFAULT_EYE_COLOUR
from .roughness import roughness_map
from .view_texture import ViewTexture, view_texture

RESOLVED = 0.75  # texels of a size that a photo's pixel may be, for the next larger one


@dataclass(frozen=True)
class Texture:
    """Skin of one character; row 0 is v = 1.

    Attributes:
        albedo: (S, S, 3) uint8 sRGB.
        roughness: (S, S) uint8, 255 is rough.
        skin_mask: (S, S) uint8, 255 where a photo shows skin that was used.
        hair_mask: (S, S) uint8, 255 where brows, beard or hair cover the skin in a photo.
        views: what each photo gives in UV space, for its lines and relief.
        eye_colour: (3,) sRGB in [0, 1].
        tooth_colour: (3,) sRGB in [0, 1]; None where no photo shows teeth.
        warnings: lines for the artist.
    """

    albedo: np.ndarray
    roughness: np.ndarray
    skin_mask: np.ndarray
    hair_mask: np.ndarray
    views: tuple[ViewTexture, ...]
    eye_colour: np.ndarray
    tooth_colour: np.ndarray | None
    warnings: tuple[str, ...]


def build_texture(
    model: HeadModel,
    fit: CoarseFit,
    photos: Sequence[np.ndarray],
    nets: FaceNets | None,
    size: int | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
    hands: Sequence[np.ndarray | None] | None = None,
    foreign: Sequence[np.ndarray | None] | None = None,
) -> Texture:
    """Skin textures of a fitted head.

    Args:
        photos: (H, W, 3) uint8 sRGB, upright, one for each view of the fit.
        nets: for the person segmentation; None does without.
        size: width of the maps; by default what the photos resolve (:func:`map_size`).
        progress: called with a fraction in [0, 1] and a message.
        hands: (H, W) in [0, 1] what hands hide in each photo (:func:`hand_mask`), or None where there are none; by
            default the nets look for them.
        foreign: (H, W) in [0, 1] what else hides each face (``view.foreign``), or None where nothing does.
    """
    size = size or map_size(model, fit)
    if hands is None:
        boxes = [view.landmarks.box for view in fit.views]
        hands = [None if nets is None else hand_mask(photo, box, nets) for box, photo in zip(boxes, photos)]
    texel = texel_millimetres(model.topology, fit.neutral, size)
    views = []
    for i, (view, photo) in enumerate(zip(fit.views, photos)):
        progress(0.7 * i / len(photos), "unwrapping the photo")
        others = foreign[i] if foreign else None
        views.append(view_texture(model, fit, view, photo, nets, size, texel, hands[i], others))
    progress(0.7, "completing hidden skin")
    window = union([v.window for v in views])
    coarse = texel * window.factor
    albedo, tone = blend_views(model.topology, views, coarse, window)
    trust, plain, bare = (reduce(np.maximum, [getattr(v, name) for v in views]) for name in ("trust", "plain", "bare"))
    hair = shared_hair(views)
    whole, seen = complete(model.topology, fit.neutral, albedo, trust, plain, bare, tone, coarse, window)
    progress(0.9, "filling the maps")
    eyes = [v.eye_colour for v in views if v.eye_colour is not None]
    teeth = [v.tooth_colour for v in views if v.tooth_colour is not None]
    return Texture(
        albedo=_joined(linear_to_srgb_bytes(np.exp(whole)), linear_to_srgb_bytes(np.exp(seen)), window),
        roughness=_joined(*roughness_map(model.topology, whole, seen, coarse, window), window),
        skin_mask=_enlarged(np.round(255 * trust).astype(np.uint8), size),
        hair_mask=_enlarged(np.round(255 * hair).astype(np.uint8), size),
        views=tuple(views),
        eye_colour=np.mean(eyes, axis=0) if eyes else np.array(DEFAULT_EYE_COLOUR),
        tooth_colour=np.mean(teeth, axis=0) if teeth else None,
        warnings=tuple(dict.fromkeys(line for v in views for line in v.warnings)),
    )


def shared_hair(views: Sequence[ViewTexture]) -> np.ndarray:
    """(g, g) in [0, 1] hair over skin in any photo, unless another shows plain skin there: then it was a shadow."""
    hair = np.zeros_like(views[0].hair)
    for view in views:
        others = [other.plain for other in views if other is not view]
        hair = np.maximum(hair, view.hair * (1.0 - reduce(np.maximum, others, np.zeros_like(hair))))
    return hair


def map_size(model: HeadModel, fit: CoarseFit) -> int:
    """The size of ``SIZES`` whose texels the sharpest photo fills: 1024, or more where its pixels are finer."""
    texel = texel_millimetres(model.topology, fit.neutral, SIZES[0])
    pixel = min(v.pose.translation[2] / (0.5 * (v.camera.fx + v.camera.fy)) for v in fit.views)
    larger = [size for size in SIZES[1:] if pixel < RESOLVED * texel * 2 * SIZES[0] / size]
    return max(larger, default=SIZES[0])


def blend_views(
    topology: HeadTopology, views: Sequence[ViewTexture], texel: float, window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """One log albedo (h, w, 3) of all photos in the window, and its tone (3,).

    Args:
        texel: mm, at the working size.
        window: what any of them shows.
    """
    tone = np.mean([v.tone for v in views], axis=0)
    if len(views) == 1:
        return views[0].log_albedo, tone
    qualities = [
        sample_smooth(topology, np.clip(v.posed.facing, 0.05, 1.0), window.grid)[window.work] ** 2
        / np.float32(v.posed.millimetres_per_pixel)
        for v in views
    ]
    albedos = [placed(v.log_albedo + (tone - v.tone).astype(np.float32), v.window, window) for v in views]
    return blend_photos(albedos, [v.trust[window.work] for v in views], qualities, texel), tone


def _joined(whole: np.ndarray, seen: np.ndarray, window: Window) -> np.ndarray:
    """(S, S[, 3]) uint8 map of the whole chart at the working size and of the window at that of the map."""
    image = _enlarged(whole, window.size, cv2.INTER_CUBIC)
    image[window.full] = seen
    return image


def _enlarged(image: np.ndarray, size: int, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """A chart (g, g[, c]) at ``size`` texels."""
    return image if len(image) == size else cv2.resize(image, (size, size), interpolation=interpolation)
