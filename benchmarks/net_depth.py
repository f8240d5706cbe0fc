"""The landmark net's relative depth against the true depth of rendered people: its gain and its tilt.

    python benchmarks/net_depth.py [--people 120]

What ``core.fit.terms.NET_TILT`` and its spread were read from: faces at rest give 4.6 +- 3.5 degrees to the front,
faces with expressions 5.7 +- 3.5. Depth counts along the line of sight to the face; a tilt to the front means
that the net has the chin too far away.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse

import numpy as np
from furrow.core.assets import HEAD, assets_folder
from furrow.core.head.model import HeadModel, load_head_model
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.models.renders.scene import RenderScene, random_shot, render, render_scene
from furrow.models.training.samples import detect, sample_identity

LEAST_SCORE = 0.5


def gain_and_tilts(model: HeadModel, scene: RenderScene, nets: FaceNets, rng: np.random.Generator):
    """Gain, tilts to the side and to the front in degrees, and what is left in mm; None where no face was found."""
    head, shot = sample_identity(model, rng), random_shot(rng)
    found, score = detect(render(scene, head, shot, rng), nets, rng)
    if score < LEAST_SCORE:
        return None
    middle = head[np.concatenate(scene.eyes)].mean(axis=0)
    points = model.landmarks((head - middle) @ shot.rotation.T + shot.position)
    centre = points.mean(axis=0)
    offset = points - centre
    away = offset @ (centre / np.linalg.norm(centre))
    depth = (found[:, 2] - found[:, 2].mean()) * centre[2] / shot.focal
    inputs = np.column_stack([away, offset[:, :2]])
    (gain, side, front), *_ = np.linalg.lstsq(inputs, depth, rcond=None)
    left = np.std(depth - inputs @ [gain, side, front])
    return gain, *np.degrees(np.arctan([side / gain, front / gain])), left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=120)
    people = parser.parse_args().people
    model, rng = load_head_model(assets_folder() / HEAD), np.random.default_rng(0)
    scene, nets = render_scene(model), FaceNets(assets_folder(), choose("cpu"))
    found = [gain_and_tilts(model, scene, nets, rng) for _ in range(people)]
    table = np.array([row for row in found if row is not None])
    print(f"{len(table)} of {people} people")
    for name, values in zip(("gain", "tilt to the side, degrees", "tilt to the front, degrees", "left, mm"), table.T):
        print(f"{name:<28}{values.mean():8.2f} +- {values.std():.2f}")


if __name__ == "__main__":
    main()
