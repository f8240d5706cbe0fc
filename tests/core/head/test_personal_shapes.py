"""Personal shape keys: exact on the mean head, working lids, lips, eyes and teeth on ten sampled heads."""

import numpy as np
import pytest
from furrow.core.head import personal_shapes
from furrow.core.head.model import JOINTS
from furrow.core.head.personal_contacts import rest_kept_apart
from furrow.core.head.raster import rasterize
from furrow.core.mesh.intersections import crossing_pairs
from furrow.core.mesh.operators import quads_to_triangles
from lid_slit import lid_slit
from scipy.spatial import cKDTree

HEADS = 10
PIXELS = 5  # per millimetre


@pytest.fixture(scope="module")
def heads(model):
    """Identity, neutral head and shape keys of heads drawn from the population."""
    # what a photo says is nearer to the mean than a draw from the population
    size = len(model.identity_basis)
    identities = [np.random.default_rng(seed).normal(0, 0.7, size=size) for seed in range(HEADS)]
    neutrals = [rest_kept_apart(model, model.neutral(identity)) for identity in identities]
    return [(i, n, personal_shapes.personal_deltas(model, n)) for i, n in zip(identities, neutrals)]


def shapes(model, deltas, *names):
    """Sum of named shapes, (V, 3) mm."""
    return sum(deltas[model.expression_names.index(name)] for name in names)


def shown(model, vertices, part_numbers, box):
    """Pixels in which parts other than the skin are in front, seen from the front.

    ``box``: x0, x1, y0, y1 mm in head coordinates.
    """
    topology = model.topology
    triangles = quads_to_triangles(topology.faces[np.isin(topology.face_part, (0, *part_numbers))])
    x0, x1, y0, y1 = box
    width, height = int((x1 - x0) * PIXELS), int((y1 - y0) * PIXELS)
    at = (vertices[:, :2] - [x0, y1]) * [PIXELS, -PIXELS]
    ids, _ = rasterize(at, 1000 - vertices[:, 2], triangles, width, height, perspective=False)
    return int((triangles[ids[ids >= 0], 0] >= topology.part_slice("head").stop).sum())


def rigid(before, after):
    """Rotation, shift and largest rest of the best rigid motion (Kabsch)."""
    a, b = before - before.mean(0), after - after.mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    turn = (u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt).T
    return turn, after.mean(0) - turn @ before.mean(0), np.linalg.norm(b - a @ turn.T, axis=1).max()


def test_the_mean_head_gets_the_models_own_shapes(model):
    deltas = personal_shapes.personal_deltas(model, model.mean)
    assert deltas.shape == (52, *model.mean.shape) and deltas.dtype == np.float32
    assert np.abs(deltas - model.expression_basis).max() < 1e-3


def test_a_larger_head_gets_larger_shapes(model):
    """Deformation gradients do not change when the head is scaled, so displacements grow with it."""
    head = model.topology.part_slice("head")
    deltas = personal_shapes.personal_deltas(model, 1.1 * model.mean)[:, head]
    basis = model.expression_basis[:, head]
    for name in ("mouthSmileLeft", "browInnerUp", "jawOpen"):
        before, after = (np.linalg.norm(shapes(model, d, name), axis=1) for d in (basis, deltas))
        moved = before > 2.0
        assert moved.sum() > 50
        assert np.median(after[moved] / before[moved]) == pytest.approx(1.1, abs=0.01), name


def test_every_key_of_every_head_is_finite_and_bounded(model, heads):
    reach = np.linalg.norm(model.expression_basis, axis=2).max(axis=1)
    for _, _, deltas in heads:
        assert np.isfinite(deltas).all()
        assert (np.linalg.norm(deltas, axis=2).max(axis=1) < 2.0 * reach + 1.0).all()


def test_both_eyes_close_on_every_head(model, heads):
    box = (-60, 60, -30, 30)
    for seed, (_, neutral, deltas) in enumerate(heads):
        blink = neutral + shapes(model, deltas, "eyeBlinkLeft", "eyeBlinkRight")
        assert shown(model, neutral, (1,), box) > 1000, seed
        assert shown(model, blink, (1,), box) <= 10, seed
        assert max(lid_slit(model, blink, side) for side in (1, -1)) < 0.85, seed
        lids = model.landmarks(blink.astype(float))
        apart = lids[[386, 385, 387, 159, 158, 160], 1] - lids[[374, 380, 373, 145, 153, 144], 1]
        assert apart.max() < 0.3, seed


def triangles_that_fold(model):
    """Triangles around mouth and eyes."""
    triangles = quads_to_triangles(model.topology.part_faces("head"))
    centre = model.mean[triangles].mean(axis=1)
    return triangles[(np.abs(centre[:, 0]) < 60) & (np.abs(centre[:, 1] + 45) < 75) & (centre[:, 2] > 50)]


def test_lips_and_lids_do_not_cross(model, heads):
    head, triangles = model.topology.part_slice("head"), triangles_that_fold(model)
    poses = [(name,) for name in model.expression_names if name.startswith(("mouth", "eye", "cheek"))]
    poses.remove(("mouthClose",))  # goes with an open jaw
    poses = [pose for pose in poses if not pose[0].endswith("Right")]
    poses += [("mouthClose", "jawOpen"), ("eyeBlinkLeft", "eyeSquintLeft"), ("mouthSmileLeft", "mouthSmileRight")]
    for seed, (_, neutral, deltas) in enumerate(heads[:4]):
        assert len(crossing_pairs(neutral[head].astype(float), triangles)) == 0, seed
        for pose in poses:
            posed = neutral[head].astype(float) + shapes(model, deltas, *pose)[head]
            assert len(crossing_pairs(posed, triangles)) <= 4, (seed, pose)


def test_a_neutral_head_that_crosses_is_changed_only_where_it_does(model):
    head, triangles = model.topology.part_slice("head"), triangles_that_fold(model)
    before = model.neutral(np.random.default_rng(22).normal(size=len(model.identity_basis)))
    crossing = triangles[crossing_pairs(before[head].astype(float), triangles)]
    after = rest_kept_apart(model, before)
    assert len(crossing) > 5 and after.dtype == before.dtype
    assert len(crossing_pairs(after[head].astype(float), triangles)) == 0
    change = np.linalg.norm(after - before, axis=1)
    assert change.max() < 1.0
    far = cKDTree(before[np.unique(crossing)]).query(before)[0] > 15.0
    assert change[far].max() < 0.05
    np.testing.assert_array_equal(rest_kept_apart(model, model.mean), model.mean)


def test_lids_are_pushed_before_a_larger_eyeball():
    rng = np.random.default_rng(0)
    ball = rng.normal(size=(400, 3))
    ball *= 12.0 / np.linalg.norm(ball, axis=1, keepdims=True)
    ball -= ball.mean(axis=0)
    away = np.array([[0, 0, 1.0], [0.6, 0, 0.8], [0, 0.8, 0.6], [0, 1.0, 0], [0, 0, -1.0]])
    skin = away * np.array([12.5, 12.2, 15.0, 12.4, 7.0])[:, None]
    larger = 13.0 / 12.0 * ball
    push = personal_shapes.pushed_clear(ball, skin, larger, skin)
    distance = np.linalg.norm(skin + push, axis=1) - np.median(np.linalg.norm(larger, axis=1))
    clear = np.linalg.norm(skin, axis=1) - np.median(np.linalg.norm(ball, axis=1))
    assert np.allclose(distance[[0, 1, 3]], np.minimum(clear, personal_shapes.CLEARANCE)[[0, 1, 3]], atol=0.05)
    assert not push[2].any() and not push[4].any()
    assert not personal_shapes.pushed_clear(ball, skin, ball, skin).any()


def test_mouth_close_seals_the_lips_of_an_open_jaw(model, heads):
    for seed, (_, neutral, deltas) in enumerate(heads):
        jaw = shapes(model, deltas, "jawOpen")
        sealed = neutral + jaw + shapes(model, deltas, "mouthClose")
        lips = model.landmarks(sealed.astype(float))[[61, 291, 0, 17]]
        box = (lips[:, 0].min(), lips[:, 0].max(), lips[3, 1] - 1, lips[2, 1] + 1)
        open_box = (box[0], box[1], box[2] - 25, box[3] + 5)
        inside = (2, 3)
        wide = shown(model, neutral + jaw, inside, open_box)
        assert wide > 10000, seed
        # as far as lips that part at rest allow
        assert shown(model, sealed, inside, box) < 0.01 * wide + shown(model, neutral, inside, open_box), seed


def test_eyes_turn_rigidly_about_the_fitted_joint(model, heads):
    part = model.topology.part_slice("eyes")
    for identity, neutral, deltas in heads:
        joints = model.joints_of(identity)
        for side, sign, bone in (("Left", 1, "eye.L"), ("Right", -1, "eye.R")):
            eye = np.flatnonzero(model.mean[part, 0] * sign > 0) + part.start
            centre = joints[JOINTS.index(bone), 0].astype(float)
            for name in ("eyeLookIn", "eyeLookUp"):
                after = neutral[eye].astype(float) + shapes(model, deltas, name + side)[eye]
                turn, shift, rest = rigid(neutral[eye].astype(float), after)
                assert rest < 0.02
                assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) > 15
                assert np.linalg.norm(turn @ centre + shift - centre) < 0.05


def test_teeth_move_in_one_piece(model, heads):
    part = model.topology.part_slice("teeth")
    lower = model.topology.skin_weights[part, JOINTS.index("jaw")] > 0.5
    source = shapes(model, model.expression_basis, "jawOpen")[part].astype(float)
    _, _, source_rest = rigid(model.mean[part][lower].astype(float), (model.mean[part] + source)[lower].astype(float))
    for _, neutral, deltas in heads:
        jaw = shapes(model, deltas, "jawOpen")[part].astype(float)
        rest = neutral[part].astype(float)
        assert rigid(rest[lower], rest[lower] + jaw[lower])[2] < 1.25 * source_rest + 0.02
        assert np.linalg.norm(jaw[~lower], axis=1).max() < 1.5 * np.linalg.norm(source[~lower], axis=1).max() + 1e-3
        assert np.linalg.norm(jaw[lower], axis=1).min() > 5.0


def test_skin_that_a_shape_leaves_alone_stays(model, heads):
    """A left shape moves nothing on the right, 40 mm away from what it moves, and no shape moves the crown."""
    head = model.topology.part_slice("head")
    for name in ("eyeBlinkLeft", "browDownLeft", "cheekSquintLeft", "noseSneerLeft"):
        source = np.linalg.norm(shapes(model, model.expression_basis, name)[head], axis=1)
        far = cKDTree(model.mean[head][source > 0.2]).query(model.mean[head])[0] > 40.0
        still = (source < 1e-6) & far & (model.mean[head, 0] < -15)
        assert still.sum() > 300
        for _, _, deltas in heads:
            here = np.linalg.norm(shapes(model, deltas, name)[head], axis=1)
            assert here[still].max() < 0.05, name
            assert here[source > 1].mean() > 0.7
    never = np.abs(model.expression_basis[:, head]).max(axis=(0, 2)) == 0
    assert never.sum() > 100
    for _, _, deltas in heads:
        assert np.abs(deltas[:, head][:, never]).max() < 0.1
