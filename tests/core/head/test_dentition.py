"""Teeth one by one: as wide as people's, on the coarse rows' arches, hidden by closed lips, lower ones with the jaw."""

import numpy as np
import pytest
from furrow.core.head.dentition import (
    EDGE,
    GUM_LINE,
    LOWER,
    ROWS,
    UPPER,
    biting_line,
    chart_place,
    columns,
    fine_teeth,
)
from furrow.core.head.model import JOINTS
from furrow.core.head.raster import rasterize
from furrow.core.mesh.operators import quads_to_triangles, triangle_normals
from furrow.core.mesh.subdivision import subdivide
from furrow.models.evaluation.made_up import tiny_character


@pytest.fixture(scope="module")
def teeth(model):
    return fine_teeth(model.topology, model.mean)


def rows_of(teeth):
    """(2, rows, columns, 3) upper and lower sheet."""
    return teeth.vertices.reshape(2, len(ROWS), -1, 3)


def test_made_up_meshes_without_rows_stay_as_they_are():
    character = tiny_character()
    assert fine_teeth(character.topology, character.neutral) is None


def test_columns_run_from_right_to_left_over_all_teeth():
    for table in (UPPER, LOWER):
        way, tooth, place = columns(table)
        assert (np.diff(way) > 0).all() and len(set(tooth.tolist())) == len(table)
        np.testing.assert_allclose(way, -way[::-1], atol=1e-9)
        assert way[-1] == sum(row[0] for row in table) and abs(place).max() == 1.0


def test_an_arch_of_a_half_circle_is_measured_along_it():
    angle = np.repeat(np.linspace(-1.2, 1.2, 80), 6)
    height = np.tile(np.linspace(0.0, 15.0, 6), 80)
    points = np.column_stack([30.0 * np.sin(angle), height, 30.0 * np.cos(angle)])
    arch = biting_line(points, up=-1.0)
    assert np.interp(0.0, arch.points[:, 0], arch.along) == pytest.approx(0.0, abs=0.2)
    assert np.ptp(arch.along) == pytest.approx(30.0 * 2.4, rel=0.06)
    middle = np.abs(arch.along) < 15.0
    assert arch.points[middle, 1].max() < 1.5  # the edge is below
    unit = arch.points[middle] * [1.0, 0.0, 1.0]
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    assert (np.einsum("nk,nk->n", unit, arch.outward[middle]) > 0.97).all()


def test_incisors_are_as_large_as_peoples(teeth):
    upper = rows_of(teeth)[0]
    way, tooth, place = columns(UPPER)
    own = np.flatnonzero((tooth == 0) & (way > 0))
    edge, neck = (np.argmin(np.abs(ROWS - v)) for v in (EDGE, GUM_LINE))
    middle = own[np.argmin(np.abs(place[own]))]
    assert 8.0 < upper[neck, middle, 1] - upper[edge, middle, 1] < 12.0
    assert 8.6 > np.ptp(upper[edge, [own[0], own[-1] + 1], 0]) > 7.5  # of 8.5 along the arch
    lateral = np.flatnonzero((tooth == 1) & (way > 0))
    assert upper[edge, lateral, 1].mean() > upper[edge, own, 1].mean() + 0.3  # shorter


def test_faces_look_out_of_the_gums(teeth):
    front = teeth.faces.reshape(2, len(ROWS) - 1, -1, 4)[:, : np.argmin(np.abs(ROWS - EDGE))]
    triangles = quads_to_triangles(front.reshape(-1, 4))
    middle = np.abs(teeth.vertices[triangles][..., 0]).max(1) < 8.0
    assert (triangle_normals(teeth.vertices, triangles)[middle, 2] > 0).mean() > 0.9


def test_rows_have_halves_of_the_map_to_themselves(teeth):
    faces = len(teeth.faces) // 2
    assert teeth.uv[:faces, :, 1].min() >= 0.5 - 1e-9 and teeth.uv[faces:, :, 1].max() <= 0.5 + 1e-9
    np.testing.assert_allclose(chart_place(np.array(0.0), np.array(0.0), UPPER, True), [0.5, 1.0])


def through_skin(model, neutral, name=None):
    """Pixels of 1/16 mm2 in which teeth or gums show before skin that lies close behind them."""
    head = model.topology.part_slice("head")
    fine = subdivide(model.topology.part_faces("head"), head.stop, 1)
    teeth = fine_teeth(model.topology, neutral)
    delta = 0.0 * neutral if name is None else model.expression_basis[model.expression_names.index(name)]
    skin = fine((neutral + delta)[head])
    points = np.concatenate([skin, teeth.vertices + teeth.carrier @ delta])
    skin_triangles = quads_to_triangles(fine.faces)
    triangles = np.concatenate([skin_triangles, quads_to_triangles(teeth.faces) + len(skin)])
    xy = np.column_stack([points[:, 0] + 45.0, -30.0 - points[:, 1]]) * 4.0
    shown, at = rasterize(xy, -points[:, 2], triangles, 360, 360, perspective=False)
    behind, under = rasterize(xy, -points[:, 2], skin_triangles, 360, 360, perspective=False)
    before, after = (
        np.einsum("hwk,hwk->hw", share, points[faces[index], 2])
        for share, faces, index in ((at, triangles, shown), (under, skin_triangles, behind))
    )
    # further behind it is the mouth, seen through a slit of the lips
    return int(((shown >= 0) & (triangles[shown, 0] >= len(skin)) & (before - after < 4.0)).sum())


@pytest.mark.parametrize("name", [None, "mouthPucker", "mouthPressLeft", "mouthRollUpper", "mouthSmileLeft", "jawOpen"])
def test_no_teeth_go_through_the_lips(model, name):
    assert through_skin(model, model.mean, name) < 12


@pytest.mark.parametrize("seed", range(4))
def test_no_gums_go_through_the_chins_of_people(model, seed):
    person = model.neutral(np.random.default_rng(seed).normal(0.0, 1.0, 60))
    assert through_skin(model, person) < 12


def test_a_row_that_stands_out_is_noticed(model):
    moved = model.mean.copy()
    moved[model.topology.part_slice("teeth"), 2] += 8.0
    assert through_skin(model, moved) > 200


def test_jaw_moves_the_lower_row_alone(model, teeth):
    jaw = JOINTS.index("jaw")
    weights = (teeth.carrier @ model.topology.skin_weights)[:, jaw].reshape(2, -1)
    np.testing.assert_allclose(weights[0], 0.0, atol=1e-6)
    np.testing.assert_allclose(weights[1], 1.0, atol=1e-6)
    moved = (teeth.carrier @ model.expression_basis[model.expression_names.index("jawOpen")]).reshape(2, -1, 3)
    assert np.abs(moved[0]).max() < 1e-4 and moved[1][:, 1].max() < -5.0
