"""The hair of a scalp as a file keeps it: its style, size, colour and hairline, from which its strands grow anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..head.model import HeadTopology, region_sum
from ..mesh.operators import vertex_normals
from .hair_colour import GREY_HAIR, HairColour, strand_colours
from .scalp_area import HAIRLESS, Hairline, density, receded
from .scalp_strands import clear_of_eyes, grown, head_scene, scatter_roots
from .skull import skull_of
from .strands import SCALP, SPARE, Strands
from .styles import STYLES

NONE = "none"  # the style of a bare head
FACTORS = (0.3, 3.0)  # of length and volume
MOST_HAIRLINE = 200  # points
RADIUS_MM, RADIUS_SPREAD = 0.075, 0.15  # at the root: each hair stands for about five of 60 to 90 micrometres
THICKER = 0.5  # power of a style's share of hairs by which they get thinner


@dataclass(frozen=True, eq=False)
class Scalp:
    """Hair of a scalp.

    Attributes:
        style: of ``STYLES``, or ``NONE``.
        length, volume: times those of the style.
        colour: of the hairs.
        tip: factor of the linear colour at the tip.
        hairline: where hair ends, before what the style recedes.
        mirrored: the parting is on the character's right.
    """

    style: str
    colour: HairColour
    hairline: Hairline
    length: float = 1.0
    volume: float = 1.0
    tip: float = 1.15
    mirrored: bool = False

    def header(self) -> dict:
        """What the header of a file says of it."""
        line = [[round(float(v), 2) for v in point] for point in self.hairline.line]
        return {
            "style": self.style,
            "length": float(self.length),
            "volume": float(self.volume),
            "colour": [float(v) for v in self.colour.pigmented],
            "grey": float(self.colour.grey),
            "tip": float(self.tip),
            "mirrored": bool(self.mirrored),
            "hairline": {"axis": float(self.hairline.axis), "line": line},
        }

    @classmethod
    def of_header(cls, header: dict) -> Scalp:
        """What :meth:`header` gave, or a stranger wrote.

        Raises:
            ValueError: no head has such hair.
        """
        line = np.array(header["hairline"]["line"], np.float64)
        colour = np.array(header["colour"], np.float64)
        numbers = [float(header[key]) for key in ("length", "volume", "grey", "tip")]
        axis = float(header["hairline"]["axis"])
        length, volume, grey, tip = numbers
        sound = (
            (header["style"] == NONE or header["style"] in STYLES)
            and line.ndim == 2
            and line.shape[1] == 2
            and 2 <= len(line) <= MOST_HAIRLINE
            and np.abs(line).max() < 1e3
            and colour.shape == (3,)
            and -8.0 <= colour.min()
            and colour.max() <= 0.5
            and all(FACTORS[0] <= v <= FACTORS[1] for v in (length, volume))
            and 0.0 <= grey <= 1.0
            and 0.0 <= tip <= 10.0
            and abs(axis) < 1e3
        )
        if not sound:
            raise ValueError("its scalp hair is like no hair")
        return cls(
            str(header["style"]), HairColour(colour, grey), Hairline(axis, line), length, volume, tip,
            bool(header["mirrored"]),
        )  # fmt: skip


def grow_scalp(
    topology: HeadTopology, vertices: np.ndarray, joints: np.ndarray, scalp: Scalp, seed: int, spare: float = SPARE
) -> Strands | None:
    """Strands of a scalp; None for a bare one. The same for the same seed.

    Args:
        vertices: (V, 3) mm, neutral.
        joints: (J, 2, 3) mm.
        spare: times the number of strands that shows at the usual density.
    """
    if scalp.style == NONE:
        return None
    style, rng = STYLES[scalp.style], np.random.default_rng(seed)
    if scalp.mirrored:
        style = replace(style, parting=-style.parting)
    scene = head_scene(topology, vertices, skull_of(topology, vertices, joints), receded(scalp.hairline, style))
    roots = scatter_roots(topology, vertices, scene, style, spare, rng)
    points = grown(roots, scene, style, scalp.length, scalp.volume, rng)
    kept = clear_of_eyes(points, scene)
    points, uv, count = points[kept], roots.uv[kept], int(kept.sum())
    radii = RADIUS_MM * style.share**-THICKER * np.exp(rng.normal(0.0, RADIUS_SPREAD, count))
    colours = strand_colours(scalp.colour, count, rng)
    return Strands(SCALP, uv, points.astype(np.float32), radii.astype(np.float32), colours, scalp.tip)


def scalp_tone(topology: HeadTopology, vertices: np.ndarray, scalp: Scalp | None) -> np.ndarray:
    """(V_head,) float32 how far the skin of the head part takes the colour of hair: roots show through it, and hair
    shades it.

    Args:
        vertices: (V, 3) mm, neutral.
    """
    count = topology.part_slice("head").stop
    if scalp is None or scalp.style == NONE:
        return np.zeros(count, np.float32)
    style, points = STYLES[scalp.style], vertices[:count].astype(np.float64)
    normals = vertex_normals(vertices.astype(np.float64), topology.head_triangles)[:count]
    skin = 1.0 - region_sum(topology, HAIRLESS)[:count].clip(0.0, 1.0)
    dense = density(receded(scalp.hairline, style), points, normals, style)
    return (style.tone * dense * skin).astype(np.float32)


def scalp_colour(scalp: Scalp | None) -> np.ndarray:
    """(3,) linear mean colour of the hairs."""
    if scalp is None:
        return np.zeros(3)
    grey = scalp.colour.grey
    return (1.0 - grey) * np.exp(scalp.colour.pigmented) + grey * np.exp(GREY_HAIR)
