"""The camera of a photo sees the head where the photo's own camera has it."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import scene  # noqa: E402, F401
from bpy_extras.object_utils import world_to_camera_view  # noqa: E402
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.photo_camera import photo_camera, photo_size  # noqa: E402
from furrow.core.head.camera import Camera, Pose, rotation_matrix  # noqa: E402
from furrow.core.head.fitted import View  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402
from mathutils import Vector  # noqa: E402


@pytest.mark.parametrize("size", [(1200, 900), (800, 1400)])
def test_it_projects_as_the_fit_does(scene, assets, size):  # noqa: F811
    character = mean_character(assets, size=256)
    width, height = size
    camera = Camera(1500.0, 1500.0, 0.42 * width, 0.57 * height, width, height)
    rotation = np.diag([1.0, -1.0, -1.0]) @ rotation_matrix(np.array([0.1, 0.5, -0.2]))
    pose = Pose(rotation, np.array([30.0, -20.0, 900.0]))
    view = View("made up", camera, pose, np.zeros(52), None, 0.0)
    made = build_head(dataclasses.replace(character, name="Seen"))
    made.armature.location, made.armature.rotation_euler = (0.4, -0.3, 1.0), (0.0, 0.0, 0.6)
    item = photo_camera(view, made.armature, "Photo")
    scene.collection.objects.link(item)
    scene.render.resolution_x, scene.render.resolution_y = photo_size(view, max(size))
    bpy.context.view_layer.update()
    points = character.neutral[character.topology.part_slice("head")][::400]
    there = [made.armature.matrix_world @ Vector(p) for p in names.to_blender(points)]
    seen = np.array([world_to_camera_view(scene, item, p)[:2] for p in there])
    pixels = np.column_stack([seen[:, 0] * width, (1.0 - seen[:, 1]) * height])
    np.testing.assert_allclose(pixels, camera.project(pose.apply(points.astype(float))), atol=0.05)
    assert photo_size(view, 600) == ((600, 450) if width > height else (343, 600))
