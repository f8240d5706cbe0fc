"""Export: files another program reads back to the character they came from."""

import json
import os
from dataclasses import replace

import cv2
import numpy as np
import pytest
from furrow.core.character.character import Character, DetailMaps
from furrow.core.errors import OutputError
from furrow.core.head.camera import Camera
from furrow.core.head.fitted import View
from furrow.core.output import export as exporting
from furrow.core.output.displacement import displaced_head
from furrow.models.evaluation.made_up import tiny_character
from synthetic_head import observe, some_identity

SIZE = 128


@pytest.fixture(scope="module")
def character(model):
    """A whole head in a known camera, with random maps."""
    rng = np.random.default_rng(3)
    identity = some_identity(model, 1)
    seen, pose = observe(model, identity, {"jawOpen": 0.5, "browInnerUp": 0.8}, turn=(0.1, 0.3, 0.0), noise=0.0)
    weights = np.zeros(52)
    weights[[model.expression_names.index("jawOpen"), model.expression_names.index("browInnerUp")]] = 0.5, 0.8
    view = View("head.jpg", Camera(1500.0, 1500.0, 500, 500, 1000, 1000), pose, weights, seen.landmarks, 0.0123)
    maps = [cv2.GaussianBlur(rng.normal(0, 2, (SIZE, SIZE)), (0, 0), 3).astype(np.float32) for _ in range(4)]
    return Character(
        name="Ada",
        topology=model.topology,
        neutral=model.neutral(identity),
        expression_names=model.expression_names,
        expression_deltas=model.expression_basis,
        directions=model.directions,
        joints=model.joints_of(identity),
        joint_directions=model.joint_directions,
        identity=identity,
        age=0.4,
        views=(view,),
        albedo=rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8),
        roughness=rng.integers(0, 256, (SIZE, SIZE), np.uint8),
        skin_mask=rng.integers(0, 256, (SIZE, SIZE), np.uint8),
        eye_colour=np.array([0.3, 0.2, 0.1]),
        detail=DetailMaps(*maps),
        warnings=("a note",),
        hair_mask=rng.integers(0, 256, (SIZE, SIZE), np.uint8),
    )


@pytest.fixture(scope="module")
def folder(model, character, tmp_path_factory):
    target = tmp_path_factory.mktemp("export") / "new" / "folder"
    exporting.export(character, target, model)
    return target


def read_obj(path):
    """Vertices (n, 3) and faces as lists of vertex indices from 0."""
    lines = path.read_text().splitlines()
    vertices = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)
    faces = [[int(c.split("/")[0]) - 1 for c in line.split()[1:]] for line in lines if line.startswith("f ")]
    return vertices, faces


def test_meshes_share_vertex_order_and_hold_the_character(character, folder):
    neutral, faces = read_obj(folder / "neutral.obj")
    posed, posed_faces = read_obj(folder / "posed.obj")
    assert faces == posed_faces
    assert sorted(map(sorted, faces)) == sorted(sorted(set(f)) for f in character.topology.faces.tolist())
    assert np.abs(neutral - character.neutral).max() < 1e-3
    view = character.views[0]
    expected = character.neutral + np.einsum("e,evd->vd", view.expression, character.expression_deltas)
    expected = expected @ view.pose.rotation.T + view.pose.translation
    assert np.abs(posed - expected).max() < 1e-3


def test_detailed_is_smooth_moved_by_the_maps_along_the_normal(character, folder):
    smooth, faces = read_obj(folder / "smooth.obj")
    detailed, detailed_faces = read_obj(folder / "detailed.obj")
    assert faces == detailed_faces and len(smooth) == len(detailed) > 30 * character.topology.vertex_count
    view = character.views[0]
    amount = displaced_head(character, view.expression, exporting.DETAIL_LEVELS).amount
    moved = detailed - smooth
    assert np.abs(np.linalg.norm(moved, axis=1) - np.abs(amount)).max() < 5e-4
    quads = np.array(faces)
    corners = smooth[quads]
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    total = np.stack([np.bincount(quads.ravel(), np.repeat(normal[:, k], 4), len(smooth)) for k in range(3)], axis=-1)
    along = np.einsum("nd,nd->n", moved, total) / np.linalg.norm(total, axis=1)
    large = np.abs(amount) > 0.1
    # the normal of quads is not exactly that of their triangles
    assert np.percentile(np.abs(along - amount)[large] / np.abs(amount)[large], 95) < 0.02


def test_parameters_project_the_landmarks_onto_the_photo(character, folder):
    stored = json.loads((folder / "params.json").read_text())
    camera = stored["camera"]
    x, y, z = np.array(stored["landmarks_camera"]).T
    pixels = np.column_stack([camera["fx"] * x / z + camera["cx"], camera["fy"] * y / z + camera["cy"]])
    assert pixels.shape == (478, 2)
    assert np.abs(pixels - character.views[0].landmarks.points).max() < 0.05
    assert stored["image_size"] == [1000, 1000] and stored["warnings"] == ["a note"]
    assert list(stored["expression"]) == list(character.expression_names)
    used = {name: weight for name, weight in stored["expression"].items() if weight}
    assert used == {"jawOpen": 0.5, "browInnerUp": 0.8}
    assert stored["landmark_error"] == 0.0123 and len(stored["views"]) == 1


def test_maps_decode_to_the_characters(character, folder):
    scale = json.loads((folder / "params.json").read_text())["detail_scale_mm"]
    for name in DetailMaps.CHANNELS:
        coded = cv2.imread(str(folder / f"detail_{name}.png"), cv2.IMREAD_UNCHANGED)
        assert coded.dtype == np.uint16
        decoded = (coded / 65535.0 - 0.5) * scale
        assert np.abs(decoded - getattr(character.detail, name)).max() <= 0.51 * scale / 65535 + 1e-6
    albedo = cv2.imread(str(folder / "albedo.png"), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    assert np.array_equal(albedo, character.albedo)
    for name in ("roughness", "skin_mask", "hair_mask"):
        found = cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert found is not None and np.array_equal(found, getattr(character, name))
    specular = cv2.imread(str(folder / "specular.png"), cv2.IMREAD_UNCHANGED) / 255
    expected = np.clip(0.75 - 0.5 * character.roughness / 255, 0.2, 0.7)  # as the material does, without pores
    assert np.abs(specular - expected).max() < 0.0021


def test_a_neutral_face_shows_the_static_map_alone(character):
    constant = DetailMaps(*(np.full((SIZE, SIZE), value, np.float32) for value in (0.3, 5.0, 7.0, -9.0)))
    still = displaced_head(replace(character, detail=constant), np.zeros(52), levels=1)
    assert np.allclose(still.amount, 0.3, atol=1e-5)
    half = displaced_head(replace(character, detail=constant), np.zeros(52), levels=1, static_strength=0.5)
    assert np.allclose(half.amount, 0.15, atol=1e-5)
    moving = displaced_head(replace(character, detail=constant), character.views[0].expression, levels=1)
    assert np.abs(moving.amount - 0.3).max() > 1.0
    off = displaced_head(replace(character, detail=constant), character.views[0].expression, 1, 1.0, 0.0)
    assert np.allclose(off.amount, 0.3, atol=1e-5)


def test_a_character_without_photos_has_no_posed_files(model, character, tmp_path):
    exporting.export(replace(character, views=()), tmp_path, model)
    assert (tmp_path / "neutral.obj").exists() and not (tmp_path / "posed.obj").exists()
    assert "camera" not in json.loads((tmp_path / "params.json").read_text())


def test_a_place_that_cannot_be_written_is_one_line(model, character, tmp_path):
    blocked = tmp_path / "taken"
    blocked.write_text("a file")
    for target in (blocked, blocked / "below"):
        with pytest.raises(OutputError) as caught:
            exporting.export(character, target, model)
        assert str(target) in str(caught.value) and "\n" not in str(caught.value)
    assert blocked.read_text() == "a file"


def test_a_failed_write_leaves_the_file_before_it(tmp_path, monkeypatch):
    target = tmp_path / "mesh.obj"
    target.write_text("older result")

    def full(source, destination):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        exporting.write_obj(target, np.zeros((3, 3)), np.array([[0, 1, 2, 2]]))
    assert target.read_text() == "older result" and os.listdir(tmp_path) == ["mesh.obj"]


def test_an_export_that_fails_half_way_leaves_the_folder_as_it_was(model, character, tmp_path, monkeypatch):
    (tmp_path / "neutral.obj").write_text("older result")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "view_parameters", full)
    with pytest.raises(OutputError, match="disk is full"):
        exporting.export(character, tmp_path, model)
    assert os.listdir(tmp_path) == ["neutral.obj"] and (tmp_path / "neutral.obj").read_text() == "older result"


def test_triangles_are_written_with_three_corners(tmp_path):
    uv = np.arange(16, dtype=float).reshape(2, 4, 2) / 16
    exporting.write_obj(tmp_path / "a.obj", np.eye(4, 3), np.array([[0, 1, 2, 3], [0, 2, 3, 3]]), uv)
    _, faces = read_obj(tmp_path / "a.obj")
    assert faces == [[0, 1, 2, 3], [0, 2, 3]]


def test_a_character_of_another_head_model_has_no_landmarks(model, tmp_path):
    exporting.export(tiny_character(), tmp_path / "tiny", model)
    assert json.loads((tmp_path / "tiny" / "params.json").read_text())["landmarks_camera"] is None
    assert (tmp_path / "tiny" / "detailed.obj").stat().st_size > 1000
