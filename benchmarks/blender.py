"""Blender: time to build a head, and a scrub step against Subdivision alone and against a Python handler, in one run.

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

from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.core.character.character import Character  # noqa: E402
from furrow.core.head.tension import evaluate_tension, tension_weights  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402

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


def copy_without(head: bpy.types.Object, *modifiers: str) -> bpy.types.Object:
    """The same head without some of Furrow's modifiers, nor the attributes that nothing reads then."""
    copy = head.copy()
    copy.data = head.data.copy()
    bpy.context.scene.collection.objects.link(copy)
    for name in modifiers:
        copy.modifiers.remove(copy.modifiers[name])
    if names.WRINKLE in modifiers:
        for attribute in [a.name for a in copy.data.attributes if a.name.startswith("furrow_")] + [names.REST_POSITION]:
            copy.data.attributes.remove(copy.data.attributes[attribute])
    return copy


class PythonHandler:
    """Without tension nodes: on every change Python measures tension and writes a weight for each vertex.

    The displacement after subdivision is the same as Furrow's.
    """

    def __init__(self, made: bpy.types.Object, character: Character):
        self.made, self.character = made, character
        self.weights = tension_weights(character.topology, character.neutral)
        self.count = character.topology.part_slice("head").stop
        self.groups = [made.vertex_groups.new(name=name) for name in ("compression", "stretch")]

    def __call__(self, value: float) -> float:
        """Milliseconds of one scrub step."""
        start = time.perf_counter()
        delta = self.character.expression_deltas[self.character.expression_names.index("mouthSmileLeft")]
        found = evaluate_tension(self.weights, self.character.neutral + value * delta)
        for group, values in zip(self.groups, (found.compression_1, found.stretch)):
            for vertex in range(self.count):
                group.add((vertex,), float(values[vertex]), "REPLACE")
        return (time.perf_counter() - start) * 1e3 + step(self.made, value)


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
    heads = {
        "plain": copy_without(made.head, names.TENSION, names.WRINKLE),
        "wrinkles": made.head,
        "handler": copy_without(made.head, names.TENSION),
    }
    scrub = {"handler": PythonHandler(heads["handler"], character)}
    print(f"{'level':>5} {'vertices':>9} {'subdivision ms':>15} {'wrinkles':>9} {'Python handler':>15}   (times)")
    for level, count in STEPS.items():
        times: dict[str, list[float]] = {kind: [] for kind in heads}
        for _ in range(ROUNDS):
            for kind, head in heads.items():
                for other in heads.values():
                    other.hide_viewport = other is not head
                head.modifiers[names.SUBDIVISION].levels = level
                one = scrub.get(kind, lambda value, head=head: step(head, value))
                times[kind] += [one(0.05 + (i % 10) / 10) for i in range(count + 2)][2:]
        plain, full, handler = (statistics.median(times[kind]) for kind in ("plain", "wrinkles", "handler"))
        aim = "   aim 1.7" if level == 2 else ""
        print(f"{level:>5} {vertices * 4**level:>9} {plain:>15.1f} {full / plain:>9.2f} {handler / plain:>15.2f}{aim}")
    sys.stdout.flush()
    os._exit(0)  # the module frees its memory slowly on the ordinary way out


if __name__ == "__main__":
    main()
