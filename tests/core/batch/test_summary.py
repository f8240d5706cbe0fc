"""Table, page and contact sheet of a batch."""

import csv
import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from furrow.core.batch.people import find_people
from furrow.core.batch.pictures import SIZE, small_picture, write_picture
from furrow.core.batch.records import BEGUN, DONE, FAILED, FOLDER, Record, character_path, picture_path
from furrow.core.batch.summary import MOST, Outcome, contact_sheet, write_summary
from PIL import Image

HOSTILE = ["<script>alert(1)</script>", "\"' onload='x'", "a & b #%?", "two\nlines", "=1+1", os.fsdecode(b"caf\xe9")]


class Page(HTMLParser):
    """Tags, links and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.attributes, self.texts = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.append(data)


def crowd(folder, names):
    """People whose photos need not be there: a slash in a name would be a folder."""
    return find_people([folder / f"{name.replace('/', '_')}.jpg" for name in names], folder / "out").people


def filled(folder, names, record):
    """Outcomes, with their characters and pictures."""
    out = folder / "out"
    (out / FOLDER).mkdir(parents=True)
    outcomes = [Outcome(person, record, True) for person in crowd(folder, names)]
    for outcome in outcomes:
        character_path(out, outcome.person).write_bytes(b"x")
        for kind, grey in (("photo", 200), ("head", 90)):
            write_picture(picture_path(out, outcome.person, kind), np.full((SIZE[1], SIZE[0], 3), grey, np.uint8))
    return out, outcomes


def test_hostile_names_stay_text(tmp_path):
    record = Record(DONE, "1", 40.0, ("<b>bold</b> note",), 2.0)
    out, outcomes = filled(tmp_path, HOSTILE, record)
    bad = Outcome(outcomes[0].person, Record(FAILED, "", error="<img src=x onerror=alert(1)>"), False)
    write_summary(out, [*outcomes, bad])
    text = (out / "index.html").read_text("utf-8")
    page = Page(text)
    assert set(page.tags) <= {"html", "head", "meta", "title", "style", "body", "h1", "p", "a", "table", "tr", "th",
                              "td", "img", "br"}
    assert page.attributes <= {"lang", "charset", "href", "src", "alt", "loading", "class"}
    assert "<script>alert(1)<_script>" in page.texts and "<img src=x onerror=alert(1)>" in page.texts
    assert page.tags.count("img") == 2 * len(HOSTILE) and page.tags.count("tr") == len(HOSTILE) + 2
    for link in page.links:
        assert not link.startswith(("/", "http", "file")) and not set(link) & set(" #'"), link
        assert (out / unquote(link)).is_file(), link


def test_the_table_can_be_read_and_reckons_nothing(tmp_path):
    out, outcomes = filled(tmp_path, HOSTILE, Record(DONE, "1", 40.4, ("one,", 'two"'), 2.04))
    outcomes.append(Outcome(crowd(tmp_path, ["Zed"])[0], Record(FAILED, "", error="no face"), True))
    outcomes.append(Outcome(crowd(tmp_path, ["Yan"])[0], Record(BEGUN, ""), True))
    write_summary(out, outcomes)
    with open(out / "summary.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(HOSTILE) + 2
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert rows[4]["name"] == "'=1+1" and rows[3]["name"] == "two?lines" and rows[5]["photos"] == "caf?.jpg"
    assert (rows[0]["age"], rows[0]["age_give_or_take"], rows[0]["seconds"]) == ("40", "10", "2.0")
    assert rows[0]["notes"] == 'one, two"'
    assert [(row["state"], row["file"], row["error"]) for row in rows[-2:]] == [("failed", "", "no face"),
                                                                               ("not done yet", "", "")]


def test_the_page_tells_ages_and_errors(tmp_path):
    out, outcomes = filled(tmp_path, ["Ann"], Record(DONE, "1", 40.4, (), 2.0))
    outcomes.append(Outcome(crowd(tmp_path, ["Zed"])[0], Record(FAILED, "", error="no face"), True))
    write_summary(out, outcomes)
    texts = Page((out / "index.html").read_text("utf-8")).texts
    assert "40 ± 10" in texts and "no face" in texts and "1 done, 1 failed. " in texts


def test_the_sheet_shows_photo_beside_head(tmp_path):
    out, outcomes = filled(tmp_path, ["Ann", "Bob"], Record(DONE, "1", 40.0))
    picture_path(out, outcomes[1].person, "head").write_bytes(b"spoiled")
    sheet = contact_sheet(out, outcomes)
    low, step = 8, SIZE[0] + 8
    assert abs(sheet[80, low + 30].astype(int) - 200).max() < 4 and abs(sheet[80, low + 150].astype(int) - 90).max() < 4
    assert sheet[80, low + step + 150].max() < 60
    many = contact_sheet(out, outcomes * MOST)
    assert many.shape[0] < 6000 and many.shape[1] < 2000


def test_a_whole_photo_fits_into_its_picture():
    for shape in ((50, 400, 3), (900, 30, 3), (1, 1, 3)):
        picture = small_picture(np.full(shape, 255, np.uint8))
        assert picture.shape == (SIZE[1], SIZE[0], 3) and (picture == 255).any()


def test_pictures_are_written_whole(tmp_path):
    write_picture(tmp_path / "a.jpg", np.zeros((3, 4, 3), np.uint8))
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "JPEG" and image.size == (4, 3)
    assert [path.name for path in Path(tmp_path).iterdir()] == ["a.jpg"]
