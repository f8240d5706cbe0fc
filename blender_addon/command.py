"""Commands that need Blender's Python module, run in a process of their own by the command line.

Usage:

    python -m furrow.blender_addon.command blend IN.furrow OUT.blend
    python -m furrow.blender_addon.command render IN.furrow|IN.blend FOLDER [SHOT ...]
    python -m furrow.blender_addon.command engine IN.furrow|IN.blend OUT OPTIONS_AS_JSON
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import bpy

from ..core.character.character import Character
from ..core.character.file import load_character
from ..core.errors import CharacterFileError, FurrowError, OutputError
from ..core.head.fitted import View
from ..core.io.safe_files import write_reason, written_aside
from ..core.output.preview import SHOTS
from ..core.texts import reason
from .export.export_character import export_character
from .export.settings import ExportSettings
from .head.build_head import HeadObjects, build_head
from .head.character_store import character_from, stored_bytes
from .head.characters import all_characters, has_head, objects_of
from .head.portrait import add_studio, render_shots, set_render, use_fast_scattering


def save_blend(character: Character, path: Path, source: str = "") -> None:
    """Write a .blend with the head of a character, a camera and lights, ready to open and render.

    Raises:
        OutputError: the file cannot be written.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = build_head(character, source=source)
    scene = bpy.context.scene
    add_studio(scene, made)
    set_render(scene)
    try:
        with written_aside(Path(path), ".blend") as aside:
            bpy.ops.wm.save_as_mainfile(filepath=str(aside.absolute()), compress=True, copy=True)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {write_reason(error)}") from None
    except RuntimeError as error:
        raise OutputError(f"Cannot write {path}: {reason(error)}") from None


def render(source: Path, folder: Path, shots: tuple[str, ...] = tuple(SHOTS)) -> list[Path]:
    """Render shots of a .furrow or of the first character in a .blend to folder/SHOT.png.

    Raises:
        FurrowError: the source is damaged or has no character, or a shot does not exist.
    """
    unknown = [shot for shot in shots if shot not in SHOTS]
    if unknown:
        raise FurrowError(f"There is no shot {unknown[0]!r}: choose from {', '.join(SHOTS)}.")
    made, view = _open(source)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot write to {folder}: {write_reason(error)}") from None
    scene = bpy.context.scene
    if scene.camera is None:
        add_studio(scene, made)
    set_render(scene)
    use_fast_scattering(bpy.data.materials)
    return render_shots(made, folder, scene, shots, view)


def _open(source: Path) -> tuple[HeadObjects, View | None]:
    """The head, and what its first photo saw of it."""
    if source.suffix != ".blend":
        character = load_character(source)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        return build_head(character, source=str(source)), next(iter(character.views), None)
    try:
        bpy.ops.wm.open_mainfile(filepath=str(source))
    except RuntimeError as error:
        raise CharacterFileError(f"{source.name} cannot be opened: {str(error).strip().splitlines()[-1]}") from None
    found = [c for c in all_characters(bpy.context.scene) if has_head(c)]
    if not found:
        raise CharacterFileError(f"{source.name} has no Furrow character.")
    character = character_from(stored_bytes(found[0]))
    return objects_of(found[0]), next(iter(character.views), None)


def main(arguments: list[str]) -> int:
    """Run one command; exit status 2 with one line for a bad input."""
    try:
        match arguments:
            case ["blend", source, output]:
                save_blend(load_character(Path(source)), Path(output), source=str(Path(source).resolve()))
                print(f"wrote {output}")
            case ["render", source, folder, *shots]:
                for path in render(Path(source), Path(folder), tuple(shots) or tuple(SHOTS)):
                    print(f"wrote {path}")
            case ["engine", source, output, options]:
                made, _ = _open(Path(source))
                export_character(made.collection, Path(output), ExportSettings(**json.loads(options)))
                print(f"wrote {output}")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except FurrowError as error:
        print(f"furrow: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    os._exit(status)  # the module frees gigabytes one by one on the ordinary way out
