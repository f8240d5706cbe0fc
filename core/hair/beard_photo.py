"""What a photo shows of a beard: how much darker the lower face is than its skin would be in the photo's light.

The light is taken from forehead, cheeks and nose alone: log colour is linear in the normal there. Light that is taken
from the whole face explains a beard as shade from above. Both are asked, and the one that sees less of a beard is
believed where it is decided whether there is one: a face in hard light is misread by either.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth
from ..image.colour import LUMINANCE
from ..image.filters import smoothstep
from .beard_area import beard_part, drawn, moustache, off_lips, outline_uv, usual_cover
from .surface import ChartPart

SIZE = 512  # texels of the chart at which a beard is read
UPPER = ("forehead", "temple", "glabella", "nose", "cheek")  # regions whose skin tells of the light
RIDGE = 0.03  # of the light's slopes, beside samples of unit weight
ROUNDS, ROBUST = 6, 1.5  # of the robust fit; standard deviations that count in full
FEWEST = 400  # texels of skin without which nothing is told
PATCH_MM = 1.6  # Gaussian sigma: darkness is that of a patch, not of a single hair
SURE = 0.6  # of a grown beard's density, where a beard has hair if there is one
FULL = 0.7  # quantile of the darkness where there is hair, which full cover has
FROM, UP_TO = 0.28, 0.72  # of that darkness: no cover, full cover
REDDER = (0.08, 0.22)  # log(R/G) over that of the skin, of what is shade or lip: hair, none
PALE = 2.0  # log luminance that counts as much as log(R/G) under that of the skin
NEAR_MM = 3.0  # beyond the usual outline, that a beard may reach
AROUND_MM = 12.0  # Gaussian sigma of what stands for what the photo does not show


@dataclass(frozen=True, eq=False)
class ChartPhoto:
    """One photo in the chart of g x g texels.

    Attributes:
        colour: (g, g, 3) log linear colour as the photo shows it.
        shading: (g, g, 3) log of the light found on the whole face.
        normals: (g, g, 3) camera coordinates.
        shown, plain: (g, g) in [0, 1], how far the photo shows the head there; how far that is plain skin.
    """

    colour: np.ndarray
    shading: np.ndarray
    normals: np.ndarray
    shown: np.ndarray
    plain: np.ndarray


@dataclass(frozen=True, eq=False)
class BeardSeen:
    """The lower face in a photo, in a part of the chart of h x w texels.

    Attributes:
        part: of the chart.
        usual: (h, w) in [0, 1], how dense a grown beard would be.
        lipless: (h, w) in [0, 1], 0 on the lips.
        over_mouth: (h, w) bool, the moustache's part.
        shown: (h, w) bool.
        change: (h, w, 3) log colour over that of skin in the light of the upper face.
        dark: (h, w) log luminance under that skin.
        least_dark: (h, w) the same in that light or in the whole face's, the lesser.
        redder: (h, w) log(R/G) over that of the skin.
        noise: standard deviation of the upper face's log colour about its light.
        grey: the photo has no colour.
    """

    part: ChartPart
    usual: np.ndarray
    lipless: np.ndarray
    over_mouth: np.ndarray
    shown: np.ndarray
    change: np.ndarray
    dark: np.ndarray
    least_dark: np.ndarray
    redder: np.ndarray
    noise: float
    grey: bool

    @property
    def hairy(self) -> np.ndarray:
        """(h, w) how far it looks like hair: dark, or without the red of skin, which grey hair has not."""
        return self.dark if self.grey else np.maximum(self.dark, -PALE * self.redder)

    def asked(self, over_mouth: bool) -> np.ndarray:
        """(h, w) bool: where a beard has hair if there is one, of moustache or the rest, as far as it is shown."""
        return self.shown & (self.usual > SURE) & (self.over_mouth == over_mouth)


def beard_seen(topology: HeadTopology, landmarks: np.ndarray, photo: ChartPhoto, texel: float) -> BeardSeen | None:
    """The lower face of a photo; None where it shows too little skin above it.

    Args:
        landmarks: (478, 2) u, v.
        texel: mm of the chart at ``SIZE``.
    """
    part = beard_part(landmarks, SIZE, texel)
    small = [cv2.resize(np.asarray(a, np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
             for a in (photo.colour, photo.shading, photo.normals, photo.shown, photo.plain)]  # fmt: skip
    colour, shading, normals, shown, plain = small
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    usual, zone = usual_cover(part, landmarks), np.zeros((SIZE, SIZE), np.float32)
    part.cut(zone)[:] = drawn(part, outline_uv(landmarks, SIZE * texel))
    upper = (sample_smooth(topology, region_sum(topology, UPPER), SIZE) > SURE) & (plain > 0.5) & (zone == 0)
    if upper.sum() < FEWEST:
        return None
    skin, noise = _fitted_light(colour[upper], normals[upper], part.cut(normals))
    change = cv2.GaussianBlur(part.cut(colour), (0, 0), PATCH_MM / texel) - skin
    middle = np.median((colour - shading)[upper], axis=0)
    other = cv2.GaussianBlur(part.cut(colour - shading), (0, 0), PATCH_MM / texel) - middle
    dark, least = _darkness(change), np.minimum(_darkness(change), _darkness(other))
    chroma = colour[upper] - colour[upper].mean(1, keepdims=True)
    return BeardSeen(
        part, usual, off_lips(part, landmarks), moustache(part, landmarks), part.cut(shown) > 0.5, change, dark, least,
        change[..., 0] - change[..., 1], noise,
        bool(np.abs(np.median(chroma, axis=0)).max() < 0.03),
    )  # fmt: skip


def _fitted_light(colour: np.ndarray, normals: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, float]:
    """Log colour (h, w, 3) of skin with normals ``wanted`` (h, w, 3), and the standard deviation of the fit.

    Iteratively reweighted least squares (Huber) of log colour (n, 3) that is linear in normals (n, 3).
    """
    basis = np.column_stack([np.ones(len(normals)), normals]).astype(np.float64)
    weights, spread = np.ones(len(basis)), 1.0
    ridge = RIDGE * np.diag([0.0, 1.0, 1.0, 1.0])
    for _ in range(ROUNDS):
        weighted = basis * weights[:, None] / weights.sum()
        found = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ colour)
        away = np.abs((colour - basis @ found).mean(1))
        spread = max(1.4826 * float(np.median(away)), 1e-3)
        weights = 1.0 / np.maximum(1.0, away / (ROBUST * spread))
    return (found[0] + wanted @ found[1:]).astype(np.float32), spread


def _darkness(change: np.ndarray) -> np.ndarray:
    """(h, w) log luminance under that of skin of a change (h, w, 3) of log colour; skin is taken as grey."""
    return -np.log(np.exp(change) @ LUMINANCE)


def cover_seen(seen: BeardSeen) -> np.ndarray:
    """(h, w) float32 in [0, 1]: how far hair hides the skin; where the photo shows nothing, as around there."""
    texel, there = seen.part.texel, seen.asked(True) | seen.asked(False)
    full = float(np.quantile(seen.hairy[there], FULL)) if there.any() else 1.0
    red = 1.0 - (0.0 if seen.grey else smoothstep(seen.redder, *REDDER))
    near = smoothstep(cv2.GaussianBlur((seen.usual > 0.02).astype(np.float32), (0, 0), NEAR_MM / texel), 0.1, 0.5)
    found = smoothstep(seen.hairy, FROM * full, UP_TO * full) * red * near * seen.lipless
    shown = seen.shown.astype(np.float32)
    sigma = AROUND_MM / texel
    known = cv2.GaussianBlur(seen.usual * shown, (0, 0), sigma)
    share = (cv2.GaussianBlur(found * shown * (seen.usual > 0), (0, 0), sigma) + 1e-3) / (known + 1e-3)
    guess = seen.usual * np.clip(share, 0.0, 1.0)
    soft = cv2.GaussianBlur(cv2.erode(shown, np.ones((3, 3))), (0, 0), 1.5 / texel)
    return (guess + soft * (found - guess)).clip(0.0, 1.0).astype(np.float32)

