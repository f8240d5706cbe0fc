"""The command ``batch``: a crowd of people, each to a character, in several processes; it goes on where it stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import FurrowError
from .terminal import Commands, clear_bar, progress_bar

if TYPE_CHECKING:
    from .batch.people import Crowd
    from .batch.summary import Outcome

SOME_FAILED, STOPPED = 1, 1  # exit statuses
MOST_WORKERS = 256


def add_parser(commands: Commands, devices: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    """Add the command to the sub-parsers of the command line."""
    parser = commands.add_parser("batch", help="reconstruct many people; run it again to go on where it stopped")
    parser.add_argument("sources", nargs="+", type=Path, metavar="PHOTO|FOLDER|LIST.txt",
                        help="each photo is a person; so is each photo in a folder, and each of its sub-folders; a "
                        "list has a path on each line")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR",
                        help="folder of NAME.furrow, summary.csv, index.html and contact.png")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: by cores and memory)")
    parser.add_argument("--size", type=int, choices=sizes, help="width of the maps (default: by each photo)")
    parser.add_argument("--device", choices=devices, default="auto", help="where the nets run (default: auto)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(action=_batch)


def _batch(options: argparse.Namespace) -> int:
    if options.workers is not None and not 1 <= options.workers <= MOST_WORKERS:
        raise FurrowError(f"--workers is {options.workers}: give 1 to {MOST_WORKERS}.")
    from .batch.people import find_people
    from .batch.records import Settings
    from .batch.run import check_directory, run_batch

    check_directory(options.out)
    crowd = find_people(options.sources, options.out)
    report: Callable[[str, float, str], None] = (lambda *_: None) if options.quiet else progress_bar
    try:
        outcomes = run_batch(
            crowd.people,
            options.out,
            settings=Settings(options.size),
            workers=options.workers,
            device=options.device,
            report=report,
        )
    except KeyboardInterrupt:
        clear_bar()
        print("furrow: stopped; what is done is kept. The same command goes on from here.", file=sys.stderr)
        return STOPPED
    clear_bar()
    return _told(crowd, outcomes, options)


def _told(crowd: Crowd, outcomes: list[Outcome], options: argparse.Namespace) -> int:
    """Say how it went; the exit status."""
    from .inspection.page import PAGE

    failed = sum(outcome.failed for outcome in outcomes)
    made = sum(outcome.made and not outcome.failed for outcome in outcomes)
    if not options.quiet:
        print(f"{made} made, {len(outcomes) - made - failed} were there, {failed} failed")
        if crowd.ignored:
            print(f"files in the folders that are no photos, left out: {crowd.ignored}")
        print(f"wrote {options.out / PAGE}")
    if not failed:
        return 0
    print(f"furrow: {failed} of {len(outcomes)} people failed: {options.out / PAGE} says why.", file=sys.stderr)
    return SOME_FAILED
