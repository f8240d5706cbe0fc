"""What the benchmark of skin says, against colours and characters whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.character.character import Character
from furrow.core.head.fitted import Landmarks, View
from furrow.core.image.colour import linear_to_srgb
from furrow.models.evaluation.portraits import portrait, skin_albedo
from furrow.models.evaluation.skin_truth import colour_error, judged, lab, plain_pixels
from furrow.models.renders.scene import render_scene


def test_colours_of_known_place():
    assert lab(np.array([255.0, 255.0, 255.0])) == pytest.approx([100, 0, 0], abs=0.1)
    assert lab(np.array([255.0, 0.0, 0.0])) == pytest.approx([53.2, 80.1, 67.2], abs=0.3)


def test_differences_of_lightness_hue_and_chroma():
    assert colour_error((60.0, 10.0, 10.0), (50.0, 10.0, 0.0)) == pytest.approx((10.0, 45.0, 200**0.5 - 10.0))
    turned = colour_error((50.0, -10.0, -1.0), (50.0, -10.0, 1.0))  # across 180 degrees, the short way
    assert abs(turned[1]) == pytest.approx(2 * np.degrees(np.arctan(0.1)))


def test_plain_skin_lies_inside_the_chart_and_apart_from_the_lips(model):
    rows, columns = plain_pixels(model.topology, 256).T
    assert len(rows) > 100 and rows.min() >= 0 and columns.max() < 256
    painted = np.zeros((256, 256), bool)
    painted[rows, columns] = True
    lips = model.topology.uv[(model.topology.region("lips") > 0.9)[model.topology.faces].all(1)].mean(1)
    at = np.clip((np.stack([1 - lips[:, 1], lips[:, 0]], 1) * 256).astype(int), 0, 255)
    assert not painted[at[:, 0], at[:, 1]].any()


def test_the_truth_itself_is_without_error_and_changes_are_told(model):
    """A character that is as painted; then one too light, its landmarks moved, smiling, and without skin."""
    head = model.mean.astype(float)
    taken = portrait(render_scene(model), head, 6, "daylight", 0.0, 1)
    pixels = taken.camera.project(taken.pose.apply(model.landmarks(head)))
    box = np.concatenate([pixels.min(0), pixels.max(0)])
    marks = Landmarks(pixels, np.zeros(478), np.ones(478), 1.0, box)
    view = View("a.png", taken.camera, taken.pose, np.zeros(52), marks, 0.0)
    skin = np.rint(255 * linear_to_srgb(np.array(skin_albedo(6)))).astype(np.uint8)
    whole = Character.__new__(Character)
    values = {"albedo": np.tile(skin, (64, 64, 1)), "skin_mask": np.full((64, 64), 255, np.uint8), "views": (view,),
              "expression_names": model.expression_names}
    for name, value in values.items():
        object.__setattr__(whole, name, value)
    right = judged(model, whole, taken, head, 6)
    assert abs(right.lightness) < 0.5 and abs(right.hue) < 2 and right.landmarks < 1e-6 and right.covered == 1.0
    moved = replace(marks, points=pixels + [3.0, 0.0])
    smiling = np.where(np.char.startswith(model.expression_names, "mouthSmile"), 0.8, 0.0)
    object.__setattr__(whole, "views", (replace(view, landmarks=moved, expression=smiling),))
    object.__setattr__(whole, "albedo", np.minimum(whole.albedo.astype(int) + 40, 255).astype(np.uint8))
    object.__setattr__(whole, "skin_mask", np.zeros((64, 64), np.uint8))
    wrong = judged(model, whole, taken, head, 6)
    assert wrong.lightness > 8 and wrong.landmarks > 1.0 and wrong.covered == 0.0
    assert wrong.false_expression == pytest.approx(1.6 / 44)
