"""Photos, Reconstruct, progress and messages."""

from __future__ import annotations

import textwrap

import bpy

from ...head.characters import active_character, has_head
from ...preferences import ROOT
from .. import previews


class FurrowPanel:
    """Mix-in: where every panel of Furrow is."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Furrow"


class CharacterPanel(FurrowPanel):
    """Mix-in: panels about the active character, hidden where there is none, or none with a head."""

    @classmethod
    def poll(cls, context):
        return has_head(active_character(context))


def wrapped(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Text over as many lines as the sidebar's width asks for."""
    scale = context.preferences.system.ui_scale
    columns = max(20, int(context.region.width / (7.2 * scale)) - 4)
    column = layout.column(align=True)
    for k, line in enumerate(textwrap.wrap(text, columns)):
        column.label(text=line, icon="BLANK1" if k else icon)


def job_notes(layout: bpy.types.UILayout, context: bpy.types.Context, job) -> None:
    """What went wrong, and what there is to know."""
    if job.error:
        wrapped(layout.box(), context, job.error, "ERROR")
    for line in filter(None, job.notes.splitlines()):
        wrapped(layout, context, line, "INFO")


def job_progress(row: bpy.types.UILayout, job) -> None:
    """How far the running job is, and a button that stops it."""
    row.progress(factor=job.fraction, text=f"{job.fraction:.0%}  {job.message}")
    row.operator("furrow.cancel", text="", icon="CANCEL")


class FURROW_PT_photos(FurrowPanel, bpy.types.Panel):
    """Choosing photos, reconstructing them, progress and notes."""

    bl_label = "From Photo"
    bl_idname = "FURROW_PT_photos"

    def draw(self, context):
        layout, settings, job = self.layout, context.scene.furrow, context.window_manager.furrow_job
        self._photos(layout, settings)
        column = layout.column()
        column.enabled = not job.running
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "character_name")
        row = column.row(heading="Face", align=True)
        row.prop(settings, "choose_face", text="")
        number = row.row()
        number.enabled = settings.choose_face
        number.prop(settings, "face", text="")
        column.prop(settings, "map_size")
        addon = context.preferences.addons.get(ROOT)
        if addon:
            column.prop(addon.preferences, "device")
        column.prop(settings, "replace", text="Replace Active")
        self._job(layout, context, job)

    def _photos(self, layout, settings) -> None:
        if not settings.photos:
            layout.operator("furrow.add_photos", icon="IMAGE_DATA")
            layout.label(text="or drop one into the viewport", icon="INFO")
            return
        index = min(settings.active_photo, len(settings.photos) - 1)
        image = previews.icon(bpy.path.abspath(settings.photos[index].filepath))
        if image:
            layout.template_icon(icon_value=image, scale=8.0)
        box = layout.column(align=True)
        for k, photo in enumerate(settings.photos):
            row = box.row(align=True)
            row.label(text=bpy.path.basename(photo.filepath), icon="IMAGE_DATA")
            row.operator("furrow.remove_photo", text="", icon="X").index = k
        row = layout.row(align=True)
        row.operator("furrow.add_photos", text="Change").keep = False
        row.operator("furrow.add_photos", text="Add Another").keep = True
        if len(settings.photos) > 1:
            layout.prop(settings, "active_photo", text="Show")

    def _job(self, layout, context, job) -> None:
        if job.running:
            job_progress(layout.row(align=True), job)
        else:
            row = layout.row()
            row.scale_y = 1.5
            row.operator("furrow.reconstruct", icon="USER")
        job_notes(layout, context, job)


CLASSES = (FURROW_PT_photos,)
