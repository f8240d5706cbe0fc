"""Writing that loses nothing: results are made aside and take their place once they are complete.

What is made aside is called ``.furrow-MACHINE-PROCESS-LETTERS``, short whatever the result is called. A process that is
killed leaves it; the next one that writes there removes it.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import DISK_FULL, OutputError
from .processes import alive, machine_mark

_MADE_ASIDE = re.compile(r"\.?furrow-([0-9a-f]{8})-(\d{1,10})-\w+(\.\w+@?)?")  # Blender adds the @
_PART = ".part"
_unfinished: set[Path] = set()  # what this process makes aside at the moment


@contextmanager
def written_aside(path: Path, ending: str = _PART) -> Iterator[Path]:
    """A path beside ``path`` to write to; it replaces ``path`` when the block ends without an error.

    Args:
        path: where it is a symbolic link, what that points to is replaced.
        ending: of the name of what is written, for writers that look at it.

    Raises:
        OSError: the place cannot be written, or holds no regular file; a file that was there stays as it was.
    """
    place = place_of(path)
    sweep(place.parent)
    aside = place.with_name(f".{_own_mark()}{secrets.token_hex(3)}{ending}")
    _unfinished.add(aside)
    try:
        yield aside
        os.replace(aside, place)
    finally:
        aside.unlink(missing_ok=True)
        _unfinished.discard(aside)


@contextmanager
def folder_written_aside(directory: Path) -> Iterator[Path]:
    """A new folder whose files move into ``directory`` when the block ends without an error: all or none.

    ``directory`` is made if it is missing, at once with all files in it. Files there under other names stay.

    Raises:
        OSError: the place cannot be written.
    """
    directory = Path(os.path.realpath(directory))
    there = directory.is_dir()
    if not there:
        directory.parent.mkdir(parents=True, exist_ok=True)
    with folder_aside(directory if there else directory.parent) as aside:
        yield aside
        if there:
            put_in_place(aside, directory)
        else:
            os.rename(aside, directory)


@contextmanager
def folder_aside(parent: Path) -> Iterator[Path]:
    """A hidden new folder inside another; what is still in it when the block ends is removed.

    Raises:
        OSError: the place cannot be written.
    """
    sweep(parent)
    aside = Path(parent) / f".{_own_mark()}{secrets.token_hex(3)}"
    aside.mkdir()
    _unfinished.add(aside)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        _unfinished.discard(aside)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder among the system's temporary files; those of killed processes are removed.

    Raises:
        OutputError: there is no place for temporary files, or no room.
    """
    try:
        sweep(Path(tempfile.gettempdir()))
        return tempfile.TemporaryDirectory(prefix=_own_mark(), ignore_cleanup_errors=True)
    except OSError as error:
        where = tempfile.tempdir or os.environ.get("TMPDIR") or "the system's folder"
        raise OutputError(f"Temporary files cannot be written to {where}: {write_reason(error)}") from None


def place_of(path: Path) -> Path:
    """The file that is replaced when a result is written to ``path``: through symbolic links, which stay as they are.

    Raises:
        OSError: what is there is no regular file, or no file can be called so.
    """
    place = Path(os.path.realpath(path))
    try:
        regular = stat.S_ISREG(os.lstat(place).st_mode)
    except FileNotFoundError:
        return place
    if not regular:
        raise OSError(errno.EINVAL, "it is no regular file, but a folder, a pipe or a device", str(path))
    return place


def put_in_place(made: Path, directory: Path) -> list[Path]:
    """Move all files under a folder, which lies on the same disk, to the same places under another: all or none.

    At no time is a file that was there missing: a killed process leaves each as it was or as it shall be.

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
            target, kept = place_of(directory / source.relative_to(made)), before / str(number)
            if not target.parent.is_dir():
                target.parent.mkdir()
                folders.append(target.parent)
            if target.exists():
                _keep(target, kept)
            done.append((source, target, kept))
            os.replace(source, target)
    except BaseException:
        for source, target, kept in reversed(done):
            if target.exists() and not source.exists():
                os.replace(target, source)
            if kept.exists():
                os.replace(kept, target)
        for folder in reversed(folders):
            folder.rmdir()
        raise
    return [target for _, target, _ in done]


def _keep(target: Path, kept: Path) -> None:
    """A second name for a file, or a copy where the disk knows no second names."""
    try:
        os.link(target, kept)
    except OSError:
        shutil.copy2(target, kept)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, aside first."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def discard_unfinished() -> None:
    """Remove what this process makes aside at the moment, before it ends without a word to whoever writes."""
    for path in tuple(_unfinished):
        _remove(path)


def sweep(folder: Path) -> None:
    """Remove what processes of this machine that are gone have left in a folder, as far as that is allowed."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _MADE_ASIDE.fullmatch(entry.name)
            if found and found[1] == machine_mark() and not alive(int(found[2])):
                _remove(Path(entry.path))


def _remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, as far as that is allowed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def write_reason(error: OSError) -> str:
    """Why something cannot be written, and what to do: the end of a line for the artist."""
    if error.errno in DISK_FULL:
        return "the disk is full. Make room, or choose another."
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long. Give a shorter one."
    if error.errno == errno.EINVAL:
        return f"{error.strerror}. Give another name."
    return f"{error.strerror or error}. Choose a folder that exists and can be written."


def _own_mark() -> str:
    return f"furrow-{machine_mark()}-{os.getpid()}-"
