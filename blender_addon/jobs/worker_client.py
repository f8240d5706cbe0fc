"""Starts the worker process and reads its events without ever waiting for it.

Events come through a file that the worker appends to: reading it never blocks on any system, which a pipe cannot
promise without threads.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ...core.assets import PACKAGE_FOLDER
from ...core.assets import PACKAGE_NAME as FULL_NAME
from ...core.errors import FurrowError
from ...core.io.safe_files import temporary_folder

PACKAGE_NAME = FULL_NAME.rpartition(".")[2]  # the worker is no part of Blender, where extensions have longer names
MAX_LINE = 1 << 20  # bytes: no event is that long
FULL_DISK = 1 << 20  # bytes: a disk with less room is the reason why a worker stopped


class WorkerClient:
    """One worker process. ``poll`` gives its events; ``stop`` ends it at any time."""

    def __init__(self, command: list[str] | None = None):
        """Start the worker.

        Args:
            command: another program to run in its place.

        Raises:
            FurrowError: it cannot be started.
        """
        self._temporary = temporary_folder()
        self._folder = Path(self._temporary.name)
        self._events, self._log = self._folder / "events.jsonl", self._folder / "log.txt"
        self._offset, self._rest, self._ended = 0, b"", False
        command = command or [sys.executable, "-P", "-m", f"{PACKAGE_NAME}.core.worker", str(self._folder)]
        hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}
        try:
            with open(self._events, "wb") as events, open(self._log, "wb") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=events,
                    stderr=log,
                    env=worker_environment(),
                    cwd=self._folder,
                    **hidden,
                )
        except OSError as error:
            full = self._disk_is_full()
            self._temporary.cleanup()
            if full:
                raise FurrowError(full) from None
            raise FurrowError(f"The worker cannot be started ({error}): install the extension again.") from None

    def send(self, **command: Any) -> None:
        """Send one command; a worker that is gone shows up at the next ``poll``."""
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            pass

    def poll(self) -> list[dict[str, Any]]:
        """New events. When the worker has ended early the last one is an ``error``."""
        status = self._process.poll()  # before reading, so that nothing written before the end is missed
        with open(self._events, "rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        self._offset += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[-MAX_LINE:]
        events = [event for event in map(parse_event, lines) if event is not None]
        if status is not None and not self._ended:
            self._ended = True
            if not any(event["event"] in ("done", "error") for event in events):
                events.append({"event": "error", "kind": "FurrowError", "message": self._ended_message(status)})
        return events

    def _disk_is_full(self) -> str:
        """A line about it; nothing where there is room."""
        if shutil.disk_usage(self._folder).free >= FULL_DISK:
            return ""
        return f"The disk of temporary files is full ({self._folder.parent}): make room, then try again."

    def _ended_message(self, status: int) -> str:
        return self._disk_is_full() or (
            f"The worker stopped in the middle (exit status {status}), perhaps for lack of memory: close other "
            "programs or use a smaller photo, then try again."
        )

    @property
    def running(self) -> bool:
        """Whether it can take another command."""
        return self._process.poll() is None

    def log(self) -> str:
        """What the worker wrote besides events, its last 4000 characters."""
        return self._log.read_text("utf-8", "replace")[-4000:] if self._log.exists() else ""

    def stop(self) -> None:
        """Kill the worker and remove its files; harmless when repeated."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        try:
            self._process.stdin.close()
        except OSError:
            pass  # a command that a dead worker never read
        self._temporary.cleanup()


def parse_event(line: bytes) -> dict[str, Any] | None:
    """The event of one line; None for anything else (a library may print), which is ignored."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def worker_environment() -> dict[str, str]:
    """Environment in which Blender's Python finds this package and the extension's wheels.

    Raises:
        FurrowError: the wheels are not installed.
    """
    found = importlib.util.find_spec("onnxruntime")
    if found is None or not found.submodule_search_locations:
        raise FurrowError("onnxruntime is missing: install the extension again, from the zip for this Blender.")
    wheels = str(Path(next(iter(found.submodule_search_locations))).parent)
    environment = dict(os.environ)
    environment.update(
        PYTHONPATH=os.pathsep.join([str(PACKAGE_FOLDER.parent), wheels]),
        PYTHONNOUSERSITE="1",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONIOENCODING="utf-8",
    )
    return environment
