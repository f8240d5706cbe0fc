"""Contact sheet of wrinkles for the eye to judge: ``python docs/wrinkle_sheet.py IN.furrow docs/wrinkles.png``.

Rows: one character at four ages and two sampled heads at one age each, then close-ups; columns: expressions. Raking
light from the side, Cycles on the processor.
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
from furrow.blender_addon.build_head import HeadObjects, build_head
from furrow.blender_addon.expressions import set_expression
from furrow.blender_addon.portrait import add_studio, aim, face_frame, set_render, use_fast_scattering
from furrow.core.assets import assets_folder
from furrow.core.character import Character, DetailMaps
from furrow.core.character_file import load_character
from furrow.core.head_model import DIRECTIONS, HeadModel, load_head_model
from furrow.core.personal_shapes import personal_deltas
from furrow.core.presets import PRESETS
from furrow.core.raster import uv_raster
from furrow.core.wrinkle_edit import age_of_years, with_wrinkles
from furrow.core.wrinkles import WrinkleAtlas, load_atlas
from mathutils import Vector

TILE = (260, 320)
SAMPLES = 6
SIZE = 1024
AGES = (25, 45, 65, 80)
FIELD = 0.72  # of the portrait's height
MORPH_SHARE = 0.4  # of the geometry's age morph that goes with the wrinkles
SKINS = ((198, 152, 128), (121, 82, 62))  # sRGB of the sampled heads
SNEER = {"noseSneerLeft": 1.0, "noseSneerRight": 1.0, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4}
EXPRESSIONS = {name: PRESETS[name] for name in ("neutral", "brow_raise", "frown", "smile")} | {
    "sneer": SNEER, "pucker": PRESETS["pucker"]
}
CHIN = {"mouthShrugLower": 1.0}
# expression, place in shares of the portrait (right, up), width of the picture in shares of it
CLOSE_UPS = ((EXPRESSIONS["smile"], (0.14, 0.04), 0.3), (EXPRESSIONS["smile"], (0.06, -0.15), 0.3),
             (SNEER, (-0.02, 0.02), 0.3), (EXPRESSIONS["pucker"], (0.0, -0.19), 0.3), (CHIN, (0.0, -0.24), 0.3),
             ({}, (0.0, -0.3), 0.4))


def aged(character: Character, atlas: WrinkleAtlas, years: float, seed: int | None = None) -> Character:
    """The character at an age in years: wrinkles, and a share of the shape."""
    age = age_of_years(years)
    change = MORPH_SHARE * (age - character.age)
    row = DIRECTIONS.index("age")
    shaped = replace(
        character,
        neutral=(character.neutral + change * character.directions[row]).astype(np.float32),
        joints=(character.joints + change * character.joint_directions[row]).astype(np.float32),
    )
    return with_wrinkles(shaped, atlas, age=age, seed=seed)


def sampled_head(model: HeadModel, seed: int, skin: tuple[int, int, int]) -> Character:
    """A head drawn from the population, in one skin colour with redder lips."""
    identity = 0.8 * np.random.default_rng(seed).standard_normal(min(40, len(model.identity_basis)))
    neutral = model.neutral(identity).astype(np.float32)
    lips = uv_raster(model.topology, SIZE).sample(model.topology.region("lips")[:, None])[..., :1]
    lips = cv2.GaussianBlur(lips, (0, 0), 4.0)[..., None]
    albedo = np.array(skin) * (1.0 - lips * np.array([0.12, 0.38, 0.32]))
    flat = np.zeros((SIZE, SIZE), np.float32)
    return Character(
        name=f"Sample {seed}", topology=model.topology, neutral=neutral, expression_names=model.expression_names,
        expression_deltas=personal_deltas(model, neutral), directions=model.directions,
        joints=model.joints_of(identity).astype(np.float32), joint_directions=model.joint_directions,
        identity=identity.astype(np.float32), age=0.3, views=(), albedo=np.round(albedo).astype(np.uint8),
        roughness=np.full((SIZE, SIZE), 128, np.uint8), skin_mask=np.full((SIZE, SIZE), 255, np.uint8),
        eye_colour=np.array([0.35, 0.25, 0.18]), detail=DetailMaps(flat, flat, flat, flat), wrinkle_seed=seed,
    )


def studio(character: Character) -> HeadObjects:
    """A fresh scene with the head under raking light."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = build_head(character)
    scene = bpy.context.scene
    add_studio(scene, made)
    set_render(scene, SAMPLES)
    use_fast_scattering(bpy.data.materials)
    centre, _ = face_frame(made)
    key = bpy.data.objects["Key Light"]
    key.location, key.data.size, key.data.energy = centre + Vector((-1.15, -0.42, 0.5)), 0.25, 24.0
    aim(key, centre)
    bpy.data.objects["Fill Light"].data.energy = 2.0
    scene.render.resolution_x, scene.render.resolution_y = TILE
    scene.camera.data.sensor_height *= FIELD
    scene.camera.data.shift_y = -0.05
    return made


def tile(made: HeadObjects, weights: dict[str, float], folder: str) -> np.ndarray:
    """(h, w, 3) uint8 BGR of one expression."""
    set_expression(made.head, weights)
    path = Path(folder) / "tile.png"
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return cv2.imread(str(path))


def close_ups(made: HeadObjects, folder: str) -> np.ndarray:
    """A row of details."""
    camera = bpy.context.scene.camera
    row = []
    for weights, (right, up), width in CLOSE_UPS:
        field = camera.data.sensor_height / FIELD
        camera.data.sensor_height = field * width
        # shifts are in shares of the larger side of the smaller picture
        camera.data.shift_x, camera.data.shift_y = right / width, up / width
        row.append(tile(made, weights, folder))
        camera.data.sensor_height = field * FIELD
    return np.hstack(row)


def captioned(row: np.ndarray, text: str) -> np.ndarray:
    """The row with a caption in its corner."""
    return cv2.putText(row, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("character", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--rows", help="numbers of the rows to render, with commas; all by default")
    arguments = parser.parse_args()
    assets = assets_folder()
    model, atlas = load_head_model(assets / "head.npz"), load_atlas(assets / "wrinkles.npz")
    character = load_character(arguments.character)
    subjects = [(f"{years} years", lambda years=years: aged(character, atlas, years)) for years in AGES]
    subjects += [
        (f"sampled head, {years} years", lambda i=i, n=years: aged(sampled_head(model, i + 1, SKINS[i]), atlas, n))
        for i, years in enumerate((45, 70))
    ]
    rows = []
    chosen = range(len(subjects) + 1) if arguments.rows is None else [int(n) for n in arguments.rows.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        for number in chosen:
            if number < len(subjects):
                caption, subject = subjects[number]
                made = studio(subject())
                row = np.hstack([tile(made, weights, folder) for weights in EXPRESSIONS.values()])
            else:
                caption = "65 years, close"
                row = close_ups(studio(aged(character, atlas, 65)), folder)
            rows.append(captioned(row, caption))
    aside = arguments.output.with_name(f"{arguments.output.stem}.part.png")
    cv2.imwrite(str(aside), np.vstack(rows), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    os.replace(aside, arguments.output)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the module frees gigabytes one by one on the ordinary way out
