"""The add-on: registration, operators, the worker's client, replacing, the extension zip."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import furrow  # noqa: E402
from blender_helpers import addon, positions, scene  # noqa: E402, F401
from furrow.blender_addon import names, registration  # noqa: E402
from furrow.blender_addon.head import replace  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.jobs import worker_client  # noqa: E402
from furrow.blender_addon.jobs.worker_client import WorkerClient, parse_event  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.blender_addon.ui.operators import reconstruct, worker_job  # noqa: E402
from furrow.blender_addon.wrinkles.detail_mask import add_mask  # noqa: E402
from furrow.core.character.file import load_character, save_character  # noqa: E402
from furrow.core.character.presets import PRESETS  # noqa: E402
from furrow.models.evaluation.made_up import mean_character, tiny_character  # noqa: E402, F401

ROOT = Path(__file__).parents[2]


def events_until(client, kinds, seconds=30.0):
    """All events up to the first of these kinds."""
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        seen += client.poll()
        if any(event["event"] in kinds for event in seen):
            return seen
        time.sleep(0.02)
    raise AssertionError(f"none of {kinds} in {seen}, log: {client.log()}")


@pytest.fixture
def client():
    """Starts worker clients and stops them after the test."""
    started = []

    def start(*command):
        started.append(WorkerClient(list(command) or None))
        return started[-1]

    yield start
    for item in started:
        item.stop()


def python(*lines):
    return sys.executable, "-c", "\n".join(lines)


# -- the worker's client


def test_lines_that_are_no_events_are_ignored(client):
    worker = client(
        *python(
            "import sys",
            "print('Loading library, please wait')",
            "print('[1, 2]')",
            "print('{\"event\": 3}')",
            'print(\'{"event": "progr\')',
            "print('[' * 100000)",
            "sys.stdout.buffer.write(b'\\xff\\xfe junk\\n')",
            'print(\'{"event": "progress", "fraction": 0.5}\')',
            'print(\'{"event": "done", "output": "x"}\')',
        )
    )
    assert [event["event"] for event in events_until(worker, ("done",))] == ["progress", "done"]


def test_an_event_written_in_two_halves_arrives_once(client):
    worker = client(
        *python(
            "import sys, time",
            "sys.stdout.write('{\"event\": '); sys.stdout.flush(); time.sleep(0.3)",
            "print('\"ready\"}', flush=True); time.sleep(30)",
        )
    )
    assert events_until(worker, ("ready",)) == [{"event": "ready"}]
    assert parse_event(b'{"event": "ready"}') == {"event": "ready"}


def test_killed_worker_is_one_clear_error(client):
    worker = client(*python("import time", 'print(\'{"event": "ready"}\', flush=True)', "time.sleep(60)"))
    events_until(worker, ("ready",))
    os.kill(worker._process.pid, signal.SIGKILL)
    last = events_until(worker, ("error",))[-1]
    assert last["kind"] == "FurrowError"
    assert "stopped in the middle" in last["message"] and "\n" not in last["message"]
    time.sleep(0.05)
    assert worker.poll() == []  # said once
    worker.send(command="quit")  # a dead worker takes commands quietly


def test_a_full_disk_is_not_called_a_lack_of_memory(client, monkeypatch):
    worker = client(*python("import sys", "sys.exit(1)"))
    monkeypatch.setattr(worker_client.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 100, 0))
    message = events_until(worker, ("error",))[-1]["message"]
    assert "disk of temporary files is full" in message and "memory" not in message


def test_stop_kills_at_once_and_removes_its_files(client):
    worker = client(*python("import time", "time.sleep(60)"))
    folder, process = worker._folder, worker._process
    worker.stop()
    assert process.poll() is not None and not folder.exists()
    worker.stop()


def test_real_worker_answers_and_refuses_a_bad_photo(client, tmp_path):
    worker = client()
    events_until(worker, ("ready",), 60)
    worker.send(command="dance")
    assert "dance" in events_until(worker, ("error",))[-1]["message"]


def test_program_that_is_missing_is_one_line(tmp_path):
    with pytest.raises(furrow.core.errors.FurrowError, match="cannot be started"):
        WorkerClient([str(tmp_path / "nothing")])


def test_worker_environment_finds_package_and_wheels():
    folders = worker_client.worker_environment()["PYTHONPATH"].split(os.pathsep)
    assert str(ROOT.parent) in folders
    assert any((Path(folder) / "onnxruntime").is_dir() for folder in folders)


# -- registration and operators


def test_register_twice_leaves_nothing_behind(scene):  # noqa: F811
    for _ in range(2):
        furrow.register()
        assert hasattr(bpy.types.Scene, "furrow") and hasattr(bpy.types, "FURROW_OT_reconstruct")
        furrow.unregister()
        assert not hasattr(bpy.types.Scene, "furrow") and not hasattr(bpy.types, "FURROW_OT_reconstruct")
    assert len({cls.__name__ for cls in registration.CLASSES}) == len(registration.CLASSES)


def test_import_without_blender_is_clean():
    code = (
        "import sys; sys.modules['bpy'] = None\n"
        "import furrow, furrow.core.cli, furrow.core.character.presets\n"
        "assert callable(furrow.register)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=ROOT.parent)


@pytest.fixture
def character_file(assets, tmp_path):
    path = tmp_path / "mean.furrow"
    save_character(mean_character(assets), path)
    return path


def test_import_preset_and_reset(addon, character_file):  # noqa: F811
    assert bpy.ops.furrow.import_character(filepath=str(character_file)) == {"FINISHED"}
    collection = addon.furrow.character
    head = bpy.context.object
    assert head.name in collection.objects
    for name, weights in PRESETS.items():
        bpy.ops.furrow.preset(preset=name)
        keys = head.data.shape_keys.key_blocks
        photo = load_character(character_file)
        wanted = weights or (
            dict(zip(photo.expression_names, photo.views[0].expression, strict=True)) if "photo" in name else {}
        )
        for key in keys[1:]:
            assert key.value == pytest.approx(float(wanted.get(key.name, 0.0)), abs=1e-6)
    before = positions(head)
    collection.furrow.age = 0.8
    assert np.abs(positions(head) - before).max() > 1e-3
    bpy.ops.furrow.reset(shape=True)
    np.testing.assert_allclose(positions(head), before, atol=2e-6)


def test_export_keeps_the_head_shape_sliders(addon, character_file, tmp_path):  # noqa: F811
    bpy.ops.furrow.import_character(filepath=str(character_file))
    addon.furrow.character.furrow.gender = 0.5
    target = tmp_path / "out.furrow"
    bpy.ops.furrow.export_character(filepath=str(target))
    before, after = load_character(character_file), load_character(target)
    np.testing.assert_allclose(after.neutral, before.neutral + 0.5 * before.directions[1], atol=2e-3)


@pytest.mark.parametrize("content", [None, b"", b"no zip at all"])
def test_bad_character_file_is_one_line_and_changes_nothing(addon, tmp_path, content):  # noqa: F811
    path = tmp_path / "bad.furrow"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeError, match="bad.furrow"):
        bpy.ops.furrow.import_character(filepath=str(path))
    job = bpy.context.window_manager.furrow_job
    assert "bad.furrow" in job.error and "\n" not in job.error
    assert len(bpy.data.objects) == 0 and len(bpy.data.collections) == 0


def fake_worker(monkeypatch, *events, copy=None):
    """Reconstruct talks to a script that sends these events; a done event copies a character to the output."""
    script = "\n".join(
        [
            "import json, shutil, sys",
            "command = json.loads(sys.stdin.readline())",
            f"events = json.loads({json.dumps(json.dumps(events))})",
            f"copy = {str(copy)!r}",
            "for event in events:",
            "    if event['event'] == 'done': shutil.copy(copy, command['output'])",
            "    print(json.dumps(event), flush=True)",
        ]
    )
    monkeypatch.setattr(reconstruct, "WorkerClient", lambda: WorkerClient(list(python(script))))


def choose_photo(tmp_path):
    photo = tmp_path / "anna.png"
    photo.write_bytes(b"pixels")
    bpy.ops.furrow.add_photos(filepath=str(photo))


def test_reconstruct_builds_beside_what_is_there(addon, character_file, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(reconstruct, "characters_folder", lambda: tmp_path)
    fake_worker(
        monkeypatch,
        {"event": "ready"},
        {"event": "progress", "fraction": 0.5, "message": "fitting"},
        {"event": "done", "warnings": ["The hair covers the brow."]},
        copy=character_file,
    )
    choose_photo(tmp_path)
    for _ in range(2):
        assert bpy.ops.furrow.reconstruct() == {"FINISHED"}
    assert sum("furrow_schema" in c for c in bpy.data.collections) == 2
    assert sorted(p.name for p in tmp_path.glob("anna*.furrow")) == ["anna 1.furrow", "anna.furrow"]
    job = bpy.context.window_manager.furrow_job
    assert job.notes == "The hair covers the brow." and not job.running and not job.error


@pytest.mark.parametrize(
    ("events", "line"),
    [
        ([{"event": "error", "kind": "NoFaceError", "message": "No face found: use another."}], "No face found"),
        ([{"event": "ready"}], "stopped in the middle"),
        ([{"event": "error", "kind": "Bug", "message": "boom", "details": "Traceback"}], "boom"),
    ],
)
def test_failed_reconstruction_leaves_the_scene_alone(addon, tmp_path, monkeypatch, events, line):  # noqa: F811
    monkeypatch.setattr(reconstruct, "characters_folder", lambda: tmp_path)
    fake_worker(monkeypatch, *events)
    choose_photo(tmp_path)
    with pytest.raises(RuntimeError, match=line):
        bpy.ops.furrow.reconstruct()
    job = bpy.context.window_manager.furrow_job
    assert line in job.error and not job.running
    assert len(bpy.data.objects) == 0 and not list(tmp_path.glob("*.furrow"))
    assert not worker_job.running_workers
    if "boom" in line:
        assert "Traceback" in bpy.data.texts["Furrow Report"].as_string()


def test_photo_that_went_away_is_one_line(addon, tmp_path):  # noqa: F811
    choose_photo(tmp_path)
    (tmp_path / "anna.png").unlink()
    with pytest.raises(RuntimeError, match=r"anna\.png is gone"):
        bpy.ops.furrow.reconstruct()


# -- replacing


def test_edits_are_noticed_and_posing_is_not_an_edit(addon):  # noqa: F811
    made = build_head(tiny_character())
    assert not replace.is_edited(made.collection)
    made.head.data.shape_keys.key_blocks["jawOpen"].value = 0.5
    made.armature.location.x = 2.0
    assert not replace.is_edited(made.collection)
    made.head.data.shape_keys.key_blocks["jawOpen"].data[3].co.x += 0.001
    assert replace.is_edited(made.collection)


def test_replacing_keeps_place_expression_and_the_artists_objects(addon):  # noqa: F811
    old = build_head(tiny_character("Old"))
    old.armature.location = (1.0, 2.0, 3.0)
    old.head.data.shape_keys.key_blocks["jawOpen"].value = 0.5
    hat = bpy.data.objects.new("Hat", None)
    old.collection.objects.link(hat)
    hat.parent = old.armature
    bpy.context.view_layer.update()
    new = build_head(tiny_character("New"))
    replace.replace_character(old.collection, new)
    assert [c.name for c in bpy.data.collections] == ["New"]
    assert new.armature.matrix_world.translation[:] == pytest.approx((1.0, 2.0, 3.0))
    assert new.head.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(0.5)
    assert hat.name in new.collection.objects and hat.parent == new.armature
    assert {o.name.split()[0] for o in bpy.data.objects} == {"New", "Hat"}
    assert not [m.name for m in bpy.data.materials if m.name.startswith("Old")]


def test_replacing_keeps_strengths_and_painted_mask(addon):  # noqa: F811
    old, new = build_head(tiny_character("Old")), build_head(tiny_character("New"))
    set_input(old.head.modifiers[names.TENSION], "Folds", 0.25)
    set_input(old.head.modifiers[names.TENSION], "Directional", False)
    painted = np.random.default_rng(0).random(4 * len(old.head.data.vertices)).astype(np.float32)
    add_mask(old.head.data).data.foreach_set("color", painted)
    replace.replace_character(old.collection, new)
    modifier, found = new.head.modifiers[names.TENSION], np.empty_like(painted)
    assert get_input(modifier, "Folds") == 0.25 and not get_input(modifier, "Directional")
    assert get_input(modifier, "Lines") == 1.0
    new.head.data.color_attributes[names.PAINT].data.foreach_get("color", found)
    np.testing.assert_array_equal(found, painted)


def test_replacing_a_character_of_the_same_name_takes_the_name_over(addon):  # noqa: F811
    old, new = build_head(tiny_character("Anna")), build_head(tiny_character("Anna"))
    assert new.collection.name == "Anna.001"
    replace.replace_character(old.collection, new)
    assert [c.name for c in bpy.data.collections] == ["Anna"]
    assert all(".00" not in o.name for o in bpy.data.objects)


# -- the extension zip

INSTALL = """
import sys, bpy
if sys.argv[1] == "install":
    bpy.ops.extensions.package_install_files(filepath=sys.argv[2], repo="user_default", enable_on_install=True)
else:
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.furrow")
name = "bl_ext.user_default.furrow"
assert name in bpy.context.preferences.addons, list(bpy.context.preferences.addons.keys())
assert hasattr(bpy.types, "FURROW_OT_reconstruct")
import importlib, os
client = importlib.import_module(name + ".blender_addon.jobs.worker_client")
assert client.PACKAGE_NAME == "furrow" and "extensions" in client.worker_environment()["PYTHONPATH"]
import time
worker = client.WorkerClient(); events = []
worker.send(command="reconstruct", photos=["/nowhere.jpg"], output="x.furrow")
end = time.monotonic() + 60
while time.monotonic() < end and not any(e["event"] == "error" for e in events):
    events += worker.poll(); time.sleep(0.1)
print("EVENTS", events, worker.log(), flush=True)
worker.stop()
assert events[0] == {"event": "ready"} and "/nowhere.jpg" in events[-1]["message"]
sys.stdout.flush(); os._exit(0)
"""


def test_zip_installs_into_a_clean_blender_and_its_worker_runs(tmp_path):
    import importlib.util

    spec = importlib.util.spec_from_file_location("build_addon", ROOT / "build_addon.py")
    build_addon = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build_addon)
    try:
        zipped = build_addon.build("3.11", build_addon.this_platform(), tmp_path / "dist")
    except build_addon.BuildError as error:
        pytest.skip(f"no zip: {error}")
    script = tmp_path / "install.py"
    script.write_text(INSTALL)
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user"), "PYTHONPATH": ""}
    for mode in ("install", "later"):
        command = [sys.executable, str(script), mode, str(zipped)]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
