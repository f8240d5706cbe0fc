"""Head shape sliders."""

from __future__ import annotations

import bpy

from ....core.head.model import DIRECTIONS
from ...head.characters import active_character
from .main import CharacterPanel


class FURROW_PT_head_shape(CharacterPanel, bpy.types.Panel):
    """A slider for each direction, in object mode alone."""

    bl_label = "Head Shape"
    bl_idname = "FURROW_PT_head_shape"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        layout.enabled = context.mode == "OBJECT"
        shape = active_character(context).furrow
        column = layout.column(align=True)
        for name in DIRECTIONS:
            column.prop(shape, name, slider=True)
        layout.operator("furrow.reset", text="Reset Shape", icon="LOOP_BACK").shape = True


CLASSES = (FURROW_PT_head_shape,)
