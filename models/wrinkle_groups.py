"""Where on the face wrinkles live: the face frame, the groups of lines and their numbers.

The face frame makes anatomy comparable between heads: x to the head's left with the eye centres at x = 32, y up with
the eye centres at y = 0 and the lips at y = -67, z forward with the eye centres at z = 0. On the mean head it is close
to millimetres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..core.geometry import smoothstep
from ..core.head_model import HeadTopology

EYE_X = 32.0
LIPS_Y = -67.0

BROW_RAISE = {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}
BROW_DOWN = {"browDownLeft": 1.0, "browDownRight": 1.0}
SMILE = {
    "mouthSmileLeft": 1.0, "mouthSmileRight": 1.0, "eyeSquintLeft": 1.0, "eyeSquintRight": 1.0,
    "cheekSquintLeft": 1.0, "cheekSquintRight": 1.0,
}
SNEER = {"noseSneerLeft": 1.0, "noseSneerRight": 1.0}
PUCKER = {"mouthPucker": 1.0}
MOUTH_FROWN = {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}
CHIN_RAISE = {"mouthShrugLower": 1.0}
JAW_OPEN = {"jawOpen": 1.0}
LIP_RAISE = {"mouthUpperUpLeft": 1.0, "mouthUpperUpRight": 1.0, "noseSneerLeft": 1.0, "noseSneerRight": 1.0}

# expressions that a face makes all day, and how much of each leaves a trace
HABITS = ((BROW_RAISE, 0.8), (BROW_DOWN, 0.7), (SMILE, 0.8), (SNEER, 0.4), (PUCKER, 0.6), (CHIN_RAISE, 0.3))


@dataclass(frozen=True)
class Group:
    """Lines of one anatomical group.

    Attributes:
        name: of the group, and of its mask and line direction.
        family: 1 or 2: which wrinkle normal and which compressed channel.
        driver: expression that creases the skin here.
        wavelength: mm between lines.
        cap: mm, the deepest groove.
        gain, threshold: excess strain = compression x gain - threshold.
        wobble: degrees, spread of the line direction.
        length: mm, median.
        onset: age (0 is 20, 1 is 85 years) at which the first lines stay on the resting face.
        retention: share of the memory that stays.
        bilateral: lines run across the midline; else the left side is a perturbed image of the right one.
        secondary: spacing of the finer lines between, as a share of ``wavelength``; 0 for none.
        prior: excess strain taken for granted, where shape keys say too little.
        floor: share of the memory that is there at every age.
        resting: lines that age alone draws: no expression deepens them, and they bend no other lines.
        pits: dimples in no order instead of lines.
        young: share of the dynamic depth that skin of 20 years shows; it is all there at mid-life.
    """

    name: str
    family: int
    driver: Mapping[str, float]
    wavelength: float
    cap: float
    gain: float
    threshold: float
    wobble: float
    length: float
    onset: float
    retention: float = 1.0
    bilateral: bool = False
    secondary: float = 0.45
    prior: float = 0.02
    floor: float = 0.0
    resting: bool = False
    pits: bool = False
    young: float = 0.85


GROUPS = (
    Group("forehead", 1, BROW_RAISE, 10.0, 0.80, 1.8, 0.03, 7, 85, 0.10, bilateral=True, young=0.7),
    Group("glabella", 2, BROW_DOWN, 9.0, 0.75, 1.1, 0.06, 6, 25, 0.12, secondary=0.5, young=0.25),
    Group("crows_feet", 1, SMILE, 5.4, 0.48, 0.8, 0.04, 6, 27, 0.10, secondary=0.55, young=0.5),
    Group("under_eye", 1, SMILE, 3.4, 0.30, 1.1, 0.03, 9, 16, 0.15, secondary=0.55, prior=0.08, young=0.6),
    Group("nose", 1, SNEER, 4.6, 0.52, 3.0, 0.02, 7, 14, 0.35, retention=0.35, secondary=0.0, young=0.55),
    Group("perioral", 1, PUCKER, 4.6, 0.32, 0.9, 0.04, 9, 10, 0.32, secondary=0.0, prior=0.12, young=0.45),
    Group("lips", 1, PUCKER, 2.0, 0.12, 1.2, 0.0, 10, 7, 0.0, secondary=0.0, prior=0.15, floor=0.35),
    Group("mouth_corner", 1, SMILE, 8.5, 0.30, 0.6, 0.06, 6, 28, 0.25, secondary=0.45, prior=0.05, young=0.5),
    Group("temple", 1, SMILE, 6.5, 0.16, 0.6, 0.03, 9, 20, 0.40, retention=0.8, secondary=0.0, prior=0.06),
    Group("chin", 2, CHIN_RAISE, 4.4, 0.20, 2.0, 0.02, 0, 6.0, 0.45, retention=0.25, secondary=0.0, pits=True,
          young=0.7),
    Group("crepe", 1, SMILE, 1.7, 0.065, 1.0, 0.0, 18, 9, 0.25, secondary=0.0, resting=True),
    Group("crepe_cross", 1, SMILE, 1.7, 0.05, 1.0, 0.0, 18, 9, 0.25, secondary=0.0, resting=True),
)


def band(x: np.ndarray, low: float, high: float, width: float) -> np.ndarray:
    """1 between ``low`` and ``high``, with steps of half width ``width`` centred on them."""
    return smoothstep(x, low - width, low + width) * (1.0 - smoothstep(x, high - width, high + width))


def ellipse(x: np.ndarray, y: np.ndarray, centre: tuple, radii: tuple, soft: float = 0.35) -> np.ndarray:
    """1 inside an ellipse, 0 outside, with a border of ``soft`` of its radius to either side."""
    return 1.0 - smoothstep(np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1]), 1.0 - soft, 1.0 + soft)


def face_frame(topology: HeadTopology, mean: np.ndarray) -> np.ndarray:
    """(V, 3) coordinates of every vertex of the mean head (V, 3) mm in the face frame (see the module)."""
    eyes = mean[topology.part_slice("eyes")].astype(np.float64)
    eye = eyes[eyes[:, 0] > 0].mean(0)
    head = topology.part_slice("head")
    lips = topology.region("lips")[head].astype(np.float64)
    lips_y = (lips @ mean[head, 1]) / lips.sum()
    across, along = EYE_X / eye[0], LIPS_Y / (lips_y - eye[1])
    return (mean - [0.0, eye[1], eye[2]]) * [across, along, 0.5 * (across + along)]


def group_masks(frame: np.ndarray) -> dict[str, np.ndarray]:
    """Where each group may have lines.

    Args:
        frame: (n, 3) points in the face frame.

    Returns:
        {group: (n,) in [0, 1]}.
    """
    x, y, z = np.abs(frame[:, 0]), frame[:, 1], frame[:, 2]
    front = smoothstep(z, -42.0, -30.0)
    lips = ellipse(x, y, (0.0, LIPS_Y), (24.0, 8.5), 0.2)
    around = ellipse(x, y, (0.0, LIPS_Y), (23.0, np.where(y > LIPS_Y, 19.0, 20.0)))
    cheek = ellipse(x, y, (45.0, -45.0), (20.0, 32.0)) * (1.0 - around)
    thin = np.maximum(0.8 * cheek, ellipse(x, y, (33.0, -14.0), (20.0, 9.0)) * (1.0 - smoothstep(y, -9.0, -3.0)))
    crepe = np.maximum(thin * front, front_of_neck(frame))
    masks = {
        "forehead": band(x, -100.0, 54.0, 8.0) * band(y, 28.0 + 7.0 * np.exp(-((x / 13.0) ** 2)), 76.0, 8.0),
        "glabella": band(x, -100.0, 17.0, 5.0) * band(y, 2.5, 29.0, 6.0),
        "crows_feet": ellipse(x, y, (58.0, -2.5), (15.0, 20.0)) * smoothstep(x, 43.0, 49.0),
        "under_eye": ellipse(x, y, (33.0, -12.0), (22.0, 11.0)) * (1.0 - smoothstep(y, -9.0, -3.0)),
        "nose": ellipse(x, y, (12.5, -8.0), (10.5, 13.5)) * smoothstep(x, 2.0, 6.0),
        "perioral": (1.0 - lips) * around,
        "lips": ellipse(x, y, (0.0, LIPS_Y - 1.5), (24.0, 8.8), 0.1),
        "mouth_corner": ellipse(x, y, (41.0, -64.0), (15.0, 27.0)) * smoothstep(x, 26.0, 32.0),
        "temple": ellipse(x, y, (61.0, 25.0), (9.0, 15.0)),
        "chin": ellipse(x, y, (0.0, -98.5), (18.0, 10.0), 0.3),
    }
    return {name: mask * front for name, mask in masks.items()} | {"crepe": crepe, "crepe_cross": crepe}


def front_of_neck(frame: np.ndarray) -> np.ndarray:
    """(n,) in [0, 1]: the skin of the throat, of points (n, 3) in the face frame."""
    y, z = frame[:, 1], frame[:, 2]
    return smoothstep(z, -86.0, -70.0) * smoothstep(y, -155.0, -146.0) * (1.0 - smoothstep(y, -128.0, -114.0))
