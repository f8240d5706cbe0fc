"""The command ``inspect``: what each stage of a reconstruction saw, on one page."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import FurrowError
from .terminal import Commands, clear_bar, progress_bar

if TYPE_CHECKING:
    from .character.character import Character


def add_parser(commands: Commands, devices: tuple[str, ...]) -> None:
    """Add the command to the sub-parsers of the command line."""
    parser = commands.add_parser("inspect", help="write what each stage saw as pictures on one page")
    parser.add_argument("source", nargs="+", type=Path, metavar="IN.furrow|PHOTO",
                        help="a character, or photos of one person to reconstruct")
    parser.add_argument("--dir", required=True, type=Path, help="folder of the page (index.html) and its pictures")
    parser.add_argument("--photo", nargs="+", type=Path, default=[], metavar="PHOTO",
                        help="photos that the character was made from")
    parser.add_argument("--face", type=int, metavar="N", help="take face N of a photo with several; 0 is the largest")
    parser.add_argument("--device", choices=devices, default="auto", help="where the nets run (default: auto)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(action=_inspect)


def _inspect(options: argparse.Namespace) -> int:
    from .inspection.report import check_folder, write_report
    from .inspection.stages import look
    from .pipeline import load_models

    check_folder(options.dir)
    _check_sources(options)
    report = (lambda *_: None) if options.quiet else progress_bar
    character, photos = _character(options, report)
    models = load_models(options.device)
    seen = look(character, models, photos, lambda message: report(message, 0.9, message))
    report("page", 0.97, "drawing")
    page = write_report(seen, models.atlas, options.dir)
    clear_bar()
    if not options.quiet:
        print(f"wrote {page}")
    return 0


def _check_sources(options: argparse.Namespace) -> None:
    """One character with its photos, or photos alone.

    Raises:
        FurrowError: a mixture of both.
    """
    characters = [path for path in options.source if path.suffix.lower() == ".furrow"]
    if characters and len(options.source) > 1:
        raise FurrowError("Give one .furrow file, with its photos after --photo, or photos alone.")
    if options.photo and not characters:
        raise FurrowError("--photo goes with a .furrow file: give all photos in place of it.")


def _character(
    options: argparse.Namespace, report: Callable[[str, float, str], None]
) -> tuple[Character, list[Path]]:
    """The character, read or made, and the photos that are at hand."""
    if options.source[0].suffix.lower() == ".furrow":
        from .character.file import load_character

        return load_character(options.source[0]), options.photo
    from .pipeline import Progress, reconstruct

    progress = Progress(lambda stage, fraction, message: report(stage, 0.8 * fraction, message))
    return reconstruct(options.source, device=options.device, face=options.face, progress=progress), options.source
