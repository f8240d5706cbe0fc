"""One word a thing: no banned word in code and pages, and the names of wrinkle groups in one place."""

import ast
import re
from pathlib import Path

import pytest
from furrow.models.head.regions import REGION_NAMES
from furrow.models.wrinkles.groups import FOLDS, GROUPS

ROOT = Path(__file__).parents[1]
NOT_OURS = {"build", "dist", "out", "shared", "furrow.egg-info"}  # folders
# names of others' programs that code has to write
FOREIGN = (
    "image.draft(",  # Pillow
    "diffuse_bounces",  # Blender
    "diffuse_color",  # Blender
    "Is Diffuse Ray",  # Blender
    "protocol_whitelist",  # ffmpeg
)
BANNED = (ROOT / "docs" / "banned_words.txt").read_text("utf-8").split("\n")[:-1]
# modules that look groups up by name, or import what knows them
HANDLED = {
    "core": re.compile(r"group_names|\.(group|group_fields|atlas) import"),
    "models": re.compile(r"group_names|\.(group|line_group) import"),
    "blender_addon": re.compile(r"group_names"),
}
PATTERN = re.compile(rf"\b(?:{'|'.join(word.replace(' ', ' +') for word in BANNED)})\b")


def tracked(*kinds):
    """Source files below the root, without walking through environments, caches and what was built."""
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.is_dir() and path.name not in NOT_OURS and not path.name.startswith((".", "__")):
                folders.append(path)
            elif path.suffix in kinds:
                yield path


def spoken(text):
    """A text in small letters; names such as ``LineDrafts`` and ``line_drafts`` are two words, lines are joined."""
    for name in FOREIGN:
        text = text.replace(name, "")
    text = re.sub(r"\n(?=\W*[A-Z])", " . ", text)  # a line that begins with a capital goes on with nothing
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).lower()
    return re.sub(r"[\s_#>]+", " ", text)


def banned_in(text):
    return sorted(set(PATTERN.findall(spoken(text))))


@pytest.mark.parametrize("written", ["a {}.", "_line_{}", "Line{}", "# {}", "x\n    # {}\n"])
def test_banned_words_are_found_in_names_too(written):
    for word in BANNED:
        word_there = word.title().replace(" ", "") if written.startswith("Line") else word.replace(" ", "\n    # ")
        assert banned_in(written.format(word_there)) == [word]


@pytest.mark.parametrize("text", ["adjust", "mastered", "albedo", *FOREIGN])
def test_other_words_are_not(text):
    assert not banned_in(text)


def test_no_banned_word_is_left():
    files = [path for path in tracked(".py", ".md") if path.name not in ("glossary.md", Path(__file__).name)]
    assert len(files) > 300
    found = {str(path.relative_to(ROOT)): banned_in(path.read_text("utf-8")) for path in files}
    assert not {name: words for name, words in found.items() if words}


def test_the_glossary_lists_the_banned_words():
    table = (ROOT / "docs" / "glossary.md").read_text("utf-8").rpartition("| words | write |")[2]
    rows = re.findall(r"^\| ([^|-][^|]*) \|", table, re.MULTILINE)
    assert sorted(word.strip() for row in rows for word in row.split(",")) == sorted(BANNED)


def test_wrinkle_groups_are_named_in_their_entries_only():
    groups = {group.name for group in (*GROUPS, *FOLDS)}
    alone = groups - set(REGION_NAMES)  # the others are masks of the mesh as well, and may be named as those
    assert len(alone) >= 10
    named = []
    for path in tracked(".py"):
        module = path.relative_to(ROOT).as_posix()
        part = module.split("/")[0]
        if part not in HANDLED or module == "models/wrinkles/groups.py":
            continue
        text = path.read_text("utf-8")
        # who looks groups up by name has no business with the name of one
        looked_for = groups if HANDLED[part].search(text) else alone
        words = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        named += [(module, word) for word in sorted(words & looked_for, key=str)]
    assert not named
