"""A camera that sees the head as the photo did, and a world that lights it so."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ...core.head.fitted import View
from ...core.view.lighting import radiance
from .. import names

SENSOR_MM = 36.0
LIGHT_ROWS = 32  # second-order harmonics have nothing finer than a quarter turn
BACKDROP = 0.18  # linear grey
TO_CAMERA = np.diag([1.0, -1.0, -1.0])  # y down and z forward, to Blender's camera


def photo_camera(view: View, armature: bpy.types.Object, name: str) -> bpy.types.Object:
    """Camera of a view, parented to a character's rig; not linked to any collection.

    Renders at the photo's proportions, :func:`photo_size`, lie over the photo.
    """
    data = bpy.data.cameras.new(name)
    camera, width, height = view.camera, view.camera.width, view.camera.height
    data.sensor_fit, data.sensor_width = "HORIZONTAL", SENSOR_MM
    data.lens = SENSOR_MM * camera.fx / width
    data.shift_x, data.shift_y = (0.5 * width - camera.cx) / width, (camera.cy - 0.5 * height) / width
    unit = max(armature.matrix_world.to_scale())
    data.clip_start, data.clip_end = 0.01 * unit, 100.0 * unit
    made = bpy.data.objects.new(name, data)
    made.parent = armature
    made.matrix_local = Matrix(camera_matrix(view).tolist())
    return made


def camera_matrix(view: View) -> np.ndarray:
    """(4, 4) camera to rig, metres."""
    axes = names.directions_to_blender(np.eye(3, dtype=np.float32)).astype(np.float64).T  # head to Blender
    rotation = np.asarray(view.pose.rotation, np.float64)
    matrix = np.eye(4)
    matrix[:3, :3] = axes @ rotation.T @ TO_CAMERA
    matrix[:3, 3] = axes @ (-rotation.T @ view.pose.translation) * names.METRES
    return matrix


def photo_world(view: View, armature: bpy.types.Object, name: str) -> bpy.types.World:
    """World that lights a character as it stands with the light of a view; cameras see a plain grey.

    White that faces the light's mean is as bright as in the photo at one to one (view transform Standard).

    Raises:
        ValueError: the view has no light.
    """
    if view.light is None:
        raise ValueError(f"{view.photo} has no light")
    world = bpy.data.worlds.new(name)
    if world.node_tree is None:
        world.use_nodes = True
    build = world.node_tree.nodes
    build.clear()
    picture = build.new("ShaderNodeTexEnvironment")
    picture.image = _environment(view, armature, name)
    is_camera, colour = build.new("ShaderNodeLightPath"), build.new("ShaderNodeMix")
    colour.data_type = "RGBA"
    background, output = build.new("ShaderNodeBackground"), build.new("ShaderNodeOutputWorld")
    link = world.node_tree.links.new
    link(is_camera.outputs["Is Camera Ray"], colour.inputs["Factor"])
    inputs = [s for s in colour.inputs if s.type == "RGBA"]
    link(picture.outputs["Color"], inputs[0])
    inputs[1].default_value = (BACKDROP, BACKDROP, BACKDROP, 1.0)
    link(next(s for s in colour.outputs if s.type == "RGBA"), background.inputs["Color"])
    link(background.outputs["Background"], output.inputs["Surface"])
    return world


def _environment(view: View, armature: bpy.types.Object, name: str) -> bpy.types.Image:
    """Packed picture of the light from all around, as Blender lays environments out."""
    height, width = LIGHT_ROWS, 2 * LIGHT_ROWS
    up = (np.arange(height) + 0.5) / height * np.pi - 0.5 * np.pi  # the lowest row first
    around = (0.5 - (np.arange(width) + 0.5) / width) * 2.0 * np.pi
    x, y = np.cos(around) * np.cos(up)[:, None], np.sin(around) * np.cos(up)[:, None]
    world = np.stack([x, y, np.broadcast_to(np.sin(up)[:, None], x.shape)], axis=-1)
    axes = names.directions_to_blender(np.eye(3, dtype=np.float32)).astype(np.float64).T  # head to Blender
    turn = np.array(armature.matrix_world.to_3x3().normalized()) @ axes
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = radiance(view.light, world @ turn)
    image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    return image


def photo_size(view: View, longest: int) -> tuple[int, int]:
    """Width and height in pixels of a render with the photo's proportions."""
    scale = longest / max(view.camera.width, view.camera.height)
    return max(1, round(view.camera.width * scale)), max(1, round(view.camera.height * scale))
