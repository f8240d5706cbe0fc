"""Animated pictures: the first frame that shows something."""

from __future__ import annotations

from PIL import Image, ImageStat

MOST_FRAMES = 60  # that are looked at: two seconds of a clip fade in at most
MOST_PIXELS = 300_000_000  # decoded of all of them together
CONTRAST = 6.0  # standard deviation of grey levels, of 255, from which a frame shows something


def seek_shown(image: Image.Image) -> int:
    """Leave an animation at its first frame that is not of one colour, and say which that is; 0 is the first.

    Where none of the first ``MOST_FRAMES`` or ``MOST_PIXELS`` is, or a frame is damaged, the first is taken.

    Args:
        image: opened, of any format; one that holds a single picture stays as it is.
    """
    if image.format not in ("GIF", "WEBP", "PNG", "AVIF") or not getattr(image, "is_animated", False):
        return 0
    try:
        for number in range(min(MOST_FRAMES, max(1, MOST_PIXELS // (image.width * image.height)))):
            image.seek(number)
            if ImageStat.Stat(image.convert("L")).stddev[0] >= CONTRAST:
                return number
    except Exception:  # no more frames, or a damaged one: decoders raise anything
        pass
    image.seek(0)
    return 0
