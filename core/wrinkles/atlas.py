"""The wrinkle atlas and its file: one set of curves on the face, in groups, with a depth for each."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..errors import AssetsError
from ..io.safe_files import written_aside
from .group import Group, Zone, group_table, groups_of, zone_table, zones_of

PRIMARY, SECONDARY, FOLD, OWN = 0, 1, 2, 3


@dataclass(frozen=True, eq=False)
class WrinkleAtlas:
    """Curves on the head's chart; N control points, C curves, G groups.

    Attributes:
        uv: (N, 2) float32, origin at the lower left.
        metric: (N, 3) float32 mm² per UV² on the mean head: uu, uv, vv.
        vertices, barycentric: (N, 3) the triangle of the mesh under each control point, and where in it.
        strength: (N,) relative depth, 0 at both ends of a curve.
        dynamic: (N,) mm, depth at compression 1 for strength 1.
        memory: (N,) mm, depth that a lifetime of habitual expressions leaves, for strength 1.
        roll_crest: (N, 2) mm from the groove to the crest of the roll on its left and right.
        curve_start: (C + 1,) first control point of each curve, and N.
        curve_group: (C,) row of the groups.
        curve_layout: (C,) which of the alternative layouts of its group.
        curve_rank: (C,) PRIMARY, SECONDARY or FOLD; OWN for a line read from a person's photo, which every seed keeps.
        curve_width: (C,) mm, half width of the groove.
        curve_onset: (C,) age (0 is 20, 1 is 85 years) from which it stays at rest.
        curve_roll: (C, 2) height of the left and right roll over the groove's depth.
        curve_pair: (C,) a number shared by lines that are images of each other.
        groups: what is known of each group.
        zones: groups that tell age together.
        group_driver: (G, E) weights of the expressions that crease each group.
        expression_names: (E,) names.
        mask: (M, M) uint8, 255 where maps may be other than zero.
    """

    uv: np.ndarray
    metric: np.ndarray
    vertices: np.ndarray
    barycentric: np.ndarray
    strength: np.ndarray
    dynamic: np.ndarray
    memory: np.ndarray
    roll_crest: np.ndarray
    curve_start: np.ndarray
    curve_group: np.ndarray
    curve_layout: np.ndarray
    curve_rank: np.ndarray
    curve_width: np.ndarray
    curve_onset: np.ndarray
    curve_roll: np.ndarray
    curve_pair: np.ndarray
    groups: tuple[Group, ...]
    zones: tuple[Zone, ...]
    group_driver: np.ndarray
    expression_names: tuple[str, ...]
    mask: np.ndarray

    @cached_property
    def group_names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(group.name for group in self.groups)

    @cached_property
    def group_family(self) -> np.ndarray:
        """(G,) 1 or 2."""
        return np.array([group.family for group in self.groups], np.int32)

    @cached_property
    def group_habit(self) -> np.ndarray:
        """(G,) number of the habitual expression that drives each group."""
        return np.array([group.habit for group in self.groups], np.int32)

    @cached_property
    def group_floor(self) -> np.ndarray:
        """(G,) float32 share of the memory that is there at every age."""
        return np.array([group.floor for group in self.groups], np.float32)

    @cached_property
    def group_retention(self) -> np.ndarray:
        """(G,) float32 share of the memory that stays."""
        return np.array([group.retention for group in self.groups], np.float32)

    @cached_property
    def group_young(self) -> np.ndarray:
        """(G,) float32 share of the dynamic depth at 20 years."""
        return np.array([group.young for group in self.groups], np.float32)

    @property
    def layouts(self) -> int:
        """Number of alternative layouts."""
        return int(self.curve_layout.max(initial=0)) + 1

    def of_points(self, per_curve: np.ndarray) -> np.ndarray:
        """(N, ...) values of the curve each control point belongs to."""
        return np.repeat(per_curve, np.diff(self.curve_start), axis=0)


POINT_ARRAYS = {"uv": 2, "metric": 3, "vertices": 3, "barycentric": 3, "strength": 0, "dynamic": 0, "memory": 0,
                "roll_crest": 2}
CURVE_ARRAYS = {"curve_group": 0, "curve_layout": 0, "curve_rank": 0, "curve_width": 0, "curve_onset": 0,
                "curve_roll": 2, "curve_pair": 0}


def save_atlas(atlas: WrinkleAtlas, path: Path) -> None:
    """Write ``wrinkles.npz`` aside, then rename it."""
    names = (*POINT_ARRAYS, "curve_start", *CURVE_ARRAYS, "group_driver", "expression_names", "mask")
    arrays = {name: np.asarray(getattr(atlas, name)) for name in names}
    arrays |= {"groups": group_table(atlas.groups), "zones": zone_table(atlas.zones)}
    with written_aside(path) as aside, open(aside, "wb") as stream:
        np.savez_compressed(stream, **arrays)


def load_atlas(path: Path) -> WrinkleAtlas:
    """Read ``wrinkles.npz`` (no pickle) and check that its arrays belong together.

    Raises:
        AssetsError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        atlas = WrinkleAtlas(
            groups=groups_of(arrays.pop("groups")),
            zones=zones_of(arrays.pop("zones")),
            expression_names=tuple(str(name) for name in arrays.pop("expression_names")),
            **arrays,
        )
        _check(atlas)
    except FileNotFoundError:
        raise AssetsError(f"The wrinkle atlas {path} is missing: run 'make models' or reinstall.") from None
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise AssetsError(f"The wrinkle atlas {path} is damaged ({error}): run 'make models' or reinstall.") from None
    return atlas


def _check(atlas: WrinkleAtlas) -> None:
    """Raise ValueError where shapes or indices do not fit together."""
    start = atlas.curve_start
    points, curves, groups = len(atlas.uv), len(start) - 1, len(atlas.groups)
    sizes = [(name, points, width) for name, width in POINT_ARRAYS.items()]
    sizes += [(name, curves, width) for name, width in CURVE_ARRAYS.items()]
    for name, count, width in sizes:
        if getattr(atlas, name).shape != ((count, width) if width else (count,)):
            raise ValueError(f"{name} has shape {getattr(atlas, name).shape}")
        if not np.isfinite(getattr(atlas, name)).all():
            raise ValueError(f"{name} is not finite")
    if curves < 1 or start[0] != 0 or start[-1] != points or (np.diff(start) < 2).any():
        raise ValueError("curve_start does not divide the control points")
    for group in atlas.groups:
        group.check(atlas.zones)
    if len(set(atlas.group_names)) != groups or atlas.group_driver.shape != (groups, len(atlas.expression_names)):
        raise ValueError("the groups' names or drivers do not fit together")
    if atlas.curve_group.min() < 0 or atlas.curve_group.max() >= groups:
        raise ValueError("curve_group is out of range")
    if atlas.mask.ndim != 2 or atlas.mask.dtype != np.uint8:
        raise ValueError("mask is not an 8-bit image")
