"""The errors Furrow raises on purpose.

Each message is one line that says what is wrong and what to do; the command line and the operators show it as it is.
Any other exception is a bug.
"""

from __future__ import annotations

import errno

from .texts import one_line

_OUT_OF_MEMORY = "There is not enough memory: close other programs or use a smaller photo."
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_NO_MEMORY = ("Insufficient memory", "Failed to allocate memory", "std::bad_alloc")


class FurrowError(Exception):
    """Base of every error whose message is meant for the artist."""

    def __init__(self, message: object = ""):
        """Make one line of a message, whatever the names of files in it hold."""
        super().__init__(one_line(str(message)))


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, which OpenCV and ONNX Runtime say in ways of their own."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def shortage(error: BaseException) -> str:
    """The artist's line about an error that means a lack of memory or of room on a disk; nothing for any other."""
    if out_of_memory(error):
        return _OUT_OF_MEMORY
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return f"The disk is full ({error.filename or 'temporary files'}): make room, then try again."
    return ""


class PhotoError(FurrowError):
    """The photo cannot be read or is not usable."""


class NoFaceError(PhotoError):
    """No face was found, or the one asked for does not exist."""


class CharacterFileError(FurrowError):
    """A .furrow file is damaged, hostile, or of a newer version."""


class DeviceError(FurrowError):
    """A compute device cannot be used."""


class AssetsError(FurrowError):
    """The built head model or face nets are missing or damaged."""


class OutputError(FurrowError):
    """A result cannot be written where it was asked for."""


class BakeError(FurrowError):
    """A folder of baked maps is incomplete, damaged, or of a newer version."""


class PerformanceError(FurrowError):
    """A video, an image sequence or a performance file cannot be used."""


class CancelledError(FurrowError):
    """The artist cancelled the reconstruction."""
