"""Maps at another resolution: atlas lines drawn anew, everything else resampled."""

import dataclasses

import numpy as np
import pytest
from furrow.core.character import resize
from furrow.core.character.edit import swap_detail, with_wrinkles
from furrow.core.errors import FurrowError
from furrow.core.wrinkles.maps import dynamic_maps, static_prior
from furrow.models.evaluation.made_up import tiny_character


@pytest.fixture
def sizes(monkeypatch):
    monkeypatch.setattr(resize, "SIZES", (128, 256))


def smooth(size, cycles=3):
    x = (np.arange(size) + 0.5) / size
    return (0.05 * np.sin(2 * np.pi * cycles * x)[:, None] * np.cos(2 * np.pi * x)).astype(np.float32)


def made(atlas, size=128):
    base = dataclasses.replace(tiny_character(size=size), static_residual=smooth(size), residual_age=0.5)
    return with_wrinkles(base, atlas, age=0.7, seed=3)


def test_lines_of_the_atlas_are_those_of_the_new_size(atlas, sizes):
    found = resize.with_map_size(made(atlas), atlas, 256)
    expected = static_prior(atlas, 256, 0.7, 3) + smooth(256)
    np.testing.assert_allclose(found.detail.static[8:-8, 8:-8], expected[8:-8, 8:-8], atol=0.002)
    np.testing.assert_allclose(found.detail.compressed_1, dynamic_maps(atlas, 256, 0.7, 3)[0], atol=1e-5)
    # enlarging the drawn lines instead would be blurred
    blurred = resize.resampled(made(atlas).detail.compressed_1, 256)
    assert np.abs(blurred - found.detail.compressed_1).max() > 0.02


def test_every_map_has_the_size_and_there_and_back_is_close(atlas, sizes):
    before = made(atlas)
    larger = resize.with_map_size(before, atlas, 256)
    for name in ("albedo", "roughness", "skin_mask", "hair_mask", "static_residual"):
        assert getattr(larger, name).shape[:2] == (256, 256)
        assert getattr(larger, name).dtype == getattr(before, name).dtype
    back = resize.with_map_size(larger, atlas, 128)
    np.testing.assert_allclose(back.detail.stack()[4:-4, 4:-4], before.detail.stack()[4:-4, 4:-4], atol=0.003)
    assert np.abs(back.albedo.astype(int) - before.albedo).mean() < 20  # noise of one texel, the worst case
    assert resize.with_map_size(before, atlas, 128) is before


def test_detail_of_another_person_is_kept(atlas, sizes):
    other = with_wrinkles(tiny_character(size=128, seed=4), atlas, age=1.0, seed=9)
    mixed = swap_detail(made(atlas), other, atlas, 1.0, dynamic=True)
    found = resize.with_map_size(mixed, atlas, 256)
    averaged = found.detail.stack().reshape(128, 2, 128, 2, 4).mean((1, 3))
    assert np.abs(averaged - mixed.detail.stack()).mean() < 0.3 * np.abs(mixed.detail.stack()).mean()


def test_other_sizes_are_refused(atlas):
    with pytest.raises(FurrowError, match="1024, 2048, 4096"):
        resize.with_map_size(tiny_character(), atlas, 1000)
