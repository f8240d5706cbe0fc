"""Add-on preferences: where the nets run."""

from __future__ import annotations

import bpy

from ..core.nets.device_names import DEVICES

ROOT = __package__.rpartition(".")[0]  # "bl_ext.<repository>.furrow" in Blender, "furrow" elsewhere

DESCRIPTIONS = {
    "auto": "The fastest device that works",
    "cpu": "The processor: works everywhere",
    "cuda": "An NVIDIA graphics card, where the CUDA runtime is installed",
    "webgpu": "Any graphics card, where the WebGPU runtime is installed",
    "coreml": "Apple's neural engine and graphics",
}
# the order stays: preferences are stored by number
ITEMS = tuple((name, label, DESCRIPTIONS[name]) for name, label in DEVICES.items())


class FurrowPreferences(bpy.types.AddonPreferences):
    """What holds for every scene on this machine."""

    bl_idname = ROOT

    device: bpy.props.EnumProperty(
        name="Device",
        items=ITEMS,
        default="auto",
        description="Where faces are detected and measured",
    )

    def draw(self, context):
        self.layout.prop(self, "device")


def chosen_device(context: bpy.types.Context) -> str:
    """The artist's choice; "auto" when Furrow runs as a plain Python package."""
    addon = context.preferences.addons.get(ROOT)
    return addon.preferences.device if addon and addon.preferences else "auto"


CLASSES = (FurrowPreferences,)
