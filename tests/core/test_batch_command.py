"""The command ``batch``, with real workers: killed in the middle, gone on, and done."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from face_fixtures import portrait
from furrow.core import cli
from furrow.core.character.file import load_character
from furrow.core.io.processes import alive
from PIL import Image

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are looked up in /proc")


@pytest.fixture
def photos(assets, tmp_path):
    folder = tmp_path / "photos"
    (folder / "Two").mkdir(parents=True)
    Image.fromarray(portrait()).save(folder / "Ann.png")
    Image.fromarray(portrait()).save(folder / "Two" / "1.png")
    Image.fromarray(portrait()[:, ::-1]).save(folder / "Two" / "2.png")
    (folder / "Zed.jpg").write_text("no photo")
    (folder / "notes.md").write_text("no photo either")
    return folder


def start(photos, out):
    command = [sys.executable, "-P", "-m", "furrow", "batch", str(photos), "--out", str(out), "--workers", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children_of(pid):
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def state(out, name):
    path = out / "batch" / f"{name}.json"
    return path.is_file() and json.loads(path.read_text())["state"]


def test_killed_at_any_time_it_goes_on_and_ends_with_a_summary(photos, tmp_path, capsys):
    out = tmp_path / "out"
    first = start(photos, out)
    wait_for(lambda: state(out, "Two") == "begun")  # Ann and Zed are done
    workers = children_of(first.pid)
    first.kill()
    first.communicate()
    assert workers
    wait_for(lambda: not any(map(alive, workers)), 5.0)
    whole = (out / "Ann.furrow").stat().st_mtime_ns
    assert not (out / "Two.furrow").exists()

    (out / "batch" / "Zed.json").unlink()
    second = start(photos, out)
    wait_for(lambda: state(out, "Zed") == "failed")  # the worker is at Two
    os.kill(children_of(second.pid)[0], signal.SIGKILL)  # as the system does for lack of memory
    said, complaint = second.communicate(timeout=120)
    assert second.returncode == 1
    assert [line for line in complaint.splitlines() if line.startswith("furrow: ")] == [
        f"furrow: 1 of 3 people failed: {out / 'index.html'} says why."
    ]
    assert "1 made, 1 were there, 1 failed" in said and "no photos, left out: 1" in said
    assert (out / "Ann.furrow").stat().st_mtime_ns == whole
    two = load_character(out / "Two.furrow")
    assert two.name == "Two" and len(two.views) == 2
    page = (out / "index.html").read_text("utf-8")
    assert page.count("<img") == 4 and "Zed.jpg is not a photo" in page and " ± 10" in page
    assert not [path for path in out.rglob(".furrow-*")]

    (photos / "Zed.jpg").unlink()
    assert cli.main(["batch", str(photos), "--out", str(out), "--quiet"]) == 0
    assert capsys.readouterr().err == "" and (out / "Ann.furrow").stat().st_mtime_ns == whole


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--workers", "0"], "--workers is 0"),
        (["--out", "photos"], "give another --out"),
        (["--out", "photos/Zed.jpg"], "a file"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(photos, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["batch", "photos", "--out", "out", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("furrow: ") and words in lines[0]
    assert not (tmp_path / "out").exists()
