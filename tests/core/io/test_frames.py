"""Animations whose first frames show nothing."""

import numpy as np
import pytest
from face_fixtures import portrait
from furrow.core.io.photo import load_photo
from PIL import Image


def animation(path, *levels):
    """Frames of the portrait (None) or of one grey level."""
    size = (96, 96)
    shown = Image.fromarray(portrait()).resize(size)
    frames = [shown if level is None else Image.new("RGB", size, (level,) * 3) for level in levels]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, lossless=True)
    return np.asarray(shown).astype(float)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_the_first_frame_that_shows_something_is_taken(tmp_path, ending):
    path = tmp_path / f"fade.{ending}"
    shown = animation(path, 0, 255, None, 0)
    photo = load_photo(path)
    assert np.abs(photo.pixels - shown).mean() < 6  # a GIF has 256 colours
    (note,) = photo.notes
    assert "number 3 is used" in note


def test_a_first_frame_that_shows_something_stays(tmp_path):
    shown = animation(tmp_path / "a.webp", None, 0)
    photo = load_photo(tmp_path / "a.webp")
    assert np.abs(photo.pixels - shown).mean() < 1 and photo.notes == ("it has several frames, the first is used.",)


def test_an_animation_of_nothing_is_its_first_frame(tmp_path):
    animation(tmp_path / "a.gif", 0, 90, 30)
    assert load_photo(tmp_path / "a.gif").pixels.max() == 0
