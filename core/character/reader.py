"""Reading a .furrow file from anybody: names, sizes, types and ranges are checked before they are used."""

from __future__ import annotations

import json
import re
import zipfile
from typing import Any

import cv2
import numpy as np

from ..errors import CharacterFileError
from ..hair.bare_skin import BareSkin
from ..hair.beard import Beard
from ..hair.hair import Hair, beard_header, hair_of_tables, read_header, read_scalp_header, table_kinds
from ..head.camera import Camera, Pose
from ..head.fitted import Landmarks, View
from ..head.model import DIRECTIONS, JOINTS, LANDMARK_COUNT, PARTS, TOPOLOGY_ARRAYS, HeadTopology
from ..io import png16
from ..io.npy import read_npy
from ..wrinkles.fine_skin import GAIN_RANGE, PORE_REGIONS
from ..wrinkles.own_lines import OwnLines
from .character import Character, DetailMaps

SCHEMA = 2  # 2: hair
MOST_AXES = 256  # numbers that say who a view shows
MAX_VIEWS = 16
LARGEST_SEED = 2**31 - 1
GEOMETRY = ("neutral", "expression_deltas", "directions", "joints", "joint_directions", "identity")
SHAPE_RESIDUAL = "arrays/shape_residual.npy"
STATIC_RESIDUAL = "maps/static_residual.png"
MOVING_RESIDUAL = "maps/moving_residual.png"
HAIR_MASK = "maps/hair_mask.png"
HAIRLINE = "arrays/hairline.npy"
BEARD = "maps/beard.png"
_MAPS = {"albedo": (8, 3), "roughness": (8, 1), "skin_mask": (8, 1), "detail": (16, 4)}
_MAX_ENTRIES = 64
_MAX_BYTES = 512 * 1024 * 1024
_MAX_VERTICES = 200_000
_IRIS_MM = (1.0, 30.0)
_MAX_HAIRLINE = 1024
_NAME = re.compile(r"[A-Za-z0-9_.\- ]{1,64}")
Attributes = dict[str, Any]  # values of a Character, or of one of its parts, by the attribute's name


def read_archive(archive: zipfile.ZipFile) -> Character:
    """The character of an open .furrow file.

    Raises:
        CharacterFileError: its contents are not those of a character, or of a newer Furrow.
        Exception: any that reading a damaged zip, PNG, JSON or array raises; ``load_character`` makes one line of it.
    """
    infos = archive.infolist()
    if len(infos) > _MAX_ENTRIES or sum(info.file_size for info in infos) > _MAX_BYTES:
        raise CharacterFileError("it unpacks to more than a character ever needs; it is not opened.")
    names = [info.filename for info in infos]
    if "character.json" not in names or archive.getinfo("character.json").file_size > 4_000_000:
        raise CharacterFileError("it holds no character.")
    header = json.loads(archive.read("character.json"))
    if not isinstance(header, dict) or not isinstance(header.get("schema"), int):
        raise CharacterFileError("it does not say which schema it has.")
    if header["schema"] > SCHEMA:
        raise CharacterFileError(
            f"it was saved by a newer Furrow (schema {header['schema']}, this one reads up to {SCHEMA}): update Furrow."
        )
    _check_lists(header)
    views = header["views"]
    expected = {
        "character.json",
        *(f"maps/{m}.png" for m in _MAPS),
        *(f"arrays/landmarks_{i}.npy" for i in range(len(views))),
    }
    expected |= {f"arrays/{name}.npy" for name in TOPOLOGY_ARRAYS + GEOMETRY}
    if header["static_residual_scale_mm"] is not None:
        expected.add(STATIC_RESIDUAL)
    # files from before photos' lines were kept have none of these
    if header.get("moving_residual_scale_mm") is not None:
        expected.add(MOVING_RESIDUAL)
    if header.get("own_lines_age") is not None:
        expected |= {f"arrays/{name}.npy" for name in OwnLines.TABLES}
    tips, bounds = read_header(header.get("hair"))  # files from before there was any have none
    expected |= {f"arrays/{name}.npy" for name in table_kinds(tips)} | {f"maps/{name}.png" for name in bounds}
    if beard_header(header.get("hair")) is not None:
        expected.add(BEARD)
    # not all have one, files from before they were kept have none
    expected |= {SHAPE_RESIDUAL, HAIR_MASK, HAIRLINE} & set(names)
    if len(names) != len(set(names)) or set(names) != expected:
        odd = sorted(set(names) ^ expected) or ["a name twice"]
        raise CharacterFileError(f"its contents are not those of a character ({odd[0][:60]!r}); it is not opened.")
    topology = _read_topology(archive, header)
    return _read_character(archive, header, topology)


def _check_lists(header: dict) -> None:
    """Names and lengths of everything the JSON lists."""
    for key, wanted in (("parts", PARTS), ("joints", JOINTS), ("directions", DIRECTIONS)):
        if header[key] != list(wanted):
            raise ValueError(f"{key} are not those of this Furrow")
    for key, most in (("expression_names", 52), ("region_names", 64)):
        names = header[key]
        if not isinstance(names, list) or len(names) > most or len(set(names)) != len(names):
            raise ValueError(f"{key} are not a list of at most {most} names")
        if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
            raise ValueError(f"{key} hold a name with odd characters")
    if len(header["expression_names"]) != 52:
        raise ValueError("it does not have 52 expressions")
    if not isinstance(header["views"], list) or len(header["views"]) > MAX_VIEWS:
        raise ValueError("it has too many views")
    if not isinstance(header["name"], str) or not isinstance(header["warnings"], list):
        raise ValueError("its name or warnings are not text")


def _read_topology(archive: zipfile.ZipFile, header: dict) -> HeadTopology:
    def array(name: str, kind: str, *shape: int | None) -> np.ndarray:
        return read_npy(archive.read(f"arrays/{name}.npy"), kind, shape)

    part_start = array("part_start", "i", len(PARTS) + 1)
    count = int(part_start[-1])
    if part_start[0] != 0 or (np.diff(part_start) < 0).any() or not 0 < count <= _MAX_VERTICES:
        raise ValueError("its parts overlap")
    faces = array("faces", "i", None, 4)
    face_part = array("face_part", "i", len(faces))
    mirror = array("mirror", "i", count)
    inside = (
        (faces >= part_start[face_part.clip(0, len(PARTS) - 1)][:, None])
        & (faces < part_start[face_part.clip(0, len(PARTS) - 1) + 1][:, None])
    ).all()
    if not inside or ((face_part < 0) | (face_part >= len(PARTS))).any() or ((mirror < 0) | (mirror >= count)).any():
        raise ValueError("its faces point outside the mesh")
    return HeadTopology(
        faces=faces,
        face_part=face_part,
        part_start=part_start,
        uv=array("uv", "f", len(faces), 4, 2),
        mirror=mirror,
        skin_weights=array("skin_weights", "f", count, len(JOINTS)),
        region_names=tuple(header["region_names"]),
        region_masks=array("region_masks", "f", len(header["region_names"]), count),
        wrinkle_normals=array("wrinkle_normals", "f", 2, count, 3),
    )


def _read_character(archive: zipfile.ZipFile, header: dict, topology: HeadTopology) -> Character:
    maps = _read_maps(archive)
    detail = png16.from_uint16(maps.pop("detail"), _scale(header["detail_scale_mm"]))
    views = tuple(
        _read_view(view, read_npy(archive.read(f"arrays/landmarks_{i}.npy"), "f", (LANDMARK_COUNT, 4)))
        for i, view in enumerate(header["views"])
    )
    return Character(
        name=header["name"][:200],
        topology=topology,
        expression_names=tuple(header["expression_names"]),
        age=_number(header["age"], 0.0, 1.0),
        views=views,
        eye_colour=_numbers(header["eye_colour"], (3,)),
        detail=DetailMaps(*cv2.split(detail)),
        warnings=tuple(str(line)[:500] for line in header["warnings"][:100]),
        wrinkle_seed=int(_number(header["wrinkle_seed"], 0, LARGEST_SEED)),
        residual_age=_number(header["residual_age"], 0.0, 1.0),
        hair=_read_hair(archive, header),
        **_read_looks(header),
        **_read_geometry(archive, topology.vertex_count),
        **maps,
        **_read_hairline(archive),
        **_read_residuals(archive, header, len(detail)),
    )


def _read_looks(header: dict) -> Attributes:
    """Pores, teeth and irises, by attribute; files from before they were kept have none."""
    looks: Attributes = {}
    if header.get("pore_gains") is not None:
        looks["pore_gains"] = np.clip(_numbers(header["pore_gains"], (len(PORE_REGIONS),)), *GAIN_RANGE)
    if header.get("tooth_colour") is not None:
        looks["tooth_colour"] = np.clip(_numbers(header["tooth_colour"], (3,)), 0.0, 1.0)
    if header.get("iris_diameter") is not None:
        looks["iris_diameter"] = _number(header["iris_diameter"], *_IRIS_MM)
    return looks


def _read_hair(archive: zipfile.ZipFile, header: dict) -> Hair:
    """Strands, scalp, beard and bare skin; files from before there were any have none."""
    said = header.get("hair")
    tips, bounds = read_header(said)
    tables = {
        name: read_npy(archive.read(f"arrays/{name}.npy"), kind, tuple(shape))
        for name, (kind, *shape) in table_kinds(tips).items()
    }
    patches = {
        name: BareSkin(png16.decode_png(archive.read(f"maps/{name}.png"), 8, 4), corners)
        for name, corners in bounds.items()
    }
    beard, said_of_it = None, beard_header(said)
    if said_of_it is not None:
        beard = Beard.of_header(said_of_it, png16.decode_png(archive.read(BEARD), 8, 1))
    return hair_of_tables(tips, tables, patches, read_scalp_header(said), beard)


def _read_geometry(archive: zipfile.ZipFile, count: int) -> Attributes:
    """Arrays of the character's vertices, bones and coefficients, by attribute."""
    shapes: dict[str, tuple[int | None, ...]] = {
        "neutral": (count, 3),
        "expression_deltas": (52, count, 3),
        "directions": (len(DIRECTIONS), count, 3),
        "joints": (len(JOINTS), 2, 3),
        "joint_directions": (len(DIRECTIONS), len(JOINTS), 2, 3),
        "identity": (None,),
    }
    geometry = {
        name: _bounded(read_npy(archive.read(f"arrays/{name}.npy"), "f", shape), name) for name, shape in shapes.items()
    }
    if SHAPE_RESIDUAL in archive.namelist():
        stored = read_npy(archive.read(SHAPE_RESIDUAL), "f", (count, 3))
        geometry["shape_residual"] = _bounded(stored, "shape_residual")
    return geometry


def _read_maps(archive: zipfile.ZipFile) -> Attributes:
    """The maps of every character as they are coded, and any hair mask, by attribute."""
    maps = {name: png16.decode_png(archive.read(f"maps/{name}.png"), *kind) for name, kind in _MAPS.items()}
    if HAIR_MASK in archive.namelist():
        maps["hair_mask"] = png16.decode_png(archive.read(HAIR_MASK), 8, 1)
    if any(m.shape[0] != m.shape[1] for m in maps.values()):
        raise ValueError("its maps are not square")
    return maps


def _read_hairline(archive: zipfile.ZipFile) -> Attributes:
    """The hairline, by attribute, if there is one."""
    if HAIRLINE not in archive.namelist():
        return {}
    stored = read_npy(archive.read(HAIRLINE), "f", (None, 2), limit=_MAX_HAIRLINE)
    if ((stored < 0.0) | (stored > 1.0)).any():
        raise ValueError("its hairline leaves the chart")
    return {"hairline": stored}


def _read_residuals(archive: zipfile.ZipFile, header: dict, size: int) -> Attributes:
    """What the photos added to the detail (of ``size`` texels), by attribute; without what there is none of."""
    residuals: Attributes = {}
    if header.get("moving_residual_scale_mm") is not None:
        coded = png16.decode_png(archive.read(MOVING_RESIDUAL), 16, 4)
        if coded.shape[0] != coded.shape[1]:
            raise ValueError("its maps are not square")
        moving = png16.from_uint16(coded, _scale(header["moving_residual_scale_mm"]))
        residuals["moving_residual"] = np.ascontiguousarray(moving[..., :3])
    if header.get("own_lines_age") is not None:
        tables = {
            name: read_npy(archive.read(f"arrays/{name}.npy"), kind, tuple(shape))
            for name, (kind, *shape) in OwnLines.TABLES.items()
        }
        residuals["own_lines"] = OwnLines.of_tables(tables, _number(header["own_lines_age"], 0.0, 1.0))
    if header["static_residual_scale_mm"] is not None:
        coded = png16.decode_png(archive.read(STATIC_RESIDUAL), 16, 1)
        if coded.shape != (size, size):
            raise ValueError("its maps differ in size")
        residuals["static_residual"] = png16.from_uint16(coded, _scale(header["static_residual_scale_mm"]))
    return residuals


def _read_view(view: dict, table: np.ndarray) -> View:
    camera = view["camera"]
    width, height = (int(_number(camera[name], 1, 1e6)) for name in ("width", "height"))
    fx, fy = (_number(camera[name], 1e-3, 1e7) for name in ("fx", "fy"))
    cx, cy = (_number(camera[name], -1e7, 1e7) for name in ("cx", "cy"))
    return View(
        photo=str(view["photo"])[:255],
        camera=Camera(fx, fy, cx, cy, width, height),
        pose=Pose(_numbers(view["rotation"], (3, 3)), _numbers(view["translation"], (3,))),
        expression=_numbers(view["expression"], (52,)),
        landmarks=Landmarks(
            table[:, :2], table[:, 2], table[:, 3], _number(view["score"], 0.0, 1.0), _numbers(view["box"], (4,))
        ),
        landmark_error=_number(view["landmark_error"], 0.0, 1e6),
        light=_light(view.get("light")),
        person=_person(view.get("person")),
    )


def _person(values: Any) -> np.ndarray | None:
    """(r,) what a view says of who it shows, or None."""
    if values is None:
        return None
    if not isinstance(values, list) or not 0 < len(values) <= MOST_AXES:
        raise ValueError("person is no list of numbers")
    return _numbers(values, (len(values),))


def _light(values: object) -> np.ndarray | None:
    """(9, 3) harmonics of a view's light, or None; the mean shading of skin is 1, so that none is large."""
    light = None if values is None else _numbers(values, (9, 3))
    if light is not None and np.abs(light).max() > 1e3:
        raise ValueError("light is too strong")
    return light


def _scale(value: object) -> float:
    """Millimetres that the range of a displacement map spans."""
    return _number(value, 0.0, 100.0)


def _number(value: object, low: float, high: float) -> float:
    if not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"a number lies outside {low:g} to {high:g}")
    return float(value)


def _numbers(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(values, np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"a list is not {shape} finite numbers")
    return array


def _bounded(array: np.ndarray, name: str) -> np.ndarray:
    if array.size and np.abs(array).max() > 1e5:
        raise ValueError(f"{name} holds coordinates beyond 100 metres")
    return array
