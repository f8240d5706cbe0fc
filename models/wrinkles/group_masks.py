"""Where each group of wrinkles may have lines: (n,) in [0, 1] of points (n, 3) in the face frame."""

from __future__ import annotations

import numpy as np

from ...core.image.filters import smoothstep
from .face_frame import LIPS_Y, band, ellipse, front_of_neck


def forehead(frame: np.ndarray) -> np.ndarray:
    """From above the brows to below the hairline."""
    x, y = _place(frame)
    return band(x, -100.0, 54.0, 8.0) * band(y, 28.0 + 7.0 * np.exp(-((x / 13.0) ** 2)), 76.0, 8.0) * _front(frame)


def glabella(frame: np.ndarray) -> np.ndarray:
    """Between the brows."""
    x, y = _place(frame)
    return band(x, -100.0, 17.0, 5.0) * band(y, 2.5, 29.0, 6.0) * _front(frame)


def crows_feet(frame: np.ndarray) -> np.ndarray:
    """Beside the outer corner of the eye."""
    x, y = _place(frame)
    return ellipse(x, y, (58.0, -2.5), (15.0, 20.0)) * smoothstep(x, 43.0, 49.0) * _front(frame)


def under_eye(frame: np.ndarray) -> np.ndarray:
    """Below the lower lid."""
    x, y = _place(frame)
    return ellipse(x, y, (33.0, -12.0), (22.0, 11.0)) * (1.0 - smoothstep(y, -9.0, -3.0)) * _front(frame)


def nose(frame: np.ndarray) -> np.ndarray:
    """The side of the nose below the inner corner of the eye."""
    x, y = _place(frame)
    return ellipse(x, y, (12.5, -8.0), (10.5, 13.5)) * smoothstep(x, 2.0, 6.0) * _front(frame)


def perioral(frame: np.ndarray) -> np.ndarray:
    """The skin around the lips."""
    x, y = _place(frame)
    lips = ellipse(x, y, (0.0, LIPS_Y), (24.0, 8.5), 0.2)
    return (1.0 - lips) * _around_mouth(x, y) * _front(frame)


def lips(frame: np.ndarray) -> np.ndarray:
    """The red of the lips."""
    x, y = _place(frame)
    return ellipse(x, y, (0.0, LIPS_Y - 1.5), (24.0, 8.8), 0.1) * _front(frame)


def mouth_corner(frame: np.ndarray) -> np.ndarray:
    """The cheek beside the corner of the mouth."""
    x, y = _place(frame)
    return ellipse(x, y, (41.0, -64.0), (15.0, 27.0)) * smoothstep(x, 26.0, 32.0) * _front(frame)


def temple(frame: np.ndarray) -> np.ndarray:
    """Between the brow's tail and the hair."""
    x, y = _place(frame)
    return ellipse(x, y, (61.0, 25.0), (9.0, 15.0)) * _front(frame)


def chin(frame: np.ndarray) -> np.ndarray:
    """The ball of the chin."""
    x, y = _place(frame)
    return ellipse(x, y, (0.0, -98.5), (18.0, 10.0), 0.3) * _front(frame)


def thin_skin(frame: np.ndarray) -> np.ndarray:
    """Cheek, lower lid and throat."""
    x, y = _place(frame)
    cheek = ellipse(x, y, (45.0, -45.0), (20.0, 32.0)) * (1.0 - _around_mouth(x, y))
    thin = np.maximum(0.8 * cheek, ellipse(x, y, (33.0, -14.0), (20.0, 9.0)) * (1.0 - smoothstep(y, -9.0, -3.0)))
    return np.maximum(thin * _front(frame), front_of_neck(frame))


def _place(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) x on either side, (n,) y."""
    return np.abs(frame[:, 0]), frame[:, 1]


def _front(frame: np.ndarray) -> np.ndarray:
    return smoothstep(frame[:, 2], -42.0, -30.0)


def _around_mouth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return ellipse(x, y, (0.0, LIPS_Y), (23.0, np.where(y > LIPS_Y, 19.0, 20.0)))
