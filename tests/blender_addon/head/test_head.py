"""The head in the scene: names, scale, followers, packed images, saving, undo."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import positions, scene, show_only, wrinkle_weights  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import all_characters  # noqa: E402
from furrow.blender_addon.head.expressions import set_expression  # noqa: E402
from furrow.blender_addon.head.part_meshes import part_meshes  # noqa: E402
from furrow.core.head.model import JOINTS, PARTS  # noqa: E402
from furrow.core.io.png16 import displacement_scale, to_uint16  # noqa: E402
from furrow.models.evaluation.made_up import ARKIT, mean_character  # noqa: E402, F401

pytestmark = pytest.mark.usefixtures("scene")


@pytest.fixture
def character(assets):
    return mean_character(assets)


def coordinates(mesh):
    values = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", values)
    return values.reshape(-1, 3)


def test_head_has_the_52_arkit_names_all_at_zero(character):
    made = build_head(character)
    keys = made.head.data.shape_keys.key_blocks
    assert keys[0].name == "Basis"
    assert sorted(k.name for k in keys[1:]) == sorted(ARKIT)
    assert all(k.value == 0.0 for k in keys)


def test_meshes_keep_topology_and_pass_blenders_check(character):
    made = build_head(character)
    assert set(made.parts) == set(names.PART_NAMES)
    for part, item in made.parts.items():
        mesh = item.data
        if part in ("head", "tongue", "lashes"):  # the others are finer than the model's
            assert len(mesh.vertices) == np.diff(character.topology.part_start)[PARTS.index(part)]
            assert len(mesh.polygons) == len(character.topology.part_faces(part))
        assert len(mesh.uv_layers) == 1 and mesh.uv_layers.active.name == names.UV_MAP
        assert not mesh.validate()
    faces = character.topology.part_faces("head")
    index = np.empty(len(made.head.data.loops), np.int32)
    made.head.data.loops.foreach_get("vertex_index", index)
    if len(index) == faces.size:
        np.testing.assert_array_equal(index.reshape(-1, 4), faces)
    uv = np.empty(len(index) * 2, np.float32)
    made.head.data.uv_layers[0].uv.foreach_get("vector", uv)
    wanted = character.topology.uv[character.topology.face_part == 0]
    np.testing.assert_allclose(np.sort(uv.reshape(-1, 2)[:, 0]), np.sort(wanted.reshape(-1, 2)[:, 0]), atol=1e-6)


def test_true_scale_upright_and_facing_the_viewer(character):
    made = build_head(character)
    points = coordinates(made.head.data)
    tall = character.neutral[: len(points), 1]
    assert np.ptp(points[:, 2]) == pytest.approx(np.ptp(tall) * 0.001, rel=1e-5)
    eyes = coordinates(made.parts["eyes"].data)
    assert 0.055 < eyes[eyes[:, 0] > 0].mean(0)[0] - eyes[eyes[:, 0] < 0].mean(0)[0] < 0.07
    assert eyes[:, 1].mean() < points[:, 1].mean()  # the face looks along -Y
    assert made.armature.data.bones["eye.L"].head_local.x > 0.02  # the character's left is +X
    world = [made.armature.matrix_world @ v.co for v in list(made.head.data.vertices)[::50]]
    assert min(p.z for p in world) > -0.005  # stands on the floor
    assert made.armature.scale[:] == (1.0, 1.0, 1.0)


def test_bones_and_vertex_groups(character):
    made = build_head(character)
    bones = made.armature.data.bones
    assert {b.name for b in bones} == set(JOINTS)
    assert bones["jaw"].parent.name == "head" and bones["head"].parent.name == "neck"
    for k, name in enumerate(JOINTS):
        np.testing.assert_allclose(bones[name].head_local, names.to_blender(character.joints[k, 0]), atol=1e-6)
    mesh, groups = made.head.data, made.head.vertex_groups
    weights = np.zeros((len(mesh.vertices), len(JOINTS)))
    for vertex in mesh.vertices:
        for entry in vertex.groups:
            if groups[entry.group].name == names.NECK_EDGE:
                continue
            weights[vertex.index, JOINTS.index(groups[entry.group].name)] = entry.weight
    np.testing.assert_allclose(weights, character.topology.skin_weights[: len(weights)], atol=6e-4)


def lower_teeth(made):
    """Vertices of the lower row: the lower one of the two loose pieces."""
    x = coordinates(made.parts["teeth"].data)
    edges = np.array([e.vertices[:] for e in made.parts["teeth"].data.edges])
    label = np.arange(len(x))
    for _ in range(len(x)):
        lowest = np.minimum(label[edges[:, 0]], label[edges[:, 1]])
        before = label.copy()
        np.minimum.at(label, edges[:, 0], lowest)
        np.minimum.at(label, edges[:, 1], lowest)
        if (before == label).all():
            break
    pieces = np.unique(label)
    assert len(pieces) == 2
    return label == min(pieces, key=lambda p: x[label == p, 2].mean())


def test_jaw_open_key_and_jaw_bone_both_move_the_lower_teeth_and_tongue(character):
    made = build_head(character)
    for part in ("teeth", "tongue"):
        show_only(made.parts[part], "Armature")
    rest = {part: positions(made.parts[part]) for part in ("teeth", "tongue")}
    lower = lower_teeth(made)
    set_expression(made.head, {"jawOpen": 1.0})
    drop = positions(made.parts["teeth"]) - rest["teeth"]
    assert drop[lower, 2].mean() < -0.008
    assert np.abs(drop[~lower]).max() < 1e-5
    assert (positions(made.parts["tongue"]) - rest["tongue"])[:, 2].min() < -0.008
    set_expression(made.head, {})
    bone = made.armature.pose.bones["jaw"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (0.3, 0.0, 0.0)
    drop = positions(made.parts["teeth"]) - rest["teeth"]
    assert np.linalg.norm(drop[lower], axis=1).min() > 0.003
    assert np.abs(drop[~lower]).max() < 1e-5


def test_followers_are_driven_to_the_same_weight_without_python(character):
    made = build_head(character)
    set_expression(made.head, {"eyeBlinkLeft": 0.7, "eyeLookUpRight": 0.4, "jawOpen": 0.25})
    weights = np.array([made.head.data.shape_keys.key_blocks[n].value for n in character.expression_names])
    moved = np.tensordot(weights, character.expression_deltas, 1)
    for part, mesh in part_meshes(character).items():
        if part == "head":
            continue
        show_only(made.parts[part], "Armature")
        reference = names.to_blender(mesh.vertices + mesh.carrier @ moved)
        np.testing.assert_allclose(positions(made.parts[part]), reference, atol=2e-6)
        for curve in made.parts[part].data.shape_keys.animation_data.drivers:
            assert curve.driver.type == "SUM"


def test_images_are_packed_and_exact(character):
    made = build_head(character)
    assert made.head.data.materials[0] is not None
    images = {i.name.split()[-1]: i for i in bpy.data.images if i.packed_file}
    assert set(images) >= {"Wrinkles", "Albedo", "Roughness", "Regions", "Skin", "Bands", "Eye", "Teeth", "Tongue"}
    for name, wanted in (
        ("Wrinkles", to_uint16(character.detail.stack(), displacement_scale(character.detail.stack())) / 65535.0),
        ("Albedo", character.albedo / 255.0),
        ("Mask", character.hair_mask[..., None] / 255.0),  # of the hair
    ):
        size = len(wanted)
        values = np.empty(size * size * 4, np.float32)
        images[name].pixels.foreach_get(values)
        found = values.reshape(size, size, 4)[::-1, :, : wanted.shape[-1]]
        np.testing.assert_allclose(found, wanted, atol=2e-6)
    assert images["Wrinkles"].colorspace_settings.name == "Non-Color"
    assert images["Wrinkles"].alpha_mode == "CHANNEL_PACKED"
    assert images["Albedo"].colorspace_settings.name == "sRGB"


def test_two_characters_share_node_groups_but_nothing_else(character):
    first = build_head(character)
    before = positions(first.head)
    second = build_head(dataclasses.replace(character, neutral=character.neutral * np.float32(1.05)))
    np.testing.assert_array_equal(positions(first.head), before)
    assert len(all_characters(bpy.context.scene)) == 2
    assert len(bpy.data.node_groups) == 2
    assert first.armature.location != second.armature.location
    set_expression(second.head, {"jawOpen": 1.0})
    np.testing.assert_array_equal(positions(first.head), before)
    show_only(first.parts["teeth"], "Armature")
    rest = names.to_blender(part_meshes(character)["teeth"].vertices)
    np.testing.assert_allclose(positions(first.parts["teeth"]), rest, atol=1e-6)


REOPEN = """
import sys, bpy, numpy as np
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
made = bpy.data.objects[sys.argv[2]]
def positions():
    depsgraph = bpy.context.evaluated_depsgraph_get(); depsgraph.update()
    mesh = made.evaluated_get(depsgraph).data
    values = np.empty(len(mesh.vertices) * 3, np.float32); mesh.vertices.foreach_get("co", values)
    return values
assert "furrow" not in sys.modules
shown = [i for i in bpy.data.images if i.source == "FILE"]
assert len(shown) > 9 and all(i.packed_file and min(i.size) > 0 for i in shown)
smile = positions()
made.data.shape_keys.key_blocks["mouthSmileLeft"].value = 0.0
made.data.shape_keys.key_blocks["browInnerUp"].value = 1.0
np.save(sys.argv[3], np.stack([smile, positions()]))
"""


def test_file_reopened_without_the_addon_is_the_same_and_still_live(character, tmp_path):
    made = build_head(character)
    set_expression(made.head, {"mouthSmileLeft": 1.0})
    smile = positions(made.head)
    path, result = tmp_path / "head.blend", tmp_path / "found.npy"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    set_expression(made.head, {"browInnerUp": 1.0})
    raised = positions(made.head)
    script = tmp_path / "reopen.py"
    script.write_text(REOPEN)
    subprocess.run(
        [sys.executable, str(script), str(path), made.head.name, str(result)],
        check=True,
        timeout=120,
        cwd=tmp_path,
        capture_output=True,
    )
    found = np.load(result).reshape(2, -1, 3)
    np.testing.assert_allclose(found[0], smile, atol=1e-7)
    np.testing.assert_allclose(found[1], raised, atol=1e-7)
    assert np.abs(found[1] - found[0]).max() > 1e-3


def test_scrubbing_does_not_pop(character):
    made = build_head(character)
    show_only(made.head, names.TENSION, names.WRINKLE)
    keys = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    steps, weights = [], []
    for value in np.linspace(0.0, 1.0, 21):
        set_expression(made.head, dict.fromkeys(keys, float(value)))
        steps.append(positions(made.head))
        weights.append(wrinkle_weights(made.head))
    moved = np.linalg.norm(np.diff(steps, axis=0), axis=-1).max()
    whole = np.linalg.norm(steps[-1] - steps[0], axis=-1).max()
    assert moved < 0.15 * whole
    assert np.abs(np.diff(weights, axis=0)).max() < 0.45


def test_undo_takes_the_head_away_again(character):
    bpy.ops.ed.undo_push(message="before")
    build_head(character)
    bpy.ops.ed.undo_push(message="build")
    assert len(bpy.data.objects) == 1 + len(names.PART_NAMES)
    bpy.ops.ed.undo()
    assert len(bpy.data.objects) == 0 and not all_characters(bpy.context.scene)
    bpy.ops.ed.redo()
    assert len(all_characters(bpy.context.scene)) == 1
