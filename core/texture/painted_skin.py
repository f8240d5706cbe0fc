"""What is drawn on the skin rather than shaped in it: ink, face paint, moles and freckles, and hairs that lie on it.

Light that is lost in a crease has been through more skin than other light, so a crease is redder than the skin around
it, the more the darker it is. Ink and hair take all colours alike and leave the hue as it is, or turn it away from red;
paint has a hue of its own. Spots are told by their shape: dark for a few millimetres whichever way they are crossed.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..image.colour import channel_mean
from ..image.filters import masked_blur, smoothstep
from .even_light import fill_spots

FINE_MM, AROUND_MM = 0.4, 5.0  # Gaussian sigma of what is judged, and of what it is judged by
TOGETHER_MM = 1.2  # over which hue is averaged: that of single texels is noise
INK_DARK = (0.25, 0.42)  # log luminance under the skin around: may be a crease, too dark for the hue it has
INK_HUE = (0.0, 0.08)  # log(R/G) over the skin around for each unit of darkness: ink, a crease
INK_GREY = (0.75, 1.05)  # log luminance of ink in a photo without colour
OFF_RED = (-0.30, -0.16)  # log(R/G) over the skin around that is paint whatever its brightness, that may be skin
OFF_BLUE = (0.30, 0.50)  # log(B/G), likewise
SHINING = (0.05, 0.20)  # log luminance over the skin around from which neither counts
RED = (0.38, 0.60)  # log(R/G) less that of a crease as dark
CREASE_RED = 0.6  # most log(R/G) that a crease gains for each unit of darkness
SPOT_DARK = (0.14, 0.28)  # log luminance that a spot is darker than what fills it
REACH_MM = 0.6  # around paint that goes with it


def painted_skin(shaded: np.ndarray, skin: np.ndarray, texel: float, grey: bool) -> tuple[np.ndarray, np.ndarray]:
    """Marks of colour, which must not be read as relief.

    Args:
        shaded: (H, W, 3) log colour, the shading taken out.
        skin: (H, W) in [0, 1], trust in skin, a beard's included; marks are judged by the skin around them.
        texel: mm.
        grey: whether the photo is without colour; only the darkest lines and spots are known then.

    Returns:
        (H, W) float32 in [0, 1] each: ink and paint; spots.
    """
    colour = cv2.GaussianBlur(shaded, (0, 0), max(FINE_MM / texel, 0.3))
    away = colour - masked_blur(colour, skin, AROUND_MM / texel)
    dark = -channel_mean(away)
    ink = smoothstep(dark, *INK_GREY) if grey else _coloured(away, dark, texel)
    spot = smoothstep(fill_spots(-dark, skin, texel) + dark, *SPOT_DARK)
    radius = max(1, round(REACH_MM / texel))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    sure = np.minimum(skin * 2.0, 1.0)
    grown = (cv2.dilate((found * sure).astype(np.float32), kernel) for found in (ink, spot))
    ink, spot = (cv2.GaussianBlur(found, (0, 0), 0.5 * radius) for found in grown)
    return ink, spot


def _coloured(away: np.ndarray, dark: np.ndarray, texel: float) -> np.ndarray:
    """(H, W) in [0, 1], ink and paint by their hue.

    Args:
        away: (H, W, 3) log colour over the skin around.
        dark: (H, W) log luminance under it.
        texel: mm.
    """
    weight = np.clip(np.abs(dark), 0.02, 1.0)
    red, blue = (masked_blur(away[..., c] - away[..., 1], weight, TOGETHER_MM / texel) for c in (0, 2))
    shade = np.maximum(dark, 0.0)
    ink = smoothstep(dark, *INK_DARK) * (1 - smoothstep(red / np.maximum(shade, 0.1), *INK_HUE))
    # a highlight is bluer and less red than skin too
    cold = np.maximum(1 - smoothstep(red, *OFF_RED), smoothstep(blue, *OFF_BLUE)) * (1 - smoothstep(-dark, *SHINING))
    return np.maximum.reduce([ink, cold, smoothstep(red - CREASE_RED * shade, *RED)])
