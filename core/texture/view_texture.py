"""One photo in UV space: unwrapped, its skin told from the rest, its light taken out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.fitted import CoarseFit, View
from ..head.model import HeadModel, HeadTopology, region_sum
from ..head.raster import sample_smooth, uv_raster
from ..head.tension import evaluate_tension, tension_weights
from ..image.colour import channel_mean, srgb_to_linear
from ..image.filters import smoothstep, together
from ..mesh.operators import blur_matrix
from ..nets.detection import Face
from ..nets.hands import hidden_share
from ..nets.landmarks import segment_person
from ..nets.sessions import FaceNets
from ..view.chart_window import Window, grid_size, seen_window, without_islands
from ..view.lighting import FLOOR, Light, estimate_light
from ..view.skin_mask import SkinMask, SkinTone, feature_image, skin_tone
from ..view.unwrap import PosedView, Unwrapped, pose_view, posed_vertices, unwrap
from .albedo import delight, is_unusual, log_colour, normalisation
from .even_out import even_out
from .eye_colour import eye_colour
from .tooth_colour import tooth_colour
from .view_mask import belonging, off_edges, view_mask

VIVID = 0.5  # gain of log saturation for each unit of log exposure
SKIN_SATURATION = 0.6  # norm of log colour less its mean: what is twice as vivid gains nothing
STATISTICS_SIZE = 256  # texels at which light and tone are estimated
SHADING_BLUR = 4  # iterations over the mesh
UNDER = (0.0, 0.5)  # cosine to the ground from which the dark of a beard is no shade, all is
TRUSTED = (0.1, 0.6)  # confidence from which a texel is used, from which it is used alone
FEWEST_SAMPLES = 50  # texels of skin, without which light and tone are the usual ones
LEAST_HIDDEN = 0.02  # share of the face under which what lies before it is not worth a word
FOREIGN = "something that is not skin (a mask, dark glasses, a scarf, hair) covers"
LEAST_SKIN = 0.02  # share of the map's texels under which the photo's skin says little
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
class ViewTexture:
    """What one photo gives, in UV space: colours of what it shows at the size of the maps (h, w), the rest at g texels.

    Attributes:
        posed: the head in the photo.
        light: its light.
        gain: (3,) log factor from the photo's exposure and white balance to the albedo's.
        window: the part of the chart that the photo shows, and both sizes.
        log_albedo: (h, w, 3) float32 in the window, normalised in exposure.
        fine: (h, w, 3) the same before highlights and slow light were taken out.
        shaded: (g, g, 3) that of the whole chart, for relief and lines.
        shown: (g, g) in [0, 1], how far the photo shows the head there, with all that grows on it.
        trust: (g, g) in [0, 1], how far a texel is used.
        plain: (g, g) the part of it that is plain skin.
        bare: (g, g) the part of it whose shading is worth reading: nothing is drawn on it.
        hair: (g, g) in [0, 1], brows, beard and hair over skin.
        tone: (3,) log albedo of the skin.
        eye_colour: (3,) or None.
        tooth_colour: (3,) or None.
        warnings: lines for the artist.
    """

    posed: PosedView
    light: Light
    gain: np.ndarray
    window: Window
    log_albedo: np.ndarray
    fine: np.ndarray
    shaded: np.ndarray
    shown: np.ndarray
    trust: np.ndarray
    plain: np.ndarray
    bare: np.ndarray
    hair: np.ndarray
    tone: np.ndarray
    eye_colour: np.ndarray | None
    tooth_colour: np.ndarray | None
    warnings: tuple[str, ...]


def view_texture(
    model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray, nets: FaceNets | None, size: int, texel: float,
    hands: np.ndarray | None = None, foreign: np.ndarray | None = None,
) -> ViewTexture:
    """Unwrap one photo and take its light out.

    Args:
        photo: (H, W, 3) uint8 sRGB.
        nets: for the person segmentation; None does without.
        size: width of the maps.
        texel: mm.
        hands: (H, W) in [0, 1] what hands hide, or None.
        foreign: (H, W) in [0, 1] what else hides (``view.foreign``), or None.
    """
    topology, grid = model.topology, grid_size(size)
    coarse = texel * size / grid
    posed = pose_view(model, fit, view, photo, texel)
    unwrapped = unwrap(topology, posed, grid, coarse)
    person = segmented_person(posed, view, photo, nets)
    covers = [None if cover is None else posed.crop(cover) for cover in (hands, foreign)]
    cover = together(*covers)
    features = unwrapped.look_up(feature_image(posed, person, cover)).astype(np.float32) / 255
    colour = srgb_to_linear(unwrapped.colour)
    light, skin = light_and_tone(model, posed, unwrapped, colour, features)
    shading = sample_smooth(topology, np.log(smooth_shading(topology, light, posed.normals)), grid)
    shaded = log_colour(colour)
    shaded -= shading
    mask = view_mask(model, shaded, skin, features, posed, coarse)
    trust, plain = _trusted(model, fit, posed, unwrapped, mask, coarse)
    window = seen_window(trust, size)
    fine = _fine_colour(unwrapped, posed, window, shaded, shading)
    change, painted = even_out(
        topology, shaded, trust, plain, features, shading, folded_skin(model, fit, view), posed.facing,
        _facing_ground(posed, view), coarse, posed.millimetres_per_pixel, window, skin.grey,
    )
    gain = normalisation(skin).astype(np.float32)
    log_albedo = _exposed(topology, fine - window.grown(change), gain, skin.grey, window)
    shown = smoothstep(unwrapped.confidence, *TRUSTED)
    bare = shown * mask.bare
    bare[window.work] *= 1 - painted
    tone = median_tone(window.reduced(log_albedo), plain[window.work])
    seen = posed.image, posed.landmarks, np.exp(gain)
    return ViewTexture(
        posed=posed,
        light=light,
        gain=gain,
        window=window,
        log_albedo=log_albedo,
        fine=fine,
        shaded=shaded,
        shown=shown * features[..., 0],
        trust=trust, plain=plain, bare=bare,  # fmt: skip
        hair=shown * mask.hair,
        tone=tone,
        eye_colour=eye_colour(*seen, cover),
        tooth_colour=tooth_colour(*seen, np.exp(tone), cover),
        warnings=_cover_warnings(posed, view.photo, *covers) + _warnings(topology, view.photo, skin, plain),
    )


def _trusted(
    model: HeadModel, fit: CoarseFit, posed: PosedView, unwrapped: Unwrapped, mask: SkinMask, texel: float
) -> tuple[np.ndarray, np.ndarray]:
    """Trust and plain skin of ``ViewTexture``, (g, g) each."""
    confidence = off_edges(model.topology, unwrapped.confidence, texel)
    confidence *= sample_smooth(model.topology, belonging(model, fit, posed), len(confidence))
    trust = without_islands(confidence * mask.usable, texel)
    plain = np.minimum(trust, confidence * mask.plain)
    return smoothstep(trust, *TRUSTED), smoothstep(plain, *TRUSTED)


def _fine_colour(
    unwrapped: Unwrapped, posed: PosedView, window: Window, shaded: np.ndarray, shading: np.ndarray
) -> np.ndarray:
    """(h, w, 3) log colour without light in the window; looked up in the photo anew where that shows more.

    Args:
        shaded: (g, g, 3) the same at the working size.
        shading: (g, g, 3) log of the light.
    """
    if window.factor <= 1:
        return shaded[window.work]
    fine = log_colour(srgb_to_linear(unwrapped.look_closer(posed.image, window)))
    fine -= window.enlarged(shading)
    return fine


def _facing_ground(posed: PosedView, view: View) -> np.ndarray:
    """(V,) in [0, 1], how far the skin faces the ground."""
    return smoothstep(-(posed.normals @ view.pose.rotation)[:, 1], *UNDER)


def _exposed(topology: HeadTopology, colour: np.ndarray, gain: np.ndarray, grey: bool, window: Window) -> np.ndarray:
    """(h, w, 3) log albedo in the exposure and saturation of usual skin, with lips of a usual hue in a grey photo.

    Args:
        colour: (h, w, 3) log, without light.
        gain: (3,) log, what brings the photo's skin to usual skin.
    """
    log_albedo = vivid(colour, -float(gain.mean()))
    log_albedo += gain
    if grey:
        lips = window.enlarged(sample_smooth(topology, region_sum(topology, ("lips",)), window.grid))
        log_albedo += lips[..., None] * GREY_LIPS.astype(np.float32)
    return log_albedo


def vivid(log_albedo: np.ndarray, too_bright: float) -> np.ndarray:
    """Log albedo (h, w, 3) with the saturation back that a bright exposure takes.

    Args:
        too_bright: log brightness of the photo's skin over that of its albedo.
    """
    share = np.float32(VIVID * np.clip(too_bright, 0.0, 0.6))
    away = log_albedo - channel_mean(log_albedo)[..., None]
    coarse = away[::2, ::2]
    norm = np.sqrt(np.einsum("ijk,ijk->ij", coarse, coarse))
    pale = share * np.clip(2.0 - norm / np.float32(SKIN_SATURATION), 0.0, 1.0)
    away *= cv2.resize(pale, away.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
    away += log_albedo
    return away


def smooth_shading(topology: HeadTopology, light: Light, normals: np.ndarray) -> np.ndarray:
    """(V, 3) shading at the vertices, blurred along the mesh: creases of a fitted mesh are not those of the photo.

    Args:
        normals: (V, 3) unit, camera coordinates.
    """
    shading = light.shading(normals)
    head = topology.part_slice("head")
    blur = blur_matrix(topology.head_edges, head.stop)
    for _ in range(SHADING_BLUR):
        shading[head] = blur @ shading[head]
    return shading


def log_shading(topology: HeadTopology, view: ViewTexture) -> np.ndarray:
    """(g, g, 3) log of the light that was taken out of a photo's colours, ``ViewTexture.shaded``."""
    shading = np.log(smooth_shading(topology, view.light, view.posed.normals))
    return sample_smooth(topology, shading, len(view.shaded))


def segmented_person(posed: PosedView, view: View, photo: np.ndarray, nets: FaceNets | None) -> np.ndarray | None:
    """(h, w) person segmentation at the view's crop, or None without nets."""
    if nets is None:
        return None
    face = Face(view.landmarks.box, view.landmarks.points[:6], view.landmarks.score)
    return posed.crop(segment_person(photo, face, nets))


def _cover_warnings(
    posed: PosedView, photo: str, hands: np.ndarray | None, foreign: np.ndarray | None
) -> tuple[str, ...]:
    lines = []
    for cover, what in ((hands, "a hand covers"), (foreign, FOREIGN)):
        share = 0.0 if cover is None else hidden_share(cover, posed.landmarks)
        if share >= LEAST_HIDDEN:
            lines.append(f"{photo}: {what} {100 * share:.0f} % of the face; what it hides is completed.")
    return tuple(lines)


def median_tone(log_albedo: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """(3,) median log colour of the plain skin of (h, w, 3), or a usual tone where there is too little of it."""
    step = max(1, len(plain) // STATISTICS_SIZE)
    skin = log_albedo[::step, ::step][plain[::step, ::step] > 0.5]
    return np.median(skin, axis=0) if len(skin) > FEWEST_SAMPLES else FALLBACK_TONE


def _warnings(topology: HeadTopology, photo: str, skin: SkinTone, plain: np.ndarray) -> tuple[str, ...]:
    lines = []
    if skin.grey:
        lines.append(f"{photo}: the photo is grey, so the skin colour is a guess.")
    elif is_unusual(skin):
        why = "coloured light, make-up, a statue"
        lines.append(f"{photo}: the skin has an unusual colour ({why}); it was corrected towards usual skin.")
    face = sample_smooth(topology, region_sum(topology, ("face",)), plain.shape[0])
    if float(np.vdot(plain, face)) < LEAST_SKIN * plain.size:
        lines.append(f"{photo}: little clear skin was found, so most of the texture is filled in.")
    return tuple(lines)


def folded_skin(model: HeadModel, fit: CoarseFit, view: View) -> np.ndarray:
    """(V,) in [0, 1], how deep the expression of a photo folds the skin, by compression or by folds it draws."""
    count = model.topology.vertex_count
    tension = evaluate_tension(tension_weights(model.topology, fit.neutral), posed_vertices(model, fit, view))
    pushed = np.maximum(tension.compression_1, tension.compression_2)
    pushed = np.pad(np.clip(2 * pushed, 0, 1), (0, count - len(pushed)))
    return np.maximum(pushed, folds_of(model, view.expression))


def folds_of(model: HeadModel, expression: np.ndarray) -> np.ndarray:
    """(V,) in [0, 1], how deep expression weights (52,) draw the folds that are no compression wrinkles."""
    names = model.expression_names
    folds = np.zeros(model.topology.vertex_count, np.float32)
    for region, shapes in FOLDS.items():
        strength = max((float(expression[names.index(shape)]) for shape in shapes if shape in names), default=0.0)
        folds = np.maximum(folds, min(1.0, 1.5 * strength) * region_sum(model.topology, (region,)))
    return folds


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
    if used.sum() < FEWEST_SAMPLES:
        coefficients = np.zeros((9, 3))
        coefficients[0] = 1 / 0.282095
        return Light(coefficients, np.full(3, FLOOR)), skin_tone(np.exp(FALLBACK_TONE)[None], np.ones(1))
    colours, weights, normals = colours[used], weights[used], normals[used]
    light, inlier = estimate_light(normals, colours, weights)
    tone = skin_tone(np.exp(delight(colours, light.shading(normals))), weights * inlier)
    return light, tone
