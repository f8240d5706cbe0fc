"""What the operators share whose maps a worker computes."""

from __future__ import annotations

import bpy

from ...head import character_store
from ...head.characters import active_character
from ...head.standing import check, refuse
from .base import has_character
from .characters import same_character
from .worker_job import WorkerJob


class ChangesWrinkles(WorkerJob):
    """Mix-in of operators whose maps the worker computes: modal in a window, waiting without one.

    Subclasses write ``begin(context, collection) -> WrinkleChange`` and ``done(collection, before)``, which is called
    once the new maps are in use; before is the image that was in use when the change began.
    """

    bl_options = {"UNDO"}
    interval = 0.05

    @classmethod
    def poll(cls, context):
        return has_character(context) and not context.window_manager.furrow_job.changing

    def target(self, context) -> bpy.types.Collection:
        """The character whose maps change."""
        return active_character(context)

    def invoke(self, context, _event):
        return self.guarded(context, lambda: self.start_modal(context))

    def begin_job(self, context) -> None:
        """Begin the change, and remember the character by its session number.

        Raises:
            FurrowError: the input cannot be used, or the change would not last in this file.
        """
        collection = refuse(self.target(context))
        self._name, self._uid = collection.name, collection.session_uid
        self._change = self.begin(context, collection)
        context.window_manager.furrow_job.changing = True

    def step(self, context) -> set[str]:
        """Look for the new maps, and put them to use once they are there.

        Raises:
            FurrowError: the character is gone, or the worker could not do it.
        """
        data = self._change.poll()
        if data is None:
            return {"RUNNING_MODAL"}
        collection = check(same_character(self._name, self._uid))
        before = collection.get(character_store.MAPS)
        image = character_store.maps_image(character_store.character_from(data), data, like=before)
        if before is not None:
            image[character_store.AGED_SHAPE] = before.get(character_store.AGED_SHAPE, 0.0)
        character_store.use_maps(collection, image)
        self.done(collection, before)
        return {"FINISHED"}

    def end_job(self, context, finished: bool) -> None:
        """Remove the change's files, and stop a worker that is not done with it; harmless when repeated."""
        change = self.__dict__.pop("_change", None)
        if change is not None:
            change.close(finished)
        context.window_manager.furrow_job.changing = False
