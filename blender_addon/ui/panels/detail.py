"""Bands of the skin's detail, the painted mask, and the resolution of the maps."""

from __future__ import annotations

import bpy

from ...head.character_store import MAPS
from ...head.characters import active_character, find_part
from ...names import PAINT, TENSION
from ...scene.modifier_inputs import input_property
from ...wrinkles.tension_nodes import BANDS
from .main import CharacterPanel, wrapped

BAND_SLIDERS = (
    {"Folds": "Folds", "Lines": "Lines", "Pores": "Pores"},
    {"From Photo": "From Photo", "From Atlas": "From Age"},
)


class FURROW_PT_detail(CharacterPanel, bpy.types.Panel):
    """How much shows of folds, lines and pores, where, and at which resolution."""

    bl_label = "Skin Detail"
    bl_idname = "FURROW_PT_detail"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout, collection = self.layout, active_character(context)
        layout.use_property_split = True
        layout.use_property_decorate = False
        head = find_part(collection, "head")
        if head is not None:
            self._bands(layout, context, head)
            self._mask(layout, context, head)
        self._resolution(layout, context, collection)

    def _bands(self, layout, context, head) -> None:
        modifier = head.modifiers.get(TENSION)
        tree = modifier.node_group if modifier is not None else None
        if tree is None or any(name not in tree.interface.items_tree for name in BANDS):
            wrapped(layout, context, f"The modifier {TENSION} is missing or of an older Furrow", "INFO")
            return
        for group in BAND_SLIDERS:
            column = layout.column(align=True)
            for name, text in group.items():
                column.prop(*input_property(modifier, name), text=text)
        layout.operator("furrow.reset", text="Reset Strengths", icon="LOOP_BACK").wrinkles = True
        if context.space_data.shading.type in ("SOLID", "WIREFRAME"):
            wrapped(layout, context, "Pores show in Material Preview and Rendered", "INFO")

    def _mask(self, layout, context, head) -> None:
        if context.mode == "PAINT_VERTEX":
            words = "White shows all detail, black none; red keeps lines at rest, green those in motion, blue pores"
            wrapped(layout, context, words, "BRUSH_DATA")
            row = layout.row(align=True)
            row.operator("object.mode_set", text="Done Painting", icon="CHECKMARK").mode = "OBJECT"
        else:
            row = layout.row(align=True)
            row.operator("furrow.paint_detail", text="Paint Mask", icon="BRUSH_DATA")
        if PAINT in head.data.color_attributes:
            row.operator("furrow.clear_detail_mask", text="", icon="TRASH")

    def _resolution(self, layout, context, collection) -> None:
        maps = collection.get(MAPS)
        if maps is None:
            return
        text = "Computing..." if context.window_manager.furrow_job.changing else f"Bake Again ({maps.size[0]})"
        row = layout.row(align=True)
        row.enabled = context.mode in ("OBJECT", "POSE")
        row.operator_menu_enum("furrow.resize_maps", "size", text=text, icon="TEXTURE")


CLASSES = (FURROW_PT_detail,)
