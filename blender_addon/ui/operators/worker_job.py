"""Operators that wait for a worker process: modal in a window, blocking without one.

``WorkerJob`` is the life of such a job. A ``WorkerOperator`` starts a worker of its own for one command, and shows
progress, notes and a way to cancel; ``wrinkle_job`` has the other kind, which asks the worker that changes wrinkles.
"""

from __future__ import annotations

import time
from typing import Any

from ....core.errors import FurrowError
from ...jobs.worker_client import WorkerClient
from .base import FurrowOperator, redraw_viewports, run_modally

running_workers: list[WorkerClient] = []  # at most one: what must be stopped when the add-on goes


def stop_running() -> None:
    """Kill the worker of a job that is under way."""
    while running_workers:
        running_workers.pop().stop()


class WorkerJob(FurrowOperator):
    """Mix-in: subclasses write what begins, one look at the worker, and what ends the job."""

    interval = 0.1  # seconds between looks at the worker

    def begin_job(self, context) -> None:
        """Check the input and ask the worker.

        Raises:
            FurrowError: the input cannot be used.
        """
        raise NotImplementedError

    def step(self, context) -> set[str]:
        """Look at the worker: RUNNING_MODAL, or FINISHED once its result is in the scene.

        Raises:
            FurrowError: the worker could not do it.
        """
        raise NotImplementedError

    def end_job(self, context, finished: bool) -> None:
        """Leave the worker; harmless when repeated."""
        raise NotImplementedError

    def cancel_asked(self, context) -> bool:
        """Whether the artist wants the job to stop."""
        return False

    def start_modal(self, context) -> set[str]:
        """Begin, and look at the worker from time to time."""
        self.begin_job(context)
        return run_modally(self, context, self.interval)

    def modal(self, context, event):
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self.cancel_asked(context):
            self._end(context, False)
            context.window_manager.furrow_job.notes = "Cancelled: nothing was changed."
            return {"CANCELLED"}
        result = self.guarded(context, lambda: self.step(context))
        if result != {"RUNNING_MODAL"}:
            self._end(context, result == {"FINISHED"})
        redraw_viewports(context)
        return {"PASS_THROUGH"} if result == {"RUNNING_MODAL"} else result

    def cancel(self, context):
        self._end(context, False)

    def run(self, context):
        """Without a window: wait for the result."""
        finished = False
        try:
            self.begin_job(context)
            while (result := self.step(context)) == {"RUNNING_MODAL"}:
                time.sleep(self.interval)
            finished = True
            return result
        finally:
            self._end(context, finished)

    def _end(self, context, finished: bool) -> None:
        timer = self.__dict__.pop("_timer", None)
        if timer is not None:
            context.window_manager.event_timer_remove(timer)
        self.end_job(context, finished)


class WorkerOperator(WorkerJob):
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

    def begin_job(self, context) -> None:
        """See ``begin``."""
        self.begin(context)

    def cancel_asked(self, context) -> bool:
        """Whether Cancel was pressed."""
        return context.window_manager.furrow_job.cancel

    def step(self, context) -> set[str]:
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

    def end_job(self, context, finished: bool) -> None:
        """Stop the worker."""
        stop_running()
        job = context.window_manager.furrow_job
        job.running, job.cancel, job.fraction, job.message = False, False, 0.0, ""
