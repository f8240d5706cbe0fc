"""Reconstruct: photos to a head in the scene, through the worker process."""

from __future__ import annotations

import re
import time
from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from ...core.character_file import SUFFIX, load_character
from ...core.errors import FurrowError, PhotoError
from ..build_head import HeadObjects, build_head
from ..characters import active_character
from ..preferences import ROOT, chosen_device
from ..replace import is_edited, replace_character
from ..worker_client import WorkerClient
from .base import FurrowOperator, frame_active, not_running

INTERVAL = 0.1  # seconds between looks at the worker
_running: list[WorkerClient] = []  # at most one: what must be stopped when the add-on goes


def characters_folder() -> Path:
    """Where reconstructed characters are kept: the extension's own user folder."""
    if ROOT.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(ROOT, path="characters", create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="furrow", create=True))


def free_path(folder: Path, name: str) -> Path:
    """A .furrow path in folder, named after the character, that no file has yet."""
    stem = re.sub(r"[^\w\- ]+", "_", name).strip()[:60] or "character"
    numbered = (folder / f"{stem}{f' {i}' if i else ''}{SUFFIX}" for i in range(100_000))
    return next(path for path in numbered if not path.exists())


def stop_running() -> None:
    """Kill the worker of a reconstruction that is under way."""
    while _running:
        _running.pop().stop()


class FURROW_OT_reconstruct(FurrowOperator, bpy.types.Operator):
    bl_idname = "furrow.reconstruct"
    bl_label = "Reconstruct"
    bl_description = "Build a riggable head that looks like the person in the photos"
    bl_options = {"UNDO"}

    confirmed: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    replaced: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        if not not_running(context):
            return False
        if not context.scene.furrow.photos:
            cls.poll_message_set("Choose a photo first")
            return False
        return True

    def invoke(self, context, _event):
        target = active_character(context) if context.scene.furrow.replace else None
        if target is not None and not self.confirmed:
            return bpy.ops.furrow.confirm_replace("INVOKE_DEFAULT", character=target.name)
        return self.guarded(context, lambda: self._start_modal(context))

    def _start_modal(self, context):
        self._begin(context)
        self._timer = context.window_manager.event_timer_add(INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        job = context.window_manager.furrow_job
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if job.cancel:
            self._finish(context)
            job.notes = "Cancelled: nothing was changed."
            return {"CANCELLED"}
        result = self.guarded(context, lambda: self._step(context))
        for area in context.screen.areas if context.screen else ():
            if area.type == "VIEW_3D":
                area.tag_redraw()
        if result == {"RUNNING_MODAL"}:
            return {"PASS_THROUGH"}
        self._finish(context)
        return result

    def cancel(self, context):
        self._finish(context)

    def run(self, context):
        """Without a window: wait for the result."""
        self._begin(context)
        try:
            while (result := self._step(context)) == {"RUNNING_MODAL"}:
                time.sleep(INTERVAL)
            return result
        finally:
            self._finish(context)

    def _begin(self, context) -> None:
        """Start the worker and send the command."""
        settings, job = context.scene.furrow, context.window_manager.furrow_job
        photos = [bpy.path.abspath(photo.filepath) for photo in settings.photos]
        missing = next((path for path in photos if not Path(path).is_file()), None)
        if missing:
            raise PhotoError(f"The photo {missing} is gone: choose it again.")
        self._name = settings.character_name.strip() or Path(photos[0]).stem
        self._output = free_path(characters_folder(), self._name)
        self._worker = WorkerClient()
        _running.append(self._worker)
        job.running, job.cancel, job.fraction, job.message, job.notes = True, False, 0.0, "starting", ""
        self._worker.send(
            command="reconstruct",
            photos=photos,
            output=str(self._output),
            device=chosen_device(context),
            face=settings.face if settings.choose_face else None,
            name=self._name,
        )

    def _step(self, context) -> set[str]:
        """Take in new events; build the head at the last one."""
        job = context.window_manager.furrow_job
        for event in self._worker.poll():
            kind, message = event["event"], str(event.get("message", ""))
            if kind == "progress":
                job.fraction = min(max(float(event.get("fraction", 0.0)), 0.0), 1.0)
                job.message = message or str(event.get("stage", ""))
            elif kind == "note":
                job.notes = "\n".join(filter(None, (job.notes, message)))
            elif kind == "error":
                if event.get("kind") == "Bug":
                    raise RuntimeError(f"{message}\n{event.get('details', '')}\n{self._worker.log()}")
                raise FurrowError(message)
            elif kind == "done":
                job.fraction, job.message = 1.0, "building the head"
                self._build(context, [str(line) for line in event.get("warnings", ())])
                return {"FINISHED"}
        return {"RUNNING_MODAL"}

    def _build(self, context, warnings: list[str]) -> HeadObjects:
        made = build_head(load_character(self._output), context, source=str(self._output))
        old = bpy.data.collections.get(self.replaced) if self.replaced else None
        if old is not None:
            replace_character(old, made)
        context.scene.furrow.character = made.collection
        context.window_manager.furrow_job.notes = "\n".join(warnings)
        frame_active(context)
        self.report({"INFO"}, f"Built {made.collection.name}")
        for line in warnings:
            self.report({"WARNING"}, line)
        return made

    def _finish(self, context) -> None:
        """Stop the worker and the timer; harmless when repeated."""
        stop_running()
        timer = self.__dict__.pop("_timer", None)
        if timer is not None:
            context.window_manager.event_timer_remove(timer)
        job = context.window_manager.furrow_job
        job.running, job.cancel, job.fraction, job.message = False, False, 0.0, ""


class FURROW_OT_confirm_replace(bpy.types.Operator):
    bl_idname = "furrow.confirm_replace"
    bl_label = "Replace the Character?"
    bl_options = {"INTERNAL"}

    character: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, event):
        collection = bpy.data.collections.get(self.character)
        edited = collection is not None and is_edited(collection)
        message = f"{self.character} is removed once the new head is there." + (
            " It was edited by hand: those edits are lost." if edited else ""
        )
        return context.window_manager.invoke_confirm(
            self, event, title=self.bl_label, message=message, confirm_text="Replace", icon="WARNING"
        )

    def execute(self, context):
        return bpy.ops.furrow.reconstruct("INVOKE_DEFAULT", confirmed=True, replaced=self.character)


class FURROW_OT_cancel(bpy.types.Operator):
    bl_idname = "furrow.cancel"
    bl_label = "Cancel"
    bl_description = "Stop the reconstruction; the scene stays as it is"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return not not_running(context)

    def execute(self, context):
        context.window_manager.furrow_job.cancel = True
        return {"FINISHED"}


CLASSES = (FURROW_OT_reconstruct, FURROW_OT_confirm_replace, FURROW_OT_cancel)
