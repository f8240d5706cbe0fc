"""What an export is to be: format, program, level of detail, hair; and how each program wants things named and scaled.

Why they differ:

* Unreal counts in centimetres and takes an armature object of any other name than "Armature" for one more bone. Its
  FBX importer reads normal maps with green falling (DirectX), and turns dots in names of bones into underscores.
* Unity reads FBX in the file's unit; centimetres without a scale on any object come in at scale 1.
* Godot reads glTF; its names of nodes have no dots.
* Blender keeps names with spaces and the cage, to be subdivided there again.

glTF says y up and metres, so nothing but names differs there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GLTF, FBX, USD, ALEMBIC = "GLB", "FBX", "USD", "ABC"
SUFFIXES = {GLTF: ".glb", FBX: ".fbx", USD: ".usdc", ALEMBIC: ".abc"}
UNREAL, UNITY, GODOT, BLENDER = "UNREAL", "UNITY", "GODOT", "BLENDER"
NO_HAIR, PAINTED, HAIR = "NONE", "PAINTED", "HAIR"
BASE, NORMAL, ROUGH = "base", "normal", "rough"
MOST_LEVELS = 2


@dataclass(frozen=True)
class Target:
    """How one program wants a character.

    Attributes:
        label: its name.
        mesh, material, picture: patterns of names, of {name} and {part}; pictures also of {kind}.
        kinds: what kinds of pictures are called.
        rig: name of the armature object.
        dots: names of bones keep their dots.
        fbx_centimetres: FBX is written in centimetres, no object scaled.
        falling_green: normal maps of FBX have green falling with v (DirectX).
        y_up: USD is turned to y up.
        cage: level 0 is the cage of the subdivision, not points of the smooth surface.
    """

    label: str
    mesh: str = "{name}_{part}"
    material: str = "{name}_{part}"
    picture: str = "{name}_{part}_{kind}"
    kinds: tuple[str, str, str] = ("BaseColor", "Normal", "Roughness")
    rig: str = "{name}_Rig"
    dots: bool = False
    fbx_centimetres: bool = True
    falling_green: bool = False
    y_up: bool = True
    cage: bool = False

    def kind(self, kind: str) -> str:
        """Name of a kind of picture."""
        return self.kinds[(BASE, NORMAL, ROUGH).index(kind)]

    def bone(self, name: str) -> str:
        """Name of a bone."""
        return name if self.dots else name.replace(".", "_")


TARGETS = {
    UNREAL: Target("Unreal", "SK_{name}_{part}", "M_{name}_{part}", "T_{name}_{part}_{kind}", ("BC", "N", "R"),
                   rig="Armature", falling_green=True, y_up=False),
    UNITY: Target("Unity"),
    GODOT: Target("Godot", kinds=("albedo", "normal", "roughness")),
    BLENDER: Target("Blender", "{name} {part}", "{name} {part}", "{name} {part} {kind}",
                    ("Base Colour", "Normal", "Roughness"), "{name} Rig", dots=True, fbx_centimetres=False,
                    y_up=False, cage=True),
}  # fmt: skip


@dataclass(frozen=True)
class ExportSettings:
    """Choices of one export.

    Attributes:
        format: of ``SUFFIXES``.
        target: of ``TARGETS``.
        level: how often the head is subdivided, its shape keys with it.
        hair: ``NO_HAIR``; ``PAINTED`` brows and lash plates; ``HAIR`` as a mesh, as curves in USD and Alembic.
        strands: most strands of each kind of hair that become a mesh.
        wrinkles: write masks and normal maps of the wrinkles in motion beside the file.
        wrinkle_size: their texels.
    """

    format: str = GLTF
    target: str = UNITY
    level: int = 0
    hair: str = HAIR
    strands: int = 4000
    wrinkles: bool = True
    wrinkle_size: int = 512

    @property
    def to(self) -> Target:
        """The program."""
        return TARGETS[self.target]

    @property
    def curves(self) -> bool:
        """Hair stays curves."""
        return self.hair == HAIR and self.format in (USD, ALEMBIC)

    @property
    def falling_green(self) -> bool:
        """Normal maps have green falling with v."""
        return self.format == FBX and self.to.falling_green

    @property
    def centimetres(self) -> bool:
        """All lengths are in centimetres, not metres."""
        return self.format == FBX and self.to.fbx_centimetres


def plain_name(name: str, target: str) -> str:
    """A character's name as engines take it: letters, digits and underscores; unchanged for Blender."""
    if target == BLENDER:
        return name
    return re.sub(r"\W+", "_", name).strip("_") or "Character"
