"""PNG maps: exact round trips, agreement with Pillow, and refusal of what a map never is."""

import io

import numpy as np
import pytest
from furrow.core.io import png16
from PIL import Image


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_round_trip_is_exact(shape, dtype):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
    channels = 1 if len(shape) == 2 else shape[2]
    decoded = png16.decode_png(png16.encode_png(pixels), np.dtype(dtype).itemsize * 8, channels)
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, pixels)


def test_channel_order_is_rgb_for_other_readers():
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[..., 0] = 200
    assert Image.open(io.BytesIO(png16.encode_png(pixels))).getpixel((0, 0)) == (200, 0, 0)


def test_refuses_wrong_kind_size_and_damage():
    data = png16.encode_png(np.zeros((40, 40), np.uint16))
    with pytest.raises(ValueError, match="expected 4 of 16"):
        png16.decode_png(data, 16, 4)
    with pytest.raises(ValueError, match="larger than 32"):
        png16.decode_png(data, 16, 1, max_size=32)
    with pytest.raises(ValueError, match="not a PNG"):
        png16.decode_png(b"GIF89a" + data[6:], 16, 1)
    with pytest.raises(ValueError):
        png16.decode_png(data[:60], 16, 1)


def test_displacement_code_keeps_micrometres():
    values = np.linspace(-0.73, 0.73, 1001, dtype=np.float32)
    scale = png16.displacement_scale(values)
    assert scale / 2 >= 0.73
    back = png16.from_uint16(png16.to_uint16(values, scale), scale)
    assert np.abs(back - values).max() < 2e-5


def test_write_leaves_no_partial_file(tmp_path):
    target = tmp_path / "map.png"
    png16.write_png(target, np.zeros((3, 3), np.uint8))
    assert [p.name for p in tmp_path.iterdir()] == ["map.png"]


def test_steps_are_those_of_the_formula():
    values = np.random.default_rng(3).normal(0.0, 0.4, (3, 40, 50, 4)).astype(np.float32)
    expected = np.clip(np.rint((values.astype(np.float64) / 1.3 + 0.5) * 65535.0), 0, 65535)
    coded = png16.to_uint16(values, 1.3)
    assert coded.dtype == np.uint16 and (expected == 0).any() and (expected == 65535).any()
    assert np.abs(coded - expected).max() <= 1.0 and (coded != expected).mean() < 0.01


@pytest.mark.parametrize("peak", [0.61, -0.61])
def test_the_scale_holds_the_largest_value_of_either_sign(peak):
    values = np.array([[0.1, peak], [-0.2, 0.0]], np.float32)
    assert png16.displacement_scale(values) == pytest.approx(1.3)
    assert png16.displacement_scale(0 * values) == 0.2


def test_the_smallest_and_the_largest_size_are_read():
    assert png16.decode_png(png16.encode_png(np.full((1, 1), 7, np.uint8)), 8, 1) == [[7]]
    for shape in ((30, 20), (20, 30)):
        data = png16.encode_png(np.zeros(shape, np.uint8))
        assert png16.decode_png(data, 8, 1, max_size=30).shape == shape
        with pytest.raises(ValueError, match="larger than 29"):
            png16.decode_png(data, 8, 1, max_size=29)


@pytest.mark.parametrize("mode", ["1", "P", "LA"])
def test_kinds_that_maps_never_have_are_refused(mode):
    stream = io.BytesIO()
    Image.new(mode, (8, 8)).save(stream, "PNG")
    with pytest.raises(ValueError, match="not used for maps"):
        png16.png_header(stream.getvalue())


def test_a_header_is_read_as_pillow_reads_it_and_not_in_part():
    stream = io.BytesIO()
    Image.new("RGBA", (300, 7)).save(stream, "PNG")
    data = stream.getvalue()
    assert png16.png_header(data[:33]) == (300, 7, 8, 4)
    for broken in (data[:32], data[:12] + b"IDAT" + data[16:], b""):
        with pytest.raises(ValueError, match="not a PNG"):
            png16.png_header(broken)


def test_what_is_no_map_is_not_encoded():
    for pixels in (np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((1, 4, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match="PNG needs"):
            png16.encode_png(pixels)


def test_nothing_needs_the_smallest_scale():
    assert png16.displacement_scale(np.zeros(3)) == png16.displacement_scale(np.full(3, -0.1)) == 0.2
    assert png16.displacement_scale(np.array([0.101])) == pytest.approx(0.3)
