"""A beard as a file keeps it: where it grows, its kind, size and colour, from which its strands grow anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..head.model import HeadTopology
from ..image.filters import sample
from .beard_kinds import BEARDS, LABELS, NONE, SHADOW, SHADOW_TONE
from .beard_strands import grown, lower_face, scatter_roots
from .hair_colour import GREY_HAIR, HairColour, strand_colours
from .scalp import FACTORS
from .strands import BEARD, SPARE, Strands
from .surface import vertex_uv

RADIUS_SPREAD = 0.18
MOST_SIDE = 1024  # texels of a cover


@dataclass(frozen=True, eq=False)
class Cover:
    """How dense a beard grows, in a rectangle of the chart.

    Attributes:
        pixels: (h, w) uint8, 255 is as dense as can be.
        bounds: lowest u and v, highest u and v.
    """

    pixels: np.ndarray
    bounds: tuple[float, ...]

    def at(self, uv: np.ndarray) -> np.ndarray:
        """(...,) in [0, 1] at places (..., 2) of the chart; 0 outside."""
        left, low, right, high = self.bounds
        place = (np.asarray(uv, np.float64) - (left, low)) / (right - left, high - low)
        height, width = self.pixels.shape
        inside = (np.abs(place - 0.5) <= 0.5).all(-1)
        place = np.clip(place, 0.0, 1.0) * (1.0, -1.0) + (0.0, 1.0)
        return np.where(inside, sample(self.pixels.astype(np.float32) / 255, place * (width, height) - 0.5), 0.0)


@dataclass(frozen=True, eq=False)
class Beard:
    """The beard of a character.

    Attributes:
        kind: of ``LABELS``.
        seen: the kind that the photo shows.
        colour: of the hairs.
        cover: where it grows: the photo's, or where a beard usually grows if the photo shows none.
        length: times that of the kind.
        tip: factor of the linear colour at the tip.
    """

    kind: str
    seen: str
    colour: HairColour
    cover: Cover
    length: float = 1.0
    tip: float = 1.2

    def header(self) -> dict:
        """What the header of a file says of it."""
        return {
            "kind": self.kind,
            "seen": self.seen,
            "length": float(self.length),
            "colour": [float(v) for v in self.colour.pigmented],
            "grey": float(self.colour.grey),
            "tip": float(self.tip),
            "bounds": [float(b) for b in self.cover.bounds],
        }

    @classmethod
    def of_header(cls, header: dict, pixels: np.ndarray) -> Beard:
        """What :meth:`header` gave, or a stranger wrote.

        Args:
            pixels: (h, w) uint8 of the cover.

        Raises:
            ValueError, KeyError, TypeError: nobody has such a beard.
        """
        colour = np.array(header["colour"], np.float64)
        length, grey, tip = (float(header[key]) for key in ("length", "grey", "tip"))
        bounds = tuple(float(b) for b in header["bounds"])
        sound = (
            header["kind"] in LABELS
            and header["seen"] in LABELS
            and colour.shape == (3,)
            and -8.0 <= colour.min()
            and colour.max() <= 0.5
            and FACTORS[0] <= length <= FACTORS[1]
            and 0.0 <= grey <= 1.0
            and 0.0 <= tip <= 10.0
            and len(bounds) == 4
            and 0.0 <= bounds[0] < bounds[2] <= 1.0
            and 0.0 <= bounds[1] < bounds[3] <= 1.0
            and pixels.ndim == 2
            and 2 <= min(pixels.shape)
            and max(pixels.shape) <= MOST_SIDE
        )
        if not sound:
            raise ValueError("its beard is like no beard")
        kind, seen = str(header["kind"]), str(header["seen"])
        return cls(kind, seen, HairColour(colour, grey), Cover(pixels, bounds), length, tip)


def grow_beard(topology: HeadTopology, vertices: np.ndarray, beard: Beard, seed: int) -> Strands | None:
    """Strands of a beard; None for a kind without. The same for the same seed.

    Args:
        vertices: (V, 3) mm, neutral.
    """
    if beard.kind not in BEARDS:
        return None
    kind, rng = BEARDS[beard.kind], np.random.default_rng(seed)
    face = lower_face(topology, vertices)
    roots = scatter_roots(topology, face, beard.cover.at, kind.per_mm2 * SPARE, rng)
    points, roots = grown(roots, face, kind, beard.length, beard.cover.at(roots.uv), rng)
    count = len(points)
    radii = kind.radius * np.exp(rng.normal(0.0, RADIUS_SPREAD, count))
    colours = strand_colours(beard.colour, count, rng)
    return Strands(BEARD, roots.uv, points.astype(np.float32), radii.astype(np.float32), colours, beard.tip)


def beard_tone(topology: HeadTopology, beard: Beard | None) -> np.ndarray:
    """(V_head,) float32 how far the skin of the head part takes the colour of a beard's roots."""
    count = topology.part_slice("head").stop
    if beard is None or beard.kind == NONE:
        return np.zeros(count, np.float32)
    tone = SHADOW_TONE if beard.kind == SHADOW else BEARDS[beard.kind].style.tone
    return (tone * beard.cover.at(vertex_uv(topology)[:count])).astype(np.float32)


def beard_colour(beard: Beard | None) -> np.ndarray:
    """(3,) linear mean colour of the hairs."""
    if beard is None:
        return np.zeros(3)
    grey = beard.colour.grey
    return (1.0 - grey) * np.exp(beard.colour.pigmented) + grey * np.exp(GREY_HAIR)
