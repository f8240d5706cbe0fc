"""Fine skin: tiles that continue over their edges, differ by region, and lie where they should."""

import numpy as np
import pytest
from furrow.core.errors import AssetsError
from furrow.core.head.model import load_head_model
from furrow.core.head.raster import uv_raster
from furrow.core.wrinkles.fine_skin import (
    TILE_MM,
    TILE_NAMES,
    TILES_FILE,
    load_tiles,
    region_weights,
    save_tiles,
    stretch_direction,
    tile_repeats,
    worn_weights,
)
from furrow.models.evaluation.made_up import grid_topology
from furrow.models.wrinkles.fine_skin import SKINS, furrows, relief, scattered, tiles


@pytest.fixture(scope="module")
def built(assets):
    return load_tiles(assets / TILES_FILE)


@pytest.fixture(scope="module")
def small():
    return tiles(128)


def cheek(size, seed):
    return relief(SKINS["cheek"], size, np.random.default_rng(seed))


def test_opposite_edges_continue_in_value_and_gradient(built):
    """First and second differences over the edge are no larger than those between the tile's own rows."""
    for name, height in zip(TILE_NAMES, built):
        for turned in (height, height.T):
            around = np.concatenate([turned[-2:], turned[:2]])
            for order in (1, 2):
                inside = np.abs(np.diff(turned, order, axis=0)).mean(1)
                assert np.abs(np.diff(around, order, axis=0)).mean(1).max() < inside.max(), name


def test_relief_is_as_deep_as_skin(built):
    rms = 1e3 * built.std(axis=(1, 2))
    assert (rms > 5).all() and (rms < 20).all()
    assert np.abs(built.mean(axis=(1, 2))).max() < 1e-4
    assert np.abs(built).max() < 0.15


def test_same_seed_same_skin_other_seed_other_skin():
    first = cheek(64, 3)
    np.testing.assert_array_equal(cheek(64, 3), first)
    assert np.corrcoef(cheek(64, 4).ravel(), first.ravel())[0, 1] < 0.3


def test_a_seed_looks_the_same_at_every_size():
    fine = cheek(256, 3).reshape(128, 2, 128, 2).mean((1, 3))
    assert np.corrcoef(fine.ravel(), cheek(128, 3).ravel())[0, 1] > 0.9


def test_the_built_tiles_are_those_of_the_code(built, small):
    coarse = built.reshape(4, 128, 4, 128, 4).mean((2, 4))
    for name, a, b in zip(TILE_NAMES, coarse, small):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.7, name


def test_furrows_run_as_the_region_asks(built):
    """Energy of slopes across x over slopes across y: lips vertical lines, forehead horizontal ones, nose neither."""
    across_x = (np.diff(built, axis=2) ** 2).mean((1, 2))
    across_y = (np.diff(built, axis=1) ** 2).mean((1, 2))
    nose, cheek, forehead, lips = across_x / across_y
    assert 0.8 < nose < 1.25 and cheek > 1.15 and forehead < 0.6 and lips > 3


def test_noses_have_the_most_open_pores(built):
    """Share of the skin deeper than 30 µm, and skewness: pits in even skin."""
    deep = (built < -0.030).mean((1, 2))
    skew = ((built - built.mean((1, 2), keepdims=True)) ** 3).mean((1, 2)) / built.std((1, 2)) ** 3
    assert deep[0] > 1.3 * deep[1] > 1.3 * deep[2] and (skew[:2] < -0.9).all() and skew[0] == skew.min()


def test_points_keep_their_distance_over_the_edge():
    points = scattered(1.0, 1.0, np.random.default_rng(1))
    apart = np.abs(points[:, None] - points)
    apart = np.hypot(*np.moveaxis(np.minimum(apart, TILE_MM - apart), -1, 0)) + 9 * np.eye(len(points))
    assert apart.min() >= 0.72 and apart.min(1).max() < 1.6
    assert 300 < len(points) < TILE_MM**2


def test_furrows_join_each_pair_of_neighbours_once():
    rng = np.random.default_rng(2)
    net = SKINS["nose"].primary
    points = scattered(net.spacing, net.stretch, rng)
    start, step, ends = furrows(net, points, rng)
    np.testing.assert_allclose((start + step - points[ends[:, 1]] + 9) % TILE_MM, 9, atol=1e-9)
    assert len(np.unique(np.sort(ends, axis=1), axis=0)) == len(ends)
    assert 1.3 * len(points) < len(ends) < 3 * len(points)


def test_weights_put_each_tile_on_its_region(assets):
    topology = load_head_model(assets / "head.npz").topology
    weights = region_weights(topology, 256)
    assert weights.shape == (256, 256, 4) and weights.dtype == np.uint8
    head = topology.part_slice("head")
    quads, uv = topology.part_faces("head"), topology.uv[topology.face_part == 0]
    at = uv.mean(1)
    texel = weights[((1 - at[:, 1]) * 256).astype(int), (at[:, 0] * 256).astype(int)].astype(float)
    for channel, region in enumerate(TILE_NAMES):
        inside = topology.region(region)[head][quads].min(1) > 0.95
        assert inside.sum() > 20 and np.median(texel[inside, channel]) > 200, region
    mouth = topology.region("mouth_inner")[head][quads].min(1) > 0.95
    assert np.median(texel[mouth].sum(1)) < 20
    skin = topology.region("cheek")[head][quads].min(1) > 0.9
    np.testing.assert_array_equal(texel[skin].sum(1), 255)


def test_strengths_scale_the_weights_of_their_regions_and_leave_the_lips(assets):
    topology = load_head_model(assets / "head.npz").topology
    plain = region_weights(topology, 128)
    same, factor = worn_weights(topology, 128, None)
    np.testing.assert_array_equal(same, plain)
    assert factor == 1.0
    worn, factor = worn_weights(topology, 128, np.array([1.6, 0.5, 0.8, 1.2]))
    worn, plain = factor * worn.astype(float).sum(-1), plain.astype(float).sum(-1)
    raster = uv_raster(topology, 128)
    for region, gain in (("forehead", 1.6), ("nose", 0.5), ("cheek", 0.8), ("chin", 1.2), ("lips", 1.0), ("neck", 0.8)):
        inside = (raster.sample(topology.region(region)) > 0.98) & (plain > 200)
        assert inside.sum() > 5, region
        assert np.median(worn[inside] / plain[inside]) == pytest.approx(gain, abs=0.05), region


def test_repeats_make_a_tile_its_true_size():
    topology, rest = grid_topology()
    assert tile_repeats(topology, rest) == pytest.approx(np.sqrt(100 * 120) / TILE_MM, rel=1e-5)
    assert tile_repeats(topology, 2 * rest) == pytest.approx(2 * np.sqrt(100 * 120) / TILE_MM, rel=1e-5)


def test_files_are_checked(tmp_path, small):
    save_tiles(small, tmp_path / "a.npz")
    np.testing.assert_allclose(load_tiles(tmp_path / "a.npz"), small, atol=6e-6)
    with pytest.raises(AssetsError, match="missing"):
        load_tiles(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    with pytest.raises(AssetsError, match="damaged"):
        load_tiles(tmp_path / "c.npz")
    save_tiles(small[:3], tmp_path / "d.npz")
    with pytest.raises(AssetsError, match="damaged"):
        load_tiles(tmp_path / "d.npz")


def test_pull_up_the_chart_is_told_from_pull_across(assets):
    model = load_head_model(assets / "head.npz")
    topology, rest = model.topology, model.mean
    head = topology.part_slice("head")
    front = np.zeros(topology.vertex_count)
    front[head] = topology.region("face")[head]
    centre = rest[front > 0.5].mean(0)
    shares = []
    for axis in (0, 1):
        delta = np.zeros((1, *rest.shape), np.float32)
        delta[0, :, axis] = 0.2 * (rest - centre)[:, axis]
        image = stretch_direction(topology, rest, delta, 128)
        assert image.dtype == np.uint8 and image.shape == (128, 128)
        place = uv_raster(topology, 128).sample(front[:, None])[..., 0] > 0.9
        shares.append(image[place].mean() / 255.0)
    assert shares[0] < 0.35 and shares[1] > 0.65
    still = stretch_direction(topology, rest, np.zeros((1, *rest.shape), np.float32), 64)
    assert np.abs(still.astype(int) - 128).max() <= 1
