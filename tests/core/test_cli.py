"""The command line: exit statuses, one clear line each, nothing written on failure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from furrow.core import cli
from furrow.core.character.file import load_character, save_character
from furrow.models.evaluation.made_up import tiny_character
from PIL import Image


def run(*arguments, **options):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "furrow", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def refused(capsys, arguments, output=None):
    """The one line on standard error of a refused command."""
    assert cli.main([str(a) for a in arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("furrow: ")]
    assert len(lines) == 1
    assert output is None or not output.exists()
    return lines[0]


@pytest.fixture
def astronaut(tmp_path):
    data = pytest.importorskip("skimage.data")
    path = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


def test_photo_to_furrow_to_export(assets, astronaut, tmp_path):
    output = tmp_path / "head.furrow"
    done = run("reconstruct", astronaut, "-o", output)
    assert done.returncode == 0, done.stderr
    assert "device: " in done.stdout and "stages: " in done.stdout
    character = load_character(output)
    assert character.name == "astronaut"
    assert character.views[0].landmark_error < 0.05
    again = tmp_path / "again.furrow"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "4")
    assert run("reconstruct", astronaut, "-o", again, "--quiet", env={**os.environ, **threads}).returncode == 0
    assert again.read_bytes() == output.read_bytes()  # whenever, and on any number of threads
    older, mixed = tmp_path / "older.furrow", tmp_path / "mixed.furrow"
    assert cli.main(["wrinkles", str(output), "-o", str(older), "--age", "75"]) == 0
    assert cli.main(["swap", str(output), str(older), "-o", str(mixed), "--regions", "forehead"]) == 0
    assert load_character(older).age > 0.8 and load_character(mixed).age == pytest.approx(character.age)
    assert run("export", output, "--dir", tmp_path / "mesh").returncode == 0
    params = json.loads((tmp_path / "mesh" / "params.json").read_text())
    assert params["image_size"] == [512, 512]
    assert set(params["expression"]) == set(character.expression_names)
    assert np.shape(params["landmarks_camera"]) == (478, 3)
    for name in ("neutral.obj", "posed.obj", "detailed.obj", "smooth.obj", "albedo.png"):
        assert (tmp_path / "mesh" / name).stat().st_size > 1000, name


def test_not_an_image(assets, capsys, tmp_path):
    photo, output = tmp_path / "notes.jpg", tmp_path / "x.furrow"
    photo.write_text("not an image")
    assert "notes.jpg" in refused(capsys, ["reconstruct", photo, "-o", output], output)


@pytest.mark.parametrize("kind", ["missing", "empty", "folder", "truncated"])
def test_unreadable_photos_are_refused_in_one_line(assets, capsys, tmp_path, kind):
    photo, output = tmp_path / "p.png", tmp_path / "x.furrow"
    if kind == "empty":
        photo.write_bytes(b"")
    elif kind == "folder":
        photo.mkdir()
    elif kind == "truncated":
        noise = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
        data = cv2.imencode(".png", noise)[1].tobytes()
        photo.write_bytes(data[: len(data) // 2])
    line = refused(capsys, ["reconstruct", photo, "-o", output], output)
    assert "p.png" in line


def test_a_photo_without_a_face_is_refused(assets, capsys, tmp_path):
    photo, output = tmp_path / "wall.png", tmp_path / "x.furrow"
    Image.new("RGB", (640, 480), (120, 140, 150)).save(photo)
    assert "face" in refused(capsys, ["reconstruct", photo, "-o", output], output)


def test_output_is_checked_before_any_work(capsys, tmp_path):
    line = refused(capsys, ["reconstruct", tmp_path / "absent.jpg", "-o", tmp_path / "no" / "x.furrow"])
    assert "no folder" in line
    assert "it is a folder" in refused(capsys, ["reconstruct", tmp_path / "absent.jpg", "-o", tmp_path])


def test_outputs_that_are_no_files_are_refused_before_any_work(capsys, tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes on this system")
    pipe = tmp_path / "pipe.furrow"
    os.mkfifo(pipe)
    for output in (pipe, os.devnull):
        assert "no regular file" in refused(capsys, ["reconstruct", tmp_path / "absent.jpg", "-o", output])
    assert "name is too long" in refused(capsys, ["reconstruct", "x.jpg", "-o", tmp_path / ("x" * 260 + ".furrow")])
    assert pipe.is_fifo()


def test_a_link_as_output_stays_and_what_it_points_to_is_written(tmp_path):
    save_character(tiny_character(), tmp_path / "in.furrow")
    (tmp_path / "far").mkdir()
    (tmp_path / "link.furrow").symlink_to(tmp_path / "far" / "out.furrow")
    command = ["swap", str(tmp_path / "in.furrow"), str(tmp_path / "in.furrow"), "-o", str(tmp_path / "link.furrow")]
    assert cli.main(command) == 0
    assert (tmp_path / "link.furrow").is_symlink()
    assert load_character(tmp_path / "far" / "out.furrow").name == "Tiny"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there, names of files are text")
def test_names_that_are_no_text(tmp_path):
    """Latin-1 names, as old archives have them: read, written and named in messages."""
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    source, output = folder + b"/h\xe9ad.furrow", folder + b"/\xff.blend"
    save_character(tiny_character(), Path(os.fsdecode(source)))
    done = run_bytes(b"blend", source, b"-o", output)
    assert done.returncode == 0, done.stderr
    assert os.path.getsize(output) > 10_000
    done = run_bytes(b"blend", folder + b"/\xe9.furrow", b"-o", output)
    assert done.returncode == 2 and done.stderr.decode().count("\n") == 1
    assert run_bytes(b"export", source, b"--dir", folder + b"/out").returncode == 0


def run_bytes(*arguments):
    """Run the command line with arguments that are no text."""
    return subprocess.run([os.fsencode(sys.executable), b"-m", b"furrow", *arguments], capture_output=True, timeout=300)


def test_a_lack_of_memory_or_room_is_one_line(capsys, tmp_path, monkeypatch):
    full = OSError(28, "No space left on device", "/tmp/x")
    no_memory = cv2.error("OpenCV(4) alloc.cpp: error: (-4:Insufficient memory) Failed to allocate")
    cases = ((MemoryError(), "not enough memory"), (no_memory, "not enough memory"), (full, "disk is full"))
    for error, words in cases:

        def fail(*_arguments, error=error):
            raise error

        monkeypatch.setattr("furrow.core.character.file.load_character", fail)
        assert words in refused(capsys, ["export", tmp_path / "x.furrow", "--dir", tmp_path / "d"])


def test_output_named_like_another_kind_of_file(capsys, tmp_path):
    photo = tmp_path / "face.png"
    photo.write_bytes(b"a photo")
    for command in (["reconstruct", photo], ["wrinkles", photo], ["swap", photo, photo]):
        line = refused(capsys, [*command, "-o", photo])
        assert "face.png" in line and "ends in .furrow" in line
    assert "ends in .blend" in refused(capsys, ["blend", photo, "-o", tmp_path / "head.furrow"])
    assert "it is the photo" in refused(capsys, ["preview", tmp_path / "x.furrow", "--photo", photo, "-o", photo])
    assert photo.read_bytes() == b"a photo"


def test_read_only_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    assert "read-only" in refused(capsys, ["reconstruct", tmp_path / "p.jpg", "-o", tmp_path / "x.furrow"])


def test_failed_run_keeps_the_earlier_result(assets, capsys, tmp_path):
    output = tmp_path / "x.furrow"
    save_character(tiny_character(), output)
    before = output.read_bytes()
    refused(capsys, ["reconstruct", tmp_path / "absent.jpg", "-o", output])
    assert output.read_bytes() == before


def test_absent_device_falls_back_with_a_note(assets, astronaut, tmp_path):
    done = run("reconstruct", astronaut, "-o", tmp_path / "x.furrow", "--device", "coreml", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "coreml" in done.stderr.lower() and "cpu" in done.stderr.lower()


def test_swap_names_the_unknown_region(assets, capsys, tmp_path):
    path = tmp_path / "tiny.furrow"
    save_character(tiny_character(), path)
    line = refused(
        capsys, ["swap", path, path, "-o", tmp_path / "x.furrow", "--regions", "elbow"], tmp_path / "x.furrow"
    )
    assert "elbow" in line and "forehead" in line


def test_a_damaged_character_is_refused_by_name(capsys, tmp_path):
    path = tmp_path / "bad.furrow"
    path.write_text("nothing")
    assert "bad.furrow" in refused(capsys, ["export", path, "--dir", tmp_path / "d"], tmp_path / "d")
    assert "bad.furrow" in refused(capsys, ["blend", path, "-o", tmp_path / "b.blend"], tmp_path / "b.blend")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--age", "500"], "The age is 500: choose 20 to 85 years."),
        (["--age", "nan"], "The age is nan: choose 20 to 85 years."),
        (["--seed", "-1"], "The seed is -1: choose a whole number from 0"),
        (["--seed", "99999999999"], "The seed is 99999999999: choose a whole number from 0"),
    ],
)
def test_ages_and_layouts_that_are_none_are_refused(tmp_path, capsys, arguments, words):
    save_character(tiny_character(), tmp_path / "in.furrow")
    output = tmp_path / "out.furrow"
    assert words in refused(capsys, ["wrinkles", tmp_path / "in.furrow", "-o", output, *arguments], output)


def test_more_photos_than_a_file_keeps_are_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("furrow.core.pipeline.load_models", lambda _device: None)
    photos, output = [tmp_path / f"{i}.png" for i in range(17)], tmp_path / "head.furrow"
    line = refused(capsys, ["reconstruct", *photos, "-o", output, "--quiet"], output)
    assert line == "furrow: 17 photos were chosen: choose 1 to 16 of the same person."
