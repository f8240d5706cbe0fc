"""Hair in a .furrow file: small, the same again, and refused where it is none."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError
from furrow.core.hair.bare_skin import BareSkin
from furrow.core.hair.hair import Hair
from furrow.core.hair.strands import GROUPS, Strands
from furrow.core.io.npy import npy_bytes
from furrow.models.evaluation.made_up import tiny_character


def some_strands(group="brows", count=40, points=6):
    rng = np.random.default_rng(0)
    steps = rng.normal(0.0, 1.0, (count, points, 3)).astype(np.float32)
    return Strands(
        group,
        rng.random((count, 2)).astype(np.float32),
        np.cumsum(steps, axis=1) + 100.0,
        np.full(count, 0.035, np.float32),
        rng.random((count, 3)).astype(np.float32),
        1.25,
    )


def some_hair():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 30, 4), np.uint8)
    return Hair(tuple(some_strands(group) for group in GROUPS), BareSkin(pixels, (0.25, 0.5, 0.75, 0.6)))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "hair.furrow"
    save_character(dataclasses.replace(tiny_character(), hair=some_hair()), path)
    return path


def change(path, name, data):
    """Put another entry in the place of one; None takes it out."""
    with zipfile.ZipFile(path) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    entries[name] = data
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries.items():
            if content is not None:
                archive.writestr(entry, content)


def change_header(path, **values):
    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("character.json"))
    header["hair"].update(values)
    change(path, "character.json", json.dumps(header).encode())


def test_hair_comes_back(saved):
    found, wanted = load_character(saved).hair, some_hair()
    assert [s.group for s in found.strands] == list(GROUPS)
    for a, b in zip(found.strands, wanted.strands):
        np.testing.assert_array_equal(a.roots, b.roots)
        np.testing.assert_allclose(a.points, b.points, atol=0.01)
        np.testing.assert_allclose(a.radii, b.radii, atol=1e-4)
        np.testing.assert_allclose(a.colours, b.colours, atol=0.5 / 255 + 1e-6)
        assert a.tip == b.tip
    np.testing.assert_array_equal(found.bare.pixels, wanted.bare.pixels)
    assert found.bare.bounds == wanted.bare.bounds


def test_saved_again_it_is_the_same(saved, tmp_path):
    again = tmp_path / "again.furrow"
    save_character(load_character(saved), again)
    first, second = (load_character(path).hair.tables() for path in (saved, again))
    for name in first:
        np.testing.assert_allclose(first[name], second[name], atol=2e-3)


def test_a_strand_takes_fewer_than_a_hundred_bytes():
    strands = some_strands(points=8)
    assert sum(array.nbytes for array in strands.tables().values()) / len(strands) < 100


def test_files_without_hair_open(saved):
    with zipfile.ZipFile(saved) as archive:
        header = json.loads(archive.read("character.json"))
        names = [name for name in archive.namelist() if "hair_brows" in name or "hair_lashes" in name]
    del header["hair"]
    header["schema"] = 1
    for name in (*names, "maps/bare_skin.png"):
        change(saved, name, None)
    change(saved, "character.json", json.dumps(header).encode())
    assert load_character(saved).hair == Hair()


@pytest.mark.parametrize("name, make", [
    ("hair_brows_roots", lambda s: s.tables()["hair_brows_roots"] + 2.0),
    ("hair_brows_roots", lambda s: s.tables()["hair_brows_roots"][:-1]),
    ("hair_brows_steps", lambda s: s.tables()["hair_brows_steps"] * 1e4),
    ("hair_brows_steps", lambda s: np.zeros((len(s), 64, 3), np.float16)),
    ("hair_brows_steps", lambda s: np.full((len(s), 5, 3), np.nan, np.float16)),
    ("hair_brows_looks", lambda s: s.tables()["hair_brows_looks"] * 0),
    ("hair_brows_looks", lambda s: s.tables()["hair_brows_looks"] + np.array([300, 0, 0, 0], np.int16)),
])  # fmt: skip
def test_what_is_no_hair_is_refused_in_one_line(saved, name, make):
    with np.errstate(over="ignore"):
        change(saved, f"arrays/{name}.npy", npy_bytes(make(some_strands())))
    with pytest.raises(CharacterFileError) as caught:
        load_character(saved)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("values", [
    {"tips": {"horns": 1.0}}, {"tips": []}, {"bare_skin": [0.5, 0.5, 0.4, 0.6]}, {"bare_skin": [0.0, 0.0, 2.0, 1.0]},
    {"bare_skin": None}, {"tips": {"brows": 1.0}}, {"tips": {"brows": 99.0, "lashes": 1.0}},
])  # fmt: skip
def test_an_odd_header_is_refused_in_one_line(saved, values):
    change_header(saved, **values)
    with pytest.raises(CharacterFileError) as caught:
        load_character(saved)
    assert len(str(caught.value).splitlines()) == 1
