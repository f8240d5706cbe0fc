"""A batch from start to end: what is done already is left, the rest goes to the workers, and the summary is written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..assets import assets_folder
from ..errors import FurrowError, OutputError
from ..io.safe_files import sweep, write_reason
from ..texts import one_line
from .crew import Crew, usual_workers
from .people import Person
from .records import (
    BEGUN,
    DONE,
    FAILED,
    FOLDER,
    Record,
    Settings,
    character_path,
    digest,
    is_done,
    is_foreign,
    picture_path,
    read_record,
    write_record,
)
from .summary import Outcome, write_summary

Report = Callable[[str, float, str], None]
CHECK_SHARE = 0.02  # of the bar, for looking at what is there
TELLING = 0.5  # people's work from which time left is told


def run_batch(
    people: Sequence[Person],
    directory: Path,
    *,
    settings: Settings | None = None,
    workers: int | None = None,
    device: str = "auto",
    report: Report = lambda stage, fraction, message: None,
    command: Sequence[str] | None = None,
) -> list[Outcome]:
    """Reconstruct people into a folder, with a summary; who is there already, from the same photos, is left.

    Args:
        people: of ``people.find_people``.
        directory: of NAME.furrow, summary.csv, index.html and contact.png; made where it is missing.
        workers: processes at a time; None for as many as cores and memory allow.
        device: where the nets run.
        report: told (stage, fraction of the whole in [0, 1], message).
        command: another program to run in place of the worker.

    Returns:
        how it went with each person, in their order. A photo that cannot be used is a record with an error.

    Raises:
        FurrowError: the models are not built, or workers do not start.
        OutputError: the folder cannot be written.
        KeyboardInterrupt: after the workers were ended and the summary written.
    """
    settings, directory = settings or Settings(), Path(directory)
    if command is None:
        assets_folder()
    try:
        (directory / FOLDER).mkdir(parents=True, exist_ok=True)
        outcomes = [_standing(person, directory, settings, report, k / len(people)) for k, person in enumerate(people)]
        try:
            _make_all(outcomes, directory, settings, Crew(workers or usual_workers(), command), device, report)
        finally:
            for folder in (directory, directory / FOLDER):
                sweep(folder)  # what ended workers left
            write_summary(directory, outcomes)
    except OSError as error:
        raise OutputError(f"Cannot write to {directory}: {write_reason(error)}") from None
    return outcomes


def _standing(person: Person, directory: Path, settings: Settings, report: Report, share: float) -> Outcome:
    """What a person's record says, before any work."""
    report("check", CHECK_SHARE * share, "looking at what is there")
    record, wanted = read_record(directory, person), digest(person, settings)
    if is_done(directory, person, record, wanted):
        assert record is not None
        return Outcome(person, record, made=False)
    if is_foreign(directory, person, record):
        path = character_path(directory, person)
        line = f"{path.name} is there already and not of a batch: move it, or give another folder with --out."
        return Outcome(person, Record(FAILED, "", error=one_line(line)), made=False)
    return Outcome(person, Record(BEGUN, wanted), made=True)


def _make_all(
    outcomes: list[Outcome], directory: Path, settings: Settings, crew: Crew, device: str, report: Report
) -> None:
    """Have everybody made who is not there, and keep the records of it in ``outcomes`` and the folder."""
    wanted = [k for k, outcome in enumerate(outcomes) if outcome.made]
    clock = Clock(len(outcomes), len(wanted))
    jobs = [_job(outcomes[k].person, directory, settings, device) for k in wanted]
    for number, event in crew.work(jobs):
        k = wanted[number]
        person, begun = outcomes[k].person, Record(BEGUN, outcomes[k].record.digest)
        record = _record_of(begun, event)
        if record is not None:
            outcomes[k] = replace(outcomes[k], record=record)
            write_record(directory, person, record)
        clock.hear(number, event)
        report(f"{clock.finished} done", CHECK_SHARE + (1 - CHECK_SHARE) * clock.fraction, clock.message())


def _job(person: Person, directory: Path, settings: Settings, device: str) -> dict:
    """The command for a worker; paths are whole, for it may run elsewhere."""
    pictures = {f"{kind}_picture": os.path.abspath(picture_path(directory, person, kind)) for kind in ("photo", "head")}
    return {
        "command": "person",
        "photos": [os.path.abspath(photo) for photo in person.photos],
        "name": person.name,
        "output": os.path.abspath(character_path(directory, person)),
        "size": settings.size,
        "device": device,
        **pictures,
    }


def _record_of(begun: Record, event: dict) -> Record | None:
    """The record that an event asks for; None for most."""
    if event["event"] == "begun":
        return begun
    if event["event"] == "person":
        return replace(
            begun, state=DONE, age=float(event["age"]), notes=tuple(event["notes"]), seconds=float(event["seconds"])
        )
    if event["event"] == "error":
        return replace(begun, state=FAILED, error=str(event["message"]), details=str(event.get("details", "")))
    return None


@dataclass
class Clock:
    """How far a batch is, and how long it will take.

    Attributes:
        total: people; wanted: of whom so many are to be made.
        finished: made so far; failed: of these so many without a character.
    """

    total: int
    wanted: int
    finished: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        """Start."""
        self._began = time.monotonic()
        self._parts: dict[int, float] = {}

    def hear(self, number: int, event: dict) -> None:
        """Take note of an event of a job."""
        if event["event"] in ("person", "error"):
            self._parts.pop(number, None)
            self.finished += 1
            self.failed += event["event"] == "error"
        else:
            self._parts[number] = float(event.get("fraction", 0.0))

    @property
    def fraction(self) -> float:
        """Of the whole, in [0, 1]."""
        return (self.total - self.wanted + self._work()) / max(self.total, 1)

    def message(self) -> str:
        """How far it is, in words."""
        words = f"{self.total - self.wanted + self.finished} of {self.total}"
        words += f", {self.failed} failed" if self.failed else ""
        done = self._work()
        slow = done - self.failed  # what fails does so at once
        if slow < TELLING or done >= self.wanted:
            return words
        left = (time.monotonic() - self._began) * (self.wanted - done) / slow
        return f"{words}, {in_words(left)} left"

    def _work(self) -> float:
        return self.finished + sum(self._parts.values())


def in_words(seconds: float) -> str:
    """A time as people say it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def check_directory(directory: Path) -> None:
    """Refuse a folder of results that cannot be one, before any work.

    Raises:
        FurrowError: it is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise FurrowError(f"Cannot write to {directory}: it is a file. Give a folder.")
