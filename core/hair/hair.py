"""The hair of one head, and how a .furrow file holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bare_skin import BareSkin
from .scalp import Scalp
from .strands import GROUPS, Strands, table_names


@dataclass(frozen=True)
class Hair:
    """Hair of one head, and the skin under what of it is painted in the albedo.

    Attributes:
        strands: one entry for each kind of hair that there is, in the order of ``GROUPS``.
        bare: None where no hair is painted.
        scalp: what is known or guessed of the scalp's hair, whose strands no file holds; None where nothing is.
    """

    strands: tuple[Strands, ...] = ()
    bare: BareSkin | None = None
    scalp: Scalp | None = None

    def tables(self) -> dict[str, np.ndarray]:
        """All arrays of the strands, by name."""
        return {name: array for strands in self.strands for name, array in strands.tables().items()}

    def header(self) -> dict:
        """What the header of a file says of it: the tips of each kind, and where the patch of bare skin lies."""
        bounds = None if self.bare is None else [float(b) for b in self.bare.bounds]
        header = {"tips": {s.group: float(s.tip) for s in self.strands}, "bare_skin": bounds}
        return header if self.scalp is None else header | {"scalp": self.scalp.header()}


def read_header(header: dict | None) -> tuple[dict[str, float], tuple[float, float, float, float] | None]:
    """Tips by group, and bounds of the bare skin or None, of what :meth:`Hair.header` gave or a stranger wrote.

    Raises:
        ValueError: it names no such hair, or bounds beyond the chart.
    """
    if header is None:
        return {}, None
    tips, bounds = header["tips"], header["bare_skin"]
    if not isinstance(tips, dict) or not set(tips) <= set(GROUPS):
        raise ValueError("its hair is of an unknown kind")
    if bounds is not None:
        bounds = tuple(float(b) for b in bounds)
        if len(bounds) != 4 or not (0.0 <= bounds[0] < bounds[2] <= 1.0 and 0.0 <= bounds[1] < bounds[3] <= 1.0):
            raise ValueError("its bare skin lies beyond the chart")
    return {group: float(tips[group]) for group in GROUPS if group in tips}, bounds


def read_scalp_header(header: dict | None) -> Scalp | None:
    """The scalp's hair of what :meth:`Hair.header` gave or a stranger wrote.

    Raises:
        ValueError, KeyError, TypeError: it is like no hair.
    """
    return Scalp.of_header(header["scalp"]) if header and header.get("scalp") is not None else None


def hair_of_tables(
    tips: dict[str, float], tables: dict[str, np.ndarray], bare: BareSkin | None, scalp: Scalp | None = None
) -> Hair:
    """Hair of the arrays of :meth:`Hair.tables`.

    Raises:
        ValueError: they do not fit together, or hold what no hair is.
    """
    return Hair(tuple(Strands.of_tables(group, tables, tip) for group, tip in tips.items()), bare, scalp)


def table_kinds(tips: dict[str, float]) -> dict[str, tuple]:
    """Kind and shape of each array that a file with these kinds of hair holds."""
    return {name: kind for group in tips for name, kind in zip(table_names(group), Strands.TABLES.values())}
