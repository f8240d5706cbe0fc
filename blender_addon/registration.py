"""Registers every class of the add-on with Blender, and takes them away again."""

from __future__ import annotations

import bpy

from . import file_handlers, preferences
from .head import saving
from .jobs import age_slider, wrinkle_change
from .ui import performance_properties, previews, properties
from .ui.operators import (
    character_files,
    characters,
    detail,
    engine_export,
    expressions,
    performance,
    photos,
    reconstruct,
    whole_character,
    worker_job,
)
from .ui.operators import hair as hair_operators
from .ui.operators import match_photo as photo_operators
from .ui.operators import wrinkles as wrinkle_operators
from .ui.panels import character, expression, hair, head_shape, main, photo_camera, wrinkles
from .ui.panels import detail as detail_panel
from .ui.panels import performance as performance_panel

CLASSES = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *performance_properties.CLASSES,
    *photos.CLASSES,
    *reconstruct.CLASSES,
    *character_files.CLASSES,
    *engine_export.CLASSES,
    *characters.CLASSES,
    *whole_character.CLASSES,
    *expressions.CLASSES,
    *performance.CLASSES,
    *wrinkle_operators.CLASSES,
    *hair_operators.CLASSES,
    *photo_operators.CLASSES,
    *detail.CLASSES,
    *main.CLASSES,
    *character.CLASSES,
    *photo_camera.CLASSES,
    *expression.CLASSES,
    *performance_panel.CLASSES,
    *wrinkles.CLASSES,
    *detail_panel.CLASSES,
    *hair.CLASSES,
    *head_shape.CLASSES,
    *file_handlers.CLASSES,
)


def register() -> None:
    """Register classes in order, then the properties that point to them."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    performance_properties.attach()
    saving.attach()


def unregister() -> None:
    """Undo :func:`register`: stop a running worker, drop thumbnails, properties and classes."""
    worker_job.stop_running()
    age_slider.stop()
    wrinkle_change.stop_worker()
    previews.clear()
    saving.detach()
    performance_properties.detach()
    properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
