"""What a batch knows of each person from one run to the next: a small JSON file beside the pictures.

A record is written when a person is begun and again, last of all, when the character is there. So a batch that is
killed at any moment knows what is whole; and a character that nobody began is not its own, and stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..character.file import SUFFIX
from ..io.safe_files import write_text
from .people import Person

FOLDER = "batch"  # in the folder of the results: records and pictures
BEGUN, DONE, FAILED = "begun", "done", "failed"
CHUNK = 1 << 20  # bytes
LARGEST = 1 << 20  # bytes of a record


@dataclass(frozen=True)
class Settings:
    """What changes the characters of a batch.

    Attributes:
        size: width of the maps; None for what each photo is good for.
    """

    size: int | None = None


@dataclass(frozen=True)
class Record:
    """How it went with one person.

    Attributes:
        state: ``BEGUN``, ``DONE`` or ``FAILED``.
        digest: of photos and settings; empty where a photo cannot be read.
        age: apparent age, years; None where there is no character.
        notes: lines for the artist.
        seconds: that it took.
        error: one line; empty where nothing failed.
        details: of an error that is a bug, for a report.
    """

    state: str
    digest: str
    age: float | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""
    details: str = ""


def digest(person: Person, settings: Settings) -> str:
    """Hex digits that change with the name, the order and content of the photos, and the settings.

    Returns:
        nothing where a photo cannot be read: such a person is tried each time, and says why.
    """
    total = hashlib.sha256(json.dumps([person.name, asdict(settings)], sort_keys=True).encode())
    for photo in person.photos:
        if not photo.is_file():  # a pipe would never end
            return ""
        own = hashlib.sha256()
        try:
            with open(photo, "rb") as stream:
                while chunk := stream.read(CHUNK):
                    own.update(chunk)
        except OSError:
            return ""
        total.update(os.fsencode(photo.name) + b"\0" + own.digest())
    return total.hexdigest()


def character_path(directory: Path, person: Person) -> Path:
    """Where a person's character goes."""
    return directory / f"{person.file_name}{SUFFIX}"


def picture_path(directory: Path, person: Person, kind: str) -> Path:
    """Where a picture of a person goes: its ``kind`` is photo or head."""
    return directory / FOLDER / f"{person.file_name}.{kind}.jpg"


def read_record(directory: Path, person: Person) -> Record | None:
    """What is known of a person; None where there is nothing, or nothing that can be read."""
    path = _path(directory, person)
    try:
        with open(path, "rb") as stream:
            stored = json.loads(stream.read(LARGEST))
        if stored.get("state") not in (BEGUN, DONE, FAILED) or not isinstance(stored.get("digest"), str):
            return None
        record = Record(**stored)
        return replace(record, notes=tuple(map(str, record.notes)), seconds=float(record.seconds))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def write_record(directory: Path, person: Person, record: Record) -> None:
    """Keep what is known of a person.

    Raises:
        OSError: the place cannot be written.
    """
    write_text(_path(directory, person), json.dumps(asdict(record), indent=1))


def is_done(directory: Path, person: Person, record: Record | None, wanted: str) -> bool:
    """Whether a person's character is there and was made of these photos with these settings.

    Args:
        record: of the person.
        wanted: the digest of the photos and settings of today.
    """
    whole = record is not None and record.state == DONE and record.digest == wanted != ""
    return whole and character_path(directory, person).is_file()


def is_foreign(directory: Path, person: Person, record: Record | None) -> bool:
    """Whether a character of this name is there that no batch began."""
    return record is None and os.path.lexists(character_path(directory, person))


def _path(directory: Path, person: Person) -> Path:
    return directory / FOLDER / f"{person.file_name}.json"
