"""The .furrow file: exact round trip, and one clear line for everything that is not one."""

import dataclasses
import io
import json
import zipfile

import numpy as np
import pytest
from furrow.core.character.file import SCHEMA, load_character, save_character, stored_maps
from furrow.core.errors import CharacterFileError, OutputError
from furrow.core.io.npy import npy_bytes
from furrow.core.io.png16 import decode_png, from_uint16
from furrow.models.evaluation.made_up import tiny_character


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "tiny.furrow"
    save_character(tiny_character(), path)
    return path


def rewrite(path, change):
    """Apply change(dict of entries) to a .furrow file."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def edit_json(path, **values):
    def change(entries):
        header = json.loads(entries["character.json"])
        header.update(values)
        entries["character.json"] = json.dumps(header).encode()

    rewrite(path, change)


def assert_refused(path, match):
    with pytest.raises(CharacterFileError, match=match) as caught:
        load_character(path)
    assert len(str(caught.value).splitlines()) == 1


def test_round_trip_keeps_everything(saved):
    original, loaded = tiny_character(), load_character(saved)
    for field in dataclasses.fields(original):
        if field.name in ("topology", "views", "detail", "static_residual"):
            continue
        a, b = getattr(original, field.name), getattr(loaded, field.name)
        np.testing.assert_array_equal(a, b, err_msg=field.name) if isinstance(a, np.ndarray) else None
        assert isinstance(a, np.ndarray) or a == b
    for field in dataclasses.fields(original.topology):
        np.testing.assert_array_equal(getattr(original.topology, field.name), getattr(loaded.topology, field.name))
    assert np.abs(original.detail.stack() - loaded.detail.stack()).max() < 2e-5
    assert np.abs(original.static_residual - loaded.static_residual).max() < 2e-5
    one, two = original.views[0], loaded.views[0]
    assert one.camera == two.camera and one.photo == two.photo
    np.testing.assert_array_equal(one.pose.rotation, two.pose.rotation)
    np.testing.assert_allclose(one.landmarks.points, two.landmarks.points, atol=1e-4)


def test_maps_in_the_file_are_those_of_the_character(saved):
    character = load_character(saved)
    maps, scale = stored_maps(saved.read_bytes())
    np.testing.assert_array_equal(decode_png(maps["albedo"], 8, 3), character.albedo)
    np.testing.assert_array_equal(decode_png(maps["roughness"], 8, 1), character.roughness)
    found = from_uint16(decode_png(maps["detail"], 16, 4), scale)
    np.testing.assert_array_equal(found, character.detail.stack())


def test_a_file_from_before_hair_was_kept_opens(saved):
    original = tiny_character()
    old = saved.with_name("old.furrow")
    save_character(dataclasses.replace(original, hair_mask=None, hairline=None), old)
    with zipfile.ZipFile(old) as archive:
        assert not {"maps/hair_mask.png", "arrays/hairline.npy"} & set(archive.namelist())
    assert load_character(old).hair_mask is None and load_character(old).hairline is None
    np.testing.assert_array_equal(load_character(saved).hair_mask, original.hair_mask)


def test_strength_of_the_pores_is_kept_and_bounded(saved):
    original = tiny_character()
    assert load_character(saved).pore_gains is None
    for gains, expected in (([0.5, 1.0, 1.5, 2.0],) * 2, ([-1.0, 1.0, 99.0, 1.0], [0.0, 1.0, 4.0, 1.0])):
        save_character(dataclasses.replace(original, pore_gains=np.array(gains)), saved)
        np.testing.assert_array_equal(load_character(saved).pore_gains, expected)
    save_character(dataclasses.replace(original, pore_gains=np.ones(3)), saved)
    with pytest.raises(CharacterFileError, match="damaged"):
        load_character(saved)


def test_existing_file_survives_a_failed_save(saved, monkeypatch):
    before = saved.read_bytes()
    broken = dataclasses.replace(tiny_character(), albedo=np.zeros((4, 4, 2), np.uint8))
    with pytest.raises(ValueError):
        save_character(broken, saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_missing_folder_is_one_line(tmp_path):
    with pytest.raises(OutputError, match="Cannot write"):
        save_character(tiny_character(), tmp_path / "absent" / "x.furrow")


def test_missing_directory_and_not_a_zip(tmp_path):
    assert_refused(tmp_path / "none.furrow", "There is no file")
    assert_refused(tmp_path, "is a folder")
    text = tmp_path / "text.furrow"
    text.write_text("hello")
    assert_refused(text, "not a .furrow file")


def test_a_truncated_file_is_refused(saved):
    data = saved.read_bytes()
    saved.write_bytes(data[: len(data) // 2])
    assert_refused(saved, "cut off")


def test_damaged_bytes_are_refused(saved):
    data = bytearray(saved.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    saved.write_bytes(data)
    assert_refused(saved, "damaged|cut off")


def test_newer_schema_says_update(saved):
    edit_json(saved, schema=SCHEMA + 1)
    assert_refused(saved, "newer Furrow.*update")


def test_a_newer_file_with_all_that_may_change_says_update(saved):
    def of_the_future(entries):
        entries["arrays/unheard_of.npy"] = b"x"
        del entries["maps/albedo.png"], entries["arrays/faces.npy"]
        entries["character.json"] = json.dumps({"schema": SCHEMA + 7, "parts": ["whiskers"], "views": {}}).encode()

    rewrite(saved, of_the_future)
    assert_refused(saved, f"newer Furrow .schema {SCHEMA + 7}, this one reads up to {SCHEMA}.: update Furrow")


@pytest.mark.parametrize("name", ["../evil.npy", "/etc/passwd", "arrays/extra.npy"])
def test_hostile_names_are_refused(saved, name):
    rewrite(saved, lambda entries: entries.update({name: b"x"}))
    assert_refused(saved, "not those of a character")


def test_zip_bomb_is_not_unpacked(saved):
    with (
        zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("arrays/bomb.npy", "w", force_zip64=True) as stream,
    ):
        for _ in range(600):
            stream.write(bytes(1 << 20))
    assert_refused(saved, "holds more than a character")


def test_hostile_array_header_allocates_nothing(saved):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 3)})
    rewrite(saved, lambda entries: entries.update({"arrays/neutral.npy": stream.getvalue()}))
    assert_refused(saved, "damaged")


def test_pickled_array_is_refused(saved):
    stream = io.BytesIO()
    np.save(stream, np.array([{}], object), allow_pickle=True)
    rewrite(saved, lambda entries: entries.update({"arrays/identity.npy": stream.getvalue()}))
    assert_refused(saved, "type")


def test_faces_outside_the_mesh(saved):
    faces = tiny_character().topology.faces.copy()
    faces[0, 0] = 10_000
    rewrite(saved, lambda entries: entries.update({"arrays/faces.npy": npy_bytes(faces)}))
    assert_refused(saved, "outside the mesh")


def test_coordinates_that_are_not_finite_are_refused(saved):
    neutral = tiny_character().neutral.copy()
    neutral[3, 1] = np.nan
    rewrite(saved, lambda entries: entries.update({"arrays/neutral.npy": npy_bytes(neutral)}))
    assert_refused(saved, "not finite")


def test_teeth_and_irises_are_kept_and_older_files_have_none(saved, tmp_path):
    path = tmp_path / "smiling.furrow"
    smiling = dataclasses.replace(tiny_character(), tooth_colour=np.array([0.9, 0.8, 0.7]), iris_diameter=12.1)
    save_character(smiling, path)
    loaded = load_character(path)
    np.testing.assert_array_equal(loaded.tooth_colour, [0.9, 0.8, 0.7])
    assert loaded.iris_diameter == 12.1

    def forget(entries):
        header = json.loads(entries["character.json"])
        del header["tooth_colour"], header["iris_diameter"]
        entries["character.json"] = json.dumps(header).encode()

    rewrite(path, forget)
    loaded = load_character(path)
    assert loaded.tooth_colour is None and loaded.iris_diameter is None


@pytest.mark.parametrize(
    "values",
    [
        {"expression_names": ["a"] * 52},
        {"age": 7},
        {"views": 3},
        {"detail_scale_mm": "big"},
        {"parts": []},
        {"eye_colour": [1]},
        {"tooth_colour": [0.5, 0.5]},
        {"tooth_colour": "white"},
        {"iris_diameter": 40},
        {"iris_diameter": [11.7]},
        {"region_names": ["../x", "b"]},
    ],
)
def test_bad_json_values(saved, values):
    edit_json(saved, **values)
    assert_refused(saved, "damaged")
