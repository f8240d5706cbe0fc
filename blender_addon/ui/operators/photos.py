"""Choosing the photos of one person."""

from __future__ import annotations

import os

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, StringProperty

from ....core.errors import PhotoError
from .base import FurrowOperator, not_running

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif")


class FURROW_OT_add_photos(FurrowOperator, bpy.types.Operator):
    """Fills the list of photos from the file browser or from what was dropped."""

    bl_idname = "furrow.add_photos"
    bl_label = "Choose Photos"
    bl_description = "Choose one photo, or several of the same person"

    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    filepath: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    keep: BoolProperty(name="Add to the List", description="Keep the photos that are chosen already")

    @classmethod
    def poll(cls, context):
        return not_running(context)

    def invoke(self, context, _event):
        if self.directory and self.files:  # dropped into the viewport
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        """Put the photos on the list, after those on it if ``keep``.

        Raises:
            PhotoError: none was chosen, or one is missing.
        """
        paths = [os.path.join(self.directory, item.name) for item in self.files if item.name]
        paths = paths or ([self.filepath] if self.filepath else [])
        paths = [bpy.path.abspath(path) for path in paths]
        missing = next((path for path in paths if not os.path.isfile(path)), None)
        if not paths or missing:
            raise PhotoError(f"There is no photo {missing or 'chosen'}: choose an image file.")
        settings = context.scene.furrow
        if not self.keep:
            settings.photos.clear()
        for path in paths:
            settings.photos.add().filepath = path
        settings.active_photo = len(settings.photos) - 1 if self.keep else 0
        return {"FINISHED"}


class FURROW_OT_remove_photo(FurrowOperator, bpy.types.Operator):
    """Takes the photo at ``index`` off the list."""

    bl_idname = "furrow.remove_photo"
    bl_label = "Remove Photo"
    bl_description = "Take this photo off the list; the file stays"

    index: IntProperty(min=0)

    @classmethod
    def poll(cls, context):
        return not_running(context)

    def run(self, context):
        """Take it off; the file stays."""
        context.scene.furrow.photos.remove(self.index)
        return {"FINISHED"}


CLASSES = (FURROW_OT_add_photos, FURROW_OT_remove_photo)
