"""Scalp hair in the scene: it follows the head, changes its style, is hidden with its tone, and outlives the add-on."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, curves, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.hair.follow_nodes import THICKNESS, VIEWPORT  # noqa: E402
from furrow.blender_addon.hair.showing import show_hair  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import objects_of  # noqa: E402
from furrow.blender_addon.head.hair_choice import scalp_of, with_chosen_hair  # noqa: E402
from furrow.blender_addon.head.hair_style import restyle  # noqa: E402
from furrow.blender_addon.head.replace import replace_character  # noqa: E402
from furrow.blender_addon.scene.mesh_objects import get_attribute  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.core.character.file import load_character  # noqa: E402
from furrow.core.errors import CharacterFileError  # noqa: E402
from furrow.core.hair.hair_colour import HairColour  # noqa: E402
from furrow.core.hair.scalp import NONE, Scalp  # noqa: E402
from furrow.core.hair.scalp_area import Hairline, usual_hairline  # noqa: E402
from furrow.core.hair.strands import SCALP  # noqa: E402
from mathutils.bvhtree import BVHTree  # noqa: E402
from painted_brows import browed_character  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")


@pytest.fixture(scope="module")
def haired(assets, model):
    character = browed_character(assets)
    scalp = Scalp("buzz", HairColour(np.log([0.06, 0.035, 0.02]), 0.0), usual_hairline(model, character.neutral))
    return dataclasses.replace(character, hair=dataclasses.replace(character.hair, scalp=scalp))


@pytest.mark.parametrize("key", ["jawOpen", "browInnerUp", "mouthSmileLeft", None])
def test_scalp_hair_stays_on_the_head(haired, key):
    made = build_head(haired)
    if key is not None:
        made.head.data.shape_keys.key_blocks[key].value = 1.0
    else:
        bone = made.armature.pose.bones["head"]
        bone.rotation_mode, bone.rotation_euler = "XYZ", (0.3, 0.4, 0.2)
    points, first = curves(made.hair[SCALP])
    tree = BVHTree.FromObject(made.head, bpy.context.evaluated_depsgraph_get())
    assert len(first) > 5000
    # a sample: every root is carried by the same nodes
    assert 1e3 * max(tree.find_nearest(point)[3] for point in points[first[::20]]) < 0.1


def test_another_style_keeps_sliders_and_is_kept(haired):
    made = build_head(haired)
    set_input(made.hair[SCALP].modifiers[names.FOLLOW], THICKNESS, 1.7)
    set_input(made.hair[SCALP].modifiers[names.FOLLOW], VIEWPORT, 0.4)
    count, name = len(bpy.data.hair_curves), made.hair[SCALP].name
    grown = restyle(made.collection, "bob", volume=1.2)
    assert objects_of(made.collection).hair[SCALP] == grown and grown.name == name
    assert len(bpy.data.hair_curves) == count, "the old hair is gone"
    assert get_input(grown.modifiers[names.FOLLOW], THICKNESS) == pytest.approx(1.7)
    assert get_input(grown.modifiers[names.FOLLOW], VIEWPORT) == pytest.approx(0.4)
    kept = scalp_of(made.collection, haired.hair.scalp)
    assert (kept.style, kept.volume) == ("bob", 1.2)


def test_colour_is_that_asked_for(haired):
    made = build_head(haired)
    grown = restyle(made.collection, "short", colour=(0.4, 0.2, 0.08))
    colours = np.empty(4 * len(grown.data.curves), np.float32)
    grown.data.attributes[names.HAIR_COLOUR].data.foreach_get("color", colours)
    np.testing.assert_allclose(np.median(colours.reshape(-1, 4), axis=0)[:3], (0.4, 0.2, 0.08), rtol=0.08)
    np.testing.assert_allclose(made.head[names.SCALP_COLOUR], (0.4, 0.2, 0.08), rtol=1e-4)


def test_none_takes_hair_and_tone_away(haired):
    made = build_head(haired)
    assert get_attribute(made.head.data, names.SCALP_TONE).max() > 0.8 and made.head[names.SCALP_SHOWS] == 1.0
    assert restyle(made.collection, NONE) is None
    assert SCALP not in objects_of(made.collection).hair
    assert get_attribute(made.head.data, names.SCALP_TONE).max() == 0.0 and made.head[names.SCALP_SHOWS] == 0.0
    assert restyle(made.collection, "short") is not None


def test_one_switch_hides_hair_and_tone(haired):
    made = build_head(haired)
    show_hair(made.collection.objects, curves=False)
    assert made.hair[SCALP].hide_render and made.head[names.SCALP_SHOWS] == 0.0
    show_hair(made.collection.objects)
    assert not made.hair[SCALP].hide_render and made.head[names.SCALP_SHOWS] == 1.0


def test_characters_from_before_say_what_to_do(haired):
    old = dataclasses.replace(haired, hair=dataclasses.replace(haired.hair, scalp=None))
    made = build_head(old)
    with pytest.raises(CharacterFileError, match="reconstruct its photo again"):
        restyle(made.collection, "bob")


def test_a_damaged_choice_falls_back_on_the_guess(haired):
    made = build_head(haired)
    for bad in ("{", "[]", '{"style": "mohawk"}', '{"style": "bob", "hairline": 3}'):
        made.collection["furrow_scalp_hair"] = bad
        assert scalp_of(made.collection, haired.hair.scalp) is haired.hair.scalp


def test_what_was_chosen_goes_with_an_exported_character(haired, addon, tmp_path):  # noqa: F811
    made = build_head(haired)
    bpy.context.view_layer.objects.active = made.head
    assert bpy.ops.furrow.hair_style(style="bob", volume=1.3) == {"FINISHED"}
    assert bpy.ops.furrow.export_character(filepath=str(tmp_path / "out.furrow")) == {"FINISHED"}
    written = load_character(tmp_path / "out.furrow").hair.scalp
    assert (written.style, written.volume) == ("bob", pytest.approx(1.3))
    np.testing.assert_allclose(written.colour.pigmented, haired.hair.scalp.colour.pigmented, atol=1e-6)


def test_another_photo_of_the_person_keeps_the_style_and_brings_its_own_hairline_and_colour(haired):
    made = build_head(haired)
    restyle(made.collection, "bob")
    seen = haired.hair.scalp
    line = Hairline(seen.hairline.axis, seen.hairline.line + [0.0, 4.0])
    other = dataclasses.replace(seen, style="short", hairline=line, colour=HairColour(np.log([0.3, 0.2, 0.1]), 0.0))
    again = dataclasses.replace(haired, hair=dataclasses.replace(haired.hair, scalp=other))
    found = with_chosen_hair(again, made.collection).hair.scalp
    assert found.style == "bob" and found.hairline is line and found.colour is other.colour
    restyle(made.collection, "bob", colour=(0.4, 0.2, 0.08))
    restyle(made.collection, "short")  # a colour once chosen stays
    found = with_chosen_hair(again, made.collection).hair.scalp
    np.testing.assert_allclose(np.exp(found.colour.pigmented), (0.4, 0.2, 0.08), rtol=1e-4)
    new = build_head(again)
    replace_character(made.collection, new)
    assert scalp_of(new.collection, other).style == "short"


def test_the_operator_grows_hair(haired, addon):  # noqa: F811
    made = build_head(haired)
    bpy.context.view_layer.objects.active = made.head
    assert bpy.ops.furrow.hair_style(style="side_part", change_colour=True, colour=(0.2, 0.1, 0.05)) == {"FINISHED"}
    assert scalp_of(made.collection, None).style == "side_part"
    assert bpy.ops.furrow.hair_style(style="none") == {"FINISHED"}
    assert SCALP not in objects_of(made.collection).hair
