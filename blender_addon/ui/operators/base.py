"""What all operators share: errors become one line, bugs a report that the artist can send."""

from __future__ import annotations

import traceback

import bpy

from ....core.errors import FurrowError, shortage
from ...head.characters import active_character, find_part, has_head

REPORT = "Furrow Report"


class FurrowOperator:
    """Mix-in: subclasses write ``run(context) -> set``; it may raise."""

    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        job = context.window_manager.furrow_job
        if not job.running:  # notes are about what came before
            job.notes = ""
        return self.guarded(context, lambda: self.run(context))

    def guarded(self, context, action) -> set[str]:
        """Result of action; a FurrowError is one line in the panel and the status bar, a bug is written down."""
        job = context.window_manager.furrow_job
        try:
            job.error = ""
            return action()
        except FurrowError as error:
            return self.fail(context, str(error))
        except Exception as error:
            if line := shortage(error):
                return self.fail(context, line)
            text = bpy.data.texts.get(REPORT) or bpy.data.texts.new(REPORT)
            text.from_string(f"{self.bl_idname}, Blender {bpy.app.version_string}\n\n{traceback.format_exc()}")
            return self.fail(context, f"Unexpected error ({error}): please send the text '{REPORT}' of this file.")

    def fail(self, context, message: str) -> set[str]:
        """Show one line and cancel."""
        context.window_manager.furrow_job.error = message
        self.report({"ERROR"}, message)
        return {"CANCELLED"}


def has_character(context: bpy.types.Context) -> bool:
    """Poll rule: a character with a head is active, and nothing is being edited."""
    return context.mode in ("OBJECT", "POSE") and has_head(active_character(context))


def not_running(context: bpy.types.Context) -> bool:
    """Poll rule: no reconstruction is running."""
    return not context.window_manager.furrow_job.running


def select_head(context: bpy.types.Context, collection: bpy.types.Collection) -> bpy.types.Object:
    """The head of a character, made the active object and the only selected one, in object mode.

    Raises:
        FurrowError: it is gone, or not in the view layer.
    """
    head = find_part(collection, "head")
    if head is None:
        raise FurrowError(f"{collection.name} has lost its head: press Repair.")
    select_alone(context, head)
    return head


def select_alone(context: bpy.types.Context, item: bpy.types.Object) -> None:
    """Make an object the active and the only selected one, in object mode.

    Raises:
        FurrowError: it is not to be seen in the view layer.
    """
    if item.name not in context.view_layer.objects or item.hide_get():
        raise FurrowError(f"{item.name} is not in this view layer, or hidden: show it first.")
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for other in context.selected_objects:
        other.select_set(False)
    item.select_set(True)
    context.view_layer.objects.active = item


def run_modally(operator: bpy.types.Operator, context: bpy.types.Context, interval: float) -> set[str]:
    """Have the operator's ``modal`` called every ``interval`` seconds; its ``_timer`` is to be removed at the end."""
    operator._timer = context.window_manager.event_timer_add(interval, window=context.window)
    context.window_manager.modal_handler_add(operator)
    return {"RUNNING_MODAL"}


def redraw_viewports(context: bpy.types.Context) -> None:
    """Show what has changed, in the sidebars too."""
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D":
            area.tag_redraw()
