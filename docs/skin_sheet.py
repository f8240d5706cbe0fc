"""Contact sheet of the skin for the eye to judge: ``python docs/skin_sheet.py docs/skin.png``.

Rows: the astronaut portrait, and a photo of an old face that exists only as a render of ours. Columns: the photo; the
head before its skin (one tone, the smooth shape) and after; four expressions; relit from the left and from the right.
Everything is reconstructed from the photo in the first column. Cycles on the processor.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import bpy
import cv2
import numpy as np
import skimage.data
from furrow.blender_addon.head.build_head import HeadObjects, build_head
from furrow.blender_addon.head.expressions import set_expression
from furrow.blender_addon.head.portrait import add_studio, aim, face_frame, set_render, use_fast_scattering
from furrow.blender_addon.names import SUBDIVISION
from furrow.core.assets import assets_folder
from furrow.core.character.character import Character, DetailMaps
from furrow.core.character.presets import PRESETS
from furrow.core.head.model import load_head_model
from furrow.core.io.photo import load_photo
from furrow.core.output.preview import face_crop
from furrow.core.pipeline import load_models, reconstruct
from furrow.core.wrinkles.maps import load_atlas
from mathutils import Vector
from PIL import Image
from wrinkle_sheet import SAMPLED, aged, captioned, sampled_head

TILE = (216, 270)
SAMPLES = 10
EXPRESSIONS = ("neutral", "brow_raise", "frown", "smile", "pucker")
OLD_YEARS = 74
PHOTO_SIZE = (560, 700)
# places of the key light: head height and size of the portrait as unit, camera in front
SOFT, LEFT, RIGHT = (-0.5, -1.0, 0.8), (-1.2, -0.25, 0.35), (1.2, -0.25, 0.35)


def studio(character: Character, size: tuple[int, int], samples: int = SAMPLES) -> HeadObjects:
    """A fresh scene with the head and the camera in front of it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = build_head(character)
    scene = bpy.context.scene
    add_studio(scene, made)
    set_render(scene, samples)
    use_fast_scattering(bpy.data.materials)
    centre, _ = face_frame(made)
    camera = scene.camera
    distance = (camera.location - centre).length
    camera.location = centre + Vector((0.0, -distance, 0.01))
    aim(camera, centre)
    camera.data.sensor_height *= 0.86
    scene.render.resolution_x, scene.render.resolution_y = size
    made.head.modifiers[SUBDIVISION].render_levels = 2  # bump shows what the mesh is too coarse for
    light(made, SOFT)
    return made


def light(made: HeadObjects, place: tuple[float, float, float]) -> None:
    """One large soft key light with a weak fill, or a smaller one at the side alone."""
    centre, _ = face_frame(made)
    key, fill, rim = (bpy.data.objects[f"{name} Light"] for name in ("Key", "Fill", "Rim"))
    soft = place == SOFT
    key.location, key.data.size, key.data.energy = centre + Vector(place), 1.2 if soft else 0.35, 15.0 if soft else 24.0
    fill.data.size, fill.data.energy = 1.6, 7.0 if soft else 0.0
    rim.data.energy = 5.0 if soft else 0.0
    aim(key, centre)


def tile(made: HeadObjects, expression: str, folder: Path) -> np.ndarray:
    """(h, w, 3) uint8 RGB of one expression."""
    set_expression(made.head, PRESETS[expression])
    path = folder / "tile.png"
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return cv2.imread(str(path))[..., ::-1]


def coarse(character: Character) -> Character:
    """The head before its skin: one tone, the smooth shape."""
    seen = character.skin_mask > 200
    tone = np.median(character.albedo[seen], axis=0).astype(np.uint8)
    flat = np.zeros_like(character.detail.static)
    return replace(
        character,
        albedo=np.broadcast_to(tone, character.albedo.shape).copy(),
        roughness=np.full_like(character.roughness, 128),
        detail=DetailMaps(flat, flat, flat, flat),
        static_residual=None,
    )


def old_photo(folder: Path) -> Path:
    """A render of an old head drawn from the population, with painted skin, as a photograph."""
    assets = assets_folder()
    model, atlas = load_head_model(assets / "head.npz"), load_atlas(assets / "wrinkles.npz")
    seed, complexion = SAMPLED[0]
    made = studio(aged(sampled_head(model, seed, complexion, OLD_YEARS), atlas, OLD_YEARS), PHOTO_SIZE, 20)
    bpy.context.scene.camera.data.sensor_height *= 1.3  # room around the head, as photographs have
    path = folder / "old.png"
    Image.fromarray(tile(made, "neutral", folder)).save(path)
    return path


def young_photo(folder: Path) -> Path:
    """The astronaut Eileen Collins, a photo of NASA in the public domain."""
    path = folder / "young.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


def row_of(photo: Path, caption: str, models, folder: Path) -> np.ndarray:
    """One row of the sheet, RGB."""
    character = reconstruct([photo], models=models)
    crop = face_crop(load_photo(photo).pixels, character.views[0], TILE, scale=1.75)
    tiles = [crop, tile(studio(coarse(character), TILE), "neutral", folder)]
    made = studio(character, TILE)
    tiles += [tile(made, expression, folder) for expression in EXPRESSIONS]
    for place in (LEFT, RIGHT):
        light(made, place)
        tiles.append(tile(made, "neutral", folder))
    titles = ["photo", "before", "after", *EXPRESSIONS[1:], "relit", "relit"]
    titles[0] = caption
    pairs = zip(tiles, titles, strict=True)
    return np.hstack([captioned(np.ascontiguousarray(t), n.replace("_", " ")) for t, n in pairs])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    models = load_models("cpu")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row_of(young_photo(folder), "photo", models, folder)]
        rows.append(row_of(old_photo(folder), "own render as photo", models, folder))
    aside = output.with_name(f"{output.stem}.part.png")
    cv2.imwrite(str(aside), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    os.replace(aside, output)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the module frees gigabytes one by one on the ordinary way out
