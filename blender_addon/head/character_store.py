"""The character inside the .blend: its .furrow bytes travel with the image of its displacement maps.

Each change of the wrinkles brings a new image and leaves the old one as it is, so that undo, which brings pointers
back but not packed pixels, finds the old maps together with the old character.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ...core.character.character import Character
from ...core.character.file import SUFFIX, load_character, save_character, stored_maps
from ...core.errors import CharacterFileError
from ...core.hair.hair import PATCHES
from ...core.io.safe_files import temporary_folder
from .. import names
from ..materials.fine_skin import STRENGTH
from ..materials.skin import BANDS_SCALE, MAPS_SCALE
from ..scene import images
from ..scene.modifier_inputs import get_input, set_input

MAPS = "furrow_maps"  # on the collection: the image in use
ORIGINAL = "furrow_original_maps"  # as reconstructed
BEFORE_SWAP = "furrow_maps_before_swap"
# on the image
FILE, SCALE, AGE, SEED = "furrow_file", "furrow_scale_mm", "furrow_age", "furrow_seed"
# images that belong to it
BANDS, ALBEDO, ROUGHNESS, HAIR = "furrow_bands", "furrow_albedo", "furrow_roughness", "furrow_hair"
PATCH_IMAGES = {name: f"furrow_{name}" for name in PATCHES}
BELONGING = (BANDS, ALBEDO, ROUGHNESS, HAIR, *PATCH_IMAGES.values())
PORES = "furrow_pores"  # mean strength of the fine skin
AGED_SHAPE = "furrow_aged_shape"  # how far the age slider has moved the head shape's age along


def maps_image(character: Character, data: bytes = b"", like: bpy.types.Image | None = None) -> bpy.types.Image:
    """New packed image of a character's displacement maps that carries the whole character, and its other images.

    Args:
        data: the character's .furrow file, if there is one already; the PNGs in it are packed as they are.
        like: maps of the same person: where they have the same size, all but wrinkles and bands are shared.
    """
    data = data or character_bytes(character)
    maps, scale = stored_maps(data)
    image = images.packed_png(f"{character.name} Wrinkles", maps["detail"], colour=False)
    image[FILE] = data
    image[SCALE], image[AGE], image[SEED] = scale, float(character.age), int(character.wrinkle_seed)
    image[AGED_SHAPE] = 0.0
    image[PORES] = 1.0 if character.pore_gains is None else float(character.pore_gains.mean())
    image[BANDS], scale = images.bands_image(f"{character.name} Bands", character)
    image[BANDS][SCALE] = scale
    for key, name in ((ALBEDO, "albedo"), (ROUGHNESS, "roughness"), (HAIR, "hair_mask")):
        if name not in maps:
            continue
        shared = like.get(key) if like is not None else None
        if shared is not None and shared.size[0] == getattr(character, name).shape[1]:
            image[key] = shared
        else:
            title = name.replace("_", " ").title()
            image[key] = images.packed_png(f"{character.name} {title}", maps[name], colour=key == ALBEDO)
    for name, key in PATCH_IMAGES.items():
        if name in maps:
            shared = like.get(key) if like is not None else None
            title = name.replace("_", " ").title()
            image[key] = shared or images.packed_png(f"{character.name} {title}", maps[name], colour=True)
    return image


def character_bytes(character: Character) -> bytes:
    """The .furrow file of a character, in memory."""
    with temporary_folder() as folder:
        path = Path(folder) / f"character{SUFFIX}"
        save_character(character, path)
        return path.read_bytes()


def character_from(data: bytes) -> Character:
    """Character of .furrow bytes.

    Raises:
        CharacterFileError: damaged.
    """
    with temporary_folder() as folder:
        path = Path(folder) / f"character{SUFFIX}"
        path.write_bytes(data)
        return load_character(path)


def stored_bytes(collection: bpy.types.Collection, which: str = MAPS) -> bytes:
    """The .furrow bytes of a character in the scene.

    Raises:
        CharacterFileError: the .blend does not hold them.
    """
    image = collection.get(which)
    data = image.get(FILE) if image is not None else None
    if data:
        return bytes(data)
    source = Path(collection.get("furrow_source") or "")
    if source.is_file():  # a .blend from before characters travelled with it
        return source.read_bytes()
    raise CharacterFileError(
        f"{collection.name} no longer holds its character (its maps were replaced and {source.name or 'its file'} is "
        "not on this machine): import its .furrow file again."
    )


def use_maps(collection: bpy.types.Collection, image: bpy.types.Image) -> None:
    """Switch modifiers and materials of a character over to the maps of an image from :func:`maps_image`."""
    before = collection.get(MAPS)
    for made in collection.all_objects:
        for modifier in made.modifiers:
            ours = modifier.name == names.WRINKLE and modifier.type == "NODES" and modifier.node_group is not None
            if ours and get_input(modifier, "Maps") == before:
                set_input(modifier, "Maps", image)
                set_input(modifier, "Scale (mm)", image[SCALE])
                if BANDS in image and "Bands" in modifier.node_group.interface.items_tree:
                    set_input(modifier, "Bands", image[BANDS])
                    set_input(modifier, "Bands Scale (mm)", image[BANDS][SCALE])
        for slot in made.material_slots:
            if slot.material is not None and slot.material.node_tree is not None:
                _use_in_material(slot.material.node_tree, before, image)
    collection[MAPS] = image
    if before is not None:
        before.buffers_free()
    prune_maps()


def _use_in_material(tree: bpy.types.NodeTree, before: bpy.types.Image | None, image: bpy.types.Image) -> None:
    textures = [n for n in tree.nodes if n.bl_idname == "ShaderNodeTexImage" and n.image is not None]
    if before is None or all(n.image != before for n in textures):
        return
    pairs = [(before, image)]
    pairs += [(before[key], image[key]) for key in BELONGING if before.get(key) and image.get(key)]
    for old, new in pairs:
        for node in [n for n in textures if n.image == old]:
            node.image = new
    for name, source in ((MAPS_SCALE, image), (BANDS_SCALE, image.get(BANDS))):
        if tree.nodes.get(name) is not None and source is not None:
            tree.nodes[name].outputs[0].default_value = source[SCALE]
    if tree.nodes.get(STRENGTH) is not None and before.get(PORES):
        tree.nodes[STRENGTH].outputs[0].default_value *= image[PORES] / before[PORES]


def unused_maps() -> list[bpy.types.Image]:
    """Maps that only undo can bring back."""
    return [image for image in bpy.data.images if image.users == 0 and FILE in image]


def prune_maps() -> None:
    """Drop unused maps that undo can no longer reach; Blender drops all unused ones when it saves."""
    unused = sorted(unused_maps(), key=lambda i: i.session_uid)
    for image in unused[: -max(bpy.context.preferences.edit.undo_steps, 1)]:
        others = [image[key] for key in BELONGING if image.get(key) is not None]
        bpy.data.images.remove(image)
        for other in others:
            if other.users == 0:
                bpy.data.images.remove(other)
