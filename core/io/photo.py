"""Loading a photo: any common file becomes upright 8-bit sRGB pixels, with its focal length where known."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from ..errors import PhotoError
from .exif import exif_of, focal_length_px, upright_transpose
from .frames import seek_shown

MAX_PIXELS = 16_000_000
MAX_DECODED_PIXELS = 500_000_000
MIN_SIDE = 64
BACKGROUND = 128  # grey under transparent parts
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


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
    applied, photos beyond 16 megapixels are reduced.

    Raises:
        PhotoError: the file cannot be read, is no photo, is damaged, too large or too small.
    """
    path = Path(path)
    shown = _printable(path.name or str(path))
    data = _read_file(path, shown)
    heif = data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS
    if heif and not _register_heif():
        raise PhotoError(f"{shown} is a HEIC photo, which needs the package pillow-heif: save it as JPEG or PNG.")
    with _large_images_allowed():
        image, megapixels, notes = _decode(data, shown)
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
    return Photo(np.array(image, np.uint8), path.name, focal, tuple(notes))


def _read_file(path: Path, shown: str) -> bytes:
    try:
        if path.is_dir():
            raise PhotoError(f"{shown} is a folder: choose a photo in it.")
        if not path.exists():
            raise PhotoError(f"There is no file {_printable(str(path))}.")
        if not path.is_file():
            raise PhotoError(f"{shown} is not a regular file: choose a photo.")
        data = path.read_bytes()
    except PermissionError:
        raise PhotoError(f"{shown} cannot be read: its permissions forbid it.") from None
    except (OSError, ValueError) as error:
        raise PhotoError(f"{shown} cannot be read ({_reason(error)}).") from None
    if not data:
        raise PhotoError(f"{shown} is empty (0 bytes): copy or export it again.")
    return data


def _open(data: bytes, shown: str) -> Image.Image:
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except Image.UnidentifiedImageError:
        raise PhotoError(f"{shown} is not a photo Furrow can read: use JPEG, PNG, WebP or TIFF.") from None
    except Exception as error:  # decoders raise anything on a damaged file
        raise PhotoError(f"{shown} is damaged or cut off ({_reason(error)}): copy or export it again.") from None


def _decode(data: bytes, shown: str) -> tuple[Image.Image, float, list[str]]:
    """The decoded image (a large JPEG at a fraction of its size), its megapixels in the file, and notes."""
    image = _open(data, shown)
    notes = _check_size_and_frames(image, shown)
    megapixels = image.size[0] * image.size[1] / 1e6
    try:
        frame = seek_shown(image)
        if frame:
            notes = [f"it has several frames, the first ones are empty: number {frame + 1} is used."]
        if image.format in ("JPEG", "MPO"):
            image.draft(None, _reduced_size(image.size))
        image.load()
    except Exception as error:  # decoders raise anything on a damaged file
        raise PhotoError(f"{shown} is damaged or cut off ({_reason(error)}): copy or export it again.") from None
    return image, megapixels, notes


def _check_size_and_frames(image: Image.Image, shown: str) -> list[str]:
    """Refuse what is too large or too small before anything is decoded; note further frames."""
    width, height = image.size
    if width * height > MAX_DECODED_PIXELS:
        raise PhotoError(
            f"{shown} has {width} x {height} pixels: reduce it to {MAX_DECODED_PIXELS // 10**6} megapixels or fewer."
        )
    if min(width, height) < MIN_SIDE:
        raise PhotoError(f"{shown} has only {width} x {height} pixels: use one with a face at least 60 pixels wide.")
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception:  # a damaged later frame; the first one may still be fine
        frames = 2
    if frames > 1 and image.format != "MPO":
        kind = "pages" if image.format == "TIFF" else "frames"
        return [f"it has several {kind}, the first is used."]
    return []


def _reduced_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size at which a photo is used: at most ``MAX_PIXELS``, same shape."""
    scale = min(1.0, (MAX_PIXELS / (size[0] * size[1])) ** 0.5)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _reduce(image: Image.Image, alpha: Image.Image | None) -> tuple[Image.Image, Image.Image | None]:
    """Shrink to ``MAX_PIXELS``; the photo may already be smaller than the file said, from the JPEG decoder."""
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
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    top = float(values.max())
    white = next((limit for limit in (1.0, 255.0, 65535.0) if top <= limit), top)
    if image.mode.startswith("I;16"):
        white = 65535.0
    elif image.mode == "I":
        white = max(white, 255.0)
    grey = Image.fromarray(np.clip(values * (255.0 / white) + 0.5, 0, 255).astype(np.uint8))
    grey.info.update(icc_profile=image.info.get("icc_profile"))
    return grey


def _separate_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours (modes L, RGB, CMYK or LAB) and the alpha, if any; palettes are resolved."""
    profile = image.info.get("icc_profile")
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
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
    stored = image.info.get("icc_profile")
    srgb = ImageCms.createProfile("sRGB")
    profile: ImageCms.core.CmsProfile | ImageCms.ImageCmsProfile | None = None
    note = ""
    if image.mode == "LAB":
        profile = ImageCms.createProfile("LAB")
    elif stored:
        try:
            found = ImageCms.ImageCmsProfile(io.BytesIO(stored))
            if _profile_fits(found, image.mode):
                profile = found
        except (OSError, ImageCms.PyCMSError, ValueError):
            note = "its colour profile cannot be read, sRGB is assumed."
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


def _printable(text: str) -> str:
    """One line of bounded length, whatever the file is called."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 160 else f"{text[:80]}...{text[-77:]}"


def _reason(error: BaseException) -> str:
    message = getattr(error, "strerror", None) or str(error)
    lines = message.strip().splitlines()
    return _printable(lines[0]) if lines else type(error).__name__
