"""Bands of static detail: neutral weights change nothing, and each strength acts on its own part."""

import dataclasses

import numpy as np
import pytest
from furrow.core.character.bands import LARGEST, static_bands
from furrow.core.character.edit import residual_share
from furrow.core.head.raster import texel_millimetres
from furrow.models.evaluation.made_up import tiny_character
from helpers import band_weights

SIZE = 128


def made(residual=True):
    base = tiny_character(size=SIZE)
    texel = texel_millimetres(base.topology, base.neutral, SIZE)
    base = dataclasses.replace(base, neutral=base.neutral * np.float32(0.5 / texel))  # half a millimetre a texel
    x = np.arange(SIZE) * 0.5
    folds = np.tile(0.3 * np.sin(2 * np.pi * x / 32.0), (SIZE, 1)).astype(np.float32)
    lines = np.tile(0.1 * np.sin(2 * np.pi * x / 2.0), (SIZE, 1)).astype(np.float32).T
    photo = (0.5 * folds + 0.5 * lines).astype(np.float32)
    detail = dataclasses.replace(base.detail, static=folds + lines)
    kept = photo / residual_share(base.age, base.residual_age) if residual else None
    return dataclasses.replace(base, detail=detail, static_residual=kept), folds, lines, photo


def live(character, **strengths):
    """What the nodes compute, at the bands' size."""
    weights = band_weights(*({"folds": 1.0, "lines": 1.0, "photo": 1.0, "atlas": 1.0} | strengths).values())
    static = character.detail.static.reshape(SIZE // 2, 2, SIZE // 2, 2).mean((1, 3))
    return weights[0] * static + static_bands(character) @ weights[1:]


def gain(found, wave):
    wave = wave.reshape(SIZE // 2, 2, SIZE // 2, 2).mean((1, 3))[12:-12, 12:-12]
    return float((found[12:-12, 12:-12] * wave).sum() / (wave**2).sum())


def test_all_strengths_at_one_is_the_map_itself():
    np.testing.assert_array_equal(band_weights(1, 1, 1, 1), [1, 0, 0, 0])


@pytest.mark.parametrize(
    ("strengths", "of_folds", "of_lines"),
    [
        ({"folds": 0.0}, 0.0, 1.0),
        ({"lines": 0.0}, 1.0, 0.0),
        ({"folds": 2.0, "lines": 0.5}, 2.0, 0.5),
        ({"photo": 0.0}, 0.5, 0.5),
        ({"atlas": 0.0}, 0.5, 0.5),
        ({"photo": 2.0, "atlas": 0.0, "folds": 0.0}, 0.0, 1.0),
        ({"photo": 0.0, "atlas": 0.0}, 0.0, 0.0),
    ],
)
def test_each_strength_acts_on_its_part(strengths, of_folds, of_lines):
    character, folds, lines, _ = made()
    found = live(character, **strengths)
    assert gain(found, folds) == pytest.approx(of_folds, abs=0.15)
    assert gain(found, lines) == pytest.approx(of_lines, abs=0.15)


def test_without_anything_from_the_photo_only_the_atlas_counts():
    character, folds, lines, _ = made(residual=False)
    assert not static_bands(character)[..., 1:].any()
    assert gain(live(character, photo=0.0), folds) == pytest.approx(1.0, abs=0.01)


def test_the_bands_are_half_as_large_and_bounded():
    character, *_ = made()
    assert static_bands(character).shape == (SIZE // 2, SIZE // 2, 3)
    assert LARGEST == 1024
