"""The meshes of a head in Blender: the model's own parts, and finer ones in the place of its coarse eyes and teeth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from ...core.character.character import Character
from ...core.fit.iris_size import IRIS_DIAMETER
from ...core.head.dentition import fine_teeth
from ...core.head.eyeball import fine_eyes
from ...core.head.model import PARTS
from ...core.mesh.carried import CarriedMesh
from .. import names


def part_meshes(character: Character) -> dict[str, CarriedMesh]:
    """Mesh of each part by its name, carried by the character's vertices; ``names.WET`` where there are eyes."""
    meshes = {part: _own_mesh(character, part) for part in PARTS}
    eyes = fine_eyes(character.topology, character.neutral, character.iris_diameter or IRIS_DIAMETER)
    if eyes is not None:
        meshes["eyes"], meshes[names.WET] = eyes
    teeth = fine_teeth(character.topology, character.neutral)
    if teeth is not None:
        meshes["teeth"] = teeth
    meshes["tongue"] = replace(meshes["tongue"], uv=seen_from_above(meshes["tongue"]))
    return meshes


def seen_from_above(mesh: CarriedMesh) -> np.ndarray:
    """(f, 4, 2) u, v of a mesh: u to the left, v forward, its whole extent from 0 to 1."""
    across = mesh.vertices[:, [0, 2]]
    extent = np.maximum(np.ptp(across, axis=0), 1e-6)
    return ((across - across.min(0)) / extent)[mesh.faces]


def _own_mesh(character: Character, part: str) -> CarriedMesh:
    """A part as the model has it."""
    topology = character.topology
    chosen = topology.part_slice(part)
    own = np.arange(chosen.start, chosen.stop)
    carrier = sparse.csr_matrix(
        (np.ones(len(own)), (np.arange(len(own)), own)), shape=(len(own), topology.vertex_count)
    )
    faces = topology.part_faces(part) - chosen.start
    uv = topology.uv[topology.face_part == PARTS.index(part)]
    return CarriedMesh(character.neutral[chosen], faces, uv, carrier, np.zeros(len(faces), np.int32))
