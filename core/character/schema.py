"""What a .furrow file may hold: the list of its arrays and numbers, their shapes and ranges, and what a mesh has to be.

Whatever passes can be exported, baked and built. Ranges are wide of what heads have, but narrow enough for 32 bits, for
a scene in metres and for the time that maps take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..head.model import DIRECTIONS, EXPRESSIONS, JOINTS, LANDMARK_COUNT, PARTS, HeadTopology
from ..io.budgets import CHARACTER
from ..io.npy import read_npy
from ..texts import one_line

SCHEMA = 2  # 2: hair
MAX_VIEWS = 16
LARGEST_SEED = 2**31 - 1
MOST_REGIONS = 64
MOST_COEFFICIENTS = 1000  # of identity
MOST_HAIRLINE = 1024
MOST_AXES = 256  # numbers that say who a view shows
MOST_WARNINGS = 100
LONGEST_NAME, LONGEST_WARNING, LONGEST_PHOTO = 200, 500, 255
LEAST_HEAD = 50.0  # mm of the head part in width and height; heads have 150 and 250
LEAST_CHART = 0.05  # share of the chart that the head part covers
LEAST_REACH = 1e-3  # mm between opposite corners of a face
UNIT = 0.05  # by which weights may miss their sum of 1, and directions their length of 1
_REGION = re.compile(r"[A-Za-z0-9_.\- ]{1,64}")


@dataclass(frozen=True)
class Table:
    """An array of the file.

    Attributes:
        kind: "f" or "i".
        shape: numbers; letters for sizes that the character has ("V", "F", "R"); None for any.
        low, high: range of its values.
        most: elements.
    """

    kind: str
    shape: tuple[int | str | None, ...]
    low: float
    high: float
    most: int = CHARACTER.elements

    def read(self, data: bytes, name: str, sizes: Mapping[str, int]) -> np.ndarray:
        """The array of .npy bytes.

        Args:
            name: what a message calls it.
            sizes: by the letters of ``shape``.

        Raises:
            ValueError: its type, shape or a value is another.
        """
        array = read_npy(
            data, self.kind, tuple(sizes.get(n, 0) if isinstance(n, str) else n for n in self.shape), self.most
        )
        if array.size and not self.low <= array.min() <= array.max() <= self.high:
            raise ValueError(f"{name} holds values beyond {self.low:g} to {self.high:g}")
        return array


# mm unless a comment says otherwise
TABLES: dict[str, Table] = {
    "part_start": Table("i", (len(PARTS) + 1,), 0, CHARACTER.vertices),  # indices
    "faces": Table("i", (None, 4), 0, CHARACTER.vertices - 1, 4 * CHARACTER.faces),  # indices
    "face_part": Table("i", ("F",), 0, len(PARTS) - 1),  # indices
    "uv": Table("f", ("F", 4, 2), 0.0, 1.0),  # of the chart
    "mirror": Table("i", ("V",), 0, CHARACTER.vertices - 1),  # indices
    "skin_weights": Table("f", ("V", len(JOINTS)), 0.0, 1.0),  # shares
    "region_masks": Table("f", ("R", "V"), 0.0, 1.0),  # shares
    "wrinkle_normals": Table("f", (2, "V", 3), -1.0 - UNIT, 1.0 + UNIT),  # directions
    "neutral": Table("f", ("V", 3), -1000.0, 1000.0),
    "expression_deltas": Table("f", (len(EXPRESSIONS), "V", 3), -300.0, 300.0),
    "directions": Table("f", (len(DIRECTIONS), "V", 3), -300.0, 300.0),
    "joints": Table("f", (len(JOINTS), 2, 3), -1000.0, 1000.0),
    "joint_directions": Table("f", (len(DIRECTIONS), len(JOINTS), 2, 3), -300.0, 300.0),
    "identity": Table("f", (None,), -50.0, 50.0, MOST_COEFFICIENTS),  # standard deviations
    "shape_residual": Table("f", ("V", 3), -300.0, 300.0),
    "hairline": Table("f", (None, 2), 0.0, 1.0, 2 * MOST_HAIRLINE),  # of the chart
    "landmarks": Table("f", (LANDMARK_COUNT, 4), -1e6, 1e6),  # pixels
}
RANGES: dict[str, tuple[float, float]] = {
    "age": (0.0, 1.0),
    "residual_age": (0.0, 1.0),
    "own_lines_age": (0.0, 1.0),
    "wrinkle_seed": (0, LARGEST_SEED),
    "detail_scale_mm": (0.0, 100.0),
    "static_residual_scale_mm": (0.0, 100.0),
    "moving_residual_scale_mm": (0.0, 100.0),
    "iris_diameter": (1.0, 30.0),  # mm
    "pore_gains": (-1e3, 1e3),  # the reader cuts them
    "eye_colour": (0.0, 1.0),
    "tooth_colour": (0.0, 1.0),
    "width": (1, 1e6),  # pixels, as the following
    "height": (1, 1e6),
    "fx": (1e-3, 1e7),
    "fy": (1e-3, 1e7),
    "cx": (-1e7, 1e7),
    "cy": (-1e7, 1e7),
    "box": (-1e7, 1e7),
    "rotation": (-1.0 - UNIT, 1.0 + UNIT),
    "translation": (-1e7, 1e7),  # mm
    "expression": (-1.0, 2.0),  # weights of shape keys
    "landmark_error": (0.0, 1e6),
    "score": (0.0, 1.0),
    "light": (-1e3, 1e3),  # harmonics; the mean shading of skin is 1, so that none is large
    "person": (-1e3, 1e3),  # of the same-person test
}


def number(values: Mapping[str, Any], key: str) -> float:
    """A number of JSON within its range.

    Raises:
        ValueError: it is none, or lies outside.
        KeyError: it is missing.
    """
    value = values[key]
    low, high = RANGES[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"{key} lies outside {low:g} to {high:g}")
    return float(value)


def numbers(values: Mapping[str, Any], key: str, shape: tuple[int, ...]) -> np.ndarray:
    """float64 of that shape, of lists of numbers in JSON within their range.

    Raises:
        ValueError: they are something else, or lie outside.
        KeyError: they are missing.
    """
    array, (low, high) = np.asarray(values[key], np.float64), RANGES[key]
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{key} is not {shape} finite numbers")
    if not low <= array.min() <= array.max() <= high:
        raise ValueError(f"{key} lies outside {low:g} to {high:g}")
    return array


def text(value: object, most: int) -> str:
    """Text on one line, cut to a length.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return one_line(value[:most])


def check_lists(header: Mapping[str, Any]) -> None:
    """Names and lengths of everything the JSON lists.

    Raises:
        ValueError: they are not those of a character.
        KeyError: one is missing.
    """
    for key, wanted in (("parts", PARTS), ("joints", JOINTS), ("directions", DIRECTIONS)):
        if header[key] != list(wanted):
            raise ValueError(f"{key} are not those of this Furrow")
    expressions, regions = header["expression_names"], header["region_names"]
    if (
        not isinstance(expressions, list)
        or len(expressions) != len(EXPRESSIONS)
        or set(expressions) != set(EXPRESSIONS)
    ):
        raise ValueError(f"expression_names are not the {len(EXPRESSIONS)} of ARKit")
    if not isinstance(regions, list) or len(regions) > MOST_REGIONS or len(set(regions)) != len(regions):
        raise ValueError(f"region_names are not a list of at most {MOST_REGIONS} names")
    if not all(isinstance(name, str) and _REGION.fullmatch(name) for name in regions):
        raise ValueError("region_names hold a name with odd characters")
    if not isinstance(header["views"], list) or len(header["views"]) > MAX_VIEWS:
        raise ValueError("it has too many views")
    if not isinstance(header["name"], str) or not isinstance(header["warnings"], list):
        raise ValueError("its name or warnings are not text")


def check_parts(part_start: np.ndarray) -> int:
    """Number of vertices of all parts, of the first vertex of each and their number.

    Raises:
        ValueError: a part is empty, or they overlap.
    """
    if part_start[0] != 0 or (np.diff(part_start) < 3).any():
        raise ValueError("its parts overlap, or one has too few vertices")
    return int(part_start[-1])


def check_mesh(topology: HeadTopology, neutral: np.ndarray) -> None:
    """Refuse a mesh that could not be subdivided, unwrapped and posed.

    Args:
        neutral: (V, 3) mm.

    Raises:
        ValueError: faces leave their part, lie double, use corners twice or meet at an edge in threes; a vertex is
            in no face; a part has no face; the head is a speck, or has no place in the chart; weights do not add up.
    """
    faces, part, count = topology.faces, topology.face_part, topology.vertex_count
    first, end = topology.part_start[part][:, None], topology.part_start[part + 1][:, None]
    if ((faces < first) | (faces >= end)).any():
        raise ValueError("its faces point outside the mesh")
    if len(np.unique(part)) != len(PARTS) or len(np.unique(faces)) != count:
        raise ValueError("it has vertices, or parts, without faces")
    corners = np.sort(faces, axis=1)
    twice = (corners[:, 1:] == corners[:, :-1]).sum(1)
    if ((twice > 0) & ((twice > 1) | (faces[:, 2] != faces[:, 3]))).any():
        raise ValueError("its faces use a corner twice")
    if len(np.unique(corners, axis=0)) != len(faces) or _uses_of_edges(faces).max() > 2:
        raise ValueError("its faces lie on one another")
    _check_links(topology)
    _check_sizes(topology, neutral)


def _uses_of_edges(faces: np.ndarray) -> np.ndarray:
    """Of each edge the number of faces around it."""
    ends = np.sort(np.stack([faces, np.roll(faces, -1, 1)], axis=-1).reshape(-1, 2), axis=1)
    return np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0, return_counts=True)[1]


def _check_links(topology: HeadTopology) -> None:
    """Mirror partners, weights of the bones and directions of the wrinkles."""
    index = np.arange(topology.vertex_count)
    if topology.mirror.max() >= len(index) or (topology.mirror[topology.mirror] != index).any():
        raise ValueError("its two sides do not mirror each other")
    if np.abs(topology.skin_weights.sum(1) - 1.0).max() > UNIT:
        raise ValueError("its bones' weights do not add up to 1")
    length = np.linalg.norm(topology.wrinkle_normals, axis=2)
    if (np.minimum(length, np.abs(length - 1.0)) > UNIT).any():
        raise ValueError("its directions of wrinkles are no directions")


def _check_sizes(topology: HeadTopology, neutral: np.ndarray) -> None:
    """The head in space and in the chart."""
    head = topology.part_slice("head")
    if (np.ptp(neutral[head], axis=0)[:2] < LEAST_HEAD).any():
        raise ValueError("its head is a speck")
    across = neutral[topology.faces[:, [2, 3]]] - neutral[topology.faces[:, [0, 1]]]
    if np.linalg.norm(across, axis=2).max(1).min() < LEAST_REACH:
        raise ValueError("its faces have no size")
    uv = topology.uv[topology.face_part == PARTS.index("head")].astype(np.float64)
    one, two = uv[:, 2] - uv[:, 0], uv[:, 3] - uv[:, 1]
    covered = 0.5 * np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    if covered < LEAST_CHART:
        raise ValueError("its skin has no place in the chart")


def listed(values: Sequence[object]) -> tuple[str, ...]:
    """Notes for the artist, as many and as long as a file keeps."""
    return tuple(one_line(str(line)[:LONGEST_WARNING]) for line in values[:MOST_WARNINGS])
