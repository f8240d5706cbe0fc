"""Writing aside: a failure leaves what was there."""

import os

import pytest
from furrow.core.io.safe_files import folder_written_aside, write_text, written_aside


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
