"""What a face's skin looks like around the landmarks, in the words of the landmark net.

The net finds its points in feature maps of the picture. Two of them, one of cells of 4 pixels of the crop and one of 8,
are read where the points lie: teeth, creases, shades of bulging cheeks and of lips rolled in show there, which the
points themselves do not tell. A third one, of cells of 32 pixels, is read whole: what kind of face it is, seen from
where.
"""

from __future__ import annotations

import numpy as np

MAPS = {"texture_48": 32, "texture_24": 64}  # outputs of the landmark net and their channels
WHOLE = {"texture_6": 6 * 6 * 128}  # outputs read everywhere, and their numbers
# mesh points by the skin they lie on
PLACES = np.array(
    [205, 425, 36, 266, 203, 423, 206, 426, 207, 427, 50, 280, 123, 352, 147, 376, 187, 411]  # cheeks, beside the nose
    + [9, 8, 168, 107, 336, 55, 285, 10, 151, 108, 337, 69, 299, 104, 333, 105, 334, 66, 296, 70, 300]  # brows, above
    + [48, 278, 115, 344, 98, 327, 6, 197, 195]  # nose
    + [33, 263, 130, 359, 226, 446, 119, 348, 118, 347, 117, 346, 159, 386, 145, 374]  # eyes, below and beside them
    + [61, 291, 57, 287, 0, 17, 13, 14, 37, 267, 84, 314, 152, 199, 200, 18, 32, 262]  # lips, chin
)
LOCAL = len(PLACES) * sum(MAPS.values())  # features around the places, which come first
LENGTH = LOCAL + sum(WHOLE.values())


def read_textures(outputs: dict[str, np.ndarray], mesh: np.ndarray) -> np.ndarray | None:
    """(n, LENGTH) float32 features around the ``PLACES``, and of the whole crop; None of a net without those maps.

    Args:
        outputs: of the landmark net, maps (n, size, size, channels).
        mesh: (n, points, 2 or more) in the crops, 0 to 1.
    """
    if not all(name in outputs for name in (*MAPS, *WHOLE)):
        return None
    at = mesh[:, PLACES, :2]
    read = [interpolated(outputs[name], at) for name in MAPS] + [outputs[name] for name in WHOLE]
    return np.concatenate([values.reshape(len(mesh), -1) for values in read], axis=1, dtype=np.float32)


def interpolated(maps: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(n, p, channels) bilinear values of maps (n, size, size, channels) at points (n, p, 2), 0 to 1; x first."""
    size = maps.shape[1]
    place = np.clip(at * size - 0.5, 0.0, size - 1.0)
    low = np.minimum(place.astype(int), size - 2)
    x, y = np.moveaxis((place - low).astype(np.float32)[..., None], 2, 0)
    column, row = np.moveaxis(low, 2, 0)
    item = np.arange(len(maps))[:, None]
    upper = (1 - x) * maps[item, row, column] + x * maps[item, row, column + 1]
    lower = (1 - x) * maps[item, row + 1, column] + x * maps[item, row + 1, column + 1]
    return (1 - y) * upper + y * lower
