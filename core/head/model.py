"""The head model: topology, identity and expression bases, joints and the landmark embedding.

Built by ``furrow.models`` into ``head.npz``. Head coordinates: millimetres, x to the head's left, y up, z forward.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..errors import AssetsError
from ..mesh.operators import quads_to_triangles, unique_edges

PARTS = ("head", "eyes", "teeth", "tongue", "lashes")
JOINTS = ("root", "neck", "head", "jaw", "eye.L", "eye.R")
DIRECTIONS = ("age", "gender", "weight", "african", "asian", "caucasian")
EXPRESSIONS = tuple(
    (
        "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
        "cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight "
        "eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft "
        "eyeWideRight jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft "
        "mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight "
        "mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft "
        "mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft "
        "noseSneerRight tongueOut"
    ).split()
)
LANDMARK_COUNT = 478


@dataclass(frozen=True)
class HeadTopology:
    """What every head built from one model shares.

    The mesh is one vertex list over all parts, in the order of ``PARTS``; a part's vertices are contiguous.

    Attributes:
        faces: (F, 4) int32 quads into the whole vertex list (a triangle repeats its last index).
        face_part: (F,) int32 index into ``PARTS``.
        part_start: (len(PARTS) + 1,) int32, vertices of part p are ``part_start[p]:part_start[p + 1]``.
        uv: (F, 4, 2) float32 per corner, origin at the lower left; the head part is the face-centred chart.
        mirror: (V,) int32 index of the vertex on the other side (itself on the midline).
        skin_weights: (V, len(JOINTS)) float32, rows sum to 1.
        region_names: names of the regions.
        region_masks: (R, V) float32 in [0, 1].
        wrinkle_normals: (2, V, 3) float32, unit tangent directions across the lines of families 1 and 2 at rest
            (zero where a family has no lines).
    """

    faces: np.ndarray
    face_part: np.ndarray
    part_start: np.ndarray
    uv: np.ndarray
    mirror: np.ndarray
    skin_weights: np.ndarray
    region_names: tuple[str, ...]
    region_masks: np.ndarray
    wrinkle_normals: np.ndarray

    @property
    def vertex_count(self) -> int:
        """V, of all parts together."""
        return int(self.part_start[-1])

    def part_slice(self, part: str) -> slice:
        """Vertices of one part of ``PARTS``."""
        p = PARTS.index(part)
        return slice(int(self.part_start[p]), int(self.part_start[p + 1]))

    def part_faces(self, part: str) -> np.ndarray:
        """(f, 4) quads of one part, indices into the whole vertex list."""
        return self.faces[self.face_part == PARTS.index(part)]

    @cached_property
    def triangles(self) -> np.ndarray:
        """(T, 3) int32 triangles of all parts; quads are split along corner 0-2, degenerate ones dropped."""
        return quads_to_triangles(self.faces)

    @cached_property
    def head_triangles(self) -> np.ndarray:
        """(t, 3) int32 those of ``triangles`` that lie in the head part."""
        return self.triangles[(self.triangles < self.part_slice("head").stop).all(axis=1)]

    @cached_property
    def head_edges(self) -> np.ndarray:
        """(E, 2) int32 edges of the head part, smaller index first, sorted, each once."""
        return unique_edges(self.part_faces("head"))

    def region(self, name: str) -> np.ndarray:
        """(V,) float32 mask of one named region."""
        return self.region_masks[self.region_names.index(name)]


def neck_edge(topology: HeadTopology) -> np.ndarray:
    """(n,) vertices of the open edge of the head part, at the neck."""
    faces = topology.part_faces("head")
    ends = np.sort(np.stack([faces, np.roll(faces, -1, 1)], axis=-1).reshape(-1, 2), axis=1)
    edges, uses = np.unique(ends, axis=0, return_counts=True)
    return np.unique(edges[uses == 1])


@dataclass(frozen=True)
class HeadModel:
    """A morphable head: mean + identity + directions + expression.

    Attributes:
        topology: what all its heads share.
        mean: (V, 3) float32 mm, neutral head of the population mean.
        identity_basis: (K, V, 3) float32 mm per standard deviation, strongest first.
        directions: (len(DIRECTIONS), V, 3) float32 mm for a slider going from 0 to 1.
        expression_names: 52 ARKit names.
        expression_basis: (52, V, 3) float32 mm at weight 1.
        joints: (len(JOINTS), 2, 3) float32 mm, head and tail of each bone on the mean head.
        joint_identity: (K, len(JOINTS), 2, 3) float32 mm per standard deviation.
        joint_directions: (len(DIRECTIONS), len(JOINTS), 2, 3) float32 mm.
        landmark_vertices: (478, 3) int32, the triangle under each landmark.
        landmark_barycentric: (478, 3) float32.
    """

    topology: HeadTopology
    mean: np.ndarray
    identity_basis: np.ndarray
    directions: np.ndarray
    expression_names: tuple[str, ...]
    expression_basis: np.ndarray
    joints: np.ndarray
    joint_identity: np.ndarray
    joint_directions: np.ndarray
    landmark_vertices: np.ndarray
    landmark_barycentric: np.ndarray

    def neutral(self, identity: np.ndarray) -> np.ndarray:
        """(V, 3) float32 mm neutral head of identity coefficients (k,), k at most K."""
        k = len(identity)
        return self.mean + np.tensordot(identity.astype(np.float32), self.identity_basis[:k], 1)

    def joints_of(self, identity: np.ndarray) -> np.ndarray:
        """(len(JOINTS), 2, 3) float32 mm joints of identity coefficients (k,)."""
        k = len(identity)
        return self.joints + np.tensordot(identity.astype(np.float32), self.joint_identity[:k], 1)

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """(..., 478, 3) mm landmark points of vertices (..., V, 3)."""
        corners = vertices[..., self.landmark_vertices, :]
        return np.einsum("...lkd,lk->...ld", corners, self.landmark_barycentric)


TOPOLOGY_ARRAYS = (
    "faces",
    "face_part",
    "part_start",
    "uv",
    "mirror",
    "skin_weights",
    "region_masks",
    "wrinkle_normals",
)
MODEL_ARRAYS = (
    "mean",
    "identity_basis",
    "directions",
    "expression_basis",
    "joints",
    "joint_identity",
    "joint_directions",
    "landmark_vertices",
    "landmark_barycentric",
)


def load_head_model(path: Path) -> HeadModel:
    """Read ``head.npz`` (no pickle).

    Raises:
        AssetsError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in TOPOLOGY_ARRAYS + MODEL_ARRAYS}
            regions = tuple(str(name) for name in stored["region_names"])
            expressions = tuple(str(name) for name in stored["expression_names"])
    except FileNotFoundError:
        raise AssetsError(
            f"The head model {path} is missing: run 'make models', or install the extension again."
        ) from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise AssetsError(f"The head model {path} is damaged ({error}): build it again with 'make models'.") from None
    # compact types on disk, working types in memory
    for name, value in arrays.items():
        arrays[name] = value.astype(np.float32 if value.dtype.kind == "f" else np.int32)
    topology = HeadTopology(region_names=regions, **{name: arrays[name] for name in TOPOLOGY_ARRAYS})
    return HeadModel(topology=topology, expression_names=expressions, **{name: arrays[name] for name in MODEL_ARRAYS})


def region_sum(topology: HeadTopology, names: tuple[str, ...]) -> np.ndarray:
    """(V,) float32 union of the named regions, as far as the model has them."""
    masks = [topology.region(name) for name in names if name in topology.region_names]
    return np.max(masks, axis=0) if masks else np.zeros(topology.vertex_count, np.float32)
