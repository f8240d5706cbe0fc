"""Characters for the tests inside Blender, made from the built head model with made-up maps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from furrow.core.character import Character, DetailMaps
from furrow.core.head_model import load_head_model
from helpers import tiny_character


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
        detail=DetailMaps(*(m.astype(np.float32) for m in maps)),
    )
