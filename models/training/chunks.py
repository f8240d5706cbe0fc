"""Training samples of the expression regressor in files: chunks that are made once, joined, and seen in a mirror."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np

from ...core.head.model import HeadModel
from ...core.io.safe_files import written_aside
from ...core.nets.sessions import FaceNets
from ...core.wrinkles.atlas import WrinkleAtlas
from ..population.sampled import mirrored as mirrored_shape
from .samples import Samples, make_samples, opposite_sides
from .variety import HARD, USUAL, Variety

CHUNK = 250
FIRST_TEXTURED = 100  # seed of the chunks with features
FIELDS = tuple(field.name for field in fields(Samples))


def made_once(path: Path, make: Callable[[], object]) -> dict[str, np.ndarray]:
    """The arrays of samples in an .npz: what ``make`` makes, a dataclass, where the file is not there yet.

    A field that is None is left out.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        began = time.perf_counter()
        samples = make()
        with written_aside(path) as aside, open(aside, "wb") as stream:
            np.savez(stream, **{key: value for key, value in vars(samples).items() if value is not None})
        print(f"{path.stem}: {time.perf_counter() - began:.0f} s", flush=True)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def collect(
    model: HeadModel, atlas: WrinkleAtlas, nets: FaceNets, folder: Path, seeds: range, variety: Variety, name: str
) -> list[Samples]:
    """One chunk of ``CHUNK`` samples for each seed, made where it is not in ``folder`` yet."""
    stored = (
        made_once(folder / f"{name}_{seed:03d}.npz", partial(make_samples, model, atlas, nets, CHUNK, seed, variety))
        for seed in seeds
    )
    return [Samples(**{field: arrays[field] for field in FIELDS if field in arrays}) for arrays in stored]


def collect_textured(
    model: HeadModel, atlas: WrinkleAtlas, nets: FaceNets, folder: Path, count: int
) -> list[Samples]:
    """The first ``count`` chunks with features, at least two; every third is a hard one."""
    varieties = [HARD if place % 3 == 2 else USUAL for place in range(max(2, count))]
    return [
        collect(model, atlas, nets, folder, range(seed, seed + 1), variety, "textured")[0]
        for seed, variety in enumerate(varieties, start=FIRST_TEXTURED)
    ]


def joined(chunks: list[Samples]) -> Samples:
    """One set of samples of several; with textures and identities where all have them."""
    values = {key: [getattr(chunk, key) for chunk in chunks] for key in FIELDS}
    return Samples(**{key: np.concatenate(v) for key, v in values.items() if all(part is not None for part in v)})


def each_texture(samples: Samples) -> Samples:
    """The samples once with their bare and once with their covered texture: textures (2 n, LENGTH)."""
    return Samples(
        np.concatenate([samples.points] * 2),
        np.concatenate([samples.weights] * 2),
        np.concatenate([samples.known_textures[:, 0, 0], samples.known_textures[:, 1, 0]]),
        None if samples.identity is None else np.concatenate([samples.identity] * 2),
    )


def mirrored(samples: Samples, pairs: np.ndarray, names: tuple[str, ...], signs: np.ndarray | None = None) -> Samples:
    """The samples seen in a mirror; ``pairs`` (478,) as of ``landmark_pairs``.

    Args:
        signs: (K,) of ``mirror_signs``; identities are left out without it.
    """
    return Samples(
        samples.points[:, pairs] * np.array([-1, 1, 1], np.float32),
        samples.weights[:, opposite_sides(names)],
        None if samples.textures is None else samples.textures[:, :, ::-1],
        None if samples.identity is None or signs is None else samples.identity * signs,
    )


def mirror_signs(model: HeadModel) -> np.ndarray:
    """(K,) 1 for identity components that look the same in a mirror, -1 for those that become their opposite."""
    basis = model.identity_basis.astype(float)
    return np.sign((basis * mirrored_shape(basis, model.topology.mirror)).sum((1, 2))).astype(np.float32)
