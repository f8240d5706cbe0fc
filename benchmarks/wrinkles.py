"""Wrinkles: ``python benchmarks/wrinkles.py [IN.furrow]``. Time of the maps, and what tension makes of them.

With a character, the whole change that the age slider and the seed button ask for is timed too: the worker reads the
file, computes the maps and writes the file. Processor seconds stand beside the wall's, since other work may share it.

Reference: every line as deep as the strain across it says, computed from deformation gradients and not from edges.
"Kept" is the projection of the live displacement on that reference, "correlation" their cosine, "leaked" the share of
the live energy where the skin does not get shorter across the lines.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from furrow.core.assets import HEAD, WRINKLES, assets_folder
from furrow.core.head.model import HeadModel, load_head_model
from furrow.core.head.raster import uv_raster
from furrow.core.head.tension import evaluate_tension, tension_weights
from furrow.core.worker import Worker
from furrow.core.wrinkles.maps import (
    WrinkleAtlas,
    displacement,
    dynamic_amplitudes,
    dynamic_maps,
    load_atlas,
    points_of,
    prior_maps,
)
from furrow.models.wrinkles.fields import buckling_depth, excess_strain, family_direction, vertex_fields
from furrow.models.wrinkles.groups import GROUPS
from furrow.models.wrinkles.habits import HABITS
from furrow.models.wrinkles.line_directions import compression_across
from furrow.models.wrinkles.strain import expression_delta

NAMES = ("brow raise", "brow down", "smile and squint", "sneer", "pucker", "chin raise")
SIZE, AGE, SEED = 1024, 0.5, 0


def time_maps(atlas: WrinkleAtlas) -> None:
    """Print the time of a person's maps, new and with another age."""
    for size in (1024, 2048):
        prior_maps(atlas, 256, AGE, 98)
        for what, age in (("a new person", AGE), ("another age", 0.7)):
            with Stopwatch(f"maps at {size} for {what}"):
                prior_maps(atlas, size, age, 99)


class Stopwatch:
    """Prints how long its block took."""

    def __init__(self, label: str):
        self.label = label

    def __enter__(self) -> None:
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, processor = time.perf_counter() - self.wall, time.process_time() - self.processor
        print(f"{self.label}: {wall:.2f} s ({processor:.2f} s of the processor)")


def time_changes(character: Path) -> None:
    """Print the time of whole changes by the worker, from a file to a file."""
    worker = Worker(io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        for size in (1024, 2048):
            given, changed = (Path(folder) / f"{name}_{size}.furrow" for name in ("given", "changed"))
            worker.run({"command": "resize", "input": str(character), "output": str(given), "size": size})
            command = {"command": "wrinkles", "input": str(given), "output": str(changed)}
            worker.run(command | {"age": 0.4, "seed": 1})
            for what, change in (("new layout", {"age": 0.4, "seed": 2}), ("other age", {"age": 0.7, "seed": 2})):
                changed.unlink(missing_ok=True)
                with Stopwatch(f"{what} at {size}, end to end"):
                    worker.run(command | change)
                assert changed.exists()


def reference(model: HeadModel, atlas: WrinkleAtlas, habit: int) -> tuple[np.ndarray, np.ndarray]:
    """(S, S, 2) mm by family that the strain of one habitual expression asks for, and (V, 2) compression across."""
    at = vertex_fields(model.topology, model.mean, model.expression_basis, model.expression_names)
    directions = [family_direction(family, at) for family in (1, 2)]
    count = model.topology.vertex_count
    depth = np.zeros((count, len(atlas.group_names)))
    for number, group in enumerate(GROUPS):
        excess = excess_strain(group, at, directions[group.family - 1], habit)
        depth[: len(at.frame), number] = buckling_depth(group, excess)
    points = points_of(atlas, SEED)
    group = np.repeat(atlas.curve_group, np.diff(atlas.curve_start))[points]
    at_point = (depth[atlas.vertices[points], group[:, None]] * atlas.barycentric[points]).sum(1)
    share = dynamic_amplitudes(atlas, AGE, SEED) / np.maximum(atlas.dynamic[points], 1e-6)
    family = atlas.group_family[group]
    wanted = np.stack([at_point * share * (family == f) for f in (1, 2)]).astype(np.float32)
    across = np.zeros((count, 2))
    for column, direction in enumerate(directions):
        across[: len(at.frame), column] = compression_across(at.strain[habit], direction, at.axes)
    return np.moveaxis(displacement(atlas, SIZE, SEED, wanted, (1.0, 1.0)), 0, -1), across


def without_folds(atlas: WrinkleAtlas) -> WrinkleAtlas:
    """The atlas with folds flattened: the strain across them is not what drives them."""
    fold = np.repeat(atlas.curve_group >= len(GROUPS), np.diff(atlas.curve_start))
    return replace(atlas, dynamic=np.where(fold, 0.0, atlas.dynamic).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("character", type=Path, nargs="?", metavar="IN.furrow")
    character = parser.parse_args().character
    folder = assets_folder()
    model, atlas = load_head_model(folder / HEAD), load_atlas(folder / WRINKLES)
    time_maps(atlas)
    if character is not None:
        time_changes(character)
    atlas = without_folds(atlas)
    maps = np.stack(dynamic_maps(atlas, SIZE, AGE, SEED)[:2], axis=-1)
    raster = uv_raster(model.topology, SIZE)
    weights = tension_weights(model.topology, model.mean)
    for habit, (expression, _) in enumerate(HABITS):
        wanted, across = reference(model, atlas, habit)
        loose = raster.sample(across.astype(np.float32)) <= 0.0
        posed = model.mean + expression_delta(expression, model.expression_basis, model.expression_names)
        line = f"{NAMES[habit]:17s}"
        for directional in (True, False):
            found = evaluate_tension(weights, posed, directional=directional).stack()[:, :2]
            whole = np.zeros((model.topology.vertex_count, 2), np.float32)
            whole[: len(found)] = found
            live = maps * raster.sample(whole)
            kept = (live * wanted).sum() / (wanted**2).sum()
            cosine = (live * wanted).sum() / np.sqrt((live**2).sum() * (wanted**2).sum())
            leaked = (live**2)[loose].sum() / (live**2).sum()
            kind = "directional" if directional else "uniform"
            line += f"  {kind}: kept {kept:5.2f} correlation {cosine:.2f} leaked {100 * leaked:4.1f} %"
        print(line)


if __name__ == "__main__":
    main()
