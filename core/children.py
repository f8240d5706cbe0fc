"""Processes started by this one that run a module of this package.

Python puts the current folder before everything else on the path of ``python -m``: a photo's folder with a
``numpy.py`` in it would be run. A child is started without it, and finds the package where this process found it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .assets import PACKAGE_FOLDER, PACKAGE_NAME

ENCODING, ERRORS = "utf-8", "surrogateescape"  # of what a child prints: names of files may be any bytes


def module_command(module: str, arguments: Sequence[str | Path]) -> list[str]:
    """The command that runs a module of this package, named as within it, such as ``blender_addon.command``."""
    return [sys.executable, "-P", "-m", f"{PACKAGE_NAME}.{module}", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Environment in which a child finds every module where this process does, but none in the current folder.

    The current folder stays only where the package itself lies in it.
    """
    here = Path.cwd().resolve()
    folders = [Path(folder).resolve() for folder in sys.path]
    kept = [str(folder) for folder in folders if folder != here or folder == PACKAGE_FOLDER.parent]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(kept)),
        "PYTHONIOENCODING": f"{ENCODING}:{ERRORS}",
    }
