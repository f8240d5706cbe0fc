"""Wrinkle groups as records: one entry goes through atlas, detection, age and drawing."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.detail.apparent_age import apparent_age
from furrow.core.detail.candidates import SURE, favoured, scored, usual_lines
from furrow.core.detail.grooves import ViewLines
from furrow.core.detail.group_fields import line_groups
from furrow.core.detail.ridges import link_lines, ridge_response
from furrow.core.errors import AssetsError
from furrow.core.head.chart import head_chart, sample_uv
from furrow.core.wrinkles.atlas import load_atlas, save_atlas
from furrow.core.wrinkles.coefficients import person
from furrow.core.wrinkles.group import Appearance, Zone, group_table, groups_of
from furrow.core.wrinkles.maps import static_prior
from furrow.models.wrinkles import atlas as atlas_of
from furrow.models.wrinkles import fields, groups
from furrow.models.wrinkles.atlas import build_atlas
from furrow.models.wrinkles.face_frame import ellipse
from furrow.models.wrinkles.habits import SMILE
from furrow.models.wrinkles.line_directions import upright
from furrow.models.wrinkles.line_group import LineGroup

SIZE, SEED = 512, 5


def cheek(frame):
    x, y = np.abs(frame[:, 0]), frame[:, 1]
    return ellipse(x, y, (40.0, -40.0), (12.0, 18.0)) * (frame[:, 2] > -42.0)


DIMPLE = LineGroup(
    "dimple", 1, SMILE, 8.0, 0.9, 1.0, 0.0, 4, 28, 0.05, mask=cheek, direction=upright, secondary=0.0, prior=0.3,
    appearance=Appearance(odds=2.0, zone="dimples"),
)  # fmt: skip


@pytest.fixture(scope="module")
def dimpled(model, tmp_path_factory):
    """An atlas with one more entry, by way of its file."""
    path = tmp_path_factory.mktemp("atlas") / "wrinkles.npz"
    with pytest.MonkeyPatch.context() as patch:
        table = {
            "GROUPS": (groups.GROUPS[0], DIMPLE), "FOLDS": groups.FOLDS[:1],
            "ZONES": (*groups.ZONES, Zone("dimples", 1.0, 0.01, 0.05)),
        }
        for module, name in ((module, name) for module in (groups, atlas_of, fields) for name in table):
            if hasattr(module, name):
                patch.setattr(module, name, table[name])
        names = model.expression_names
        save_atlas(build_atlas(model.topology, model.mean, model.expression_basis, names), path)
    return load_atlas(path)


def drawn_alone(atlas, row):
    """(S, S) mm that the curves of one group are deep on an old face."""
    alone = atlas.of_points(atlas.curve_group == row)
    return static_prior(replace(atlas, memory=np.where(alone, atlas.memory, 0).astype(np.float32)), SIZE, 0.95, SEED)


def test_the_atlas_has_its_lines(dimpled):
    row = dimpled.group_names.index("dimple")
    assert dimpled.groups[row].appearance == DIMPLE.appearance
    assert dimpled.group_driver[row].sum() == sum(SMILE.values())
    lines = dimpled.curve_group == row
    assert lines.sum() > 20 and len(np.unique(dimpled.curve_layout[lines])) == DIMPLE.layouts


def test_its_lines_are_drawn(dimpled):
    row = dimpled.group_names.index("dimple")
    relief = drawn_alone(dimpled, row)
    curves = [c for c in person(dimpled, SEED).curves if dimpled.curve_group[c] == row]
    points = np.concatenate([np.arange(*dimpled.curve_start[c : c + 2]) for c in curves])
    deep = points[dimpled.strength[points] > 0.5]
    assert np.median(sample_uv(relief, dimpled.uv[deep])) < -0.1


def test_its_lines_are_found_and_tell_age(model, dimpled):
    row = dimpled.group_names.index("dimple")
    groups, chart = line_groups(dimpled), head_chart(model.topology, model.mean, SIZE)
    assert groups.each("odds")[groups.names.index("dimple")] == 2.0
    trust = np.ones((SIZE, SIZE), np.float32)
    ridges = ridge_response(0.5 * drawn_alone(dimpled, row), trust, chart)
    lines = usual_lines(groups, link_lines(favoured(ridges, groups)), trust, chart)
    found = scored(groups, lines, chart, ridges)
    sure = found.chosen(found.score > SURE)
    assert len(sure) >= 4 and (sure.group == row).all()
    grid = len(ridges.strength)
    view = ViewLines(sure, None, None, np.ones((grid, grid), np.float32), np.zeros((grid, grid, 2), np.float32))
    none = replace(view, found=sure.chosen(np.zeros(len(sure), bool)))
    assert apparent_age(dimpled, groups, [view], chart) > apparent_age(dimpled, groups, [none], chart) + 0.1


def test_records_survive_the_file(atlas, tmp_path):
    save_atlas(atlas, tmp_path / "copy.npz")
    copy = load_atlas(tmp_path / "copy.npz")
    assert copy.groups == groups.records()
    assert copy.zones == groups.ZONES


@pytest.mark.parametrize(
    "change",
    [
        lambda g: {"family": 3},
        lambda g: {"habit": -1},
        lambda g: {"floor": 1.5},
        lambda g: {"young": float("nan")},
        lambda g: {"name": "crows_feet"},
        lambda g: {"appearance": replace(g.appearance, zone="nowhere")},
        lambda g: {"appearance": replace(g.appearance, odds=float("inf"))},
        lambda g: {"appearance": replace(g.appearance, sure=float("nan"))},
    ],
)
def test_records_that_cannot_be_are_refused_in_one_line(atlas, tmp_path, change):
    first = replace(atlas.groups[0], **change(atlas.groups[0]))
    save_atlas(replace(atlas, groups=(first, *atlas.groups[1:])), tmp_path / "bad.npz")
    with pytest.raises(AssetsError, match="damaged") as caught:
        load_atlas(tmp_path / "bad.npz")
    assert "\n" not in str(caught.value)


def test_tables_of_another_kind_are_refused(atlas, tmp_path):
    table = group_table(atlas.groups)
    for bad in (table[["name", "family"]], np.zeros(3), table.reshape(1, -1)):
        with pytest.raises(ValueError):
            groups_of(bad)
    with pytest.raises(ValueError, match="longer"):
        group_table((replace(atlas.groups[0], name="x" * 40),))
    with np.load(save_copy(atlas, tmp_path), allow_pickle=False) as stored:
        arrays = dict(stored)
    for name in ("groups", "zones"):
        np.savez(tmp_path / "old.npz", **{k: v for k, v in arrays.items() if k != name})
        with pytest.raises(AssetsError, match="damaged"):
            load_atlas(tmp_path / "old.npz")


def save_copy(atlas, folder):
    save_atlas(atlas, folder / "copy.npz")
    return folder / "copy.npz"
