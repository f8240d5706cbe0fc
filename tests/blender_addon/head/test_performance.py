"""Performances on a head in Blender: sliders, bones, keyframes, the operators, nothing lost on failure."""

import dataclasses
import json
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, evaluated, scene  # noqa: E402, F401
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.performance_keys import key_performance, set_frame  # noqa: E402
from furrow.blender_addon.jobs.worker_client import WorkerClient  # noqa: E402
from furrow.blender_addon.ui.operators import performance as operators  # noqa: E402
from furrow.core.character.file import save_character  # noqa: E402
from furrow.core.performance.file import save_performance  # noqa: E402
from furrow.core.performance.gaze import gaze_angles  # noqa: E402
from furrow.core.performance.performance import Performance  # noqa: E402
from furrow.models.evaluation.made_up import ARKIT, mean_character, tiny_character  # noqa: E402, F401
from scipy.spatial.transform import Rotation  # noqa: E402


def acted(count=6, fps=12.0, turn=None, name="Take", **weights):
    """A performance with these curves of weights; the head turns by rotation vectors (count, 3) in degrees."""
    values = np.zeros((count, 52))
    for key, curve in weights.items():
        values[:, ARKIT.index(key)] = curve
    turn = np.zeros((count, 3)) if turn is None else np.radians(turn)
    return Performance(
        name, fps, tuple(ARKIT), values, Rotation.from_rotvec(turn).as_matrix(), np.tile([0, 0, 700.0], (count, 1)),
        np.zeros((count, 2, 2)), np.ones(count, bool), ("frame 3 was dark",),
    )


def in_blender(vector):
    x, y, z = vector
    return np.array([x, -z, y])


def bone_turn(made, name):
    """Rotation (3, 3) by which a bone is turned from its rest, in armature space."""
    bpy.context.view_layer.update()
    bone = made.armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones[name]
    return np.array((bone.matrix @ bone.bone.matrix_local.inverted()).to_3x3())


def value(made, name, frame):
    bpy.context.scene.frame_set(int(frame), subframe=frame - int(frame))
    return made.head.data.shape_keys.key_blocks[name].value


def test_one_frame_sets_the_sliders_and_turns_the_head(scene):  # noqa: F811
    made = build_head(tiny_character())
    made.head.data.shape_keys.key_blocks["jawOpen"].value = 0.9
    set_frame(made, acted(1, turn=[[0, 30, 0]], mouthPucker=0.4), pose=True, eye_bones=False)
    keys = made.head.data.shape_keys.key_blocks
    assert keys["mouthPucker"].value == pytest.approx(0.4) and keys["jawOpen"].value == 0.0
    # to its left, about the vertical: where the face pointed forward it points forward and to the left
    turned = bone_turn(made, "head") @ in_blender([0, 0, 1])
    angle = np.radians(30)
    np.testing.assert_allclose(turned, in_blender([np.sin(angle), 0, np.cos(angle)]), atol=1e-5)
    neck = Rotation.from_matrix(bone_turn(made, "neck")).magnitude()
    assert 0.2 * angle < neck < 0.5 * angle
    assert not bpy.data.actions


def test_nothing_but_the_sliders_without_pose(scene):  # noqa: F811
    made = build_head(tiny_character())
    set_frame(made, acted(1, turn=[[20, 30, 0]], jawOpen=0.5), pose=False, eye_bones=False)
    np.testing.assert_allclose(bone_turn(made, "head"), np.eye(3), atol=1e-6)


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "YZX", "AXIS_ANGLE"])
def test_head_turns_alike_in_every_rotation_mode(scene, mode):  # noqa: F811
    made = build_head(tiny_character())
    for bone in made.armature.pose.bones:
        bone.rotation_mode = mode
    turns = np.array([[0, 0, 0], [10, 40, -5], [-15, -30, 8.0]])
    key_performance(made, acted(3, 24.0, turn=turns), 1, 24.0, pose=True, eye_bones=False)
    axes = np.stack([in_blender(v) for v in np.eye(3)], axis=1)
    for k, turn in enumerate(turns):
        bpy.context.scene.frame_set(1 + k)
        expected = axes @ Rotation.from_rotvec(np.radians(turn)).as_matrix() @ axes.T
        np.testing.assert_allclose(bone_turn(made, "head"), expected, atol=1e-4)


def test_keys_follow_the_scenes_rate_and_start(scene):  # noqa: F811
    made = build_head(tiny_character())
    source = acted(7, 12.0, jawOpen=np.linspace(0, 0.6, 7))
    action = key_performance(made, source, 10, 24.0, pose=False, eye_bones=False)
    assert tuple(action.frame_range) == (10.0, 22.0)
    assert value(made, "jawOpen", 10) == 0.0 and value(made, "jawOpen", 22) == pytest.approx(0.6)
    assert value(made, "jawOpen", 13) == pytest.approx(0.15) and value(made, "jawOpen", 13.5) == pytest.approx(0.175)
    bag = action.layers[0].strips[0].channelbags[0]
    assert [curve.data_path for curve in bag.fcurves] == ['key_blocks["jawOpen"].value']
    assert len(bag.fcurves[0].keyframe_points) == 13
    assert "Tiny" in action.name and "Take" in action.name


def test_other_parts_follow_the_keyed_head(scene, assets):  # noqa: F811
    made = build_head(mean_character(assets))
    names = made.head.data.shape_keys.key_blocks.keys()[1:]
    source = dataclasses.replace(acted(3, 24.0, jawOpen=[0, 0.5, 1.0]))
    assert set(source.names) == set(names)
    key_performance(made, source, 1, 24.0, pose=True, eye_bones=False)
    bpy.context.scene.frame_set(3)
    evaluated(made.parts["teeth"])
    follower = made.parts["teeth"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert follower.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(1.0)


def test_eye_bones_turn_the_eyes_as_the_keys_would(scene, assets):  # noqa: F811
    character = mean_character(assets)
    made = build_head(character)
    source = acted(1, eyeLookOutLeft=0.7, eyeLookInRight=0.7, eyeLookUpLeft=0.4, eyeLookUpRight=0.4)
    weights = np.zeros((1, 52))
    for name in ("eyeLookOutLeft", "eyeLookInRight", "eyeLookUpLeft", "eyeLookUpRight"):
        weights[0, character.expression_names.index(name)] = source.expression()[name]
    source = dataclasses.replace(source, gaze=gaze_angles(character, weights))
    yaw, pitch = source.gaze[0, 0]
    assert yaw > 0.1 and pitch > 0.05  # to its left and up

    def middle_of_iris():
        eyes = made.parts["eyes"]
        eyes.modifiers["Subdivision"].show_viewport = False
        points = np.array([v.co[:] for v in evaluated(eyes).vertices])
        rest = np.array([v.co[:] for v in eyes.data.vertices])
        left = rest[:, 0] > 0
        front = left & (rest[:, 1] < rest[left, 1].min() + 0.001)
        return points[front].mean(0) - points[left].mean(0)

    rest = middle_of_iris()
    set_frame(made, source, pose=False, eye_bones=True)
    by_bone = middle_of_iris()
    assert made.head.data.shape_keys.key_blocks["eyeLookOutLeft"].value == 0.0
    set_frame(made, dataclasses.replace(source, gaze=source.gaze * 0), pose=False, eye_bones=True)
    set_frame(made, source, pose=False, eye_bones=False)
    by_key = middle_of_iris()
    assert by_bone[0] > rest[0] + 0.001 and by_bone[2] > rest[2] + 0.0005
    assert np.linalg.norm(by_bone - by_key) < 0.25 * np.linalg.norm(by_key - rest)


def test_earlier_actions_are_kept_and_silent_shapes_not_keyed(scene):  # noqa: F811
    made = build_head(tiny_character())
    keys = made.head.data.shape_keys.key_blocks
    keys["tongueOut"].value = 0.5
    keys["jawOpen"].keyframe_insert("value", frame=1)
    before = made.head.data.shape_keys.animation_data.action
    action = key_performance(made, acted(4, 24.0, mouthPucker=[0, 1, 1, 0]), 1, 24.0, pose=False, eye_bones=False)
    assert made.head.data.shape_keys.animation_data.action == action and before.use_fake_user
    assert value(made, "tongueOut", 2) == 0.0


def test_bones_that_were_removed_are_left_out(scene):  # noqa: F811
    made = build_head(tiny_character())
    bpy.context.view_layer.objects.active = made.armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = made.armature.data.edit_bones
    bones["head"].parent = bones["root"]
    bones.remove(bones["neck"])
    bpy.ops.object.mode_set(mode="OBJECT")
    set_frame(made, acted(1, turn=[[0, 30, 0]]), pose=True, eye_bones=True)
    assert Rotation.from_matrix(bone_turn(made, "head")).magnitude() == pytest.approx(np.radians(30), abs=1e-4)


# -- operators


@pytest.fixture
def on_stage(addon, tmp_path):  # noqa: F811
    """A character in the scene, imported from its file."""
    path = tmp_path / "tiny.furrow"
    save_character(tiny_character(), path)
    bpy.ops.furrow.import_character(filepath=str(path))
    return addon


def fake_worker(monkeypatch, source, log, *events):
    """The worker is a script that copies a performance to the output, sends these events and logs its command."""
    script = "\n".join([
        "import json, shutil, sys",
        "text = sys.stdin.readline(); command = json.loads(text)",
        f"open({str(log)!r}, 'w').write(text)",
        f"source = {str(source)!r}",
        "if source != 'None': shutil.copy(source, command['output'])",
        f"[print(json.dumps(event), flush=True) for event in json.loads({json.dumps(json.dumps(events))})]",
    ])
    monkeypatch.setattr(operators, "WorkerClient", lambda: WorkerClient([sys.executable, "-c", script]))


def test_photo_sets_the_sliders(on_stage, tmp_path, monkeypatch):
    save_performance(acted(1, fps=24.0, mouthPucker=0.7, turn=[[0, 20, 0]]), tmp_path / "p.json")
    (tmp_path / "face.png").write_bytes(b"pixels")
    log = tmp_path / "log.json"
    fake_worker(monkeypatch, tmp_path / "p.json", log, {"event": "progress", "fraction": 0.5}, {"event": "written"})
    on_stage.furrow_performance.person = "OTHER"
    assert bpy.ops.furrow.expression_from_photo(filepath=str(tmp_path / "face.png")) == {"FINISHED"}
    assert bpy.context.object.data.shape_keys.key_blocks["mouthPucker"].value == pytest.approx(0.7)
    sent = json.loads(log.read_text())
    assert (sent["command"], sent["same_person"]) == ("expression", False) and sent["photo"].endswith("face.png")
    job = bpy.context.window_manager.furrow_job
    assert job.notes == "frame 3 was dark" and not job.running and not bpy.data.actions


def test_video_and_sequence_are_keyed(on_stage, tmp_path, monkeypatch):
    save_performance(acted(49, fps=24.0, jawOpen=np.linspace(0, 1, 49), name="walk"), tmp_path / "p.json")
    (tmp_path / "walk.mp4").write_bytes(b"pixels")
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "a1.png").write_bytes(b"pixels")
    log, settings = tmp_path / "log.json", on_stage.furrow_performance
    fake_worker(monkeypatch, tmp_path / "p.json", log, {"event": "written", "output": "p"})
    settings.start, settings.neutral, settings.neutral_frame, settings.sequence_fps = 300, "FRAME", 7, 50.0
    on_stage.render.fps = 12
    assert bpy.ops.furrow.performance_from_video(filepath=str(tmp_path / "walk.mp4")) == {"FINISHED"}
    sent = json.loads(log.read_text())
    assert sent["clip"].endswith("walk.mp4") and sent["neutral"] == 7 and sent["fps"] is None
    (action,) = bpy.data.actions
    assert tuple(action.frame_range) == (300.0, 324.0) and on_stage.frame_end == 324
    assert bpy.ops.furrow.performance_from_video(filepath=str(tmp_path / "shots" / "a1.png")) == {"FINISHED"}
    sent = json.loads(log.read_text())
    assert sent["clip"].endswith("shots") and sent["fps"] == 50.0
    assert "stays in this file" in bpy.context.window_manager.furrow_job.notes
    assert bpy.ops.furrow.expression_from_photo(filepath=str(tmp_path / "shots" / "a1.png")) == {"FINISHED"}
    assert "is animated" in bpy.context.window_manager.furrow_job.notes


@pytest.mark.parametrize("event", [
    {"event": "error", "kind": "NoFaceError", "message": "No face was found in a.mp4: use another."},
    {"event": "ready"},
], ids=["refused", "ended"])
def test_failure_is_one_line_and_changes_nothing(on_stage, tmp_path, monkeypatch, event):
    (tmp_path / "a.mp4").write_bytes(b"pixels")
    fake_worker(monkeypatch, None, tmp_path / "log.json", event)
    key = bpy.context.object.data.shape_keys.key_blocks["jawOpen"]
    key.value = 0.3
    with pytest.raises(RuntimeError, match="No face was found|stopped in the middle"):
        bpy.ops.furrow.performance_from_video(filepath=str(tmp_path / "a.mp4"))
    job = bpy.context.window_manager.furrow_job
    assert job.error and "\n" not in job.error and not job.running
    assert key.value == pytest.approx(0.3) and not bpy.data.actions
    with pytest.raises(RuntimeError, match="There is no clip"):
        bpy.ops.furrow.performance_from_video(filepath=str(tmp_path / "absent.mp4"))


def test_performance_file_is_imported(on_stage, tmp_path):
    save_performance(acted(5, fps=24.0, jawOpen=np.linspace(0, 1, 5)), tmp_path / "p.json")
    assert bpy.ops.furrow.import_performance(filepath=str(tmp_path / "p.json")) == {"FINISHED"}
    assert len(bpy.data.actions) == 1
    (tmp_path / "p.json").write_text("{}")
    with pytest.raises(RuntimeError, match="not a performance file"):
        bpy.ops.furrow.import_performance(filepath=str(tmp_path / "p.json"))
