"""A character linked into another file: what an override keeps works and lasts, all else is refused in one line."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, positions, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import character_store  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import all_characters, find_part  # noqa: E402
from furrow.blender_addon.head.connections import BOND  # noqa: E402
from furrow.blender_addon.head.standing import EXPRESSION, SHAPE, library_of, refusal, remarks  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from painted_brows import browed_character  # noqa: E402


@pytest.fixture(scope="module")
def library(assets, tmp_path_factory):
    """A file with the character Ada."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_head(dataclasses.replace(browed_character(assets), name="Ada"))
    path = tmp_path_factory.mktemp("library") / "ada.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def link(path):
    bpy.ops.wm.link(directory=f"{path}/Collection/", filename="Ada", instance_collections=False)
    return next(c for c in bpy.data.collections if c.library is not None)


def override(path):
    linked = link(path)
    scene = bpy.context.scene  # noqa: F811
    return linked.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)


def activate(collection):
    bpy.context.view_layer.objects.active = find_part(collection, "head")


def key(collection, name):
    return find_part(collection, "head").data.shape_keys.key_blocks[name]


def reopened(path):
    """The override's collection after saving and opening again."""
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return next(c for c in all_characters(bpy.context.scene) if c.override_library is not None)


def coordinates(collection):
    mesh = find_part(collection, "head").data
    values = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.shape_keys.key_blocks[0].data.foreach_get("co", values)
    return values


def ends(collection):
    """Where the bones are at rest."""
    return [tuple(b.head_local) for b in find_part(collection, "armature").data.bones]


REFUSED = {  # operators that change meshes, maps or hair
    "hair_style": {"style": "bob"}, "beard": {"kind": "none"}, "vellus": {}, "paint_detail": {},
    "clear_detail_mask": {}, "restore_wrinkles": {}, "randomise_wrinkles": {}, "change_wrinkles": {"years": 60.0},
    "resize_maps": {"size": "1024"}, "match_photo": {}, "duplicate_character": {}, "repair_character": {},
    "make_independent": {},
}  # fmt: skip


def test_expressions_of_an_override_last(addon, library, tmp_path):  # noqa: F811
    made = override(library)
    activate(made)
    assert refusal(made, EXPRESSION) == "" and "ada.blend" in refusal(made, SHAPE)
    assert bpy.ops.furrow.preset(preset="smile") == {"FINISHED"}
    smile = key(made, "mouthSmileLeft").value
    assert smile > 0.3
    key(made, "jawOpen").value = 0.5
    key(made, "browInnerUp").value = 0.8
    key(made, "browInnerUp").keyframe_insert("value", frame=7)
    set_input(find_part(made, "head").modifiers[names.TENSION], "Static Strength", 1.7)
    find_part(made, "armature").location.x = 2.0
    shown = positions(find_part(made, "head"))
    made = reopened(tmp_path / "shot.blend")
    assert library_of(made) == "ada.blend"
    assert key(made, "mouthSmileLeft").value == pytest.approx(smile)
    bpy.context.view_layer.update()
    assert find_part(made, "teeth").data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(0.5)
    bpy.context.scene.frame_set(7)
    assert key(made, "browInnerUp").value == pytest.approx(0.8)
    np.testing.assert_allclose(positions(find_part(made, "head")), shown, atol=1e-6)
    assert get_input(find_part(made, "head").modifiers[names.TENSION], "Static Strength") == pytest.approx(1.7)
    assert find_part(made, "armature").location.x == 2.0


def test_two_overrides_of_one_library_have_their_own_expressions(addon, library):  # noqa: F811
    first = override(library)
    linked = next(c for c in bpy.data.collections if c.library is not None)
    second = linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    key(first, "jawOpen").value = 1.0
    bpy.context.view_layer.update()
    assert key(second, "jawOpen").value == 0.0
    assert find_part(second, "teeth").data.shape_keys.key_blocks["jawOpen"].value == 0.0


@pytest.mark.parametrize("kind", [link, override])
def test_what_a_linked_character_cannot_keep_is_refused_in_a_line(addon, library, kind):  # noqa: F811
    made = kind(library)
    activate(made)
    before, bones, maps = coordinates(made), ends(made), made[character_store.MAPS]
    job = bpy.context.window_manager.furrow_job
    operators = dict(REFUSED)
    if kind is link:
        operators |= {"preset": {"preset": "smile"}, "reset": {"expression": True}}
    for name, given in operators.items():
        with pytest.raises(RuntimeError):
            getattr(bpy.ops.furrow, name)(**given)
        assert "ada.blend" in job.error and "\n" not in job.error and "Unexpected" not in job.error, (name, job.error)
    made.furrow.age = 1.0  # the panel's slider is off; a script's is not
    np.testing.assert_array_equal(coordinates(made), before)
    assert ends(made) == bones and made[character_store.MAPS] == maps
    assert not bpy.data.texts, "no report of a bug"


@pytest.mark.parametrize(("kind", "words"), [(link, "make a library override"), (override, "are kept here")])
def test_the_panel_says_what_it_is(addon, library, kind, words):  # noqa: F811
    activate(kind(library))
    (remark,) = remarks(bpy.context)
    assert words in remark.text and "ada.blend" in remark.text and remark.operator == ""


def test_an_instance_is_told(addon, library):  # noqa: F811
    bpy.ops.wm.link(directory=f"{library}/Collection/", filename="Ada", instance_collections=True)
    item = next(o for o in bpy.context.scene.objects if o.instance_collection is not None)
    bpy.context.view_layer.objects.active = item
    (remark,) = remarks(bpy.context)
    assert "instance of Ada" in remark.text and "library override" in remark.text


def test_an_override_of_an_earlier_furrow_says_how_to_ready_its_library(addon, library, tmp_path):  # noqa: F811
    bpy.ops.wm.open_mainfile(filepath=str(library))
    (old,) = all_characters(bpy.context.scene)
    for item in old.objects:
        keys = getattr(item.data, "shape_keys", None)
        if keys is not None:
            keys.driver_remove(f'["{BOND}"]')
            del keys[BOND]
    activate(old)
    assert "earlier Furrow" in remarks(bpy.context)[0].text
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = override(tmp_path / "old.blend")
    activate(made)
    with pytest.raises(RuntimeError, match="press Repair and save"):
        bpy.ops.furrow.preset(preset="smile")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "old.blend"))
    activate(all_characters(bpy.context.scene)[0])
    assert bpy.ops.furrow.repair_character() == {"FINISHED"}
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = override(tmp_path / "old.blend")
    activate(made)
    assert bpy.ops.furrow.preset(preset="smile") == {"FINISHED"}


def test_an_appended_character_is_as_good_as_built(addon, library):  # noqa: F811
    for _ in range(2):
        bpy.ops.wm.append(directory=f"{library}/Collection/", filename="Ada")
    first, second = all_characters(bpy.context.scene)
    activate(second)
    assert bpy.ops.furrow.preset(preset="smile") == {"FINISHED"}
    assert key(second, "mouthSmileLeft").value > 0.3 and key(first, "mouthSmileLeft").value == 0.0
    second.furrow.age = 0.5
    assert np.abs(coordinates(second) - coordinates(first)).max() > 1e-4
