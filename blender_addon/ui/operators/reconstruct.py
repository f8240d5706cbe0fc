"""Reconstruct: photos to a head in the scene, through the worker process."""

from __future__ import annotations

import re
from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from ....core.character.file import SUFFIX, load_character
from ....core.errors import PhotoError
from ...head.build_head import HeadObjects, build_head
from ...head.characters import active_character
from ...head.hair_choice import with_chosen_hair
from ...head.match_photo import PHOTOS
from ...head.replace import is_edited, replace_character
from ...jobs.worker_client import WorkerClient
from ...preferences import ROOT, chosen_device
from ..viewports import is_working, seen, show_head
from .base import not_running
from .worker_job import WorkerOperator


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


class FURROW_OT_reconstruct(WorkerOperator, bpy.types.Operator):
    """Has the worker make a character of the listed photos, and builds its head."""

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
        return self.guarded(context, lambda: self.start_modal(context))

    def begin(self, context) -> None:
        """Ask the worker, and choose where the .furrow file goes.

        Raises:
            PhotoError: a photo is gone.
        """
        settings = context.scene.furrow
        photos = [bpy.path.abspath(photo.filepath) for photo in settings.photos]
        missing = next((path for path in photos if not Path(path).is_file()), None)
        if missing:
            raise PhotoError(f"The photo {missing} is gone: choose it again.")
        self._name = settings.character_name.strip() or Path(photos[0]).stem
        self._output = free_path(characters_folder(), self._name)
        self._photos, self._seen = photos, seen(context)
        self.start(
            context,
            WorkerClient(),
            command="reconstruct",
            photos=photos,
            output=str(self._output),
            device=chosen_device(context),
            face=settings.face if settings.choose_face else None,
            name=self._name,
            size=None if settings.map_size == "AUTO" else int(settings.map_size),
        )

    def finished(self, context, event) -> None:
        """Build the head, in the place of the replaced character if there is one, and show the notes."""
        context.window_manager.furrow_job.message = "building the head"
        self._build(context, [str(line) for line in event.get("warnings", ())])

    def _build(self, context, warnings: list[str]) -> HeadObjects:
        working = is_working(context, self._seen)
        character = load_character(self._output)
        old = bpy.data.collections.get(self.replaced) if self.replaced else None
        if old is not None:
            character = with_chosen_hair(character, old)
        made = build_head(character, context, source=str(self._output), activate=not working)
        made.collection[PHOTOS] = self._photos
        if old is not None:
            replace_character(old, made)
        context.scene.furrow.character = made.collection
        context.window_manager.furrow_job.notes = "\n".join(warnings)
        if not working:
            show_head(context, self._seen)
        self.report({"INFO"}, f"Built {made.collection.name}")
        for line in warnings:
            self.report({"WARNING"}, line)
        return made


class FURROW_OT_confirm_replace(bpy.types.Operator):
    """Asks before a reconstruction takes the place of a character."""

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
    """Asks the running job to stop, which sees it at its next look at the worker."""

    bl_idname = "furrow.cancel"
    bl_label = "Cancel"
    bl_description = "Stop what is running; the scene stays as it is"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return not not_running(context)

    def execute(self, context):
        context.window_manager.furrow_job.cancel = True
        return {"FINISHED"}


CLASSES = (FURROW_OT_reconstruct, FURROW_OT_confirm_replace, FURROW_OT_cancel)
