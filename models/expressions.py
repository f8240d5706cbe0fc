"""The 52 ARKit shapes from MakeHuman's face units, mirrored exactly and with rigid parts rigid."""

from __future__ import annotations

import zipfile

import numpy as np

from . import makehuman
from .makehuman import BaseMesh
from .population import mirrored
from .topology import SourceTopology


def counterpart(name: str) -> str:
    """The ARKit name on the other side; the name itself when it has none."""
    if name.endswith("Left"):
        return name[: -len("Left")] + "Right"
    if name.endswith("Right"):
        return name[: -len("Right")] + "Left"
    return name


def read_expressions(
    wheel: zipfile.ZipFile, base: BaseMesh, topology: SourceTopology
) -> tuple[tuple[str, ...], np.ndarray]:
    """ARKit names in alphabetical order and their (52, V, 3) displacements in mm, mirror-symmetric as a set.

    "Left" is the character's left, +x.
    """
    names = tuple(makehuman.face_unit_names(wheel))
    count = len(base.vertices)
    deltas = np.stack([makehuman.read_face_unit(wheel, name, count)[topology.source] for name in names])
    deltas = deltas.astype(float) * makehuman.MM_PER_UNIT
    return names, symmetrised(names, deltas, topology.mirror)


def symmetrised(names: tuple[str, ...], deltas: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(E, V, 3) each shape averaged with the mirror image of its counterpart."""
    other = [names.index(counterpart(name)) for name in names]
    return 0.5 * (deltas + mirrored(deltas, mirror)[other])
