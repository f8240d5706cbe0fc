"""Characters for the tests inside Blender, made from the built head model with made-up maps."""

from __future__ import annotations

import bpy
import furrow
import numpy as np
import pytest


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


def curves(made: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) metres of the points of hair after all modifiers, and the index of each hair's first one."""
    data = evaluated(made)
    points = np.empty(len(data.points) * 3, np.float32)
    data.points.foreach_get("position", points)
    return points.reshape(-1, 3), np.array([curve.first_point_index for curve in data.curves])


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
