"""Every panel draws, whatever the state of the character, and quickly among ten characters.

Blender's module has no window: a layout that takes every call stands for the sidebar's.
"""

import dataclasses
import gc
import time
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, scene  # noqa: E402, F401
from furrow.blender_addon import names, registration  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.characters import all_characters, find_part  # noqa: E402
from furrow.blender_addon.head.duplicate import duplicate  # noqa: E402
from painted_brows import browed_character  # noqa: E402

MOST_MS = 4.0  # all 17 panels open, of this thread: 2 to 3 on a quiet machine
PANELS = [cls for cls in registration.CLASSES if issubclass(cls, bpy.types.Panel)]


@pytest.fixture(scope="module")
def ada(assets):
    return dataclasses.replace(browed_character(assets), name="Ada")


class Layout:
    """Takes every call and property of a layout."""

    said: list = []

    def __getattr__(self, name):
        return self._take

    def __setattr__(self, name, value):
        pass

    def _take(self, *given, **named):
        Layout.said.append(named.get("text", "") if not given else given[0])
        return self


class Context:
    """Blender's context with a sidebar."""

    region = SimpleNamespace(width=4000)
    space_data = SimpleNamespace(shading=SimpleNamespace(type="SOLID"))
    preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=1.0), addons={})

    def __getattr__(self, name):
        return getattr(bpy.context, name)


def stand_in(panel):
    """An object with the panel's methods, which Blender alone can make."""
    own = [c for c in reversed(panel.__mro__) if c.__module__.startswith("furrow")]
    made = type(panel.__name__, (), {k: v for c in own for k, v in vars(c).items() if not k.startswith("__")})()
    made.layout = Layout()
    return made


STAND_INS = [(panel, stand_in(panel)) for panel in PANELS]


def draw():
    """Names of the panels that show; what they say lands in ``Layout.said``."""
    Layout.said, shown, context = [], [], Context()
    for panel, made in STAND_INS:
        parent = getattr(panel, "bl_parent_id", None)
        if (parent is None or parent in shown) and (not hasattr(panel, "poll") or panel.poll(context)):
            shown.append(panel.__name__)
            if hasattr(made, "draw_header"):
                made.draw_header(context)
            made.draw(context)
    return shown


def said(words):
    return any(words in str(text) for text in Layout.said)


def test_a_whole_character_shows_everything_quickly_among_ten(addon, ada):  # noqa: F811
    made = build_head(ada)
    for _ in range(9):
        duplicate(made.collection, bpy.context)
    bpy.context.view_layer.objects.active = made.head
    assert set(draw()) == {panel.__name__ for panel in PANELS}
    assert len(all_characters(bpy.context.scene)) == 10
    spent = []
    gc.disable()
    try:
        for _ in range(25):
            began = time.thread_time()
            draw()
            spent.append(1e3 * (time.thread_time() - began))
    finally:
        gc.enable()
    assert min(spent) < MOST_MS, sorted(spent)


def test_a_copy_inside_a_character_shows_no_sliders(addon, ada):  # noqa: F811
    made = build_head(ada)
    copy = made.head.copy()
    made.collection.objects.link(copy)
    bpy.context.view_layer.objects.active = copy
    assert draw() == ["FURROW_PT_photos", "FURROW_PT_characters"]
    assert said("is a copy inside Ada") and said("furrow.make_independent")


@pytest.mark.parametrize("lost", ["head", "armature", "eyes"])
def test_a_broken_character_is_told_with_repair(addon, ada, lost):  # noqa: F811
    made = build_head(ada)
    bpy.context.view_layer.objects.active = made.parts["teeth"]
    bpy.data.objects.remove(find_part(made.collection, lost))
    shown = draw()
    assert ("FURROW_PT_expression" in shown) == (lost != "head")
    assert said("has lost") and said("furrow.repair_character")


@pytest.mark.parametrize("modifier", [names.TENSION, names.WRINKLE, names.SUBDIVISION])
def test_a_removed_modifier_breaks_no_panel(addon, ada, modifier):  # noqa: F811
    made = build_head(ada)
    made.head.modifiers.remove(made.head.modifiers[modifier])
    assert "FURROW_PT_wrinkles" in draw()
    assert said(modifier)


def test_linked_and_overridden_characters_draw(addon, ada, tmp_path):  # noqa: F811
    build_head(ada)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "ada.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.link(directory=f"{tmp_path}/ada.blend/Collection/", filename="Ada", instance_collections=False)
    linked = bpy.data.collections[0]
    bpy.context.view_layer.objects.active = find_part(linked, "head")
    assert "FURROW_PT_expression" in draw() and said("make a library override")
    made = linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    bpy.context.view_layer.objects.active = find_part(made, "head")
    assert "FURROW_PT_expression" in draw() and said("are kept here")


def test_an_empty_scene_has_two_panels(addon):  # noqa: F811
    assert draw() == ["FURROW_PT_photos", "FURROW_PT_characters"]
