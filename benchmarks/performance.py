"""Performance capture: a rendered clip with known curves, and the time a frame takes.

    python benchmarks/performance.py [--frames 100] [--size 400]

A sampled head smiles, frowns, blinks, speaks, looks about and turns; the clip goes through an AVI file, the face nets
and the solver. Printed: correlation and error of the weights, error of the head's turn, gaze, jitter before and after
smoothing, and times as ratios to face detection alone (medians of one run on one machine).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from furrow.core.assets import HEAD, assets_folder
from furrow.core.head.camera import Camera, rotation_matrix
from furrow.core.head.model import load_head_model
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.nets.detection import find_faces
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.core.performance.capture import CaptureSettings, capture_performance
from furrow.core.performance.clip import open_clip
from furrow.core.performance.performance import Performance
from furrow.core.performance.solve import face_motion, solve_frame
from furrow.core.performance.track import FaceTracker
from furrow.models.evaluation.face_clip import Painter, pose_at, write_video  # noqa: E402
from furrow.models.evaluation.made_up import tiny_character  # noqa: E402

FPS, FOCAL_SHARE, SEED = 25.0, 2.5, 3
LEADING, SPREAD = 30, 0.8


def curves(names: tuple[str, ...], count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (F, 52), turns (F, 3) radians and positions (F, 3) mm of the clip."""
    time_of = np.arange(count) * (4.0 / count)  # the same acting, whatever the number of frames
    weights = np.zeros((count, len(names)))

    def play(curve, *stems):
        for name in names:
            if name in stems or name.removesuffix("Left").removesuffix("Right") in stems:
                weights[:, names.index(name)] = np.clip(curve, 0.0, 1.0)

    def bump(centre, width):
        return np.exp(-0.5 * ((time_of - centre) / width) ** 2)

    play(0.8 * bump(0.8, 0.25), "mouthSmile")
    play(0.7 * bump(1.6, 0.2), "browOuterUp", "browInnerUp")
    play(0.7 * bump(3.6, 0.2), "browDown")
    play(0.5 * bump(3.6, 0.2), "mouthFrown")
    play(0.8 * bump(2.9, 0.15), "mouthPucker")
    play(0.6 * np.sin(3 * np.pi * (time_of - 2.1)) * (time_of > 2.1) * (time_of < 2.75), "jawOpen")
    play(bump(0.4, 0.06) + bump(2.0, 0.06) + bump(3.1, 0.06), "eyeBlink")
    side = 0.6 * np.sin(np.pi * time_of)
    play(side, "eyeLookOutLeft", "eyeLookInRight")
    play(-side, "eyeLookInLeft", "eyeLookOutRight")
    turns = np.deg2rad(np.column_stack([
        8 * np.sin(2 * np.pi * time_of / 3), 20 * np.sin(2 * np.pi * time_of / 4), 6 * np.sin(2 * np.pi * time_of / 2.5)
    ]))
    places = np.column_stack([20 * np.sin(time_of), 10 * np.cos(time_of), 800 + 30 * np.sin(time_of)])
    return weights, turns, places


def angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(F,) degrees between rotations (F, 3, 3)."""
    trace = np.einsum("fij,fij->f", first, second)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def jitter(values: np.ndarray) -> float:
    """Mean absolute second difference from frame to frame."""
    return float(np.abs(np.diff(values, 2, axis=0)).mean())


def report(label: str, made: Performance, weights: np.ndarray, turns: np.ndarray) -> None:
    played = weights.max(axis=0) > 0.1
    got, true = made.weights[:, played], weights[:, played]
    truth = np.stack([rotation_matrix(turn) for turn in turns])
    error = angles(made.rotation, truth)
    # against its own mean: a constant tilt is a matter of the face's shape, not of its motion
    relative = angles(np.swapaxes(made.rotation[:1], 1, 2) @ made.rotation, truth[0].T @ truth)
    side = weights[:, made.names.index("eyeLookOutLeft")] - weights[:, made.names.index("eyeLookInLeft")]
    gaze = [np.corrcoef(made.gaze[:, eye, 0], side)[0, 1] for eye in (0, 1)]
    print(
        f"{label:34s} r {np.corrcoef(got.ravel(), true.ravel())[0, 1]:.2f}  mae {np.abs(got - true).mean():.3f} "
        f"(zeros {true.mean():.3f})  unplayed {made.weights[:, ~played].mean():.3f}  turn {error.mean():.1f} "
        f"(max {error.max():.1f}), from the first frame {relative.mean():.1f} degrees  gaze r {gaze[0]:.2f} "
        f"{gaze[1]:.2f}  jitter {jitter(made.weights):.4f}, truth {jitter(weights):.4f}"
    )


def times(path: Path, head, person, nets: FaceNets, focal: float) -> None:
    """Medians of detection, tracking and solving a frame, in turn."""
    clip = open_clip(path)
    face = face_motion(head, person.neutral, person.expression_deltas)
    tracker, state, spent = FaceTracker(nets), None, {"find_faces": [], "track": [], "solve": []}
    for pixels in clip.frames():
        marks = [time.perf_counter()]
        find_faces(pixels, nets)
        marks.append(time.perf_counter())
        landmarks = tracker.track(pixels)
        marks.append(time.perf_counter())
        state = solve_frame(face, landmarks, clip.width, clip.height, focal, state).state
        marks.append(time.perf_counter())
        for name, seconds in zip(spent, np.diff(marks)):
            spent[name].append(seconds)
    medians = {name: statistics.median(values[1:]) for name, values in spent.items()}
    whole = (medians["track"] + medians["solve"]) / medians["find_faces"]
    shown = ", ".join(f"{name} {value / medians['find_faces']:.2f}" for name, value in medians.items())
    print(f"times as ratios to detection alone: {shown}; track + solve {whole:.2f}")
    print(f"(detection {1e3 * medians['find_faces']:.1f} ms a frame here)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", type=int, default=400, help="pixels of a frame")
    options = parser.parse_args()
    folder = assets_folder()
    head, nets = load_head_model(folder / HEAD), FaceNets(folder, choose("cpu"))
    identity = np.zeros(len(head.identity_basis))
    identity[:LEADING] = SPREAD * np.random.default_rng(SEED).normal(size=LEADING)
    neutral = head.neutral(identity)
    person = dataclasses.replace(
        tiny_character("Actor"), topology=head.topology, neutral=neutral, expression_names=head.expression_names,
        expression_deltas=personal_deltas(head, neutral), views=(),
    )
    weights, turns, places = curves(head.expression_names, options.frames)
    size, focal = options.size, FOCAL_SHARE * options.size
    painter = Painter(head, neutral.astype(float), person.expression_deltas.astype(float))
    camera = Camera(focal, focal, size / 2, size / 2, size, size)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "clip.avi"
        frames = [painter.frame(w, pose_at(t, p), camera) for w, t, p in zip(weights, turns, places)]
        write_video(path, frames, FPS)
        for label, settings in (
            ("as measured", CaptureSettings(smooth=0.0)),
            ("smoothed (the default)", CaptureSettings()),
            ("smoothed, 0.6", CaptureSettings(smooth=0.6)),
            ("in order of the frames, 0.6", CaptureSettings(smooth=0.6, streaming=True)),
            ("neutral frame given", CaptureSettings(neutral=0)),
            ("no baseline", CaptureSettings(neutral="none")),
            ("somebody else's clip", CaptureSettings(same_person=False)),
        ):
            report(label, capture_performance(person, path, head, nets, settings), weights, turns)
        times(path, head, person, nets, focal)


if __name__ == "__main__":
    main()
