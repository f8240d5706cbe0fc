"""Looking at a head as its photo did: the photo lies before it, and its light falls on it."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, scene  # noqa: E402, F401
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.character_store import character_from, stored_bytes  # noqa: E402
from furrow.blender_addon.head.characters import find_part  # noqa: E402
from furrow.blender_addon.head.match_photo import PHOTOS  # noqa: E402
from furrow.blender_addon.head.photo_camera import photo_world  # noqa: E402
from furrow.blender_addon.head.replace import is_edited, remove_character  # noqa: E402
from furrow.core.view.lighting import sh_basis  # noqa: E402
from furrow.models.evaluation.made_up import tiny_character  # noqa: E402
from mathutils import Vector  # noqa: E402
from PIL import Image  # noqa: E402


def lit_character(light):
    """The tiny character, its first photo in a given light."""
    made = tiny_character()
    return dataclasses.replace(made, views=(dataclasses.replace(made.views[0], light=light), *made.views[1:]))


def photo(folder, view, turned=False):
    """A file with the proportions of a view, or those of a photo on its side."""
    camera = view.camera
    size = (camera.height, camera.width) if turned else (camera.width, camera.height)
    Image.new("RGB", size, (200, 30, 40)).save(folder / "seen.png")
    return str(folder / "seen.png")


def test_the_photo_lies_before_the_head_and_what_was_reads_as_untouched(addon, tmp_path):  # noqa: F811
    character = lit_character(np.zeros((9, 3)))
    made = build_head(character)
    made.collection[PHOTOS] = [photo(tmp_path, character.views[0])]
    assert bpy.ops.furrow.match_photo() == {"FINISHED"}
    name = addon.camera.data.background_images[0].image.name
    (tmp_path / "seen.png").unlink()  # it is packed
    camera = addon.camera
    (shown,) = camera.data.background_images
    assert find_part(made.collection, "camera_0") == camera and camera.data.show_background_images
    pixel = np.array(shown.image.pixels[:3])
    assert np.abs(pixel * 255 - (200, 30, 40)).max() < 4
    wanted = character.views[0].camera.width / character.views[0].camera.height
    assert addon.render.resolution_x / addon.render.resolution_y == pytest.approx(wanted, rel=2e-3)
    assert not is_edited(made.collection)
    assert bpy.ops.furrow.match_photo(light=True) == {"FINISHED"}  # the photo is gone: its picture stays
    assert len([o for o in made.collection.objects if o.type == "CAMERA"]) == 1
    assert addon.camera.data.background_images[0].image.name == name and addon.world.name.endswith("Light")
    remove_character(made.collection)
    assert not bpy.data.cameras


def test_what_cannot_be_matched_is_one_line(addon, tmp_path):  # noqa: F811
    made = build_head(lit_character(None))
    path = photo(tmp_path, lit_character(None).views[0], turned=True)
    for inputs, line in (
        ({"filepath": path}, "other proportions"),
        ({"number": 7}, "has no photo 8"),
        ({"light": True}, "Nothing is known of the light"),
        ({"filepath": str(tmp_path / "gone.png")}, "gone.png"),
    ):
        with pytest.raises(RuntimeError, match=line):
            bpy.ops.furrow.match_photo(**inputs)
    assert addon.camera is None and not bpy.data.cameras and addon.world is None
    bpy.data.objects.remove(made.armature)
    with pytest.raises(RuntimeError, match="rig .* is gone"):
        bpy.ops.furrow.match_photo()


def white_square(scene):  # noqa: F811
    """A matt square of reflectance one half that faces its own Z, and the scene's camera."""
    white = bpy.data.materials.new("White")
    white.use_nodes = True
    white.node_tree.nodes.clear()
    shader, output = (white.node_tree.nodes.new(f"ShaderNode{kind}") for kind in ("BsdfPrincipled", "OutputMaterial"))
    shader.inputs["Base Color"].default_value = (0.5, 0.5, 0.5, 1.0)
    shader.inputs["Specular IOR Level"].default_value = 0.0
    white.node_tree.links.new(shader.outputs[0], output.inputs[0])
    mesh = bpy.data.meshes.new("Square")
    mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [[0, 1, 2, 3]])
    mesh.materials.append(white)
    square, scene.camera = bpy.data.objects.new("Square", mesh), bpy.data.objects.new("C", bpy.data.cameras.new("C"))
    for item in (square, scene.camera):
        scene.collection.objects.link(item)
    return square


def shown(scene, square, away, path):  # noqa: F811
    """(3,) linear mean of a picture of the square, turned to face a direction and seen from there."""
    square.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
    scene.camera.location, scene.camera.rotation_euler = 0.8 * away, (-away).to_track_quat("-Z", "Y").to_euler()
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    picture = bpy.data.images.load(str(path))
    picture.colorspace_settings.name = "Non-Color"
    return np.array(picture.pixels[:]).reshape(-1, 4)[:, :3].mean(0)


def test_light_falls_on_the_head_as_it_fell_in_the_photo(scene, tmp_path):  # noqa: F811
    light = np.zeros((9, 3))
    light[0], light[2], light[3] = 2.0, (0.5, 0.3, 0.1), (0.8, 0.9, 1.0)  # from above and in front, head axes
    made = build_head(lit_character(light))
    view = character_from(stored_bytes(made.collection)).views[0]
    made.armature.rotation_euler.z = 0.7
    bpy.context.view_layer.update()
    scene.world = photo_world(view, made.armature, "Light")
    made.collection.hide_render = True
    square = white_square(scene)
    scene.render.engine, scene.cycles.samples = "CYCLES", 64
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "PNG", "16"
    for of_rig, in_head in (((0, -1, 0), (0, 0, 1)), ((0, 0, 1), (0, 1, 0)), ((1, 0, 0), (1, 0, 0))):
        away = made.armature.matrix_world.to_3x3() @ Vector(of_rig)
        expected = 0.5 * sh_basis(np.array(in_head, float)) @ light
        np.testing.assert_allclose(shown(scene, square, away, tmp_path / "seen.png"), expected, rtol=0.03)
