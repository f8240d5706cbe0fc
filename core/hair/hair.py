"""The hair of one head, and how a .furrow file holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..image.colour import srgb_to_linear
from .bare_skin import BareSkin
from .beard import Beard
from .hair_colour import USUAL, HairColour
from .scalp import Scalp
from .strands import GROUPS, Strands, table_names

PATCHES = BROWS_PATCH, BEARD_PATCH = "bare_skin", "beard_skin"  # maps of the skin under painted hair
Bounds = tuple[float, ...]


@dataclass(frozen=True)
class Hair:
    """Hair of one head, and the skin under what of it is painted in the albedo.

    Attributes:
        strands: one entry for each kind of hair that there is, in the order of ``GROUPS``.
        bare: None where no hair is painted.
        scalp: what is known or guessed of the scalp's hair, whose strands no file holds; None where nothing is.
        beard: likewise of the beard.
        beard_skin: the skin under a beard that is painted; None where none is.
    """

    strands: tuple[Strands, ...] = ()
    bare: BareSkin | None = None
    scalp: Scalp | None = None
    beard: Beard | None = None
    beard_skin: BareSkin | None = None

    def tables(self) -> dict[str, np.ndarray]:
        """All arrays of the strands, by name."""
        return {name: array for strands in self.strands for name, array in strands.tables().items()}

    def colour(self, group: str) -> HairColour:
        """Median colour of the hairs of a kind, brown where there are none."""
        for strands in self.strands:
            if strands.group == group:
                return HairColour(np.log(np.maximum(srgb_to_linear(np.median(strands.colours, axis=0)), 2e-3)), 0.0)
        return HairColour(USUAL, 0.0)

    def patches(self) -> dict[str, BareSkin]:
        """Patches of bare skin that there are, by the names of their maps."""
        both = {BROWS_PATCH: self.bare, BEARD_PATCH: self.beard_skin}
        return {name: patch for name, patch in both.items() if patch is not None}

    def header(self) -> dict:
        """What the header of a file says of it: the tips of each kind, and where the patches of bare skin lie."""
        bounds = {name: [float(b) for b in patch.bounds] for name, patch in self.patches().items()}
        header = {"tips": {s.group: float(s.tip) for s in self.strands}, BROWS_PATCH: None, **bounds}
        kept = {"scalp": self.scalp, "beard": self.beard}
        return header | {name: value.header() for name, value in kept.items() if value is not None}


def read_header(header: dict | None) -> tuple[dict[str, float], dict[str, Bounds]]:
    """Tips by group, and bounds of the patches of bare skin that there are, by the names of their maps, of what
    :meth:`Hair.header` gave or a stranger wrote.

    Raises:
        ValueError: it names no such hair, or bounds beyond the chart.
    """
    if header is None:
        return {}, {}
    tips = header["tips"]
    if not isinstance(tips, dict) or not set(tips) <= set(GROUPS):
        raise ValueError("its hair is of an unknown kind")
    bounds = {}
    for name in PATCHES:
        if header.get(name) is not None:
            bounds[name] = corners = tuple(float(b) for b in header[name])
            if len(corners) != 4 or not (
                0.0 <= corners[0] < corners[2] <= 1.0 and 0.0 <= corners[1] < corners[3] <= 1.0
            ):
                raise ValueError("its bare skin lies beyond the chart")
    return {group: float(tips[group]) for group in GROUPS if group in tips}, bounds


def read_scalp_header(header: dict | None) -> Scalp | None:
    """The scalp's hair of what :meth:`Hair.header` gave or a stranger wrote.

    Raises:
        ValueError, KeyError, TypeError: it is like no hair.
    """
    return Scalp.of_header(header["scalp"]) if header and header.get("scalp") is not None else None


def beard_header(header: dict | None) -> dict | None:
    """What a file with this header says of a beard; None for nothing."""
    return header.get("beard") if header else None


def hair_of_tables(
    tips: dict[str, float], tables: dict[str, np.ndarray], patches: dict[str, BareSkin], scalp: Scalp | None = None,
    beard: Beard | None = None,
) -> Hair:
    """Hair of the arrays of :meth:`Hair.tables`.

    Args:
        patches: of bare skin, by the names of their maps.

    Raises:
        ValueError: they do not fit together, or hold what no hair is.
    """
    strands = tuple(Strands.of_tables(group, tables, tip) for group, tip in tips.items())
    return Hair(strands, patches.get(BROWS_PATCH), scalp, beard, patches.get(BEARD_PATCH))


def table_kinds(tips: dict[str, float]) -> dict[str, tuple]:
    """Kind and shape of each array that a file with these kinds of hair holds."""
    return {name: kind for group in tips for name, kind in zip(table_names(group), Strands.TABLES.values())}
