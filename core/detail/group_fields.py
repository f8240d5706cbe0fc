"""Where each group of the atlas runs on the face, which way, and how deep: what a line in a photo is likely to be.

All layouts of a group together are a cloud of line elements; blurred over the chart they give its density, its
direction as a double angle (a line has no sign), and the mean of what its curves carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..wrinkles.atlas import SECONDARY, WrinkleAtlas
from ..wrinkles.group import Group

# by eye on real portraits where no line says otherwise
GRID = 160  # texels of the fields
REACH_MM = 4.5  # standard deviation of a group's cloud beyond its curves: people's lines are not in the same place
FULL = 0.35  # mm of line per mm² of skin from which a place belongs to a group in full
TURN = 0.30  # radians, standard deviation of a line's direction about its group's
CARRIED = ("memory", "dynamic", "width", "onset", "crest_left", "crest_right", "roll_left", "roll_right")


@dataclass(frozen=True, eq=False)
class LineGroups:
    """Fields on a grid over the chart, row 0 at v = 1.

    Attributes:
        groups: (k,) rows of the atlas's groups.
        records: what is known of each.
        density: (g, g, k) in [0, 1].
        double: (g, g, 2 k) unit vectors of twice the direction in pixels (columns, rows), k cosines then k sines.
        carried: (g, g, 8 k) means of ``CARRIED``, k of each.
        length: (k,) mm, median of the group's lines.
        folds: of each curve along which folds are looked for, the column of its group and its points (n, 2) in UV.
    """

    groups: np.ndarray
    records: tuple[Group, ...]
    density: np.ndarray
    double: np.ndarray
    carried: np.ndarray
    length: np.ndarray
    folds: tuple[tuple[int, np.ndarray], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(record.name for record in self.records)

    def each(self, field: str) -> np.ndarray:
        """(k,) a field of the groups' :class:`Appearance`."""
        return np.array([getattr(record.appearance, field) for record in self.records])


@lru_cache(maxsize=2)
def line_groups(atlas: WrinkleAtlas) -> LineGroups:
    """Fields of the groups whose lines a photo can show one by one."""
    length, area, values = _elements(atlas)
    texel = float(np.sqrt(np.median(area)))
    strongest = np.maximum.reduceat(atlas.strength, atlas.curve_start[:-1])
    chosen, layers, usual = [], [], []
    whole = np.add.reduceat(length, atlas.curve_start[:-1])
    drawn = atlas.of_points((atlas.curve_rank != SECONDARY) & (strongest > 0)) & (length > 0)
    for row, group in enumerate(atlas.groups):
        of_group = drawn & (atlas.of_points(atlas.curve_group) == row)
        if group.appearance.fine or not of_group.any() or np.max(atlas.memory[of_group]) <= 0:
            continue
        chosen.append(row)
        usual.append(np.median(whole[(atlas.curve_group == row) & (atlas.curve_rank != SECONDARY)]))
        layers.append(_cloud(atlas.uv[of_group], values[of_group] * length[of_group, None], area[of_group], texel))
    stack = np.stack(layers, 2)  # (g, g, k, values)
    layouts = np.array([atlas.curve_layout[atlas.curve_group == row].max() + 1 for row in chosen], np.float32)
    mass = stack[..., 0]
    mean = stack[..., 1:] / np.maximum(mass, 1e-6)[..., None]
    double = np.moveaxis(mean[..., :2], -1, 2)
    double = double / np.maximum(np.linalg.norm(double, axis=2, keepdims=True), 1e-6)
    peak = mass.reshape(-1, len(chosen)).max(0)
    density = np.minimum(1.0, mass / np.minimum(FULL * np.minimum(layouts, 3), 0.6 * peak))
    carried = np.moveaxis(mean[..., 2:], -1, 2)
    flat = (GRID, GRID, -1)
    return LineGroups(
        np.array(chosen),
        tuple(atlas.groups[row] for row in chosen),
        density.astype(np.float32),
        double.reshape(flat).astype(np.float32),
        carried.reshape(flat).astype(np.float32),
        np.array(usual),
        tuple(_folds(atlas, chosen)),
    )


def _elements(atlas: WrinkleAtlas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Line element after each control point: (P,) mm long, (P,) mm² of a texel there, and what it carries.

    The last are (P, 11): 1, cosine and sine of twice its direction in pixels, ``CARRIED``.
    """
    chord = np.zeros_like(atlas.uv, dtype=np.float64)
    chord[:-1] = atlas.uv[1:] - atlas.uv[:-1]
    last = atlas.curve_start[1:] - 1
    chord[last] = atlas.uv[last] - atlas.uv[last - 1]
    uu, cross, vv = atlas.metric.T.astype(np.float64)
    length = np.sqrt(uu * chord[:, 0] ** 2 + 2 * cross * chord[:, 0] * chord[:, 1] + vv * chord[:, 1] ** 2)
    area = np.sqrt(np.maximum(uu * vv - cross**2, 1e-9)) / GRID**2  # mm² a texel
    angle = 2 * np.arctan2(-chord[:, 1], chord[:, 0])
    values = np.stack(
        [
            np.full(len(length), 1.0),
            np.cos(angle),
            np.sin(angle),
            atlas.memory,
            atlas.dynamic,
            *(atlas.of_points(c) for c in (atlas.curve_width, atlas.curve_onset)),
            atlas.roll_crest[:, 0],
            atlas.roll_crest[:, 1],
            *atlas.of_points(atlas.curve_roll).T,
        ],
        -1,
    )
    return length, area, values


def _folds(atlas: WrinkleAtlas, chosen: list[int]) -> list[tuple[int, np.ndarray]]:
    """``folds`` of the groups; chosen are their rows in the atlas."""
    column = {row: k for k, row in enumerate(chosen) if atlas.groups[row].appearance.fold}
    return [
        (column[row], atlas.uv[first:last].astype(np.float64))
        for row, first, last in zip(atlas.curve_group.tolist(), atlas.curve_start[:-1], atlas.curve_start[1:])
        if row in column
    ]


def _cloud(uv: np.ndarray, values: np.ndarray, area: np.ndarray, texel: float) -> np.ndarray:
    """(g, g, n) values (m, n) mm of line elements at uv (m, 2), per mm², blurred."""
    column = np.clip((uv[:, 0] * GRID).astype(int), 0, GRID - 1)
    row = np.clip(((1 - uv[:, 1]) * GRID).astype(int), 0, GRID - 1)
    index = row * GRID + column
    maps = [np.bincount(index, column_ / area, minlength=GRID**2).astype(np.float32) for column_ in values.T]
    return cv2.merge([cv2.GaussianBlur(m.reshape(GRID, GRID), (0, 0), REACH_MM / texel) for m in maps])


def place(uv: np.ndarray) -> np.ndarray:
    """(n, 2) pixels of the grid of uv (n, 2), pixel centres at whole numbers."""
    return np.stack([uv[:, 0] * GRID - 0.5, (1 - uv[:, 1]) * GRID - 0.5], -1)


def lookup(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """(n, c) bilinear samples of an image (g, g, c) of any number of channels at uv (n, 2)."""
    at = place(uv)
    low = np.clip(np.floor(at).astype(int), 0, GRID - 2)
    part = np.clip(at - low, 0, 1).astype(np.float32)
    out: np.ndarray = np.zeros((), np.float32)
    for dy in (0, 1):
        for dx in (0, 1):
            weight = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            out = out + weight[:, None] * image[low[:, 1] + dy, low[:, 0] + dx]
    return out


def carried_at(groups: LineGroups, uv: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(n, len(CARRIED)) what the curves of groups (n,), rows of the atlas's, carry at places (n, 2)."""
    column = np.searchsorted(groups.groups, group)
    carried = lookup(groups.carried, uv).reshape(len(uv), len(CARRIED), len(groups.groups))
    return carried[np.arange(len(uv)), :, column]


def agreement(groups: LineGroups, uv: np.ndarray, tangent: np.ndarray) -> np.ndarray:
    """(n, k) in [0, 1]: how well a line element fits each group, by place and direction.

    Args:
        uv: (n, 2) places.
        tangent: (n, 2) direction in UV (u, v), any length.
    """
    count = len(groups.groups)
    density, double = lookup(groups.density, uv), lookup(groups.double, uv)
    angle = 2 * np.arctan2(-tangent[:, 1], tangent[:, 0])
    # most groups are far from most places
    row, group = np.nonzero(density)
    along, across = double[row, group], double[row, count + group]
    cosine = along * np.cos(angle)[row] + across * np.sin(angle)[row]
    turn = 0.5 * np.arccos(np.clip(cosine / np.maximum(np.hypot(along, across), 1e-6), -1, 1))
    fit = np.zeros(density.shape)
    fit[row, group] = density[row, group] * np.exp(-0.5 * (turn / TURN) ** 2)
    return fit
