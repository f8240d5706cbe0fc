"""Hair in the scene: it stays on the skin, survives without the add-on, and is hidden, thinned and removed as asked."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, curves, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.hair.follow_nodes import DENSITY, LENGTH, THICKNESS, VIEWPORT  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import objects_of  # noqa: E402
from furrow.blender_addon.head.replace import is_edited, remove_character, replace_character  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.core.hair.hair import Hair  # noqa: E402
from furrow.core.hair.strands import SPARE  # noqa: E402
from mathutils.bvhtree import BVHTree  # noqa: E402
from painted_brows import browed_character  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")

LEAST_ROOTS = 200
CLOSE_MM = 0.1


@pytest.fixture(scope="module")
def browed(assets):
    return browed_character(assets)


def root_distance(made, head):
    """Largest distance of a root from the head as it is drawn, mm."""
    points, first = curves(made)
    assert len(first) > LEAST_ROOTS
    tree = BVHTree.FromObject(head, bpy.context.evaluated_depsgraph_get())
    return 1e3 * max(tree.find_nearest(point)[3] for point in points[first])


@pytest.mark.parametrize("group", ["brows", "lashes"])
def test_roots_stay_on_the_skin_in_every_expression_and_with_the_jaw_turned(browed, group):
    made = build_head(browed)
    hair, rest = made.hair[group], curves(made.hair[group])[0]
    moved = 0.0
    for key in made.head.data.shape_keys.key_blocks[1:]:
        key.value = 1.0
        assert root_distance(hair, made.head) < CLOSE_MM, key.name
        moved = max(moved, np.abs(curves(hair)[0] - rest).max())
        key.value = 0.0
    assert moved > 0.003
    bone = made.armature.pose.bones["jaw"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (0.35, 0.1, 0.0)
    assert root_distance(hair, made.head) < CLOSE_MM
    bone.rotation_euler = (0.0, 0.0, 0.0)
    bone = made.armature.pose.bones["head"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (0.3, 0.4, 0.2)
    assert root_distance(hair, made.head) < CLOSE_MM


@pytest.mark.parametrize("level", [0, 1, 3, 4])
def test_any_level_of_subdivision_will_do(browed, level):
    made = build_head(browed)
    made.head.modifiers[names.SUBDIVISION].levels = level
    made.head.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    assert root_distance(made.hair["brows"], made.head) < (0.4 if level == 0 else CLOSE_MM)


def test_at_rest_each_hair_keeps_its_shape(browed):
    made = build_head(browed)
    for group, strands in zip(("brows", "lashes"), browed.hair.strands):
        set_input(made.hair[group].modifiers[names.FOLLOW], DENSITY, SPARE)
        found, first = curves(made.hair[group])
        found = found.reshape(strands.points.shape)
        wanted = names.to_blender(strands.points)
        away = np.linalg.norm((found - found[:, :1]) - (wanted - wanted[:, :1]), axis=-1)
        assert np.quantile(away, 0.95) < 0.0005 and len(first) == len(strands)


def test_a_blink_turns_the_upper_lashes_down(browed):
    made = build_head(browed)

    def pitch():
        points, first = curves(made.hair["lashes"])
        points = points.reshape(len(first), -1, 3)
        return points[:, -1, 2] - points[:, 0, 2]

    open_eyes = pitch()
    for side in ("Left", "Right"):
        made.head.data.shape_keys.key_blocks[f"eyeBlink{side}"].value = 1.0
    upper = open_eyes > 0.002
    assert upper.sum() > 100 and (pitch() - open_eyes)[upper].mean() < -0.002


def test_the_artists_own_hairs_follow_too(browed):
    made = build_head(browed)
    data = made.hair["brows"].data
    data.add_curves([4])
    base = data.attributes["surface_uv_coordinate"].data[0].vector[:]
    data.attributes["surface_uv_coordinate"].data[len(data.curves) - 1].vector = base
    start = np.array(data.curves[0].points[0].position)
    for k, point in enumerate(data.curves[len(data.curves) - 1].points):
        point.position = start + np.array([0.0, -0.001 * k, 0.0])
    before = len(curves(made.hair["brows"])[1])
    made.head.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    assert before > LEAST_ROOTS and root_distance(made.hair["brows"], made.head) < 0.5


def test_a_head_of_other_faces_is_followed_by_uv(browed):
    made = build_head(browed)
    made.head.modifiers.new("Triangulate", "TRIANGULATE")
    made.head.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    # Blender's own node keeps a root as far from the skin as it lay from the cage
    assert root_distance(made.hair["brows"], made.head) < 0.5


def test_sliders_thin_out_shorten_and_thicken(browed):
    made = build_head(browed)
    hair = made.hair["brows"]
    modifier = hair.modifiers[names.FOLLOW]
    whole = len(browed.hair.strands[0])
    assert len(curves(hair)[1]) == pytest.approx(whole / SPARE, abs=2)
    for density, share, wanted in ((0.5, 1.0, 0.5), (1.5, 1.0, 1.5), (1.0, 0.25, 0.25), (0.0, 1.0, 0.0)):
        set_input(modifier, DENSITY, density)
        set_input(modifier, VIEWPORT, share)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        depsgraph.update()
        assert len(hair.evaluated_get(depsgraph).data.curves) == pytest.approx(wanted * whole / SPARE, abs=2)
    set_input(modifier, DENSITY, 1.0)
    set_input(modifier, VIEWPORT, 1.0)
    before, first = curves(hair)
    set_input(modifier, LENGTH, 0.5)
    after, _ = curves(hair)
    long, short = (points.reshape(len(first), -1, 3) for points in (before, after))
    np.testing.assert_allclose(short - short[:, :1], 0.5 * (long - long[:, :1]), atol=1e-6)

    def radius():
        data = hair.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        values = np.empty(len(data.points), np.float32)
        data.attributes["radius"].data.foreach_get("value", values)
        return values

    thin = radius()
    set_input(modifier, THICKNESS, 2.0)
    curves(hair)
    np.testing.assert_allclose(radius(), 2.0 * thin, rtol=1e-5)
    set_input(modifier, THICKNESS, 1.0)
    set_input(modifier, VIEWPORT, 0.25)  # a quarter of the hairs hides as much at twice the width
    curves(hair)
    few = radius()
    np.testing.assert_allclose(few, 2.0 * thin[: len(few)], rtol=1e-5)


REOPEN = """
import sys, bpy, numpy as np
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
made, head = bpy.data.objects[sys.argv[2]], bpy.data.objects[sys.argv[3]]
head.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
depsgraph = bpy.context.evaluated_depsgraph_get(); depsgraph.update()
data = made.evaluated_get(depsgraph).data
values = np.empty(len(data.points) * 3, np.float32); data.points.foreach_get("position", values)
assert "furrow" not in sys.modules
assert all(i.packed_file for i in bpy.data.images if i.source == "FILE")
np.save(sys.argv[4], values)
"""


def test_hair_of_a_saved_file_lives_without_the_addon(browed, tmp_path):
    made = build_head(browed)
    path, result, script = tmp_path / "head.blend", tmp_path / "found.npy", tmp_path / "reopen.py"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    made.head.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    wanted = curves(made.hair["brows"])[0]
    script.write_text(REOPEN)
    arguments = [str(path), made.hair["brows"].name, made.head.name, str(result)]
    command = [sys.executable, str(script), *arguments]
    subprocess.run(command, check=True, timeout=120, cwd=tmp_path, capture_output=True)
    np.testing.assert_allclose(np.load(result).reshape(-1, 3), wanted, atol=1e-7)


def test_names_are_like_those_of_the_other_objects(browed):
    made = build_head(browed)
    assert [made.hair[group].name for group in ("brows", "lashes")] == ["Mean Brows", "Mean Lash Hair"]
    assert all(item.parent == made.head and item.name in made.collection.objects for item in made.hair.values())
    assert objects_of(made.collection).hair == made.hair


def visible(made):
    parts = {**made.parts, **{f"hair {group}": item for group, item in made.hair.items()}}
    shown = {name for name, item in parts.items() if not item.hide_viewport}
    assert shown == {name for name, item in parts.items() if not item.hide_render}
    return shown & {"lashes", "hair brows", "hair lashes"}, made.head[names.PAINTED_BROWS]


@pytest.mark.usefixtures("addon")
def test_one_switch_hides_all_hair_and_paint_and_plates_come_back(browed):
    made = build_head(browed)
    settings = made.collection.furrow
    assert visible(made) == ({"hair brows", "hair lashes"}, 0.0)
    settings.hair = False
    assert visible(made) == ({"lashes"}, 1.0)
    settings.hair = True
    settings.lash_plates = True
    assert visible(made) == ({"hair brows", "lashes"}, 0.0)
    settings.painted_brows = True
    assert visible(made)[1] == 1.0


def test_a_character_without_hair_has_paint_and_plates(browed):
    made = build_head(dataclasses.replace(browed, hair=Hair()))
    assert made.hair == {} and visible(made) == ({"lashes"}, 1.0)


@pytest.mark.usefixtures("addon")
def test_a_replaced_character_keeps_what_was_chosen_of_its_hair(browed):
    old = build_head(browed)
    old.collection.furrow.lash_plates = True
    set_input(old.hair["brows"].modifiers[names.FOLLOW], LENGTH, 0.7)
    new = build_head(browed)
    replace_character(old.collection, new)
    assert get_input(new.hair["brows"].modifiers[names.FOLLOW], LENGTH) == pytest.approx(0.7)
    assert get_input(new.hair["brows"].modifiers[names.FOLLOW], "Head") == new.head
    assert visible(new) == ({"hair brows", "lashes"}, 0.0)
    assert new.hair["brows"].name == "Mean Brows" and new.hair["lashes"].name == "Mean Lash Hair"


def test_the_solid_view_shows_the_colour_of_the_hair(browed):
    made = build_head(browed)
    for hair in made.hair.values():
        colours = np.empty(4 * len(hair.data.curves), np.float32)
        hair.data.attributes[names.HAIR_COLOUR].data.foreach_get("color", colours)
        shown = np.array(hair.data.materials[0].diffuse_color)[:3]
        np.testing.assert_allclose(shown, np.median(colours.reshape(-1, 4)[:, :3], axis=0), atol=1e-4)


def test_a_removed_character_leaves_no_hair(browed):
    made = build_head(browed)
    remove_character(made.collection)
    assert not len(bpy.data.hair_curves) and not [m for m in bpy.data.materials if "Brows" in m.name]
    assert not [o for o in bpy.data.objects if "Brows" in o.name or "Lash" in o.name]


def test_combing_counts_as_an_edit(browed):
    made = build_head(browed)
    assert not is_edited(made.collection)
    made.hair["brows"].data.points[5].position = (0.0, 0.0, 0.0)
    assert is_edited(made.collection)


def test_a_duplicated_character_has_hair_of_its_own(browed):
    made = build_head(browed)
    for item in made.collection.objects:
        item.select_set(True)
    bpy.ops.object.duplicate()
    heads = [o for o in bpy.data.objects if o.get("furrow_part") == "head"]
    copy = next(o for o in heads if o != made.head)
    hair = next(o for o in bpy.data.objects if o.get("furrow_part") == "hair_brows" and o != made.hair["brows"])
    assert get_input(hair.modifiers[names.FOLLOW], "Head") == copy and hair.parent == copy
    copy.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    assert root_distance(hair, copy) < CLOSE_MM
    assert root_distance(made.hair["brows"], made.head) < CLOSE_MM


def test_the_skin_material_switches_without_rebuilding(browed):
    made = build_head(browed)
    tree = made.head.data.materials[0].node_tree
    patch = next(n for n in tree.nodes if n.bl_idname == "ShaderNodeTexImage" and "Bare Skin" in n.image.name)
    assert patch.extension == "CLIP" and patch.image.packed_file
    attributes = [n for n in tree.nodes if n.bl_idname == "ShaderNodeAttribute"]
    switches = {n.attribute_name for n in attributes if n.attribute_type == "OBJECT"}
    tones = {names.SCALP_SHOWS, names.SCALP_COLOUR, names.BEARD_SHOWS, names.BEARD_COLOUR}
    assert switches == tones | {names.PAINTED_BROWS}
