"""Strands of hair that are rooted in the skin, as plain arrays, and how a file holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

GROUPS = ("brows", "lashes")  # kinds of hair whose strands a file holds; each is an object of its own in Blender
SCALP = "scalp"  # the kind that grows anew from what a file says of it
BEARD, VELLUS = "beard", "vellus"  # likewise
SPARE = 1.5  # strands that are kept for each that shows at the usual density
MOST_STRANDS, MOST_POINTS = 60_000, 64  # of a group, of a strand
LONGEST_MM = 1500.0
RADIUS_MM = (0.002, 0.5)


@dataclass(frozen=True, eq=False)
class Strands:
    """Hair of one kind on one head: n strands of k points each.

    The strands are in the order in which they go when hair is thinned out: any first part of them is spread as the
    whole is. ``1 / SPARE`` of them are the usual density.

    Attributes:
        group: of ``GROUPS``, or ``SCALP``.
        roots: (n, 2) float32 u, v in the chart.
        points: (n, k, 3) float32 mm on the neutral head, from root to tip.
        radii: (n,) float32 mm at the root.
        colours: (n, 3) float32 sRGB in [0, 1] at the root.
        tip: factor of the linear colour at the tip.
    """

    group: str
    roots: np.ndarray
    points: np.ndarray
    radii: np.ndarray
    colours: np.ndarray
    tip: float = 1.0

    # how a file holds them: kind and shape; {} is the group
    TABLES: ClassVar[dict[str, tuple]] = {
        "hair_{}_roots": ("f", None, 5),
        "hair_{}_steps": ("f", None, None, 3),
        "hair_{}_looks": ("i", None, 4),
    }

    def __len__(self) -> int:
        return len(self.roots)

    def tables(self) -> dict[str, np.ndarray]:
        """The arrays of ``TABLES``, by name.

        Roots are u, v and the first point, in full; the steps from point to point are half floats, which are right to
        a thousandth; looks are the colour in 1/255 and the radius in 0.1 micrometres.
        """
        looks = np.column_stack([np.round(255 * self.colours), np.round(1e4 * self.radii)])
        values = (
            np.column_stack([self.roots, self.points[:, 0]]).astype(np.float32),
            np.diff(self.points, axis=1).astype(np.float16),
            looks.astype(np.int16),
        )
        return dict(zip(table_names(self.group), values))

    @classmethod
    def of_tables(cls, group: str, tables: dict[str, np.ndarray], tip: float) -> Strands:
        """Strands of the arrays of :meth:`tables`.

        Raises:
            ValueError: they do not fit together, or hold what no hair is.
        """
        roots, steps, looks = (tables[name] for name in table_names(group))
        count = len(roots)
        if not len(steps) == len(looks) == count or count > MOST_STRANDS:
            raise ValueError("the tables of its hair differ in length, or are too long")
        if not 1 <= steps.shape[1] < MOST_POINTS or not 0.0 <= tip <= 10.0:
            raise ValueError("its hair has too many points, or an odd tip")
        first = roots[:, 2:]
        points = np.concatenate([first[:, None], first[:, None] + np.cumsum(steps, axis=1)], axis=1)
        radii, colours = looks[:, 3] * np.float32(1e-4), looks[:, :3] / np.float32(255)
        strands = cls(group, roots[:, :2], points.astype(np.float32), radii, colours, tip)
        strands.check()
        return strands

    def check(self) -> None:
        """Whether all values are those of hair.

        Raises:
            ValueError: a root beside the chart, a hair too long, too thick or too thin, an odd colour.
        """
        if not len(self):
            return
        length = np.linalg.norm(np.diff(self.points, axis=1), axis=2).sum(1)
        sound = (
            (np.abs(self.roots - 0.5) <= 0.5).all()
            and np.abs(self.points).max() < 1e4
            and length.max() <= LONGEST_MM
            and RADIUS_MM[0] <= self.radii.min()
            and self.radii.max() <= RADIUS_MM[1]
            and (np.abs(self.colours - 0.5) <= 0.501).all()
        )
        if not sound:
            raise ValueError("its hair is not on the head, or no hair is like that")


def empty_strands(points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Roots, points, radii and colours of no strands."""
    shapes = (0, 2), (0, points, 3), (0,), (0, 3)
    roots, path, radii, colours = (np.zeros(shape, np.float32) for shape in shapes)
    return roots, path, radii, colours


def table_names(group: str) -> tuple[str, ...]:
    """Names of a group's tables in a file, in the order of ``Strands.TABLES``."""
    return tuple(name.format(group) for name in Strands.TABLES)
