"""The characters of the scene."""

from __future__ import annotations

import bpy

from ...head.characters import active_character, all_characters
from ...head.standing import remarks
from .main import FurrowPanel, wrapped


class FURROW_PT_characters(FurrowPanel, bpy.types.Panel):
    """Every character of the scene, what is to be known of the active one; import and export, for engines too."""

    bl_label = "Characters"
    bl_idname = "FURROW_PT_characters"

    def draw(self, context):
        layout, active = self.layout, active_character(context)
        column = layout.column(align=True)
        for collection in all_characters(context.scene):
            row = column.row(align=True)
            chosen = collection == active
            operator = row.operator(
                "furrow.select_character", text=collection.name, icon="USER" if chosen else "DOT", depress=chosen
            )
            operator.name = collection.name
            row.operator("furrow.remove_character", text="", icon="X").name = collection.name
        for remark in remarks(context):
            box = layout.box()
            wrapped(box, context, remark.text, remark.icon)
            if remark.operator:
                box.operator(remark.operator)
        layout.operator("furrow.duplicate_character", text="Duplicate", icon="DUPLICATE")
        row = layout.row(align=True)
        row.operator("furrow.import_character", text="Import", icon="IMPORT")
        row.operator("furrow.export_character", text="Export", icon="EXPORT")
        layout.operator("furrow.export_for_engine", text="Export for Engine", icon="EXPORT")


CLASSES = (FURROW_PT_characters,)
