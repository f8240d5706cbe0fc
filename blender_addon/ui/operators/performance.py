"""Expression from a photo, performance from a clip: onto the active character, through the worker process."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty

from ....core.character.file import SUFFIX
from ....core.errors import PerformanceError, PhotoError
from ....core.io.file_kinds import VIDEO_SUFFIXES
from ....core.io.safe_files import temporary_folder
from ....core.performance.file import load_performance
from ....core.performance.performance import Performance
from ...head.build_head import HeadObjects
from ...head.character_store import stored_bytes
from ...head.characters import active_character, objects_of
from ...head.performance_keys import key_performance, set_frame
from ...head.standing import EXPRESSION, check, refuse
from ...jobs.worker_client import WorkerClient
from ...preferences import chosen_device
from .base import FurrowOperator, has_character, not_running
from .characters import same_character
from .worker_job import WorkerOperator

KINDS = (("PHOTO", "Photo", ""), ("CLIP", "Clip", ""))


class FURROW_OT_capture(WorkerOperator, bpy.types.Operator):
    """Runs the worker and applies what it found; the two choosers below start it."""

    bl_idname = "furrow.capture"
    bl_label = "Read Performance"
    bl_options = {"UNDO", "INTERNAL"}
    last_event = "written"

    kind: EnumProperty(items=KINDS, options={"HIDDEN", "SKIP_SAVE"})
    filepath: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return not_running(context) and has_character(context)

    def invoke(self, context, _event):
        return self.guarded(context, lambda: self.start_modal(context))

    def begin(self, context) -> None:
        """Write the character for the worker and ask it for a photo's expression or a clip's performance.

        Raises:
            PhotoError: the photo is missing.
            PerformanceError: the clip is missing.
            FurrowError: expressions would not last in this file.
        """
        settings, path = context.scene.furrow_performance, Path(bpy.path.abspath(self.filepath))
        if self.kind == "PHOTO" and not path.is_file():
            raise PhotoError(f"There is no photo {path}: choose an image file.")
        if not path.exists():
            raise PerformanceError(f"There is no clip {path}: choose a video, or an image of a sequence.")
        collection = refuse(active_character(context), EXPRESSION)
        data = stored_bytes(collection)
        self._character = (collection.name, collection.session_uid)
        self._folder = temporary_folder()
        source, self._output = Path(self._folder.name) / f"input{SUFFIX}", Path(self._folder.name) / "output.json"
        source.write_bytes(data)
        command = {"command": "expression", "photo": str(path)}
        if self.kind == "CLIP":
            # an image stands for the folder of its sequence
            clip = path if path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES else path.parent
            command = {
                "command": "performance",
                "clip": str(clip),
                "smooth": settings.smooth,
                "neutral": settings.neutral_frame if settings.neutral == "FRAME" else settings.neutral.lower(),
                "fps": settings.sequence_fps if clip.is_dir() else None,
            }
        self.start(
            context,
            WorkerClient(),
            **command,
            input=str(source),
            output=str(self._output),
            same_person=settings.person == "SAME",
            device=chosen_device(context),
        )

    def finished(self, context, _event) -> None:
        """Set the sliders to the photo's expression, or key the clip's performance.

        Raises:
            FurrowError: the character is gone.
        """
        collection = same_character(*self._character)
        apply_performance(self, context, load_performance(self._output), collection, keyed=self.kind == "CLIP")

    def end_job(self, context, finished: bool) -> None:
        """Stop the worker and remove the files that it shared with Blender."""
        super().end_job(context, finished)
        folder = self.__dict__.pop("_folder", None)
        if folder is not None:
            folder.cleanup()


def apply_performance(
    operator: FurrowOperator,
    context: bpy.types.Context,
    performance: Performance,
    character: bpy.types.Collection,
    keyed: bool,
) -> None:
    """Bring a performance onto a character of the scene, as the panel's settings say, and show its notes.

    Raises:
        FurrowError: the character has no head any more, or expressions would not last in this file.
    """
    settings, scene = context.scene.furrow_performance, context.scene
    made = objects_of(check(character, EXPRESSION))
    eye_bones = settings.gaze == "BONES"
    notes = list(performance.notes)
    if keyed:
        before = _actions(made)
        rate = scene.render.fps / scene.render.fps_base
        action = key_performance(made, performance, settings.start, rate, settings.pose, eye_bones)
        if settings.fit_range:
            scene.frame_end = max(scene.frame_end, int(action.frame_range[1]))
        scene.frame_set(scene.frame_current)
        replaced = [name for block, name in before.items() if _actions(made).get(block) != name]
        notes += [f"The earlier action {name!r} stays in this file." for name in dict.fromkeys(replaced)]
        operator.report({"INFO"}, f"Keyed {action.name}: frames {settings.start} to {int(action.frame_range[1])}")
    else:
        set_frame(made, performance, settings.pose, eye_bones)
        if _actions(made):
            notes.append("This head is animated: key the sliders before the frame changes, or the expression is lost.")
    context.window_manager.furrow_job.notes = "\n".join(notes)
    for line in notes:
        operator.report({"WARNING"}, line)


def _actions(made: HeadObjects) -> dict[str, str]:
    """Data block to action, by names, where the shape keys or the armature have one."""
    blocks = [block for block in (made.head.data.shape_keys, made.armature) if block is not None]
    found = {block.name: block.animation_data and block.animation_data.action for block in blocks}
    return {name: action.name for name, action in found.items() if action}


class _Chooser:
    """Mix-in: a file browser, then :class:`FURROW_OT_capture`, which makes the one step of undo."""

    bl_options = {"REGISTER"}
    kind = ""

    filepath: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        if not has_character(context):
            cls.poll_message_set("Select a character's head first")
            return False
        return not_running(context)

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        window = not bpy.app.background and context.window is not None
        try:
            bpy.ops.furrow.capture(
                "INVOKE_DEFAULT" if window else "EXEC_DEFAULT", kind=self.kind, filepath=self.filepath
            )
        except RuntimeError as error:  # its one line, already shown in the panel
            self.report({"ERROR"}, context.window_manager.furrow_job.error or str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FURROW_OT_expression_from_photo(_Chooser, bpy.types.Operator):
    """Asks for a photo and reads its expression."""

    bl_idname = "furrow.expression_from_photo"
    bl_label = "Expression from Photo..."
    bl_description = "Read the expression of a photo and set the character's sliders to it"
    kind = "PHOTO"

    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})


class FURROW_OT_performance_from_video(_Chooser, bpy.types.Operator):
    """Asks for a video, or an image of a sequence, and reads its performance."""

    bl_idname = "furrow.performance_from_video"
    bl_label = "Performance from Video..."
    bl_description = (
        "Key the performance of a video, or of an image sequence (choose one of its images), on the character"
    )
    kind = "CLIP"

    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})


class FURROW_OT_import_performance(FurrowOperator, bpy.types.Operator):
    """Keys a performance that was written by the command line."""

    bl_idname = "furrow.import_performance"
    bl_label = "Import Performance..."
    bl_description = "Key a performance file, written by the command line, on the character"

    filepath: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: StringProperty(default="*.json", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return has_character(context) and not_running(context)

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        """Key it; a file of one frame sets the sliders.

        Raises:
            PerformanceError: the file cannot be read.
        """
        performance = load_performance(Path(bpy.path.abspath(self.filepath)))
        apply_performance(self, context, performance, active_character(context), keyed=performance.count > 1)
        return {"FINISHED"}


CLASSES = (
    FURROW_OT_capture,
    FURROW_OT_expression_from_photo,
    FURROW_OT_performance_from_video,
    FURROW_OT_import_performance,
)
