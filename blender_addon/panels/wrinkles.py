"""Strength of the wrinkles."""

from __future__ import annotations

import bpy

from ..characters import active_character, find_part
from ..modifier_inputs import input_property
from ..names import REGIONS, SUBDIVISION, TENSION, WRINKLE
from .main import FurrowPanel


class FURROW_PT_wrinkles(FurrowPanel, bpy.types.Panel):
    bl_label = "Wrinkles"
    bl_idname = "FURROW_PT_wrinkles"

    @classmethod
    def poll(cls, context):
        return active_character(context) is not None

    def draw(self, context):
        layout, head = self.layout, find_part(active_character(context), "head")
        modifier = head.modifiers.get(TENSION)
        if modifier is None or modifier.node_group is None:
            layout.label(text=f"The modifier {TENSION} was removed", icon="INFO")
            return
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column(align=True)
        for name in ("Static Strength", "Dynamic Strength", "Tension Gain", "Directional"):
            column.prop(*input_property(modifier, name), text=name)
        column = layout.column(align=True, heading="Regions")
        for name in REGIONS:
            column.prop(*input_property(modifier, name), text=name)
        subdivision = head.modifiers.get(SUBDIVISION)
        if subdivision is not None:
            column = layout.column(align=True)
            column.prop(subdivision, "levels", text="Viewport Level")
            column.prop(subdivision, "render_levels", text="Render Level")
        if WRINKLE in head.modifiers:
            layout.prop(head.modifiers[WRINKLE], "show_viewport", text="Displace in Viewport")
        layout.operator("furrow.reset", text="Reset Wrinkles", icon="LOOP_BACK").wrinkles = True


CLASSES = (FURROW_PT_wrinkles,)
