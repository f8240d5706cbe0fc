"""The worker process: events as JSON lines, errors as one line, killed without a trace."""

import json
import signal
import subprocess
import sys
import time

import pytest
from furrow.core.character.file import load_character
from furrow.core.io.processes import alive
from PIL import Image


@pytest.fixture
def worker():
    process = subprocess.Popen(
        [sys.executable, "-m", "furrow.core.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="surrogateescape",
    )
    yield process
    process.kill()
    process.wait()


def send(process, **command):
    process.stdin.write(json.dumps(command) + "\n")
    process.stdin.flush()


def until(process, *kinds):
    """Events up to and including the first of the given kinds."""
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] in kinds:
            return events
    raise AssertionError(f"the worker ended after {events}")


@pytest.fixture
def astronaut(tmp_path):
    data = pytest.importorskip("skimage.data")
    path = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


def test_reconstruct_reports_progress_and_writes(assets, worker, astronaut, tmp_path):
    assert until(worker, "ready")[-1] == {"event": "ready"}
    output = tmp_path / "a.furrow"
    send(worker, command="reconstruct", photos=[str(astronaut)], output=str(output), device="cpu", face=None)
    events = until(worker, "done", "error")
    assert events[-1]["event"] == "done", events[-1]
    fractions = [e["fraction"] for e in events if e["event"] == "progress"]
    assert len(fractions) >= 7 and fractions == sorted(fractions) and fractions[-1] <= 1
    assert load_character(output).name == events[-1]["name"] == "astronaut"
    send(worker, command="faces", photo=str(astronaut))
    assert len(until(worker, "faces", "error")[-1]["boxes"]) == 1


def test_errors_are_events_and_the_worker_lives_on(assets, worker, tmp_path):
    until(worker, "ready")
    worker.stdin.write("this is not json\n")
    send(worker, command="dance")
    send(worker, command="reconstruct", photos=[str(tmp_path / "absent.jpg")], output=str(tmp_path / "x.furrow"))
    send(worker, command="reconstruct", output=str(tmp_path / "x.furrow"))
    errors = [until(worker, "error")[-1] for _ in range(4)]
    assert [e["kind"] for e in errors] == ["FurrowError", "FurrowError", "PhotoError", "Bug"]
    assert all(len(e["message"].splitlines()) == 1 for e in errors)
    assert "Traceback" in errors[3]["details"]
    send(worker, command="quit")
    assert worker.wait(20) == 0
    assert list(tmp_path.iterdir()) == []


def test_deep_and_endless_lines_are_refused_and_the_worker_lives_on(worker):
    until(worker, "ready")
    for line in ("[" * 100_000, '{"a":' * 100_000, "x" * 3_000_000, "\udcff", "7"):
        worker.stdin.write(line + "\n")
    send(worker, command="dance")
    messages = [until(worker, "error")[-1]["message"] for _ in range(6)]
    assert all("not a command" in message for message in messages[:5]) and "dance" in messages[5]


def test_ends_with_its_parent(worker):
    until(worker, "ready")
    worker.stdin.close()
    assert worker.wait(20) == 0


# starts a worker as Blender does and dies in the middle of its work, or idle, without a word to it
PARENT = """
import json, os, signal, subprocess, sys
folder, photo = sys.argv[1:]
with open(folder + "/events.jsonl", "wb") as events:
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "furrow.core.worker", folder], stdin=subprocess.PIPE, stdout=events, cwd=folder
    )
if photo:
    command = {"command": "reconstruct", "photos": [photo], "output": folder + "/a.furrow", "device": "cpu"}
    worker.stdin.write(json.dumps(command).encode() + b"\\n")
    worker.stdin.flush()
print(worker.pid, flush=True)
while True:
    with open(folder + "/events.jsonl") as events:
        if ("fitting" if photo else "ready") in events.read():
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("busy", [False, True])
def test_dies_at_once_with_a_killed_parent_and_leaves_nothing(assets, astronaut, tmp_path, busy):
    folder = tmp_path / "furrow-shared"
    folder.mkdir()
    command = [sys.executable, "-c", PARENT, str(folder), str(astronaut) if busy else ""]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    assert done.returncode == -signal.SIGKILL
    killed, pid = time.monotonic(), int(done.stdout)
    while alive(pid) and time.monotonic() < killed + 10:
        time.sleep(0.01)
    assert time.monotonic() - killed < 1.0  # seconds; 0.04 were measured
    assert not folder.exists()


def test_killed_in_the_middle_leaves_no_file(assets, worker, astronaut, tmp_path):
    until(worker, "ready")
    send(worker, command="reconstruct", photos=[str(astronaut)], output=str(tmp_path / "a.furrow"), device="cpu")
    until(worker, "progress")
    worker.send_signal(signal.SIGKILL)
    worker.wait(20)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["astronaut.png"]


def test_wrinkles_and_swap_commands(assets, worker, astronaut, tmp_path):
    until(worker, "ready")
    first, older, mixed = (str(tmp_path / name) for name in ("a.furrow", "b.furrow", "c.furrow"))
    send(worker, command="reconstruct", photos=[str(astronaut)], output=first, device="cpu", size=512)
    assert until(worker, "done", "error")[-1]["event"] == "done"
    send(worker, command="wrinkles", input=first, output=older, age=0.9, seed=3)
    assert until(worker, "written", "error")[-1] == {"event": "written", "output": older}
    send(worker, command="swap", input=first, source=older, output=mixed, mix=0.5, regions=None)
    assert until(worker, "written", "error")[-1] == {"event": "written", "output": mixed}
    a, b, c = (load_character(path) for path in (first, older, mixed))
    assert b.age == pytest.approx(0.9) and b.wrinkle_seed == 3
    assert abs(c.detail.static - (a.detail.static + b.detail.static) / 2).max() < 1e-4
    assert (c.detail.compressed_1 == a.detail.compressed_1).all()
