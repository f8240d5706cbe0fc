"""Photo loading: formats, colours, orientation, focal length, and every kind of bad file."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from furrow.core.errors import PhotoError
from furrow.core.io import photo as photo_module
from furrow.core.io.budgets import PhotoBudget
from furrow.core.io.photo import load_photo
from PIL import ExifTags, Image, ImageCms

WIDTH, HEIGHT = 96, 80
DIAGONAL_35 = 43.2666153  # of 36 x 24 mm


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """(80, 96, 3) smooth colours without any symmetry."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / 100.0
    return np.stack([40 + 180 * x, 30 + 200 * y, 200 - 90 * x * y - 60 * y], -1).round().astype(np.uint8)


def profile_bytes(kind: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()


def rgb_profile(primaries: list[list[float]], gamma: float) -> bytes:
    """An ICC version 2 matrix profile, written from the specification: XYZ (D50) columns and one gamma."""

    def tag_xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 78
    tags = {b"desc": description + b"\0" * (-len(description) % 4), b"wtpt": tag_xyz([0.9642, 1.0, 0.8249])}
    tags |= {b"rXYZ": tag_xyz(primaries[0]), b"gXYZ": tag_xyz(primaries[1]), b"bXYZ": tag_xyz(primaries[2])}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.bmp"])
def test_lossless_formats_keep_every_pixel(tmp_path, picture, name):
    Image.fromarray(picture).save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    loaded = load_photo(tmp_path / name)
    np.testing.assert_array_equal(loaded.pixels, picture)
    assert loaded.pixels.dtype == np.uint8 and loaded.name == name and loaded.focal_px is None and loaded.notes == ()


def test_jpeg_and_avif_stay_close(tmp_path, picture):
    for name in ("a.jpg", "a.avif"):
        Image.fromarray(picture).save(tmp_path / name, quality=95)
        assert np.abs(load_photo(tmp_path / name).pixels.astype(int) - picture).max() < 16


@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "big_endian.tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path, name):
    grey = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint16)
    if name == "big_endian.tif":
        Image.frombytes("I;16B", (WIDTH, HEIGHT), grey.astype(">u2").tobytes()).save(tmp_path / name)
    else:
        Image.fromarray(grey).save(tmp_path / name)
    expected = np.round(grey / 257.0)
    assert np.abs(load_photo(tmp_path / name).pixels.astype(int) - expected[..., None]).max() <= 1


def test_16_bit_colour_png(tmp_path, picture):
    # written by hand: Pillow reads 16-bit colour and does not write it
    raw = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in picture)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    (tmp_path / "deep.png").write_bytes(data)
    np.testing.assert_array_equal(load_photo(tmp_path / "deep.png").pixels, picture)


@pytest.mark.parametrize(
    "top, white", [(1, 1), (0.4, 1), (255, 255), (2.0, 255), (65535, 65535), (300, 65535), (1e5, 1e5)]
)
def test_float_tiff_is_scaled_by_its_range(tmp_path, top, white):
    """To the least of what 1, 8 and 16 bits hold, or to its largest value."""
    grey = np.linspace(0, top, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)
    Image.fromarray(grey).save(tmp_path / "f.tif")
    np.testing.assert_allclose(load_photo(tmp_path / "f.tif").pixels[..., 0], grey * 255 / white, atol=0.51)


@pytest.mark.parametrize("top", [1, 200, 255])
def test_whole_numbers_of_32_bits_are_of_8_if_they_fit(tmp_path, top):
    grey = np.linspace(0, top, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.int32)
    Image.fromarray(grey).save(tmp_path / "i.tif")
    np.testing.assert_array_equal(load_photo(tmp_path / "i.tif").pixels[..., 0], grey)


def test_grey_palette_and_bilevel(tmp_path, picture):
    grey = Image.fromarray(picture).convert("L")
    grey.save(tmp_path / "grey.jpg", quality=100)
    loaded = load_photo(tmp_path / "grey.jpg").pixels
    assert (loaded[..., 0] == loaded[..., 2]).all() and np.abs(loaded[..., 0] - np.asarray(grey, int)).max() <= 3
    palette = Image.fromarray(picture).quantize(32)
    palette.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(load_photo(tmp_path / "palette.png").pixels, np.asarray(palette.convert("RGB")))
    Image.fromarray(picture[..., 0] > 120).save(tmp_path / "one_bit.png")
    np.testing.assert_array_equal(load_photo(tmp_path / "one_bit.png").pixels[..., 1] > 0, picture[..., 0] > 120)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_transparent_parts_become_grey_with_a_note(tmp_path, picture, name):
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:40], alpha[40:60] = 255, 51
    options = {"lossless": True, "exact": True} if name.endswith("webp") else {}
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / name, **options)
    loaded = load_photo(tmp_path / name)
    share = alpha[..., None] / 255.0
    assert np.abs(loaded.pixels - (share * picture + (1 - share) * 128)).max() <= 1
    assert loaded.notes == ("transparent parts are shown as grey.",)


def test_opaque_alpha_needs_no_note(tmp_path, picture):
    Image.fromarray(np.dstack([picture, np.full((HEIGHT, WIDTH), 255, np.uint8)])).save(tmp_path / "a.png")
    loaded = load_photo(tmp_path / "a.png")
    assert loaded.notes == () and (loaded.pixels == picture).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_exif_orientation_is_undone(tmp_path, picture, name, orientation):
    # EXIF 2.3, tag 0x0112: where row 0 and column 0 of the stored image belong in the upright one
    store = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: a.swapaxes(0, 1)[::-1],
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: a.swapaxes(0, 1)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"a.jpg": {"quality": 100, "subsampling": 0}, "a.webp": {"lossless": True}}.get(name, {})
    Image.fromarray(np.ascontiguousarray(store(picture))).save(tmp_path / name, exif=exif, **options)
    loaded = load_photo(tmp_path / name).pixels
    assert loaded.shape == picture.shape
    assert np.abs(loaded.astype(int) - picture).max() <= (6 if name == "a.jpg" else 0)


DISPLAY_P3 = [[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]]
SRGB_D50 = [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]]


def test_wide_gamut_profile_is_converted(tmp_path):
    rng = np.random.default_rng(0)
    stored = np.kron(rng.integers(90, 170, (8, 8, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    Image.fromarray(stored).save(tmp_path / "p3.png", icc_profile=rgb_profile(DISPLAY_P3, 2.2))
    # reference: linear light through the two primary matrices, then sRGB's transfer curve
    linear = (stored / 255.0) ** 2.19921875 @ np.array(DISPLAY_P3) @ np.linalg.inv(SRGB_D50)
    expected = 255 * np.where(linear < 0.0031308, 12.92 * linear, 1.055 * np.clip(linear, 0, 1) ** (1 / 2.4) - 0.055)
    inside = ((expected > 5) & (expected < 250)).all(-1)
    difference = np.abs(load_photo(tmp_path / "p3.png").pixels - expected)[inside]
    assert inside.mean() > 0.5 and difference.max() < 2.5
    assert np.abs(stored - expected)[inside].max() > 10  # so leaving the profile out would fail


def test_srgb_and_damaged_profiles(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "s.png", icc_profile=profile_bytes("sRGB"))
    np.testing.assert_array_equal(load_photo(tmp_path / "s.png").pixels, picture)
    Image.fromarray(picture).save(tmp_path / "bad.png", icc_profile=b"not a profile" * 20)
    loaded = load_photo(tmp_path / "bad.png")
    np.testing.assert_array_equal(loaded.pixels, picture)
    assert loaded.notes == ("its colour profile cannot be read, sRGB is assumed.",)


def test_profile_of_another_colour_space_is_ignored(tmp_path, picture):
    grey = Image.fromarray(picture).convert("L")
    grey.save(tmp_path / "g.png", icc_profile=rgb_profile(DISPLAY_P3, 2.2))
    np.testing.assert_array_equal(load_photo(tmp_path / "g.png").pixels[..., 0], np.asarray(grey))


def test_cmyk_without_profile(tmp_path, picture):
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "c.tif")
    loaded = load_photo(tmp_path / "c.tif")
    assert np.abs(loaded.pixels.astype(int) - picture).max() <= 2
    assert loaded.notes == ("CMYK without a colour profile, colours are approximate.",)


def test_cmyk_jpeg_with_its_profile(tmp_path):
    profile = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")
    if not profile.exists():
        pytest.skip("no CMYK profile on this machine")
    ink = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    ink[:, 48:, 0] = 255  # paper on the left, full cyan on the right
    image = Image.frombytes("CMYK", (WIDTH, HEIGHT), ink.tobytes())
    image.save(tmp_path / "c.jpg", quality=100, icc_profile=profile.read_bytes())
    loaded = load_photo(tmp_path / "c.jpg")
    assert (loaded.pixels[:, :40] > 245).all()
    red, green, blue = loaded.pixels[40, 80].astype(int)
    # printed cyan is far duller than the (0, 255, 255) of a conversion without the profile
    assert red < 60 and 130 < green < 200 and 180 < blue < 255 and loaded.notes == ()


def camera_exif(**tags) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"  # Pillow leaves EXIF data without any plain tag out of a PNG
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for name, value in tags.items():
        details[getattr(ExifTags.Base, name)] = value
    return exif


@pytest.mark.parametrize(
    "tags, expected",
    [
        ({"FocalLengthIn35mmFilm": 50}, 50 / DIAGONAL_35 * np.hypot(WIDTH, HEIGHT)),
        ({"FocalLength": 24.0, "FocalPlaneXResolution": 5.0, "FocalPlaneResolutionUnit": 4}, 120.0),
        ({"FocalLength": 24.0, "FocalPlaneXResolution": 127.0}, 120.0),
        (
            # taken at twice the size: half the pixels
            {"FocalLength": 24.0, "FocalPlaneXResolution": 10.0, "FocalPlaneResolutionUnit": 4}
            | {"ExifImageWidth": 2 * WIDTH, "ExifImageHeight": 2 * HEIGHT},
            120.0,
        ),
        ({"FocalLengthIn35mmFilm": 50, "ExifImageWidth": WIDTH, "ExifImageHeight": 2 * HEIGHT}, None),  # cropped
        ({"FocalLength": 24.0}, None),
        ({"FocalLengthIn35mmFilm": 0}, None),
        ({"FocalLengthIn35mmFilm": 60000}, None),
        ({"FocalLength": 24.0, "FocalPlaneXResolution": 1e6, "FocalPlaneResolutionUnit": 4}, None),
        ({}, None),
    ],
)
def test_focal_length_is_read_from_exif(tmp_path, picture, tags, expected):
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=camera_exif(**tags))
    focal = load_photo(tmp_path / "a.jpg").focal_px
    assert focal == (None if expected is None else pytest.approx(expected, rel=1e-5))


def test_focal_length_in_a_tiff(tmp_path):
    """Written by hand: Pillow does not write a TIFF's EXIF directory."""

    def entry(tag, kind, value):
        return struct.pack("<HHI", tag, kind, 1) + (
            struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value)
        )

    pixels = bytes(64 * 64)
    tags = [(256, 3, 64), (257, 3, 64), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 3, 64)]
    start = 8 + len(pixels)
    tags += [(279, 4, len(pixels)), (ExifTags.IFD.Exif, 4, start + 2 + 12 * 10 + 4)]
    data = b"II*\0" + struct.pack("<I", start) + pixels
    data += struct.pack("<H", len(tags)) + b"".join(entry(*tag) for tag in tags) + bytes(4)
    data += struct.pack("<H", 1) + entry(ExifTags.Base.FocalLengthIn35mmFilm, 3, 50) + bytes(4)
    (tmp_path / "a.tif").write_bytes(data)
    assert load_photo(tmp_path / "a.tif").focal_px == pytest.approx(50 / DIAGONAL_35 * np.hypot(64, 64), rel=1e-5)


def test_large_photo_is_reduced_with_its_focal_length(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_module, "PHOTO", PhotoBudget(used_pixels=120_000))
    y, x = np.mgrid[0:600, 0:800]
    large = np.stack([x * 255 // 800, y * 255 // 600, x * 0 + 90], -1).astype(np.uint8)
    for name in ("a.jpg", "a.png"):
        Image.fromarray(large).save(tmp_path / name, exif=camera_exif(FocalLengthIn35mmFilm=50))
        loaded = load_photo(tmp_path / name)
        assert loaded.pixels.shape == (300, 400, 3)
        assert loaded.focal_px == pytest.approx(50 / DIAGONAL_35 * 500, rel=1e-4)
        assert len(loaded.notes) == 1 and "reduced" in loaded.notes[0]
        np.testing.assert_allclose(loaded.pixels[150, 100], [64, 127, 90], atol=3)


def test_a_hundred_megapixels_are_reduced_as_they_are_decoded(tmp_path, monkeypatch):
    Image.new("L", (10_000, 10_000), 128).save(tmp_path / "huge.jpg")
    decoded, reduce = [], photo_module._reduce

    def spy(image, alpha):
        decoded.append(image.size)
        return reduce(image, alpha)

    monkeypatch.setattr(photo_module, "_reduce", spy)
    loaded = load_photo(tmp_path / "huge.jpg")
    assert decoded == [(5000, 5000)]  # the JPEG decoder halved it, the whole was never in memory
    assert loaded.pixels.shape == (4000, 4000, 3) and loaded.notes == ("100 megapixels, reduced to 16.",)


def test_gigapixel_header_is_refused_before_decoding(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(PhotoError, match="60000 x 60000"):
        load_photo(tmp_path / "bomb.png")
    assert Image.MAX_IMAGE_PIXELS == limit


def one_line(error) -> str:
    message = str(error.value)
    assert message and "\n" not in message and message.endswith(".") and len(message) < 320
    return message


def test_missing_folder_empty_and_text_files(tmp_path):
    with pytest.raises(PhotoError, match="There is no file") as error:
        load_photo(tmp_path / "none.jpg")
    one_line(error)
    with pytest.raises(PhotoError, match="is a folder") as error:
        load_photo(tmp_path)
    one_line(error)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotoError, match="0 bytes") as error:
        load_photo(tmp_path / "empty.jpg")
    one_line(error)
    (tmp_path / "notes\n.jpg").write_text("hello " * 100)
    with pytest.raises(PhotoError, match="not a photo") as error:
        load_photo(tmp_path / "notes\n.jpg")
    one_line(error)
    with pytest.raises(PhotoError, match="cannot be read|no file") as error:
        load_photo(tmp_path / ("x" * 400))
    one_line(error)


def test_the_message_names_the_file_and_cuts_a_long_name_in_the_middle(tmp_path):
    with pytest.raises(PhotoError, match="gone.jpg") as error:
        load_photo(tmp_path / "gone.jpg")
    one_line(error)
    with pytest.raises(PhotoError, match=r"\.\.\..*end\.jpg") as error:
        load_photo(tmp_path / ("x" * 200 + "end.jpg"))
    assert str(tmp_path)[:40] in one_line(error)


def test_the_largest_photo_is_refused_by_one_pixel_more(tmp_path, monkeypatch, picture):
    Image.fromarray(picture).save(tmp_path / "a.png")
    monkeypatch.setattr(photo_module, "PHOTO", PhotoBudget(pixels=WIDTH * HEIGHT))
    assert load_photo(tmp_path / "a.png").pixels.shape == (HEIGHT, WIDTH, 3)
    monkeypatch.setattr(photo_module, "PHOTO", PhotoBudget(pixels=WIDTH * HEIGHT - 1))
    with pytest.raises(PhotoError, match="megapixels"):
        load_photo(tmp_path / "a.png")


def test_script_formats_are_not_opened(tmp_path):
    (tmp_path / "a.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n")
    with pytest.raises(PhotoError, match="not a photo"):
        load_photo(tmp_path / "a.eps")


def test_named_pipe_does_not_hang(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes on this system")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="not a regular file"):
        load_photo(tmp_path / "pipe.jpg")


def test_an_unreadable_file_is_refused(tmp_path, picture, monkeypatch):
    path = tmp_path / "secret.png"
    Image.fromarray(picture).save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything

        def deny(self, *_mode):
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(PhotoError, match="permissions") as error:
        load_photo(path)
    one_line(error)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_a_truncated_file_is_refused(tmp_path, name):
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    for share in (0.02, 0.5, 0.9):
        (tmp_path / name).write_bytes(data[: int(len(data) * share)])
        with pytest.raises(PhotoError, match="damaged or cut off|not a photo") as error:
            load_photo(tmp_path / name)
        one_line(error)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.gif"])
def test_damaged_bytes_never_escape_as_another_error(tmp_path, picture, name):
    buffer = io.BytesIO()
    options = {"exif": camera_exif(FocalLengthIn35mmFilm=50)} if name != "a.gif" else {}
    Image.fromarray(picture).save(buffer, Image.registered_extensions()[Path(name).suffix], **options)
    good = np.frombuffer(buffer.getvalue(), np.uint8)
    rng = np.random.default_rng(2)
    for _ in range(60):
        bad = good.copy()
        where = rng.integers(0, len(bad), 6)
        bad[where] = rng.integers(0, 256, 6)
        (tmp_path / name).write_bytes(bad.tobytes())
        try:
            loaded = load_photo(tmp_path / name)
        except PhotoError:
            continue
        assert loaded.pixels.ndim == 3 and loaded.pixels.dtype == np.uint8


def test_animation_takes_the_first_frame_and_says_so(tmp_path, picture):
    frames = [Image.fromarray(picture), Image.fromarray(255 - picture)]
    for name in ("a.webp", "a.png", "a.tif"):
        options = {"lossless": True} if name == "a.webp" else {}
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
        loaded = load_photo(tmp_path / name)
        np.testing.assert_array_equal(loaded.pixels, picture)
        assert loaded.notes == (f"it has several {'pages' if name == 'a.tif' else 'frames'}, the first is used.",)


def test_a_tiny_image_is_refused(tmp_path):
    Image.new("RGB", (300, 40)).save(tmp_path / "tiny.png")
    with pytest.raises(PhotoError, match="only 300 x 40 pixels") as error:
        load_photo(tmp_path / "tiny.png")
    one_line(error)


def test_heic_without_its_package_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    with pytest.raises(PhotoError, match="pillow-heif") as error:
        load_photo(tmp_path / "a.heic")
    one_line(error)


def test_loading_imports_neither_blender_nor_torch():
    code = "import sys, furrow.core.io.photo; assert not {'bpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
