"""What loads can be used: nonsense that has the right types and shapes is refused."""

import dataclasses
import io
import json
import zipfile

import numpy as np
import pytest
from furrow.core.character.file import load_character, save_character
from furrow.core.character.schema import RANGES, TABLES
from furrow.core.errors import CharacterFileError
from furrow.core.io.npy import npy_bytes
from furrow.models.evaluation.made_up import ARKIT, tiny_character

TINY = tiny_character()


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """Entries of a good file."""
    path = tmp_path_factory.mktemp("good") / "tiny.furrow"
    save_character(TINY, path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refused(tmp_path, entries, line, files=None, header=None):
    """A file with other entries, or other values of the header, is refused in one line that says why."""
    kept = {**entries, **{f"arrays/{name}.npy": data for name, data in (files or {}).items()}}
    if header is not None:
        kept["character.json"] = json.dumps({**json.loads(entries["character.json"]), **header}).encode()
    path = tmp_path / "odd.furrow"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
    with pytest.raises(CharacterFileError, match=line) as caught:
        load_character(path)
    assert "\n" not in str(caught.value)


def float64_bytes(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array, np.float64), version=(1, 0))
    return stream.getvalue()


def swapped(faces):
    """Faces of the head part with corners of others."""
    mixed = faces.copy()
    mixed[:20] = np.random.default_rng(0).permuted(faces[:20].ravel()).reshape(-1, 4)
    return mixed


FACES, PART = TINY.topology.faces, TINY.topology.face_part


@pytest.mark.parametrize("name, array, line", [
    ("uv", np.full(TINY.topology.uv.shape, 1e300), "not finite"),
    ("neutral", np.full(TINY.neutral.shape, 1e300), "not finite"),
    ("neutral", np.zeros(TINY.neutral.shape), "a speck"),
    ("neutral", 1e-6 * TINY.neutral, "a speck"),
    ("uv", np.zeros(TINY.topology.uv.shape), "no place in the chart"),
    ("uv", 1.01 * TINY.topology.uv, "uv holds values beyond 0 to 1"),
    ("skin_weights", 0.5 * TINY.topology.skin_weights, "do not add up"),
    ("wrinkle_normals", 0.5 * TINY.topology.wrinkle_normals, "no directions"),
    ("region_masks", 2.0 * TINY.topology.region_masks, "beyond 0 to 1"),
    ("expression_deltas", np.full(TINY.expression_deltas.shape, 301.0), "beyond -300 to 300"),
    ("landmarks_0", np.full((478, 4), -1.0), "negative spread"),
    ("identity", np.full(8, 51.0), "beyond -50 to 50"),
])  # fmt: skip
def test_numbers_that_no_head_has_are_refused(entries, tmp_path, name, array, line):
    refused(tmp_path, entries, line, {name: float64_bytes(array)})


@pytest.mark.parametrize("faces, part, line", [
    (FACES[:0], PART[:0], "without faces"),
    (FACES[1:], PART[1:], "without faces"),
    (FACES[PART == 0], PART[PART == 0], "without faces"),
    (np.concatenate([FACES] * 2), np.concatenate([PART] * 2), "lie on one another"),
    (np.concatenate([FACES, FACES[:1, [0, 1, 2, 2]]]), np.append(PART, 0), "lie on one another"),
    (np.concatenate([FACES, FACES[:1, [0, 0, 1, 2]]]), np.append(PART, 0), "a corner twice"),
    (np.concatenate([FACES, FACES[:1, [0, 0, 0, 0]]]), np.append(PART, 0), "a corner twice"),
    (swapped(FACES), PART, "."),
])  # fmt: skip
def test_faces_that_make_no_surface_are_refused(entries, tmp_path, faces, part, line):
    uv = np.resize(TINY.topology.uv, (len(faces), 4, 2))
    files = {"faces": npy_bytes(faces), "face_part": npy_bytes(part.astype(np.int32)), "uv": npy_bytes(uv)}
    refused(tmp_path, entries, line, files)


def test_triangles_that_repeat_their_last_corner_are_taken(tmp_path):
    topology = TINY.topology
    halves = np.concatenate([FACES[:1, [0, 1, 2, 2]], FACES[:1, [0, 2, 3, 3]], FACES[1:]])
    uv = np.concatenate([topology.uv[:1, [0, 1, 2, 2]], topology.uv[:1, [0, 2, 3, 3]], topology.uv[1:]])
    changed = dataclasses.replace(topology, faces=halves, uv=uv, face_part=np.append(0, PART).astype(np.int32))
    save_character(dataclasses.replace(TINY, topology=changed), tmp_path / "halves.furrow")
    np.testing.assert_array_equal(load_character(tmp_path / "halves.furrow").topology.faces, halves)


def test_sides_that_do_not_mirror_each_other_are_refused(entries, tmp_path):
    refused(tmp_path, entries, "do not mirror", {"mirror": npy_bytes(np.roll(TINY.topology.mirror, 1))})


@pytest.mark.parametrize("header, line", [
    ({"expression_names": [f"invented{i}" for i in range(52)]}, "the 52 of ARKit"),
    ({"expression_names": [*ARKIT[:51], ARKIT[0]]}, "the 52 of ARKit"),
    ({"eye_colour": [10**400, 0, 0]}, "damaged"),
    ({"eye_colour": [1.5, 0, 0]}, "eye_colour lies outside 0 to 1"),
    ({"age": True}, "age lies outside"),
    ({"age": 10**400}, "age lies outside"),
    ({"schema": True}, "does not say which schema"),
    ({"schema": 0}, "does not say which schema"),
    ({"schema": 10**100}, "newer Furrow"),
    ({"hair": []}, "damaged"),
    ({"hair": "x"}, "damaged"),
    ({"views": [3]}, "damaged|contents"),
])  # fmt: skip
def test_nonsense_in_the_header_is_refused(entries, tmp_path, header, line):
    refused(tmp_path, entries, line, header=header)


@pytest.mark.parametrize("key, value", [
    ("expression", [1e300] * 52), ("expression", [2.1] * 52), ("rotation", np.ones((3, 3)).tolist()),
    ("rotation", np.zeros((3, 3)).tolist()), ("translation", [1e8, 0, 0]), ("box", [0, 0, 0, 1e300]), ("photo", 7),
])  # fmt: skip
def test_views_that_no_camera_has_are_refused(entries, tmp_path, key, value):
    views = json.loads(entries["character.json"])["views"]
    views[0][key] = value
    refused(tmp_path, entries, "damaged", header={"views": views})


def test_deep_json_and_numbers_that_are_none_are_refused(entries, tmp_path):
    for text in ('{"schema": ' + "[" * 100_000, '{"schema": 2, "age": NaN}', '{"schema": 1' + "0" * 5000 + "}"):
        path = tmp_path / "odd.furrow"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**entries, "character.json": text.encode()}.items():
                archive.writestr(name, data)
        with pytest.raises(CharacterFileError):
            load_character(path)


def test_texts_become_one_line_that_any_program_takes(entries, tmp_path):
    path = tmp_path / "names.furrow"
    names = {"name": "a\ud800b\n\x1b[2Jc\u2028d é 😀", "warnings": ["x\ny", "\udcff"]}
    header = {**json.loads(entries["character.json"]), **names}
    header["views"][0]["photo"] = "p\udce9.jpg"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**entries, "character.json": json.dumps(header).encode()}.items():
            archive.writestr(name, data)
    loaded = load_character(path)
    assert loaded.name == "a?b??[2Jc?d é 😀" and loaded.warnings == ("x?y", "?")
    assert loaded.views[0].photo == "p?.jpg"


@pytest.mark.parametrize("schema", [1, 2])
def test_every_schema_up_to_this_one_opens(tmp_path, schema):
    """Schema 1 had no hair, and none of what later Furrows added to the header."""
    path = tmp_path / "old.furrow"
    save_character(dataclasses.replace(TINY, hair_mask=None, hairline=None), path)
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(kept["character.json"])
    header["schema"] = schema
    if schema == 1:
        for key in ("hair", "pore_gains", "tooth_colour", "iris_diameter", "own_lines_age", "moving_residual_scale_mm"):
            del header[key]
        del header["views"][0]["light"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**kept, "character.json": json.dumps(header).encode()}.items():
            archive.writestr(name, data)
    np.testing.assert_array_equal(load_character(path).neutral, TINY.neutral)


def test_ranges_are_ranges():
    assert all(low < high for low, high in RANGES.values())
    assert all(table.low < table.high and table.kind in "if" for table in TABLES.values())
