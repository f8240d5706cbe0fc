"""Small made-up data shared by the tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from furrow.core.camera import Camera, Pose
from furrow.core.character import Character, DetailMaps, Landmarks, View
from furrow.core.devices import choose
from furrow.core.face_nets import FaceNets
from furrow.core.head_model import DIRECTIONS, JOINTS, PARTS, HeadTopology
from furrow.models import expression_samples
from furrow.models.expression_samples import Samples
from furrow.models.expression_variety import USUAL

ARKIT = (
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight "
    "eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft "
    "eyeWideRight jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft "
    "mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight "
    "mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft "
    "mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft "
    "noseSneerRight tongueOut"
).split()


def grid_topology(columns: int = 6, rows: int = 5) -> tuple[HeadTopology, np.ndarray]:
    """A flat grid for the head part and one quad for each other part, with its rest vertices (V, 3) mm."""
    x, y = np.meshgrid(np.linspace(-50, 50, columns), np.linspace(-60, 60, rows))
    head = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])
    index = np.arange(rows * columns).reshape(rows, columns)
    quads = [np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)]
    square = np.array([[-8, -8, -9], [8, -8, -9], [8, 8, -9], [-8, 8, -9]], float)
    vertices, starts, parts = [head], [0, len(head)], [np.zeros(len(quads[0]), int)]
    for p in range(1, len(PARTS)):
        quads.append(np.arange(4)[None] + starts[-1])
        parts.append(np.full(1, p))
        vertices.append(square - [0, 0, 4.0 * p])
        starts.append(starts[-1] + 4)
    faces = np.concatenate(quads).astype(np.int32)
    vertices = np.concatenate(vertices).astype(np.float32)
    flat = (vertices[:, :2] - vertices[:, :2].min(0)) / np.ptp(vertices[:, :2], axis=0)
    weights = np.zeros((len(vertices), len(JOINTS)), np.float32)
    weights[:, JOINTS.index("head")] = 1.0
    mirror = np.concatenate([index[:, ::-1].ravel(), np.array([1, 0, 3, 2] * 4) + np.repeat(starts[1:-1], 4)])
    normals = np.zeros((2, len(vertices), 3), np.float32)
    normals[0, : len(head), 1] = 1.0
    normals[1, : len(head), 0] = 1.0
    topology = HeadTopology(
        faces=faces,
        face_part=np.concatenate(parts).astype(np.int32),
        part_start=np.array(starts, np.int32),
        uv=flat[faces].astype(np.float32),
        mirror=mirror.astype(np.int32),
        skin_weights=weights,
        region_names=("forehead", "face"),
        region_masks=np.ones((2, len(vertices)), np.float32),
        wrinkle_normals=normals,
    )
    return topology, vertices


def tiny_character(name: str = "Tiny", size: int = 16, seed: int = 0) -> Character:
    """A whole, valid character of a few vertices."""
    rng = np.random.default_rng(seed)
    topology, vertices = grid_topology()
    count = len(vertices)
    marks = Landmarks(
        rng.uniform(0, 100, (478, 2)), rng.normal(0, 5, 478), np.full(478, 0.4), 0.97, np.array([10.0, 12, 90, 95])
    )
    view = View(
        "tiny.jpg",
        Camera(900, 900, 160, 120, 320, 240),
        Pose(np.diag([1.0, -1, -1]), np.array([0, 0, 600.0])),
        rng.uniform(0, 1, 52),
        marks,
        0.021,
    )
    deltas = np.zeros((52, count, 3), np.float32)
    deltas[:, :30] = rng.normal(0, 1, (52, 30, 3))
    return Character(
        name=name,
        topology=topology,
        neutral=vertices,
        expression_names=tuple(ARKIT),
        expression_deltas=deltas,
        directions=rng.normal(0, 1, (len(DIRECTIONS), count, 3)).astype(np.float32),
        joints=rng.normal(0, 30, (len(JOINTS), 2, 3)).astype(np.float32),
        joint_directions=np.zeros((len(DIRECTIONS), len(JOINTS), 2, 3), np.float32),
        identity=rng.normal(0, 1, 8).astype(np.float32),
        age=0.3,
        views=(view,),
        albedo=rng.integers(0, 256, (size, size, 3), np.uint8),
        roughness=rng.integers(0, 256, (size, size), np.uint8),
        skin_mask=rng.integers(0, 256, (size, size), np.uint8),
        eye_colour=np.array([0.3, 0.2, 0.1]),
        detail=DetailMaps(*rng.normal(0, 0.1, (4, size, size)).astype(np.float32)),
        warnings=("a note",),
        wrinkle_seed=7,
        residual_age=0.2,
        static_residual=rng.normal(0, 0.05, (size, size)).astype(np.float32),
        hair_mask=rng.integers(0, 256, (size, size), np.uint8),
        hairline=rng.random((7, 2), np.float32),
    )


def band_weights(folds: float, lines: float, photo: float, atlas: float) -> np.ndarray:
    """(4,) weights of the static map and its three bands, by the formula in ``core.detail_bands``."""
    origin = photo - atlas
    return np.array([atlas * lines, atlas * (folds - lines), origin * lines, origin * (folds - lines)])


def traps(folder: Path) -> None:
    """Modules named like those that Furrow imports; each leaves a file NAME.ran in the folder when it is run."""
    (folder / "furrow" / "core").mkdir(parents=True)
    for place in ("furrow/__init__.py", "furrow/core/__init__.py", "furrow/core/pipeline.py", "numpy.py", "bpy.py"):
        name = place.partition("/")[0].removesuffix(".py")
        (folder / place).write_text(f"open({str(folder / name)!r} + '.ran', 'w').close()\n")


def rendered_people(model, atlas, assets: Path, count: int, seed: int) -> Samples:
    """Samples of ``count`` portraits of rendered people, whose shapes are as the model has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expression_samples, "personal_deltas", lambda model, head: model.expression_basis)
        return expression_samples.make_samples(
            model, atlas, FaceNets(assets, choose("cpu")), count, seed, replace(USUAL, people=4)
        )
