"""Anthropometric measures of heads: distances and angles between soft-tissue landmarks of the base mesh.

Landmarks carry the standard abbreviations (Farkas, "Anthropometry of the Head and Face", 1994); each is a vertex of
MakeHuman's base mesh, chosen on the mean head by the definition of the landmark.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# vertices of the base mesh; pairs are the character's right and left
MIDLINE = {
    "g": 227, "n": 136, "prn": 5054, "c": 307, "sn": 343, "ls": 455, "sto": 468, "lip": 496, "li": 492, "sl": 724,
    "pg": 5162, "gn": 732,
}
PAIRS = {
    "en": (67, 6851), "ex": (21, 6805), "al": (5051, 11669), "ch": (3736, 10404), "zy": (867, 7572),
    "go": (745, 7465), "sa": (5413, 12012), "sba": (5743, 12340),
}
VERTICES = np.array([*MIDLINE.values(), *(vertex for pair in PAIRS.values() for vertex in pair)])
_ROW = {name: i for i, name in enumerate([*MIDLINE, *(f"{name}.{side}" for name in PAIRS for side in "RL")])}

Points = Callable[[str], np.ndarray]


def _distance(first: str, second: str) -> Callable[[Points], np.ndarray]:
    return lambda at: np.linalg.norm(at(first) - at(second), axis=-1)


def _width(name: str) -> Callable[[Points], np.ndarray]:
    return _distance(f"{name}.R", f"{name}.L")


def _angle(first: str, corner: str, last: str) -> Callable[[Points], np.ndarray]:
    """Degrees at ``corner``."""

    def measured(at: Points) -> np.ndarray:
        a, b = at(first) - at(corner), at(last) - at(corner)
        cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
        return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))

    return measured


def _before_line(point: str, first: str, second: str) -> Callable[[Points], np.ndarray]:
    """Millimetres by which a midline point stands before the line between two others (negative behind)."""

    def measured(at: Points) -> np.ndarray:
        along = at(second) - at(first)
        offset = at(point) - at(first)
        length = np.linalg.norm(along[..., 1:], axis=-1)
        return (along[..., 2] * offset[..., 1] - along[..., 1] * offset[..., 2]) / length

    return measured


def _behind_nasion(name: str) -> Callable[[Points], np.ndarray]:
    """Millimetres by which both points of a pair lie behind the nasion, across the line from glabella to subnasale."""

    def measured(at: Points) -> np.ndarray:
        up = at("g") - at("sn")
        up = up / np.linalg.norm(up, axis=-1, keepdims=True)
        offset = at("n") - 0.5 * (at(f"{name}.R") + at(f"{name}.L"))
        return offset[..., 2] * up[..., 1] - offset[..., 1] * up[..., 2]

    return measured


MEASURES: dict[str, Callable[[Points], np.ndarray]] = {
    "n-sn": _distance("n", "sn"),
    "sn-prn": _distance("sn", "prn"),
    "al-al": _width("al"),
    "en-en": _width("en"),
    "ex-ex": _width("ex"),
    "ch-ch": _width("ch"),
    "zy-zy": _width("zy"),
    "go-go": _width("go"),
    "n-gn": _distance("n", "gn"),
    "sn-gn": _distance("sn", "gn"),
    "sn-sto": _distance("sn", "sto"),
    "ls-sto": _distance("ls", "sto"),
    "sto-li": _distance("sto", "li"),
    "g-sn-pg": _angle("g", "sn", "pg"),
    "c-sn-ls": _angle("c", "sn", "ls"),
    "ls-E": _before_line("ls", "prn", "pg"),
    "li-E": _before_line("lip", "prn", "pg"),
    "n-ex": _behind_nasion("ex"),
    "sa-sba": _distance("sa.L", "sba.L"),
}


def measured(points: np.ndarray) -> np.ndarray:
    """(..., len(MEASURES)) mm and degrees of landmarks (..., len(VERTICES), 3) mm, x left, y up, z forward."""
    return np.stack([measure(lambda name: points[..., _ROW[name], :]) for measure in MEASURES.values()], axis=-1)
