"""Beards in the scene: they follow the head, change their kind, and paint and bare skin take turns with them."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import bmesh  # noqa: E402
from beards import usual_beard  # noqa: E402
from blender_helpers import addon, curves, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.hair.follow_nodes import LENGTH  # noqa: E402
from furrow.blender_addon.head.beard_choice import grow_other_beard  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import objects_of  # noqa: E402
from furrow.blender_addon.head.hair_choice import beard_of  # noqa: E402
from furrow.blender_addon.scene.mesh_objects import get_attribute  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.core.errors import CharacterFileError  # noqa: E402
from furrow.core.hair.bare_skin import BareSkin  # noqa: E402
from furrow.core.hair.beard_kinds import BEARDS, NONE, SHADOW  # noqa: E402
from furrow.core.hair.strands import BEARD, VELLUS  # noqa: E402
from mathutils.bvhtree import BVHTree  # noqa: E402
from painted_brows import browed_character  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")

KEYS = ("jawOpen", "jawLeft", "mouthSmileLeft", "mouthPucker", "mouthFunnel", "mouthShrugUpper", "cheekPuff",
        "mouthUpperUpLeft", "mouthLowerDownRight", "mouthStretchLeft")  # fmt: skip
BOUNDS = (0.2, 0.15, 0.8, 0.5)


@pytest.fixture(scope="module")
def bearded(assets, model):
    character = browed_character(assets)
    beard = dataclasses.replace(usual_beard(model, "short"), seen="short")
    patch = np.full((64, 96, 4), 255, np.uint8)
    hair = dataclasses.replace(character.hair, beard=beard, beard_skin=BareSkin(patch, BOUNDS))
    return dataclasses.replace(character, hair=hair)


def root_distance(made, head):
    """Largest distance of a tenth of the roots from the head as it is drawn, mm."""
    points, first = curves(made)
    tree = BVHTree.FromObject(head, bpy.context.evaluated_depsgraph_get())
    return 1e3 * max(tree.find_nearest(point)[3] for point in points[first[::10]])


def test_roots_stay_on_the_skin_in_expressions_and_with_the_jaw_turned(bearded):
    made = build_head(bearded)
    hair, rest = made.hair[BEARD], curves(made.hair[BEARD])[0]
    assert len(hair.data.curves) > 9000 and root_distance(hair, made.head) < 0.1
    for key in KEYS:
        made.head.data.shape_keys.key_blocks[key].value = 1.0
        assert root_distance(hair, made.head) < 0.1, key
        assert np.abs(curves(hair)[0] - rest).max() > 0.002
        made.head.data.shape_keys.key_blocks[key].value = 0.0
    bone = made.armature.pose.bones["jaw"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (0.35, 0.1, 0.0)
    assert root_distance(hair, made.head) < 0.1


def test_another_kind_keeps_sliders_and_is_kept(bearded):
    made = build_head(bearded)
    set_input(made.hair[BEARD].modifiers[names.FOLLOW], LENGTH, 0.6)
    count, name = len(bpy.data.hair_curves), made.hair[BEARD].name
    grown = grow_other_beard(made.collection, "full", length=1.4)
    assert objects_of(made.collection).hair[BEARD] == grown and grown.name == name == "Mean Beard"
    assert len(bpy.data.hair_curves) == count, "the old beard is gone"
    assert get_input(grown.modifiers[names.FOLLOW], LENGTH) == pytest.approx(0.6)
    kept = beard_of(made.collection, bearded.hair.beard)
    assert (kept.kind, kept.seen, kept.length) == ("full", "short", 1.4)


@pytest.mark.parametrize(("kind", "tone"), [(NONE, 0.0), (SHADOW, 0.12)])
def test_kinds_without_strands_leave_skin_of_their_tone(bearded, kind, tone):
    made = build_head(bearded)
    assert grow_other_beard(made.collection, kind) is None
    assert BEARD not in objects_of(made.collection).hair and made.head[names.PAINTED_BEARD] == 0.0
    assert get_attribute(made.head.data, names.BEARD_TONE).max() == pytest.approx(tone, abs=0.01)
    assert grow_other_beard(made.collection, "stubble") is not None


def test_a_beard_can_be_given_to_whom_the_photo_shows_none(bearded, model):
    none = dataclasses.replace(bearded.hair, beard=usual_beard(model, NONE), beard_skin=None)
    made = build_head(dataclasses.replace(bearded, hair=none))
    assert BEARD not in made.hair
    for kind in BEARDS:
        assert len(grow_other_beard(made.collection, kind, colour=(0.3, 0.2, 0.1)).data.curves) > 5000
    np.testing.assert_allclose(made.head[names.BEARD_COLOUR], (0.3, 0.2, 0.1), rtol=1e-4)


@pytest.mark.usefixtures("addon")
def test_paint_and_curves_take_turns(bearded):
    made = build_head(bearded)
    settings, hair = made.collection.furrow, made.hair[BEARD]

    def shown():
        return not hair.hide_render, made.head[names.PAINTED_BEARD], made.head[names.BEARD_SHOWS]

    assert shown() == (True, 0.0, 1.0)
    settings.painted_beard = True
    assert shown() == (False, 1.0, 0.0) and not made.hair["brows"].hide_render
    settings.painted_beard = False
    settings.hair = False
    assert shown() == (False, 1.0, 0.0)
    tree = made.head.data.materials[0].node_tree
    patches = {n.image.name: n for n in tree.nodes if n.bl_idname == "ShaderNodeTexImage" and "Skin" in n.image.name}
    assert any("Beard Skin" in name and n.image.packed_file for name, n in patches.items())


def test_characters_from_before_say_what_to_do(bearded):
    made = build_head(dataclasses.replace(bearded, hair=dataclasses.replace(bearded.hair, beard=None)))
    with pytest.raises(CharacterFileError, match="reconstruct its photo again"):
        grow_other_beard(made.collection, "full")


def test_a_damaged_choice_falls_back_on_the_photo(bearded):
    made = build_head(bearded)
    for bad in ("{", "[]", '{"kind": "goatee"}', "3"):
        made.collection["furrow_chosen_beard"] = bad
        assert beard_of(made.collection, bearded.hair.beard) is bearded.hair.beard


def test_the_operator_grows_a_beard(bearded, addon):  # noqa: F811
    made = build_head(bearded)
    bpy.context.view_layer.objects.active = made.head
    assert bpy.ops.furrow.beard(kind="full", change_colour=True, colour=(0.2, 0.1, 0.05)) == {"FINISHED"}
    assert beard_of(made.collection, bearded.hair.beard).kind == "full"
    assert bpy.ops.furrow.beard(kind="none") == {"FINISHED"}
    assert BEARD not in objects_of(made.collection).hair


def test_the_operator_gives_vellus_and_takes_it_away(bearded, addon):  # noqa: F811
    made = build_head(bearded)
    bpy.context.view_layer.objects.active = made.head
    assert VELLUS not in made.hair
    assert bpy.ops.furrow.vellus() == {"FINISHED"}
    vellus = objects_of(made.collection).hair[VELLUS]
    made.head.data.shape_keys.key_blocks["cheekPuff"].value = 1.0
    assert root_distance(vellus, made.head) < 0.1
    assert bpy.ops.furrow.vellus() == {"FINISHED"}
    assert VELLUS not in objects_of(made.collection).hair
    assert not [c for c in bpy.data.hair_curves if "Vellus" in c.name]


def test_the_neck_ends_in_one_clean_loop_that_a_group_names(bearded):
    made = build_head(bearded)
    group = made.head.vertex_groups[names.NECK_EDGE].index
    chosen = {v.index for v in made.head.data.vertices if any(g.group == group and g.weight == 1.0 for g in v.groups)}
    mesh = bmesh.new()
    mesh.from_mesh(made.head.data)
    open_edges = [e for e in mesh.edges if e.is_boundary]
    assert chosen == {v.index for e in open_edges for v in e.verts}
    mesh.verts.ensure_lookup_table()
    assert all(sum(e.is_boundary for e in mesh.verts[i].link_edges) == 2 for i in chosen)
    seen, border = set(), [next(iter(chosen))]
    while border:
        seen.add(here := border.pop())
        links = (e.other_vert(mesh.verts[here]).index for e in mesh.verts[here].link_edges if e.is_boundary)
        border += [i for i in links if i not in seen]
    assert seen == chosen, "more loops than one"
    mesh.free()


def test_lips_alone_are_moist(bearded):
    moist = get_attribute(build_head(bearded).head.data, names.MOIST)
    lips = bearded.topology.region("lips")[: len(moist)]
    assert moist[lips > 0.9].min() > 0.9 and moist[lips == 0.0].max() == 0.0
