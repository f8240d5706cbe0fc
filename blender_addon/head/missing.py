"""What a character has lost: parts, modifiers, node groups, shape keys, materials, images."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from .. import names
from ..scene.modifier_inputs import get_input
from .build_head import EXPECTED
from .character_store import FILE, MAPS
from .characters import parts_of

HEAD_MODIFIERS = (names.TENSION, names.SUBDIVISION, names.WRINKLE)  # in the order of the stack, after Armature


def missing(collection: bpy.types.Collection) -> list[str]:
    """Names of what is gone, in the artist's words; empty for a whole character. Hair may be removed at will."""
    parts = parts_of(collection)
    wanted = list(collection.get(EXPECTED, [p for p in names.PART_NAMES if p != names.WET]))
    titles = {names.RIG: "rig", **{part: title.lower() for part, title in names.PART_NAMES.items()}}
    gone = [f"its {titles.get(part, part)}" for part in (names.RIG, *wanted) if part not in parts]
    maps = collection.get(MAPS)
    if not isinstance(maps, bpy.types.Image) or FILE not in maps:
        gone.append("its wrinkle maps")
    for part, item in parts.items():
        if part == "head":
            gone += _of_head(item)
        if part.startswith(names.HAIR_PART):
            gone += [f"the modifier {names.FOLLOW} of {item.name}"] * (not has_group(item.modifiers.get(names.FOLLOW)))
        elif item.type == "MESH":
            gone += _of_part(item)
        gone += [f"an image of {name}" for name in pictureless(item)]
    return gone


def _of_head(head: bpy.types.Object) -> Iterator[str]:
    if head.data.shape_keys is None:
        yield "its shape keys"
    for name in HEAD_MODIFIERS:
        modifier = head.modifiers.get(name)
        if modifier is None:
            yield f"the modifier {name}"
        elif modifier.type == "NODES" and modifier.node_group is None:
            yield f"the nodes of {name}"
        elif modifier.type == "NODES" and imageless(modifier):
            yield f"an image of the modifier {name}"


def _of_part(item: bpy.types.Object) -> Iterator[str]:
    if not any(m.type == "ARMATURE" for m in item.modifiers):
        yield f"the Armature modifier of {item.name}"
    if not item.material_slots or any(slot.material is None for slot in item.material_slots):
        yield f"a material of {item.name}"


def imageless(modifier: bpy.types.NodesModifier) -> bool:
    """Whether an input for an image has none."""
    sockets = (i for i in modifier.node_group.interface.items_tree if i.item_type == "SOCKET" and i.in_out == "INPUT")
    return any(get_input(modifier, i.name) is None for i in sockets if i.socket_type == "NodeSocketImage")


def has_group(modifier: bpy.types.Modifier | None) -> bool:
    """Whether a node modifier is there, with nodes."""
    return modifier is not None and modifier.type == "NODES" and modifier.node_group is not None


def pictureless(item: bpy.types.Object) -> list[str]:
    """Names of the materials of a part with an image node whose image is gone."""
    return [
        slot.material.name
        for slot in item.material_slots
        if slot.material is not None and slot.material.node_tree is not None and holes(slot.material)
    ]


def holes(material: bpy.types.Material) -> list[bpy.types.Node]:
    """Image nodes of a material without an image that lead somewhere."""
    return [
        node for node in material.node_tree.nodes
        if node.bl_idname == "ShaderNodeTexImage" and node.image is None and any(o.is_linked for o in node.outputs)
    ]  # fmt: skip
