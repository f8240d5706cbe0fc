"""The cameras of a character's photos."""

from __future__ import annotations

import bpy

from ... import names
from ...head.characters import active_character, find_part
from ...head.match_photo import VIEWS
from .main import CharacterPanel


class FURROW_PT_photo_camera(CharacterPanel, bpy.types.Panel):
    """Looking at the head as each photo did, the photo before it."""

    bl_label = "Photo Camera"
    bl_idname = "FURROW_PT_photo_camera"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return super().poll(context) and bool(active_character(context).get(VIEWS))

    def draw(self, context):
        collection = active_character(context)
        for number, name in enumerate(collection[VIEWS]):
            row = self.layout.row(align=True)
            row.operator("furrow.match_photo", text=name, icon="CAMERA_DATA").number = number
            row.operator("furrow.find_photo", text="", icon="FILE_FOLDER").number = number
            camera = find_part(collection, f"{names.CAMERA_PART}{number}")
            if camera is not None and camera.data.background_images:
                row = self.layout.row(align=True)
                row.prop(camera.data, "show_background_images", text="Photo")
                row.prop(camera.data.background_images[0], "alpha", text="Opacity", slider=True)


CLASSES = (FURROW_PT_photo_camera,)
