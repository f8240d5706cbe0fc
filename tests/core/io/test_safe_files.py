"""Writing aside: a failure leaves what was there."""

import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from furrow.core.errors import OutputError
from furrow.core.io import safe_files
from furrow.core.io.safe_files import (
    folder_aside,
    folder_written_aside,
    put_in_place,
    sweep,
    temporary_folder,
    write_reason,
    write_text,
    written_aside,
)

# begins to write in three ways in the folder it is given, and is killed
KILLED = """
import os, signal, sys
from pathlib import Path
from furrow.core.io.safe_files import folder_aside, folder_written_aside, temporary_folder, written_aside
folder = Path(sys.argv[1])
new = folder_written_aside(folder / "new")
with written_aside(folder / "a.txt") as file, folder_aside(folder) as aside, new as new:
    file.write_text("half")
    (aside / "one").write_text("half")
    (new / "two").write_text("half")
    temporary = temporary_folder()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_failed_write_leaves_the_older_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "older")
    with pytest.raises(OSError), written_aside(target) as aside:
        aside.write_text("half")
        raise OSError(28, "No space left on device")
    assert target.read_text() == "older" and os.listdir(tmp_path) == ["a.txt"]
    write_text(target, "newer")
    assert target.read_text() == "newer" and os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_is_filled_at_once_or_not_at_all(tmp_path):
    folder = tmp_path / "made" / "here"
    with folder_written_aside(folder) as aside:
        (aside / "one").write_text("1")
        (aside / "two").write_text("2")
    (folder / "own").write_text("the artist's")
    with pytest.raises(ValueError), folder_written_aside(folder) as aside:
        (aside / "one").write_text("9")
        raise ValueError("stopped")
    assert sorted(os.listdir(folder)) == ["one", "own", "two"] and (folder / "one").read_text() == "1"


def test_a_new_folder_appears_with_all_its_files(tmp_path):
    """No moment at which some are there: it is made elsewhere and renamed."""
    folder = tmp_path / "made" / "here"
    with folder_written_aside(folder) as aside:
        (aside / "one").write_text("1")
        assert not folder.exists()
    assert os.listdir(folder) == ["one"] and os.listdir(tmp_path / "made") == ["here"]


def kill_in_the_middle(folder):
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env=environment, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    return os.listdir(folder)


def write_a_file(folder):
    write_text(folder / "b.txt", "")


def fill_a_folder(folder):
    with folder_aside(folder):
        pass


def make_a_temporary_one(_folder):
    temporary_folder().cleanup()


@pytest.mark.parametrize("begin", [write_a_file, fill_a_folder, make_a_temporary_one])
def test_the_next_one_sweeps_what_killed_ones_left(tmp_path, monkeypatch, begin):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = kill_in_the_middle(tmp_path)
    assert len(left) == 4 and all(re.fullmatch(r"\.?furrow-[0-9a-f]{8}-\d+-\w+(\.part)?", name) for name in left)
    begin(tmp_path)
    assert set(os.listdir(tmp_path)) <= {"b.txt"}


def test_what_others_make_is_left_alone(tmp_path):
    """Files of running processes, of other machines, and of the artist."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    mark = safe_files._own_mark().split("-")[1]
    others = [
        f".furrow-{mark}-{os.getppid()}-abc.part", f".furrow-00000000-{gone.stdout.strip()}-abc.part", "furrow-notes",
        f"my.furrow-{mark}-{gone.stdout.strip()}-abc.part", "head.furrow",
    ]  # fmt: skip
    stale = f".furrow-{mark}-{gone.stdout.strip()}-abc.part"
    for name in (*others, stale):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_link_of_a_killed_process_is_removed_and_not_what_it_points_to(tmp_path):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "photo.jpg").touch()
    link = tmp_path / safe_files._own_mark().replace(str(os.getpid()), gone.stdout.strip()).__add__("abc")
    link.symlink_to(tmp_path / "own")
    sweep(tmp_path)
    assert not link.is_symlink() and (tmp_path / "own" / "photo.jpg").exists()


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "far").mkdir()
    target, link, dangling = tmp_path / "far" / "a.txt", tmp_path / "link.txt", tmp_path / "new.txt"
    target.write_text("older")
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "far" / "b.txt")
    write_text(link, "newer")
    write_text(dangling, "first")
    assert link.is_symlink() and target.read_text() == "newer" and (tmp_path / "far" / "b.txt").read_text() == "first"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_or_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / "pipe", tmp_path / "loop", Path(os.devnull)):
        with pytest.raises(OSError, match="no regular file"):
            write_text(path, "x")
    assert (tmp_path / "pipe").is_fifo() and sorted(os.listdir(tmp_path)) == ["loop", "pipe"]
    (tmp_path / "made").mkdir()
    for name in ("a", "pipe"):
        (tmp_path / "made" / name).write_text("new")
    with pytest.raises(OSError, match="no regular file"):
        put_in_place(tmp_path / "made", tmp_path)
    assert not (tmp_path / "a").exists() and (tmp_path / "pipe").is_fifo()


def test_files_that_are_replaced_are_there_at_every_moment(tmp_path):
    made, seen, stop = tmp_path / "made", [], threading.Event()
    made.mkdir()
    names = [f"{i}.txt" for i in range(200)]
    for name in names:
        (tmp_path / name).write_text("older")
        (made / name).write_text("newer")

    def watch():
        while not stop.is_set():
            seen.extend(name for name in names if not (tmp_path / name).exists())

    watcher = threading.Thread(target=watch)
    watcher.start()
    put_in_place(made, tmp_path)
    stop.set()
    watcher.join()
    assert seen == [] and {(tmp_path / name).read_text() for name in names} == {"newer"}


def test_names_as_long_as_the_disk_takes(tmp_path):
    name = "x" * 248 + ".furrow"
    write_text(tmp_path / name, "x")
    assert os.listdir(tmp_path) == [name]
    with pytest.raises(OSError) as caught:
        write_text(tmp_path / ("x" + name), "x")
    assert "name is too long" in write_reason(caught.value)


def test_the_reason_says_what_to_do():
    assert "disk is full. Make room" in write_reason(OSError(errno.ENOSPC, "No space left on device"))
    assert write_reason(OSError(errno.EACCES, "Permission denied")).startswith("Permission denied. Choose a folder")


def test_a_missing_place_for_temporary_files_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="Temporary files cannot be written to .*gone: .*Choose") as caught:
        temporary_folder()
    assert "\n" not in str(caught.value)
