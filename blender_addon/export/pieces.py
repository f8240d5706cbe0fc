"""The pieces of an export: each mesh with its surfaces, read and computed from a character in the scene."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ...core.character.character import Character
from ...core.hair.strands import SCALP
from ...core.output.engine_maps import (
    ScalpTone,
    base_colour,
    full_weights,
    pore_relief,
    rest_normals,
    rest_relief,
    roughness_map,
)
from .. import names
from ..head.build_head import HeadObjects
from ..head.character_store import character_from, stored_bytes
from ..head.head_shape import with_directions
from ..materials.eye import CARUNCLE, SURFACE_REFLECTION
from ..materials.mouth import LASH
from ..materials.skin import CREASE_RANGE, CREASE_SHADING, SCALP_MATT
from ..scene.images import image_pixels
from ..scene.mesh_objects import get_attribute
from .hair_parts import hair_part, lash_picture, lash_plates
from .part_arrays import PartArrays, joined, read_part, smooth
from .settings import BASE, GLTF, HAIR, NORMAL, PAINTED, ROUGH, USD, ExportSettings
from .stand_in import StandIn
from .surfaces import Surface

HAIR_ROUGHNESS = 0.6  # by eye: strips shine more than hairs
ROUGHNESS = {"eyes": 0.09, "teeth": 0.2, "tongue": 0.34}


@dataclass(frozen=True)
class Piece:
    """One object of the export.

    Attributes:
        part: name of what it is, in words of an engine.
        arrays: its mesh.
        surfaces: name of each material slot to what it is.
    """

    part: str
    arrays: PartArrays
    surfaces: dict[str, Surface]


def shaped_character(collection: bpy.types.Collection) -> Character:
    """The character as its sliders of head shape have it.

    Raises:
        CharacterFileError: the .blend does not hold it.
    """
    character = character_from(stored_bytes(collection))
    shape = collection.get("furrow_directions")
    return character if shape is None else with_directions(character, np.asarray(list(shape), np.float32))


def all_pieces(made: HeadObjects, character: Character, settings: ExportSettings, stand_in: StandIn) -> list[Piece]:
    """Every piece that the settings ask for, the head first."""
    head = _at_level(read_part(made.head, made.armature), settings)
    pieces = [Piece("Head", head, {"Skin": _skin(made, character, settings, stand_in)})]
    for part in ("eyes", names.WET, "teeth", "tongue"):
        if part in made.parts:
            arrays = read_part(made.parts[part], made.armature)
            pieces.append(Piece(_title(part), arrays, _surfaces(made, part)))
    if "lashes" in made.parts and (settings.hair == PAINTED or (settings.hair == HAIR and "lashes" not in made.hair)):
        plates = lash_plates(read_part(made.parts["lashes"], made.armature), _lash_places(made))
        pieces.append(Piece("Lashes", plates, {"Lashes": Surface({BASE: lash_picture()}, roughness=0.5)}))
    if settings.hair == HAIR and not settings.curves:
        pieces += hair_pieces(made, settings, stand_in, head)
    return [_one(pieces)] if settings.format == USD else pieces


def _one(pieces: list[Piece]) -> Piece:
    """All pieces as one mesh: in USD the shape keys of one armature share their names among all its meshes."""
    surfaces = {slot: surface for piece in pieces for slot, surface in piece.surfaces.items()}
    return Piece("Head", joined([piece.arrays for piece in pieces]), surfaces)


def hair_pieces(made: HeadObjects, settings: ExportSettings, stand_in: StandIn, head: PartArrays) -> list[Piece]:
    """A mesh for each kind of hair that has strands."""
    found = []
    for group, source in made.hair.items():
        if source.type != "CURVES":
            continue
        strands = stand_in.moved_strands(stand_in.hair(source, settings.level), settings.strands)
        if strands is not None:
            tinted = settings.format == GLTF  # other importers multiply no vertex colours
            arrays, picture = hair_part(strands, head, tinted)
            surface = Surface({BASE: picture}, roughness=HAIR_ROUGHNESS, tinted=tinted)
            title = hair_title(group)
            found.append(Piece(title, arrays, {title: surface}))
    return found


def hair_title(group: str) -> str:
    """What a kind of hair is called in a file."""
    return _title(group, names.HAIR_NAMES)


def _title(part: str, titles: dict[str, str] = names.PART_NAMES) -> str:
    return titles.get(part, part.title()).replace(" and ", " ").title().replace(" ", "")


def _at_level(part: PartArrays, settings: ExportSettings) -> PartArrays:
    return part if settings.to.cage and settings.level == 0 else smooth(part, settings.level)


def _lash_places(made: HeadObjects) -> np.ndarray:
    return get_attribute(made.parts["lashes"].data, LASH)


def _skin(made: HeadObjects, character: Character, settings: ExportSettings, stand_in: StandIn) -> Surface:
    """Images of the skin as it is at rest, with what sliders and the painted mask leave of its relief."""
    count = character.topology.part_slice("head").stop
    weights = stand_in.rest_weights(count) or full_weights(character)
    relief = rest_relief(character, weights)
    crease = np.clip(1.0 + CREASE_SHADING * relief, *CREASE_RANGE)
    tone = None
    if settings.hair == HAIR and SCALP in made.hair and len(made.head.data.vertices) == count:
        share = get_attribute(made.head.data, names.SCALP_TONE)
        tone = ScalpTone(share, np.array(list(made.head[names.SCALP_COLOUR])), SCALP_MATT)
    painted = settings.hair == PAINTED or (settings.hair == HAIR and "brows" not in made.hair)
    return Surface({
        BASE: base_colour(character, painted, tone, crease),
        NORMAL: rest_normals(character, relief + pore_relief(character, weights)),
        ROUGH: roughness_map(character, tone),
    })  # fmt: skip


def _surfaces(made: HeadObjects, part: str) -> dict[str, Surface]:
    """One surface for each material slot of a part."""
    if part == names.WET:
        clear = Surface({}, roughness=0.03, metallic=1.0, alpha=SURFACE_REFLECTION)
        return {"Cornea": clear, "Tears": clear}
    material = made.parts[part].data.materials[0] if made.parts[part].data.materials else None
    pixels = None if material is None else _picture_of(material)
    pictures = {} if pixels is None else {BASE: pixels}
    found = {_title(part): Surface(pictures, (0.8, 0.75, 0.7), ROUGHNESS[part])}
    if part == "eyes":
        found["Caruncle"] = Surface({}, CARUNCLE[:3], 0.2)
    return found


def _picture_of(material: bpy.types.Material) -> np.ndarray | None:
    """Pixels of the first sRGB image that a material shows."""
    nodes = material.node_tree.nodes if material.node_tree is not None else ()
    image = next((n.image for n in nodes if n.bl_idname == "ShaderNodeTexImage" and n.image is not None), None)
    return None if image is None else image_pixels(image)


