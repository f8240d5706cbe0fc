"""Import and export of .furrow files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import bpy
import numpy as np
from bpy.props import StringProperty

from ....core.character.file import SUFFIX, load_character, save_character
from ...head.build_head import build_head
from ...head.character_store import character_from, stored_bytes
from ...head.characters import active_character
from ...head.file_notes import file_notes
from ...head.hair_choice import with_chosen_hair
from ...head.head_shape import with_directions
from ..viewports import show_head
from .base import FurrowOperator, has_character, not_running


class FURROW_OT_import_character(FurrowOperator, bpy.types.Operator):
    """Builds the head of a .furrow file, and shows what the file tells the artist."""

    bl_idname = "furrow.import_character"
    bl_label = "Import Character"
    bl_description = "Build the head of a .furrow file"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        return not_running(context)

    def invoke(self, context, _event):
        if self.filepath:  # dropped into the viewport
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        """Build the head and make its character the active one.

        Raises:
            CharacterFileError: the file is missing, damaged or of a newer Furrow.
        """
        path = Path(bpy.path.abspath(self.filepath))
        character = load_character(path)
        made = build_head(character, context, source=str(path))
        context.scene.furrow.character = made.collection
        context.window_manager.furrow_job.notes = "\n".join(file_notes(character))
        show_head(context)
        self.report({"INFO"}, f"Built {made.collection.name}")
        return {"FINISHED"}


class FURROW_OT_export_character(FurrowOperator, bpy.types.Operator):
    """Writes the active character as it is in the scene: its sliders of head shape are in the file's neutral head."""

    bl_idname = "furrow.export_character"
    bl_label = "Export Character"
    bl_description = "Save the active character, with its head shape and wrinkles, as a .furrow file"
    bl_options = {"REGISTER"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def invoke(self, context, _event):
        self.filepath = f"{active_character(context).name}{SUFFIX}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        """Write the file; its name always ends in .furrow.

        Raises:
            FurrowError: it cannot be written.
        """
        collection = active_character(context)
        path = Path(bpy.path.abspath(self.filepath)).with_suffix(SUFFIX)
        character = with_chosen_hair(character_from(stored_bytes(collection)), collection)
        shaped = with_directions(character, np.asarray(list(collection["furrow_directions"]), np.float32))
        save_character(dataclasses.replace(shaped, name=collection.name), path)
        self.report({"INFO"}, f"Wrote {path}")
        return {"FINISHED"}


CLASSES = (FURROW_OT_import_character, FURROW_OT_export_character)
