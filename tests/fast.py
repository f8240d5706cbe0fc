"""Fast runs, ``pytest --fast``: the modules of ``slow_modules.txt`` stay out, and what else is slow fails.

Seconds are of processor time, children included, so that a busy machine fails nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).parent
LIST = TESTS / "slow_modules.txt"
LIMIT = 4.0  # seconds of one test without what its fixtures share


def slow_modules() -> set[Path]:
    """Test modules that fast runs leave out.

    Raises:
        ValueError: a line of the list is no test module or folder of them.
    """
    found: set[Path] = set()
    for line in LIST.read_text("utf-8").splitlines():
        name = line.partition("#")[0].strip()
        if not name:
            continue
        path = TESTS / name
        modules = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        if not modules or not all(module.is_file() for module in modules):
            raise ValueError(f"{LIST.name} names {name}, which is no test module or folder of them: remove the line.")
        found.update(modules)
    return found


def spent() -> float:
    """Seconds of processor time of this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def complaint(nodeid: str, seconds: float) -> str | None:
    """What a fast run says of a test that took so long; None if that is fine."""
    if seconds <= LIMIT:
        return None
    return f"{nodeid} took {seconds:.1f} s: make it faster, or add its module to tests/{LIST.name}."
