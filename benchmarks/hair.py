"""Hair: how well brows lie on the photo's, what they cost in the file, in time, and while an artist scrubs.

    python benchmarks/hair.py [PHOTO ...]

For each photo (the public domain portrait by default): time to grow, curves, bytes in the .furrow, intersection over
union of the brows with those of the photo's hair mask from its camera, that of the whole head with its hair and the
person in the photo above the nose, and how far the colour of the rendered brows is from the painted ones in the
studio's light (CIE 1976, median). Then a scrub step of the head without hair, with brows and lashes, with these by
Blender's own Deform Curves on Surface, and with all hair, taking turns.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import bpy
import cv2
import numpy as np
from furrow.blender_addon import names
from furrow.blender_addon.hair.follow_nodes import CAGE
from furrow.blender_addon.hair.showing import show_hair
from furrow.blender_addon.head.build_head import HeadObjects, build_head
from furrow.blender_addon.head.expressions import set_expression
from furrow.blender_addon.head.photo_camera import photo_camera, photo_size
from furrow.blender_addon.head.portrait import add_studio, aim, set_render
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input
from furrow.core.character.character import Character
from furrow.core.character.file import save_character
from furrow.core.hair.grow import grow_hair
from furrow.core.hair.hair import Hair
from furrow.core.hair.strands import SCALP
from furrow.core.hair.surface import landmark_uv
from furrow.core.io.photo import load_photo
from furrow.core.nets import detection, landmarks
from furrow.core.pipeline import Models, load_models, reconstruct
from furrow.models.evaluation.brow_outline import brow_overlap
from mathutils import Vector

STEPS, ROUNDS = 8, 12
SIZE, WIDTH, SAMPLES = (300, 100), 0.125, 12  # pixels, metres, of the picture whose colours are compared
BLUR = 2.5  # pixels, Gaussian sigma
OUTLINE_PIXELS, OUTLINE_SAMPLES = 400, 4
FOREHEAD, UNDER_NOSE = 10, 2  # landmarks
BROW = 0.6  # of what the painted brows change most, where there is one


def file_bytes(character: Character) -> int:
    """Size of the .furrow file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "character.furrow"
        save_character(character, path)
        return path.stat().st_size


def outline_overlap(character: Character, photo: Path, models: Models) -> float:
    """Intersection over union of the head as the photo's camera renders it and the person there, above the nose."""
    pixels, view = load_photo(photo).pixels, character.views[0]
    face, _ = detection.choose_face(detection.find_faces(pixels, models.nets), None)
    person = landmarks.segment_person(pixels, face, models.nets)
    marks = landmarks.detect_landmarks(pixels, face, models.nets).points[:, :2]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made, scene = build_head(character), bpy.context.scene
    scene.camera = photo_camera(view, made.armature, "photo")
    scene.collection.objects.link(scene.camera)
    set_expression(made.head, dict(zip(character.expression_names, view.expression.tolist())))
    set_render(scene, OUTLINE_SAMPLES)
    scene.cycles.use_denoising, scene.render.film_transparent = False, True
    scene.render.image_settings.color_mode = "RGBA"
    width, height = scene.render.resolution_x, scene.render.resolution_y = photo_size(view, OUTLINE_PIXELS)
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "outline.png")
        bpy.ops.render.render(write_still=True)
        head = cv2.imread(scene.render.filepath, cv2.IMREAD_UNCHANGED)[..., 3] > 127
    person = cv2.resize(person, (width, height), interpolation=cv2.INTER_AREA) > 0.5
    marks = marks * width / pixels.shape[1]
    up = marks[FOREHEAD] - marks[UNDER_NOSE]
    rows, columns = np.mgrid[:height, :width]
    above = (np.stack([columns, rows], axis=-1) - marks[UNDER_NOSE]) @ up > 0.0  # clothes and shoulders are below
    return float((head & person & above).sum() / ((head | person) & above).sum())


def render(made: HeadObjects, folder: str) -> np.ndarray:
    """(h, w, 3) CIE L*a*b* of the brows from the front, blurred over single hairs."""
    bpy.context.scene.render.filepath = str(Path(folder) / "brows.png")
    bpy.ops.render.render(write_still=True)
    image = cv2.imread(bpy.context.scene.render.filepath).astype(np.float32) / 255
    return cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), BLUR), cv2.COLOR_BGR2LAB)


def colour_difference(character: Character) -> float:
    """Median CIE 1976 difference between brows as curves and as paint, of the same head in the same light."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made, scene = build_head(character), bpy.context.scene
    add_studio(scene, made)
    set_render(scene, SAMPLES)
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    scene.cycles.use_denoising = False
    eyes = character.neutral[character.topology.part_slice("eyes")].mean(0)
    target = made.armature.matrix_world @ Vector(names.to_blender(eyes + [0.0, 13.0, 8.0]).tolist())
    scene.camera.location = target + Vector((0.0, -0.9, 0.0))
    aim(scene.camera, target)
    scene.camera.data.sensor_fit, scene.camera.data.sensor_width = "HORIZONTAL", 36.0
    scene.camera.data.lens = 36.0 * 0.9 / WIDTH
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    with tempfile.TemporaryDirectory() as folder:
        show_hair(made.collection.objects, curves=False)
        painted = render(made, folder)
        made.head[names.PAINTED_BROWS] = 0.0
        made.head.update_tag()
        bare = render(made, folder)
        show_hair(made.collection.objects)
        grown = render(made, folder)
    changed = np.linalg.norm(painted - bare, axis=-1)
    return float(np.median(np.linalg.norm(painted - grown, axis=-1)[changed > BROW * np.quantile(changed, 0.97)]))


def step(made: HeadObjects, value: float) -> float:
    """Milliseconds of one scrub step."""
    start = time.perf_counter()
    made.head.data.shape_keys.key_blocks["browInnerUp"].value = value
    bpy.context.evaluated_depsgraph_get().update()
    return (time.perf_counter() - start) * 1e3


def scrub(character: Character) -> tuple[float, float, float, float]:
    """Median milliseconds of a step: no hair; brows and lashes; these by Blender's own node; all hair."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = build_head(character)
    for item in made.parts.values():
        item.hide_viewport = item is not made.head
    cage = get_input(next(iter(made.hair.values())).modifiers[names.FOLLOW], CAGE)
    times: dict[str, list[float]] = {"none": [], "furrow": [], "blender": [], "all": []}
    for _ in range(ROUNDS):
        for kind, found in times.items():
            for group, item in made.hair.items():
                item.hide_viewport = kind == "none" or (group == SCALP and kind != "all")
                set_input(item.modifiers[names.FOLLOW], CAGE, 0 if kind == "blender" else cage)
            found += [step(made, 0.05 + (i % 10) / 10) for i in range(STEPS + 2)][2:]
    return tuple(statistics.median(found) for found in times.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path)
    photos = parser.parse_args().photos
    if not photos:
        import skimage.data

        photos = [Path(skimage.data.__path__[0]) / "astronaut.png"]
    models = load_models("cpu")
    marks = landmark_uv(models.head)
    print(f"{'photo':>16} {'grow s':>7} {'curves':>7} {'bytes':>8} {'overlap':>8} {'outline':>8} {'colour':>7}"
          "   (aims .6, .85, under 8)")
    for photo in photos:
        character = reconstruct([photo], models=models)
        view = character.views[0]
        pixel = view.pose.translation[2] / (0.5 * (view.camera.fx + view.camera.fy))
        start = time.perf_counter()
        grow_hair(models.head, character.neutral, character.albedo, pixel, character.wrinkle_seed)
        spent = time.perf_counter() - start
        curves = sum(len(strands) for strands in character.hair.strands)
        size = file_bytes(character) - file_bytes(replace(character, hair=Hair()))
        overlap, outline = brow_overlap(character, marks), outline_overlap(character, photo, models)
        colour = colour_difference(character)
        print(f"{photo.stem:>16} {spent:>7.2f} {curves:>7} {size:>8} {overlap:>8.2f} {outline:>8.2f} {colour:>7.1f}",
              flush=True)  # fmt: skip
    none, furrow, blender, every = scrub(character)
    print(f"scrub step without hair {none:.1f} ms; brows and lashes {furrow / none:.3f} times (aim 1.10); "
          f"by Deform Curves on Surface {blender / none:.3f} times; all hair {every / none:.3f} times")  # fmt: skip
    sys.stdout.flush()
    os._exit(0)  # the module frees its memory slowly on the ordinary way out


if __name__ == "__main__":
    main()
