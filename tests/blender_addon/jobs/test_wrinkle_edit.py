"""Age, other layouts and swapped detail in Blender: the maps in use, undo, saving, clear lines when data is gone."""

import dataclasses
import os

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, positions, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import character_store, replace  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.jobs import age_slider, wrinkle_change  # noqa: E402
from furrow.blender_addon.materials.fine_skin import STRENGTH  # noqa: E402
from furrow.blender_addon.materials.skin import CREASE_RANGE, CREASE_SHADING, MAPS_SCALE  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input  # noqa: E402
from furrow.core.character.edit import age_of_years, swap_detail, with_wrinkles  # noqa: E402
from furrow.core.character.file import load_character, save_character  # noqa: E402
from furrow.core.errors import FurrowError  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401

REGION_MEMBERS = ["forehead", "temple"]  # of the artist region "Forehead"


@pytest.fixture(scope="module")
def files(assets, atlas, tmp_path_factory):
    """.furrow files of one person at about 40, and of another one at 80."""
    folder = tmp_path_factory.mktemp("characters")
    base = dataclasses.replace(mean_character(assets), residual_age=0.3)
    for name, years, seed in (("anna", 40, 1), ("otto", 80, 5)):
        made = with_wrinkles(dataclasses.replace(base, name=name), atlas, age=age_of_years(years), seed=seed)
        save_character(made, folder / f"{name}.furrow")
    return folder


@pytest.fixture
def anna(addon, files):  # noqa: F811
    return import_character(files / "anna.furrow")


def import_character(path):
    bpy.ops.furrow.import_character(filepath=str(path))
    return bpy.context.scene.furrow.character


def head_of(collection):
    return next(o for o in collection.objects if o.get("furrow_part") == "head")


def shown_maps(collection):
    """(S, S, 4) mm that modifier and shader agree on, read from the image's pixels."""
    modifier = head_of(collection).modifiers[names.WRINKLE]
    image, scale = get_input(modifier, "Maps"), get_input(modifier, "Scale (mm)")
    tree = head_of(collection).data.materials[0].node_tree
    assert [n.image for n in tree.nodes if n.type == "TEX_IMAGE"].count(image) == 1
    assert tree.nodes[MAPS_SCALE].outputs[0].default_value == pytest.approx(scale)
    assert image == collection[character_store.MAPS]
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    return (values.reshape(image.size[1], image.size[0], 4)[::-1] - 0.5) * scale


def test_pores_follow_the_age(scene, assets, atlas):  # noqa: F811
    young = dataclasses.replace(mean_character(assets), age=0.0, pore_gains=np.array([0.6, 0.8, 0.7, 0.9]))
    made = build_head(young)
    strength = made.head.data.materials[0].node_tree.nodes[STRENGTH].outputs[0]
    strength.default_value = 2.0  # the artist's
    for age, factor in ((1.0, 1.3 / 0.8), (0.0, 1.0)):
        aged = with_wrinkles(young, atlas, age=age)
        character_store.use_maps(made.collection, character_store.maps_image(aged))
        assert strength.default_value == pytest.approx(2.0 * factor)


def test_age_slider_brings_the_maps_of_that_age_and_back(anna, files, atlas):
    person = load_character(files / "anna.furrow")
    first = shown_maps(anna)
    assert anna.furrow.wrinkle_age == pytest.approx(40.0)
    anna.furrow.wrinkle_age = 75.0
    expected = with_wrinkles(person, atlas, age=age_of_years(75)).detail.stack()
    np.testing.assert_allclose(shown_maps(anna), expected, atol=1e-4)
    assert anna.furrow.wrinkle_age == pytest.approx(75.0)
    assert np.abs(expected - first).max() > 0.1
    slider = bpy.context.window_manager.furrow_job  # what the panel shows, for the active character
    assert slider.age == pytest.approx(75.0)
    slider.age = 40.0
    assert anna.furrow.wrinkle_age == pytest.approx(40.0)
    np.testing.assert_allclose(shown_maps(anna), first, atol=1e-4)


def test_randomised_layout_keeps_the_age_and_can_be_restored(anna, files, atlas):
    first, mesh = shown_maps(anna), positions(head_of(anna))
    bpy.ops.furrow.randomise_wrinkles()
    seed = anna[character_store.MAPS][character_store.SEED]
    person = load_character(files / "anna.furrow")
    np.testing.assert_allclose(shown_maps(anna), with_wrinkles(person, atlas, seed=seed).detail.stack(), atol=1e-4)
    assert anna.furrow.wrinkle_age == pytest.approx(40.0)
    bpy.ops.furrow.restore_wrinkles()
    np.testing.assert_array_equal(shown_maps(anna), first)
    np.testing.assert_array_equal(positions(head_of(anna)), mesh)


def test_age_moves_the_shape_unless_told_not_to(anna):
    assert anna.furrow.age_shape
    anna.furrow.age_shape = False
    anna.furrow.wrinkle_age = 60.0
    assert anna.furrow.age == 0.0
    anna.furrow.age_shape = True
    anna.furrow.wrinkle_age = 73.0
    assert anna.furrow.age == pytest.approx(13.0 / 65.0, abs=1e-5)
    bpy.ops.furrow.restore_wrinkles()
    assert anna.furrow.age == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("place", ["SCENE", "FILE"])
def test_swap_takes_the_sources_detail_and_leaves_it_alone(anna, files, atlas, place):
    settings = anna.furrow
    settings.swap_from, settings.swap_mix, settings.swap_regions = place, 0.5, {"Forehead"}
    if place == "SCENE":
        settings.swap_source = other = import_character(files / "otto.furrow")
        theirs = shown_maps(other)
        bpy.ops.furrow.select_character(name=anna.name)
    else:
        settings.swap_file = str(files / "otto.furrow")
    bpy.ops.furrow.swap_detail()
    mine, source = load_character(files / "anna.furrow"), load_character(files / "otto.furrow")
    expected = swap_detail(mine, source, atlas, 0.5, REGION_MEMBERS).detail.stack()
    np.testing.assert_allclose(shown_maps(anna), expected, atol=2e-4)
    assert np.abs(expected - mine.detail.stack()).max() > 0.05
    if place == "SCENE":
        np.testing.assert_array_equal(shown_maps(other), theirs)


def test_swapping_again_adjusts_and_mix_zero_takes_it_back(anna, files, atlas):
    settings = anna.furrow
    first = shown_maps(anna)
    settings.swap_from, settings.swap_file, settings.swap_dynamic = "FILE", str(files / "otto.furrow"), True
    bpy.ops.furrow.swap_detail()
    theirs = load_character(files / "otto.furrow").detail.stack()
    np.testing.assert_allclose(shown_maps(anna), theirs, atol=2e-4)
    settings.swap_mix = 0.0
    bpy.ops.furrow.swap_detail()
    np.testing.assert_allclose(shown_maps(anna), first, atol=2e-4)


def test_undo_brings_maps_age_and_shape_back(anna, files):
    name = anna.name
    anna.furrow.age_shape = True
    first = shown_maps(anna)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.furrow.change_wrinkles(years=80.0)
    old, shape = shown_maps(anna), anna.furrow.age
    bpy.ops.ed.undo_push(message="aged")
    bpy.ops.ed.undo()
    again = bpy.data.collections[name]
    np.testing.assert_array_equal(shown_maps(again), first)
    assert again.furrow.wrinkle_age == pytest.approx(40.0) and again.furrow.age == 0.0
    bpy.ops.ed.redo()
    again = bpy.data.collections[name]
    np.testing.assert_array_equal(shown_maps(again), old)
    assert again.furrow.wrinkle_age == pytest.approx(80.0) and again.furrow.age == pytest.approx(shape)


def test_characters_are_independent(anna, files):
    other = import_character(files / "otto.furrow")
    theirs, mesh = shown_maps(other), positions(head_of(other))
    anna.furrow.wrinkle_age = 70.0
    np.testing.assert_array_equal(shown_maps(other), theirs)
    np.testing.assert_array_equal(positions(head_of(other)), mesh)
    assert other.furrow.wrinkle_age == pytest.approx(80.0)


def test_saved_file_reopens_alike_and_needs_no_other_file(anna, files, atlas, tmp_path):
    person = load_character(files / "anna.furrow")
    name, head_name = anna.name, head_of(anna).name
    anna["furrow_source"] = str(tmp_path / "gone.furrow")
    anna.furrow.swap_from, anna.furrow.swap_file, anna.furrow.swap_mix = "FILE", str(files / "otto.furrow"), 0.7
    bpy.ops.furrow.swap_detail()
    head_of(anna).data.shape_keys.key_blocks["browInnerUp"].value = 0.8
    maps, mesh = shown_maps(anna), positions(head_of(anna))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), compress=True)
    os.rename(tmp_path / "a.blend", tmp_path / "moved.blend")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "moved.blend"))
    again = bpy.data.collections[name]
    np.testing.assert_array_equal(shown_maps(again), maps)
    np.testing.assert_allclose(positions(bpy.data.objects[head_name]), mesh, atol=1e-7)
    assert again.furrow.swap_mix == pytest.approx(0.7)
    bpy.ops.furrow.export_character(filepath=str(tmp_path / "out.furrow"))
    np.testing.assert_allclose(load_character(tmp_path / "out.furrow").detail.stack(), maps, atol=1e-4)
    bpy.ops.furrow.restore_wrinkles()
    np.testing.assert_allclose(shown_maps(again), person.detail.stack(), atol=1e-4)
    again.furrow.wrinkle_age = 65.0
    expected = with_wrinkles(person, atlas, age=age_of_years(65)).detail.stack()
    np.testing.assert_allclose(shown_maps(again), expected, atol=1e-4)


def test_a_saved_file_holds_no_maps_that_only_undo_needs(anna, tmp_path):
    for years in (50.0, 60.0, 70.0):
        bpy.ops.furrow.change_wrinkles(years=years)
    kept = (anna[character_store.ORIGINAL], anna[character_store.MAPS])
    others = {image[key] for image in kept for key in (character_store.BANDS, character_store.ALBEDO)}
    wanted, before = {i.name for i in (*kept, *others)}, {i.name for i in bpy.data.images}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    # here undo may still want them
    assert {i.name for i in bpy.data.images} == before and len(character_store.unused_maps()) == 2
    assert all(image[character_store.BANDS] is not None for image in character_store.unused_maps())
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    found = {i.name for i in bpy.data.images}
    assert wanted <= found
    assert {n for n in found if "Wrinkles" in n or "Bands" in n or "Albedo" in n} == wanted


def test_missing_data_and_bad_choices_are_one_clear_line(anna, tmp_path):
    before = shown_maps(anna)
    settings = anna.furrow
    cases = (
        ({"swap_from": "SCENE"}, "Choose the character"),
        ({"swap_from": "FILE"}, r"Choose the \.furrow file"),
        ({"swap_file": str(tmp_path / "none.furrow")}, r"none\.furrow cannot be read"),
        ({"swap_regions": set()}, "at least one"),
        ({"swap_static": False}, "Nothing is chosen"),
    )
    (tmp_path / "some.furrow").write_bytes(b"no zip")
    for change, line in cases:
        for key, value in change.items():
            setattr(settings, key, value)
        with pytest.raises(RuntimeError, match=line):
            bpy.ops.furrow.swap_detail()
        if "swap_file" in change:
            settings.swap_file = str(tmp_path / "some.furrow")
    settings.swap_static, settings.swap_regions = True, {"Nose"}
    with pytest.raises(RuntimeError, match=r"some\.furrow is not a \.furrow file"):
        bpy.ops.furrow.swap_detail()
    del anna[character_store.MAPS][character_store.FILE]
    anna["furrow_source"] = ""
    with pytest.raises(RuntimeError, match=r"import its \.furrow file again"):
        bpy.ops.furrow.change_wrinkles(years=50.0)
    assert not bpy.context.window_manager.furrow_job.changing
    np.testing.assert_array_equal(shown_maps(anna), before)


def test_failed_age_lets_the_slider_show_the_maps_age_again(anna, monkeypatch):
    def broken(*_arguments):
        raise FurrowError("The worker cannot be started.")

    before = anna[character_store.MAPS]
    wrinkle_change.stop_worker()
    monkeypatch.setattr(wrinkle_change, "WorkerClient", broken)
    anna.furrow.wrinkle_age = 70.0
    assert bpy.context.window_manager.furrow_job.error == "The worker cannot be started."
    assert anna.furrow.wrinkle_age == pytest.approx(40.0) and anna[character_store.MAPS] == before
    assert not age_slider._wanted


def test_result_never_goes_to_another_character_of_the_same_name(anna, files, monkeypatch):
    poll, others = wrinkle_change.WrinkleChange.poll, []

    def replaced_meanwhile(change):
        data = poll(change)
        if data is not None:
            replace.remove_character(bpy.data.collections["anna"])
            others.append(import_character(files / "anna.furrow"))
        return data

    monkeypatch.setattr(wrinkle_change.WrinkleChange, "poll", replaced_meanwhile)
    with pytest.raises(RuntimeError, match="no character 'anna' any more: nothing was changed"):
        bpy.ops.furrow.randomise_wrinkles()
    (other,) = others
    assert other.name == "anna" and other[character_store.MAPS] == other[character_store.ORIGINAL]
    assert not bpy.context.window_manager.furrow_job.changing


def test_only_maps_beyond_the_reach_of_undo_are_dropped(anna):
    image = anna[character_store.MAPS]
    for k in range(bpy.context.preferences.edit.undo_steps + 3):
        spare = bpy.data.images.new(f"spare {k}", 4, 4)
        spare[character_store.FILE] = b"x"
    character_store.prune_maps()
    left = [i.name for i in bpy.data.images if i.name.startswith("spare")]
    assert len(left) == bpy.context.preferences.edit.undo_steps and "spare 0" not in left
    assert anna[character_store.MAPS] == image


def test_creases_darken_and_rolls_lighten_the_albedo(anna):
    """The shader's factor over displacement, baked by Cycles, is clamp(1 + k D)."""
    head = head_of(anna)
    bpy.context.scene.render.engine = "CYCLES"
    bpy.context.scene.cycles.samples = 1
    tree = head.data.materials[0].node_tree
    surface = tree.nodes["Principled BSDF"]
    scaled = surface.inputs["Base Color"].links[0].from_node
    factor = scaled.inputs["Scale"].links[0].from_socket
    for key in ("Base Color", "Normal", "Roughness"):
        tree.links.remove(surface.inputs[key].links[0])
    surface.inputs["Base Color"].default_value = (0, 0, 0, 1)
    surface.inputs["Emission Strength"].default_value = 1.0
    tree.links.new(factor, surface.inputs["Emission Color"])
    baked = bpy.data.images.new("baked", 256, 256, float_buffer=True, is_data=True)
    target = tree.nodes.new("ShaderNodeTexImage")
    target.image = baked
    tree.nodes.active = target
    bpy.ops.furrow.change_wrinkles(years=85.0)
    head.modifiers["Subdivision"].render_levels = 0
    bpy.ops.object.bake(type="EMIT", margin=0)
    values = np.empty(256 * 256 * 4, np.float32)
    baked.pixels.foreach_get(values)
    found = values.reshape(256, 256, 4)[::-1, :, 0]
    static = shown_maps(anna)[..., 0]  # neutral: nothing but the static maps shows
    expected = np.clip(1.0 + CREASE_SHADING * static, *CREASE_RANGE)
    inside = (slice(96, 160), slice(96, 160))  # face, away from the chart's cuts
    error = np.abs(found[inside] - expected[inside])
    assert np.median(error) < 0.01 and np.ptp(expected[inside]) > 0.1
    assert np.corrcoef(found[inside].ravel(), expected[inside].ravel())[0, 1] > 0.95
