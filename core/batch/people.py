"""Who is in a batch: photos, folders and lists to people, each with photos and a name that no other has."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import FurrowError
from ..io.file_kinds import IMAGE_SUFFIXES
from ..texts import one_line, reason, shortened

PHOTO_SUFFIXES = (*IMAGE_SUFFIXES, ".heic", ".heif", ".avif", ".gif")
LIST_SUFFIXES = (".txt", ".lst", ".list")
LONGEST_LIST = 64 << 20  # bytes
LONGEST_NAME = 120  # bytes of a file's name, so that it may get a number and endings
_NOT_IN_NAMES = '<>:"/\\|?*'  # some system forbids them


@dataclass(frozen=True)
class Person:
    """One person of a batch.

    Attributes:
        name: as shown and stored in the character, one line.
        file_name: of what is written, without ending: different for all people, whatever the case of letters.
        photos: of this person, in order.
    """

    name: str
    file_name: str
    photos: tuple[Path, ...]


@dataclass(frozen=True)
class Crowd:
    """All people of a batch.

    Attributes:
        people: in order, no two of the same photos.
        ignored: files of folders that are no photos.
    """

    people: tuple[Person, ...]
    ignored: int


def find_people(sources: Sequence[Path], output: Path) -> Crowd:
    """The people of photos, folders and lists.

    A photo is a person. In a folder each photo is a person, and each sub-folder one person with several photos. A list
    is a text file with a path a line, relative to its own folder; empty lines and those that begin with # are left out.
    A file that is not there is a person all the same, whose reconstruction says so.

    Args:
        output: folder of the results: it, and what lies in it, is nobody.

    Raises:
        FurrowError: there is nobody, a list or folder cannot be read, or the output is one of the folders.
    """
    finder = _Finder(Path(os.path.realpath(output)))
    for source in sources:
        if source.suffix.lower() in LIST_SUFFIXES:
            for line in _lines(source):
                finder.add(line)
        else:
            finder.add(source)
    if not finder.found:
        raise FurrowError(f"There is no photo in {', '.join(map(str, sources[:3]))}: give photos, a folder or a list.")
    return Crowd(tuple(_named(finder.found.values())), finder.ignored)


class _Finder:
    """Collects names and photos; the same photos count once."""

    def __init__(self, output: Path):
        self._output = output
        self.found: dict[tuple[str, ...], tuple[str, tuple[Path, ...]]] = {}
        self.ignored = 0

    def add(self, source: Path) -> None:
        """A photo, or a folder."""
        if not source.is_dir():
            self._person(source.stem, [source])
            return
        if Path(os.path.realpath(source)) == self._output:
            raise FurrowError(f"The photos lie in {source}, where the results shall go: give another --out.")
        photos, folders = self._listed(source)
        for photo in photos:
            self._person(photo.stem, [photo])
        for folder in folders:
            own = self._listed(folder)[0]
            if own:
                self._person(folder.name, own)

    def _person(self, name: str, photos: list[Path]) -> None:
        self.found.setdefault(tuple(os.path.abspath(photo) for photo in photos), (name, tuple(photos)))

    def _listed(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """Photos and folders in a folder, sorted; hidden files are passed over, others counted."""
        try:
            entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            raise FurrowError(f"The folder {folder} cannot be read ({reason(error)}): check its permissions.") from None
        folders = [path for path in entries if path.is_dir() and Path(os.path.realpath(path)) != self._output]
        files = [path for path in entries if not path.is_dir()]
        photos = [path for path in files if path.suffix.lower() in PHOTO_SUFFIXES]
        self.ignored += len(files) - len(photos)
        return photos, folders


def _lines(path: Path) -> list[Path]:
    """The paths of a list."""
    try:
        if not path.is_file():
            raise FurrowError(f"There is no list {path}.")
        with open(path, "rb") as stream:
            data = stream.read(LONGEST_LIST + 1)
    except OSError as error:
        raise FurrowError(f"The list {path} cannot be read ({reason(error)}).") from None
    if len(data) > LONGEST_LIST or b"\0" in data:
        raise FurrowError(f"{path} is no list of photos: give a text file with a path on each line.")
    lines = [line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    return [path.parent / os.fsdecode(line) for line in lines if line and not line.startswith(b"#")]


def _named(found: Iterable[tuple[str, tuple[Path, ...]]]) -> list[Person]:
    """People with file names that differ: a number tells those of the same name apart."""
    taken: set[str] = set()
    people = []
    for name, photos in found:
        plain = chosen = file_name(name)
        number = 1
        while _same(chosen) in taken:
            number += 1
            chosen = f"{plain}-{number}"
        taken.add(_same(chosen))
        people.append(Person(shortened(name) or chosen, chosen, photos))
    return people


def file_name(name: str) -> str:
    """A name that any system takes for a file, as like to a name as can be."""
    plain = "".join("_" if letter in _NOT_IN_NAMES else letter for letter in one_line(name)).strip(" .")
    while len(plain.encode()) > LONGEST_NAME:
        plain = plain[:-1]
    return plain or "person"


def _same(name: str) -> str:
    """What two names have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()
