"""The wrinkle atlas: file, maps by size, seed and age, and what the head's tension makes of them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from curve_reference import basis_matrix
from furrow.core.character.presets import PRESETS
from furrow.core.errors import AssetsError
from furrow.core.head.raster import uv_raster
from furrow.core.head.tension import evaluate_tension, tension_weights
from furrow.core.mesh.operators import quads_to_triangles
from furrow.core.wrinkles.coefficients import person
from furrow.core.wrinkles.curve_basis import texels_near
from furrow.core.wrinkles.maps import (
    FOLD,
    dynamic_amplitudes,
    dynamic_maps,
    groove_profile,
    load_atlas,
    prior_maps,
    roll_profile,
    save_atlas,
    static_amplitudes,
    static_prior,
)
from furrow.models.wrinkles.habits import BROW_DOWN, BROW_RAISE, CHIN_RAISE, PUCKER, SMILE, SNEER
from furrow.models.wrinkles.strain import expression_delta, log_strain

SIZE = 512


@pytest.fixture(scope="module")
def maps(atlas):
    """static, compressed_1, compressed_2, stretched of a middle-aged person."""
    return np.stack([static_prior(atlas, SIZE, 0.6), *dynamic_maps(atlas, SIZE, 0.6)], axis=-1)


@pytest.fixture(scope="module")
def live(model):
    """Function: compression (S, S, 2) by family of an expression, sampled to the chart."""
    weights = tension_weights(model.topology, model.mean)
    raster = uv_raster(model.topology, SIZE)

    def compression(expression, share=1.0):
        delta = expression_delta(expression, model.expression_basis, model.expression_names)
        found = evaluate_tension(weights, model.mean + share * delta).stack()[:, :2]
        whole = np.zeros((model.topology.vertex_count, 2), np.float32)
        whole[: len(found)] = found
        return raster.sample(whole)

    return compression


def test_atlas_survives_the_file(atlas, tmp_path):
    save_atlas(atlas, tmp_path / "copy.npz")
    copy = load_atlas(tmp_path / "copy.npz")
    assert copy.group_names == atlas.group_names
    assert np.array_equal(copy.uv, atlas.uv) and np.array_equal(copy.mask, atlas.mask)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: replace(a, strength=a.strength[:-1]),
        lambda a: replace(a, curve_start=a.curve_start[::-1].copy()),
        lambda a: replace(a, curve_group=a.curve_group + 100),
        lambda a: replace(a, uv=np.full_like(a.uv, np.nan)),
        lambda a: replace(a, mask=a.mask.astype(np.float32)),
    ],
)
def test_a_damaged_atlas_is_refused_in_one_line(atlas, tmp_path, change):
    save_atlas(change(atlas), tmp_path / "bad.npz")
    with pytest.raises(AssetsError, match="damaged") as caught:
        load_atlas(tmp_path / "bad.npz")
    assert "\n" not in str(caught.value)


def test_a_missing_or_truncated_atlas_is_refused(atlas, tmp_path):
    with pytest.raises(AssetsError, match="missing"):
        load_atlas(tmp_path / "none.npz")
    save_atlas(atlas, tmp_path / "cut.npz")
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AssetsError, match="damaged"):
        load_atlas(tmp_path / "cut.npz")


def test_control_points_lie_on_the_mesh_where_the_chart_says(atlas, model):
    topology = model.topology
    head = topology.face_part == 0
    uv = np.zeros((topology.vertex_count, 2))
    uv[topology.faces[head]] = topology.uv[head]
    on_mesh = np.einsum("nk,nkd->nd", atlas.barycentric, uv[atlas.vertices])
    # the triangle is the one under the texel of a 512 grid
    assert np.abs(on_mesh - atlas.uv).max() < 1.5 / 512
    assert np.abs(atlas.barycentric.sum(1) - 1.0).max() < 1e-5


def test_metric_is_that_of_the_mean_head(atlas, model):
    topology = model.topology
    head = topology.face_part == 0
    uv = np.zeros((topology.vertex_count, 2))
    uv[topology.faces[head]] = topology.uv[head]
    triangles = quads_to_triangles(topology.part_faces("head"))
    sides = [model.mean[triangles[:, k]] - model.mean[triangles[:, 0]] for k in (1, 2)]
    area_mm = np.linalg.norm(np.cross(*sides), axis=1)
    edges = [uv[triangles[:, k]] - uv[triangles[:, 0]] for k in (1, 2)]
    area_uv = np.abs(edges[0][:, 0] * edges[1][:, 1] - edges[0][:, 1] * edges[1][:, 0])
    scale = dict(zip(map(tuple, np.sort(triangles, axis=1).tolist()), area_mm / np.maximum(area_uv, 1e-12)))
    expected = np.array([scale[tuple(t)] for t in np.sort(atlas.vertices, axis=1).tolist()])
    found = np.sqrt(atlas.metric[:, 0] * atlas.metric[:, 2] - atlas.metric[:, 1] ** 2)
    assert np.median(np.abs(np.log(found / expected))) < 0.05


def test_profiles_have_the_recipe_s_form():
    d = np.linspace(0.0, 5.0, 200)
    assert groove_profile(np.zeros(1), np.ones(1)) == pytest.approx(1.0)
    assert groove_profile(d[:80], np.full(80, 2.0)) == pytest.approx((1 + (d[:80] / 2) ** 2) ** -1.6, abs=0.05)
    assert (np.diff(groove_profile(d, np.ones(200))) <= 0).all() and groove_profile(np.array([4.0]), np.ones(1)) == 0
    # two half rolls with one crest make one even roll, zero in both grooves
    both = roll_profile(d, np.full(200, 2.5)) + roll_profile(5.0 - d, np.full(200, 2.5))
    assert both.max() == pytest.approx(2.0, abs=1e-3) and both[[0, -1]] == pytest.approx(0.0, abs=1e-9)


def test_maps_are_the_same_at_every_size(atlas):
    for k, (coarse, fine) in enumerate(zip(dynamic_maps(atlas, 512, 0.6), dynamic_maps(atlas, 1024, 0.6))):
        averaged = fine.reshape(512, 2, 512, 2).mean((1, 3))
        error = np.sqrt(((coarse - averaged) ** 2).sum() / (averaged**2).sum())
        assert error < 0.12, k
        assert np.corrcoef(coarse.ravel(), averaged.ravel())[0, 1] > 0.99


def test_maps_drawn_together_are_those_of_the_basis(atlas):
    size, age, seed = 256, 0.5, 2
    static, *moved = prior_maps(atlas, size, age, seed)
    someone = person(atlas, seed)
    width = atlas.of_points(atlas.curve_width)[someone.points]
    metric = atlas.metric[someone.points]
    texel = (metric[:, 0] * metric[:, 2] - metric[:, 1] ** 2) ** 0.25 / size
    blurred = np.hypot(width, 0.45 * texel)
    near = texels_near(atlas.uv[someone.points], metric, someone.start, 4.0 * blurred, size)
    groove = groove_profile(near.distance, blurred[near.point]) * (width / blurred)[near.point]
    basis = basis_matrix(near, groove, len(someone.points), size)
    family = np.repeat(atlas.group_family[atlas.curve_group[someone.curves]], np.diff(someone.start))
    depth = dynamic_amplitudes(atlas, age, seed)
    depths = np.stack([static_amplitudes(atlas, age, seed), depth * (family == 1), depth * (family == 2)])
    flat = replace(atlas, curve_roll=np.zeros_like(atlas.curve_roll), mask=np.full_like(atlas.mask, 255))
    expected = -(basis @ depths.T).T.reshape(3, size, size)
    assert np.abs(np.stack(prior_maps(flat, size, age, seed)[:3]) - expected).max() < 1e-5
    assert np.array_equal(static, static_prior(atlas, size, age, seed))
    assert all(map(np.array_equal, moved, dynamic_maps(atlas, size, age, seed)))


def test_a_seed_repeats_and_another_differs(atlas):
    first, again, other = (dynamic_maps(atlas, 256, 0.5, seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert np.corrcoef(first.ravel(), other.ravel())[0, 1] < 0.9


def test_maps_are_zero_outside_the_face(atlas, model, maps):
    raster = uv_raster(model.topology, SIZE)
    inner = [model.topology.region(name) for name in ("ear", "nostril", "mouth_inner", "eye_socket_inner")]
    masks = raster.sample(np.stack(inner, axis=-1))
    assert np.abs(maps[~raster.covered]).max() == 0.0
    assert np.abs(maps[masks.max(-1) > 0.9]).max() < 1e-3
    behind = raster.covered & (raster.sample(model.mean)[..., 2] < 0.0)
    assert behind.sum() > 1000 and np.abs(maps[behind]).max() == 0.0


def test_sides_are_alike_but_not_mirrored(maps):
    for channel in (0, 1):
        energy = cv2.GaussianBlur(maps[..., channel] ** 2, (0, 0), 12.0)
        assert np.corrcoef(energy.ravel(), energy[:, ::-1].ravel())[0, 1] > 0.6
        fine = np.corrcoef(maps[..., channel].ravel(), maps[:, ::-1, channel].ravel())[0, 1]
        assert fine < 0.8


def test_lines_are_grooves_beside_lower_rolls(maps):
    for channel in (0, 1, 2):
        values = maps[..., channel]
        assert values.min() < -0.15
        assert 0.02 < values.max() < -0.75 * values.min()
    assert maps[..., 3].max() > -maps[..., 3].min()


def test_stretch_takes_the_resting_lines_away(maps):
    flat = maps[..., 0] + maps[..., 3]
    assert flat == pytest.approx(0.4 * maps[..., 0], abs=1e-5)


def test_resting_lines_deepen_with_age(atlas):
    depth = [-np.percentile(static_prior(atlas, SIZE, age, 0), 0.1) for age in (0.08, 0.4, 0.7, 1.0)]
    assert depth[0] < 0.08 and np.all(np.diff(depth) > 0.03) and 0.2 < depth[-1] < 0.9


def test_expressions_never_crease_deeper_than_the_group_allows(atlas, live):
    caps = {"forehead": (BROW_RAISE, 0, 0.80), "glabella": (BROW_DOWN, 1, 0.95), "crows_feet": (SMILE, 0, 0.48)}
    for name, (expression, family, cap) in caps.items():
        for seed in (0, 1):
            only = np.repeat(atlas.curve_group == atlas.group_names.index(name), np.diff(atlas.curve_start))
            alone = replace(atlas, dynamic=np.where(only, atlas.dynamic, 0).astype(np.float32))
            drawn = dynamic_maps(alone, SIZE, 0.6, seed)[family] * live(expression)[..., family]
            assert -drawn.min() < 1.45 * cap, name
            assert -drawn.min() > 0.25 * cap, name


def test_a_brow_raise_creases_the_forehead(model, maps, live):
    raster = uv_raster(model.topology, SIZE)
    drawn = maps[..., 1:3] * live(BROW_RAISE)
    energy = (drawn**2).sum(-1)
    brow = model.mean[model.topology.region("brow") > 0.5][:, 1].mean()
    above = raster.sample(model.mean)[..., 1] > brow - 4.0
    assert energy[above].sum() > 0.9 * energy.sum()
    assert np.sqrt(energy.max()) > 0.2


@pytest.mark.parametrize("expression", [BROW_RAISE, BROW_DOWN, SMILE, SNEER, PUCKER, CHIN_RAISE])
def test_nothing_creases_where_the_skin_does_not_get_shorter(model, atlas, live, expression):
    """Reference: deformation gradients of the triangles, not edge lengths."""
    fold = np.repeat(atlas.curve_rank == FOLD, np.diff(atlas.curve_start))
    creases = replace(atlas, dynamic=np.where(fold, 0, atlas.dynamic).astype(np.float32))
    drawn = np.stack(dynamic_maps(creases, SIZE, 0.6)[:2], axis=-1) * live(expression)
    head = model.topology.part_slice("head")
    triangles = quads_to_triangles(model.topology.part_faces("head"))
    posed = model.mean + expression_delta(expression, model.expression_basis, model.expression_names)
    strain = log_strain(model.mean[head], posed[head], triangles)
    normals = model.topology.wrinkle_normals[:, head]
    across = np.einsum("fvi,vij,fvj->vf", normals, strain, normals)
    whole = np.zeros((model.topology.vertex_count, 2), np.float32)
    whole[head] = across
    longer = uv_raster(model.topology, SIZE).sample(whole) >= 0.0
    assert (drawn**2).sum() > 0.0
    assert (drawn[longer] ** 2).sum() < 0.02 * (drawn**2).sum()


@pytest.mark.parametrize("expression", [PRESETS[name] for name in PRESETS if PRESETS[name]] + [SNEER, CHIN_RAISE])
def test_nothing_pops_while_a_slider_moves(maps, live, expression):
    """In twenty steps no point jumps by more than three steps' worth of the deepest change, or turns back and forth."""
    steps = np.stack([(maps[..., 1:3] * live(expression, share)).sum(-1) for share in np.linspace(0.0, 1.0, 21)])
    assert np.abs(steps[0]).max() < 1e-6
    move = np.diff(steps, axis=0)
    assert np.abs(move).max() < 0.15 * np.abs(steps[-1]).max()
    # what comes and goes again is small: the way of each point is hardly longer than its end
    way = np.abs(move).sum(0)
    assert (way - np.abs(steps[-1])).max() < 0.3 * np.abs(steps[-1]).max()


def test_wrinkle_normals_are_unit_tangents_or_nothing(model):
    topology = model.topology
    head = topology.part_slice("head")
    length = np.linalg.norm(topology.wrinkle_normals, axis=-1)
    assert np.all((np.abs(length - 1.0) < 1e-4) | (length == 0.0))
    assert (length[:, head] > 0).sum(1).min() > 100 and length[:, head.stop :].max() == 0.0
    triangles = quads_to_triangles(topology.part_faces("head"))
    face = np.cross(*(model.mean[triangles[:, k]] - model.mean[triangles[:, 0]] for k in (1, 2)))
    normal = np.zeros((head.stop, 3))
    np.add.at(normal, triangles, face[:, None])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    along = np.abs(np.einsum("fvd,vd->fv", topology.wrinkle_normals[:, head], normal))
    assert along.max() < 0.02
    forehead = topology.region("forehead")[head] > 0.8
    assert np.abs(topology.wrinkle_normals[0, head][forehead][:, 1]).mean() > 0.8


def _only(atlas, *groups):
    """The atlas with all other groups flattened."""
    numbers = [atlas.group_names.index(group) for group in groups]
    kept = atlas.of_points(np.isin(atlas.curve_group, numbers))
    flat = np.float32(0.0)
    return replace(atlas, dynamic=np.where(kept, atlas.dynamic, flat), memory=np.where(kept, atlas.memory, flat))


def _drawn(atlas, live, expression, age=0.6):
    """(S, S) mm that an expression adds to the resting face of person 0."""
    return (np.stack(dynamic_maps(atlas, SIZE, age)[:2], axis=-1) * live(expression)).sum(-1)


def test_a_raised_chin_dimples_and_nothing_else_does(model, atlas, live):
    chin = _only(atlas, "chin")
    depth = {
        name: -_drawn(chin, live, expression).min()
        for name, expression in (("raise", CHIN_RAISE), ("brow", BROW_RAISE), ("smile", SMILE))
    }
    assert depth["raise"] > 0.14 and depth["brow"] < 0.005 and depth["smile"] < 0.05
    place = uv_raster(model.topology, SIZE).sample(model.mean)
    pits = (_drawn(chin, live, CHIN_RAISE) < -0.08).astype(np.uint8)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(pits)
    assert count > 8
    extent = boxes[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    # pits and not lines: about as long as wide
    assert np.median(extent.max(1) / extent.min(1)) < 2.0
    at = place[pits > 0]
    assert np.abs(at[:, 0]).max() < 25.0 and -115.0 < at[:, 1].min() and at[:, 1].max() < -80.0


@pytest.mark.parametrize("shape", ["mouthUpperUp", "noseSneer"])
def test_the_nasolabial_fold_deepens_under_a_raised_lip(atlas, live, shape):
    expression = {f"{shape}Left": 1.0, f"{shape}Right": 1.0}
    fold = _only(atlas, "nasolabial", "nasolabial_lift")
    assert -_drawn(fold, live, expression).min() > 0.15
    # a smile shortens the skin along the fold: what it does across the lower end does not double the depth
    alone = _drawn(_only(atlas, "nasolabial"), live, SMILE)
    assert _drawn(fold, live, SMILE).min() > 1.25 * alone.min()


def test_both_reasons_of_the_nasolabial_fold_share_its_line(atlas):
    lines = [atlas.uv[_points_in(atlas, name)] for name in ("nasolabial", "nasolabial_lift")]
    assert len(lines[0]) > 40 and np.array_equal(*lines)


def _points_in(atlas, group):
    return atlas.of_points(atlas.curve_group == atlas.group_names.index(group))


def test_neck_rings_and_crepe_come_with_age_alone(model, atlas, live):
    ageing = _only(atlas, "crepe", "crepe_cross", "neck_upper", "neck_lower")
    for expression in (SMILE, {"jawOpen": 1.0}):
        assert np.abs(_drawn(ageing, live, expression, 1.0)).max() == 0.0
    young, old = (static_prior(ageing, SIZE, age) for age in (0.05, 1.0))
    place = uv_raster(model.topology, SIZE).sample(model.mean)
    neck = place[..., 1] < -118.0
    rings = static_prior(_only(atlas, "neck_upper", "neck_lower"), SIZE, 1.0)
    assert -rings[neck].min() > 0.15 and (rings[~neck] ** 2).sum() < 0.02 * (rings**2).sum()
    assert -young.min() < 0.25 * -old.min()
    crepe = static_prior(_only(atlas, "crepe", "crepe_cross"), SIZE, 1.0)
    cheek = uv_raster(model.topology, SIZE).sample(model.topology.region("cheek")[:, None])[..., 0] > 0.8
    assert 0.02 < -np.percentile(crepe[cheek], 0.5) < 0.09
    assert np.abs(static_prior(_only(atlas, "crepe", "crepe_cross"), SIZE, 0.25)).max() < 4e-3


def test_crepe_lines_cross(atlas):
    angles = []
    for name in ("crepe", "crepe_cross"):
        rows = np.flatnonzero(atlas.curve_group == atlas.group_names.index(name))
        left = rows[atlas.uv[atlas.curve_start[rows], 0] > 0.5]
        chord = atlas.uv[atlas.curve_start[left + 1] - 1] - atlas.uv[atlas.curve_start[left]]
        angles.append(0.5 * np.angle(np.mean(((chord[:, 0] + 1j * chord[:, 1]) / np.hypot(*chord.T)) ** 2)))
    between = np.degrees(np.abs(angles[0] - angles[1]))
    assert 40.0 < between < 140.0
