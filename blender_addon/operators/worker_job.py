"""Operators that wait for a worker: modal in a window, blocking without one; progress, notes and cancel."""

from __future__ import annotations

import time
from typing import Any

from ...core.errors import FurrowError
from ..worker_client import WorkerClient
from .base import FurrowOperator, redraw_viewports, run_modally

INTERVAL = 0.1  # seconds between looks at the worker
running_workers: list[WorkerClient] = []  # at most one: what must be stopped when the add-on goes


def stop_running() -> None:
    """Kill the worker of a job that is under way."""
    while running_workers:
        running_workers.pop().stop()


class WorkerOperator(FurrowOperator):
    """Mix-in: subclasses write ``begin``, which calls :meth:`start`, and ``finished`` for the worker's last event."""

    last_event = "done"

    def begin(self, context) -> None:
        """Check the input and start the worker.

        Raises:
            FurrowError: the input cannot be used.
        """
        raise NotImplementedError

    def finished(self, context, event: dict[str, Any]) -> None:
        """Take the result into the scene."""
        raise NotImplementedError

    def start(self, context, worker: WorkerClient, **command: Any) -> None:
        """Send the command to a new worker and show that it runs."""
        job = context.window_manager.furrow_job
        self._worker = worker
        running_workers.append(worker)
        job.running, job.cancel, job.fraction, job.message, job.notes = True, False, 0.0, "starting", ""
        worker.send(**command)

    def start_modal(self, context) -> set[str]:
        """Begin, and look at the worker from time to time."""
        self.begin(context)
        return run_modally(self, context, INTERVAL)

    def modal(self, context, event):
        job = context.window_manager.furrow_job
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if job.cancel:
            self.finish(context)
            job.notes = "Cancelled: nothing was changed."
            return {"CANCELLED"}
        result = self.guarded(context, lambda: self._step(context))
        redraw_viewports(context)
        if result == {"RUNNING_MODAL"}:
            return {"PASS_THROUGH"}
        self.finish(context)
        return result

    def cancel(self, context):
        self.finish(context)

    def run(self, context):
        """Without a window: wait for the result."""
        self.begin(context)
        try:
            while (result := self._step(context)) == {"RUNNING_MODAL"}:
                time.sleep(INTERVAL)
            return result
        finally:
            self.finish(context)

    def _step(self, context) -> set[str]:
        """Take in new events, the result at the last one."""
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
            elif kind == self.last_event:
                self.finished(context, event)
                return {"FINISHED"}
        return {"RUNNING_MODAL"}

    def finish(self, context) -> None:
        """Stop the worker and the timer; harmless when repeated."""
        stop_running()
        timer = self.__dict__.pop("_timer", None)
        if timer is not None:
            context.window_manager.event_timer_remove(timer)
        job = context.window_manager.furrow_job
        job.running, job.cancel, job.fraction, job.message = False, False, 0.0, ""
