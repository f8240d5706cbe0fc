"""Texture stage on the CPU, one thread: worked out as it is, against everything at the full size of the maps.

    python benchmarks/texture.py [PHOTO ...] [--sizes 1024 2048 4096]

Several photos are taken to be of one person. For each size, in processes of their own that start without any raster:
processor time and memory that the stage adds as shares of those at the full size, and how far the two skins differ
where the photo shows it. Default photo: the astronaut portrait enlarged to one megapixel.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from furrow.core.fit import coarse
from furrow.core.fit.coarse import Observation
from furrow.core.io.photo import load_photo
from furrow.core.nets import detection, landmarks
from furrow.core.pipeline import load_models
from furrow.core.texture.build import Texture, build_texture
from furrow.core.view import chart_window
from pipeline import default_photo

SURE = 250  # of the mask: skin that is used as it is


def built(photos: list[Path], size: int, grid: int) -> tuple[float, float, Texture]:
    """Processor seconds of the stage, MiB it adds to the peak of the process, and the texture."""
    cv2.setNumThreads(1)
    models, observations, pictures = load_models("cpu"), [], []
    for path in photos:
        photo = load_photo(path)
        face, _ = detection.choose_face(detection.find_faces(photo.pixels, models.nets), None)
        marks = landmarks.detect_landmarks(photo.pixels, face, models.nets)
        height, width = photo.pixels.shape[:2]
        observations.append(Observation(marks, width, height, photo.focal_px, photo.name))
        pictures.append(photo.pixels)
    fit = coarse.fit(models.head, observations)
    chart_window.GRID = grid
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    texture = build_texture(models.head, fit, pictures, models.nets, size)
    seconds = time.process_time() - began
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, texture


def apart(photos: list[Path], size: int, grid: int) -> tuple[float, float, np.ndarray, np.ndarray]:
    """The same in a new process: seconds, MiB, albedo and mask."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak, texture = pool.apply(built, (photos, size, grid))
    return seconds, peak, texture.albedo, texture.skin_mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[2048])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        photos = options.photos or [default_photo(Path(name))]
        print(f"{'size':>5}{'time':>8}{'memory':>9}{'of MiB':>8}{'mean':>8}{'99.9 %':>8}   (levels of 255)")
        for size in options.sizes:
            runs = [[apart(photos, size, g) for g in (chart_window.GRID, size)] for _ in range(options.runs)]
            shares = [statistics.median(quick[i] / whole[i] for quick, whole in runs) for i in range(2)]
            (_, _, albedo, mask), (_, peak, expected, full_mask) = runs[0]
            seen = (mask > SURE) & (full_mask > SURE)
            away = np.abs(albedo[seen].astype(int) - expected[seen])
            print(
                f"{size:>5}{shares[0]:>8.0%}{shares[1]:>9.0%}{peak:>8.0f}{away.mean():>8.2f}"
                f"{np.quantile(away, 0.999):>8.1f}"
            )


if __name__ == "__main__":
    main()
