"""Made-up characters for tests and benchmarks: a few vertices, or the mean head with made-up maps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ...core.character.character import Character, DetailMaps
from ...core.head.camera import Camera, Pose
from ...core.head.fitted import Landmarks, View
from ...core.head.model import DIRECTIONS, EXPRESSIONS, JOINTS, PARTS, HeadTopology, load_head_model

ARKIT = list(EXPRESSIONS)


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


def mean_character(assets: Path, name: str = "Mean", size: int = 256, seed: int = 0) -> Character:
    """The mean head with a noisy skin colour and stripes as displacement (about 0.3 mm)."""
    model = load_head_model(assets / "head.npz")
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    stripes = np.sin(2 * np.pi * 40 * y)
    skin = np.array([205.0, 158.0, 135.0]) + rng.normal(0, 4, (size, size, 3))
    maps = (0.05 * np.sin(2 * np.pi * 30 * x), 0.3 * stripes, 0.3 * np.sin(2 * np.pi * 40 * x), -0.05 * stripes)
    topology = model.topology
    if not topology.wrinkle_normals.any():
        normals = np.zeros_like(topology.wrinkle_normals)
        normals[0, topology.part_slice("head"), 1] = 1.0
        topology = dataclasses.replace(topology, wrinkle_normals=normals)
    return dataclasses.replace(
        tiny_character(name, seed=seed),
        topology=topology,
        neutral=model.mean,
        expression_names=model.expression_names,
        expression_deltas=model.expression_basis,
        directions=model.directions,
        joints=model.joints,
        joint_directions=model.joint_directions,
        albedo=np.clip(skin, 0, 255).astype(np.uint8),
        roughness=np.full((size, size), 120, np.uint8),
        skin_mask=np.full((size, size), 255, np.uint8),
        eye_colour=np.array([0.35, 0.25, 0.15]),
        static_residual=None,
        detail=DetailMaps(*(m.astype(np.float32) for m in maps)),
    )
