"""A character moves as one, is built in the scene's units, opens its jaw once, and is mended where it was broken."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import furrow  # noqa: E402
from blender_helpers import addon, positions, scene, show_only  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import character_store  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import active_character, all_characters, find_part, objects_of  # noqa: E402
from furrow.blender_addon.head.connections import JAW_OPEN  # noqa: E402
from furrow.blender_addon.head.head_shape import apply_directions  # noqa: E402
from furrow.blender_addon.head.missing import missing  # noqa: E402
from furrow.blender_addon.head.repair import repair  # noqa: E402
from furrow.blender_addon.head.standing import remarks  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.blender_addon.scene.shape_keys import key_coordinates  # noqa: E402
from furrow.core.character.file import save_character  # noqa: E402
from furrow.core.errors import CharacterFileError  # noqa: E402
from mathutils import Matrix, Vector  # noqa: E402
from painted_brows import browed_character  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")


@pytest.fixture(scope="module")
def ada(assets):
    return dataclasses.replace(browed_character(assets), name="Ada")


@pytest.fixture
def made(ada):
    return build_head(ada)


def activate(item):
    bpy.context.view_layer.objects.active = item


def key(collection, name):
    return find_part(collection, "head").data.shape_keys.key_blocks[name]


def jaw(made, angle):
    """Turn the jaw bone, and give the angle that is left of it."""
    bone = made.armature.pose.bones["jaw"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (angle, 0.0, 0.0)
    bpy.context.view_layer.update()
    turned = (bone.parent.matrix.inverted() @ bone.matrix).to_3x3()
    rest = (bone.parent.bone.matrix_local.inverted() @ bone.bone.matrix_local).to_3x3()
    return (rest.inverted() @ turned).to_euler().x


# --- moving


def test_the_rig_takes_all_along_and_no_part_leaves_alone(made):
    parts = [o for o in (*made.parts.values(), *made.hair.values()) if not o.hide_viewport]  # else not evaluated
    before = [item.matrix_world.copy() for item in parts]
    made.armature.matrix_world = Matrix.Translation((1.0, 2.0, 0.5)) @ Matrix.Rotation(0.3, 4, "Z")
    bpy.context.view_layer.update()
    for item, old in zip(parts, before, strict=True):
        assert (item.matrix_world.translation - old.translation).length > 1.0
        np.testing.assert_allclose(item.matrix_world, made.armature.matrix_world, atol=1e-6)
        assert all(item.lock_location) and all(item.lock_rotation) and all(item.lock_scale) and item.lock_rotation_w
    assert not any(made.armature.lock_location)


def test_a_locked_part_says_why_and_selects_the_rig(addon, ada):  # noqa: F811
    made = build_head(ada)
    (remark,) = remarks(bpy.context)
    assert remark.text == "Ada Head moves with its rig" and remark.operator == "furrow.select_rig"
    assert bpy.ops.furrow.select_rig() == {"FINISHED"}
    assert bpy.context.object == made.armature and bpy.context.selected_objects == [made.armature]
    assert remarks(bpy.context) == []


# --- the jaw's limit


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_key_and_bone_open_the_jaw_once(made, share):
    key(made.collection, "jawOpen").value = share
    bpy.context.view_layer.update()
    assert jaw(made, 2.0) == pytest.approx((1.0 - share) * JAW_OPEN, abs=1e-3)
    assert jaw(made, 0.2 * (1.0 - share)) == pytest.approx(0.2 * (1.0 - share), abs=1e-4)


def test_the_limit_is_what_the_key_turns(made):
    keys = made.parts["teeth"].data.shape_keys.key_blocks
    rest, opened = (key_coordinates(k).astype(float) for k in (keys[0], keys["jawOpen"]))
    moved = np.linalg.norm(opened - rest, axis=1) > 0.003
    first, second = (p[moved] - p[moved].mean(0) for p in (rest, opened))
    u, _, v = np.linalg.svd(first.T @ second)
    angle = np.arccos((np.trace(v.T @ u.T) - 1.0) / 2.0)
    assert angle == pytest.approx(JAW_OPEN, abs=0.01)


# --- units


@pytest.mark.parametrize("scale", [0.01, 0.001])
def test_a_head_has_true_size_in_the_scenes_units(ada, scale):
    settings = bpy.context.scene.unit_settings
    true = build_head(ada)
    tall = true.head.dimensions.z
    settings.system, settings.scale_length = "METRIC", scale
    made = build_head(ada)
    assert made.head.dimensions.z * scale == pytest.approx(tall, rel=1e-5)
    low = min((made.head.matrix_world @ Vector(c)).z for c in made.head.bound_box)
    assert abs(low) * scale < 1e-3, "it stands on the floor"
    names_of = (true.head.material_slots[0].material, made.head.material_slots[0].material)
    for node, other in zip(*(m.node_tree.nodes for m in names_of), strict=True):
        for name in ("Subsurface Scale", "Distance"):
            if node.bl_idname in ("ShaderNodeBsdfPrincipled", "ShaderNodeBump") and name in node.inputs:
                assert other.inputs[name].default_value * scale == pytest.approx(node.inputs[name].default_value)


def test_units_that_are_off_leave_metres(ada):
    settings = bpy.context.scene.unit_settings
    settings.system, settings.scale_length = "NONE", 0.01
    assert build_head(ada).armature.scale == Vector((1.0, 1.0, 1.0))


# --- what was lost


def test_every_loss_is_tried():
    assert sorted(what for losses in AT_ONCE for what in losses) == sorted(LOSSES)


def lose(made, what):
    """Break a character as an artist may."""
    head = made.head
    if what in names.PART_NAMES:
        bpy.data.objects.remove(made.parts[what])
    elif what == "rig":
        bpy.data.objects.remove(made.armature)
    elif what == "keys":
        head.shape_key_clear()
    elif what == "maps":
        bpy.data.images.remove(made.collection[character_store.MAPS])
    elif what == "albedo":
        bpy.data.images.remove(made.collection[character_store.MAPS][character_store.ALBEDO])
    elif what == "material":
        bpy.data.materials.remove(head.material_slots[0].material)
    elif what == "nodes":
        bpy.data.node_groups.remove(head.modifiers[names.WRINKLE].node_group)
    elif what == "hair nodes":
        bpy.data.node_groups.remove(made.hair["brows"].modifiers[names.FOLLOW].node_group)
    else:
        head.modifiers.remove(head.modifiers[what])


LOSSES = {
    "head": "its head", "eyes": "its eyes", "wet": "its cornea and tears", "rig": "its rig",
    "keys": "its shape keys", "maps": "its wrinkle maps", "albedo": "an image of Ada Skin",
    "material": "a material of Ada Head", "nodes": "the nodes of Furrow Wrinkles",
    "hair nodes": "the modifier Furrow Hair of Ada Brows", names.TENSION: "the modifier Furrow Tension",
    names.WRINKLE: "the modifier Furrow Wrinkles", "Armature": "the Armature modifier of Ada Head",
}  # fmt: skip


AT_ONCE = (
    ("head",), ("rig",), ("maps",), ("eyes", "wet", "material", "nodes"),
    ("keys", "albedo", "hair nodes", names.TENSION, names.WRINKLE, "Armature"),
)  # fmt: skip


@pytest.mark.parametrize("losses", AT_ONCE)
def test_losses_are_named_and_repaired(ada, losses, tmp_path):
    path = tmp_path / "ada.furrow"
    save_character(ada, path)
    made = build_head(ada, source=str(path))
    collection = made.collection
    rest, shown = positions(made.head), [m.name for m in made.head.modifiers]
    images = {n.name: n.image and n.image.name for n in made.head.material_slots[0].material.node_tree.nodes
              if n.bl_idname == "ShaderNodeTexImage"}  # fmt: skip
    for what in losses:
        lose(made, what)
    bpy.context.view_layer.update()
    words = {LOSSES[what] for what in losses}
    assert words <= set(missing(collection))
    assert words <= set(repair(collection, bpy.context))
    assert missing(collection) == [] and all_characters(bpy.context.scene) == [collection]
    mended = objects_of(collection)
    assert mended.parts.keys() >= names.PART_NAMES.keys() and mended.armature is not None
    assert [m.name for m in mended.head.modifiers] == shown
    np.testing.assert_allclose(positions(mended.head), rest, atol=2e-6)
    nodes = mended.head.material_slots[0].material.node_tree.nodes
    assert sum(nodes[name].image is not None for name in images) == sum(map(bool, images.values()))
    key(collection, "jawOpen").value = 1.0
    lower = positions(mended.parts["teeth"])[:, 2].min()
    key(collection, "jawOpen").value = 0.0
    assert lower < positions(mended.parts["teeth"])[:, 2].min() - 0.008, "the teeth follow the head's keys"
    assert mended.hair["brows"].data.surface == mended.head == mended.hair["brows"].parent


def test_without_maps_and_file_repair_says_so(made):
    bpy.data.images.remove(made.collection[character_store.MAPS])
    with pytest.raises(CharacterFileError, match="import its .furrow file again"):
        repair(made.collection, bpy.context)
    assert len(all_characters(bpy.context.scene)) == 1


def test_repair_keeps_what_is_there(ada):
    made = build_head(ada)
    other = build_head(ada)
    material = made.head.material_slots[0].material
    material.node_tree.nodes["Principled BSDF"].inputs["IOR"].default_value = 1.9
    set_input(made.head.modifiers[names.TENSION], "Static Strength", 1.7)
    apply_directions(made.collection, [0.4, 0, 0, 0, 0, 0])
    bone = made.armature.pose.bones["head"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (0.1, 0.2, 0.0)
    made.armature.location.x = 3.0
    key(made.collection, "mouthSmileLeft").value = 0.6
    cube = bpy.data.objects.new("Cube", None)
    made.collection.objects.link(cube)
    before, count = positions(other.head), len(bpy.data.materials)
    rest = positions(made.parts["eyes"])
    bpy.data.objects.remove(made.parts["eyes"])
    repair(made.collection, bpy.context)
    eyes = find_part(made.collection, "eyes")
    np.testing.assert_allclose(positions(eyes), rest, atol=2e-6)  # in the changed head, at its shape
    assert eyes.matrix_world.translation.x == 3.0 and eyes.name == "Ada Eyes"
    assert made.head.material_slots[0].material == material
    assert material.node_tree.nodes["Principled BSDF"].inputs["IOR"].default_value == pytest.approx(1.9)
    assert get_input(made.head.modifiers[names.TENSION], "Static Strength") == pytest.approx(1.7)
    assert bone.rotation_euler.y == pytest.approx(0.2) and cube.name in made.collection.objects
    assert key(made.collection, "mouthSmileLeft").value == pytest.approx(0.6)
    np.testing.assert_array_equal(positions(other.head), before)
    assert len(bpy.data.materials) <= count + 2, "the eyes' materials alone were made again"


def test_a_new_head_takes_the_expression_that_the_teeth_still_show(made):
    key(made.collection, "jawOpen").value = 0.7
    bpy.context.view_layer.update()
    bpy.data.objects.remove(made.head)
    repair(made.collection, bpy.context)
    assert key(made.collection, "jawOpen").value == pytest.approx(0.7)


def test_a_deleted_head_that_hair_still_holds_comes_back_as_it_was(made):
    made.head.data.vertices[7].co.x += 0.01  # sculpted
    made.collection.objects.unlink(made.head)  # as X does, where something else uses the object
    assert "its head" in missing(made.collection)
    head = made.head
    repair(made.collection, bpy.context)
    assert find_part(made.collection, "head") == head


def test_a_part_in_another_collection_is_not_missing(made):
    elsewhere = bpy.data.collections.new("Eyes")
    bpy.context.scene.collection.children.link(elsewhere)
    made.collection.objects.unlink(made.parts["eyes"])
    elsewhere.objects.link(made.parts["eyes"])
    assert missing(made.collection) == [] and objects_of(made.collection).parts["eyes"] == made.parts["eyes"]
    activate(made.parts["eyes"])
    assert active_character(bpy.context) == made.collection


def test_sliders_of_a_broken_character_reach_no_other(addon, ada):  # noqa: F811
    broken, whole = build_head(ada), build_head(ada)
    bpy.data.objects.remove(broken.head)
    activate(broken.parts["eyes"])
    assert active_character(bpy.context) == broken.collection
    with pytest.raises(RuntimeError):
        bpy.ops.furrow.preset(preset="smile")
    assert key(whole.collection, "mouthSmileLeft").value == 0.0
    (remark,) = remarks(bpy.context)[:1]
    assert "has lost its head" in remark.text and remark.operator == "furrow.repair_character"
    panels = (furrow.blender_addon.ui.panels.expression.FURROW_PT_expression, )
    assert not any(panel.poll(bpy.context) for panel in panels)


# --- operators and undo


@pytest.mark.parametrize(("operator", "breaks"), [("duplicate_character", False), ("repair_character", True)])
def test_one_undo_takes_the_operator_back(addon, ada, operator, breaks):  # noqa: F811
    made = build_head(ada)
    name = made.collection.name
    if breaks:
        bpy.data.objects.remove(made.parts["eyes"])
        activate(made.head)
    before = sorted(o.name for o in bpy.data.objects), len(bpy.data.materials)
    bpy.ops.ed.undo_push(message="before")
    assert getattr(bpy.ops.furrow, operator)() == {"FINISHED"}
    bpy.ops.ed.undo_push(message=operator)  # as the window does after an operator
    after = sorted(o.name for o in bpy.data.objects)
    assert len(after) > len(before[0])
    bpy.ops.ed.undo()
    assert (sorted(o.name for o in bpy.data.objects), len(bpy.data.materials)) == before
    assert bool(missing(bpy.data.collections[name])) == breaks
    bpy.ops.ed.redo()
    assert sorted(o.name for o in bpy.data.objects) == after
    for collection in all_characters(bpy.context.scene):
        assert missing(collection) == []
