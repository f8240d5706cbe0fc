"""Whether other processes of this machine still run."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from functools import cache

_QUERY_LIMITED_INFORMATION, _STILL_ACTIVE, _ACCESS_DENIED = 0x1000, 259, 5  # of the Windows API


@cache
def machine_mark() -> str:
    """8 hex digits for the machine, or the container, in which process ids mean what they mean here."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.sha256(f"{platform.node()} {space}".encode("utf-8", "replace")).hexdigest()[:8]


def alive(pid: int) -> bool:
    """Whether a process of this machine runs; True where that cannot be told."""
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _ended(pid)


def _ended(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent to look at it, which Linux tells."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return False


def _alive_on_windows(pid: int) -> bool:
    """There ``os.kill`` with signal 0 would end the process."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)
    if not handle:
        return ctypes.get_last_error() == _ACCESS_DENIED  # type: ignore[attr-defined]
    status = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(status))
    kernel.CloseHandle(handle)
    return not known or status.value == _STILL_ACTIVE
