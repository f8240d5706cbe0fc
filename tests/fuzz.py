"""Hostile files by script: photos and characters made from good ones by seeded changes, and what must come of them.

    make fuzz                                     500 photos, 1000 characters, in ten minutes or so
    python tests/fuzz.py --photos 50 --characters 100 --seed 3

A photo loads or is refused in one line. A character is refused in one line, or it loads, and then it can be saved,
exported, baked and (one of four) built in Blender. Nothing takes more than 2 GB or 10 s.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, cycle
from pathlib import Path

import numpy as np
from furrow.core.assets import HEAD, assets_folder
from furrow.core.character.character import Character
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError, PhotoError
from furrow.core.head.model import HeadModel, load_head_model
from furrow.core.io.photo import load_photo
from furrow.core.io.png16 import encode_png
from furrow.core.output.bake import bake
from furrow.core.output.export import export
from furrow.core.pipeline import load_models, reconstruct
from furrow.models.evaluation.made_up import tiny_character
from PIL import Image, features

MOST_SECONDS, MOST_MEGABYTES = 10.0, 2000
BAKED_TEXELS = 64
ODD_VALUES = (
    None, True, -1, 0, 2, 10**400, -(10**400), 1e300, -1e300, 1e38, 1e-300, float("nan"), float("inf"), "", "x",
    "\ud800", "\x1b[2J\n\0", "../" * 30, "e" * 100_000, [], {}, [[]], [1e300] * 52, ["a"] * 52, {"a": None},
)  # fmt: skip
ODD_NUMBERS = (0.0, -1.0, 1e300, -1e300, 1e38, 1e-300, float("nan"), float("inf"), 2.0**31, -1e5, 0.5)
Entries = dict[str, bytes]


class Failure(AssertionError):
    """Something came of a file that must not."""


# -- photos


def good_photos() -> Iterator[tuple[str, bytes]]:
    """(ending, file) of small photos in all formats and modes that Furrow reads."""
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(0, 256, (10, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    colour, exif = Image.fromarray(smooth), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    grey, deep = colour.convert("L"), Image.fromarray(smooth[..., 0].astype(np.uint16) * 257)
    clear = Image.fromarray(np.dstack([smooth, smooth[..., 0]]))
    made = [
        (colour, "PNG", {"exif": exif}), (clear, "PNG", {}), (deep, "PNG", {}), (grey.convert("1"), "PNG", {}),
        (colour.quantize(32), "PNG", {"transparency": 3}), (colour, "JPEG", {"exif": exif}),
        (colour, "JPEG", {"progressive": True}), (colour.convert("CMYK"), "JPEG", {}), (grey, "JPEG", {}),
        (colour, "WEBP", {}), (clear, "WEBP", {"lossless": True, "exif": exif}), (colour, "TIFF", {}),
        (colour, "TIFF", {"compression": "tiff_lzw"}), (colour, "TIFF", {"compression": "jpeg"}), (deep, "TIFF", {}),
        (colour.convert("LAB"), "TIFF", {}), (grey.convert("F"), "TIFF", {}), (colour, "BMP", {}), (colour, "GIF", {}),
        (colour, "GIF", {"save_all": True, "append_images": [grey.convert("RGB")]}),
    ]  # fmt: skip
    if features.check("avif"):
        made.append((colour, "AVIF", {"exif": exif}))
    for image, kind, options in made:
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        yield kind.lower(), stream.getvalue()


def png(width: int, height: int, depth: int = 8, colour: int = 2, body: bytes = b"", **chunks: bytes) -> bytes:
    """A PNG of a size, whatever its body is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    more = b"".join(chunk(kind.encode(), data) for kind, data in chunks.items())
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def of_one_colour(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A complete PNG of zeros: a thousand times larger unpacked."""
    row = bytes(1 + width * depth * {0: 1, 2: 3, 6: 4}[colour] // 8)
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png(width, height, depth, colour, body)


def large_photos() -> Iterator[tuple[str, bytes]]:
    """(what it is, file) of absurd sizes, and of the largest that are read."""
    yield from [
        ("g16 of absurd size", png(22_000, 22_000, 16, 0, zlib.compress(bytes(99)))),
        ("rgba of absurd size", png(40_000, 40_000, 8, 6, zlib.compress(bytes(99)))),
        ("strip", of_one_colour(700_000, 64, 8, 0)),
        ("tower", of_one_colour(64, 70_000, 8, 0)),
        ("g16 of 100 megapixels", of_one_colour(10_000, 10_000, 16, 0)),
        ("text of any length", png(96, 80, body=b"", zTXt=b"a\0\0" + zlib.compress(bytes(10**8)))),
    ]


def hostile_photos(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(what it is, file) of good photos with changes."""
    good, rng = list(good_photos()), np.random.default_rng(seed)
    for number in range(count):
        ending, data = good[number % len(good)]
        yield f"{ending} {number}", changed_bytes(data, rng)


def changed_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bytes changed, lost, doubled or added."""
    bad = np.frombuffer(data, np.uint8).copy()
    where, length = int(rng.integers(len(bad))), int(rng.integers(1, 200))
    match int(rng.integers(7)):
        case 0:
            return data[: max(where, 1)]
        case 1:
            bad[where : where + length] = rng.choice([0, 255])
        case 2:
            return data[:where] + data[where + length :]
        case 3:
            return data[:where] + data[where : where + length] * 3 + data[where:]
        case 4:  # sizes and tags are near the start
            bad[rng.integers(0, min(len(bad), 120), 2)] = rng.integers(0, 256, 2)
        case 5:
            bad[rng.integers(0, len(bad), 8)] = rng.integers(0, 256, 8)
        case _:
            bad[where] ^= 1 << int(rng.integers(8))
    return bad.tobytes()


def check_photo(path: Path) -> bool:
    """Whether a photo loads; a failure unless it does, or is refused in one line."""
    try:
        photo = load_photo(path)
    except PhotoError as error:
        _check_line(error)
        return False
    if photo.pixels.dtype != np.uint8 or photo.pixels.ndim != 3 or min(photo.pixels.shape[:2]) < 32:
        raise Failure(f"pixels {photo.pixels.shape} {photo.pixels.dtype}")
    if max(photo.pixels.shape) >= 2**15 - 1:
        raise Failure(f"{photo.pixels.shape}: longer than OpenCV resamples")
    return True


def _check_line(error: Exception) -> None:
    line = str(error)
    if not line or "\n" in line or len(line) > 700:
        raise Failure(f"not one line: {line!r}")
    line.encode()


# -- characters


def entries_of(character: Character) -> Entries:
    """Entries of a character's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.furrow"
        save_character(character, path)
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries: Entries) -> bytes:
    """The zip of entries."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def hostile_characters(entries: Entries, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(what it is, file) from the entries of a good one: bytes, header, arrays, maps or the list of entries changed."""
    rng = np.random.default_rng(seed)
    kinds: tuple[Callable, ...] = (_with_header, _with_array, _with_array, _with_map, _with_list, _with_bytes)
    for number in range(count):
        what, data = kinds[number % len(kinds)](dict(entries), rng)
        yield f"{number}: {what}", data


def _with_header(entries: Entries, rng: np.random.Generator) -> tuple[str, bytes]:
    header = json.loads(entries["character.json"])
    place, way = header, []
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[int(rng.integers(len(keys)))]
        way.append(key)
        if not isinstance(place[key], (dict, list)) or not place[key] or rng.random() < 0.3:
            break
        place = place[key]
    value = ODD_VALUES[int(rng.integers(len(ODD_VALUES)))]
    if rng.random() < 0.1:
        del place[key]
    else:
        place[key] = value
    text = json.dumps(header)
    if rng.random() < 0.05:
        text = '{"a":' * 100_000
    entries["character.json"] = text.encode()
    return f"header {way} = {str(value)[:40]!r}", zipped(entries)


def _with_array(entries: Entries, rng: np.random.Generator) -> tuple[str, bytes]:
    names = [name for name in entries if name.endswith(".npy")]
    name = names[int(rng.integers(len(names)))]
    array = np.load(io.BytesIO(entries[name]))
    ways: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
        lambda a: _with_odd_values(a, rng),
        lambda a: _with_odd_values(a, rng),
        np.zeros_like,
        lambda a: np.full_like(a, a.flat[0] if a.size else 0),
        lambda a: a[:0],
        lambda a: a[: len(a) // 2],
        lambda a: np.concatenate([a] * 20),
        lambda a: rng.permutation(a),
        lambda a: rng.permuted(a, axis=0),
        lambda a: (a * 1e-6).astype(a.dtype),
        lambda a: (a * 1e4).astype(a.dtype),
        lambda a: a.astype(np.float64) if a.dtype.kind == "f" else a.astype(np.int64) * 2**20,
        lambda a: np.asfortranarray(a),
        lambda a: a.astype(np.complex64),
        lambda a: a[..., None],
    )
    way = int(rng.integers(len(ways) + 1))
    if way == len(ways):
        data = entries[name].replace(b"}", b" ", 1)
    else:
        stream = io.BytesIO()
        with np.errstate(all="ignore"):
            np.lib.format.write_array(stream, ways[way](array), version=(1, 0), allow_pickle=False)
        data = stream.getvalue()
    entries[name] = data
    return f"{name} by way {way}", zipped(entries)


def _with_odd_values(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    changed = array.astype(np.float64 if array.dtype.kind == "f" else array.dtype)
    if array.size:
        where = rng.integers(0, array.size, int(rng.integers(1, 4)))
        odd = rng.choice(ODD_NUMBERS, len(where))
        if array.dtype.kind != "f":
            odd = np.nan_to_num(odd, posinf=0).clip(-(2**15), 2**15)
        changed.flat[where] = odd.astype(changed.dtype)
    return changed


def _with_map(entries: Entries, rng: np.random.Generator) -> tuple[str, bytes]:
    names = [name for name in entries if name.endswith(".png")]
    name = names[int(rng.integers(len(names)))]
    good = entries[name]
    width, height, depth, colour = struct.unpack(">IIBB", good[16:26])
    channels = {0: (), 2: (3,), 6: (4,)}[colour]
    kind = np.uint8 if depth == 8 else np.uint16
    made = {
        "large": lambda: png(8192, 8192, depth, colour, zlib.compress(bytes(999))),
        "gigantic": lambda: png(2**31 - 1, 2**31 - 1, depth, colour, zlib.compress(bytes(999))),
        "one texel": lambda: encode_png(np.zeros((1, 1, *channels), kind)),
        "other size": lambda: encode_png(np.full((24, 24, *channels), 77, kind)),
        "not square": lambda: encode_png(np.zeros((height + 1, width, *channels), kind)),
        "other depth": lambda: encode_png(np.zeros((height, width, *channels), np.uint16 if depth == 8 else np.uint8)),
        "noise": lambda: encode_png(rng.integers(0, 2**depth, (height, width, *channels)).astype(kind)),
        "damaged": lambda: changed_bytes(good, rng),
        "empty": lambda: b"",
    }
    what = str(rng.choice(list(made)))
    entries[name] = made[what]()
    return f"{name} {what}", zipped(entries)


def _with_list(entries: Entries, rng: np.random.Generator) -> tuple[str, bytes]:
    names = list(entries)
    name = names[int(rng.integers(len(names)))]
    match int(rng.integers(5)):
        case 0:
            del entries[name]
            return f"without {name}", zipped(entries)
        case 1:
            more = {f"maps/{i}.png": b"" for i in range(int(rng.integers(1, 3000)))}
            return "more entries", zipped({**entries, **more})
        case 2:
            other = names[int(rng.integers(len(names)))]
            entries[name], entries[other] = entries[other], entries[name]
            return f"{name} and {other} exchanged", zipped(entries)
        case 3:
            return "a path out of it", zipped({**entries, "../../x": b"x", "/etc/x": b"x"})
        case _:
            data = bytearray(zipped(entries))
            place = data.rfind(b"PK\x01\x02", 0, int(rng.integers(len(data) // 2, len(data))))
            field = int(rng.choice([8, 10, 16, 20, 24, 28, 42]))  # flags, method, CRC, sizes, name, offset
            data[place + field : place + field + 2] = int(rng.choice([1, 12, 14, 99, 65535])).to_bytes(2, "little")
            return f"directory of the zip, field {field}", bytes(data)


def _with_bytes(entries: Entries, rng: np.random.Generator) -> tuple[str, bytes]:
    return "bytes", changed_bytes(zipped(entries), rng)


def check_character(path: Path, blender: bool) -> bool:
    """Whether a character loads; a failure unless it is refused in one line, or can be used in every way."""
    try:
        character = load_character(path)
    except CharacterFileError as error:
        _check_line(error)
        return False
    folder = path.parent / "made"
    with np.errstate(all="raise", under="ignore"):
        save_character(character, path.with_name("again.furrow"))
        load_character(path.with_name("again.furrow"))
        export(character, folder, _model())
        bake(character, folder, BAKED_TEXELS)
    for made in folder.glob("*.obj"):
        if b"nan" in made.read_bytes() or b"inf" in made.read_bytes():
            raise Failure(f"{made.name} is not finite")
    if blender:
        import bpy
        from furrow.blender_addon.head.build_head import build_head

        bpy.ops.wm.read_factory_settings(use_empty=True)
        build_head(character)
    shutil.rmtree(folder)
    return True


@cache
def _model() -> HeadModel:
    return load_head_model(assets_folder() / HEAD)


# -- all of them


def run(files: Iterator[tuple[str, bytes]], check: Callable[[Path], bool], name: str) -> tuple[int, int, list[str]]:
    """Check every file; returns how many there were, how many loaded, and what went wrong with which."""
    count, loaded, wrong = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        for what, data in files:
            path.write_bytes(data)
            began, before = time.process_time(), _peak()
            count += 1
            try:
                loaded += check(path)
            except Exception as error:  # any is a finding
                wrong.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")
            spent, peak = time.process_time() - began, _peak()
            if spent > MOST_SECONDS or (peak > MOST_MEGABYTES and peak > before):
                wrong.append(f"{what}: {spent:.1f} s, {peak} MB")
    return count, loaded, wrong


def _peak() -> int:
    """Megabytes of memory that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)


def whole_character() -> Character:
    """A head with all that Furrow reads from a photo."""
    import skimage.data

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "astronaut.png"
        Image.fromarray(skimage.data.astronaut()).save(path)
        return reconstruct([path], size=512, models=load_models("cpu"))


def main(arguments: list[str] | None = None) -> int:
    """Run both corpora and print what was found; status 1 if anything was."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--characters", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-blender", action="store_true")
    options = parser.parse_args(arguments)
    whole = options.characters // 10
    in_blender = cycle([not options.no_blender, False, False, False])
    parts = [
        ("photos", chain(large_photos(), hostile_photos(options.photos, options.seed)), check_photo, "photo"),
        (
            "small characters",
            hostile_characters(entries_of(tiny_character()), options.characters - whole, options.seed),
            lambda path: check_character(path, next(in_blender)),
            "small.furrow",
        ),
        (
            "whole characters",
            hostile_characters(entries_of(whole_character()), whole, options.seed + 1),
            lambda path: check_character(path, next(in_blender)),
            "whole.furrow",
        ),
    ]
    failed = False
    for title, files, check, name in parts:
        began = time.monotonic()
        count, loaded, wrong = run(files, check, name)
        print(f"{title}: {count}, {loaded} loaded, {len(wrong)} wrong, {time.monotonic() - began:.0f} s, {_peak()} MB")
        print("".join(f"  {line}\n" for line in wrong), end="", flush=True)
        failed |= bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
