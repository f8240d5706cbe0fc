"""What the panel says: labels of the sliders, notes about a file that was read."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, scene  # noqa: E402, F401
from furrow.blender_addon.head.expressions import GROUPS  # noqa: E402
from furrow.blender_addon.head.file_notes import file_notes  # noqa: E402
from furrow.blender_addon.ui.panels.expression import label  # noqa: E402
from furrow.core.character.file import save_character  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401

LENGTHS = ("neutral", "expression_deltas", "directions", "joints", "joint_directions")


@pytest.fixture
def person(assets):
    return dataclasses.replace(mean_character(assets, "Anna"), warnings=())


def scaled(character, factor):
    """The character with all lengths of its geometry times factor."""
    return dataclasses.replace(character, **{name: getattr(character, name) * factor for name in LENGTHS})


def test_sliders_of_a_group_have_short_labels_of_their_own(person):
    for group, prefixes in GROUPS.items():
        keys = [name for name in person.expression_names if name.startswith(prefixes)]
        names = {name.removesuffix("Left").removesuffix("Right") for name in keys}
        labels = [label(name, group) for name in names]
        assert len(set(labels)) == len(labels) and all(0 < len(text) <= 12 for text in labels)
    assert label("jaw", "Jaw") == label("mouth", "Mouth") == "Sideways"
    assert label("mouthShrugUpper", "Mouth") == "Shrug Upper"
    assert label("tongueOut", "Mouth") == "Tongue Out"
    assert label("noseSneer", "Cheeks and Nose") == "Nose Sneer"


@pytest.mark.parametrize(("factor", "words"), [(1 / 1.07, "7 % smaller"), (1.1, "10 % larger")])
def test_a_head_of_another_size_is_said_with_the_scale_that_mends_it(person, factor, words):
    (note,) = file_notes(scaled(person, factor))
    assert words in note and f"by {1 / factor:.2f} " in note


def test_a_head_of_today_is_nothing_to_tell(person):
    assert file_notes(person) == []
    assert file_notes(scaled(person, 1.004)) == []  # rounding


def test_one_direction_modelled_anew_does_not_change_the_size(person):
    directions = person.directions.copy()
    directions[0] *= 0.5
    assert file_notes(dataclasses.replace(person, directions=directions)) == []


def test_another_mesh_is_said(person):
    (note,) = file_notes(dataclasses.replace(person, directions=person.directions[:, :-1]))
    assert "another head mesh" in note and "reconstruct its photo again" in note


def test_import_shows_notes_and_the_next_action_clears_them(addon, scene, tmp_path, person):  # noqa: F811
    path = tmp_path / "old.furrow"
    save_character(dataclasses.replace(scaled(person, 0.9), warnings=("the light was dim",)), path)
    job = bpy.context.window_manager.furrow_job
    assert bpy.ops.furrow.import_character(filepath=str(path)) == {"FINISHED"}
    size, light = job.notes.splitlines()
    assert "10 % smaller" in size and light == "the light was dim"
    head = bpy.context.object
    assert np.ptp([v.co.z for v in head.data.vertices]) < 0.95 * np.ptp(person.neutral[:, 1]) * 0.001
    bpy.ops.furrow.preset(preset="smile")
    assert job.notes == ""
