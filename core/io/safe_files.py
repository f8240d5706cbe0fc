"""Writing that loses nothing: results are made aside and take their place once they are complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it replaces ``path`` when the block ends without an error.

    Raises:
        OSError: the place cannot be written; a file that was there stays as it was.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def folder_written_aside(directory: Path) -> Iterator[Path]:
    """A new folder inside ``directory``, whose files move into it when the block ends without an error.

    ``directory`` is made if it is missing. Files there under other names stay.

    Raises:
        OSError: the place cannot be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".furrow-", dir=directory) as aside:
        yield Path(aside)
        for path in sorted(Path(aside).iterdir()):
            os.replace(path, directory / path.name)


def put_in_place(made: Path, directory: Path) -> list[Path]:
    """Move all files under a folder, which lies on the same disk, to the same places under another: all or none.

    Returns:
        where they are now. Files there under other names stay.

    Raises:
        OSError: one cannot be written; those that were moved are back, and so is what was there before.
    """
    sources = sorted(path for path in made.rglob("*") if path.is_file())
    before = Path(tempfile.mkdtemp(prefix="before-", dir=made))
    done: list[tuple[Path, Path, Path]] = []
    folders: list[Path] = []
    try:
        for number, source in enumerate(sources):
            target, kept = directory / source.relative_to(made), before / str(number)
            if not target.parent.is_dir():
                target.parent.mkdir()
                folders.append(target.parent)
            if target.exists():
                os.replace(target, kept)
            done.append((source, target, kept))
            os.replace(source, target)
    except OSError:
        for source, target, kept in reversed(done):
            if target.exists() and not source.exists():
                os.replace(target, source)
            if kept.exists():
                os.replace(kept, target)
        for folder in reversed(folders):
            folder.rmdir()
        raise
    return [target for _, target, _ in done]


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, aside first."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")
