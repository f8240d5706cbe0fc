"""The commands ``expression`` and ``performance``: a photo or a clip onto a character that exists."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import Commands, check_output, clear_bar, progress_bar

if TYPE_CHECKING:
    from .head.model import HeadModel
    from .nets.sessions import FaceNets

SHOWN = 0.02  # weights below are not printed


def add_parsers(commands: Commands, devices: tuple[str, ...]) -> None:
    """Add both commands to the sub-parsers of the command line."""
    photo = commands.add_parser("expression", help="read the expression of a photo onto a character")
    photo.add_argument("character", type=Path, metavar="IN.furrow")
    photo.add_argument("photo", type=Path, metavar="PHOTO")
    photo.add_argument("-o", "--output", type=Path, metavar="OUT.furrow", help="the character with this expression")
    photo.add_argument("--json", type=Path, metavar="OUT.json", help="weights, head rotation and gaze")
    photo.set_defaults(action=_expression)
    clip = commands.add_parser("performance", help="follow a face through a video or a folder of images")
    clip.add_argument("character", type=Path, metavar="IN.furrow")
    clip.add_argument("clip", type=Path, metavar="CLIP_OR_FOLDER")
    clip.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.json")
    clip.add_argument(
        "--fps", type=float, metavar="RATE", help="frames a second of the result (default: the clip's; of a folder: 24)"
    )
    clip.add_argument("--smooth", type=float, default=0.3, metavar="0..1", help="0 is none (default: 0.3)")
    clip.add_argument("--streaming", action="store_true", help="smooth in order of the frames, with a little lag")
    clip.add_argument(
        "--neutral-frame",
        default="auto",
        metavar="N",
        type=_neutral,
        help="frame with a neutral face that looks straight ahead; auto (default) finds the rest expression in the "
        "clip, none takes the character's",
    )
    clip.add_argument("--quiet", action="store_true", help="no progress bar")
    clip.set_defaults(action=_performance)
    for parser in (photo, clip):
        parser.add_argument("--other-person", action="store_true", help="the picture does not show the character")
        parser.add_argument(
            "--face", type=int, metavar="N", help="take face N where there are several; 0 is the largest"
        )
        parser.add_argument("--device", choices=devices, default="auto", help="where the nets run (default: auto)")


def _neutral(text: str) -> str | int:
    if text in ("auto", "none"):
        return text
    if text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a frame number nor auto or none")


def _expression(options: argparse.Namespace) -> int:
    for path, ending in ((options.output, ".furrow"), (options.json, ".json")):
        if path:
            check_output(path, ending)
    from .character.file import load_character, save_character
    from .character.schema import MAX_VIEWS
    from .performance.capture import capture_photo
    from .performance.file import save_performance

    character = load_character(options.character)
    head, nets = _models(options.device)
    performance, view = capture_photo(character, options.photo, head, nets, not options.other_person, options.face)
    if options.json:
        save_performance(performance, options.json)
    if options.output:
        # the first view is the expression "as in the photo" of every command and of Blender
        save_character(replace(character, views=(view, *character.views)[:MAX_VIEWS]), options.output)
    _print_notes(performance.notes)
    for name, weight in sorted(performance.expression().items(), key=lambda item: -item[1]):
        if weight >= SHOWN:
            print(f"{name:22s} {weight:.2f}")
    return 0


def _performance(options: argparse.Namespace) -> int:
    check_output(options.output, ".json")
    from .character.file import load_character
    from .performance.capture import CaptureSettings, capture_performance, check_settings
    from .performance.file import save_performance

    settings = CaptureSettings(
        same_person=not options.other_person,
        smooth=options.smooth,
        streaming=options.streaming,
        neutral=options.neutral_frame,
        face=options.face,
        fps=options.fps,
    )
    check_settings(settings)
    character = load_character(options.character)
    head, nets = _models(options.device)
    report = (lambda *_: None) if options.quiet else progress_bar
    performance = capture_performance(character, options.clip, head, nets, settings, report)
    save_performance(performance, options.output)
    clear_bar()
    _print_notes(performance.notes)
    if not options.quiet:
        print(f"{performance.count} frames at {performance.fps:g} a second\nwrote {options.output}")
    return 0


def _models(device: str) -> tuple[HeadModel, FaceNets]:
    """Head model and face nets, all that a performance needs."""
    from .assets import HEAD, assets_folder
    from .head.model import load_head_model
    from .nets.devices import choose
    from .nets.sessions import FaceNets

    folder = assets_folder()
    return load_head_model(folder / HEAD), FaceNets(folder, choose(device))


def _print_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        print(f"furrow: note: {note}", file=sys.stderr)
