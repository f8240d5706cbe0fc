"""What a .furrow file may hold, up to its limits and a little beyond them."""

import copy
import json
import zipfile

import numpy as np
import pytest
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError
from furrow.core.io.budgets import CHARACTER
from furrow.core.io.npy import npy_bytes
from furrow.core.io.png16 import encode_png
from furrow.models.evaluation.made_up import tiny_character

TOPOLOGY = tiny_character().topology
COUNT = TOPOLOGY.part_start[-1]


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """Entries of a good file."""
    path = tmp_path_factory.mktemp("good") / "tiny.furrow"
    save_character(tiny_character(), path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def opened(folder, entries, changed=None, **files):
    """The character of a file with other values in its JSON, named by their way there, and other entries."""
    header = json.loads(entries["character.json"])
    for key, value in (changed or {}).items():
        place = header
        *way, last = key.split(".")
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    path = folder / "changed.furrow"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**entries, **files, "character.json": json.dumps(header).encode()}.items():
            archive.writestr(name, data)
    return load_character(path)


def with_array(values, *, at, to):
    changed = np.array(values)
    changed[at] = to
    return npy_bytes(changed)


@pytest.mark.parametrize("key, fine, bad", [
    ("age", (0, 1), (-0.01, 1.01, "0.5", None)),
    ("residual_age", (0, 1), (-0.01, 1.01)),
    ("iris_diameter", (1, 30), (0.99, 30.01)),
    ("wrinkle_seed", (0, 2**31 - 1), (-1, 2**31)),
    ("detail_scale_mm", (0, 100), (-0.1, 100.1)),
    ("static_residual_scale_mm", (0, 100), (-0.1, 100.1)),
    ("eye_colour", ([0, 0, 0],), ([0, 0], [0, 0, float("nan")], [[0, 0, 0]])),
    ("views.0.score", (0, 1), (-0.01, 1.01)),
    ("views.0.landmark_error", (0, 1e6), (-0.01, 1.1e6)),
    ("views.0.expression", ([0.5] * 52,), ([0.5] * 51, [0.5] * 53)),
    ("views.0.rotation", (np.eye(3).tolist(),), (np.eye(4).tolist(), [1] * 9)),
    ("views.0.translation", ([0, 0, 500],), ([0, 0], [0, 0, float("inf")])),
    ("views.0.box", ([0, 0, 1, 1],), ([0, 0, 1],)),
    ("views.0.light", (None, [[0.5] * 3] * 9, [[-1000.0] * 3] * 9), ([[0.5] * 3] * 8, [[1001.0] * 3] * 9, 4)),
    ("views.0.camera.fx", (1e-3, 1e7), (0, -900, 1.1e7)),
    ("views.0.camera.fy", (1e-3, 1e7), (0, -900, 1.1e7)),
    ("views.0.camera.cx", (-1e7, 1e7), (-1.1e7, 1.1e7)),
    ("views.0.camera.cy", (-1e7, 1e7), (-1.1e7, 1.1e7)),
    ("views.0.camera.width", (1, 1e6), (0, 1.1e6)),
    ("views.0.camera.height", (1, 1e6), (0, 1.1e6)),
    ("name", ("",), (None, 3)),
    ("warnings", ([],), ("text", None)),
    ("expression_names", (), (["a", "b"], [f"n{i}" for i in range(51)], [f"n{i}" for i in range(53)], "x" * 52)),
    ("region_names", (["a", "b"],), (["a", "a"], ["a", 3], ["a", ""], ["a", "b" * 65], ["a", "b/c"], ["a"], "ab")),
])  # fmt: skip
def test_values_are_taken_up_to_their_limits(entries, tmp_path, key, fine, bad):
    for value in fine:
        opened(tmp_path, entries, {key: value})
    for value in bad:
        with pytest.raises(CharacterFileError):
            opened(tmp_path, entries, {key: value})


@pytest.mark.parametrize("name, data", [
    ("arrays/mirror.npy", with_array(TOPOLOGY.mirror, at=0, to=COUNT)),
    ("arrays/mirror.npy", with_array(TOPOLOGY.mirror, at=0, to=-1)),
    ("arrays/face_part.npy", with_array(TOPOLOGY.face_part, at=0, to=-1)),
    ("arrays/face_part.npy", with_array(TOPOLOGY.face_part, at=-1, to=5)),
    ("arrays/faces.npy", with_array(TOPOLOGY.faces, at=(0, 0), to=-1)),
    ("arrays/faces.npy", with_array(TOPOLOGY.faces, at=(0, 0), to=TOPOLOGY.part_start[1])),
    ("arrays/part_start.npy", with_array(TOPOLOGY.part_start, at=0, to=1)),
    ("arrays/part_start.npy", with_array(TOPOLOGY.part_start, at=1, to=COUNT)),
    ("arrays/part_start.npy", npy_bytes(0 * TOPOLOGY.part_start)),
    ("arrays/neutral.npy", with_array(tiny_character().neutral, at=(0, 0), to=1000.1)),
    ("arrays/neutral.npy", with_array(tiny_character().neutral, at=(0, 0), to=-1000.1)),
    ("arrays/shape_residual.npy", npy_bytes(np.full((COUNT, 3), 300.1))),
    ("arrays/shape_residual.npy", npy_bytes(np.zeros((COUNT - 1, 3)))),
    ("arrays/landmarks_0.npy", npy_bytes(np.zeros((477, 4)))),
    ("arrays/landmarks_0.npy", npy_bytes(np.zeros((478, 3)))),
    ("maps/albedo.png", encode_png(np.zeros((16, 15, 3), np.uint8))),
    ("maps/hair_mask.png", encode_png(np.zeros((15, 16), np.uint8))),
    ("maps/roughness.png", encode_png(np.zeros((16, 16, 3), np.uint8))),
    ("maps/detail.png", encode_png(np.zeros((16, 16, 4), np.uint8))),
    ("maps/static_residual.png", encode_png(np.zeros((8, 8), np.uint16))),
])  # fmt: skip
def test_arrays_and_maps_that_do_not_fit_are_refused(entries, tmp_path, name, data):
    with pytest.raises(CharacterFileError):
        opened(tmp_path, entries, **{name: data})


def test_coordinates_of_a_metre_are_taken(entries, tmp_path):
    far = with_array(tiny_character().neutral, at=(0, 0), to=1000.0)
    assert opened(tmp_path, entries, **{"arrays/neutral.npy": far}).neutral[0, 0] == 1000.0


def test_relief_in_motion_is_three_maps_and_square(entries, tmp_path):
    changed, name = {"moving_residual_scale_mm": 2.0}, "maps/moving_residual.png"
    coded = np.full((8, 8, 4), 65535, np.uint16)
    coded[..., 1] = 0
    found = opened(tmp_path, entries, changed, **{name: encode_png(coded)}).moving_residual
    np.testing.assert_allclose(found[3, 5], [1.0, -1.0, 1.0])
    assert found.shape == (8, 8, 3)
    for wrong in (coded[:7], coded[..., :3]):
        with pytest.raises(CharacterFileError):
            opened(tmp_path, entries, changed, **{name: encode_png(np.ascontiguousarray(wrong))})


def test_as_many_views_as_photos_can_be_chosen(entries, tmp_path):
    view = json.loads(entries["character.json"])["views"][0]
    table = entries["arrays/landmarks_0.npy"]
    for count in (16, 17):
        views = [copy.deepcopy(view) for _ in range(count)]
        files = {f"arrays/landmarks_{i}.npy": table for i in range(count)}
        if count == 16:
            assert len(opened(tmp_path, entries, {"views": views}, **files).views) == 16
        else:
            with pytest.raises(CharacterFileError):
                opened(tmp_path, entries, {"views": views}, **files)


@pytest.mark.parametrize("count", [64, 65])
def test_regions_are_64_at_most(entries, tmp_path, count):
    names = [f"region_{i}" for i in range(count)]
    masks = {"arrays/region_masks.npy": npy_bytes(np.zeros((count, COUNT), np.float32))}
    if count == 64:
        assert opened(tmp_path, entries, {"region_names": names}, **masks).topology.region_names == tuple(names)
    else:
        with pytest.raises(CharacterFileError):
            opened(tmp_path, entries, {"region_names": names}, **masks)


def test_long_texts_are_cut(entries, tmp_path):
    changed = {"name": "n" * 300, "warnings": ["w" * 600] * 120, "views.0.photo": "p" * 300}
    found = opened(tmp_path, entries, changed)
    assert found.name == "n" * 200 and found.views[0].photo == "p" * 255
    assert found.warnings == ("w" * 500,) * 100


def test_a_character_json_of_many_megabytes_is_not_read(entries, tmp_path):
    with pytest.raises(CharacterFileError, match="holds no character"):
        opened(tmp_path, entries, {"warnings": ["w" * 4_000_000]})


@pytest.mark.parametrize("count, line", [(64, "not those of a character"), (65, "more than a character")])
def test_more_entries_than_a_character_ever_has_are_not_opened(entries, tmp_path, count, line):
    with pytest.raises(CharacterFileError, match=line):
        opened(tmp_path, entries, **{f"arrays/more_{i}.npy": b"" for i in range(count - len(entries))})


@pytest.mark.parametrize("beyond, line", [(0, "not those of a character"), (1, "more than a character")])
def test_what_unpacks_to_more_than_the_budget_in_all_is_not_opened(entries, tmp_path, beyond, line):
    """No entry is large by itself; what the zip's directory says of their sizes is believed before one is read."""
    path, count = tmp_path / "large.furrow", 4
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**entries, **{f"arrays/more_{i}.npy": b"" for i in range(count)}}.items():
            archive.writestr(name, data)
    left = CHARACTER.unpacked_bytes - sum(map(len, entries.values())) + beyond
    written = bytearray(path.read_bytes())
    for i in range(count):
        record = written.rindex(b"PK\x01\x02", 0, written.rindex(f"arrays/more_{i}.npy".encode()))
        size = left // count + (left % count if i == 0 else 0)
        written[record + 24 : record + 28] = size.to_bytes(4, "little")
    path.write_bytes(written)
    with pytest.raises(CharacterFileError, match=line):
        load_character(path)


@pytest.mark.parametrize("text", ["[]", '{"schema": "1"}', "{}", "no json"])
def test_a_header_without_a_schema_is_refused(entries, tmp_path, text):
    path = tmp_path / "odd.furrow"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**entries, "character.json": text.encode()}.items():
            archive.writestr(name, data)
    with pytest.raises(CharacterFileError):
        load_character(path)
