"""Processes that Furrow starts: they run this package, and nothing that lies in the current folder."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from furrow.core import children
from furrow.core.assets import PACKAGE_FOLDER
from helpers import traps

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """The current folder, full of modules that tell on whoever runs them."""
    traps(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])  # as of an interactive Python
    return tmp_path


def start(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def test_traps_are_sprung_without_care(trapped):
    start([sys.executable, "-m", "furrow.core.pipeline"])
    start([sys.executable, "-c", "import numpy"])
    assert {path.name for path in trapped.glob("*.ran")} == {"furrow.ran", "numpy.ran"}


@pytest.mark.parametrize("module, arguments", [("core.pipeline", ()), ("core.cli", ("--help",))])
def test_child_runs_nothing_of_the_current_folder(trapped, module, arguments):
    done = start(children.module_command(module, arguments), env=children.environment())
    assert done.returncode == 0, done.stderr
    assert not list(trapped.glob("*.ran"))


def test_child_finds_what_this_process_finds(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "elsewhere", str(tmp_path), "/somewhere"])
    assert children.environment()["PYTHONPATH"].split(os.pathsep) == [
        str((tmp_path / "elsewhere").resolve()),
        str(Path("/somewhere").resolve()),
    ]
    monkeypatch.chdir(PACKAGE_FOLDER.parent)
    monkeypatch.setattr(sys, "path", [""])
    assert children.environment()["PYTHONPATH"] == str(PACKAGE_FOLDER.parent)


def test_every_module_that_is_run_leaves_the_current_folder_out():
    """Every list with the option -m in what is shipped has -P before it."""
    folders = ("core", "models", "blender_addon")
    shipped = [ROOT / "build_addon.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    found = 0
    for path in shipped:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            items = [getattr(item, "value", None) for item in node.elts] if isinstance(node, ast.List) else []
            if "-m" in items:
                assert items[items.index("-m") - 1] == "-P", path
                found += 1
    assert found >= 4
