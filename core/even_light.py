"""What the estimated light leaves on the skin (folds, cast shadows, lamps at the side), told from the skin itself.

Light changes brightness over centimetres, or along the long edges of folds and shadows; skin changes it in spots and
grain. An edge-preserving filter (guided filter, He et al. 2010) that has spots filled in beforehand therefore gives the
light, and what is left is skin. Hue is the other way round: it is nearly all skin, but for what goes with the
brightness (light that bounces in a fold is redder) and for what is not the same on both halves of the face.
"""

from __future__ import annotations

import cv2
import numpy as np

from .albedo import masked_blur
from .colour import channel_mean
from .geometry import smoothstep

GRID_MM = 0.6  # texel, about, at which light is told from skin
WINDOW_MM = 4.5  # Gaussian sigma
FAR_MM = 20.0  # and that with which light is continued over hair, eyes and lips
EDGE = 0.12  # log luminance: contrast of which half is taken for light
EDGE_FOLDED = 0.05  # the same where an expression folds the skin
SPOT_MM = 5.0  # moles and freckles are shorter than this in every direction
SPOT_ANGLES = 8
LIGHT_MM = 9.0  # what is slower than this may be the skin's own
SKIN_SHARE = 0.35  # share of slow brightness alike on both halves that is the skin's own
HUE_MM = 5.0
HUE_KEPT, HUE_ODD_KEPT = 0.85, 0.35  # of slow hue alike on both halves, and of what differs
# most log hue that skin has of its own: blue (sky, a bleached highlight), yellow, green (leaves), red
COOL, WARM, GREEN, RED = 0.045, 0.075, 0.03, 0.12
HUE_FACING = (0.3, 0.75)  # cosine to the viewing direction: no hue of its own is believed, all of it
COUPLING = 0.35  # largest change of log hue with log light that is believed
GLOSSY = 0.1  # log light over the mean from which skin shines, and hue has been taken care of
STAIN_KNEE, STAIN_TAKEN = 0.08, 1.0  # log light under that around at which hue is a stain, and the share that goes
GRAIN_MM = 0.35  # Gaussian sigma under which everything is skin
GLOSS_NEAR = 0.1  # share of matte skin around at which its hue counts as much as that of all the face
GLOSS_KNEE, GLOSS_SLOPE = 0.10, 0.25  # log luminance over the skin around from which it is gloss, and what is left


def even_light(
    log_albedo: np.ndarray,
    skin: np.ndarray,
    shading: np.ndarray,
    folded: np.ndarray,
    facing: np.ndarray,
    texel: float,
) -> np.ndarray:
    """Light that is left in an albedo, to be subtracted.

    Args:
        log_albedo: (H, W, 3) in a part of the chart that is mirror-symmetric about its middle column.
        skin: (H, W) trust in skin of one tone; lips, brows, beards and holes at 0. Light is continued over them.
        shading: (H, W) log brightness of the light that was taken out before.
        folded: (H, W) in [0, 1], how far the photo's expression draws folds.
        facing: (H, W) cosine to the viewing direction.
        texel: mm.

    Returns:
        (H, W, 3) float32 log colour, of which the mean over the skin is zero.
    """
    height, width = log_albedo.shape[:2]
    factor = max(1, round(GRID_MM / texel))
    small, step = (width // factor, height // factor), texel * factor
    weight = cv2.resize(skin, small, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(log_albedo * skin[..., None], small, interpolation=cv2.INTER_AREA)
    colour /= np.maximum(weight, 1e-3)[..., None]
    mean = np.einsum("ij,ijk->k", weight, colour) / max(float(weight.sum()), 1e-6)
    colour = (colour - mean) * (weight > 1e-3)[..., None]
    luminance = channel_mean(colour)
    fold, before, faced = (cv2.resize(a, small, interpolation=cv2.INTER_AREA) for a in (folded, shading, facing))
    level, gain = slow_light(luminance, weight, fold, step)
    light = level + gain * (luminance - level)
    own = SKIN_SHARE * _even(_faded(level, weight, LIGHT_MM / step))[0]
    tint = hue_of_light(colour - luminance[..., None], light, before, weight, faced, step)
    smooth = np.dstack([level, gain, own, tint]).astype(np.float32)
    smooth = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    level, gain, own, tint = smooth[..., 0], smooth[..., 1] * skin, smooth[..., 2], smooth[..., 3:]
    whole = channel_mean(log_albedo) - np.float32(mean.mean())
    grain_free = cv2.GaussianBlur(whole, (0, 0), GRAIN_MM / texel)
    light = level + gain * (grain_free - level)
    return ((light - own)[..., None] + tint).astype(np.float32)


def hue_of_light(
    hue: np.ndarray, light: np.ndarray, before: np.ndarray, weight: np.ndarray, facing: np.ndarray, texel: float
) -> np.ndarray:
    """What of the hue is light: what goes with the brightness, differs between the halves, or stains a fold.

    At a grazing angle skin mirrors its surroundings (Fresnel): the hue seen there says little about the skin.

    Args:
        hue: (S, S, 3) log colour less its mean over the channels.
        light, before: (S, S) log light still in the albedo, and that was taken out before.
        weight: (S, S) trust in skin.
        facing: (S, S) cosine to the viewing direction.
        texel: mm.

    Returns:
        (S, S, 3) log colour to subtract.
    """
    shown = np.clip(weight, 0, 1)[..., None]
    coupling = _coupling(hue, light + before, weight)
    total = light + before
    level = float((weight * total).sum()) / max(float(weight.sum()), 1e-6)
    coupled = coupling * np.minimum(total - level, GLOSSY)[..., None]
    rest = (hue - coupled) * shown
    slow = _faded(rest, weight, HUE_MM / texel)
    even, odd = _even(slow, weight, HUE_MM / texel)
    # light that bounces in a fold stains it: there the hue is that of the skin around
    depth = _faded(light, weight, LIGHT_MM / texel) - light
    stained = np.clip((depth - STAIN_KNEE) / STAIN_KNEE, 0, STAIN_TAKEN)[..., None] * shown
    faced = smoothstep(facing, *HUE_FACING)
    sure = weight * faced
    even = even - np.einsum("ij,ijk->k", sure, even) / max(float(sure.sum()), 1e-6)
    own = natural_hue(HUE_KEPT * faced[..., None] * even)
    return coupled + even - own + (1 - HUE_ODD_KEPT) * odd + stained * (rest - slow)


def natural_hue(hue: np.ndarray) -> np.ndarray:
    """(H, W, 3) log hue, of sum 0 over the channels, drawn into what skin has: blood reddens it, no more.

    Args:
        hue: (H, W, 3), of sum 0 over the channels.
    """
    warm, green = 0.5 * (hue[..., 0] - hue[..., 2]), hue[..., 1]
    limits = (
        np.where(warm < 0, np.float32(COOL), np.float32(WARM)),
        np.where(green < 0, np.float32(RED), np.float32(GREEN)),
    )
    warm, green = (limit * np.tanh(value / limit) for value, limit in zip((warm, green), limits))
    return np.stack([warm - 0.5 * green, green, -warm - 0.5 * green], axis=-1)


def slow_light(
    luminance: np.ndarray, weight: np.ndarray, folded: np.ndarray, texel: float
) -> tuple[np.ndarray, np.ndarray]:
    """Local level of the light and the share of a deviation from it that is light too (edges of folds and shadows).

    Args:
        luminance: (S, S) log, of mean 0.
        weight: (S, S) trust in skin.
        folded: (S, S) in [0, 1].
        texel: mm.

    Returns:
        level (S, S), continued everywhere; gain (S, S) in [0, 1].
    """
    guide = fill_spots(luminance, weight, texel)
    sigma = WINDOW_MM / texel
    moments = masked_blur(np.dstack([guide, guide**2]), weight, sigma)
    variance = np.maximum(moments[..., 1] - moments[..., 0] ** 2, 0)
    edge = EDGE + (EDGE_FOLDED - EDGE) * folded
    gain = variance / (variance + edge**2)
    gain = masked_blur(gain, weight, 0.5 * sigma)
    near = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    far = cv2.GaussianBlur(weight, (0, 0), FAR_MM / texel, borderType=cv2.BORDER_CONSTANT)
    wide = masked_blur(guide, weight, FAR_MM / texel) * (far / (far + 0.02))
    share = near / (near + 0.05)
    return share * moments[..., 0] + (1 - share) * wide, gain


def fill_spots(luminance: np.ndarray, weight: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) luminance with dark spots filled that are shorter than ``SPOT_MM`` whichever way one crosses them.

    A closing by a line fills what is dark for less than its length along it; a fold is longer in its own direction,
    so the darkest of the closings in all directions keeps it.
    """
    radius = max(1, int(round(0.5 * SPOT_MM / texel)))
    filled = np.full_like(luminance, np.inf)
    # what is no skin is neither bright nor dark
    level = np.where(weight > 0.3, luminance, masked_blur(luminance, weight, WINDOW_MM / texel)).astype(np.float32)
    coarse = np.round(np.clip(level, -1, 1) * 127 + 128).astype(np.uint8)
    for angle in np.arange(SPOT_ANGLES) * np.pi / SPOT_ANGLES:
        end = np.round(radius * np.array([np.cos(angle), np.sin(angle)])).astype(int)
        kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.uint8)
        centre = np.array([radius, radius])
        cv2.line(kernel, tuple((centre - end).tolist()), tuple((centre + end).tolist()), 1)
        filled = np.minimum(filled, cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, kernel))
    lifted = (filled - coarse).astype(np.float32) / 127
    return level + lifted


def remove_gloss(
    log_albedo: np.ndarray, shiny: np.ndarray, width: float, texel: float, hue_taken: float = 0.85
) -> np.ndarray:
    """Log albedo (S, S, 3) with gloss taken down to the skin or lip around it, in brightness and in hue.

    What is brighter than the matte surroundings (a masked mean that gloss is cut from) is compressed above a knee, and
    its hue drawn to theirs, as gloss adds the lamp's own colour.

    Args:
        shiny: (S, S) trust in skin, or in lips; not in both, for they differ in what is matte.
        width: mm, Gaussian sigma of the surroundings.
        texel: mm.
        hue_taken: share of the hue of strong gloss that is drawn to that of the surroundings.
    """
    luminance = channel_mean(log_albedo)
    sigma = width / texel
    wide = masked_blur(luminance, shiny, sigma)
    smooth = masked_blur(np.minimum(luminance, wide + 0.05), shiny, sigma)
    excess = luminance - smooth
    over = np.maximum(excess - GLOSS_KNEE, 0) * np.minimum(shiny * 4, 1)
    share = np.clip(over / 0.2, 0, 1)[..., None] * np.float32(hue_taken)
    hue = log_albedo - luminance[..., None]
    # what is much darker is a fold or a socket, and redder than the skin that shines
    usual = shiny * (np.abs(excess) < GLOSS_KNEE)
    mean = np.einsum("ij,ijk->k", usual, hue) / max(float(usual.sum()), 1e-6)
    matte = masked_blur(hue, usual, sigma, mean, GLOSS_NEAR)
    cut = luminance - (1 - GLOSS_SLOPE) * over
    return (cut[..., None] + hue + share * (matte - hue)).astype(np.float32)


def _faded(values: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean (S, S[, C]) of weighted values that fades to none away from the weights."""
    mass = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) + 0.02
    if values.ndim == 2:
        return cv2.GaussianBlur(values * weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) / mass
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return total / mass[..., None]


def _even(slow: np.ndarray, weight: np.ndarray | None = None, sigma: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """What both halves share, and half their difference as far as both are seen."""
    odd = 0.5 * (slow - slow[:, ::-1])
    if weight is not None:
        seen = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        both = np.minimum(seen, seen[:, ::-1])
        odd = odd * (both / (both + 0.05))[..., None]
    return slow - odd, odd


def _coupling(hue: np.ndarray, light: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(3,) change of log hue with log light over the skin, by weighted regression through the mean."""
    used = weight**2
    total = max(float(used.sum()), 1e-6)
    away = light - float((used * light).sum()) / total
    mean = np.einsum("ij,ijk->k", used, hue) / total
    slope = np.einsum("ij,ijk->k", used * away, hue - mean) / (float((used * away**2).sum()) + 1e-3 * total)
    return np.clip(slope, -COUPLING, COUPLING).astype(np.float32)
