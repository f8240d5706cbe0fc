"""A camera that sees the character as its photo did."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ....core.errors import PhotoError
from ...head.characters import active_character
from ...head.match_photo import match_photo, path_of
from ...head.standing import refuse
from .base import FurrowOperator, has_character


class FURROW_OT_match_photo(FurrowOperator, bpy.types.Operator):
    """Makes the camera of a photo the scene's, with the photo before it, and looks through it."""

    bl_idname = "furrow.match_photo"
    bl_label = "View as in the Photo"
    bl_description = "Look through a camera that stands where the photo was taken, with the photo before the head"

    number: IntProperty(min=0, max=15, options={"HIDDEN", "SKIP_SAVE"})
    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    light: BoolProperty(name="Light of the Photo", description="Replace the world by the light that the photo shows")

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def draw(self, _context):
        self.layout.prop(self, "light")

    def run(self, context):
        """Make the camera, with the photo where one is given, and look through it in this viewport."""
        collection = refuse(active_character(context))
        path = bpy.path.abspath(self.filepath) or path_of(collection, self.number)
        made = match_photo(collection, context.scene, self.number, path, self.light)
        space = context.space_data
        if isinstance(space, bpy.types.SpaceView3D) and space.region_3d is not None:
            space.region_3d.view_perspective = "CAMERA"
        if not made.data.background_images:
            self.report({"INFO"}, "The photo is not where it was: choose it with the folder button beside")
        return {"FINISHED"}


class FURROW_OT_find_photo(FurrowOperator, bpy.types.Operator):
    """Asks for the file of a character's photo, then looks through its camera."""

    bl_idname = "furrow.find_photo"
    bl_label = "Choose the Photo"
    bl_description = "Choose the file of this photo, to see it before the head"

    number: IntProperty(min=0, max=15, options={"HIDDEN"})
    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        """Put the chosen photo before the camera.

        Raises:
            PhotoError: none was chosen, or it is another photo.
        """
        if not self.filepath:
            raise PhotoError("No photo was chosen.")
        match_photo(refuse(active_character(context)), context.scene, self.number, bpy.path.abspath(self.filepath))
        return {"FINISHED"}


CLASSES = (FURROW_OT_match_photo, FURROW_OT_find_photo)
