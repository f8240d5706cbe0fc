"""What the commands share: refusing outputs that cannot be written, and the progress bar."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TypeAlias

from .errors import OutputError
from .io.file_kinds import KNOWN_SUFFIXES
from .io.safe_files import place_of, write_reason

# what ``add_subparsers`` of a parser returns
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def check_output(path: Path, ending: str) -> None:
    """Refuse an output file that cannot be written, before any work is done.

    Args:
        ending: what names of such a file end in; one without, or with an unknown one, is the artist's choice.

    Raises:
        OutputError: the folder is missing or read-only, the path is no file, or named like another kind of file.
    """
    if path.suffix.lower() in KNOWN_SUFFIXES - {ending}:
        raise OutputError(f"Cannot write {path}: what comes out is a {ending} file. Give a name that ends in {ending}.")
    if os.path.isdir(path):
        raise OutputError(f"Cannot write {path}: it is a folder. Give a file name.")
    try:
        folder = place_of(path).parent
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {write_reason(error)}") from None
    if not folder.is_dir():
        raise OutputError(f"Cannot write {path}: there is no folder {folder}. Make it first or choose another.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"Cannot write {path}: the folder {folder} is read-only. Choose another.")


class _ProgressBar:
    """Draws the progress bar on a terminal; one line a stage elsewhere."""

    stage = ""

    def __call__(self, stage: str, fraction: float, message: str) -> None:
        if sys.stderr.isatty():
            width = max(10, min(30, shutil.get_terminal_size().columns - 50))
            filled = round(width * fraction)
            print(
                f"\r\x1b[K[{'#' * filled}{'.' * (width - filled)}] {fraction:4.0%}  {message}",
                end="",
                file=sys.stderr,
                flush=True,
            )
        elif stage != self.stage:
            self.stage = stage
            print(f"[{fraction:4.0%}] {message or stage}", file=sys.stderr, flush=True)


progress_bar = _ProgressBar()


def clear_bar() -> None:
    """Take the bar away before a line is printed."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
