"""A new head takes neither the artist's mode nor his selection while he works, and stands free of what is there."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import scene  # noqa: E402, F401
from furrow.blender_addon.head.build_head import SPACING, build_head  # noqa: E402
from furrow.blender_addon.ui.viewports import is_working, seen  # noqa: E402
from furrow.models.evaluation.made_up import tiny_character  # noqa: E402


def cube():
    """A cube as Blender's default scene has it, selected and active."""
    bpy.ops.mesh.primitive_cube_add()
    return bpy.context.object


def world_bounds(item):
    corners = np.array([item.matrix_world @ v.co for v in item.data.vertices])
    return corners.min(0), corners.max(0)


def test_the_artist_in_edit_mode_stays_there(scene):  # noqa: F811
    item = cube()
    before = seen(bpy.context)
    assert not is_working(bpy.context, before)
    bpy.ops.object.mode_set(mode="EDIT")
    assert is_working(bpy.context, before)
    made = build_head(tiny_character(), activate=False)
    assert bpy.context.mode == "EDIT_MESH" and bpy.context.view_layer.objects.active == item
    assert item.select_get() and not made.head.select_get()
    bpy.ops.object.mode_set(mode="OBJECT")
    item.select_set(False)
    assert is_working(bpy.context, before)  # something else is selected


def test_heads_stand_beside_the_default_cube_and_each_other(scene):  # noqa: F811
    item = cube()
    bpy.ops.mesh.primitive_plane_add(size=20.0)  # a floor is no obstacle
    heads = [build_head(tiny_character()).head for _ in range(3)]
    bpy.context.view_layer.update()
    boxes = [world_bounds(made) for made in (item, *heads)]
    for k, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[k + 1 :]:
            assert (high[:2] <= other_low[:2]).any() or (other_high[:2] <= low[:2]).any()
    item.hide_set(True)
    free = build_head(tiny_character())
    assert tuple(free.armature.location[:2]) == pytest.approx((0.0, 0.0))
    scene.cursor.location = (0.0, 5.0, 1.0)
    assert tuple(build_head(tiny_character()).armature.location[:2]) == pytest.approx((0.0, 5.0))
    assert SPACING > 0.25
