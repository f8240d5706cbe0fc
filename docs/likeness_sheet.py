"""Sheet of fitted heads: for each photo of a folder the photo, the mesh over it, then front, three-quarter and side.

    python docs/likeness_sheet.py FOLDER -o SHEET.png [--only PREFIX,PREFIX] [--together] [--rows 6]

Shape only, without texture or wrinkles: what no figure catches is seen here (collapsed profiles, staring eyes, open
lips, a crooked face). The three views on the right show the neutral head. ``--together`` fits one head to all photos.
More than ``--rows`` photos make several sheets, SHEET_1.png and so on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
from pathlib import Path

import numpy as np
from furrow.core.errors import FurrowError
from furrow.core.fit import coarse
from furrow.core.fit.refinement import refine
from furrow.core.head.camera import rotation_matrix
from furrow.core.head.fitted import CoarseFit
from furrow.core.head.model import HeadModel
from furrow.core.head.raster import rasterize
from furrow.core.io.photo import load_photo
from furrow.core.mesh.operators import vertex_normals
from furrow.core.nets import detection, landmarks
from furrow.core.output.preview import face_crop
from furrow.core.pipeline import load_models
from PIL import Image, ImageDraw

PHOTO_TYPES = (".jpg", ".jpeg", ".png")
TILE = (300, 375)
TURNS = (0.0, 40.0, 90.0)  # degrees
FIELD = 300.0  # mm, height of the turned views
LIGHT = np.array([-0.35, -0.5, -0.8]) / np.linalg.norm([0.35, 0.5, 0.8])
SKIN, EYE, IRIS, BACKGROUND = (np.array(c, float) for c in ((222, 196, 180), (245, 245, 245), (70, 90, 110), (32,) * 3))


def vertex_colours(model: HeadModel) -> np.ndarray:
    """(V, 3) skin, white of the eye and iris."""
    colours = np.tile(SKIN, (model.topology.vertex_count, 1))
    eyes = model.topology.part_slice("eyes")
    middle = model.landmarks(model.mean.astype(float))[[468, 473]]
    off = np.linalg.norm(model.mean[eyes, None] - middle, axis=2).min(axis=1)
    colours[eyes] = np.where(off[:, None] < 6.0, IRIS, EYE)
    return colours


def shaded(points: np.ndarray, xy: np.ndarray, model: HeadModel, width: int,
           height: int) -> tuple[np.ndarray, np.ndarray]:
    """Picture (height, width, 3) of camera-space points (V, 3) at pixels (V, 2), and where there is a head."""
    topology = model.topology
    # lashes are flat plates that would hide the lids
    triangles = topology.triangles[(topology.triangles < topology.part_slice("lashes").start).all(axis=1)]
    ids, weights = rasterize(xy, points[:, 2], triangles, width, height)
    covered = ids >= 0
    corners, share = triangles[ids[covered]], weights[covered][:, :, None]
    normals = (vertex_normals(points, triangles)[corners] * share).sum(axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-9)
    shade = 0.25 + 0.75 * np.clip(normals @ LIGHT, 0.0, 1.0)
    picture = np.tile(BACKGROUND, (height, width, 1))
    picture[covered] = (vertex_colours(model)[corners] * share).sum(axis=1) * shade[:, None]
    return picture, covered


def over_photo(pixels: np.ndarray, model: HeadModel, fit: CoarseFit, view) -> np.ndarray:
    """The posed mesh over its photo, cut around the face."""
    posed = fit.neutral.astype(float) + np.tensordot(view.expression, model.expression_basis, 1)
    points = view.pose.apply(posed)
    height, width = pixels.shape[:2]
    picture, covered = shaded(points, view.camera.project(points), model, width, height)
    mixed = np.where(covered[:, :, None], 0.85 * picture + 0.15 * pixels, pixels)
    return face_crop(mixed.astype(np.uint8), view, TILE)


def turned(model: HeadModel, fit: CoarseFit, degrees: float) -> np.ndarray:
    """The neutral head from a distance, turned by so many degrees."""
    head = fit.neutral.astype(float)
    centre = model.landmarks(head)[[33, 263, 152]].mean(axis=0) - [0.0, 0.0, 60.0]
    turn = rotation_matrix(np.array([0.0, np.radians(degrees), 0.0]))
    points = (head - centre) @ turn.T * [1.0, -1.0, -1.0] + [0.0, 0.0, 1000.0]
    xy = points[:, :2] * TILE[1] / FIELD + np.array(TILE) / 2
    return shaded(points, xy, model, *TILE)[0].astype(np.uint8)


def rows_of(paths: list[Path], together: bool) -> list[tuple[str, list[np.ndarray]]]:
    """Title and tiles of every photo; photos without a face are left out with a line on stderr."""
    models = load_models("cpu")
    seen = []
    for path in paths:
        try:
            photo = load_photo(path)
            face, _ = detection.choose_face(detection.find_faces(photo.pixels, models.nets), None)
        except FurrowError as error:
            print(error, file=sys.stderr)
            continue
        mark = landmarks.detect_landmarks(photo.pixels, face, models.nets)
        height, width = photo.pixels.shape[:2]
        person = landmarks.segment_person(photo.pixels, face, models.nets)
        seen.append((photo, coarse.Observation(mark, width, height, photo.focal_px, photo.name), person))
    rows = []
    for group in [seen] if together else [[one] for one in seen]:
        fit = coarse.fit(models.head, [observation for _, observation, _ in group])
        pictures, people = [photo.pixels for photo, _, _ in group], [mask for _, _, mask in group]
        fit = refine(models.head, fit, pictures, people)
        print("\n".join(fit.warnings), end="\n" if fit.warnings else "")
        views = [turned(models.head, fit, degrees) for degrees in TURNS]
        for (photo, _, _), view in zip(group, fit.views):
            title = f"{photo.name}   error {100 * view.landmark_error:.1f} %   size of shape {np.std(fit.identity):.2f}"
            rows.append((title, [face_crop(photo.pixels, view, TILE), over_photo(photo.pixels, models.head, fit, view)]
                         + views))
    return rows


def sheet(rows: list[tuple[str, list[np.ndarray]]]) -> Image.Image:
    """One line of tiles a photo, its title below."""
    gap, label = 6, 20
    size = (5 * (TILE[0] + gap) + gap, len(rows) * (TILE[1] + label) + gap)
    page = Image.new("RGB", size, tuple(BACKGROUND.astype(int)))
    draw = ImageDraw.Draw(page)
    for row, (title, tiles) in enumerate(rows):
        y = gap + row * (TILE[1] + label)
        for column, tile in enumerate(tiles):
            page.paste(Image.fromarray(tile), (gap + column * (TILE[0] + gap), y))
        draw.text((gap, y + TILE[1] + 3), title, fill=(220, 220, 220))
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="photos whose names start so, comma-separated")
    parser.add_argument("--together", action="store_true", help="one head for all photos")
    parser.add_argument("--rows", type=int, default=6, help="photos a sheet")
    options = parser.parse_args()
    prefixes = tuple(options.only.split(","))
    paths = sorted(path for path in options.folder.glob("*")
                   if path.suffix.lower() in PHOTO_TYPES and path.name.startswith(prefixes))
    rows = rows_of(paths, options.together)
    if not rows:
        print(f"{options.folder}: no photo with a face.", file=sys.stderr)
        return 2
    parts = [rows[i : i + options.rows] for i in range(0, len(rows), options.rows)]
    for number, part in enumerate(parts, 1):
        name = options.out if len(parts) == 1 else options.out.with_stem(f"{options.out.stem}_{number}")
        sheet(part).save(name)
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
