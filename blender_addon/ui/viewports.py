"""Showing a new head in the viewports, and only there where the artist has not begun something else."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
from mathutils import Matrix, Quaternion

FRONT = Quaternion((0.70710678, 0.70710678, 0.0, 0.0))  # of the viewport's Front
STILL = 1e-5  # change of a view matrix that is no move
DEFAULT_SOLID = {"type": "SOLID", "light": "STUDIO", "color_type": "MATERIAL"}  # of a viewport as Blender opens it


@dataclass(frozen=True)
class Seen:
    """What the artist saw and held when a job began.

    Attributes:
        mode: of the context.
        active, selected: names of objects.
        views: view matrix of each 3D viewport, by pointer.
    """

    mode: str
    active: str
    selected: frozenset[str]
    views: dict[int, Matrix] = field(default_factory=dict)


def seen(context: bpy.types.Context) -> Seen:
    """What is there now."""
    active = context.view_layer.objects.active
    selected = frozenset(item.name for item in context.view_layer.objects.selected)
    views = {space.as_pointer(): space.region_3d.view_matrix.copy() for _, space in _viewports(context)}
    return Seen(context.mode, active.name if active else "", selected, views)


def is_working(context: bpy.types.Context, before: Seen) -> bool:
    """Whether the artist is in a mode other than Object Mode, or has selected something else since."""
    now = seen(context)
    return now.mode != "OBJECT" or (now.active, now.selected) != (before.active, before.selected)


def show_head(context: bpy.types.Context, before: Seen | None = None) -> None:
    """Show the selected head from the front, in every 3D viewport that was not moved since ``before``.

    A viewport that is shaded as Blender opens it changes to Material Preview; any other keeps what the artist chose.
    """
    for area, space in _viewports(context):
        region = next((r for r in area.regions if r.type == "WINDOW"), None)
        view = space.region_3d
        if region is None or view.view_perspective == "CAMERA" or _moved(space, before):
            continue
        view.view_rotation = FRONT
        with context.temp_override(area=area, region=region):
            bpy.ops.view3d.view_selected()
        if all(getattr(space.shading, name) == value for name, value in DEFAULT_SOLID.items()):
            space.shading.type = "MATERIAL"


def _moved(space: bpy.types.SpaceView3D, before: Seen | None) -> bool:
    was = before.views.get(space.as_pointer()) if before is not None else None
    now = space.region_3d.view_matrix
    return was is not None and max(abs(v) for row in (was - now) for v in row) > STILL


def _viewports(context: bpy.types.Context) -> list[tuple[bpy.types.Area, bpy.types.SpaceView3D]]:
    if bpy.app.background or context.window is None:
        return []
    return [(area, area.spaces.active) for area in context.window.screen.areas if area.type == "VIEW_3D"]
