"""The .furrow file: one character in a zip of JSON, PNG and .npy.

    character.json          schema version, names, ages, cameras, warnings
    arrays/NAME.npy         geometry, read with types and shapes checked, never pickled; shape_residual (V, 3) mm only
                            where the neutral head has something beyond its identity, hairline (n, 2) if known
    maps/NAME.png           albedo, roughness, skin_mask (8 bit), detail (16-bit RGBA displacement) and, where there is
                            one, static_residual, moving_residual (16 bit), hair_mask, beard, bare_skin, beard_skin

A file from a stranger is safe to open: entry names, sizes and counts are checked before anything is unpacked.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import CharacterFileError, OutputError
from ..hair.hair import PATCHES
from ..head.fitted import View
from ..head.model import DIRECTIONS, JOINTS, PARTS, TOPOLOGY_ARRAYS
from ..io import png16
from ..io.archive import TooLargeError, opened_archive
from ..io.budgets import CHARACTER
from ..io.npy import npy_bytes
from ..io.safe_files import write_reason, written_aside
from ..texts import reason, shortened
from .character import Character
from .reader import (
    BEARD,
    GEOMETRY,
    HAIR_MASK,
    HAIRLINE,
    HEADER,
    MOVING_RESIDUAL,
    SHAPE_RESIDUAL,
    STATIC_RESIDUAL,
    read_archive,
)
from .schema import SCHEMA

SUFFIX = ".furrow"


def save_character(character: Character, path: Path) -> None:
    """Write a .furrow file; an existing file is replaced only once the new one is complete.

    Raises:
        OutputError: the folder is missing or cannot be written.
    """
    path = Path(path)
    try:
        with written_aside(path) as aside, zipfile.ZipFile(aside, "w") as archive:
            for name, data in _entries(character):
                archive.writestr(_zip_info(name), data, compresslevel=3)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {write_reason(error)}") from None


def _zip_info(name: str) -> zipfile.ZipInfo:
    """How an entry is stored: without the time or the system, so that the same character gives the same bytes."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = 3, 0o644 << 16  # Unix
    return info


def load_character(path: Path) -> Character:
    """Read a .furrow file.

    Raises:
        CharacterFileError: missing, damaged, hostile, or written by a newer Furrow.
    """
    path = Path(path)
    try:
        with opened_archive(path, CHARACTER) as archive:
            return read_archive(archive)
    except FileNotFoundError:
        raise CharacterFileError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise CharacterFileError(f"{path} is a folder, not a {SUFFIX} file.") from None
    except PermissionError:
        raise CharacterFileError(f"{path} cannot be read: check its permissions.") from None
    except TooLargeError:
        raise CharacterFileError(f"{path.name}: it holds more than a character ever needs; it is not opened.") from None
    except OSError as error:
        raise CharacterFileError(f"{shortened(str(path))} cannot be read ({reason(error)}).") from None
    except zipfile.BadZipFile:
        raise CharacterFileError(
            f"{path.name} is not a {SUFFIX} file, or it is cut off: save or copy it again."
        ) from None
    except CharacterFileError as error:
        raise CharacterFileError(f"{path.name}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CharacterFileError(f"{path.name} is damaged ({reason(error)}): save or copy it again.") from None


def stored_maps(data: bytes) -> tuple[dict[str, bytes], float]:
    """PNG bytes of albedo, roughness, detail, any hair_mask and bare skin of a file :func:`load_character` has read.

    Args:
        data: the file.

    Returns:
        Name to PNG, and the millimetres that detail's range spans (``png16.from_uint16``).
    """
    with opened_archive(data, CHARACTER) as archive:
        scale = float(json.loads(archive.read(HEADER))["detail_scale_mm"])
        wanted = [f"maps/{name}.png" for name in ("albedo", "roughness", "detail", "hair_mask", *PATCHES)]
        return {Path(name).stem: archive.read(name) for name in wanted if name in archive.names}, scale


def _entries(character: Character) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every entry, in a fixed order."""
    moving = character.moving_residual
    if moving is not None:
        moving = np.concatenate([moving, np.zeros_like(moving[..., :1])], -1)
    maps = {
        "maps/detail.png": character.detail.stack(),
        STATIC_RESIDUAL: character.static_residual,
        MOVING_RESIDUAL: moving,
    }
    present = {name: mm for name, mm in maps.items() if mm is not None}
    scales = {name: png16.displacement_scale(mm) for name, mm in present.items()}
    header = _header(character, scales["maps/detail.png"], scales.get(STATIC_RESIDUAL), scales.get(MOVING_RESIDUAL))
    yield HEADER, json.dumps(header, indent=1).encode()
    for name in TOPOLOGY_ARRAYS:
        yield f"arrays/{name}.npy", npy_bytes(getattr(character.topology, name))
    for name in GEOMETRY:
        yield f"arrays/{name}.npy", npy_bytes(np.asarray(getattr(character, name), np.float32))
    if character.shape_residual is not None:
        yield SHAPE_RESIDUAL, npy_bytes(np.asarray(character.shape_residual, np.float32))
    if character.hairline is not None:
        yield HAIRLINE, npy_bytes(np.asarray(character.hairline, np.float32))
    for i, view in enumerate(character.views):
        marks = view.landmarks
        table = np.column_stack([marks.points, marks.depth, marks.spread]).astype(np.float32)
        yield f"arrays/landmarks_{i}.npy", npy_bytes(table)
    for name in ("albedo", "roughness", "skin_mask"):
        yield f"maps/{name}.png", png16.encode_png(getattr(character, name))
    for name, mm in present.items():
        yield name, png16.encode_png(png16.to_uint16(mm, scales[name]))
    if character.own_lines is not None:
        for name, array in character.own_lines.tables().items():
            yield f"arrays/{name}.npy", npy_bytes(array)
    if character.hair_mask is not None:
        yield HAIR_MASK, png16.encode_png(character.hair_mask)
    for name, array in character.hair.tables().items():
        yield f"arrays/{name}.npy", npy_bytes(array)
    for name, patch in character.hair.patches().items():
        yield f"maps/{name}.png", png16.encode_png(patch.pixels)
    if character.hair.beard is not None:
        yield BEARD, png16.encode_png(character.hair.beard.cover.pixels)


def _header(character: Character, detail: float, static: float | None, moving: float | None) -> dict:
    """What ``character.json`` says; of the maps of displacement the millimetres that their range spans."""
    return {
        "schema": SCHEMA,
        "name": character.name,
        "age": float(character.age),
        "eye_colour": [float(v) for v in character.eye_colour],
        "iris_diameter": None if character.iris_diameter is None else float(character.iris_diameter),
        "tooth_colour": _numbers(character.tooth_colour),
        "expression_names": list(character.expression_names),
        "region_names": list(character.topology.region_names),
        "parts": list(PARTS),
        "joints": list(JOINTS),
        "directions": list(DIRECTIONS),
        "detail_scale_mm": detail,
        "wrinkle_seed": int(character.wrinkle_seed),
        "static_residual_scale_mm": static,
        "residual_age": float(character.residual_age),
        "moving_residual_scale_mm": moving,
        "pore_gains": _numbers(character.pore_gains),
        "own_lines_age": None if character.own_lines is None else float(character.own_lines.age),
        "hair": character.hair.header(),
        "warnings": list(character.warnings),
        "views": [_view_json(view) for view in character.views],
    }


def _numbers(values: np.ndarray | None) -> list[float] | None:
    return None if values is None else [float(v) for v in values]


def _view_json(view: View) -> dict:
    camera = view.camera
    return {
        "photo": view.photo,
        "camera": {name: getattr(camera, name) for name in ("fx", "fy", "cx", "cy", "width", "height")},
        "rotation": np.asarray(view.pose.rotation, float).tolist(),
        "translation": np.asarray(view.pose.translation, float).tolist(),
        "expression": np.asarray(view.expression, float).tolist(),
        "landmark_error": float(view.landmark_error),
        "score": float(view.landmarks.score),
        "box": np.asarray(view.landmarks.box, float).tolist(),
        "light": None if view.light is None else np.asarray(view.light, float).tolist(),
        "person": None if view.person is None else [round(float(v), 4) for v in view.person],
    }
