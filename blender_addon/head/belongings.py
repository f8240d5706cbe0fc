"""What belongs to a character: its objects and every data-block behind them, with all places that point to one.

Copying, telling characters apart and removing them go by these places, so that no kind of block is forgotten by one.
What all characters share by design is no one's: Furrow's node groups, and the tiles of the fine skin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import bpy

from ..materials.fine_skin import TILES_IMAGE
from ..scene.modifier_inputs import default_inputs, get_input, set_input
from .character_store import BEFORE_SWAP, BELONGING, MAPS, ORIGINAL
from .characters import is_character, objects_of, parts_of
from .connections import connect


@dataclass(frozen=True)
class Place:
    """Where a character points to a data-block.

    Attributes:
        block: what is there.
        put: sets another one of its type.
    """

    block: bpy.types.ID
    put: Callable[[bpy.types.ID], None]


def data_places(collection: bpy.types.Collection) -> Iterator[Place]:
    """Meshes, curves and armature."""
    for item in parts_of(collection).values():
        if item.data is not None:
            yield Place(item.data, partial(setattr, item, "data"))


def material_places(collection: bpy.types.Collection) -> Iterator[Place]:
    """Materials in the slots of the parts."""
    for item in parts_of(collection).values():
        for slot in item.material_slots:
            if slot.material is not None:
                yield Place(slot.material, partial(setattr, slot, "material"))


def group_places(collection: bpy.types.Collection) -> Iterator[Place]:
    """Node groups of modifiers and materials."""
    for item in parts_of(collection).values():
        for modifier in item.modifiers:
            if modifier.type == "NODES" and modifier.node_group is not None:
                yield Place(modifier.node_group, partial(_put_group, modifier))
    for node in _nodes(collection):
        if node.bl_idname == "ShaderNodeGroup" and node.node_tree is not None:
            yield Place(node.node_tree, partial(setattr, node, "node_tree"))


def image_places(collection: bpy.types.Collection) -> Iterator[Place]:
    """Images: the stored maps with what they carry, those of the modifiers' inputs, those of the materials.

    The stored ones come first; what they carry is looked up after they may have been exchanged.
    """
    for key in (MAPS, ORIGINAL, BEFORE_SWAP):
        if isinstance(collection.get(key), bpy.types.Image):
            yield Place(collection[key], partial(collection.__setitem__, key))
    for key in (MAPS, ORIGINAL, BEFORE_SWAP):
        maps = collection.get(key)
        for kind in BELONGING if isinstance(maps, bpy.types.Image) else ():
            if isinstance(maps.get(kind), bpy.types.Image):
                yield Place(maps[kind], partial(maps.__setitem__, kind))
    for item in parts_of(collection).values():
        for modifier in item.modifiers:
            if modifier.type == "NODES" and modifier.node_group is not None:
                for name in default_inputs(modifier):
                    if isinstance(get_input(modifier, name), bpy.types.Image):
                        yield Place(get_input(modifier, name), partial(set_input, modifier, name))
    for node in _nodes(collection):
        if node.bl_idname == "ShaderNodeTexImage" and node.image is not None:
            yield Place(node.image, partial(setattr, node, "image"))


def _nodes(collection: bpy.types.Collection) -> Iterator[bpy.types.Node]:
    """Nodes of the materials, each material once."""
    for material in dict.fromkeys(place.block for place in material_places(collection)):
        if material.node_tree is not None:
            yield from list(material.node_tree.nodes)


def _put_group(modifier: bpy.types.NodesModifier, group: bpy.types.NodeTree) -> None:
    """Give a modifier another group, and its inputs their values again."""
    values = {name: get_input(modifier, name) for name in default_inputs(modifier)}
    modifier.node_group = group
    for name, value in values.items():
        set_input(modifier, name, value)


STAGES = (data_places, material_places, group_places, image_places)  # each is found through those before it


def is_common(block: bpy.types.ID) -> bool:
    """Whether a block is everyone's by design."""
    return "furrow_version" in block or (block.id_type == "IMAGE" and block.name.startswith(TILES_IMAGE))


def blocks_of(collection: bpy.types.Collection, stages=STAGES) -> dict[bpy.types.ID, None]:
    """The data-blocks behind a character's objects, in the order of the stages; those that are common left out."""
    return dict.fromkeys(p.block for stage in stages for p in stage(collection) if not is_common(p.block))


def own(collection: bpy.types.Collection, wanted: Callable[[bpy.types.ID], Any]) -> None:
    """Give a character copies of its own of the blocks that are wanted, and connect its parts with each other.

    Poses, slider values and keyframes are copied along; only this character changes.
    """
    actions: dict[bpy.types.ID, bpy.types.ID] = {}
    for stage in STAGES:
        copies: dict[bpy.types.ID, bpy.types.ID] = {}
        for place in stage(collection):
            if wanted(place.block):
                if place.block not in copies:
                    copies[place.block] = copied(place.block)
                    own_actions(copies[place.block], actions)
                place.put(copies[place.block])
    made = objects_of(collection)
    connect(made.armature, made.parts, made.hair)


def copied(block: bpy.types.ID) -> bpy.types.ID:
    """A copy of a data-block; one of a common node group belongs to a character, and is not given to new ones."""
    copy = block.copy()
    if "furrow_version" in copy:
        del copy["furrow_version"]
    return copy


def own_actions(copy: bpy.types.ID, actions: dict[bpy.types.ID, bpy.types.ID]) -> None:
    """Have a copied block, and its shape keys, play copies of their actions.

    Args:
        actions: {action: its copy}, of those that were copied before; new ones are added.
    """
    for holder in filter(None, (copy, getattr(copy, "shape_keys", None))):
        animation = getattr(holder, "animation_data", None)
        if animation is not None and animation.action is not None:
            action, slot = animation.action, animation.action_slot
            if action not in actions:
                actions[action] = action.copy()
            animation.action = actions[action]
            if slot is not None:
                animation.action_slot = actions[action].slots[slot.identifier]


def others(collection: bpy.types.Collection) -> list[bpy.types.Collection]:
    """All other characters of the file, of every scene, linked ones aside."""
    return [c for c in bpy.data.collections if is_character(c) and c != collection and c.library is None]


def sharers(collection: bpy.types.Collection) -> list[bpy.types.Collection]:
    """Characters that have meshes, curves, bones or materials in common with one: a change would show on both."""
    mine = {b for stage in STAGES[:2] for b in _often_used(collection, stage)}
    return [c for c in others(collection) if mine & blocks_of(c, STAGES[:2]).keys()] if mine else []


def _often_used(collection: bpy.types.Collection, stage) -> set[bpy.types.ID]:
    """Local blocks of a stage that something else than the character's own parts uses too."""
    counts: dict[bpy.types.ID, int] = {}
    for place in stage(collection):
        if place.block.library is None:
            counts[place.block] = counts.get(place.block, 0) + 1
    return {block for block, count in counts.items() if block.users - block.use_fake_user > count}


def stand_alone(collection: bpy.types.Collection) -> bool:
    """Give a character blocks of its own for all that it shares with other characters; whether there were any."""
    if not sharers(collection):
        return False
    theirs: dict[bpy.types.ID, None] = {}
    for other in others(collection):
        theirs |= blocks_of(other)
    own(collection, lambda block: block in theirs and block.library is None)
    return True
