"""A character of the scene to a file for an engine or another program: the plain Python way, all or nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import bpy

from ...core.character.character import Character
from ...core.errors import FurrowError, OutputError
from ...core.io.safe_files import folder_aside, put_in_place, write_reason
from ...core.texts import one_line
from ..head.build_head import HeadObjects
from ..head.characters import objects_of
from .pieces import all_pieces, hair_title, shaped_character
from .scene_objects import exported_armature, exported_curves, exported_mesh, plain_title
from .settings import ALEMBIC, GLTF, MOST_LEVELS, SUFFIXES, TARGETS, ExportSettings
from .stand_in import StandIn
from .temporary import temporary_scene
from .wrinkle_files import write_wrinkles
from .writers import check_exporter, write_scene

WRINKLES = "furrow_wrinkles"  # the extras of the head's mesh
PICTURES = "_textures"  # folder beside the file, of formats that hold no images
WRINKLE_FOLDER = "_wrinkles"


def export_character(collection: bpy.types.Collection, path: Path, settings: ExportSettings) -> list[Path]:
    """Write a character with bones, shape keys, images and the maps of its wrinkles; returns the files written.

    The artist's scene is not touched: all is made of copies in a scene of its own, which is removed again. Files are
    written aside and moved once all are there.

    Args:
        path: of the file; its ending becomes that of the format.

    Raises:
        FurrowError: the character is linked, has no head or armature, or Blender cannot write the format.
        OutputError: the folder is missing or cannot be written.
    """
    path = named_file(path, settings.format)
    made = objects_of(collection)
    _check(collection, made, path, settings)
    character = shaped_character(collection)
    try:
        with folder_aside(path.parent) as stage:
            _write(character, made, stage / path.name, settings)
            return put_in_place(stage, path.parent)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {write_reason(error)}") from None


def named_file(path: Path, kind: str) -> Path:
    """A path with the ending of a format; an ending of another format is replaced."""
    path = Path(path).absolute()
    known = path.suffix.lower() in (*SUFFIXES.values(), ".usd", ".usda", ".gltf")
    return path.with_name((path.stem if known else path.name) + SUFFIXES[kind])


def _check(collection: bpy.types.Collection, made: HeadObjects, path: Path, settings: ExportSettings) -> None:
    if settings.target not in TARGETS or not 0 <= settings.level <= MOST_LEVELS:
        raise FurrowError(f"Choose a target of {', '.join(TARGETS)} and a level of detail from 0 to {MOST_LEVELS}.")
    check_exporter(settings.format)
    linked = [o for o in (collection, *collection.objects) if o.library is not None or o.override_library is not None]
    if linked:
        raise FurrowError(f"{collection.name} is linked from another file: open that file and export it there.")
    if "head" not in made.parts or made.armature is None:
        raise FurrowError(f"{collection.name} has lost its head or its armature: undo that, or reconstruct it again.")
    if one_line(str(path)) != str(path):
        raise OutputError(f"Blender's exporters cannot write {path}: a name in it is no UTF-8. Rename it.")
    if not path.parent.is_dir():
        raise OutputError(f"There is no folder {path.parent}: make it first or choose another.")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"The folder {path.parent} is read-only: choose another.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder: give a file name.")


def _write(character: Character, made: HeadObjects, path: Path, settings: ExportSettings) -> None:
    """All files, into the folder of path."""
    extras = None
    if settings.wrinkles:
        extras = write_wrinkles(character, path.with_name(path.stem + WRINKLE_FOLDER), settings.wrinkle_size)
    pictures = path.with_name(path.stem + PICTURES)
    pictures.mkdir()
    with temporary_scene() as scene:
        _fill(character, made, scene, settings, pictures, extras)
        write_scene(scene, path, settings)
    if settings.format in (GLTF, ALEMBIC):  # the one holds its images, the other has none
        shutil.rmtree(pictures)


def _fill(character, made: HeadObjects, scene: bpy.types.Scene, settings: ExportSettings, pictures: Path, extras):
    """Put into a scene what is exported."""
    name = plain_title(made.collection, settings)
    stand_in = StandIn(made.head, scene)
    pieces = all_pieces(made, character, settings, stand_in)
    for group, source in made.hair.items() if settings.curves else ():
        shown = stand_in.evaluated_object(stand_in.hair(source, settings.level))
        exported_curves(shown, scene, settings, name, hair_title(group))
    for item in stand_in.made:
        bpy.data.objects.remove(item)
    armature = exported_armature(made.armature, scene, settings, name)
    keys = character.expression_names
    made_meshes = [exported_mesh(p, armature, scene, settings, name, keys, pictures) for p in pieces]
    if extras is not None:
        made_meshes[0].data[WRINKLES] = extras
    if settings.centimetres:
        scene.unit_settings.system, scene.unit_settings.scale_length = "METRIC", 0.01
    scene.view_layers[0].update()
