"""Drag and drop into the 3D viewport."""

from __future__ import annotations

import bpy

from ..core.character.file import SUFFIX
from .ui.operators.photos import EXTENSIONS


class _InViewport:
    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"


class FURROW_FH_photos(_InViewport, bpy.types.FileHandler):
    """Photos dropped into the viewport become the list of photos."""

    bl_idname = "FURROW_FH_photos"
    bl_label = "Photo for Furrow"
    bl_import_operator = "furrow.add_photos"
    bl_file_extensions = ";".join(EXTENSIONS)


class FURROW_FH_character(_InViewport, bpy.types.FileHandler):
    """A .furrow file dropped into the viewport is imported."""

    bl_idname = "FURROW_FH_character"
    bl_label = "Furrow Character"
    bl_import_operator = "furrow.import_character"
    bl_file_extensions = SUFFIX


CLASSES = (FURROW_FH_photos, FURROW_FH_character)
