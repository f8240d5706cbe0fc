"""Photos and a fitted head to skin textures: unwrap, skin mask, light, albedo, completion, static detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from . import landmarks as face_landmarks
from .albedo import (
    delight,
    flatten_light,
    is_unusual,
    lift_shadows,
    masked_blur,
    normalisation,
    remove_highlights,
    soften_lines,
)
from .apparent_age import apparent_age
from .character import CoarseFit, View
from .colour import linear_to_srgb_bytes, srgb_to_linear
from .completion import complete
from .detection import Face
from .eye_colour import DEFAULT_EYE_COLOUR, eye_colour
from .face_nets import FaceNets
from .head_model import HeadModel, HeadTopology
from .lighting import Light, estimate_light
from .raster import fill_outside, sample_smooth, uv_raster
from .roughness import roughness_map
from .skin_mask import (
    BEARD_REGIONS,
    HAIRLINE_REGIONS,
    LID_REGIONS,
    SkinMask,
    SkinTone,
    classify,
    feature_image,
    region_sum,
    skin_tone,
)
from .static_detail import static_detail
from .tension import evaluate_tension, tension_weights
from .unwrap import PosedView, Unwrapped, pose_view, posed_vertices, smoothstep, texel_millimetres, unwrap

SIZES = (1024, 2048)
STATISTICS_SIZE = 256  # texels at which light and tone are estimated
EVEN_SIZE = 1024  # texels, at most, at which gloss and shadows are taken out
MASK_SIZE = 512  # texels at which skin is told from hair
LEAST_SKIN = 0.02  # share of the face's texels under which the photo's skin is not used
# folds that an expression draws: region and shape keys
FOLDS = {
    "nasolabial": ("mouthSmileLeft", "mouthSmileRight", "noseSneerLeft", "noseSneerRight"),
    "mouth_corner": ("mouthSmileLeft", "mouthSmileRight", "mouthDimpleLeft", "mouthDimpleRight"),
    "under_eye": ("cheekSquintLeft", "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight"),
}
# a tone for photos that show no skin to measure (linear)
FALLBACK_TONE = np.log(np.array([0.45, 0.29, 0.21]))
# log colour that lips have over skin, of the same luminance
GREY_LIPS = np.array([0.18, -0.10, -0.02])


@dataclass(frozen=True)
class Texture:
    """Skin of one character; row 0 is v = 1.

    Attributes:
        albedo: (S, S, 3) uint8 sRGB.
        roughness: (S, S) uint8, 255 is rough.
        skin_mask: (S, S) uint8, 255 where a photo shows skin that was used.
        static: (S, S) float32 mm.
        age: apparent age, 0 (20 years) to 1 (85 years).
        eye_colour: (3,) sRGB in [0, 1].
        warnings: lines for the artist.
    """

    albedo: np.ndarray
    roughness: np.ndarray
    skin_mask: np.ndarray
    static: np.ndarray
    age: float
    eye_colour: np.ndarray
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ViewTexture:
    """What one photo gives, in UV space.

    Attributes:
        posed: the head in the photo.
        light: its light.
        log_albedo: (S, S, 3) float32, normalised in exposure.
        shaded: (S, S, 3) the same before highlights and slow light were taken out, for relief and age.
        trust: (S, S) in [0, 1], how far a texel is used.
        plain: (S, S) the part of it that is plain skin.
        bare: (S, S) the part of it whose shading is worth reading.
        at_rest: (V_head,) in [0, 1], 0 where the expression pushes the skin together.
        tone: (3,) log albedo of the skin.
        eye_colour: (3,) or None.
        warnings: lines for the artist.
    """

    posed: PosedView
    light: Light
    log_albedo: np.ndarray
    shaded: np.ndarray
    trust: np.ndarray
    plain: np.ndarray
    bare: np.ndarray
    at_rest: np.ndarray
    tone: np.ndarray
    eye_colour: np.ndarray | None
    warnings: tuple[str, ...]


def build_texture(
    model: HeadModel,
    fit: CoarseFit,
    photos: Sequence[np.ndarray],
    nets: FaceNets | None,
    size: int | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Texture:
    """Skin textures of a fitted head.

    Args:
        photos: (H, W, 3) uint8 sRGB, upright, one for each view of the fit.
        nets: for the person segmentation; None does without.
        size: width of the maps; by default 2048 where a photo resolves it, else 1024.
        progress: called with a fraction in [0, 1] and a message.
    """
    size = size or map_size(model, fit)
    texel = texel_millimetres(model.topology, fit.neutral, size)
    views = []
    for i, (view, photo) in enumerate(zip(fit.views, photos)):
        progress(0.7 * i / len(photos), "unwrapping the photo")
        views.append(view_texture(model, fit, view, photo, nets, size, texel))
    progress(0.7, "completing hidden skin")
    albedo, trust, tone = blend_views(views)
    plain, bare = (np.max([getattr(v, name) for v in views], axis=0) for name in ("plain", "bare"))
    albedo = complete(model.topology, fit.neutral, albedo, trust, plain, bare, tone, texel)
    progress(0.9, "reading static detail")
    sharpest = min(views, key=lambda v: v.posed.millimetres_per_pixel)
    age = apparent_age(
        model.topology, sharpest.shaded, sharpest.plain, texel, sharpest.at_rest, sharpest.posed.millimetres_per_pixel
    )
    static = blend_static(model, views, texel, age)
    covered = uv_raster(model.topology, size).covered
    eyes = [v.eye_colour for v in views if v.eye_colour is not None]
    return Texture(
        albedo=fill_outside(linear_to_srgb_bytes(np.exp(albedo)), covered),
        roughness=roughness_map(model.topology, albedo, texel),
        skin_mask=np.round(255 * trust).astype(np.uint8),
        static=static,
        age=age,
        eye_colour=np.mean(eyes, axis=0) if eyes else np.array(DEFAULT_EYE_COLOUR),
        warnings=tuple(dict.fromkeys(line for v in views for line in v.warnings)),
    )


def map_size(model: HeadModel, fit: CoarseFit) -> int:
    """1024, or 2048 where the sharpest photo has finer pixels than the texels of 1024."""
    fine = texel_millimetres(model.topology, fit.neutral, SIZES[0])
    depth = [v.pose.translation[2] / (0.5 * (v.camera.fx + v.camera.fy)) for v in fit.views]
    return SIZES[1] if min(depth) < 0.75 * fine else SIZES[0]


def view_texture(
    model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray, nets: FaceNets | None, size: int, texel: float
) -> ViewTexture:
    """Unwrap one photo and take its light out."""
    topology = model.topology
    posed = pose_view(model, fit, view, photo, texel)
    unwrapped = unwrap(topology, posed, size)
    person = None
    if nets is not None:
        face = Face(view.landmarks.box, view.landmarks.points[:6], view.landmarks.score)
        person = posed.crop(face_landmarks.segment_person(photo, face, nets))
    features = unwrapped.look_up(feature_image(posed, person)).astype(np.float32) / 255
    colour = srgb_to_linear(unwrapped.colour)
    light, tone = light_and_tone(model, posed, unwrapped, colour, features)
    shading = sample_smooth(topology, light.shading(posed.normals), size)
    log_albedo = delight(colour, shading)
    mask = view_mask(model, log_albedo, tone, features, texel * size / MASK_SIZE)
    trust = (unwrapped.confidence * mask.usable).astype(np.float32)
    plain = (unwrapped.confidence * mask.plain).astype(np.float32)
    warnings = []
    gain = normalisation(tone)
    if tone.grey:
        warnings.append(f"{view.photo}: the photo is grey, so the skin colour is a guess.")
    elif is_unusual(tone):
        warnings.append(f"{view.photo}: the light is coloured; the skin colour was corrected towards usual skin.")
    if float((plain * sample_smooth(topology, region_sum(topology, ("face",)), size)).mean()) < LEAST_SKIN:
        warnings.append(f"{view.photo}: little clear skin was found, so most of the texture is filled in.")
    shaded = log_albedo
    tension = evaluate_tension(tension_weights(topology, fit.neutral), posed_vertices(model, fit, view))
    pushed = np.maximum(tension.compression_1, tension.compression_2)
    folded = np.maximum(_padded(np.clip(2 * pushed, 0, 1), topology.vertex_count), folds_of(model, view.expression))
    keep = np.maximum(features[..., 1], features[..., 2])
    log_albedo = even_out(topology, log_albedo, trust, plain, keep, folded, texel) + gain.astype(np.float32)
    if tone.grey:
        lips = sample_smooth(topology, region_sum(topology, ("lips",)), size)
        log_albedo += lips[..., None] * GREY_LIPS.astype(np.float32)
    colours = np.exp(log_albedo[:: size // STATISTICS_SIZE, :: size // STATISTICS_SIZE]).reshape(-1, 3)
    weights = plain[:: size // STATISTICS_SIZE, :: size // STATISTICS_SIZE].ravel()
    sure = weights > 0.5
    middle = np.log(np.median(colours[sure], axis=0)) if sure.sum() > 50 else FALLBACK_TONE
    return ViewTexture(
        posed=posed,
        light=light,
        log_albedo=log_albedo,
        shaded=shaded,
        trust=smoothstep(trust, 0.1, 0.6).astype(np.float32),
        plain=smoothstep(plain, 0.1, 0.6).astype(np.float32),
        bare=(smoothstep(unwrapped.confidence, 0.1, 0.6) * mask.bare).astype(np.float32),
        at_rest=np.clip(1 - 4 * pushed, 0, 1),
        tone=middle,
        eye_colour=eye_colour(posed.image, posed.landmarks, np.exp(gain)),
        warnings=tuple(warnings),
    )


def even_out(
    topology: HeadTopology,
    log_albedo: np.ndarray,
    trust: np.ndarray,
    plain: np.ndarray,
    keep: np.ndarray,
    folded: np.ndarray,
    texel: float,
) -> np.ndarray:
    """(S, S, 3) log albedo without gloss, folds of the expression, slow light and small shadows.

    The change is worked out at ``EVEN_SIZE`` texels at most.

    Args:
        trust, plain: (S, S), of usable skin and of plain skin.
        keep: (S, S), brows and lips.
        folded: (V,) how deep the expression folds the skin.
        texel: mm.
    """
    size = log_albedo.shape[0]
    work = min(size, EVEN_SIZE)
    step = texel * size / work
    before, trust, plain, keep = (
        cv2.resize(a, (work, work), interpolation=cv2.INTER_AREA) if work < size else a
        for a in (log_albedo, trust, plain, keep)
    )
    after = remove_highlights(before, plain, step)
    after = soften_lines(after, plain, sample_smooth(topology, folded, work), step)
    after = after - flatten_light(after, plain, step)
    after = lift_shadows(after, trust, keep, step)
    if work == size:
        return after
    return log_albedo + cv2.resize(after - before, (size, size), interpolation=cv2.INTER_LINEAR)


def folds_of(model: HeadModel, expression: np.ndarray) -> np.ndarray:
    """(V,) in [0, 1], how deep expression weights (52,) draw the folds that are no compression wrinkles."""
    names = model.expression_names
    folds = np.zeros(model.topology.vertex_count, np.float32)
    for region, shapes in FOLDS.items():
        strength = max((float(expression[names.index(shape)]) for shape in shapes if shape in names), default=0.0)
        folds = np.maximum(folds, min(1.0, 1.5 * strength) * region_sum(model.topology, (region,)))
    return folds


def _padded(values: np.ndarray, count: int) -> np.ndarray:
    """(count,) values of the head part (V_head,), zero on the other parts."""
    return np.pad(values, (0, count - len(values)))


def light_and_tone(
    model: HeadModel, posed: PosedView, unwrapped: Unwrapped, colour: np.ndarray, features: np.ndarray
) -> tuple[Light, SkinTone]:
    """Light and skin tone from the middle of the face, each helping to find the other's outliers."""
    small = (STATISTICS_SIZE, STATISTICS_SIZE)
    raster = uv_raster(model.topology, STATISTICS_SIZE)
    core = cv2.resize(unwrapped.confidence * features[..., 3] * features[..., 0], small, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(colour, small, interpolation=cv2.INTER_AREA).reshape(-1, 3)[raster.pixels]
    weights = core.ravel()[raster.pixels]
    normals = raster.sample_covered(posed.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    used = weights > 0.3
    if used.sum() < 50:
        coefficients = np.zeros((9, 3))
        coefficients[0] = 1 / 0.282095
        return Light(coefficients, np.full(3, 0.25)), skin_tone(np.exp(FALLBACK_TONE)[None], np.ones(1))
    colours, weights, normals = colours[used], weights[used], normals[used]
    light, inlier = estimate_light(normals, colours, weights)
    tone = skin_tone(np.exp(delight(colours, light.shading(normals))), weights * inlier)
    return light, tone


def view_mask(
    model: HeadModel, log_albedo: np.ndarray, tone: SkinTone, features: np.ndarray, texel: float
) -> SkinMask:
    """Skin mask at ``MASK_SIZE``, enlarged to the map; texel is in mm at that size."""
    topology, size = model.topology, log_albedo.shape[0]
    small = (MASK_SIZE, MASK_SIZE)
    raster = uv_raster(topology, MASK_SIZE)
    groups = (HAIRLINE_REGIONS, BEARD_REGIONS, LID_REGIONS)
    hairline, beard, lids = np.moveaxis(
        raster.sample(np.column_stack([region_sum(topology, names) for names in groups])), -1, 0
    )
    mask = classify(
        np.exp(cv2.resize(log_albedo, small, interpolation=cv2.INTER_AREA)),
        tone,
        cv2.resize(features, small, interpolation=cv2.INTER_AREA),
        hairline,
        beard,
        0.5 * lids,
        texel,
    )
    grown = (cv2.resize(m, (size, size), interpolation=cv2.INTER_LINEAR) for m in (mask.usable, mask.plain, mask.bare))
    return SkinMask(*grown)


def blend_views(views: Sequence[ViewTexture]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One log albedo (S, S, 3), trust (S, S) and tone (3,) of all photos.

    Slow tones are averaged broadly, what is finer is taken where it is seen best, so that no seam and no double image
    appears.
    """
    if len(views) == 1:
        only = views[0]
        return only.log_albedo, only.trust, only.tone
    tone = np.mean([v.tone for v in views], axis=0)
    sharpness = [1.0 / v.posed.millimetres_per_pixel for v in views]
    best = np.stack([v.trust**4 * s**2 for v, s in zip(views, sharpness)])
    best = best / np.maximum(best.sum(0), 1e-6)
    broad = np.stack([v.trust for v in views])
    broad = broad / np.maximum(broad.sum(0), 1e-6)
    slow = [masked_blur(v.log_albedo, v.trust, 0.012 * v.trust.shape[0]) + (tone - v.tone) for v in views]
    mean = sum(s * w[..., None] for s, w in zip(slow, broad))
    fine = sum((v.log_albedo + (tone - v.tone) - s) * w[..., None] for v, s, w in zip(views, slow, best))
    trust = np.max([v.trust for v in views], axis=0)
    return (mean + fine).astype(np.float32), trust, tone


def blend_static(model: HeadModel, views: Sequence[ViewTexture], texel: float, age: float) -> np.ndarray:
    """(S, S) mm static relief of all photos, weighted by how well each sees the skin."""
    total = weight = 0.0
    for view in views:
        relief = static_detail(
            model.topology, view.posed, view.light, view.shaded, view.bare, texel, age, view.at_rest
        )
        trust = view.bare / view.posed.millimetres_per_pixel
        total, weight = total + relief * trust, weight + trust
    seen = np.max([view.bare for view in views], axis=0)
    return (total / np.maximum(weight, 1e-6) * seen).astype(np.float32)
