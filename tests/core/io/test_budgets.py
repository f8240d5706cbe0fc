"""What files from strangers cost: memory and time of the largest that are read, and of those that are refused."""

import io
import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError, PhotoError
from furrow.core.io.budgets import CHARACTER, PHOTO, PhotoBudget
from furrow.core.io.npy import npy_bytes
from furrow.core.io.photo import load_photo
from furrow.models.evaluation.made_up import tiny_character
from fuzz import of_one_colour, png
from PIL import Image

MODELS_MEGABYTES = 400  # that a process has beside what it reads
MOST_MEGABYTES, MOST_SECONDS = 2000, 10.0
# prints what came of it, the megabytes and the processor's seconds that it took; of a process that was started by a
# large one, getrusage tells the size of that
READ = """
import resource, sys, time
from pathlib import Path
from furrow.core.errors import FurrowError
from furrow.core.{module} import {function} as read
path, began = Path(sys.argv[1]), time.process_time()
try:
    read(path)
    print("read")
except FurrowError as error:
    print(error)
status = Path("/proc/self/status")
if status.exists():
    print(int(status.read_text().partition("VmHWM:")[2].split()[0]) // 2**10)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20)
print(time.process_time() - began)
"""


def cost(path, module="io.photo", function="load_photo"):
    """What came of a file in a process of its own, within the budget of all files."""
    code = READ.format(module=module, function=function)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    line, megabytes, seconds = done.stdout.splitlines()
    assert int(megabytes) < MOST_MEGABYTES - MODELS_MEGABYTES and float(seconds) < MOST_SECONDS, done.stdout
    return line, int(megabytes), float(seconds)


def test_the_largest_png_stays_within_the_budget(tmp_path):
    side = int(PHOTO.most_pixels("PNG") ** 0.5)
    (tmp_path / "large.png").write_bytes(of_one_colour(side, side, 8, 6))
    assert cost(tmp_path / "large.png")[0] == "read"


def test_the_largest_webp_stays_within_the_budget(tmp_path):
    side = int(PHOTO.most_pixels("WEBP") ** 0.5)
    Image.new("RGBA", (side, side), (9, 8, 7, 200)).save(tmp_path / "large.webp", lossless=True, quality=0, method=0)
    assert cost(tmp_path / "large.webp")[0] == "read"


@pytest.mark.parametrize("depth, colour", [(16, 0), (16, 2), (8, 6)])
def test_absurd_sizes_are_refused_before_they_are_decoded(tmp_path, depth, colour):
    (tmp_path / "bomb.png").write_bytes(png(22_000, 22_000, depth, colour, zlib.compress(bytes(9))))
    line, megabytes, seconds = cost(tmp_path / "bomb.png")
    assert "22000 x 22000 pixels: reduce it to 110 megapixels" in line and megabytes < 150 and seconds < 1.0


@pytest.mark.parametrize("width, height", [(7_000_000, 64), (64, 70_000), (2_000, 100)])
def test_strips_are_refused(tmp_path, width, height):
    (tmp_path / "strip.png").write_bytes(png(width, height, 8, 2, zlib.compress(bytes(9))))
    with pytest.raises(PhotoError, match="is a strip of|reduce it"):
        load_photo(tmp_path / "strip.png")


def test_the_longest_photo_can_be_resampled():
    assert PHOTO.longest * (PHOTO.used_pixels / PHOTO.longest) ** 0.5 < 2**15 - 1  # OpenCV's limit


def test_medium_format_is_read():
    for kind, more in (("JPEG", {"fraction": True}), ("JPEG", {}), ("PNG", {}), ("TIFF", {"strip_bytes": 6})):
        assert PHOTO.most_pixels(kind, **more) > 11_656 * 8_742
    assert PhotoBudget(pixels=7).most_pixels("PNG") == 7


def test_sparse_files_of_40_gigabytes_are_refused_at_once(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as stream:
        try:
            os.truncate(stream.fileno(), 40 * 2**30)
        except OSError:
            pytest.skip("this disk has no sparse files")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PhotoError, match="has 40960 MB"):
        load_photo(path)
    with pytest.raises(CharacterFileError, match="holds more than a character"):
        load_character(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes


def directory_of(count):
    """A zip that says it has 64 entries and lists many."""
    record = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 64, 64, count * len(record), 0, 0)
    return record * count + end


@pytest.mark.parametrize("count, line", [(1_000_000, "holds more than a character"), (100, "holds no character")])
def test_a_long_directory_is_not_read(tmp_path, count, line):
    (tmp_path / "list.furrow").write_bytes(directory_of(count))
    with pytest.raises(CharacterFileError, match=line):
        load_character(tmp_path / "list.furrow")
    if count > 1000:
        assert cost(tmp_path / "list.furrow", "character.file", "load_character")[1] < 150


def test_an_entry_that_holds_more_than_it_says_is_not_unpacked(tmp_path):
    """Half a gigabyte of zeros that the directory calls 100 bytes."""
    stream, name = io.BytesIO(), "character.json"
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(packer.compress(bytes(2**20)) for _ in range(512)) + packer.flush()
    stream.write(struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(body), 100, len(name), 0))
    stream.write(name.encode() + body)
    start = stream.tell()
    stream.write(
        struct.pack(
            "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 8, 0, 33, 0, len(body), 100, len(name), 0, 0, 0, 0, 0, 0
        )
        + name.encode()
    )
    length = stream.tell() - start
    stream.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, length, start, 0))
    path = tmp_path / "liar.furrow"
    path.write_bytes(stream.getvalue())
    line, megabytes, _ = cost(path, "character.file", "load_character")
    assert "is damaged" in line and megabytes < 200


def changed(tmp_path, **entries):
    """A small character with other entries."""
    path = tmp_path / "changed.furrow"
    save_character(tiny_character(), path)
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**kept, **entries}.items():
            archive.writestr(name, data)
    return path


def test_maps_and_faces_beyond_the_budget_are_refused(tmp_path):
    side = CHARACTER.map_side + 1
    path = changed(tmp_path, **{"maps/detail.png": png(side, side, 16, 6, zlib.compress(bytes(9)))})
    with pytest.raises(CharacterFileError, match=f"PNG of {side} x {side} pixels is larger"):
        load_character(path)
    topology = tiny_character().topology
    times = CHARACTER.faces // len(topology.faces) + 1
    path = changed(tmp_path, **{"arrays/faces.npy": npy_bytes(np.concatenate([topology.faces] * times))})
    with pytest.raises(CharacterFileError, match="more than"):
        load_character(path)
