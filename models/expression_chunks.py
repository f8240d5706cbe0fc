"""Training samples of the expression regressor in files: chunks that are made once, joined, and seen in a mirror."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ..core.face_nets import FaceNets
from ..core.head_model import HeadModel
from ..core.safe_files import written_aside
from ..core.wrinkle_atlas import WrinkleAtlas
from .expression_samples import Samples, make_samples, opposite_sides
from .expression_variety import Variety

CHUNK = 250


def collect(
    model: HeadModel, atlas: WrinkleAtlas, nets: FaceNets, folder: Path, seeds: range, variety: Variety, name: str
) -> list[Samples]:
    """One chunk of ``CHUNK`` samples for each seed, made where it is not in ``folder`` yet."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for seed in seeds:
        path = folder / f"{name}_{seed:03d}.npz"
        if not path.is_file():
            began = time.perf_counter()
            samples = make_samples(model, atlas, nets, CHUNK, seed, variety)
            with written_aside(path) as aside, open(aside, "wb") as stream:
                np.savez(stream, **vars(samples))
            print(f"{path.stem}: {time.perf_counter() - began:.0f} s", flush=True)
        with np.load(path, allow_pickle=False) as stored:
            out.append(Samples(stored["points"], stored["weights"], stored.get("textures")))
    return out


def joined(chunks: list[Samples]) -> Samples:
    """One set of samples of several; with textures where all have them."""
    textured = all(chunk.textures is not None for chunk in chunks)
    keys = ("points", "weights", "textures") if textured else ("points", "weights")
    return Samples(*(np.concatenate([getattr(chunk, key) for chunk in chunks]) for key in keys))


def each_texture(samples: Samples) -> Samples:
    """The samples once with their bare and once with their covered texture: textures (2 n, LENGTH)."""
    return Samples(
        np.concatenate([samples.points] * 2),
        np.concatenate([samples.weights] * 2),
        np.concatenate([samples.textures[:, 0, 0], samples.textures[:, 1, 0]]),
    )


def mirrored(samples: Samples, pairs: np.ndarray, names: tuple[str, ...]) -> Samples:
    """The samples seen in a mirror; ``pairs`` (478,) as of ``landmark_pairs``."""
    return Samples(
        samples.points[:, pairs] * np.float32([-1, 1, 1]),
        samples.weights[:, opposite_sides(names)],
        None if samples.textures is None else samples.textures[:, :, ::-1],
    )
