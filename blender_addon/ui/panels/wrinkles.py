"""Age, strength and exchange of the wrinkles."""

from __future__ import annotations

import bpy

from ...head.character_store import BEFORE_SWAP, MAPS, ORIGINAL
from ...head.characters import active_character, find_part, has_head
from ...head.standing import may_change
from ...names import REGIONS, SUBDIVISION, TENSION, WRINKLE
from ...scene.modifier_inputs import input_property
from .main import CharacterPanel, FurrowPanel, wrapped


def _tension(context) -> bpy.types.Modifier | None:
    modifier = find_part(active_character(context), "head").modifiers.get(TENSION)
    return modifier if modifier is not None and modifier.node_group is not None else None


class FURROW_PT_wrinkles(CharacterPanel, bpy.types.Panel):
    """Age, layout, and strength of static and dynamic wrinkles."""

    bl_label = "Wrinkles"
    bl_idname = "FURROW_PT_wrinkles"

    def draw(self, context):
        layout, collection = self.layout, active_character(context)
        layout.use_property_split = True
        layout.use_property_decorate = False
        if collection.get(MAPS) is not None:
            self._age(layout, context, collection)
        modifier = _tension(context)
        if modifier is None:
            wrapped(layout, context, f"The modifier {TENSION} was removed", "INFO")
            return
        column = layout.column(align=True)
        for name, text in (
            ("Static Strength", "Static"),
            ("Dynamic Strength", "Dynamic"),
            ("Tension Gain", "Tension Gain"),
        ):
            column.prop(*input_property(modifier, name), text=text)
        column.prop(*input_property(modifier, "Directional"), text="Directional")

    def _age(self, layout, context, collection) -> None:
        column = layout.column(align=True)
        column.enabled = context.mode in ("OBJECT", "POSE") and may_change(collection)
        column.prop(context.window_manager.furrow_job, "age", slider=True)
        column.prop(collection.furrow, "age_shape")
        row = layout.row(align=True)
        changing = context.window_manager.furrow_job.changing
        label = "Computing..." if changing else "Randomise"
        row.operator("furrow.randomise_wrinkles", text=label, icon="FILE_REFRESH")
        restore = row.row(align=True)
        restore.enabled = collection.get(ORIGINAL) not in (None, collection[MAPS])
        restore.operator("furrow.restore_wrinkles", text="Restore", icon="LOOP_BACK")


class _WrinkleSection(FurrowPanel):
    """Mix-in: a section inside Wrinkles, closed at first."""

    bl_parent_id = "FURROW_PT_wrinkles"
    bl_options = {"DEFAULT_CLOSED"}


class FURROW_PT_wrinkle_regions(_WrinkleSection, bpy.types.Panel):
    """Strength of the wrinkles in each region of the face."""

    bl_label = "Regions"
    bl_idname = "FURROW_PT_wrinkle_regions"

    @classmethod
    def poll(cls, context):
        return has_head(active_character(context)) and _tension(context) is not None

    def draw(self, context):
        layout, modifier = self.layout, _tension(context)
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column(align=True)
        for name in REGIONS:
            column.prop(*input_property(modifier, name), text=name)
        layout.operator("furrow.reset", text="Reset Strengths", icon="LOOP_BACK").wrinkles = True


class FURROW_PT_swap_detail(_WrinkleSection, bpy.types.Panel):
    """Taking over detail from a character of the scene or from a file."""

    bl_label = "Detail of Another Character"
    bl_idname = "FURROW_PT_swap_detail"

    @classmethod
    def poll(cls, context):
        collection = active_character(context)
        return has_head(collection) and collection.get(MAPS) is not None and may_change(collection)

    def draw(self, context):
        layout, collection = self.layout, active_character(context)
        settings = collection.furrow
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.row().prop(settings, "swap_from", expand=True)
        layout.prop(settings, "swap_source" if settings.swap_from == "SCENE" else "swap_file")
        layout.prop(settings, "swap_mix", slider=True)
        row = layout.row(heading="Detail", align=True)
        row.prop(settings, "swap_static", toggle=True)
        row.prop(settings, "swap_dynamic", toggle=True)
        grid = layout.grid_flow(columns=2, even_columns=True, align=True, row_major=True)
        grid.use_property_split = False
        for name in REGIONS:
            grid.prop_enum(settings, "swap_regions", name)
        text = "Adjust Detail" if collection.get(BEFORE_SWAP) is not None else "Take Over Detail"
        row = layout.row()
        source = settings.swap_source if settings.swap_from == "SCENE" else settings.swap_file
        row.enabled = bool(source and settings.swap_regions and (settings.swap_static or settings.swap_dynamic))
        changing = context.window_manager.furrow_job.changing
        row.operator("furrow.swap_detail", text="Computing..." if changing else text, icon="UV_SYNC_SELECT")


class FURROW_PT_wrinkle_display(_WrinkleSection, bpy.types.Panel):
    """Levels of subdivision, and whether displacement shows in the viewport."""

    bl_label = "Subdivision"
    bl_idname = "FURROW_PT_wrinkle_display"

    def draw(self, context):
        layout, head = self.layout, find_part(active_character(context), "head")
        layout.use_property_split = True
        layout.use_property_decorate = False
        subdivision = head.modifiers.get(SUBDIVISION)
        if subdivision is not None:
            column = layout.column(align=True)
            column.prop(subdivision, "levels", text="Viewport Level")
            column.prop(subdivision, "render_levels", text="Render Level")
        if WRINKLE in head.modifiers:
            layout.prop(head.modifiers[WRINKLE], "show_viewport", text="Displace", toggle=False)


CLASSES = (FURROW_PT_wrinkles, FURROW_PT_wrinkle_regions, FURROW_PT_swap_detail, FURROW_PT_wrinkle_display)
