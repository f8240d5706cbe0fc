"""Skin detail in Blender: strengths of the bands, the painted mask, maps at another resolution."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401, I001
from blender_helpers import (  # noqa: E402, F401, I001
    addon,
    bake_emission,
    evaluated,
    positions,
    scene,
    show_only,
    wrinkle_weights,
)
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import character_store  # noqa: E402
from furrow.blender_addon.scene import mesh_objects  # noqa: E402
from furrow.blender_addon.wrinkles import detail_mask  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.blender_addon.ui.operators import reconstruct  # noqa: E402
from furrow.blender_addon.scene.images import packed_image  # noqa: E402
from furrow.blender_addon.materials.shading import new_material  # noqa: E402
from furrow.blender_addon.materials.skin import BANDS_SCALE, _displacement, _specular  # noqa: E402
from furrow.blender_addon.wrinkles.tension_nodes import BANDS  # noqa: E402
from furrow.core.character.file import load_character, save_character  # noqa: E402
from furrow.core.errors import FurrowError  # noqa: E402
from furrow.core.character.bands import static_bands  # noqa: E402
from helpers import band_weights  # noqa: E402
from furrow.core.character.resize import with_map_size  # noqa: E402
from furrow.core.wrinkles.maps import load_atlas  # noqa: E402

STRENGTHS = {"Folds": 0.4, "Lines": 1.5, "From Photo": 2.0, "From Atlas": 0.5}


@pytest.fixture
def character(scene, assets):  # noqa: F811
    made = mean_character(assets)
    return dataclasses.replace(made, static_residual=0.5 * made.detail.static, residual_age=made.age)


def band_attribute(made):
    attribute = evaluated(made).attributes[names.BANDS]
    values = np.empty(len(attribute.data) * 4, np.float32)
    attribute.data.foreach_get("color", values)
    return values.reshape(-1, 4)


def displacement(made):
    attribute = evaluated(made).attributes[names.DISPLACEMENT]
    values = np.empty(len(attribute.data), np.float32)
    attribute.data.foreach_get("value", values)
    return values / names.METRES


def test_strengths_give_the_weights_of_the_formula(character):
    head = build_head(character).head
    show_only(head, names.TENSION)
    modifier = head.modifiers[names.TENSION]
    whole = mesh_objects.seam_mask(character.topology) == 1
    np.testing.assert_allclose(wrinkle_weights(head)[whole, 0], 1.0, atol=1e-6)
    np.testing.assert_allclose(band_attribute(head)[whole], np.tile([0, 0, 0, 1.0], (whole.sum(), 1)), atol=1e-6)
    for name, value in {**STRENGTHS, "Pores": 0.3, "Static Strength": 0.5}.items():
        set_input(modifier, name, value)
    expected = 0.5 * band_weights(*STRENGTHS.values())
    np.testing.assert_allclose(wrinkle_weights(head)[whole, 0], expected[0], atol=1e-6)
    np.testing.assert_allclose(band_attribute(head)[whole], np.tile([*expected[1:], 0.3], (whole.sum(), 1)), atol=1e-6)


def test_displacement_follows_the_bands(character):
    head = build_head(character).head
    base, modifier = displacement(head), head.modifiers[names.TENSION]
    assert np.abs(base).max() > 0.03
    # half of the static detail is the photo's
    set_input(modifier, "From Photo", 0.0)
    np.testing.assert_allclose(displacement(head), 0.5 * base, atol=0.02)
    set_input(modifier, "From Atlas", 0.0)
    np.testing.assert_allclose(displacement(head), 0.0, atol=0.002)
    set_input(modifier, "From Photo", 2.0)
    np.testing.assert_allclose(displacement(head), base, atol=0.02)


def test_the_painted_mask_is_respected_live(character):
    head = build_head(character).head
    show_only(head, names.TENSION)
    mask = detail_mask.add_mask(head.data)
    whole = mesh_objects.seam_mask(character.topology) == 1
    np.testing.assert_allclose(wrinkle_weights(head)[whole, 0], 1.0, atol=1e-6)  # new masks are white
    painted = np.ones((len(mask.data), 4), np.float32)
    left = character.neutral[: len(painted), 0] > 0
    painted[left, :3] = [0.25, 0.0, 0.5]
    mask.data.foreach_set("color", painted.ravel())
    for name in ("jawOpen", "mouthSmileLeft", "mouthSmileRight"):
        head.data.shape_keys.key_blocks[name].value = 1.0
    head.data.update_tag()
    found, bands = wrinkle_weights(head), band_attribute(head)
    np.testing.assert_allclose(found[whole, 0], np.where(left, 0.25, 1.0)[whole], atol=1e-5)
    np.testing.assert_allclose(bands[whole, 3], np.where(left, 0.5, 1.0)[whole], atol=1e-5)
    assert np.abs(found[left, 1:]).max() == 0 and np.abs(found[~left, 1:]).max() > 0.1
    detail_mask.clear_mask(head.data)
    assert np.abs(wrinkle_weights(head)[left, 1:]).max() > 0.1
    head.data.attributes.remove(head.data.attributes[names.PAINT])
    np.testing.assert_allclose(wrinkle_weights(head)[whole, 0], 1.0, atol=1e-6)


def test_the_button_makes_the_mask_and_starts_painting(addon, assets):  # noqa: F811
    made = build_head(mean_character(assets))
    bpy.context.view_layer.objects.active = made.armature
    assert names.PAINT not in made.head.data.color_attributes
    assert bpy.ops.furrow.paint_detail() == {"FINISHED"}
    assert bpy.context.object == made.head and bpy.context.mode == "PAINT_VERTEX"
    assert made.head.data.color_attributes.active_color.name == names.PAINT
    made.head.data.color_attributes[names.PAINT].data[5].color = (0, 0, 0, 1)
    assert bpy.ops.furrow.clear_detail_mask() == {"FINISHED"}
    assert tuple(made.head.data.color_attributes[names.PAINT].data[5].color) == (1, 1, 1, 1)
    bpy.ops.object.mode_set(mode="OBJECT")


def test_bands_image_holds_the_bands(character):
    head = build_head(character).head
    image = get_input(head.modifiers[names.WRINKLE], "Bands")
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    found = values.reshape(image.size[1], image.size[0], 4)[::-1, :, :3] - 0.5
    scale = get_input(head.modifiers[names.WRINKLE], "Bands Scale (mm)")
    np.testing.assert_allclose(found * scale, static_bands(character), atol=1e-5)
    tree = head.data.materials[0].node_tree
    assert tree.nodes[BANDS_SCALE].outputs[0].default_value == pytest.approx(scale)
    assert sum(n.type == "TEX_IMAGE" and n.image == image for n in tree.nodes) == 1
    assert set(BANDS) <= {i.name for i in head.modifiers[names.TENSION].node_group.interface.items_tree}


def test_baking_again_swaps_all_maps_and_restore_brings_them_back(addon, assets, tmp_path, monkeypatch):  # noqa: F811
    person = mean_character(assets, size=128)
    save_character(person, tmp_path / "person.furrow")
    bpy.ops.furrow.import_character(filepath=str(tmp_path / "person.furrow"))
    collection = bpy.context.scene.furrow.character
    first = collection[character_store.MAPS]
    assert bpy.ops.furrow.resize_maps(size="1024") == {"FINISHED"}
    expected = with_map_size(load_character(tmp_path / "person.furrow"), load_atlas(assets / "wrinkles.npz"), 1024)
    maps = collection[character_store.MAPS]
    assert tuple(maps.size) == (1024, 1024) and maps != first
    head = next(o for o in collection.objects if o.get("furrow_part") == "head")
    shown = {n.image for n in head.data.materials[0].node_tree.nodes if n.type == "TEX_IMAGE"}
    assert {maps, maps[character_store.ALBEDO], maps[character_store.ROUGHNESS], maps[character_store.BANDS]} <= shown
    albedo = maps[character_store.ALBEDO]
    values = np.empty(1024 * 1024 * 4, np.float32)
    albedo.pixels.foreach_get(values)
    found = values.reshape(1024, 1024, 4)[::-1, :, :3]
    np.testing.assert_allclose(found, expected.albedo / 255.0, atol=2e-6)
    # a change of the lines keeps the colour that is there
    bpy.ops.furrow.change_wrinkles(seed=5)
    assert collection[character_store.MAPS][character_store.ALBEDO] == albedo
    bpy.ops.furrow.restore_wrinkles()
    assert collection[character_store.MAPS] == first
    shown = {n.image for n in head.data.materials[0].node_tree.nodes if n.type == "TEX_IMAGE"}
    assert {first, first[character_store.ALBEDO], first[character_store.ROUGHNESS]} <= shown and albedo not in shown


def test_the_resolution_of_the_panel_goes_to_the_worker(addon, tmp_path, monkeypatch):  # noqa: F811
    sent = []

    class Recorder:
        def send(self, **command):
            sent.append(command)
            raise FurrowError("that was all")

        def stop(self):
            pass

    monkeypatch.setattr(reconstruct, "characters_folder", lambda: tmp_path)
    monkeypatch.setattr(reconstruct, "WorkerClient", Recorder)
    (tmp_path / "anna.png").write_bytes(b"pixels")
    bpy.ops.furrow.add_photos(filepath=str(tmp_path / "anna.png"))
    for choice, expected in (("AUTO", None), ("4096", 4096)):
        bpy.context.scene.furrow.map_size = choice
        bpy.context.window_manager.furrow_job.running = False
        with pytest.raises(RuntimeError, match="that was all"):
            bpy.ops.furrow.reconstruct()
        assert sent[-1]["size"] == expected


def shaded(value_of, **attributes):
    """What a value of the shader is on a plane with these colour attributes, by baking it."""
    mesh = bpy.data.meshes.new("plane")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name=names.UV_MAP).data.foreach_set("uv", [0, 0, 1, 0, 1, 1, 0, 1])
    for name, colour in attributes.items():
        mesh.attributes.new(name, "FLOAT_COLOR", "POINT").data.foreach_set("color", [*colour] * 4)
    material, build, surface = new_material("value")
    build.set(surface.inputs["Base Color"], (0, 0, 0, 1))
    build.set(surface.inputs["Emission Color"], build.math("MULTIPLY_ADD", value_of(build), 1.0, 10.0))
    build.set(surface.inputs["Emission Strength"], 1.0)
    image = bpy.data.images.new("baked", 4, 4, float_buffer=True, is_data=True)
    material.node_tree.nodes.active = build.node("ShaderNodeTexImage", image=image)
    mesh.materials.append(material)
    plane = bpy.data.objects.new("plane", mesh)
    bpy.context.scene.collection.objects.link(plane)
    bake_emission(plane)
    found = np.empty(64, np.float32)
    image.pixels.foreach_get(found)
    bpy.data.objects.remove(plane)
    return float(found.reshape(16, 4)[5, 0]) - 10.0


def test_the_shader_adds_the_bands_as_the_mesh_does(scene):  # noqa: F811
    def flat(name, *values):
        pixels = np.broadcast_to(np.round(65535 * np.array(values)).astype(np.uint16), (8, 8, len(values))).copy()
        return packed_image(name, pixels, colour=False)

    maps, bands = flat("maps", 0.6, 0.7, 0.4, 0.5), flat("bands", 0.55, 0.45, 0.8)
    weights, extra = (0.5, 1.0, 0.5, 0.0), (-0.4, 0.3, 0.2, 1.0)
    found = shaded(
        lambda build: _displacement(build, (maps, 2.0), (bands, 1.5)), **{names.WRINKLES: weights, names.BANDS: extra}
    )
    expected = 2.0 * (0.5 * 0.1 + 0.2 - 0.5 * 0.1) + 1.5 * (-0.4 * 0.05 - 0.3 * 0.05 + 0.2 * 0.3)
    assert found == pytest.approx(expected, abs=1e-3)


def test_pores_and_dry_skin_shine_less(scene):  # noqa: F811
    level = {
        (rough, height): shaded(lambda build, r=rough, h=height: _specular(build, r, h * names.METRES))
        for rough, height in ((0.5, 0.0), (0.38, 0.0), (0.5, -0.01), (0.5, -0.5))
    }
    assert level[0.5, 0.0] == pytest.approx(0.5, abs=1e-3)
    assert level[0.38, 0.0] == pytest.approx(0.56, abs=1e-3)
    assert level[0.5, -0.01] == pytest.approx(0.42, abs=1e-3)
    assert level[0.5, -0.5] == pytest.approx(0.2, abs=1e-3)
