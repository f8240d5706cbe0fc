"""The tension nodes against core.head.tension, and the displacement nodes against numpy."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import evaluated, positions, scene, show_only, wrinkle_weights  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.expressions import set_expression  # noqa: E402
from furrow.blender_addon.head.head_shape import apply_directions  # noqa: E402
from furrow.blender_addon.scene import mesh_objects  # noqa: E402
from furrow.blender_addon.scene.modifier_inputs import get_input, set_input  # noqa: E402
from furrow.core.head.tension import TENSION_GAIN, tension  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401

pytestmark = pytest.mark.usefixtures("scene")


@pytest.fixture
def character(assets):
    return mean_character(assets)


def expected(character, weights, rest=None, **options):
    shift = 0.0 if rest is None else rest - character.neutral
    rest = character.neutral if rest is None else rest
    return tension(character.topology, rest, character.posed(weights) + shift, **options).stack()


def random_weights(seed):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(52) < 0.2, rng.uniform(0.2, 1.0, 52), 0.0)


def give(made, character, weights):
    set_expression(made.head, dict(zip(character.expression_names, weights.tolist(), strict=True)))


@pytest.mark.parametrize("directional", [True, False])
def test_nodes_compute_what_core_computes(character, directional):
    made = build_head(character)
    show_only(made.head, names.TENSION)
    modifier = made.head.modifiers[names.TENSION]
    set_input(modifier, "Directional", directional)
    whole = mesh_objects.seam_mask(character.topology) == 1
    assert whole.mean() > 0.9
    for seed in range(3):
        weights = random_weights(seed)
        give(made, character, weights)
        found = wrinkle_weights(made.head)
        reference = expected(character, weights, directional=directional)
        assert reference.max() > 0.4  # the test would be empty on a face at rest
        np.testing.assert_allclose(found[whole, 1:], reference[whole], atol=1e-4)
        np.testing.assert_allclose(found[whole, 0], 1.0, atol=1e-6)


def test_gain_and_strengths_scale_the_result(character):
    made = build_head(character)
    show_only(made.head, names.TENSION)
    modifier = made.head.modifiers[names.TENSION]
    assert get_input(modifier, "Tension Gain") == pytest.approx(TENSION_GAIN)
    for name, value in (("Tension Gain", 1.5), ("Dynamic Strength", 0.5), ("Static Strength", 0.25)):
        set_input(modifier, name, value)
    weights = random_weights(4)
    give(made, character, weights)
    whole = mesh_objects.seam_mask(character.topology) == 1
    found = wrinkle_weights(made.head)[whole]
    np.testing.assert_allclose(found[:, 1:], 0.5 * expected(character, weights, gain=1.5)[whole], atol=1e-4)
    np.testing.assert_allclose(found[:, 0], 0.25, atol=1e-6)


def test_region_gain_acts_in_its_region_only(character):
    made = build_head(character)
    show_only(made.head, names.TENSION)
    before = wrinkle_weights(made.head)[:, 0]
    set_input(made.head.modifiers[names.TENSION], "Forehead", 0.0)
    after = wrinkle_weights(made.head)[:, 0]
    forehead = mesh_objects.artist_regions(character.topology)[0]
    assert forehead.max() > 0.99
    np.testing.assert_allclose(after, before * (1.0 - forehead), atol=1e-5)


def test_head_at_rest_has_no_tension_and_missing_rest_positions_give_none(character):
    made = build_head(character)
    show_only(made.head, names.TENSION)
    assert np.abs(wrinkle_weights(made.head)[:, 1:]).max() < 1e-5
    give(made, character, random_weights(1))
    assert wrinkle_weights(made.head)[:, 1:].max() > 0.5
    made.head.data.attributes.remove(made.head.data.attributes[names.REST_POSITION])
    found = wrinkle_weights(made.head)
    assert np.abs(found[:, 1:]).max() == 0.0
    assert found[:, 0].max() == pytest.approx(1.0)


def test_turning_head_and_jaw_bone_gives_no_tension_away_from_the_joint(character):
    made = build_head(character)
    show_only(made.head, "Armature", names.TENSION)
    bone = made.armature.pose.bones["head"]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = (0.3, 0.2, 0.1)
    rigid = character.topology.skin_weights[: len(made.head.data.vertices), 2] > 0.9996  # weights are kept to 1/1000
    assert rigid.sum() > 1000
    moved = np.linalg.norm(positions(made.head) - names.to_blender(character.neutral[: len(rigid)]), axis=1)
    assert moved[rigid].max() > 0.01
    inner = rigid.copy()
    for _ in range(3):  # two blurs and the edge mean reach three rings
        edges = character.topology.head_edges
        touched = ~inner
        np.logical_or.at(touched, edges[:, 0], ~inner[edges[:, 1]])
        np.logical_or.at(touched, edges[:, 1], ~inner[edges[:, 0]])
        inner = ~touched
    assert inner.sum() > 500
    assert np.abs(wrinkle_weights(made.head)[inner, 1:]).max() < 1e-4


def test_head_shape_moves_rest_joints_and_keys_and_keeps_sculpting(character):
    made = build_head(character)
    show_only(made.head, names.TENSION)
    key = made.head.data.shape_keys.key_blocks["jawOpen"]
    sculpted = np.array(key.data[7].co) + [0.0, 0.0, 0.004]
    key.data[7].co = sculpted
    values = [0.6, -0.3, 0.5, 0.0, 0.2, 0.0]
    apply_directions(made.collection, values)
    change = np.tensordot(np.float32(values), character.directions, 1)
    offset = names.to_blender(change)
    assert np.linalg.norm(offset, axis=1).max() > 0.002
    np.testing.assert_allclose(np.array(key.data[7].co), sculpted + offset[7], atol=1e-6)
    joints = names.to_blender(character.joints + np.tensordot(np.float32(values), character.joint_directions, 1))
    np.testing.assert_allclose(made.armature.data.bones["jaw"].tail_local, joints[3, 1], atol=1e-5)
    key.data[7].co = sculpted + offset[7] - [0.0, 0.0, 0.004]
    weights = random_weights(2)
    give(made, character, weights)
    whole = mesh_objects.seam_mask(character.topology) == 1
    reference = expected(character, weights, rest=character.neutral + change)
    np.testing.assert_allclose(wrinkle_weights(made.head)[whole, 1:], reference[whole], atol=2e-4)
    apply_directions(made.collection, [0.0] * 6)
    np.testing.assert_allclose(np.array(key.data[7].co), sculpted - [0.0, 0.0, 0.004], atol=1e-6)


def bilinear(image, uv):
    """Texels of image (S, S, k), row 0 at v = 1, at uv (n, 2): edges are repeated."""
    size = image.shape[0]
    x, y = uv[:, 0] * size - 0.5, (1.0 - uv[:, 1]) * size - 0.5
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    total = 0.0
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - (x - x0)) * np.abs(1 - dy - (y - y0))
            total += share[:, None] * image[np.clip(y0 + dy, 0, size - 1), np.clip(x0 + dx, 0, size - 1)]
    return total


def test_displacement_is_the_weighted_maps_along_the_normal(character):
    made = build_head(character)
    give(made, character, random_weights(3))
    show_only(made.head, names.TENSION)
    before = positions(made.head)
    mesh = evaluated(made.head)
    normals = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertex_normals.foreach_get("vector", normals)
    weights = wrinkle_weights(made.head)
    show_only(made.head, names.TENSION, names.WRINKLE)
    moved = positions(made.head) - before
    topology = character.topology
    head = topology.face_part == 0
    uv = np.zeros((len(before), 2))
    uv[topology.faces[head].ravel()] = topology.uv[head].reshape(-1, 2)
    whole = mesh_objects.seam_mask(topology) == 1
    height = (bilinear(character.detail.stack(), uv) * weights).sum(1)[:, None] * 0.001
    reference = height * normals.reshape(-1, 3)
    assert np.abs(height).max() > 1e-4
    np.testing.assert_allclose(moved[whole], reference[whole], atol=2e-7)
    assert np.abs(moved[~whole]).max() < 1e-7  # where the chart is cut nothing moves
