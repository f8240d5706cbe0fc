"""Fast runs leave out what is listed, and say so when something else has grown slow."""

import fast
import pytest


def test_the_list_names_modules_that_exist():
    listed = fast.slow_modules()
    assert listed and all(path.is_file() for path in listed)


def test_a_name_that_is_gone_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(fast, "LIST", tmp_path / "list.txt")
    fast.LIST.write_text("core/test_cli.py  # processes\n\n# a comment\ncore/test_of_yesterday.py\n")
    with pytest.raises(ValueError, match="core/test_of_yesterday.py"):
        fast.slow_modules()
    fast.LIST.write_text("core/test_cli.py  # processes\n")
    assert [path.name for path in fast.slow_modules()] == ["test_cli.py"]


def test_a_folder_stands_for_its_modules(tmp_path, monkeypatch):
    monkeypatch.setattr(fast, "LIST", tmp_path / "list.txt")
    fast.LIST.write_text("blender_addon\n")
    assert len(fast.slow_modules()) > 5


def test_a_slow_test_is_told_of_a_quick_one_not():
    assert fast.complaint("a", fast.LIMIT * 0.9) is None
    assert "slow_modules.txt" in fast.complaint("tests/x.py::a", fast.LIMIT + 1)
