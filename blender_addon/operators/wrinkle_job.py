"""What the operators share whose maps a worker computes."""

from __future__ import annotations

import time

import bpy

from .. import character_store
from ..characters import active_character
from .base import FurrowOperator, has_character, redraw_viewports, run_modally
from .characters import same_character

INTERVAL = 0.05  # seconds between looks at the worker


class ChangesWrinkles(FurrowOperator):
    """Mix-in of operators whose maps the worker computes: modal in a window, waiting without one.

    Subclasses write ``begin(context, collection) -> WrinkleChange`` and ``done(collection, before)``, which is called
    once the new maps are in use; before is the image that was in use when the change began.
    """

    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context):
        return has_character(context) and not context.window_manager.furrow_job.changing

    def target(self, context) -> bpy.types.Collection:
        return active_character(context)

    def invoke(self, context, _event):
        return self.guarded(context, lambda: self._start_modal(context))

    def _start_modal(self, context):
        self._begin(context)
        return run_modally(self, context, INTERVAL)

    def modal(self, context, event):
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        result = self.guarded(context, lambda: self._step(context))
        if result == {"RUNNING_MODAL"}:
            return {"PASS_THROUGH"}
        self._finish(context, result == {"FINISHED"})
        redraw_viewports(context)
        return result

    def cancel(self, context):
        self._finish(context, False)

    def run(self, context):
        """Without a window: wait for the result."""
        finished = False
        try:
            self._begin(context)
            while (result := self._step(context)) == {"RUNNING_MODAL"}:
                time.sleep(INTERVAL)
            finished = True
            return result
        finally:
            self._finish(context, finished)

    def _begin(self, context) -> None:
        collection = self.target(context)
        self._name, self._uid = collection.name, collection.session_uid
        self._change = self.begin(context, collection)
        context.window_manager.furrow_job.changing = True

    def _step(self, context) -> set[str]:
        data = self._change.poll()
        if data is None:
            return {"RUNNING_MODAL"}
        collection = same_character(self._name, self._uid)
        before = collection.get(character_store.MAPS)
        image = character_store.maps_image(character_store.character_from(data), data, like=before)
        if before is not None:
            image[character_store.AGED_SHAPE] = before.get(character_store.AGED_SHAPE, 0.0)
        character_store.use_maps(collection, image)
        self.done(collection, before)
        return {"FINISHED"}

    def _finish(self, context, finished: bool) -> None:
        change, timer = self.__dict__.pop("_change", None), self.__dict__.pop("_timer", None)
        if change is not None:
            change.close(finished)
        if timer is not None:
            context.window_manager.event_timer_remove(timer)
        context.window_manager.furrow_job.changing = False
