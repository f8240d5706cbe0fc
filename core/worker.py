"""The worker process: Blender starts it, sends commands and reads events, both as JSON lines.

    python -m furrow.core.worker [FOLDER]

FOLDER holds the files between it and Blender, and is removed if Blender ends first.

Commands on standard input:
    {"command": "reconstruct", "photos": [path, ...], "output": path, "device": "auto", "face": null, "name": null}
    {"command": "faces", "photo": path, "device": "auto"}
    {"command": "wrinkles", "input": path, "output": path, "age": 0..1 or null, "seed": int or null}
    {"command": "swap", "input": path, "source": path, "output": path, "mix": 0..1, "regions": [names] or null,
     "static": true, "dynamic": false}
    {"command": "resize", "input": path, "output": path, "size": int}
    {"command": "expression", "input": path, "photo": path, "output": path, "same_person": true, "device": "auto"}
    {"command": "performance", "input": path, "clip": path, "output": path, "same_person": true, "smooth": 0..1,
     "streaming": false, "neutral": "auto", "none" or a frame, "fps": rate or null, "device": "auto"}
    {"command": "quit"}

Events on standard output:
    {"event": "ready"}
    {"event": "progress", "stage": str, "fraction": 0..1, "message": str}
    {"event": "done", "output": path, "name": str, "warnings": [str], "device": str, "seconds": {stage: s}}
    {"event": "written", "output": path}
    {"event": "faces", "boxes": [[x0, y0, x1, y1], ...]}
    {"event": "error", "message": str, "kind": class name}     (kind "Bug": "details" holds the traceback)

Cancelling is killing the process. When its standard input closes it ends at once, whatever it is doing: so it never
outlives Blender, however that ended.
"""

from __future__ import annotations

import os

# small solvers are many times slower with a pool, whose sums in another order also make another head
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import queue
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from .errors import FurrowError, shortage
from .io.safe_files import discard_unfinished
from .texts import reason

if TYPE_CHECKING:
    from .character.character import Character
    from .pipeline import Models
    from .wrinkles.atlas import WrinkleAtlas

MAX_LINE = 1 << 20  # bytes: no command is that long


class Worker:
    """Runs one command at a time and writes events."""

    def __init__(self, events: IO[str]):
        self._events = events
        self._models: Models | None = None
        self._device = ""
        self._wrinkle_atlas: WrinkleAtlas | None = None

    def send(self, event: str, **values: object) -> None:
        """Write one event: its kind, and what JSON can hold."""
        self._events.write(json.dumps({"event": event, **values}) + "\n")
        self._events.flush()

    def run(self, command: dict) -> None:
        """Carry out one command; a failure becomes an ``error`` event, never an exception."""
        try:
            action = self.actions().get(command.get("command", ""))
            if action is None:
                raise FurrowError(f"The worker does not know the command {command.get('command')!r}.")
            action(command)
        except FurrowError as error:
            self.send("error", message=str(error), kind=type(error).__name__)
        except Exception as error:
            if line := shortage(error):
                self.send("error", message=line, kind="FurrowError")
                return
            details = traceback.format_exc()
            self.send("error", message=f"Unexpected error: {reason(error)}", kind="Bug", details=details)

    def actions(self) -> dict[str, Callable[[dict], None]]:
        """What carries out each command, by its name."""
        return {
            "reconstruct": self._reconstruct,
            "faces": self._faces,
            "wrinkles": self._wrinkles,
            "swap": self._swap,
            "resize": self._resize,
            "expression": self._expression,
            "performance": self._performance,
        }

    def _load(self, device: str) -> Models:
        from .pipeline import load_models

        if self._models is None or self._device != device:
            self._models, self._device = load_models(device), device
        return self._models

    def _reconstruct(self, command: dict) -> None:
        from .character.file import save_character
        from .pipeline import Progress, reconstruct

        device = str(command.get("device") or "auto")

        def report(stage: str, fraction: float, message: str) -> None:
            self.send("progress", stage=stage, fraction=round(fraction, 4), message=message)

        progress = Progress(report)
        report("models", 0.0, "loading models")
        models = self._load(device)
        face = command.get("face")
        character = reconstruct(
            [Path(p) for p in command["photos"]],
            face=None if face is None else int(face),
            name=command.get("name"),
            size=command.get("size"),
            models=models,
            progress=progress,
        )
        output = Path(command["output"])
        save_character(character, output)
        self.send(
            "done",
            output=str(output),
            name=character.name,
            warnings=list(character.warnings),
            device=models.device,
            seconds={stage: round(spent, 4) for stage, spent in progress.seconds.items()},
        )

    def _faces(self, command: dict) -> None:
        from .io.photo import load_photo
        from .nets.detection import find_faces

        nets = self._load(str(command.get("device") or "auto")).nets
        faces = find_faces(load_photo(Path(command["photo"])).pixels, nets)
        self.send("faces", boxes=[[float(v) for v in face.box] for face in faces])

    def _wrinkles(self, command: dict) -> None:
        from .character.edit import with_wrinkles
        from .character.file import load_character

        character = load_character(Path(command["input"]))
        age, seed = command.get("age"), command.get("seed")
        changed = with_wrinkles(
            character,
            self._atlas(),
            age=None if age is None else float(age),
            seed=None if seed is None else int(seed),
        )
        self._write(changed, command)

    def _swap(self, command: dict) -> None:
        from .character.edit import swap_detail
        from .character.file import load_character

        target, source = load_character(Path(command["input"])), load_character(Path(command["source"]))
        changed = swap_detail(
            target,
            source,
            self._atlas(),
            float(command.get("mix", 1.0)),
            command.get("regions"),
            static=bool(command.get("static", True)),
            dynamic=bool(command.get("dynamic", False)),
        )
        self._write(changed, command)

    def _expression(self, command: dict) -> None:
        from .character.file import load_character
        from .performance.capture import capture_photo
        from .performance.file import save_performance

        self.send("progress", stage="models", fraction=0.0, message="loading models")
        models = self._load(str(command.get("device") or "auto"))
        character = load_character(Path(command["input"]))
        same = bool(command.get("same_person", True))
        self.send("progress", stage="expression", fraction=0.4, message="reading the expression")
        performance, _ = capture_photo(character, Path(command["photo"]), models.head, models.nets, same)
        save_performance(performance, Path(command["output"]))
        self.send("written", output=str(command["output"]))

    def _performance(self, command: dict) -> None:
        from .character.file import load_character
        from .performance.capture import CaptureSettings, capture_performance
        from .performance.file import save_performance

        def report(stage: str, fraction: float, message: str) -> None:
            self.send("progress", stage=stage, fraction=round(fraction, 4), message=message)

        report("models", 0.0, "loading models")
        models = self._load(str(command.get("device") or "auto"))
        neutral, fps = command.get("neutral", "auto"), command.get("fps")
        settings = CaptureSettings(
            same_person=bool(command.get("same_person", True)),
            smooth=float(command.get("smooth", CaptureSettings.smooth)),
            streaming=bool(command.get("streaming", False)),
            neutral=neutral if isinstance(neutral, str) else int(neutral),
            fps=None if fps is None else float(fps),
        )
        character = load_character(Path(command["input"]))
        performance = capture_performance(character, Path(command["clip"]), models.head, models.nets, settings, report)
        save_performance(performance, Path(command["output"]))
        self.send("written", output=str(command["output"]))

    def _resize(self, command: dict) -> None:
        from .character.file import load_character
        from .character.resize import with_map_size

        character = load_character(Path(command["input"]))
        self._write(with_map_size(character, self._atlas(), int(command["size"])), command)

    def _atlas(self) -> WrinkleAtlas:
        from .assets import WRINKLES, assets_folder
        from .wrinkles.maps import load_atlas

        if self._wrinkle_atlas is None:
            self._wrinkle_atlas = load_atlas(assets_folder() / WRINKLES)
        return self._wrinkle_atlas

    def _write(self, character: Character, command: dict) -> None:
        from .character.file import save_character

        output = Path(command["output"])
        save_character(character, output)
        self.send("written", output=str(output))


def read_ahead(stream: BinaryIO, folder: Path | None) -> queue.SimpleQueue[bytes]:
    """Lines of a stream as a thread reads them; at its end the thread ends the process, whatever that is doing.

    A line beyond ``MAX_LINE`` comes as an empty one.

    Args:
        folder: is removed then, with everything unfinished.
    """
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        while line := stream.readline(MAX_LINE):
            long = False
            while line and not line.endswith(b"\n"):
                line, long = stream.readline(MAX_LINE), True
            lines.put(b"" if long else line)
        discard_unfinished()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


def serve(arguments: list[str], kind: type[Worker] = Worker) -> int:
    """Serve commands until ``quit`` or the end of standard input; returns the exit status.

    Args:
        arguments: the folder of the files between the worker and Blender, or nothing.
        kind: of worker.
    """
    # libraries may print: only events may reach the pipe that Blender reads
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # a stream of its own: Python would wait for its lock when it ends by itself
    commands = os.fdopen(os.dup(0), "rb")
    lines = read_ahead(commands, Path(arguments[0]) if arguments else None)
    worker = kind(events)
    worker.send("ready")
    while True:
        try:
            command = json.loads(lines.get())
        except (ValueError, RecursionError):
            command = None
        if not isinstance(command, dict):
            worker.send("error", message="The worker was sent a line that is not a command.", kind="FurrowError")
            continue
        if command.get("command") == "quit":
            return 0
        worker.run(command)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
