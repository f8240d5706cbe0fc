"""Contact sheet of wrinkles for the eye to judge: ``python docs/wrinkle_sheet.py IN.furrow docs/wrinkles.png``.

Rows: one character and two sampled heads, each at four ages, under raking or soft light, from the front or from three
quarters; then close-ups in both lights. Columns: expressions. Cycles on the processor.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import cv2
import numpy as np
from furrow.blender_addon.head.build_head import HeadObjects, build_head
from furrow.blender_addon.head.expressions import set_expression
from furrow.blender_addon.head.portrait import add_studio, aim, face_frame, set_render, use_fast_scattering
from furrow.blender_addon.names import SUBDIVISION
from furrow.core.assets import assets_folder
from furrow.core.character.character import Character, DetailMaps
from furrow.core.character.edit import age_of_years, with_wrinkles
from furrow.core.character.file import load_character
from furrow.core.character.presets import PRESETS
from furrow.core.head.model import DIRECTIONS, HeadModel, load_head_model
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.head.raster import uv_raster
from furrow.core.wrinkles.maps import WrinkleAtlas, load_atlas
from mathutils import Vector
from sampled_skin import Complexion, painted_skin

TILE = (210, 256)
SAMPLES = 5
SIZE = 1024
AGES = (25, 45, 65, 80)
FIELD = 0.72  # of the portrait's height
THREE_QUARTERS = 0.6  # radians
SAMPLED = (
    (5, Complexion((212, 168, 146), (176, 112, 104), (92, 64, 44), (96, 120, 130))),
    (6, Complexion((128, 88, 66), (120, 74, 66), (34, 28, 26), (62, 42, 30), beard=0.5)),
)
SNEER = {"noseSneerLeft": 1.0, "noseSneerRight": 1.0, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4}
EXPRESSIONS = {name: PRESETS[name] for name in ("neutral", "brow_raise", "frown", "smile")} | {
    "sneer": SNEER, "pucker": PRESETS["pucker"]
}
CHIN = {"mouthShrugLower": 1.0}
# expression, place in shares of the portrait (right, up), width of the picture in shares of it
CLOSE_UPS = ((EXPRESSIONS["smile"], (-0.17, 0.045), 0.26), (EXPRESSIONS["smile"], (-0.1, -0.13), 0.28),
             (EXPRESSIONS["frown"], (0.0, 0.08), 0.3), (EXPRESSIONS["pucker"], (0.0, -0.16), 0.28),
             (SNEER, (0.0, 0.02), 0.28), (CHIN, (0.0, -0.2), 0.28))


@dataclass(frozen=True)
class Row:
    """One row of the sheet."""

    caption: str
    subject: Callable[[], Character]
    soft: bool
    yaw: float
    close: bool = False


def aged(character: Character, atlas: WrinkleAtlas, years: float, seed: int | None = None) -> Character:
    """The character at an age in years: wrinkles and shape."""
    age = age_of_years(years)
    change = age - character.age
    row = DIRECTIONS.index("age")
    shaped = replace(
        character,
        neutral=(character.neutral + change * character.directions[row]).astype(np.float32),
        joints=(character.joints + change * character.joint_directions[row]).astype(np.float32),
    )
    return with_wrinkles(shaped, atlas, age=age, seed=seed)


def sampled_head(model: HeadModel, seed: int, complexion: Complexion, years: float) -> Character:
    """A head drawn from the population, with painted skin and brows."""
    identity = 0.8 * np.random.default_rng(seed).standard_normal(min(40, len(model.identity_basis)))
    neutral = model.neutral(identity).astype(np.float32)
    flat = np.zeros((SIZE, SIZE), np.float32)
    return Character(
        name=f"Sample {seed}", topology=model.topology, neutral=neutral, expression_names=model.expression_names,
        expression_deltas=personal_deltas(model, neutral), directions=model.directions,
        joints=model.joints_of(identity).astype(np.float32), joint_directions=model.joint_directions,
        identity=identity.astype(np.float32), age=0.3, views=(),
        albedo=painted_skin(model, SIZE, complexion, years, seed),
        roughness=hair_roughness(model), skin_mask=np.full((SIZE, SIZE), 255, np.uint8),
        eye_colour=np.array(complexion.iris) / 255.0, detail=DetailMaps(flat, flat, flat, flat), wrinkle_seed=seed,
    )


def hair_roughness(model: HeadModel) -> np.ndarray:
    """(SIZE, SIZE) uint8: skin, and dull cropped hair."""
    scalp = uv_raster(model.topology, SIZE).sample(model.topology.region("scalp")[:, None])[..., 0]
    return np.round(128.0 + 120.0 * np.clip(2.0 * scalp, 0.0, 1.0)).astype(np.uint8)


def studio(row: Row) -> HeadObjects:
    """A fresh scene with the row's head, light and camera."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = build_head(row.subject())
    scene = bpy.context.scene
    add_studio(scene, made)
    set_render(scene, 3 * SAMPLES if row.close else SAMPLES)
    use_fast_scattering(bpy.data.materials)
    centre, _ = face_frame(made)
    key, fill, rim = (bpy.data.objects[f"{name} Light"] for name in ("Key", "Fill", "Rim"))
    if row.soft:
        key.location, key.data.size, key.data.energy = centre + Vector((-0.5, -1.0, 0.8)), 1.4, 15.0
        fill.data.size, fill.data.energy = 1.6, 8.0
    else:
        key.location, key.data.size, key.data.energy = centre + Vector((-0.9, -0.5, 0.95)), 0.2, 23.0
        fill.data.energy, rim.data.energy = 1.4, 5.0
    aim(key, centre)
    camera = scene.camera
    distance = math.hypot(camera.location.x - centre.x, camera.location.y - centre.y)
    camera.location = centre + Vector((distance * math.sin(row.yaw), -distance * math.cos(row.yaw), 0.02))
    aim(camera, centre)
    scene.render.resolution_x, scene.render.resolution_y = TILE
    camera.data.sensor_height *= FIELD
    camera.data.shift_x, camera.data.shift_y = -0.08 * np.sign(row.yaw), -0.05
    if not row.close:
        made.head.modifiers[SUBDIVISION].render_levels = 2  # bump shows what the mesh is too coarse for
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
    field = camera.data.sensor_height / FIELD
    row = []
    for weights, (right, up), width in CLOSE_UPS:
        camera.data.sensor_height = field * width
        # shifts are in shares of the larger side of the smaller picture
        camera.data.shift_x, camera.data.shift_y = right / width, up / width
        row.append(tile(made, weights, folder))
    return np.hstack(row)


def captioned(row: np.ndarray, text: str) -> np.ndarray:
    """The row with a caption in its corner."""
    return cv2.putText(row, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (235, 235, 235), 1, cv2.LINE_AA)


def sheet_rows(model: HeadModel, atlas: WrinkleAtlas, character: Character) -> list[Row]:
    """All rows: three heads at four ages, then close-ups."""
    def sampled(number: int, years: float) -> Callable[[], Character]:
        seed, complexion = SAMPLED[number]
        return lambda: aged(sampled_head(model, seed, complexion, years), atlas, years)

    def photo(years: float) -> Callable[[], Character]:
        return lambda: aged(character, atlas, years)

    rows = [Row(f"{years} years", photo(years), False, 0.0) for years in AGES]
    rows += [Row(f"second head, {years} years", sampled(0, years), False, THREE_QUARTERS) for years in AGES]
    rows += [Row(f"third head, {years} years, soft light", sampled(1, years), True, yaw)
             for years, yaw in zip(AGES, (0.0, -THREE_QUARTERS, 0.0, -THREE_QUARTERS))]
    rows += [Row("65 years", photo(65), False, 0.0, True), Row("80 years, soft light", sampled(0, 80), True, 0.0, True)]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("character", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--rows", help="numbers of the rows to render, with commas; all by default")
    arguments = parser.parse_args()
    assets = assets_folder()
    model, atlas = load_head_model(assets / "head.npz"), load_atlas(assets / "wrinkles.npz")
    rows = sheet_rows(model, atlas, load_character(arguments.character))
    if arguments.rows is not None:
        rows = [rows[int(number)] for number in arguments.rows.split(",")]
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            made = studio(row)
            if row.close:
                picture = close_ups(made, folder)
            else:
                picture = np.hstack([tile(made, weights, folder) for weights in EXPRESSIONS.values()])
            pictures.append(captioned(picture, row.caption))
    aside = arguments.output.with_name(f"{arguments.output.stem}.part.png")
    sheet = np.vstack(pictures) & 0xFE  # the lowest bit is noise, and a quarter of the file
    cv2.imwrite(str(aside), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    os.replace(aside, arguments.output)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the module frees gigabytes one by one on the ordinary way out
