"""Reading a zip from a stranger: nothing is listed or unpacked before its size is known to be within limits."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .budgets import CharacterBudget

_END = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE.TXT 4.3.16
_END_MARK, _ZIP64_MARK = b"PK\5\6", b"PK\6\7"
_ZIP64_LOCATOR = 20  # bytes, right before the end
_LONGEST_COMMENT = 65535
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # flag


class TooLargeError(ValueError):
    """A zip that holds, or says that it holds, more than its budget."""


class Archive:
    """An open zip within its budget.

    Attributes:
        names: of all entries, in the order of the zip; one may be there twice.
    """

    def __init__(self, stored: zipfile.ZipFile):
        """Wrap a zip whose directory is within limits."""
        self._stored = stored
        self.names = stored.namelist()

    def size(self, name: str) -> int:
        """Bytes that an entry says it unpacks to."""
        return self._stored.getinfo(name).file_size

    def read(self, name: str) -> bytes:
        """An entry; never more is unpacked than it says.

        Raises:
            ValueError: it is damaged, or packed in a way that Furrow never uses.
            KeyError: there is none of that name.
        """
        info = self._stored.getinfo(name)
        if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
            raise ValueError("an entry is packed in a way that is not used here")
        try:
            with self._stored.open(info) as entry:
                data = entry.read(info.file_size)
        except (zlib.error, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise ValueError(str(error) or "an entry is cut off") from None
        if len(data) != info.file_size:
            raise ValueError("an entry is shorter than it should be")
        return data


@contextmanager
def opened_archive(source: Path | bytes, budget: CharacterBudget) -> Iterator[Archive]:
    """The zip of a path, or of bytes.

    Raises:
        TooLargeError: the file, its directory or what it unpacks to is beyond the budget.
        zipfile.BadZipFile: it is no zip.
        OSError: it cannot be read, or is no regular file.
    """
    if not isinstance(source, bytes) and os.path.exists(source) and not os.path.isdir(source):
        if not os.path.isfile(source):
            raise OSError("it is no regular file")
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        _check_end(stream, budget)
        with zipfile.ZipFile(stream) as stored:
            if sum(info.file_size for info in stored.infolist()) > budget.unpacked_bytes:
                raise TooLargeError("it unpacks to too much")
            yield Archive(stored)


def _check_end(stream: BinaryIO, budget: CharacterBudget) -> None:
    """Look at the end of the zip, where its directory is described, before Python's zipfile reads the directory."""
    size = stream.seek(0, os.SEEK_END)
    if size > budget.file_bytes:
        raise TooLargeError("the file is too large")
    stream.seek(max(size - _LONGEST_COMMENT - _END.size - _ZIP64_LOCATOR, 0))
    tail = stream.read()
    start = tail.rfind(_END_MARK)
    if start < 0 or len(tail) - start < _END.size:
        raise zipfile.BadZipFile("no end of a zip")
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(tail, start)
    has_zip64 = tail[max(start - _ZIP64_LOCATOR, 0) : start].startswith(_ZIP64_MARK)
    if has_zip64 or entries > budget.entries or directory > budget.directory_bytes:
        raise TooLargeError("it has too many entries")
    stream.seek(0)
