"""Expression from a photo, performance from a video, and their settings."""

from __future__ import annotations

import bpy

from .main import CharacterPanel, job_notes, job_progress


class FURROW_PT_performance(CharacterPanel, bpy.types.Panel):
    """What is read of a photo or clip, and how it is keyed."""

    bl_label = "Performance"
    bl_idname = "FURROW_PT_performance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout, settings, job = self.layout, context.scene.furrow_performance, context.window_manager.furrow_job
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = not job.running
        column.prop(settings, "person")
        column.prop(settings, "gaze")
        column.prop(settings, "pose")
        layout.operator("furrow.expression_from_photo", icon="IMAGE_DATA")
        column = layout.column()
        column.enabled = not job.running
        column.prop(settings, "smooth")
        column.prop(settings, "neutral")
        if settings.neutral == "FRAME":
            column.prop(settings, "neutral_frame", text=" ")
        column.prop(settings, "start")
        column.prop(settings, "sequence_fps")
        column.prop(settings, "fit_range")
        row = layout.row(align=True)
        if job.running:
            job_progress(row, job)
        else:
            row.operator("furrow.performance_from_video", icon="FILE_MOVIE")
            row.operator("furrow.import_performance", text="", icon="IMPORT")
        job_notes(layout, context, job)


CLASSES = (FURROW_PT_performance,)
