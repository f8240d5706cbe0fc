"""The bake for game engines: files against the live tension at texels found by brute force, masks, refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from furrow.core import cli
from furrow.core.character.character import DetailMaps
from furrow.core.character.file import save_character
from furrow.core.errors import BakeError, OutputError
from furrow.core.head.model import load_head_model
from furrow.core.head.raster import uv_raster
from furrow.core.head.tension import evaluate_tension, tension, tension_weights
from furrow.core.io.png16 import decode_png
from furrow.core.mesh.operators import quads_to_triangles
from furrow.core.output.bake import bake
from furrow.core.output.bake_blend import blend_bake, blend_compact
from furrow.core.output.bake_masks import (
    KEY_EXPRESSIONS,
    activation_masks,
    key_weights,
    quantised_shares,
    tension_masks,
)
from furrow.core.wrinkles.fine_skin import TILES_FILE, load_tiles
from furrow.models.evaluation.made_up import tiny_character

SIZE = 128
QUANTISATION = 0.004  # mm: half a step of an 8-bit mask on 1 mm of displacement, and REACH's hundredth of a tension


@pytest.fixture(scope="module")
def character(assets):
    """The mean head with smooth made-up maps of about a millimetre."""
    model = load_head_model(assets / "head.npz")
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE * 2 * np.pi
    maps = [0.4 * np.sin(k * x + 1) * np.cos((6 - k) * y) for k in range(1, 5)]
    return replace(
        tiny_character(), topology=model.topology, neutral=model.mean, views=(),
        expression_names=model.expression_names, expression_deltas=model.expression_basis,
        detail=DetailMaps(*np.array(maps, np.float32)),
    )


@pytest.fixture(scope="module")
def folder(character, tmp_path_factory):
    path = tmp_path_factory.mktemp("bake")
    bake(character, path)
    return path


@pytest.fixture(scope="module")
def texels(character):
    """Random texels of the chart with the triangle and barycentric coordinates under their centres, by brute force."""
    topology = character.topology
    quads, uv = topology.part_faces("head"), topology.uv[topology.face_part == 0]
    corner = np.arange(quads.size).reshape(-1, 4)
    corner[:, 3] = np.where(quads[:, 3] == quads[:, 2], corner[:, 2], corner[:, 3])
    corner = quads_to_triangles(corner)
    a, b, c = uv.reshape(-1, 2)[corner].astype(float).transpose(1, 0, 2)
    rows, columns, triangles, weights = [], [], [], []
    for row, column in np.random.default_rng(2).integers(0, SIZE, (900, 2)):
        point = np.array([(column + 0.5) / SIZE, 1 - (row + 0.5) / SIZE])
        cross = [(q - p)[:, 0] * (point - p)[:, 1] - (q - p)[:, 1] * (point - p)[:, 0] for p, q in
                 ((b, c), (c, a), (a, b))]
        area = np.sum(cross, 0)
        inside = np.flatnonzero(np.min(np.array(cross) * np.sign(area), 0) > 1e-9)
        if len(inside) == 1:
            rows.append(row)
            columns.append(column)
            triangles.append(quads.reshape(-1)[corner[inside[0]]])
            weights.append(np.array(cross)[:, inside[0]] / area[inside[0]])
    assert len(rows) > 300
    return np.array(rows), np.array(columns), np.array(triangles), np.array(weights)


def live(character, texels, weights):
    """(n,) mm at the texels: the equation of the detail maps with the tension of the pose."""
    rows, columns, triangles, at = texels
    strain = tension(character.topology, character.neutral, character.posed(weights)).stack()
    strain = np.einsum("nk,nkc->nc", at, strain[triangles])
    maps = character.detail
    return (maps.static[rows, columns] + strain[:, 0] * maps.compressed_1[rows, columns]
            + strain[:, 1] * maps.compressed_2[rows, columns] + strain[:, 2] * maps.stretched[rows, columns])


def test_blend_equals_the_live_result_at_every_key_expression(character, folder, texels):
    moved = 0
    for name, shapes in KEY_EXPRESSIONS.items():
        expected = live(character, texels, key_weights(character, name))
        found = blend_bake(folder, dict.fromkeys(shapes, 1.0))[texels[0], texels[1]]
        assert np.abs(found - expected).max() < QUANTISATION, name
        moved += np.abs(expected - live(character, texels, np.zeros(52))).max() > 0.05
    assert moved >= 15


def test_expressions_that_move_apart_add_up(character, folder, texels):
    shapes = KEY_EXPRESSIONS["brow_raise"] + KEY_EXPRESSIONS["pucker"]
    expected = live(character, texels, np.isin(character.expression_names, shapes).astype(np.float32))
    error = blend_bake(folder, dict.fromkeys(shapes, 1.0))[texels[0], texels[1]] - expected
    change = expected - live(character, texels, np.zeros(52))
    assert (error**2).sum() < 0.02 * (change**2).sum()


def test_half_an_expression_keeps_most_of_the_live_change(character, folder, texels):
    rest = live(character, texels, np.zeros(52))
    error = change = 0.0
    for name, shapes in KEY_EXPRESSIONS.items():
        expected = live(character, texels, 0.5 * key_weights(character, name))
        error += ((blend_bake(folder, dict.fromkeys(shapes, 0.5))[texels[0], texels[1]] - expected) ** 2).sum()
        change += ((expected - rest) ** 2).sum()
    assert error < 0.1 * change


def test_compact_form_equals_the_live_result_of_single_shape_keys(character, folder, texels):
    for shape in ("browInnerUp", "browDownLeft", "jawOpen", "mouthPucker", "mouthSmileRight"):
        expected = live(character, texels, np.isin(character.expression_names, [shape]).astype(np.float32))
        change = expected - live(character, texels, np.zeros(52))
        error = blend_compact(folder, {shape: 1.0})[texels[0], texels[1]] - expected
        assert np.sqrt((error**2).mean()) < 0.08 * np.sqrt((change**2).mean()) + QUANTISATION / 8, shape


@pytest.mark.parametrize(
    "acting",
    [
        {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browDownLeft": 1.0, "browDownRight": 1.0},  # opposite strains
        {"browDownLeft": 1.0, "browDownRight": 1.0, "noseSneerLeft": 1.0, "noseSneerRight": 1.0},
        {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7, "jawOpen": 0.6},
        {"jawOpen": 0.5},
        {"mouthSmileLeft": 0.5},
    ],
)
def test_compact_form_follows_blends(character, folder, texels, acting):
    weights = np.array([acting.get(name, 0.0) for name in character.expression_names], np.float32)
    change = live(character, texels, weights) - live(character, texels, np.zeros(52))
    found = blend_compact(folder, acting) - blend_compact(folder, {})
    assert np.sqrt(((found[texels[0], texels[1]] - change) ** 2).mean()) < 0.4 * np.sqrt((change**2).mean())


def test_masks_tell_stretch_from_compression_and_what_a_line_misses(character):
    prepared = tension_weights(character.topology, character.neutral)
    slope, bend = tension_masks(character, prepared, "browDownLeft")
    forehead = character.topology.region("forehead")[: len(slope)] > 0.5
    # a lowered brow pulls the forehead long: a raised one has to make up for that first
    assert slope[forehead, 0].min() < -0.2
    posed = character.neutral + 0.5 * character.expression_deltas[character.expression_names.index("jawOpen")]
    slope, bend = tension_masks(character, prepared, "jawOpen")
    half = evaluate_tension(prepared, posed).stack()
    straight, bent = (np.clip(0.5 * slope + 0.25 * b, 0.0, 1.0) for b in (0.0, bend))
    assert ((bent - half) ** 2).sum() < 0.25 * ((straight - half) ** 2).sum()


def test_left_and_right_masks_are_told_apart(character):
    masks = activation_masks(character, "smile")
    x = character.neutral[: len(masks["mouthSmileLeft"]), 0]
    cheek = character.topology.region("cheek")[: len(x)] > 0.8
    assert masks["mouthSmileLeft"][cheek & (x > 25)].min() > 0.95
    assert masks["mouthSmileRight"][cheek & (x > 25)].max() < 0.05
    brow = character.topology.region("glabella")[: len(x)] > 0.9
    assert np.median(masks["mouthSmileLeft"][brow]) < 0.1


def test_key_expressions_share_no_shape_key():
    shapes = [shape for key in KEY_EXPRESSIONS.values() for shape in key]
    assert len(KEY_EXPRESSIONS) == 20 and len(set(shapes)) == len(shapes)
    assert set(shapes) <= set(tiny_character().expression_names)


def test_quantised_shares_keep_their_sum():
    shares = np.random.default_rng(0).dirichlet([1, 1, 1, 1], 500).T
    coded = quantised_shares(shares)
    assert (coded.sum(0, dtype=int) == 255).all()
    assert np.abs(coded / 255 - shares).max() <= 1 / 255


def test_files_are_what_the_description_says(character, folder):
    described = json.loads((folder / "bake.json").read_text())
    for name, parts in described["expressions"].items():
        assert decode_png((folder / parts["map"]).read_bytes(), 16, 1).shape == (SIZE, SIZE)
        assert set(parts["masks"]) == set(KEY_EXPRESSIONS[name])
    assert "mouthClose" in described["undriven"]
    assert not list(folder.glob("*.part"))


def test_normals_blend_to_the_baked_normals(character, tmp_path):
    bake(character, tmp_path, 64, "normal")
    described = json.loads((tmp_path / "bake.json").read_text())
    coded = decode_png((tmp_path / described["expressions"]["grin"]["map"]).read_bytes(), 16, 3)
    found = blend_bake(tmp_path, dict.fromkeys(KEY_EXPRESSIONS["grin"], 1.0))
    np.testing.assert_allclose(found, coded / 32767.5 - 1, atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0, atol=1e-4)


def test_bad_requests_and_damaged_folders_are_one_line(character, folder, tmp_path, capsys):
    with pytest.raises(OutputError, match="kind|bake 'colour'"):
        bake(character, tmp_path, kind="colour")
    with pytest.raises(OutputError, match="from 64 to 8192"):
        bake(character, tmp_path, 16)
    with pytest.raises(BakeError, match="no bake.json"):
        blend_bake(tmp_path, {})
    described = json.loads((folder / "bake.json").read_text())
    described["expressions"]["neutral"]["map"] = "../secret.png"
    (tmp_path / "bake.json").write_text(json.dumps(described))
    with pytest.raises(BakeError, match="outside the folder"):
        blend_bake(tmp_path, {})
    (tmp_path / "bake.json").write_text(json.dumps(described | {"schema": 99}))
    with pytest.raises(BakeError, match="version 99"):
        blend_bake(tmp_path, {})


def test_the_command_bakes_and_refuses_an_odd_size_in_one_line(tmp_path, capsys):
    save_character(tiny_character(), tmp_path / "a.furrow")
    assert cli.main(["bake", str(tmp_path / "a.furrow"), "--dir", str(tmp_path / "out"), "--size", "64"]) == 0
    assert (tmp_path / "out" / "displacement_smile.png").is_file()
    assert cli.main(["bake", str(tmp_path / "a.furrow"), "--dir", str(tmp_path / "out"), "--size", "5"]) == 2
    assert capsys.readouterr().err.startswith("furrow: Cannot bake maps of 5 texels")


def test_fine_skin_is_that_of_the_character(character, tmp_path, assets):
    """Tiles as those of the package; twice as strong on a forehead of gain 2."""
    heights = load_tiles(assets / TILES_FILE)
    baked = {}
    for gain in (1.0, 2.0):
        bake(replace(character, pore_gains=np.array([gain, 1.0, 1.0, 1.0])), tmp_path / str(gain), 64)
        described = json.loads((tmp_path / str(gain) / "bake.json").read_text())["fine_skin"]
        tiles = decode_png((tmp_path / str(gain) / described["tiles"]).read_bytes(), 16, 4) / 65535
        np.testing.assert_allclose((tiles - 0.5) * described["scale_mm"], heights.transpose(1, 2, 0), atol=2e-5)
        weights = decode_png((tmp_path / str(gain) / described["weights"]).read_bytes(), 8, 4) / 255
        baked[gain] = described["factor"] * weights.sum(-1)
    assert 5 < described["repeats"] < 40
    topology = character.topology
    for region, ratio in (("forehead", 2.0), ("cheek", 1.0), ("lips", 1.0)):
        inside = uv_raster(topology, 512).sample(topology.region(region)) > 0.99
        assert np.median(baked[2.0][inside] / baked[1.0][inside]) == pytest.approx(ratio, abs=0.03)
