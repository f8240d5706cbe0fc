"""Reading a .furrow file from anybody: names, sizes, types and ranges (``schema``) are checked before they are used."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np

from ..errors import CharacterFileError
from ..hair.bare_skin import BareSkin
from ..hair.beard import Beard
from ..hair.hair import Hair, beard_header, hair_of_tables, read_header, read_scalp_header, table_kinds
from ..head.camera import Camera, Pose
from ..head.fitted import Landmarks, View
from ..head.model import TOPOLOGY_ARRAYS, HeadTopology
from ..io import png16
from ..io.archive import Archive
from ..io.budgets import CHARACTER
from ..io.npy import read_npy
from ..wrinkles.fine_skin import GAIN_RANGE, PORE_REGIONS
from ..wrinkles.own_lines import OwnLines
from .character import Character, DetailMaps
from .schema import (
    LONGEST_NAME,
    LONGEST_PHOTO,
    MOST_AXES,
    SCHEMA,
    TABLES,
    UNIT,
    check_lists,
    check_mesh,
    check_parts,
    listed,
    number,
    numbers,
    text,
)

GEOMETRY = ("neutral", "expression_deltas", "directions", "joints", "joint_directions", "identity")
SHAPE_RESIDUAL = "arrays/shape_residual.npy"
STATIC_RESIDUAL = "maps/static_residual.png"
MOVING_RESIDUAL = "maps/moving_residual.png"
HAIR_MASK = "maps/hair_mask.png"
HAIRLINE = "arrays/hairline.npy"
BEARD = "maps/beard.png"
HEADER = "character.json"
_MAPS = {"albedo": (8, 3), "roughness": (8, 1), "skin_mask": (8, 1), "detail": (16, 4)}
Attributes = dict[str, Any]  # values of a Character, or of one of its parts, by the attribute's name


def read_archive(archive: Archive) -> Character:
    """The character of an open .furrow file.

    Raises:
        CharacterFileError: its contents are not those of a character, or of a newer Furrow.
        ValueError, KeyError, TypeError, OverflowError, RecursionError: a header, an array or a map is damaged;
            ``load_character`` makes one line of it.
    """
    names = archive.names
    if HEADER not in names or archive.size(HEADER) > CHARACTER.header_bytes:
        raise CharacterFileError("it holds no character.")
    header = json.loads(archive.read(HEADER))
    if not isinstance(header, dict) or type(header.get("schema")) is not int or header["schema"] < 1:
        raise CharacterFileError("it does not say which schema it has.")
    if header["schema"] > SCHEMA:
        raise CharacterFileError(
            f"it was saved by a newer Furrow (schema {header['schema']:.6g}, this one reads up to {SCHEMA}): update "
            "Furrow."
        )
    check_lists(header)
    expected = _expected(header) | ({SHAPE_RESIDUAL, HAIR_MASK, HAIRLINE} & set(names))  # not all files have these
    if len(names) != len(set(names)) or set(names) != expected:
        odd = sorted(set(names) ^ expected) or ["a name twice"]
        raise CharacterFileError(f"its contents are not those of a character ({odd[0][:60]!r}); it is not opened.")
    return _read_character(archive, header, _read_topology(archive, header))


def _expected(header: dict) -> set[str]:
    """Names of all entries that a file with this header has; older ones lack what was not kept then."""
    maps = {f"maps/{name}.png" for name in _MAPS}
    arrays = {*TOPOLOGY_ARRAYS, *GEOMETRY, *(f"landmarks_{i}" for i in range(len(header["views"])))}
    if header["static_residual_scale_mm"] is not None:
        maps.add(STATIC_RESIDUAL)
    if header.get("moving_residual_scale_mm") is not None:
        maps.add(MOVING_RESIDUAL)
    if header.get("own_lines_age") is not None:
        arrays.update(OwnLines.TABLES)
    tips, bounds = read_header(header.get("hair"))
    arrays.update(table_kinds(tips))
    maps.update(f"maps/{name}.png" for name in bounds)
    if beard_header(header.get("hair")) is not None:
        maps.add(BEARD)
    return {HEADER} | maps | {f"arrays/{name}.npy" for name in arrays}


def _read_topology(archive: Archive, header: dict) -> HeadTopology:
    sizes = {"V": 0, "F": 0, "R": len(header["region_names"])}

    def array(name: str) -> np.ndarray:
        return TABLES[name].read(archive.read(f"arrays/{name}.npy"), name, sizes)

    part_start = array("part_start")
    sizes["V"] = check_parts(part_start)
    faces = array("faces")
    sizes["F"] = len(faces)
    others = {name: array(name) for name in TOPOLOGY_ARRAYS if name not in ("part_start", "faces")}
    return HeadTopology(faces=faces, part_start=part_start, region_names=tuple(header["region_names"]), **others)


def _read_character(archive: Archive, header: dict, topology: HeadTopology) -> Character:
    geometry = _read_geometry(archive, topology.vertex_count)
    check_mesh(topology, geometry["neutral"])
    maps = _read_maps(archive)
    detail = cv2.split(png16.from_uint16(maps.pop("detail"), number(header, "detail_scale_mm")))
    size = len(detail[0])
    return Character(
        name=text(header["name"], LONGEST_NAME),
        topology=topology,
        expression_names=tuple(header["expression_names"]),
        age=number(header, "age"),
        views=tuple(_read_view(archive, view, i) for i, view in enumerate(header["views"])),
        eye_colour=numbers(header, "eye_colour", (3,)),
        detail=DetailMaps(*detail),
        warnings=listed(header["warnings"]),
        wrinkle_seed=int(number(header, "wrinkle_seed")),
        residual_age=number(header, "residual_age"),
        hair=_read_hair(archive, header),
        **_read_looks(header),
        **geometry,
        **maps,
        **_read_hairline(archive),
        **_read_residuals(archive, header, size),
    )


def _read_looks(header: dict) -> Attributes:
    """Pores, teeth and irises, by attribute; files from before they were kept have none."""
    looks: Attributes = {}
    if header.get("pore_gains") is not None:
        looks["pore_gains"] = np.clip(numbers(header, "pore_gains", (len(PORE_REGIONS),)), *GAIN_RANGE)
    if header.get("tooth_colour") is not None:
        looks["tooth_colour"] = numbers(header, "tooth_colour", (3,))
    if header.get("iris_diameter") is not None:
        looks["iris_diameter"] = number(header, "iris_diameter")
    return looks


def _read_hair(archive: Archive, header: dict) -> Hair:
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


def _read_geometry(archive: Archive, count: int) -> Attributes:
    """Arrays of the character's vertices, bones and coefficients, by attribute."""
    names = (*GEOMETRY, "shape_residual") if SHAPE_RESIDUAL in archive.names else GEOMETRY
    return {name: TABLES[name].read(archive.read(f"arrays/{name}.npy"), name, {"V": count}) for name in names}


def _read_maps(archive: Archive) -> Attributes:
    """The maps of every character as they are coded, and any hair mask, by attribute."""
    maps: Attributes = {name: png16.decode_png(archive.read(f"maps/{name}.png"), *kind) for name, kind in _MAPS.items()}
    if HAIR_MASK in archive.names:
        maps["hair_mask"] = png16.decode_png(archive.read(HAIR_MASK), 8, 1)
    if any(m.shape[0] != m.shape[1] for m in maps.values()):
        raise ValueError("its maps are not square")
    return maps


def _read_hairline(archive: Archive) -> Attributes:
    """The hairline, by attribute, if there is one."""
    if HAIRLINE not in archive.names:
        return {}
    return {"hairline": TABLES["hairline"].read(archive.read(HAIRLINE), "hairline", {})}


def _read_residuals(archive: Archive, header: dict, size: int) -> Attributes:
    """What the photos added to the detail (of ``size`` texels), by attribute; without what there is none of."""
    residuals: Attributes = {}
    if header.get("moving_residual_scale_mm") is not None:
        coded = png16.decode_png(archive.read(MOVING_RESIDUAL), 16, 4)
        if coded.shape[0] != coded.shape[1]:
            raise ValueError("its maps are not square")
        moving = png16.from_uint16(coded, number(header, "moving_residual_scale_mm"))
        residuals["moving_residual"] = np.ascontiguousarray(moving[..., :3])
    if header.get("own_lines_age") is not None:
        tables = {
            name: read_npy(archive.read(f"arrays/{name}.npy"), kind, tuple(shape))
            for name, (kind, *shape) in OwnLines.TABLES.items()
        }
        residuals["own_lines"] = OwnLines.of_tables(tables, number(header, "own_lines_age"))
    if header["static_residual_scale_mm"] is not None:
        coded = png16.decode_png(archive.read(STATIC_RESIDUAL), 16, 1)
        if coded.shape != (size, size):
            raise ValueError("its maps differ in size")
        residuals["static_residual"] = png16.from_uint16(coded, number(header, "static_residual_scale_mm"))
    return residuals


def _read_view(archive: Archive, view: dict, index: int) -> View:
    """One photo's view; its landmarks are an array of their own."""
    table = TABLES["landmarks"].read(archive.read(f"arrays/landmarks_{index}.npy"), "landmarks", {})
    if (table[:, 3] < 0.0).any():
        raise ValueError("landmarks have a negative spread")
    camera, rotation = view["camera"], numbers(view, "rotation", (3, 3))
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > UNIT:
        raise ValueError("rotation is no rotation")
    return View(
        photo=text(view["photo"], LONGEST_PHOTO),
        camera=Camera(
            **{name: number(camera, name) for name in ("fx", "fy", "cx", "cy")},
            width=int(number(camera, "width")),
            height=int(number(camera, "height")),
        ),
        pose=Pose(rotation, numbers(view, "translation", (3,))),
        expression=numbers(view, "expression", (52,)),
        landmarks=Landmarks(table[:, :2], table[:, 2], table[:, 3], number(view, "score"), numbers(view, "box", (4,))),
        landmark_error=number(view, "landmark_error"),
        light=None if view.get("light") is None else numbers(view, "light", (9, 3)),
        person=_person(view),
    )


def _person(view: dict) -> np.ndarray | None:
    """(r,) what a view says of who it shows, or None."""
    values = view.get("person")
    if values is None:
        return None
    if not isinstance(values, list) or not 0 < len(values) <= MOST_AXES:
        raise ValueError("person is no list of numbers")
    return numbers(view, "person", (len(values),))
