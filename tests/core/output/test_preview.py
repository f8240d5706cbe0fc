"""Contact sheet: the overlay covers the face, the crop centres it, a missing render is one clear line."""

import dataclasses

import numpy as np
import pytest
from furrow.core.errors import OutputError
from furrow.core.output import preview
from furrow.models.evaluation.made_up import tiny_character
from PIL import Image


@pytest.fixture
def character():
    """The tiny character in a neutral photo, with its landmarks where the head is."""
    made = tiny_character()
    view = made.views[0]
    points = view.camera.project(view.pose.apply(made.neutral[np.arange(478) % 30]))
    marks = dataclasses.replace(view.landmarks, points=points)
    return dataclasses.replace(made, views=(dataclasses.replace(view, landmarks=marks, expression=np.zeros(52)),))


def test_overlay_changes_the_head_and_nothing_else(character):
    view = character.views[0]
    pixels = np.full((240, 320, 3), (10, 200, 30), np.uint8)
    drawn = preview.overlay(pixels, character, view, opacity=1.0)
    inside = view.camera.project(view.pose.apply(np.array([[0.0, 0.0, 0.0]])))[0].astype(int)
    assert np.ptp(drawn[inside[1], inside[0]].astype(int)) == 0  # grey mesh over the green photo
    np.testing.assert_array_equal(drawn[:5], pixels[:5])
    np.testing.assert_array_equal(preview.overlay(pixels, character, view, opacity=0.0), pixels)


def test_crop_is_centred_on_the_landmarks(character):
    view = character.views[0]
    pixels = np.zeros((240, 320, 3), np.uint8)
    centre = ((view.landmarks.points.min(0) + view.landmarks.points.max(0)) / 2).astype(int)
    pixels[centre[1] - 4 : centre[1] + 4, centre[0] - 4 : centre[0] + 4] = 255
    crop = preview.face_crop(pixels, view)
    assert crop.shape == (preview.TILE[1], preview.TILE[0], 3)
    y, x = (np.argwhere(crop[..., 0] > 128).mean(0) / [preview.TILE[1], preview.TILE[0]]).tolist()
    assert abs(x - 0.5) < 0.02 and 0.4 < y < 0.5 + 0.1


def test_camera_of_a_tile_projects_where_the_crop_shows_it(character):
    view = character.views[0]
    framed = preview.face_camera(view)
    zoom, shift = preview.face_frame(view)
    points = view.pose.apply(character.neutral[:30])
    np.testing.assert_allclose(framed.camera.project(points), zoom * view.camera.project(points) + shift, atol=1e-6)
    assert (framed.camera.width, framed.camera.height) == preview.TILE


def test_sheet_holds_every_tile(character, tmp_path):
    shades = {}
    for i, shot in enumerate(preview.SHOTS):
        shades[shot] = (40 + 20 * i, 5, 5)
        Image.new("RGB", preview.TILE, shades[shot]).save(tmp_path / f"{shot}.png")
    sheet = preview.contact_sheet(np.zeros((240, 320, 3), np.uint8), character, tmp_path)
    for colour in shades.values():
        assert (sheet == np.array(colour, np.uint8)).all(-1).sum() > 0.9 * preview.TILE[0] * preview.TILE[1]


def test_missing_render_is_one_line(character, tmp_path):
    with pytest.raises(OutputError, match="is missing"):
        preview.contact_sheet(np.zeros((240, 320, 3), np.uint8), character, tmp_path)
