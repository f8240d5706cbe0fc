"""Characters for the tests inside Blender, made from the built head model with made-up maps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import bpy
import furrow
import numpy as np
import pytest
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
        static_residual=None,
        detail=DetailMaps(*(m.astype(np.float32) for m in maps)),
    )


def bake_emission(plane: bpy.types.Object) -> None:
    """Bake what the material of an object emits into its active image."""
    plane.select_set(True)
    bpy.context.view_layer.objects.active = plane
    bpy.context.scene.render.engine = "CYCLES"
    bpy.context.scene.cycles.samples = 1
    bpy.ops.object.bake(type="EMIT", margin=0)


@pytest.fixture
def scene():
    """An empty scene, and an empty one left behind."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield bpy.context.scene
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def addon(scene):
    """Furrow registered in an empty scene (Blender's module cannot end a process with classes registered)."""
    furrow.register()
    yield scene
    furrow.unregister()


def evaluated(made: bpy.types.Object) -> bpy.types.Mesh:
    """The mesh after all modifiers."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    depsgraph.update()
    return made.evaluated_get(depsgraph).data


def positions(made: bpy.types.Object) -> np.ndarray:
    """(n, 3) metres after all modifiers, object space."""
    mesh = evaluated(made)
    values = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", values)
    return values.reshape(-1, 3)


def wrinkle_weights(made: bpy.types.Object) -> np.ndarray:
    """(n, 4) weights of the map channels after all modifiers."""
    attribute = evaluated(made).attributes["furrow_wrinkles"]
    values = np.empty(len(attribute.data) * 4, np.float32)
    attribute.data.foreach_get("color", values)
    return values.reshape(-1, 4)


def show_only(made: bpy.types.Object, *modifiers: str) -> None:
    """Switch on these modifiers and no others."""
    for modifier in made.modifiers:
        modifier.show_viewport = modifier.name in modifiers
