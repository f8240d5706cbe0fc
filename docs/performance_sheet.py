"""The picture of a performance: frames of a clip above, the character that plays them below.

    python docs/performance_sheet.py IN.furrow OUT.png [--clip VIDEO] [--size 260] [--samples 16]

Without a clip of your own an actor is rendered who is somebody else: it needs nothing but the built models.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import tempfile
from pathlib import Path

import bpy
import cv2
import numpy as np
from furrow.blender_addon.head.build_head import build_head
from furrow.blender_addon.head.performance_keys import key_performance
from furrow.blender_addon.head.portrait import add_studio, set_render, use_fast_scattering
from furrow.core.assets import assets_folder
from furrow.core.character.file import load_character
from furrow.core.head.camera import Camera
from furrow.core.head.model import load_head_model
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.core.performance.capture import CaptureSettings, capture_performance
from furrow.core.performance.clip import open_clip

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from furrow.models.evaluation.face_clip import Painter, pose_at, write_video  # noqa: E402
from performance import curves  # noqa: E402

FRAMES, FPS = 100, 25.0
SHOWN = (0.10, 0.22, 0.40, 0.595, 0.74, 0.90)  # of the clip
ACTOR = 3


def acted_clip(path: Path, head, size: int = 400) -> None:
    """A rendered actor in an AVI."""
    identity = np.zeros(len(head.identity_basis))
    identity[:30] = 0.8 * np.random.default_rng(ACTOR).normal(size=30)
    neutral = head.neutral(identity)
    painter = Painter(head, neutral.astype(float), personal_deltas(head, neutral).astype(float))
    camera = Camera(2.5 * size, 2.5 * size, size / 2, size / 2, size, size)
    acting = zip(*curves(head.expression_names, FRAMES))
    write_video(path, [painter.frame(w, pose_at(turn, place), camera) for w, turn, place in acting], FPS)


def square(frame: np.ndarray, size: int) -> np.ndarray:
    """The middle of a frame (H, W, 3), without a tenth at each side."""
    height, width = frame.shape[:2]
    side = int(0.8 * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    return cv2.resize(frame[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA)


def render(character, source: Path, performance, frames: list[int], size: int, samples: int) -> list[np.ndarray]:
    """Pictures (size, size, 3) BGR of the character in some frames."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made, scene = build_head(character, source=str(source)), bpy.context.scene
    key_performance(made, performance, 0, performance.fps, pose=True, eye_bones=False)
    add_studio(scene, made)
    set_render(scene)
    use_fast_scattering(bpy.data.materials)
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.resolution_percentage, scene.cycles.samples = 100, samples
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for frame in frames:
            scene.frame_set(frame)
            scene.render.filepath = str(Path(folder) / "tile.png")
            bpy.ops.render.render(write_still=True)
            pictures.append(cv2.imread(scene.render.filepath))
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("character", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--size", type=int, default=260)
    parser.add_argument("--samples", type=int, default=16)
    options = parser.parse_args()
    head = load_head_model(assets_folder() / "head.npz")
    character = load_character(options.character)
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or Path(folder) / "actor.avi"
        if options.clip is None:
            acted_clip(clip, head)
        nets = FaceNets(assets_folder(), choose("cpu"))
        performance = capture_performance(character, clip, head, nets, CaptureSettings(same_person=False))
        frames = [round(share * (performance.count - 1)) for share in SHOWN]
        source = {i: square(f, options.size) for i, f in enumerate(open_clip(clip).frames()) if i in frames}
    above = [source[i][:, :, ::-1] for i in frames]
    below = render(character, options.character, performance, frames, options.size, options.samples)
    cv2.imwrite(str(options.output), np.concatenate([np.concatenate(row, axis=1) for row in (above, below)]))
    print(f"wrote {options.output}", flush=True)
    sys.stdout.flush()
    os._exit(0)  # Blender's module frees gigabytes one by one on the ordinary way out


if __name__ == "__main__":
    main()
