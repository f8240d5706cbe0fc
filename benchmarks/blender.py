"""Blender: time to build a head, and a scrub step against Subdivision alone, in one run.

    python benchmarks/blender.py

A step sets one shape key, updates the dependency graph and fetches the evaluated mesh; medians over
rounds that take turns, one head visible at a time, so that other work on the machine hits both alike.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

import bpy

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from blender_helpers import mean_character  # noqa: E402
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.build_head import build_head  # noqa: E402

STEPS = {1: 10, 2: 8, 3: 3}  # of each level, in each round
ROUNDS = 5


def step(made: bpy.types.Object, value: float) -> float:
    """Milliseconds of one scrub step."""
    key = made.data.shape_keys.key_blocks["mouthSmileLeft"]
    depsgraph = bpy.context.evaluated_depsgraph_get()
    start = time.perf_counter()
    key.value = value
    depsgraph.update()
    len(made.evaluated_get(depsgraph).data.vertices)
    return (time.perf_counter() - start) * 1e3


def plain_copy(head: bpy.types.Object) -> bpy.types.Object:
    """The same head with nothing of Furrow but its shape keys: armature and subdivision alone."""
    copy = head.copy()
    copy.data = head.data.copy()
    bpy.context.scene.collection.objects.link(copy)
    for name in (names.TENSION, names.WRINKLE):
        copy.modifiers.remove(copy.modifiers[name])
    for attribute in [a.name for a in copy.data.attributes if a.name.startswith("furrow_")] + [names.REST_POSITION]:
        copy.data.attributes.remove(copy.data.attributes[attribute])
    return copy


def main() -> None:
    character = mean_character(ROOT / "models" / "assets", size=1024)
    builds = []
    for _ in range(3):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        start = time.perf_counter()
        made = build_head(character)
        builds.append(time.perf_counter() - start)
    vertices = len(made.head.data.vertices)
    print(f"Blender {bpy.app.version_string}; build of the head: {statistics.median(builds):.2f} s (aim 1.5)")
    for part, item in made.parts.items():
        item.hide_viewport = part != "head"
    heads = {"plain": plain_copy(made.head), "wrinkles": made.head}
    print(f"{'level':>5} {'vertices':>9} {'subdivision ms':>15} {'wrinkles ms':>12} {'ratio':>6}")
    for level, count in STEPS.items():
        times: dict[str, list[float]] = {kind: [] for kind in heads}
        for _ in range(ROUNDS):
            for kind, head in heads.items():
                for other in heads.values():
                    other.hide_viewport = other is not head
                head.modifiers[names.SUBDIVISION].levels = level
                times[kind] += [step(head, 0.05 + (i % 10) / 10) for i in range(count + 2)][2:]
        plain, full = (statistics.median(times[kind]) for kind in ("plain", "wrinkles"))
        aim = "  (aim 1.7)" if level == 2 else ""
        print(f"{level:>5} {vertices * 4**level:>9} {plain:>15.1f} {full:>12.1f} {full / plain:>6.2f}{aim}")
    sys.stdout.flush()
    os._exit(0)  # the module frees its memory slowly on the ordinary way out


if __name__ == "__main__":
    main()
