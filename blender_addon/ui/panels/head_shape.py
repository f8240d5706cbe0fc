"""Head shape sliders."""

from __future__ import annotations

import bpy

from ....core.head.model import DIRECTIONS
from ...head.characters import active_character
from ...head.standing import may_change
from .main import CharacterPanel


class FURROW_PT_head_shape(CharacterPanel, bpy.types.Panel):
    """A slider for each direction, in object mode alone."""

    bl_label = "Head Shape"
    bl_idname = "FURROW_PT_head_shape"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout, collection = self.layout, active_character(context)
        layout.enabled = context.mode == "OBJECT" and may_change(collection)
        shape = collection.furrow
        column = layout.column(align=True)
        for name in DIRECTIONS:
            column.prop(shape, name, slider=True)
        layout.operator("furrow.reset", text="Reset Shape", icon="LOOP_BACK").shape = True


CLASSES = (FURROW_PT_head_shape,)
