"""The face frame, in which anatomy is comparable between heads, and shapes drawn in it.

x to the head's left with the eye centres at x = 32, y up with the eye centres at y = 0 and the lips at y = -67, z
forward with the eye centres at z = 0. On the mean head it is close to millimetres.
"""

from __future__ import annotations

import numpy as np

from ...core.head.model import HeadTopology
from ...core.image.filters import smoothstep

EYE_X = 32.0
LIPS_Y = -67.0
CANTHUS = (45.5, -1.5)  # outer corner of the eye


def face_frame(topology: HeadTopology, mean: np.ndarray) -> np.ndarray:
    """(V, 3) coordinates of every vertex of the mean head (V, 3) mm in the face frame (see the module)."""
    eyes = mean[topology.part_slice("eyes")].astype(np.float64)
    eye = eyes[eyes[:, 0] > 0].mean(0)
    head = topology.part_slice("head")
    lips = topology.region("lips")[head].astype(np.float64)
    lips_y = (lips @ mean[head, 1]) / lips.sum()
    across, along = EYE_X / eye[0], LIPS_Y / (lips_y - eye[1])
    return (mean - [0.0, eye[1], eye[2]]) * [across, along, 0.5 * (across + along)]


def band(x: np.ndarray, low: float, high: float, width: float) -> np.ndarray:
    """1 between ``low`` and ``high``, with steps of half width ``width`` centred on them."""
    return smoothstep(x, low - width, low + width) * (1.0 - smoothstep(x, high - width, high + width))


def ellipse(x: np.ndarray, y: np.ndarray, centre: tuple, radii: tuple, soft: float = 0.35) -> np.ndarray:
    """1 inside an ellipse, 0 outside, with a border of ``soft`` of its radius to either side."""
    return 1.0 - smoothstep(np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1]), 1.0 - soft, 1.0 + soft)


def front_of_neck(frame: np.ndarray) -> np.ndarray:
    """(n,) in [0, 1]: the skin of the throat, of points (n, 3) in the face frame."""
    y, z = frame[:, 1], frame[:, 2]
    return smoothstep(z, -86.0, -70.0) * smoothstep(y, -155.0, -146.0) * (1.0 - smoothstep(y, -128.0, -114.0))
