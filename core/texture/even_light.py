"""What the estimated light leaves on the skin (folds, cast shadows, lamps at the side), told from the skin itself.

Light changes brightness over centimetres, or along the long edges of folds and shadows; skin changes it in spots and
grain. An edge-preserving filter (guided filter, He et al. 2010) that has spots filled in beforehand therefore gives the
light, and what is left is skin. Hue is the other way round: it is nearly all skin, but for what goes with the
brightness (light that bounces in a fold is redder) and for what is not the same on both halves of the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..image.colour import channel_mean
from ..image.filters import masked_blur, smoothstep


@dataclass(frozen=True)
class EvenLightSettings:
    """What is told from skin as light; chosen by eye on real portraits and checked on rendered ones.

    Lengths are mm on the skin, Gaussian sigmas unless said otherwise; contrasts are differences of the natural
    logarithm of luminance, or of a channel less their mean (hue).

    Attributes:
        grid: mm, about, of a texel at which light is told from skin.
        window: of the guided filter; far: of the mean with which light is continued over hair, eyes and lips.
        edge: contrast of which half is taken for light; edge_folded: where an expression folds the skin.
        spot: mm, moles and freckles are shorter in every direction; spot_angles: how many directions are tried.
        slow: what is slower than this may be the skin's own.
        skin_share: share of slow brightness alike on both halves that is the skin's own.
        hue_width: of slow hue; hue_kept, hue_odd_kept: share of it that is the skin's where both halves are alike, and
            of what differs.
        cool, warm, green, red: most hue that skin has of its own: blue (sky, a bleached highlight), yellow, green
            (leaves), red (blood).
        hue_facing: cosine to the viewing direction: no hue is believed, all of it (Fresnel).
        coupling: largest change of hue with light that is believed.
        glossy: light over the mean from which skin shines, and hue has been taken care of.
        stain_knee: light under that around from which hue is a stain; stain_taken: largest share of it that goes.
        grain: everything finer is skin.
        gloss_near: share of matte skin around at which its hue counts as much as that of all the face.
        gloss_knee: contrast to the skin around from which it is gloss; gloss_slope: share of it that is left.
    """

    grid: float = 0.6
    window: float = 4.5
    far: float = 20.0
    edge: float = 0.12
    edge_folded: float = 0.05
    spot: float = 5.0
    spot_angles: int = 8
    slow: float = 9.0
    skin_share: float = 0.35
    hue_width: float = 5.0
    hue_kept: float = 0.85
    hue_odd_kept: float = 0.35
    cool: float = 0.045
    warm: float = 0.075
    green: float = 0.03
    red: float = 0.12
    hue_facing: tuple[float, float] = (0.3, 0.75)
    coupling: float = 0.35
    glossy: float = 0.1
    stain_knee: float = 0.08
    stain_taken: float = 1.0
    grain: float = 0.35
    gloss_near: float = 0.1
    gloss_knee: float = 0.10
    gloss_slope: float = 0.25


SETTINGS = EvenLightSettings()


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
    factor = max(1, round(SETTINGS.grid / texel))
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
    own = SETTINGS.skin_share * _even(_faded(level, weight, SETTINGS.slow / step))[0]
    tint = hue_of_light(colour - luminance[..., None], light, before, weight, faced, step)
    smooth = np.dstack([level, gain, own, tint]).astype(np.float32)
    smooth = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    level, gain, own, tint = smooth[..., 0], smooth[..., 1] * skin, smooth[..., 2], smooth[..., 3:]
    whole = channel_mean(log_albedo) - np.float32(mean.mean())
    grain_free = cv2.GaussianBlur(whole, (0, 0), SETTINGS.grain / texel)
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
    coupled = coupling * np.minimum(total - level, SETTINGS.glossy)[..., None]
    rest = (hue - coupled) * shown
    slow = _faded(rest, weight, SETTINGS.hue_width / texel)
    even, odd = _even(slow, weight, SETTINGS.hue_width / texel)
    # light that bounces in a fold stains it: there the hue is that of the skin around
    depth = _faded(light, weight, SETTINGS.slow / texel) - light
    stained = np.clip((depth - SETTINGS.stain_knee) / SETTINGS.stain_knee, 0, SETTINGS.stain_taken)[..., None] * shown
    faced = smoothstep(facing, *SETTINGS.hue_facing)
    sure = weight * faced
    even = even - np.einsum("ij,ijk->k", sure, even) / max(float(sure.sum()), 1e-6)
    own = natural_hue(SETTINGS.hue_kept * faced[..., None] * even)
    return coupled + even - own + (1 - SETTINGS.hue_odd_kept) * odd + stained * (rest - slow)


def natural_hue(hue: np.ndarray) -> np.ndarray:
    """(H, W, 3) log hue, of sum 0 over the channels, drawn into what skin has: blood reddens it, no more.

    Args:
        hue: (H, W, 3), of sum 0 over the channels.
    """
    warm, green = 0.5 * (hue[..., 0] - hue[..., 2]), hue[..., 1]
    limits = (
        np.where(warm < 0, np.float32(SETTINGS.cool), np.float32(SETTINGS.warm)),
        np.where(green < 0, np.float32(SETTINGS.red), np.float32(SETTINGS.green)),
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
    sigma = SETTINGS.window / texel
    moments = masked_blur(np.dstack([guide, guide**2]), weight, sigma)
    variance = np.maximum(moments[..., 1] - moments[..., 0] ** 2, 0)
    edge = SETTINGS.edge + (SETTINGS.edge_folded - SETTINGS.edge) * folded
    gain = variance / (variance + edge**2)
    gain = masked_blur(gain, weight, 0.5 * sigma)
    near = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    far = cv2.GaussianBlur(weight, (0, 0), SETTINGS.far / texel, borderType=cv2.BORDER_CONSTANT)
    wide = masked_blur(guide, weight, SETTINGS.far / texel) * (far / (far + 0.02))
    share = near / (near + 0.05)
    return share * moments[..., 0] + (1 - share) * wide, gain


def fill_spots(luminance: np.ndarray, weight: np.ndarray, texel: float) -> np.ndarray:
    """(S, S) luminance with dark spots filled: shorter than ``EvenLightSettings.spot`` whichever way they are crossed.

    A closing by a line fills what is dark for less than its length along it; a fold is longer in its own direction,
    so the darkest of the closings in all directions keeps it.
    """
    radius = max(1, int(round(0.5 * SETTINGS.spot / texel)))
    filled = np.full_like(luminance, np.inf)
    # what is no skin is neither bright nor dark
    around = masked_blur(luminance, weight, SETTINGS.window / texel)
    level = np.where(weight > 0.3, luminance, around).astype(np.float32)
    coarse = np.round(np.clip(level, -1, 1) * 127 + 128).astype(np.uint8)
    for angle in np.arange(SETTINGS.spot_angles) * np.pi / SETTINGS.spot_angles:
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
    over = np.maximum(excess - SETTINGS.gloss_knee, 0) * np.minimum(shiny * 4, 1)
    share = np.clip(over / 0.2, 0, 1)[..., None] * np.float32(hue_taken)
    hue = log_albedo - luminance[..., None]
    # what is much darker is a fold or a socket, and redder than the skin that shines
    usual = shiny * (np.abs(excess) < SETTINGS.gloss_knee)
    mean = np.einsum("ij,ijk->k", usual, hue) / max(float(usual.sum()), 1e-6)
    matte = masked_blur(hue, usual, sigma, mean, SETTINGS.gloss_near)
    cut = luminance - (1 - SETTINGS.gloss_slope) * over
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
    return np.clip(slope, -SETTINGS.coupling, SETTINGS.coupling).astype(np.float32)
