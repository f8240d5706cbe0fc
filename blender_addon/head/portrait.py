"""A portrait studio for previews: camera, three lights, grey background, and one render an expression."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...core.character.presets import PHOTO, preset_weights
from ...core.head.fitted import View
from ...core.output.preview import SHOTS, Shot, face_camera
from .build_head import HeadObjects
from .expressions import set_expression
from .gaze import look_at
from .photo_camera import photo_camera, photo_world

WIDTH, HEIGHT = 480, 600
SAMPLES = 8  # with the denoiser
WIDER = 1.2  # distance of the camera for the sides of a head, times that for its front
BEHIND = 0.03  # metres from the middle of the face back to that of the head, which a profile is centred on
AHEAD = 3.0  # metres to where eyes look that do not look at the camera
LENS = 85.0  # mm on a 36 mm sensor: a portrait lens


def face_frame(made: HeadObjects) -> tuple[Vector, float]:
    """World centre and height (metres) of what a portrait shows: from the top of the head to the throat."""
    points = np.empty(len(made.head.data.vertices) * 3, np.float32)
    made.head.data.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    chin = made.armature.data.bones["jaw"].tail_local
    top, low = float(points[:, 2].max()), chin.z - 0.035
    centre = Vector((0.0, float(points[:, 1].min() + chin.y) / 2.0 + 0.05, (top + low) / 2.0))
    return made.armature.matrix_world @ centre, top - low


def add_studio(scene: bpy.types.Scene, made: HeadObjects) -> None:
    """Camera, key, fill and rim light, and a neutral background, in a collection of their own."""
    centre, size = face_frame(made)
    studio = bpy.data.collections.new("Studio")
    scene.collection.children.link(studio)
    camera = bpy.data.objects.new("Portrait Camera", bpy.data.cameras.new("Portrait Camera"))
    camera.data.lens, camera.data.sensor_fit, camera.data.sensor_height = LENS, "VERTICAL", 36.0
    distance = size * 1.16 / 36.0 * LENS
    camera.location = centre + Vector((distance * math.sin(0.2), -distance * math.cos(0.2), 0.02))
    studio.objects.link(camera)
    aim(camera, centre)
    scene.camera = camera
    for name, place, power, extent in (
        # any higher, and the upper lip shades the teeth of a smile
        ("Key", (-0.75, -0.95, 0.5), 16.0, 0.45),
        ("Fill", (0.45, -1.1, -0.25), 5.0, 0.9),
        ("Rim", (0.7, 0.9, 0.7), 7.0, 0.4),
    ):
        light = bpy.data.objects.new(f"{name} Light", bpy.data.lights.new(f"{name} Light", "AREA"))
        light.data.energy, light.data.size = power, extent
        light.location = centre + Vector(place)
        studio.objects.link(light)
        aim(light, centre)
    world = bpy.data.worlds.new("Studio")
    if world.node_tree is None:
        world.use_nodes = True
    background = next(n for n in world.node_tree.nodes if n.bl_idname == "ShaderNodeBackground")
    background.inputs["Color"].default_value = (0.19, 0.19, 0.19, 1.0)
    background.inputs["Strength"].default_value = 0.6
    scene.world = world


def aim(item: bpy.types.Object, target: Vector) -> None:
    """Turn an object so that its -Z axis points at target."""
    item.rotation_euler = (target - item.location).to_track_quat("-Z", "Y").to_euler()


def set_render(scene: bpy.types.Scene, samples: int = SAMPLES) -> None:
    """Cycles on the processor, denoised, one portrait format."""
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_threshold = 0.03
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces, scene.cycles.glossy_bounces = 6, 2, 2
    scene.cycles.preview_samples = 64
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.render.use_persistent_data = True
    if hasattr(scene.render, "hair_type"):
        scene.render.hair_type = "STRIP"  # EEVEE: as thick as it is, not a pixel at any distance
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def use_fast_scattering(materials) -> None:
    """Switch subsurface scattering to the cheaper method (Burley's), for previews on the processor."""
    for material in materials:
        for node in material.node_tree.nodes if material.node_tree else ():
            if node.bl_idname == "ShaderNodeBsdfPrincipled":
                node.subsurface_method = "BURLEY"


def render_shots(
    made: HeadObjects, folder: Path, scene: bpy.types.Scene, shots: tuple[str, ...] = tuple(SHOTS),
    view: View | None = None,
) -> list[Path]:
    """Render shots of ``core.output.preview`` to folder/NAME.png and return the paths.

    Eyes look at the camera, but for the expression of the photo, which looks where the photo does.

    Args:
        view: the photo whose camera and light its own shot has; None shoots it as the others.
    """
    photo = dict(made.collection["furrow_photo_expression"])
    portrait = scene.camera
    written = []
    for name in shots:
        shot = SHOTS[name]
        set_expression(made.head, preset_weights(shot.preset, photo))
        bpy.context.view_layer.update()
        scene.render.filepath = str(folder / f"{name}.png")
        if shot.preset == PHOTO and view is not None:
            _shoot_as_the_photo(made, scene, view)
        else:
            _shoot(made, scene, portrait, shot)
        written.append(Path(scene.render.filepath))
    set_expression(made.head, {})
    return written


def _shoot(made: HeadObjects, scene: bpy.types.Scene, portrait: bpy.types.Object, shot: Shot) -> None:
    """Render with the portrait camera, walked around the head and put back."""
    place = portrait.matrix_world.copy()
    if shot.azimuth is not None:
        centre, _ = face_frame(made)
        away = place.translation - centre
        turn = math.radians(-shot.azimuth) - math.atan2(away.x, -away.y)
        middle = centre + made.armature.matrix_world.to_3x3() @ Vector((0.0, BEHIND, 0.0))
        turned = Matrix.Rotation(turn, 4, "Z") @ place
        turned.translation = middle + Matrix.Rotation(turn, 3, "Z") @ (WIDER * away)
        portrait.matrix_world = turned
    if shot.preset != PHOTO:
        bpy.context.view_layer.update()
        ahead = made.armature.matrix_world @ Vector((0.0, -AHEAD, made.armature.data.bones["eye.L"].head_local.z))
        look_at(made, place.translation if shot.azimuth is None else ahead)
    bpy.ops.render.render(write_still=True)
    portrait.matrix_world = place


def _shoot_as_the_photo(made: HeadObjects, scene: bpy.types.Scene, view: View) -> None:
    """Render with the camera and the light of the photo, without the studio's; what the scene had comes back."""
    size = (scene.render.resolution_x, scene.render.resolution_y)
    before = scene.camera, scene.world, scene.view_settings.view_transform, scene.view_settings.look
    lights = [item for item in scene.objects if item.type == "LIGHT" and not item.hide_render]
    camera = photo_camera(face_camera(view, size), made.armature, "Photo")
    scene.collection.objects.link(camera)
    scene.camera = camera
    if view.light is not None:
        for light in lights:
            light.hide_render = True
        scene.world = photo_world(view, made.armature, "Photo Light")
        scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    bpy.ops.render.render(write_still=True)
    if scene.world != before[1]:
        bpy.data.worlds.remove(scene.world)
    for light in lights:
        light.hide_render = False
    scene.camera, scene.world, scene.view_settings.view_transform, scene.view_settings.look = before
    bpy.data.cameras.remove(camera.data)
