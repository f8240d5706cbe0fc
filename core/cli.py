"""The command line: reconstruct, batch, expression, performance, export, bake, wrinkles, swap, inspect, blend,
export-engine, render, preview.

Exit status 0; 2 for a bad input, with one clear line on standard error; 1 for a bug, or where some of a batch failed.
"""

from __future__ import annotations

import os

# small solvers are many times slower with a pool, whose sums in another order also make another head
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import io
import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import batch_command, children, inspect_command, performance_commands
from .errors import FurrowError, OutputError, shortage
from .io.safe_files import temporary_folder
from .nets.device_names import DEVICES
from .terminal import Commands, check_output, clear_bar, progress_bar

if TYPE_CHECKING:
    from .wrinkles.atlas import WrinkleAtlas

SIZES = (512, 1024, 2048, 4096)  # of the maps of a new character, texels


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be no text
    try:
        return options.action(options)
    except FurrowError as error:
        clear_bar()
        print(f"furrow: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        if not (line := shortage(error)):
            raise
        clear_bar()
        print(f"furrow: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        clear_bar()
        print("furrow: stopped; nothing was written.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="furrow", description="One photo in, a riggable head with living wrinkles out."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    make = commands.add_parser("reconstruct", help="build a character from photos of one person")
    make.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    make.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.furrow")
    make.add_argument("--device", choices=tuple(DEVICES), default="auto", help="where the nets run (default: auto)")
    make.add_argument("--face", type=int, metavar="N", help="take face N of a photo with several; 0 is the largest")
    make.add_argument("--name", help="name of the character (default: the photo's)")
    make.add_argument(
        "--size", type=int, choices=SIZES, help="width of the maps (default: by the photo)"
    )
    make.add_argument(
        "--age", type=float, metavar="YEARS", help="20 to 85, of the lines at rest (default: the age the photo shows)"
    )
    make.add_argument("--quiet", action="store_true", help="no progress bar")
    make.set_defaults(action=_reconstruct)
    batch_command.add_parser(commands, tuple(DEVICES), SIZES)
    performance_commands.add_parsers(commands, tuple(DEVICES))
    inspect_command.add_parser(commands, tuple(DEVICES))
    _of_character(commands, "export", "write meshes, maps and parameters of a character", _export)
    bake = _of_character(commands, "bake", "maps and masks for game engines, one map per key expression", _bake)
    bake.add_argument("--size", type=int, metavar="TEXELS", help="width of the maps (default: the character's)")
    bake.add_argument("--normals", action="store_true", help="tangent-space normal maps instead of displacement")
    wrinkles = _of_character(
        commands, "wrinkles", "the character at another age, or with another layout of lines", _wrinkles, "OUT.furrow"
    )
    wrinkles.add_argument("--age", type=float, metavar="YEARS", help="20 to 85")
    wrinkles.add_argument("--seed", type=int, metavar="N", help="another layout of lines")
    swap = _of_character(commands, "swap", "give a character the static detail of another", _swap, "OUT.furrow")
    swap.add_argument("source", type=Path, metavar="SOURCE.furrow")
    swap.add_argument("--mix", type=float, default=1.0, help="0 keeps, 1 takes the source's (default: 1)")
    swap.add_argument("--regions", nargs="+", metavar="REGION", help="only these regions (default: everywhere)")
    swap.add_argument("--dynamic", action="store_true", help="take the wrinkles in motion too")
    _of_character(commands, "blend", "write a .blend with the head (needs the bpy package)", _blend, "OUT.blend")
    _add_engine(commands)
    _of_character(commands, "render", "render the standard expressions (needs the bpy package)", _render)
    preview = _of_character(
        commands,
        "preview",
        "contact sheet: photo, fitted mesh, expressions (needs the bpy package)",
        _preview,
        "OUT.png",
    )
    preview.add_argument("--photo", required=True, type=Path)
    return parser


def _add_engine(commands: Commands) -> None:
    engine = _of_character(
        commands,
        "export-engine",
        "write a .glb, .fbx, .usdc or .abc for a game engine or another program (needs the bpy package)",
        _engine,
        "OUT.glb|fbx|usdc|abc",
    )
    engine.add_argument(
        "--target", choices=("unreal", "unity", "godot", "blender"), default="unity", help="names, axes and scale"
    )
    engine.add_argument("--level", type=int, choices=(0, 1, 2), default=0, help="subdivisions of the head (default: 0)")
    engine.add_argument(
        "--hair", choices=("hair", "painted", "none"), default="hair", help="as a mesh or curves, painted brows, none"
    )
    engine.add_argument("--strands", type=int, default=4000, metavar="N", help="most strands of each kind of hair")
    engine.add_argument("--no-wrinkles", action="store_true", help="no maps and masks of the wrinkles in motion")


def _of_character(
    commands: Commands,
    name: str,
    description: str,
    action: Callable[[argparse.Namespace], int],
    output: str | None = None,
) -> argparse.ArgumentParser:
    """The parser of a command that reads a character and writes one file, or without ``output`` a folder."""
    command = commands.add_parser(name, help=description)
    command.add_argument("character", type=Path, metavar="IN.furrow")
    if output:
        command.add_argument("-o", "--output", required=True, type=Path, metavar=output)
    else:
        command.add_argument("--dir", required=True, type=Path)
    command.set_defaults(action=action)
    return command


def _reconstruct(options: argparse.Namespace) -> int:
    check_output(options.output, ".furrow")
    from .character.edit import with_wrinkles, years_of_age
    from .character.file import save_character
    from .detail.apparent_age import SPREAD_YEARS
    from .pipeline import Progress, load_models, reconstruct

    chosen = _chosen_age(options.age)
    progress = Progress() if options.quiet else Progress(progress_bar)
    progress.report("models", 0.0, "loading models")
    models = load_models(options.device)
    character = reconstruct(
        options.photos, face=options.face, name=options.name, size=options.size, models=models, progress=progress
    )
    apparent = years_of_age(character.age)
    if chosen is not None:
        character = with_wrinkles(character, models.atlas, age=chosen)
    save_character(character, options.output)
    clear_bar()
    for warning in character.warnings:
        print(f"furrow: note: {warning}", file=sys.stderr)
    if not options.quiet:
        spent = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in progress.seconds.items())
        print(f"apparent age: {apparent:.0f} years, give or take {SPREAD_YEARS:.0f}; change it: furrow wrinkles --age")
        print(f"device: {models.device}\nstages: {spent}\nwrote {options.output}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from .character.file import load_character
    from .output.export import export

    export(load_character(options.character), options.dir)
    return 0


def _bake(options: argparse.Namespace) -> int:
    from .character.file import load_character
    from .output.bake import bake

    kind = "normal" if options.normals else "displacement"
    bake(load_character(options.character), options.dir, options.size, kind)
    return 0


def _wrinkles(options: argparse.Namespace) -> int:
    check_output(options.output, ".furrow")
    from .character.edit import with_wrinkles
    from .character.file import load_character, save_character
    from .character.schema import LARGEST_SEED

    age = _chosen_age(options.age)
    if options.seed is not None and not 0 <= options.seed <= LARGEST_SEED:
        raise FurrowError(f"The seed is {options.seed}: choose a whole number from 0 to {LARGEST_SEED}.")
    save_character(
        with_wrinkles(load_character(options.character), _atlas(), age=age, seed=options.seed), options.output
    )
    return 0


def _chosen_age(years: float | None) -> float | None:
    """Age 0 to 1 of an option in years; None where it was not given."""
    from .character.edit import OLDEST, YOUNGEST, age_of_years

    if years is None:
        return None
    if not YOUNGEST <= years <= OLDEST:
        raise FurrowError(f"The age is {years:g}: choose {YOUNGEST:g} to {OLDEST:g} years.")
    return age_of_years(years)


def _swap(options: argparse.Namespace) -> int:
    check_output(options.output, ".furrow")
    from .character.edit import swap_detail
    from .character.file import load_character, save_character

    target, source = load_character(options.character), load_character(options.source)
    mixed = swap_detail(target, source, _atlas(), options.mix, options.regions, dynamic=options.dynamic)
    save_character(mixed, options.output)
    return 0


def _atlas() -> WrinkleAtlas:
    from .assets import WRINKLES, assets_folder
    from .wrinkles.maps import load_atlas

    return load_atlas(assets_folder() / WRINKLES)


def _blend(options: argparse.Namespace) -> int:
    check_output(options.output, ".blend")
    return _in_blender("blend", options.character, options.output)


def _engine(options: argparse.Namespace) -> int:
    kinds = {".glb": "GLB", ".fbx": "FBX", ".usdc": "USD", ".abc": "ABC"}
    ending = options.output.suffix.lower()
    if ending not in kinds:
        raise OutputError(f"Cannot write {options.output}: give a name that ends in {', '.join(kinds)}.")
    if options.strands < 1:
        raise FurrowError(f"--strands is {options.strands}: give 1 or more.")
    check_output(options.output, ending)
    chosen = {
        "format": kinds[ending],
        "target": options.target.upper(),
        "level": options.level,
        "hair": options.hair.upper(),
        "strands": options.strands,
        "wrinkles": not options.no_wrinkles,
        "wrinkle_size": 1024,
    }
    return _in_blender("engine", options.character, options.output, more=[json.dumps(chosen)])


def _render(options: argparse.Namespace) -> int:
    return _in_blender("render", options.character, options.dir)


def _preview(options: argparse.Namespace) -> int:
    check_output(options.output, ".png")
    from .character.file import load_character
    from .io.photo import load_photo
    from .io.png16 import write_png
    from .output.preview import contact_sheet

    if options.output.resolve() == options.photo.resolve():
        raise OutputError(f"Cannot write {options.output}: it is the photo. Give another name.")
    character, photo = load_character(options.character), load_photo(options.photo)
    with temporary_folder() as folder:
        status = _in_blender("render", options.character, Path(folder), "rendered ")
        if status:
            return status
        write_png(options.output, contact_sheet(photo.pixels, character, Path(folder)))
    print(f"wrote {options.output}")
    return 0


def _in_blender(
    command: str, character: Path, output: Path, written: str = "wrote ", more: Sequence[str] = ()
) -> int:
    """Run a command of the add-on in a process of its own: core itself never loads Blender."""
    from importlib.util import find_spec

    if find_spec("bpy") is None:
        raise FurrowError(
            f"'{command}' needs Blender's Python module: pip install bpy==4.5.15, or open the file in Blender."
        )
    from .character.file import load_character

    load_character(character)  # a bad file is one line, before Blender starts
    source, target = character.absolute(), output.absolute()
    arguments = children.module_command("blender_addon.command", [command, source, target, *more])
    chatter: deque[str] = deque(maxlen=30)
    # Blender's own lines are noise unless it fails; its bar-less renders report one line each
    with subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding=children.ENCODING,
        errors=children.ERRORS,
        env=children.environment(),
    ) as process:
        for line in process.stdout or ():
            chatter.append(line)
            if line.startswith("wrote "):
                print(line.replace("wrote ", written, 1).replace(str(target), str(output), 1), end="", flush=True)
    if process.returncode:
        print("".join(chatter), end="", file=sys.stderr)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
