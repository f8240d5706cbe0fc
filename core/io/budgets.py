"""What a file from a stranger may cost, checked before anything of it is decoded.

The aim: no file takes more than 2 GB of memory or 10 s to be read or refused, by a process that has the models loaded
(0.4 GB). ``tests/core/io/test_budgets.py`` and ``make fuzz`` measure it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class PhotoBudget:
    """Limits of a photo.

    Attributes:
        file_bytes: of the file; a TIFF of 100 megapixels with 16 bits a channel has 600 MB.
        decoded_bytes: that decoding may take.
        pixels: of the largest photo, for the time that decoding takes; cameras of medium format have 102 million.
        fraction_pixels: the same where a fraction of it can be decoded alone: of a JPEG that is not progressive.
        least_side: pixels; a face of 60 has to fit in.
        longest: longer side over shorter side. OpenCV's resampling ends at 32767 pixels a side, which a photo of
            ``used_pixels`` stays below with it.
        used_pixels: to which a photo is reduced.
        bytes_per_pixel: that decoding takes at its peak, by format; measured on 48 megapixels of noise, Pillow 12. A
            TIFF takes its strips on top, which may be the whole of it.
    """

    file_bytes: int = 640 * 2**20
    decoded_bytes: int = 1_200_000_000
    pixels: int = 110_000_000
    fraction_pixels: int = 300_000_000
    least_side: int = 64
    longest: float = 16.0
    used_pixels: int = 16_000_000
    bytes_per_pixel: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"JPEG": 7, "MPO": 7, "PNG": 10, "WEBP": 19, "TIFF": 5, "BMP": 10, "GIF": 10, "AVIF": 14, "HEIF": 19}
        )
    )

    def most_pixels(self, kind: str, fraction: bool = False, strip_bytes: float = 0.0) -> int:
        """The most pixels that a photo may have.

        Args:
            kind: Pillow's name of its format.
            fraction: whether a fraction of it can be decoded alone.
            strip_bytes: that a pixel takes in the strips of a TIFF.
        """
        if fraction:
            return self.fraction_pixels
        return min(self.pixels, int(self.decoded_bytes / (self.bytes_per_pixel[kind] + strip_bytes)))


@dataclass(frozen=True)
class CharacterBudget:
    """Limits of a .furrow file. The largest that Furrow writes has 30 MB, 44 entries, maps of 4096 texels.

    Attributes:
        file_bytes: of the file.
        directory_bytes: of the zip's list of entries, at its end.
        entries: in that list.
        header_bytes: of ``character.json``.
        unpacked_bytes: of all entries together, PNGs as they are.
        elements: of one array.
        vertices, faces: of the mesh; four times those of today's heads. Export divides each face into 64.
        map_side: texels of a map.
    """

    file_bytes: int = 256 * 2**20
    directory_bytes: int = 64 * 2**10
    entries: int = 64
    header_bytes: int = 4_000_000
    unpacked_bytes: int = 256 * 2**20
    elements: int = 12_000_000
    vertices: int = 20_000
    faces: int = 20_000
    map_side: int = 4096


PHOTO = PhotoBudget()
CHARACTER = CharacterBudget()
