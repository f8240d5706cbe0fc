"""The worker of a batch: as that of Blender, with one command more, which makes a character and its pictures.

    python -m furrow.core.batch.worker

    {"command": "person", "photos": [path, ...], "name": str, "output": path, "photo_picture": path,
     "head_picture": path, "size": int or null, "device": "auto"}

It ends with {"event": "person", "age": years, "notes": [str], "seconds": s} or an error.
"""

from __future__ import annotations

import os

# small solvers are many times slower with a pool, whose sums in another order also make another head
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import FurrowError
from ..worker import Worker, serve
from .pictures import face_picture, small_picture, write_picture

PICTURE_SHARE = 0.85  # of a person's time, after which the pictures are drawn


class BatchWorker(Worker):
    """Makes people, one at a time."""

    def actions(self) -> dict[str, Callable[[dict], None]]:
        """Its commands by name."""
        return {**super().actions(), "person": self._person}

    def _person(self, command: dict) -> None:
        began = time.monotonic()
        try:
            self._made(command, began)
        except FurrowError:
            self._keep_photo(command)
            raise

    def _made(self, command: dict, began: float) -> None:
        """The character, then its pictures, then word of it."""
        from ..character.edit import years_of_age
        from ..character.file import save_character
        from ..io.photo import load_photo
        from ..pipeline import Progress, reconstruct
        from .portrait import portrait

        def report(stage: str, fraction: float, message: str) -> None:
            self.send("progress", stage=stage, fraction=round(PICTURE_SHARE * fraction, 4), message=message)

        models = self._load(str(command.get("device") or "auto"))
        photos = [Path(photo) for photo in command["photos"]]
        character = reconstruct(
            photos, name=command["name"], size=command.get("size"), models=models, progress=Progress(report)
        )
        save_character(character, Path(command["output"]))
        report("pictures", 1.0, "drawing")
        view = character.views[0]
        write_picture(Path(command["photo_picture"]), face_picture(load_photo(photos[0]).pixels, view))
        write_picture(Path(command["head_picture"]), portrait(character))
        self.send(
            "person",
            age=years_of_age(character.age),
            notes=list(character.warnings),
            seconds=round(time.monotonic() - began, 2),
        )

    def _keep_photo(self, command: dict) -> None:
        """The photo for the page, where it can be read at all."""
        from ..io.photo import load_photo

        try:
            pixels: np.ndarray = load_photo(Path(command["photos"][0])).pixels
            write_picture(Path(command["photo_picture"]), small_picture(pixels))
        except FurrowError:
            Path(command["photo_picture"]).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], BatchWorker))
