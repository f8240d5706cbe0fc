"""A person's own lines beside the atlas: curves of the same kind, read from photos, that every age and layout keeps.

They are appended to the atlas, and the atlas's curves give way: those that the photo contradicts begin later in life
than the photo was taken, and none runs beside an own line in motion. The result is an atlas like any other, so the
same functions make its maps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np

from .atlas import FOLD, OWN, WrinkleAtlas
from .coefficients import GROWTH, STATIC_SHARE, dynamic_share, static_share
from .curve_basis import CurveTexels, blocks_near, draw
from .maps import GROOVE_REACH, groove_profile

# columns, and the largest number (crest, rest, moved and width in mm): drawing lines with larger ones would fill
# the memory. Where the chart is drawn thin, its metric passes ten million mm² per UV²
POINT_FIELDS = {"uv": (2, 1.0), "metric": (3, 1e12), "crest": (2, 50.0), "rest": (0, 20.0), "moved": (0, 20.0)}
LINE_FIELDS = {"group": (0, 1e4), "width": (0, 20.0), "roll": (2, 10.0)}
EARLIER = 0.4  # how long before the photo an own line began, in ages
DEEPEST_MM = 1.6
LEAST_WIDTH = 0.02  # mm
LEAST_METRIC = 1e3  # mm² per UV² in any direction; heads have 40 times that
MOST_POINTS = 50_000


@dataclass(frozen=True, eq=False)
class OwnLines:
    """Lines of one person; n points, c lines; gains of an atlas of N points and C curves.

    Attributes:
        uv: (n, 2) float32, origin at the lower left.
        metric: (n, 3) mm² per UV²: uu, uv, vv.
        crest: (n, 2) mm to the crest of the roll on the left and right.
        rest: (n,) mm, depth at rest at ``age``; 0 at both ends of a line.
        moved: (n,) mm, depth that full compression adds at ``age``.
        start: (c + 1,) int64 first point of each line, and n.
        group: (c,) int64 row of the atlas's groups.
        width: (c,) mm.
        roll: (c, 2) height of the rolls over the depth.
        age: of the person in the photo, 0 to 1.
        curve_gain: (C,) share of its depth at rest that each curve of the atlas has at that age.
        motion_gain: (C,) share of its depth in motion that each has.
        point_gain: (N,) share that is left where an own line takes the atlas's place.
    """

    uv: np.ndarray
    metric: np.ndarray
    crest: np.ndarray
    rest: np.ndarray
    moved: np.ndarray
    start: np.ndarray
    group: np.ndarray
    width: np.ndarray
    roll: np.ndarray
    age: float
    curve_gain: np.ndarray
    motion_gain: np.ndarray
    point_gain: np.ndarray

    # how a file holds them: kind and shape
    TABLES: ClassVar[dict[str, tuple]] = {
        "own_line_points": ("f", None, 9),
        "own_line_counts": ("i", None, 2),
        "own_line_shapes": ("f", None, 3),
        "atlas_curve_gain": ("f", None, 2),
        "atlas_point_gain": ("f", None),
    }

    def __len__(self) -> int:
        return len(self.group)

    def tables(self) -> dict[str, np.ndarray]:
        """The arrays of ``TABLES``: uv, metric, crest, rest, moved; length, group; width, roll; both gains."""
        points = np.column_stack([self.uv, self.metric, self.crest, self.rest, self.moved])
        return {
            "own_line_points": points.astype(np.float32),
            "own_line_counts": np.column_stack([np.diff(self.start), self.group]).astype(np.int32),
            "own_line_shapes": np.column_stack([self.width, self.roll]).astype(np.float32),
            "atlas_curve_gain": np.column_stack([self.curve_gain, self.motion_gain]).astype(np.float32),
            "atlas_point_gain": self.point_gain.astype(np.float32),
        }

    @classmethod
    def of_tables(cls, tables: dict[str, np.ndarray], age: float) -> OwnLines:
        """Own lines of the arrays of ``tables``.

        Raises:
            ValueError: they do not fit together.
        """
        points, counts, shapes = (tables[f"own_line_{name}"] for name in ("points", "counts", "shapes"))
        if len(counts) and counts.min() < 0:
            raise ValueError("its own lines have a negative length or group")
        start = np.concatenate([[0], np.cumsum(counts[:, 0].astype(np.int64))])
        own = cls(
            uv=points[:, :2],
            metric=points[:, 2:5],
            crest=points[:, 5:7],
            rest=points[:, 7],
            moved=points[:, 8],
            start=start,
            group=counts[:, 1].astype(np.int64),
            width=shapes[:, 0],
            roll=shapes[:, 1:],
            age=age,
            curve_gain=tables["atlas_curve_gain"][:, 0],
            motion_gain=tables["atlas_curve_gain"][:, 1],
            point_gain=tables["atlas_point_gain"],
        )
        own.check()
        return own

    @cached_property
    def digest(self) -> bytes:
        """Hash of the contents."""
        names = (*POINT_FIELDS, *LINE_FIELDS, "start", "curve_gain", "motion_gain", "point_gain")
        parts = [np.ascontiguousarray(getattr(self, name)).tobytes() for name in names]
        return hashlib.sha256(b"".join(parts) + repr(float(self.age)).encode()).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnLines) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def check(self) -> None:
        """Raise ValueError where shapes, indices or numbers do not fit together."""
        points, lines = len(self.uv), len(self.group)
        sizes = [(n, points, *f) for n, f in POINT_FIELDS.items()] + [(n, lines, *f) for n, f in LINE_FIELDS.items()]
        for name, count, width, largest in sizes:
            values = getattr(self, name)
            if values.shape != ((count, width) if width else (count,)) or not np.isfinite(values).all():
                raise ValueError(f"its own lines' {name} is not what it should be")
            if np.abs(values).max(initial=0) > largest:
                raise ValueError(f"its own lines' {name} is too large")
        e, f, g = self.metric.astype(np.float64).T
        smallest = 0.5 * (e + g) - np.hypot(0.5 * (e - g), f)  # eigenvalue of the metric
        if points > MOST_POINTS or smallest.min(initial=np.inf) < LEAST_METRIC:
            raise ValueError("its own lines are too many, or run over too much of the chart")
        if self.width.min(initial=np.inf) < LEAST_WIDTH:
            raise ValueError("its own lines' width is too small")
        start = self.start
        if start.shape != (lines + 1,) or start[0] != 0 or start[-1] != points or (np.diff(start) < 2).any():
            raise ValueError("its own lines' start does not divide the points")
        gains = np.concatenate([self.curve_gain.ravel(), self.motion_gain.ravel(), self.point_gain.ravel()])
        if not np.isfinite(gains).all() or gains.min(initial=0) < 0 or gains.max(initial=0) > 4:
            raise ValueError("its own lines' gains are out of range")
        if not 0 <= self.age <= 1 or (lines and self.group.min() < 0):
            raise ValueError("its own lines' age or group is out of range")


@lru_cache(maxsize=3)
def personal_atlas(atlas: WrinkleAtlas, own: OwnLines | None) -> WrinkleAtlas:
    """The atlas of a person: with the own lines, and the other curves as far as the photo leaves them.

    Lines of groups that the atlas does not have are left out; gains made for another atlas are not used.
    """
    if own is None:
        return atlas
    known = (
        own.curve_gain.shape == own.motion_gain.shape == atlas.curve_onset.shape
        and own.point_gain.shape == atlas.strength.shape
    )
    if known:
        atlas = _with_gains(atlas, own)
    fits = own.group < len(atlas.group_names)
    if not fits.any():
        return atlas
    points = np.repeat(fits, np.diff(own.start))
    return _with_lines(atlas, own, fits, points)


def _with_gains(atlas: WrinkleAtlas, own: OwnLines) -> WrinkleAtlas:
    """Curves of the atlas scaled to ``curve_gain`` at the person's age: what is missing comes later in life.

    With growth ((a - o) / (1 - o))^p the onset o' for which it is g times as large at age a is
    (a - s) / (1 - s), s = g^(1/p) (a - o) / (1 - o).
    """
    gain = np.clip(own.curve_gain, 0.0, 4.0).astype(np.float64)
    onset = atlas.curve_onset.astype(np.float64)
    age = min(own.age, 0.98)
    grown = np.clip((age - onset) / (1.0 - onset), 0.0, 1.0) * np.minimum(gain, 1.0) ** (1 / GROWTH)
    later = np.where(grown > 0, (age - grown) / (1.0 - grown), np.maximum(onset, age))
    onset = np.where(gain < 1.0, np.maximum(onset, later), onset)
    # folds are there at every age: their share that does not grow is scaled instead
    fold = atlas.curve_rank == FOLD
    scale = np.where(fold, gain, np.maximum(gain, 1.0))
    onset = np.where(fold, atlas.curve_onset, onset)
    memory = atlas.memory * atlas.of_points(scale) * own.point_gain
    return replace(
        atlas,
        curve_onset=onset.astype(np.float32),
        memory=memory.astype(np.float32),
        dynamic=(atlas.dynamic * atlas.of_points(own.motion_gain) * own.point_gain).astype(np.float32),
    )


def _with_lines(atlas: WrinkleAtlas, own: OwnLines, fits: np.ndarray, points: np.ndarray) -> WrinkleAtlas:
    """The atlas with own lines (fits, their points) behind its curves."""
    count, lines = int(points.sum()), int(fits.sum())
    start = np.concatenate([atlas.curve_start, len(atlas.uv) + np.cumsum(np.diff(own.start)[fits])])
    onset = np.full(lines, min(0.3, own.age - EARLIER))

    def joined(name: str, values: np.ndarray) -> np.ndarray:
        first = getattr(atlas, name)
        return np.concatenate([first, np.asarray(values).astype(first.dtype)])

    whole = replace(
        atlas,
        uv=joined("uv", own.uv[points]),
        metric=joined("metric", own.metric[points]),
        vertices=joined("vertices", np.zeros((count, 3))),
        barycentric=joined("barycentric", np.zeros((count, 3))),
        strength=joined("strength", np.ones(count)),
        dynamic=joined("dynamic", own.moved[points]),
        memory=joined("memory", own.rest[points]),
        roll_crest=joined("roll_crest", own.crest[points]),
        curve_start=start,
        curve_group=joined("curve_group", own.group[fits]),
        curve_layout=joined("curve_layout", np.full(lines, -1)),
        curve_rank=joined("curve_rank", np.full(lines, OWN)),
        curve_width=joined("curve_width", own.width[fits]),
        curve_onset=joined("curve_onset", onset),
        curve_roll=joined("curve_roll", own.roll[fits]),
        curve_pair=joined("curve_pair", np.zeros(lines)),
    )
    # depths are those of the photo at its age: divide by the share that the age regression will multiply by
    share = static_share(whole, own.age)[-lines:]
    moving = dynamic_share(whole, own.age)[-lines:]
    each = np.diff(own.start)[fits]
    memory = np.minimum(whole.memory[-count:] / np.repeat(np.maximum(share, 0.02), each), DEEPEST_MM / STATIC_SHARE)
    dynamic = whole.dynamic[-count:] / np.repeat(np.maximum(moving, 0.1), each)
    return replace(
        whole,
        memory=np.concatenate([atlas.memory, memory.astype(np.float32)]),
        dynamic=np.concatenate([atlas.dynamic, dynamic.astype(np.float32)]),
    )


def line_relief(own: OwnLines, size: int) -> np.ndarray:
    """(S, S) float32 mm: the grooves of the own lines at rest at the age of the photo."""
    if not len(own):
        return np.zeros((size, size), np.float32)
    width = np.repeat(own.width, np.diff(own.start))

    def profile(near: CurveTexels) -> np.ndarray:
        return groove_profile(near.distance, width[near.point]).astype(np.float32)

    blocks = blocks_near(own.uv, own.metric, own.start, GROOVE_REACH * width, size)
    return -draw(blocks, profile, own.rest[None], size)[0]
