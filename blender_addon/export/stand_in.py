"""A stand-in for the head in a scene of its own, on which relief and hair are measured; the artist's stays as it is."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.output.engine_maps import RestWeights
from ...core.output.strand_mesh import chosen_strands, resample
from .. import names
from ..hair.follow_nodes import DENSITY, HEAD, VIEWPORT
from ..scene.modifier_inputs import default_inputs, get_input, set_input

HAIR_POINTS = 8  # of a strand that is exported as a mesh: brows and lashes have as many


class StandIn:
    """A copy of the head at rest, and of hair on it.

    Everything it makes is in ``made``, for the one who removes it again.
    """

    def __init__(self, head: bpy.types.Object, scene: bpy.types.Scene):
        self.scene, self.made = scene, []
        self.head = self._copied(head)
        self.head.parent = None
        self.head.matrix_world.identity()
        for name in [m.name for m in self.head.modifiers]:
            if name not in (names.TENSION, names.SUBDIVISION):
                self.head.modifiers.remove(self.head.modifiers[name])
        self.keys = self.head.data.shape_keys
        if self.keys is not None:
            self.keys.animation_data_clear()
            self.head.show_only_shape_key = False
            for key in self.keys.key_blocks:
                key.value, key.mute = 0.0, False
        self.subdivide(0)

    def _copied(self, source: bpy.types.Object) -> bpy.types.Object:
        made = source.copy()
        made.data = source.data.copy()
        made.animation_data_clear()
        made.hide_viewport = made.hide_render = False
        self.scene.collection.objects.link(made)
        self.made.append(made)
        return made

    def subdivide(self, levels: int) -> None:
        """Show the head at a level of subdivision."""
        modifier = self.head.modifiers.get(names.SUBDIVISION)
        if modifier is not None:
            modifier.levels = modifier.render_levels = levels
            modifier.show_viewport = levels > 0

    def evaluated(self, made: bpy.types.Object):
        """Data of an object after its modifiers."""
        return self.evaluated_object(made).data

    def evaluated_object(self, made: bpy.types.Object) -> bpy.types.Object:
        """An object as it is after its modifiers."""
        with bpy.context.temp_override(scene=self.scene, view_layer=self.scene.view_layers[0]):
            depsgraph = bpy.context.evaluated_depsgraph_get()
            depsgraph.update()
            return made.evaluated_get(depsgraph)

    def rest_weights(self, count: int) -> RestWeights | None:
        """What the sliders and the painted mask leave of the relief at rest; None where the nodes are gone."""
        mesh = self.evaluated(self.head)
        found = []
        for name in (names.WRINKLES, names.BANDS):
            attribute = mesh.attributes.get(name)
            if attribute is None or len(attribute.data) != count or attribute.data_type != "FLOAT_COLOR":
                return None
            values = np.empty(count * 4, np.float32)
            attribute.data.foreach_get("color", values)
            found.append(values.reshape(-1, 4))
        return RestWeights(found[0][:, 0], found[1][:, :3], found[1][:, 3])

    def hair(self, source: bpy.types.Object, levels: int) -> bpy.types.Object:
        """A copy of hair that grows on the stand-in, all of it shown."""
        self.subdivide(max(levels, 1))
        made = self._copied(source)
        made.parent = self.head
        made.matrix_parent_inverse.identity()
        if made.type == "CURVES":
            made.data.surface = self.head
        modifier = made.modifiers.get(names.FOLLOW)
        if modifier is not None and modifier.node_group is not None:
            set_input(modifier, HEAD, self.head)
            if VIEWPORT in default_inputs(modifier):
                set_input(modifier, VIEWPORT, 1.0)
        return made

    def moved_strands(self, hair: bpy.types.Object, budget: int):
        """Strands at rest and what each shape key does to them.

        Returns:
            points (n, k, 3) m, radii (n, k) m, colours (n, 3) linear, key name to displacements (n, k, 3), and how
            many strands there are in all; None where there are none.
        """
        total = len(self.evaluated(hair).curves)
        if total == 0:
            return None
        if total > budget:
            self._thin(hair, total, budget)
        data = self.evaluated(hair)
        left = len(data.curves)
        rows = chosen_strands(left, budget)
        first, count = np.empty(left, np.int32), np.empty(left, np.int32)
        data.curves.foreach_get("first_point_index", first)
        data.curves.foreach_get("points_length", count)
        first, count = first[rows], count[rows]

        def strands(values: np.ndarray) -> np.ndarray:
            return resample(values, first, count, HAIR_POINTS)

        points = strands(_values(data, "position", 3))
        radii = strands(_values(data, "radius", 1))[..., 0]
        tint = _values(data, names.HAIR_COLOUR, 4)
        colours = tint[rows, :3] if len(tint) == left else np.full((len(rows), 3), 0.03)
        moved = {}
        for key in self.keys.key_blocks[1:] if self.keys is not None else ():
            key.value = 1.0
            delta = strands(_values(self.evaluated(hair), "position", 3)) - points
            key.value = 0.0
            if np.abs(delta).max(initial=0.0) > 1e-6:
                moved[key.name] = delta.astype(np.float32)
        self.evaluated(hair)
        return points, radii, colours, moved, total

    def _thin(self, hair: bpy.types.Object, total: int, budget: int) -> None:
        """Take away the hairs that are not exported, before each shape key moves them all."""
        modifier = hair.modifiers.get(names.FOLLOW)
        rank = _values(hair.data, names.HAIR_RANK, 1)[:, 0]
        if modifier is None or modifier.node_group is None or len(rank) != len(hair.data.curves):
            return
        shown = np.flatnonzero(rank <= get_input(modifier, DENSITY))
        if len(shown) != total:  # nodes that thin it out otherwise
            return
        gone = np.ones(len(rank), bool)
        gone[shown[chosen_strands(total, budget)]] = False
        hair.data.remove_curves(indices=np.flatnonzero(gone).tolist())


def mean_colour(data: bpy.types.Curves) -> tuple[float, float, float]:
    """Linear, of all hairs; dark where they have none of their own."""
    tint = _values(data, names.HAIR_COLOUR, 4)
    return tuple(float(v) for v in tint[:, :3].mean(0)) if len(tint) else (0.03, 0.02, 0.015)


def _values(data: bpy.types.Curves, name: str, width: int) -> np.ndarray:
    """(n, width) values of an attribute of curves; empty where there is none."""
    attribute = data.attributes.get(name)
    if attribute is None:
        return np.zeros((0, width), np.float32) if name != "radius" else np.full((len(data.points), 1), 4e-5)
    values = np.empty(len(attribute.data) * width, np.float32)
    attribute.data.foreach_get({1: "value", 3: "vector", 4: "color"}[width], values)
    return values.reshape(-1, width)
