"""What a batch tells at its end: summary.csv, index.html without scripts, and contact.png."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..detail.apparent_age import SPREAD_YEARS
from ..inspection.canvas import BACKGROUND, BAD, TEXT
from ..inspection.page import PAGE, STYLE
from ..io.png16 import write_png
from ..io.safe_files import write_text
from .people import Person
from .pictures import SIZE
from .records import DONE, FAILED, Record, character_path, picture_path

TABLE, SHEET = "summary.csv", "contact.png"
COLUMNS = 6  # people in a row of the sheet
MOST = 120  # people on the sheet
LABEL, GAP = 26, 8  # pixels, under a pair of pictures and around it
FONT = 14
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for one


@dataclass(frozen=True)
class Outcome:
    """How it went with one person.

    Attributes:
        made: in this run, or tried; else it was there, or was not begun.
    """

    person: Person
    record: Record
    made: bool

    @property
    def failed(self) -> bool:
        """Whether there is no character, for a reason that is told."""
        return self.record.state == FAILED

    @property
    def state(self) -> str:
        """In words."""
        return {DONE: "done", FAILED: "failed"}.get(self.record.state, "not done yet")

    @property
    def age(self) -> str:
        """Apparent age with its doubt; nothing without a character."""
        return "" if self.record.age is None else f"{self.record.age:.0f} ± {SPREAD_YEARS:.0f}"


def write_summary(directory: Path, outcomes: Sequence[Outcome]) -> None:
    """Write table, page and sheet, each aside first.

    Raises:
        OSError: the folder cannot be written.
    """
    write_text(directory / TABLE, _table(outcomes))
    write_png(directory / SHEET, contact_sheet(directory, outcomes))
    write_text(directory / PAGE, _page(directory, outcomes))


def _table(outcomes: Sequence[Outcome]) -> str:
    """One row a person; cells that a spreadsheet would reckon with begin with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "file", "state", "age", "age_give_or_take", "seconds", "photos", "notes", "error"])
    for outcome in outcomes:
        person, record = outcome.person, outcome.record
        age = ("", "") if record.age is None else (f"{record.age:.0f}", f"{SPREAD_YEARS:.0f}")
        file = character_path(Path(), person).name if record.state == DONE else ""
        cells = [person.name, file, outcome.state, *age, f"{record.seconds:.1f}" if record.seconds else "",
                 "; ".join(photo.name for photo in person.photos), " ".join(record.notes), record.error]  # fmt: skip
        writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(text: str) -> str:
    shown = text.encode("utf-8", "replace").decode()  # names of files may be no text
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _page(directory: Path, outcomes: Sequence[Outcome]) -> str:
    made = sum(outcome.record.state == DONE for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    head = "".join(f"<th>{name}</th>" for name in ("photo", "head", "name", "age", "notes", "seconds", "error"))
    rows = "\n".join(_row(directory, outcome) for outcome in outcomes)
    style = STYLE + f"td img{{width:{SIZE[0] // 2}px;height:{SIZE[1] // 2}px}}.bad{{color:rgb{BAD}}}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Furrow: batch</title>'
        f"<style>{style}</style></head><body><h1>{len(outcomes)} people</h1>"
        f'<p>{made} done, {failed} failed. <a href="{TABLE}">{TABLE}</a><a href="{SHEET}">{SHEET}</a></p>'
        f"<table><tr>{head}</tr>\n{rows}\n</table></body></html>\n"
    )


def _row(directory: Path, outcome: Outcome) -> str:
    """One person. Links are relative, so that the folder may be moved."""
    person, record = outcome.person, outcome.record
    name = escape(person.name)
    if record.state == DONE:
        name = f'<a href="{_link(character_path(Path(), person))}">{name}</a>'
    elif not outcome.failed:
        name += f"<br>{outcome.state}"
    seconds = f"{record.seconds:.1f}" if record.seconds else ""
    notes = "<br>".join(escape(note) for note in record.notes)
    cells = [*(_image(directory, outcome, kind) for kind in ("photo", "head")), name, outcome.age, notes, seconds]
    return (
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + f'<td class="bad">{escape(record.error)}</td></tr>'
    )


def _image(directory: Path, outcome: Outcome, kind: str) -> str:
    if not _shown(directory, outcome, kind):
        return ""
    link = _link(picture_path(Path(), outcome.person, kind))
    return f'<img loading="lazy" src="{link}" alt="{kind} of {escape(outcome.person.name)}">'


def _link(path: Path) -> str:
    return escape(quote(path.as_posix()))


def _shown(directory: Path, outcome: Outcome, kind: str) -> bool:
    """Whether there is a picture of this run's photos: of a head only where it was made."""
    wanted = outcome.record.state == DONE or (outcome.failed and outcome.made and kind == "photo")
    return wanted and picture_path(directory, outcome.person, kind).is_file()


def contact_sheet(directory: Path, outcomes: Sequence[Outcome]) -> np.ndarray:
    """(H, W, 3) uint8: photo and head of the first people, side by side."""
    shown, left = outcomes[:MOST], max(len(outcomes) - MOST, 0)
    width, height = SIZE[0] + GAP, SIZE[1] // 2 + LABEL + GAP
    columns = max(1, min(COLUMNS, len(shown)))
    rows = -(-len(shown) // columns)
    size = (columns * width + GAP, rows * height + GAP + (LABEL if left else 0))
    sheet = Image.new("RGB", size, BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT)
    for k, outcome in enumerate(shown):
        x, y = GAP + k % columns * width, GAP + k // columns * height
        for side, kind in enumerate(("photo", "head")):
            if _shown(directory, outcome, kind):
                _paste(sheet, picture_path(directory, outcome.person, kind), x + side * SIZE[0] // 2, y)
        words = outcome.person.name + (f", {outcome.age}" if outcome.age else f": {outcome.state}")
        while font.getlength(words) > SIZE[0] and words:
            words = words[:-1]
        draw.text((x, y + SIZE[1] // 2 + 4), words, BAD if outcome.failed else TEXT, font)
    if left:
        draw.text((GAP, size[1] - LABEL), f"and {left} more: {PAGE}", TEXT, font)
    return np.asarray(sheet)


def _paste(sheet: Image.Image, path: Path, x: int, y: int) -> None:
    """A picture at half its size; nothing where somebody spoiled it."""
    try:
        with Image.open(path) as picture:
            sheet.paste(picture.convert("RGB").resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.LANCZOS), (x, y))
    except (OSError, ValueError):
        return
