"""Kinds of beard by how long they are, and how the hair of each lies. Lengths in millimetres; all by eye on renders."""

from __future__ import annotations

from dataclasses import dataclass

from .styles import HairStyle

NONE, SHADOW = "none", "shadow"  # kinds of a beard without strands


@dataclass(frozen=True)
class BeardKind:
    """One length of beard.

    Attributes:
        style: how its hair waves and joins in locks; its ``lengths`` are mm of moustache, cheeks and chin.
        per_mm2: hairs that show where it is thickest.
        radius: mm at the root.
        lift: radians between the skin and a hair at its root.
        falls: share of a hair's way in which it turns down, by its weight: 0 not at all, 1 by its tip.
    """

    style: HairStyle
    per_mm2: float
    radius: float
    lift: float
    falls: float


BEARDS = {
    "stubble": BeardKind(
        HairStyle("Stubble", (1.6, 1.7, 1.9), gather=0.0, loose=0.30, points=3, tone=0.16), 0.75, 0.042, 0.55, 0.0
    ),
    "short": BeardKind(
        HairStyle("Short", (7.0, 6.5, 9.0), curl=0.25, wave=9.0, clump=3.0, gather=0.25, loose=0.26, points=6,
                  tone=0.42), 0.95, 0.045, 0.50, 0.35,
    ),
    "full": BeardKind(
        HairStyle("Full", (15.0, 17.0, 34.0), curl=1.1, wave=13.0, clump=5.0, gather=0.5, loose=0.28, points=12,
                  tone=0.62), 0.95, 0.050, 0.62, 0.75,
    ),
}  # fmt: skip
SHADOW_TONE = 0.12  # how far the skin of a shaven face takes the colour of its hair
LABELS = {NONE: "None", SHADOW: "Shadow", **{name: kind.style.label for name, kind in BEARDS.items()}}
