"""What is known of a group of wrinkles, as records: how it moves and ages, and how photos show it.

The records are written by ``models/wrinkles/groups.py`` and stored in the atlas. A new group is one entry there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import inf, isfinite

import numpy as np

NAME_LENGTH = 32


@dataclass(frozen=True)
class Appearance:
    """How photos show the lines of a group, and what that tells.

    Attributes:
        fine: they are too fine and dense to be seen one by one.
        odds: added to a line's logistic score: what else there is where the group's lines are counts against them
            (lips, nostrils, stubble).
        step: the skin beyond hangs in its own shade, so that they may be a step with a line along its foot.
        everyone: young faces show them as well: they vouch for no other line.
        sure: evidence that makes one of the group's curves a fold that is there; infinite where no folds are looked for
            along them. Folds are broad, and about where they are on every face.
        zone: name of the zone whose lines tell age together, or "".
    """

    fine: bool = False
    odds: float = 0.0
    step: bool = False
    everyone: bool = False
    sure: float = inf
    zone: str = ""

    @property
    def fold(self) -> bool:
        """Folds are looked for along the group's curves."""
        return isfinite(self.sure)


@dataclass(frozen=True)
class Zone:
    """Groups of lines that come together with age.

    Attributes:
        name: of the zone.
        importance: weight of the zone.
        young: mm of clear line for each mm² of skin that young faces have as well.
        full: the same of a face in old age.
    """

    name: str
    importance: float
    young: float
    full: float


@dataclass(frozen=True)
class Group:
    """Lines of one anatomical group.

    Attributes:
        name: of the group.
        family: 1 or 2: which wrinkle normal and which compressed channel.
        habit: number of the habitual expression that drives it.
        floor: share of the memory that is there at every age.
        retention: share of the memory that stays.
        young: share of the dynamic depth at 20 years.
        lower: it is of the lower face, and does not come with the eyes.
        appearance: in photos.
    """

    name: str
    family: int
    habit: int
    floor: float
    retention: float
    young: float
    lower: bool
    appearance: Appearance

    def check(self, zones: tuple[Zone, ...]) -> None:
        """Raise ValueError where a value is out of range or the zone is none of ``zones``."""
        shares = (self.floor, self.retention, self.young)
        if self.family not in (1, 2) or self.habit < 0 or not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"the group {self.name!r} is out of range")
        seen = self.appearance
        if not isfinite(seen.odds) or not seen.sure > 0 or seen.zone not in ("", *(zone.name for zone in zones)):
            raise ValueError(f"the group {self.name!r} has odds, evidence or a zone that cannot be")


_KINDS = {"str": f"U{NAME_LENGTH}", "int": np.int32, "float": np.float64, "bool": np.bool_}


def _columns(kind: type) -> list[tuple[str, object]]:
    return [(f.name, _KINDS[str(f.type)]) for f in fields(kind) if f.type in _KINDS]


def group_table(groups: tuple[Group, ...]) -> np.ndarray:
    """(G,) structured array of groups, without Python objects."""
    rows = [asdict(group) for group in groups]
    rows = [row | row.pop("appearance") for row in rows]
    return _table(rows, [*_columns(Group), *_columns(Appearance)])


def groups_of(table: np.ndarray) -> tuple[Group, ...]:
    """The groups of a table.

    Raises:
        ValueError, KeyError, TypeError: it is no such table.
    """
    rows = _rows(table, [*_columns(Group), *_columns(Appearance)])
    seen = [f.name for f in fields(Appearance)]
    return tuple(Group(appearance=Appearance(**{name: row.pop(name) for name in seen}), **row) for row in rows)


def zone_table(zones: tuple[Zone, ...]) -> np.ndarray:
    """(Z,) structured array of zones."""
    return _table([asdict(zone) for zone in zones], _columns(Zone))


def zones_of(table: np.ndarray) -> tuple[Zone, ...]:
    """The zones of a table.

    Raises:
        ValueError: it is no such table.
    """
    return tuple(Zone(**row) for row in _rows(table, _columns(Zone)))


def _table(rows: list[dict], columns: list[tuple[str, object]]) -> np.ndarray:
    long = [value for row in rows for value in row.values() if isinstance(value, str) and len(value) > NAME_LENGTH]
    if long:
        raise ValueError(f"the name {long[0]!r} is longer than {NAME_LENGTH} characters")
    return np.array([tuple(row[name] for name, _ in columns) for row in rows], np.dtype(columns))


def _rows(table: np.ndarray, columns: list[tuple[str, object]]) -> list[dict]:
    if table.ndim != 1 or table.dtype != np.dtype(columns):
        raise ValueError("a table of groups or zones has other columns than it should")
    return [dict(zip(table.dtype.names, row.item())) for row in table]
