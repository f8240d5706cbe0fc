"""Named expressions: real ARKit weights, alike on both sides, and those of the photo."""

import dataclasses

import numpy as np
import pytest
from furrow.core.character.presets import PHOTO, PRESETS, photo_expression, preset_weights
from furrow.models.evaluation.made_up import ARKIT, tiny_character

OPPOSED = (("brow_raise", "frown"), ("smile", "frown"), ("smile", "pucker"))


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name]])
def test_a_preset_is_made_of_arkit_weights_alike_on_both_sides(name):
    weights = PRESETS[name]
    assert set(weights) <= set(ARKIT) and all(0.0 < w <= 1.0 for w in weights.values())
    for key, weight in weights.items():
        twin = key.replace("Left", "Right") if "Left" in key else key.replace("Right", "Left")
        assert weights[twin] == weight, key
    assert max(weights.values()) >= 0.9  # a button that hardly moves the face is of no use


def test_expressions_that_exclude_each_other_share_no_main_movement():
    for one, other in OPPOSED:
        main = [{key for key, w in PRESETS[name].items() if w >= 0.5} for name in (one, other)]
        assert not main[0] & main[1], (one, other)


def test_as_in_the_photo_is_the_first_photos_expression_within_0_and_1():
    person = tiny_character()
    wanted = np.linspace(-0.2, 1.3, len(person.expression_names))
    first = dataclasses.replace(person.views[0], expression=wanted)
    last = dataclasses.replace(person.views[0], expression=np.zeros_like(wanted))
    found = preset_weights(PHOTO, photo_expression(dataclasses.replace(person, views=(first, last))))
    assert list(found) == list(person.expression_names)
    assert list(found.values()) == pytest.approx([min(max(w, 0.0), 1.0) for w in wanted])
    assert preset_weights(PHOTO, photo_expression(dataclasses.replace(person, views=()))) == {}


def test_weights_of_a_preset_can_be_changed_without_changing_the_preset():
    weights = preset_weights("smile", {})
    weights.clear()
    photo = {"jawOpen": 0.5}
    preset_weights(PHOTO, photo).clear()
    assert PRESETS["smile"] and photo == {"jawOpen": 0.5}
    assert preset_weights("neutral", photo) == {}
