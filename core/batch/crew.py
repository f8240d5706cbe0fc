"""Worker processes that share jobs: each takes one at a time, one that ends is replaced, and all end with this one."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from .. import children
from ..errors import FurrowError
from ..texts import reason

WORKER_MIB = 1500  # memory that a worker is reckoned with; benchmarks/batch.py measures it
TRIES = 2  # of a job whose worker ends
STARTS = 3  # workers one after the other that end before they are ready
SILENT = 1800.0  # seconds after which a worker that says nothing is ended
LOOK = 5.0  # seconds between looks at that
LAST_EVENTS = ("person", "error")
_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows alone opens a window for a process
_MEMINFO, _CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")


def usual_workers() -> int:
    """As many workers as there are cores for, and memory that is free; at least one."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        cores = os.cpu_count() or 1
    free = _free_mib()
    return max(1, cores if free is None else min(cores, free // WORKER_MIB))


def _free_mib() -> int | None:
    """MiB of memory that are free, within the limit of a container; None where that cannot be told."""
    found = []
    with suppress(OSError, ValueError, IndexError):
        line = next(row for row in _MEMINFO.read_text().splitlines() if row.startswith("MemAvailable"))
        found.append(int(line.split()[1]) >> 10)
    with suppress(OSError, ValueError):
        found.append(int(_CGROUP.read_text()) >> 20)
    return min(found, default=None)


class Crew:
    """Workers that share jobs."""

    def __init__(self, count: int, command: Sequence[str] | None = None):
        """Get ready; workers start with the first jobs.

        Args:
            count: workers at a time.
            command: another program to run in place of the worker of a batch.
        """
        self._count = count
        self._command = list(command or children.module_command("core.batch.worker", []))
        self._heard: queue.SimpleQueue[tuple[_Hand, dict | None]] = queue.SimpleQueue()
        self._hands: list[_Hand] = []
        self._bad_starts = 0

    def work(self, jobs: Sequence[dict]) -> Iterator[tuple[int, dict]]:
        """Have all jobs done; yields the number of a job and an event of it, as they come.

        The first of a job is ``begun``, before it is sent; the last is of ``LAST_EVENTS``, exactly one for each job. A
        job whose worker ended is begun once more, after the others.

        Args:
            jobs: commands for the workers.

        Raises:
            FurrowError: workers do not start.
        """
        waiting, tries = deque(range(len(jobs))), [0] * len(jobs)
        try:
            while waiting or any(hand.job is not None for hand in self._hands):
                for hand in self._idle(len(waiting)):
                    hand.job = waiting.popleft()
                    yield hand.job, {"event": "begun"}
                    hand.send(jobs[hand.job])
                hand, event = self._next()
                job, started = hand.job, hand.ready
                if event is not None:
                    hand.hear(event)
                    if job is not None and event["event"] != "ready":
                        yield job, event
                    continue
                status = self._gone(hand)
                if job is None:
                    continue
                tries[job] += started
                if tries[job] < TRIES:
                    waiting.append(job)
                else:
                    yield job, {"event": "error", "kind": "FurrowError", "message": _lost(status)}
        finally:
            self.stop()

    def stop(self) -> None:
        """End all workers at once."""
        for hand in self._hands:
            hand.stop()
        self._hands.clear()

    def _idle(self, waiting: int) -> list[_Hand]:
        """Workers without a job, as many as there are jobs waiting; missing ones are started."""
        idle = [hand for hand in self._hands if hand.job is None]
        for _ in range(min(self._count - len(self._hands), waiting - len(idle))):
            self._hands.append(_Hand(self._command, self._heard))
            idle.append(self._hands[-1])
        return idle[:waiting]

    def _next(self) -> tuple[_Hand, dict | None]:
        """The next event of a worker, None where it ended; those that are silent too long are ended."""
        while True:
            with suppress(queue.Empty):
                return self._heard.get(timeout=LOOK)
            for hand in self._hands:
                if hand.job is not None and time.monotonic() - hand.since > SILENT:
                    hand.process.kill()

    def _gone(self, hand: _Hand) -> int:
        """Let a worker go that ended; its exit status."""
        self._hands.remove(hand)
        hand.stop()
        self._bad_starts = 0 if hand.ready else self._bad_starts + 1
        if self._bad_starts >= STARTS:
            raise FurrowError(
                f"The workers do not start (exit status {hand.process.returncode}): try one photo with "
                "'furrow reconstruct', which says why."
            )
        return hand.process.returncode


class _Hand:
    """One worker process."""

    def __init__(self, command: list[str], heard: queue.SimpleQueue):
        self.job: int | None = None
        self.ready = False
        self.since = time.monotonic()  # when it was last heard or spoken to
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=children.environment(),
                start_new_session=True,  # Ctrl-C is for this process alone, which ends the workers
                creationflags=_HIDDEN,
            )
        except OSError as error:
            raise FurrowError(f"A worker cannot be started ({reason(error)}): use fewer --workers.") from None
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()

    def _listen(self, heard: queue.SimpleQueue) -> None:
        for line in self.process.stdout or ():
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                heard.put((self, event))
        heard.put((self, None))

    def hear(self, event: dict) -> None:
        """Take note of an event."""
        self.ready, self.since = True, time.monotonic()
        if event["event"] in LAST_EVENTS:
            self.job = None

    def send(self, job: dict) -> None:
        """Send a job; a worker that is gone shows up as an end."""
        self.since = time.monotonic()
        with suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.write(json.dumps(job).encode() + b"\n")
                self.process.stdin.flush()

    def stop(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()


def _lost(status: int) -> str:
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    return (
        f"The worker was ended {TRIES} times in the middle ({how}), perhaps for lack of memory: use fewer --workers or "
        "a smaller photo."
    )
