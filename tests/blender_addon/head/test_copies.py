"""Copies of a character: each of Blender's ways of copying, and Furrow's own, ends in characters that share nothing."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, positions, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import character_store  # noqa: E402
from furrow.blender_addon.head.belongings import STAGES, blocks_of, sharers, stand_alone  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import all_characters, copies_in, find_part, objects_of  # noqa: E402
from furrow.blender_addon.head.connections import connect  # noqa: E402
from furrow.blender_addon.head.duplicate import duplicate, set_free  # noqa: E402
from furrow.blender_addon.head.head_shape import apply_directions  # noqa: E402
from furrow.blender_addon.head.missing import missing  # noqa: E402
from furrow.blender_addon.head.standing import remarks  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.core.errors import FurrowError  # noqa: E402
from mathutils import Vector  # noqa: E402
from painted_brows import browed_character  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")


@pytest.fixture(scope="module")
def ada(assets):
    return dataclasses.replace(browed_character(assets), name="Ada")


def key(collection, name):
    return find_part(collection, "head").data.shape_keys.key_blocks[name]


def coordinates(collection):
    mesh = find_part(collection, "head").data
    values = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.shape_keys.key_blocks[0].data.foreach_get("co", values)
    return values


def everything(collection):
    """All data-blocks behind a character, the common ones too."""
    return {place.block for stage in STAGES for place in stage(collection)}


def images_shown(collection):
    """Names of the images of the skin's material."""
    material = find_part(collection, "head").material_slots[0].material
    return sorted(n.image.name for n in material.node_tree.nodes if n.bl_idname == "ShaderNodeTexImage" and n.image)


def points_only_to_its_own(collection):
    """Whether parents, bones, drivers and hair of a character lead to its own parts."""
    made = objects_of(collection)
    keys = made.head.data.shape_keys
    for item in made.parts.values():
        assert item.parent == made.armature and item.modifiers["Armature"].object == made.armature
        own_keys = item.data.shape_keys
        for curve in own_keys.animation_data.drivers if own_keys else ():
            for variable in curve.driver.variables:
                assert variable.targets[0].id in (keys, made.armature), (item.name, curve.data_path)
    for item in made.hair.values():
        assert item.parent == item.data.surface == get_input(item.modifiers[names.FOLLOW], "Head") == made.head
    for curve in made.armature.animation_data.drivers:
        assert curve.driver.variables[0].targets[0].id == keys
    return True


def other_maps(collection, character):
    """Give a character the maps of one with other wrinkles, as ageing does."""
    changed = dataclasses.replace(character, age=character.age + 0.2)
    character_store.use_maps(collection, character_store.maps_image(changed))


def duplicated_as_the_outliner_does(collection):
    """A copy in the scene, by the code of Duplicate Collection: that of a scene's full copy (the outliner needs a
    window)."""
    home = bpy.context.scene
    before = set(bpy.data.collections)
    bpy.ops.scene.new(type="FULL_COPY")
    (made,) = set(bpy.data.collections) - before
    away = bpy.context.scene
    home.collection.children.link(made)
    bpy.data.scenes.remove(away)
    assert bpy.context.scene == home
    return made


def test_duplicate_shares_nothing_and_stands_free(ada, scene):  # noqa: F811
    made = build_head(ada)
    hat = bpy.data.objects.new("Hat", bpy.data.meshes.new("Hat"))
    made.collection.objects.link(hat)
    hat.parent = made.head
    set_input(made.head.modifiers[names.TENSION], "Static Strength", 1.7)
    key(made.collection, "jawOpen").value = 0.4
    apply_directions(made.collection, [0.3, 0, 0, 0, 0, 0])
    copy = duplicate(made.collection, bpy.context)
    assert not everything(made.collection) & everything(copy)
    assert not sharers(copy) and not missing(copy) and points_only_to_its_own(copy)
    twin = objects_of(copy)
    assert twin.parts.keys() == made.parts.keys() and twin.hair.keys() == made.hair.keys()
    assert [o.name for o in copy.objects if o.parent == twin.head and names.PART not in o] == ["Hat.001"]
    assert get_input(twin.head.modifiers[names.TENSION], "Static Strength") == pytest.approx(1.7)
    assert key(copy, "jawOpen").value == pytest.approx(0.4)
    np.testing.assert_array_equal(positions(twin.head), positions(made.head))
    gap = twin.armature.matrix_world.translation - made.armature.matrix_world.translation
    assert gap.x > made.head.dimensions.x and abs(gap.y) < 1e-6 and abs(gap.z) < 1e-6
    assert character_store.stored_bytes(copy) == character_store.stored_bytes(made.collection)


def test_a_duplicate_and_its_original_change_alone(ada):
    made = build_head(ada)
    copy = duplicate(made.collection, bpy.context)
    before, shown = coordinates(made.collection), images_shown(made.collection)
    strength = positions(made.head)
    key(copy, "mouthSmileLeft").value = 1.0
    apply_directions(copy, [0.5, 0, 0, 0, 0, 0])
    other_maps(copy, ada)
    np.testing.assert_array_equal(coordinates(made.collection), before)
    np.testing.assert_array_equal(positions(made.head), strength)
    assert images_shown(made.collection) == shown and images_shown(copy) != shown
    assert copy[character_store.ORIGINAL] != made.collection[character_store.ORIGINAL]


def test_a_duplicate_has_its_own_animation(ada):
    made = build_head(ada)
    key(made.collection, "jawOpen").keyframe_insert("value", frame=1)
    made.armature.keyframe_insert("location", frame=1)
    copy = objects_of(duplicate(made.collection, bpy.context))
    for old, new in ((made.armature, copy.armature), (made.head.data.shape_keys, copy.head.data.shape_keys)):
        assert new.animation_data.action not in (None, old.animation_data.action)
        assert new.animation_data.action_slot is not None
    key(copy.collection, "jawOpen").value = 1.0
    key(copy.collection, "jawOpen").keyframe_insert("value", frame=1)
    bpy.context.scene.frame_set(1)
    assert (key(made.collection, "jawOpen").value, key(copy.collection, "jawOpen").value) == (0.0, 1.0)


def test_duplicate_collection_is_told_and_stands_alone_at_the_first_change(ada):
    made = build_head(ada)
    copy = duplicated_as_the_outliner_does(made.collection)
    assert sharers(copy) == [made.collection] and sharers(made.collection) == [copy]
    bpy.context.view_layer.objects.active = find_part(copy, "head")
    (remark,) = remarks(bpy.context)
    assert made.collection.name in remark.text and remark.operator == "furrow.make_independent"
    shown = images_shown(made.collection)
    assert stand_alone(copy) and not stand_alone(copy) and not sharers(made.collection)
    assert not blocks_of(copy).keys() & blocks_of(made.collection).keys()
    assert points_only_to_its_own(copy) and points_only_to_its_own(made.collection)
    other_maps(copy, ada)
    assert images_shown(made.collection) == shown
    character_store.use_maps(made.collection, made.collection[character_store.ORIGINAL])
    assert images_shown(made.collection) == shown


def test_linked_duplicates_move_alone_after_the_first_change(ada):
    made = build_head(ada)
    copy = duplicated_as_the_outliner_does(made.collection)
    for part, item in objects_of(copy).parts.items():
        item.data = made.parts[part].data  # as Alt-D leaves them
    assert sharers(copy) == [made.collection]
    stand_alone(copy)
    key(copy, "jawOpen").value = 1.0
    assert key(made.collection, "jawOpen").value == 0.0 and points_only_to_its_own(copy)


@pytest.mark.parametrize("linked", [False, True])
def test_a_copy_inside_the_collection_leaves_the_original_in_charge_and_can_be_freed(ada, linked):
    made = build_head(ada)
    before = {part: item.name for part, item in made.parts.items()}
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.duplicate(linked=linked)
    assert {part: item.name for part, item in objects_of(made.collection).parts.items()} == before
    head = next(o for o in copies_in(made.collection) if o[names.PART] == "head")
    bpy.context.view_layer.objects.active = head
    remark = remarks(bpy.context)[0]
    assert "copy" in remark.text and remark.operator == "furrow.make_independent"
    free = set_free(head, bpy.context)
    assert find_part(free, "head") == head and not copies_in(made.collection)
    assert not missing(free) and not sharers(free) and points_only_to_its_own(free)
    key(free, "jawOpen").value = 1.0
    assert key(made.collection, "jawOpen").value == 0.0
    assert points_only_to_its_own(made.collection)


def test_a_copied_head_alone_gets_what_it_lacks(ada):
    made = build_head(ada)
    copy = made.head.copy()
    copy.data = made.head.data.copy()
    made.collection.objects.link(copy)
    copy.matrix_world.translation = Vector((1.0, 0.0, 0.0))
    bpy.context.view_layer.update()
    count = len(objects_of(made.collection).parts)
    free = set_free(copy, bpy.context)
    assert len(objects_of(free).parts) == count and not missing(free) and points_only_to_its_own(free)
    assert len(objects_of(made.collection).parts) == count and points_only_to_its_own(made.collection)


def test_one_eye_copied_is_no_character(ada):
    made = build_head(ada)
    copy = made.parts["eyes"].copy()
    made.collection.objects.link(copy)
    bpy.context.view_layer.objects.active = copy
    assert remarks(bpy.context)[0].operator == ""
    with pytest.raises(FurrowError, match="one part alone"):
        set_free(copy, bpy.context)


def test_parts_pasted_without_their_collection_become_a_character(ada, tmp_path):
    made = build_head(ada)
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "ada.blend"))
    objects = [o.name for o in made.collection.objects]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "ada.blend")) as (_, wanted):
        wanted.objects = objects  # what pasting brings: objects, without their collection
    for item in wanted.objects:
        bpy.context.scene.collection.objects.link(item)
    head = next(o for o in wanted.objects if o[names.PART] == "head")
    bpy.context.view_layer.objects.active = head
    (remark,) = remarks(bpy.context)
    assert remark.operator == "furrow.make_independent"
    free = set_free(head, bpy.context)
    assert all_characters(bpy.context.scene) == [free] and not missing(free) and points_only_to_its_own(free)
    assert character_store.character_from(character_store.stored_bytes(free)).name == "Ada"


def test_connect_changes_nothing_where_all_is_well(ada):
    made = build_head(ada)
    drivers = [len(i.data.shape_keys.animation_data.drivers) for i in made.parts.values() if i.data.shape_keys]
    removed = made.parts["teeth"].data.shape_keys
    removed.driver_remove('key_blocks["jawOpen"].value')  # the artist moves the teeth himself
    connect(made.armature, made.parts, made.hair)
    after = [len(i.data.shape_keys.animation_data.drivers) for i in made.parts.values() if i.data.shape_keys]
    assert sum(after) == sum(drivers) - 1


def test_the_panels_button_duplicates_and_selects_the_copy(addon, ada):  # noqa: F811
    made = build_head(ada)
    assert bpy.ops.furrow.duplicate_character() == {"FINISHED"}
    first, second = all_characters(bpy.context.scene)
    assert first == made.collection and bpy.context.object == find_part(second, "head")
    second.furrow.age = 0.5
    assert bpy.ops.furrow.preset(preset="smile") == {"FINISHED"}
    assert key(first, "mouthSmileLeft").value == 0.0 and list(first["furrow_directions"]) == [0.0] * 6


def test_a_change_through_furrow_makes_a_copy_independent(addon, ada):  # noqa: F811
    made = build_head(ada)
    copy = duplicated_as_the_outliner_does(made.collection)
    for part, item in objects_of(copy).parts.items():
        item.data = made.parts[part].data
    before = coordinates(made.collection)
    bpy.context.view_layer.objects.active = find_part(copy, "head")
    copy.furrow.age = 0.5
    np.testing.assert_array_equal(coordinates(made.collection), before)
    assert np.abs(coordinates(copy) - before).max() > 1e-4 and not sharers(copy)


def test_one_undo_takes_independence_back(addon, ada):  # noqa: F811
    made = build_head(ada)
    copy = duplicated_as_the_outliner_does(made.collection).name
    bpy.context.view_layer.objects.active = find_part(bpy.data.collections[copy], "head")
    counts = len(bpy.data.materials), len(bpy.data.images)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.furrow.make_independent() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="independent")
    assert len(bpy.data.materials) > counts[0] and not sharers(bpy.data.collections[copy])
    bpy.ops.ed.undo()
    assert (len(bpy.data.materials), len(bpy.data.images)) == counts
    assert len(sharers(bpy.data.collections[copy])) == 1
    bpy.ops.ed.redo()
    assert not sharers(bpy.data.collections[copy])


def test_removing_a_character_leaves_copies_that_the_artist_made(addon, ada):  # noqa: F811
    made = build_head(ada)
    copy = made.head.copy()
    copy.data = made.head.data.copy()
    made.collection.objects.link(copy)
    name = copy.name
    assert bpy.ops.furrow.remove_character(name=made.collection.name) == {"FINISHED"}
    assert [o.name for o in bpy.context.scene.objects] == [name]
    bpy.context.view_layer.objects.active = bpy.data.objects[name]
    assert bpy.ops.furrow.make_independent() == {"FINISHED"}
    (free,) = all_characters(bpy.context.scene)
    assert find_part(free, "head").name == name and not missing(free)
