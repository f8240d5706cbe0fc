"""What the pages say of the code is there: links, paths, rooms, versions, commands, entries."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from furrow.core import cli, worker
from furrow.core.character import file, reader, schema
from furrow.core.hair.hair import PATCHES
from furrow.core.hair.strands import GROUPS
from furrow.core.io.budgets import CHARACTER
from furrow.models.evaluation.made_up import tiny_character

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models").glob("*.md")])

FOLDERS = "core|models|blender_addon|docs|tests|benchmarks|examples"


def text(name):
    return (ROOT / name).read_text("utf-8")


def anchors(page):
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"\w+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_pages_name_are_there(page):
    named = re.findall(rf"`((?:{FOLDERS})/[\w/]+\.(?:py|txt|md|sh))", page.read_text("utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_architecture_page_names_every_room():
    rooms = text("tests/test_rooms.py").partition("ORDER = {")[2].partition("\n}")[0]
    page = text("docs/architecture.md")
    names = re.findall(r'"(\w+)"', rooms)
    assert len(names) > 30
    assert not [name for name in names if f"`{name}`" not in page and f"`{name}/`" not in page]


def test_one_version_is_told():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert tomllib.loads(text("blender_manifest.toml"))["version"] == version
    assert re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)[1] == version
    assert f"furrow-{version}-" in text("README.md")


def test_every_command_is_in_the_manual():
    commands = next(a for a in cli._parser()._actions if a.choices).choices
    manual = text("docs/manual.md")
    missing = [name for name in commands if f"furrow {name} " not in manual]
    assert not missing


def test_the_format_page_lists_every_entry_and_key(tmp_path):
    page = text("docs/format.md")
    header = file._header(tiny_character(), 1.0, 1.0, None)
    entries = {name for name, _ in file._entries(tiny_character())}
    entries |= {reader.SHAPE_RESIDUAL, reader.STATIC_RESIDUAL, reader.MOVING_RESIDUAL, reader.HAIR_MASK}
    entries |= {f"arrays/{name}.npy" for name in reader.OwnLines.TABLES}
    entries |= {reader.BEARD, *(f"maps/{name}.png" for name in PATCHES)}
    entries |= {f"arrays/{name}.npy" for name in reader.table_kinds(dict.fromkeys(GROUPS, 1.0))}
    assert not [name for name in entries if f"`{name}`" not in page]
    assert not [key for key in [*header, *header["views"][0]] if f"`{key}`" not in page]
    assert f"`schema` is {schema.SCHEMA} " in page
    assert f"| entries | {CHARACTER.entries}," in page and f"| {schema.MAX_VIEWS} |" in page
    assert f"| {CHARACTER.unpacked_bytes >> 20} MiB each" in page and CHARACTER.file_bytes == CHARACTER.unpacked_bytes
    assert f"| {CHARACTER.vertices:,} each" in page and CHARACTER.faces == CHARACTER.vertices
    assert f"| {CHARACTER.map_side} pixels" in page and f"{schema.LEAST_HEAD:g} mm wide" in page


def test_the_worker_page_lists_every_command_and_event():
    page, code = text("docs/worker.md"), Path(worker.__file__).read_text("utf-8")
    commands = re.findall(r'"(\w+)": self\._', code)
    events = re.findall(r'send\(\s*"(\w+)"', code)
    assert len(commands) > 5 and len(set(events)) > 4
    assert not [name for name in {*commands, *events, "quit"} if f"| `{name}` |" not in page]


def test_the_banned_words_are_those_of_the_glossary():
    listed = set(text("docs/banned_words.txt").split("\n")) - {""}
    table = text("docs/glossary.md").partition("| words | write |")[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    assert listed == {word.strip() for row in rows for word in row.split(",")}


CONSTANTS = re.findall(r"^\| `([\w/]+)\.py` `([\w.]+)` \| ([^|]*) \|", text("docs/constants.md"), re.MULTILINE)


@pytest.mark.parametrize("file, name, told", CONSTANTS, ids=lambda part: part.replace("/", "."))
def test_the_constants_page_tells_their_values(file, name, told):
    module, (*settings, last) = import_module("furrow." + file.replace("/", ".")), name.split(".")
    value = getattr(getattr(module, *settings)() if settings else module, last)
    if "degrees" in told:
        value = np.rad2deg(value)
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", told)]
    assert numbers == pytest.approx(np.ravel(value).tolist())


def test_the_constants_page_lists_what_matters():
    assert len(CONSTANTS) >= 40
