"""Loading a photo: any common file becomes upright 8-bit sRGB pixels, with its focal length where known."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms

from ..errors import PhotoError
from ..texts import one_line, reason, shortened
from .budgets import PHOTO
from .exif import exif_of, focal_length_px, upright_transpose
from .frames import seek_shown

BACKGROUND = 128  # grey under transparent parts
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_BITS_PER_SAMPLE = 258  # tag of a TIFF
_ROWS = 256  # of an image with more than 8 bits that are converted at a time


@dataclass(frozen=True)
class Photo:
    """A photo ready for use.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB, upright.
        name: file name without folder.
        focal_px: focal length in pixels of ``pixels``, or None when the file does not tell.
        notes: lines for the artist about what was done to the photo.
    """

    pixels: np.ndarray
    name: str
    focal_px: float | None
    notes: tuple[str, ...] = ()


def load_photo(path: Path) -> Photo:
    """Read JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF, and HEIC if the ``pillow-heif`` package is installed.

    8 or 16 bit, grey, palette, alpha (laid over grey), CMYK; colour profiles are converted to sRGB, EXIF orientation is
    applied, photos beyond 16 megapixels are reduced. ``budgets.PHOTO`` says what is too large to be decoded at all.

    Raises:
        PhotoError: the file cannot be read, is no photo, is damaged, too large or too small.
    """
    path = Path(path)
    shown = shortened(path.name or str(path))
    with _opened_file(path, shown) as stream, _large_images_allowed():
        try:
            return _load(stream, path, shown)
        except MemoryError:
            raise PhotoError(f"There is not enough memory to read {shown}: close programs or reduce it.") from None


def _load(stream: BinaryIO, path: Path, shown: str) -> Photo:
    image, megapixels, notes = _decode(stream, shown)
    exif = exif_of(image)
    image, alpha = _separate_alpha(_to_8_bit(image))
    image, alpha = _reduce(image, alpha)
    image, colour_note = _to_srgb(image)
    used = image.size[0] * image.size[1] / 1e6
    if used < 0.9 * megapixels:
        notes.append(f"{megapixels:.0f} megapixels, reduced to {used:.0f}.")
    if colour_note:
        notes.append(colour_note)
    if alpha is not None and np.min(np.asarray(alpha)) < 255:
        image = Image.composite(image, Image.new("RGB", image.size, (BACKGROUND,) * 3), alpha)
        notes.append("transparent parts are shown as grey.")
    focal = focal_length_px(exif, image.size)
    transpose = upright_transpose(exif)
    if transpose is not None:
        image = image.transpose(transpose)
    return Photo(np.array(image, np.uint8), one_line(path.name), focal, tuple(notes))


@contextlib.contextmanager
def _opened_file(path: Path, shown: str) -> Iterator[BinaryIO]:
    """A regular file of a size that photos have, open for reading."""
    try:
        if path.is_dir():
            raise PhotoError(f"{shown} is a folder: choose a photo in it.")
        if not path.exists():
            raise PhotoError(f"There is no file {shortened(str(path))}.")
        if not path.is_file():
            raise PhotoError(f"{shown} is not a regular file: choose a photo.")
        stream = path.open("rb")
    except PermissionError:
        raise PhotoError(f"{shown} cannot be read: its permissions forbid it.") from None
    except (OSError, ValueError) as error:
        raise PhotoError(f"{shown} cannot be read ({reason(error)}).") from None
    with stream:
        size = os.fstat(stream.fileno()).st_size
        if not size:
            raise PhotoError(f"{shown} is empty (0 bytes): copy or export it again.")
        if size > PHOTO.file_bytes:
            most = PHOTO.file_bytes // 2**20
            raise PhotoError(f"{shown} has {size // 2**20} MB, photos have {most} or fewer: save it as JPEG or PNG.")
        yield stream


def _open(stream: BinaryIO, shown: str) -> Image.Image:
    Image.init()
    start = stream.read(12)
    if start[4:8] == b"ftyp" and start[8:] in _HEIF_BRANDS and not _register_heif():
        raise PhotoError(f"{shown} is a HEIC photo, which needs the package pillow-heif: save it as JPEG or PNG.")
    stream.seek(0)
    formats = [name for name in _FORMATS if name in Image.OPEN]
    try:
        return Image.open(stream, formats=formats)
    except Image.UnidentifiedImageError:
        raise PhotoError(f"{shown} is not a photo Furrow can read: use JPEG, PNG, WebP or TIFF.") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders raise anything on a damaged file
        raise _damaged(shown, error) from None


def _damaged(shown: str, error: Exception) -> PhotoError:
    return PhotoError(f"{shown} is damaged or cut off ({reason(error)}): copy or export it again.")


def _decode(stream: BinaryIO, shown: str) -> tuple[Image.Image, float, list[str]]:
    """The decoded image (a large JPEG at a fraction of its size), its megapixels in the file, and notes."""
    image = _open(stream, shown)
    try:
        _check_size(image, shown)
        notes = _frame_notes(image)
        megapixels = image.size[0] * image.size[1] / 1e6
        frame = seek_shown(image)
        if frame:
            notes = [f"it has several frames, the first ones are empty: number {frame + 1} is used."]
        if image.format in ("JPEG", "MPO"):
            image.draft(None, _reduced_size(image.size))
        image.load()
    except (PhotoError, MemoryError):
        raise
    except Exception as error:  # decoders raise anything on a damaged file
        raise _damaged(shown, error) from None
    return image, megapixels, notes


def _check_size(image: Image.Image, shown: str) -> None:
    """Refuse what is too large or too small before anything is decoded."""
    width, height = image.size
    fraction = image.format in ("JPEG", "MPO") and not image.info.get("progressive")
    most = PHOTO.most_pixels(image.format or "", fraction, _strip_bytes(image))
    if width * height > most:
        raise PhotoError(
            f"{shown} has {width} x {height} pixels: reduce it to {most // 10**6} megapixels or fewer, or save it as "
            "JPEG."
        )
    if min(width, height) < PHOTO.least_side:
        raise PhotoError(f"{shown} has only {width} x {height} pixels: use one with a face at least 60 pixels wide.")
    if max(width, height) > PHOTO.longest * min(width, height):
        raise PhotoError(f"{shown} is a strip of {width} x {height} pixels: cut out the part with the face.")


def _strip_bytes(image: Image.Image) -> float:
    """Bytes that a pixel takes in a TIFF's strips, which may be the whole image at once; 0 for other formats."""
    if image.format != "TIFF":
        return 0.0
    bits = image.tag_v2.get(_BITS_PER_SAMPLE, (8,))  # type: ignore[attr-defined]
    return sum(int(value) for value in bits) / 8


def _frame_notes(image: Image.Image) -> list[str]:
    """Says so where there is more than the first frame; how many are not counted, for there may be millions."""
    if image.format == "MPO":
        return []
    try:
        image.seek(1)
    except EOFError:
        return []
    except Exception:  # a damaged later frame; the first one may still be fine
        pass
    image.seek(0)
    return [f"it has several {'pages' if image.format == 'TIFF' else 'frames'}, the first is used."]


def _reduced_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size at which a photo is used: at most ``PHOTO.used_pixels``, same shape."""
    scale = min(1.0, (PHOTO.used_pixels / (size[0] * size[1])) ** 0.5)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _reduce(image: Image.Image, alpha: Image.Image | None) -> tuple[Image.Image, Image.Image | None]:
    """Shrink to ``PHOTO.used_pixels``; the photo may already be smaller than the file said, from the JPEG decoder."""
    size = _reduced_size(image.size)
    if size == image.size:
        return image, alpha
    profile = image.info.get("icc_profile")
    image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    image.info["icc_profile"] = profile
    return image, alpha and alpha.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Grey with more than 8 bits as 8-bit grey; 16-bit colour was already reduced by the decoder."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    width, height = image.size
    white = 65535.0
    if not image.mode.startswith("I;16"):
        top = max(float(rows.max()) for rows in _strips(image))
        white = next((limit for limit in (1.0, 255.0, 65535.0) if top <= limit), top)
        if image.mode == "I":
            white = max(white, 255.0)
    pixels = np.empty((height, width), np.uint8)
    for number, rows in enumerate(_strips(image)):
        scaled = np.clip(rows * (255.0 / white) + 0.5, 0, 255)
        pixels[number * _ROWS : (number + 1) * _ROWS] = scaled
    grey = Image.fromarray(pixels)
    grey.info.update(icc_profile=image.info.get("icc_profile"))
    return grey


def _strips(image: Image.Image) -> Iterator[np.ndarray]:
    """(at most ``_ROWS``, W) finite float32 rows of an image of one channel, from top to bottom."""
    width, height = image.size
    for top in range(0, height, _ROWS):
        rows = np.asarray(image.crop((0, top, width, min(top + _ROWS, height))))
        yield np.nan_to_num(rows.astype(np.float32))


def _separate_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours (modes L, RGB, CMYK or LAB) and the alpha, if any; palettes are resolved."""
    profile = image.info.get("icc_profile")
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        if image.mode != "RGBA":
            image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    image.info["icc_profile"] = profile
    return image, alpha


def _to_srgb(image: Image.Image) -> tuple[Image.Image, str]:
    """sRGB colours by the embedded profile (relative colorimetric, black point compensated), and a note."""
    srgb = ImageCms.createProfile("sRGB")
    profile, note = _profile(image)
    if profile is not None:
        try:
            intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
            converted = ImageCms.profileToProfile(image, profile, srgb, intent, outputMode="RGB", flags=flags)
            image = converted or image  # None is of conversions in place
        except (OSError, ImageCms.PyCMSError, ValueError):
            note = "its colour profile cannot be used, sRGB is assumed."
    elif image.mode == "CMYK":
        note = "CMYK without a colour profile, colours are approximate."
    return image.convert("RGB"), note


def _profile(image: Image.Image) -> tuple[ImageCms.core.CmsProfile | ImageCms.ImageCmsProfile | None, str]:
    """The profile by which the colours of an image are converted, if any, and a note."""
    if image.mode == "LAB":
        return ImageCms.createProfile("LAB"), ""
    stored = image.info.get("icc_profile")
    if not stored:
        return None, ""
    try:
        if not isinstance(stored, bytes):
            raise ValueError("a TIFF may have any values in that tag")
        found = ImageCms.ImageCmsProfile(io.BytesIO(stored))
        return (found, "") if _profile_fits(found, image.mode) else (None, "")
    except (OSError, ImageCms.PyCMSError, ValueError):
        return None, "its colour profile cannot be read, sRGB is assumed."


def _profile_fits(profile: ImageCms.ImageCmsProfile, mode: str) -> bool:
    """Whether a profile describes the colours of a mode and says something new (plain sRGB does not)."""
    space = profile.profile.xcolor_space.strip()
    if "sRGB" in (profile.profile.profile_description or "") and mode in ("RGB", "L"):
        return False
    return {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}[mode] == space


def _register_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


@contextlib.contextmanager
def _large_images_allowed() -> Iterator[None]:
    """Pillow's own limit is lower than ours, which is checked before anything is decoded."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
