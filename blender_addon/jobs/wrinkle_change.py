"""One change of a character's wrinkles, computed by a worker that stays a while for the next one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy

from ...core.character.file import SUFFIX
from ...core.errors import FurrowError
from ...core.io.safe_files import temporary_folder
from .worker_client import WorkerClient

IDLE = 90.0  # seconds that an unused worker is kept
_kept: list[WorkerClient] = []  # at most one
_last_used = [0.0]


class WrinkleChange:
    """A command that is under way; ``poll`` gives the changed character's .furrow bytes once they are there."""

    def __init__(self, data: bytes, source: bytes | None = None, source_name: str = "source", **command: Any):
        """Send a command to the worker.

        Args:
            data: .furrow bytes of the character.
            source: .furrow bytes of the character that detail is taken from.
            source_name: what a message calls them.
            command: the worker's command without its paths.
        """
        self._folder = temporary_folder()
        folder = Path(self._folder.name)
        self._output = folder / f"output{SUFFIX}"
        paths = {"input": folder / f"input{SUFFIX}"}
        paths["input"].write_bytes(data)
        if source is not None:
            paths["source"] = folder / "source" / source_name
            paths["source"].parent.mkdir()
            paths["source"].write_bytes(source)
        self._worker = _worker()
        self._worker.send(**command, **{name: str(path) for name, path in paths.items()}, output=str(self._output))

    def poll(self) -> bytes | None:
        """The result, or None while it is not there.

        Raises:
            FurrowError: the worker refused or stopped.
        """
        _last_used[0] = time.monotonic()
        for event in self._worker.poll():
            if event["event"] == "error":
                message = str(event.get("message", ""))
                if event.get("kind") == "Bug":
                    raise RuntimeError(f"{message}\n{event.get('details', '')}\n{self._worker.log()}")
                raise FurrowError(message)
            if event["event"] == "written":
                return self._output.read_bytes()
        return None

    def close(self, finished: bool) -> None:
        """Remove the files; a worker that is not done with the command is stopped. Harmless when repeated."""
        if not finished:
            stop_worker()
        self._folder.cleanup()


def stop_worker() -> None:
    """End the worker."""
    while _kept:
        _kept.pop().stop()
    if bpy.app.timers.is_registered(_stop_idle):
        bpy.app.timers.unregister(_stop_idle)


def _worker() -> WorkerClient:
    if _kept and not _kept[0].running:
        stop_worker()
    if not _kept:
        _kept.append(WorkerClient())
        if not bpy.app.background:
            bpy.app.timers.register(_stop_idle, first_interval=IDLE, persistent=True)
    _last_used[0] = time.monotonic()
    return _kept[0]


def _stop_idle() -> float | None:
    if time.monotonic() - _last_used[0] < IDLE:
        return IDLE / 2
    while _kept:
        _kept.pop().stop()
    return None
