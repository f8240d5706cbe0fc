"""Takes a picture of Furrow's panel in a real window: opens the tab, imports the character beside this file.

Run by Blender (``blender --python panel_driver.py``); prints ``SHOT name`` when the window is ready for a picture.
"""

from pathlib import Path

import bpy

HERE = Path(__file__).parent
bpy.context.preferences.view.show_splash = False
bpy.context.preferences.use_preferences_save = False
state = {"step": 0}


def furrow_operator(window, area, name, **properties):
    region = next(r for r in area.regions if r.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        operator = getattr(bpy.ops.furrow, name)
        print(name, operator("EXEC_DEFAULT", **properties), flush=True)


def step():
    window = bpy.context.window_manager.windows[0]
    area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
    space, sidebar = area.spaces.active, next(r for r in area.regions if r.type == "UI")
    if not space.show_region_ui:
        space.show_region_ui = True
        return 0.5
    try:
        sidebar.active_panel_category = "Furrow"
    except TypeError:
        return 0.5
    action = STEPS[state["step"]]
    state["step"] += 1
    delay = action(window, area, space)
    area.tag_redraw()
    if state["step"] == len(STEPS):
        print("DONE", flush=True)
        return None
    return delay


def clean(_window, _area, _space):
    """An empty scene, and one section open that is closed at first."""
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item)
    bpy.data.collections.remove(bpy.data.collections["Collection"])
    panel = bpy.types.FURROW_PT_swap_detail
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()
    bpy.utils.register_class(panel)
    return 0.5


def shot(name):
    def take(_window, _area, _space):
        print(f"SHOT {name}", flush=True)
        return 3.0

    return take


def photo(window, area, _space):
    furrow_operator(window, area, "add_photos", directory=str(HERE), files=[{"name": "photo.png"}])
    return 1.5


def characters(window, area, _space):
    """Two people: the older one lends its detail."""
    for name, years in (("Older", 80.0), ("Younger", 45.0)):
        furrow_operator(window, area, "import_character", filepath=str(HERE / "head.furrow"))
        made = bpy.context.scene.furrow.character
        made.name = name
        made.furrow.wrinkle_age = years  # the maps come from the worker
    made.furrow.swap_source = bpy.data.collections["Older"]
    made.furrow.swap_mix = 0.6
    return 30.0


def look(window, area, space):
    for made in bpy.data.collections:
        print("AGE", made.name, made.furrow.wrinkle_age, bpy.context.window_manager.furrow_job.error, flush=True)
    furrow_operator(window, area, "preset", preset="brow_raise")
    space.shading.type = "SOLID"
    space.overlay.show_overlays = False
    space.lens = 85.0
    space.clip_start = 0.01
    view = space.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = (0.7, 0.7, 0.1, 0.1)
    view.view_location = bpy.context.object.parent.matrix_world.translation
    view.view_location.x -= 0.13
    view.view_location.z += 0.01
    view.view_distance = 1.0
    return 3.0


def material(_window, _area, space):
    space.shading.type = "MATERIAL"
    return 45.0  # software rendering compiles the materials first


def wrinkles(window, area, _space):
    """Scroll down to Wrinkles."""
    region = next(r for r in area.regions if r.type == "UI")
    with bpy.context.temp_override(window=window, area=area, region=region):
        for _ in range(SCROLLS):
            bpy.ops.view2d.scroll_down("EXEC_DEFAULT")
    return 3.0


def swap(window, area, _space):
    before = bpy.context.scene.furrow.character["furrow_maps"].name
    region = next(r for r in area.regions if r.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        print("swap", before, bpy.ops.furrow.swap_detail("INVOKE_DEFAULT"), flush=True)
    return 5.0


def undo(window, area, _space):
    job = bpy.context.window_manager.furrow_job
    print("MAPS", bpy.context.scene.furrow.character["furrow_maps"].name, job.changing, job.error, flush=True)
    bpy.ops.ed.undo()
    print("UNDONE", bpy.context.scene.furrow.character["furrow_maps"].name, flush=True)
    bpy.ops.ed.redo()
    print("REDONE", bpy.context.scene.furrow.character["furrow_maps"].name, flush=True)
    return 1.0


SCROLLS = 40  # to the end
STEPS = [
    clean, photo, shot("chooser"), characters, look, shot("solid"), wrinkles, swap, undo, shot("wrinkles"), material,
    shot("panel"), lambda *_: 1.0,
]
bpy.app.timers.register(step, first_interval=1.0)
