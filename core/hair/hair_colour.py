"""Colour of hair: what the albedo shows where hair covers most, with the variation from hair to hair and the grey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..image.colour import LUMINANCE, linear_to_srgb
from ..image.filters import smoothstep

COVERED, FEWEST = 0.8, 30  # cover that counts as thick; texels of it without which there is nothing to read
# brightness of hair over that of hair and skin between, as the pixels of a photo mix them, by their width in mm
HAIR_OVER_PAINT = ((0.3, 0.5), (1.5, 0.32))
LIGHTEST = 0.085  # linear luminance: fair brows; what is lighter is thinner
MOST_RED = 1.15  # log(R/B) of hair that is not dyed
SHARE_RANGE = (0.3, 0.93)  # of the skin that is hidden
CHANNEL_RANGE = (0.6, 1.7)  # a channel of the hair over that of the mixture, at the hair's brightness
LOG_RANGE = (-5.0, 0.0)  # of linear colour
USUAL = np.log([0.055, 0.036, 0.025])  # brown, linear: where no hair shows
# melanin takes blue before red: log(R/B) that pigmented hair has at least, by log luminance; grey hair has none
PIGMENT = ((-4.0, 0.12), (-2.0, 0.65), (-1.0, 0.8))
GREY_LUMINANCE = (-2.9, -1.9)  # log luminance under which no hair is told to be grey, from which it is
GREY_HAIR = np.log([0.42, 0.40, 0.37])  # linear
VARIED = 0.16  # standard deviation from hair to hair, log luminance
REDDER = 0.05  # and of log(R/B)


@dataclass(frozen=True)
class HairColour:
    """Colour of one kind of hair.

    Attributes:
        pigmented: (3,) log linear colour of the hairs that are not grey.
        grey: share of the hairs that are, 0 to 1.
        share: of the skin that they hide where they are thickest, 0 to 1.
    """

    pigmented: np.ndarray
    grey: float
    share: float = 0.5


def hair_colour(colour: np.ndarray, skin: np.ndarray, cover: np.ndarray, pixel: float) -> HairColour:
    """Colour of hair, and how much of the skin it hides where it is thickest.

    A brow is seen as p = a h + (1 - a) s, with h the hair, s the skin between and a its share. Hair is taken to be
    ``HAIR_OVER_PAINT`` times as bright as what is seen; that gives a, and a gives h in each channel.

    Args:
        colour: (h, w, 3) log linear colour as painted.
        skin: (h, w, 3) log linear colour of the skin underneath.
        cover: (h, w) in [0, 1].
        pixel: mm of the sharpest photo.
    """
    covered = cover > COVERED
    if covered.sum() < FEWEST:
        return HairColour(USUAL, 0.0, 0.5)
    paint, under = (np.exp(np.median(a[covered], axis=0)) for a in (colour, skin))
    seen, bare = float(paint @ LUMINANCE), float(under @ LUMINANCE)
    light = min(float(np.interp(pixel, *np.transpose(HAIR_OVER_PAINT))) * seen, LIGHTEST)
    share = float(np.clip((bare - seen) / max(bare - light, 1e-6), *SHARE_RANGE))
    hair = (paint - (1.0 - share) * under) / share
    hair = np.log(np.clip(hair, *(factor * light / seen * paint for factor in CHANNEL_RANGE)))
    return split_grey(np.clip(unlit(undyed(hair)), *LOG_RANGE), share)


def dyed(colour: tuple[float, ...]) -> HairColour:
    """Hair of a linear colour (3,), none of it grey."""
    return HairColour(np.clip(np.log(np.maximum(colour, 1e-3)), *LOG_RANGE), 0.0)


def undyed(colour: np.ndarray) -> np.ndarray:
    """(3,) log linear colour no redder than that of hair which is not dyed."""
    middle = 0.5 * (colour[0] + colour[2])
    half = min(0.5 * (colour[0] - colour[2]), 0.5 * MOST_RED)
    return np.array([middle + half, min(colour[1], middle + half), middle - half])


def unlit(colour: np.ndarray) -> np.ndarray:
    """(3,) log linear colour of dark hair without the blue that the sky lays over it: at least as red as melanin makes
    hair of its luminance, never bluer than grey hair, and its green between the others.
    """
    light = float(np.log(np.exp(colour) @ LUMINANCE))
    dark = 1.0 - float(smoothstep(np.float64(light), *GREY_LUMINANCE))
    least = max(dark * float(np.interp(light, *np.transpose(PIGMENT))), float(GREY_HAIR[0] - GREY_HAIR[2]))
    middle, half = 0.5 * (colour[0] + colour[2]), 0.5 * max(colour[0] - colour[2], least)
    return np.array([middle + half, min(max(colour[1], middle - half), middle + 0.3 * half), middle - half])


def split_grey(mean: np.ndarray, share: float = 0.5) -> HairColour:
    """Pigmented colour and share of grey whose mixture has the mean (3,) log linear colour."""
    light = float(np.log(np.exp(mean) @ LUMINANCE))
    least = np.interp(light, *np.transpose(PIGMENT))
    lacking = float(np.clip(1.0 - (mean[0] - mean[2]) / least, 0.0, 1.0))
    grey = 0.9 * lacking * float(smoothstep(np.float64(light), *GREY_LUMINANCE))
    grey = min(grey, 0.9 * float(np.exp(mean - GREY_HAIR).min()))
    rest = np.exp(mean) - grey * np.exp(GREY_HAIR)
    pigmented = np.log(np.maximum(rest / (1.0 - grey), 0.05 * np.exp(mean)))
    return HairColour(unlit(pigmented), grey, share)


def strand_colours(found: HairColour, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 3) float32 sRGB colours of single hairs.

    Args:
        rng: decides which hairs are grey, and how each differs.
    """
    shade = rng.normal(0.0, VARIED, (count, 1)) + rng.normal(0.0, REDDER, (count, 1)) * np.array([0.5, 0.0, -0.5])
    base = np.where(rng.random((count, 1)) < found.grey, GREY_HAIR, found.pigmented)
    return linear_to_srgb(np.exp(base + shade))
