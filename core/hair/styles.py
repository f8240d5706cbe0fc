"""Styles of scalp hair: what each does with the hair, by name. Lengths in millimetres; all by eye on renders."""

from __future__ import annotations

from dataclasses import dataclass

TOP, SIDES, NAPE = range(3)


@dataclass(frozen=True)
class HairStyle:
    """One way to wear hair.

    Attributes:
        label: as the panel calls it.
        lengths: mm on top, at the sides and at the nape.
        volume: mm that the outermost hairs lie over the skin on top, at the sides and at the nape, once laid down.
        away: how far hair leaves the crown on all sides, the forehead's side included.
        back: how far it is brushed back; negative: forward.
        aside: how far it leaves the parting.
        parting: mm of the parting from the middle, to the character's left.
        stand: how far hair stands off the skin before it lies down: 0 lies flat, 1 stands.
        weight: how far it hangs.
        curl: mm, radius of waves or curls.
        wave: mm, length of one turn.
        coiled: hairs turn as coils, each on its own; otherwise they wave together.
        clump: mm between locks.
        gather: how far hairs of a lock meet at their tips, 0 to 1.
        loose: relative spread of length and direction from hair to hair.
        cut: mm over the chin at which hanging hair is cut, or None.
        fringe: hair of the front falls over the forehead and is cut there.
        tied: gathered at the back of the head.
        recede: mm that the hairline goes up at the temples.
        bald: the top is bare, the sides and the back are not.
        points: of a strand.
        share: of the usual number of hairs.
        tone: how far the skin under it takes its colour.
    """

    label: str
    lengths: tuple[float, float, float]
    volume: tuple[float, float, float] = (6.0, 5.0, 4.0)
    away: float = 0.0
    back: float = 0.0
    aside: float = 0.0
    parting: float = 0.0
    stand: float = 0.2
    weight: float = 0.5
    curl: float = 0.0
    wave: float = 60.0
    coiled: bool = False
    clump: float = 9.0
    gather: float = 0.5
    loose: float = 0.12
    cut: float | None = None
    fringe: bool = False
    tied: bool = False
    recede: float = 0.0
    bald: bool = False
    points: int = 16
    share: float = 1.0
    tone: float = 0.85


STYLES = {
    "shaved": HairStyle("Shaved", (1.0, 0.8, 0.8), (0.6, 0.6, 0.6), away=1.0, stand=0.8, gather=0.0, points=3,
                        loose=0.2, share=1.3, tone=0.5),
    "buzz": HairStyle("Buzz Cut", (9.0, 5.0, 3.0), (6.0, 4.0, 2.5), away=1.0, stand=0.85, gather=0.0, points=4,
                      loose=0.2, share=1.7, tone=0.9),
    "short": HairStyle("Short Textured", (44.0, 24.0, 12.0), (19.0, 8.0, 5.0), away=0.3, back=-0.45, aside=0.25,
                       parting=20.0, stand=0.8, weight=0.25, curl=1.5, wave=40.0, clump=8.0, gather=0.72, loose=0.25,
                       share=1.25),
    "side_part": HairStyle("Side Part", (75.0, 24.0, 12.0), (15.0, 7.0, 4.0), aside=1.0, back=0.45, parting=28.0,
                           stand=0.4, weight=0.35, clump=8.0, gather=0.45),
    "swept_back": HairStyle("Swept Back", (90.0, 30.0, 20.0), (16.0, 6.0, 4.0), back=1.0, stand=0.5, weight=0.35,
                            clump=8.0, gather=0.5),
    "layered": HairStyle("Short Layered", (95.0, 70.0, 38.0), (20.0, 22.0, 9.0), away=0.6, aside=0.6, parting=25.0,
                         stand=0.5, weight=0.6, curl=2.5, wave=60.0, clump=12.0, gather=0.6, loose=0.2, points=20),
    "curly_short": HairStyle("Short Curls", (60.0, 36.0, 20.0), (24.0, 14.0, 8.0), away=0.6, stand=0.8, weight=0.15,
                             curl=5.0, wave=24.0, clump=8.0, gather=0.75, loose=0.3, points=28),
    "coils": HairStyle("Coils", (36.0, 26.0, 16.0), (34.0, 24.0, 14.0), away=0.25, stand=1.0, weight=0.0, curl=2.6,
                       wave=9.0, coiled=True, clump=4.0, gather=0.6, loose=0.25, points=36),
    "bob": HairStyle("Bob", (230.0, 180.0, 90.0), (16.0, 15.0, 10.0), away=0.35, aside=0.9, parting=14.0, stand=0.3,
                     weight=1.0, clump=10.0, gather=0.4, cut=-4.0, points=24),
    "bob_fringe": HairStyle("Bob with Fringe", (230.0, 180.0, 90.0), (15.0, 15.0, 10.0), away=1.0, stand=0.3,
                            weight=1.0, clump=10.0, gather=0.4, cut=-4.0, fringe=True, points=24),
    "long_straight": HairStyle("Long Straight", (420.0, 360.0, 300.0), (13.0, 13.0, 12.0), away=0.3, aside=0.9,
                               stand=0.25, weight=1.0, clump=12.0, gather=0.45, points=32),
    "long_fringe": HairStyle("Long with Fringe", (420.0, 360.0, 300.0), (13.0, 13.0, 12.0), away=1.0, stand=0.25,
                             weight=1.0, clump=12.0, gather=0.45, fringe=True, points=32),
    "long_wavy": HairStyle("Long Wavy", (400.0, 340.0, 280.0), (18.0, 20.0, 18.0), away=0.3, aside=0.9, parting=12.0,
                           stand=0.35, weight=0.9, curl=9.0, wave=75.0, clump=13.0, gather=0.6, loose=0.18, points=48),
    "tied_back": HairStyle("Tied Back", (330.0, 330.0, 330.0), (7.0, 5.0, 4.0), back=1.0, stand=0.1, weight=0.4,
                           clump=8.0, gather=0.3, loose=0.06, tied=True, points=40),
    "receding": HairStyle("Receding", (40.0, 22.0, 12.0), (10.0, 6.0, 4.0), away=0.2, back=0.6, aside=0.3, parting=22.0,
                          stand=0.4, weight=0.4, clump=9.0, gather=0.5, recede=26.0, share=0.8),
    "horseshoe": HairStyle("Horseshoe", (14.0, 14.0, 10.0), (4.0, 5.0, 4.0), away=0.4, back=0.3, stand=0.3, weight=0.6,
                           gather=0.3, bald=True, points=8),
}  # fmt: skip
