"""How a face sags with age, added to the source's age morph, which mostly wrinkles and thins.

Soft tissue descends between the retaining ligaments, fat goes where the temple and the cheek hollow, cartilage grows
(Mendelson and Wong 2012, "Changes in the facial skeleton with aging"; Lambros 2007): each is a smooth displacement
around a landmark. Amounts are those from 25 to 90 years, in millimetres.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ...core.image.filters import smoothstep
from ..sources.topology import SourceTopology
from .regions import LOWER_LID, UPPER_LID

# how much further than the source's morph its own changes go
MORPH_SHARE = 1.2
# on the character's left: landmarks whose mean is the centre, offset from it, radii (across, along y, in depth) at
# which a third is left, displacement; all mm. Centres on the midline act on both halves at once
SAG = (
    ((379, 365), (0.0, 2.0, 2.0), (13.0, 11.0, 16.0), (2.2, -6.5, 1.5)),  # jowl
    ((378,), (0.0, 4.0, 0.0), (7.0, 7.0, 12.0), (0.0, 0.5, -1.6)),  # hollow before the jowl
    ((425, 411), (0.0, 0.0, 0.0), (15.0, 16.0, 25.0), (0.8, -4.5, 0.2)),  # cheek
    ((411,), (10.0, 4.0, 0.0), (12.0, 14.0, 25.0), (-2.0, 0.0, -2.2)),  # hollow below the cheekbone
    ((423,), (3.0, -2.0, 0.0), (7.0, 12.0, 16.0), (0.2, -2.5, 1.3)),  # beside the nasolabial fold
    ((348, 347), (0.0, 1.0, 0.0), (9.0, 5.0, 14.0), (0.0, -1.6, 1.5)),  # bag under the eye
    ((349, 348), (-2.0, -5.0, 0.0), (9.0, 4.0, 14.0), (0.0, -0.3, -1.3)),  # trough below it
    ((260, 467), (1.0, 1.5, 0.0), (9.0, 4.5, 12.0), (0.4, -3.0, 1.0)),  # hood of the upper lid
    ((257, 258), (-1.0, 3.0, 0.0), (8.0, 4.5, 12.0), (0.0, -0.8, -1.4)),  # hollow above its inner part
    ((300, 276), (0.0, 2.0, 0.0), (14.0, 10.0, 25.0), (0.6, -3.2, -0.2)),  # tail of the brow
    ((301, 368), (0.0, 6.0, 0.0), (14.0, 19.0, 25.0), (-4.0, 0.0, -1.4)),  # temple
    ((291,), (1.0, -2.0, 0.0), (8.0, 7.0, 14.0), (0.6, -2.2, -0.6)),  # corner of the mouth
    ((0,), (0.0, 2.0, 0.0), (20.0, 9.0, 16.0), (0.0, -1.6, -0.8)),  # upper lip: longer and flatter
    ((4,), (0.0, 0.0, 0.0), (12.0, 10.0, 18.0), (0.0, -3.0, 0.8)),  # tip of the nose
    ((358,), (0.0, 0.0, 0.0), (7.0, 6.0, 12.0), (1.0, -1.0, 0.0)),  # wing of the nose
    ((152,), (0.0, -14.0, -16.0), (17.0, 12.0, 16.0), (0.0, -6.0, 3.0)),  # skin under the chin
)
LID_MARGIN = (1.0, 6.0)  # mm from the eyelids' margins within which the skin stays on the eye
EAR_GROWTH = 0.14  # of its height


def aged(
    morph: np.ndarray,
    mean: np.ndarray,
    topology: SourceTopology,
    landmarks: np.ndarray,
    ear: np.ndarray,
    eyes: np.ndarray,
) -> np.ndarray:
    """(V, 3) mm the age direction: the source's morph, taken further, and what sags.

    Args:
        morph: (V, 3) mm of the source from young to old.
        mean: (V, 3) mm; landmarks: (478, 3) mm on it.
        ear: (V,) mask in [0, 1]; eyes: (V,) in [0, 1], skin inside of the lids, which stays on the eyeball.
    """
    head = topology.part_slice("head")
    change = np.zeros_like(mean)
    change[head] = (MORPH_SHARE - 1.0) * morph[head] + sagged(mean[head], landmarks)
    height = mean[:, 1] - mean[ear > 0.5, 1].max()
    change[:, 1] += EAR_GROWTH * ear * height
    change *= (1.0 - eyes)[:, None]
    change[head.stop :] = 0.0
    return morph + change


def sagged(points: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(n, 3) mm by which soft tissue moves at points (n, 3) mm; landmarks (478, 3) mm."""
    out = np.zeros_like(points)
    for marks, offset, radii, displacement in SAG:
        centre = landmarks[list(marks)].mean(0) + offset
        sides = (1.0,) if abs(centre[0]) < 1.0 else (1.0, -1.0)
        for side in sides:
            mirror = np.array([side, 1.0, 1.0])
            away = (points - centre * mirror) / radii
            out += np.exp(-(away**2).sum(1))[:, None] * (displacement * mirror)
    margins = landmarks[list(UPPER_LID + LOWER_LID)]
    distance, _ = cKDTree(margins).query(points * np.where(points[:, :1] < 0, [-1.0, 1.0, 1.0], 1.0))
    return out * smoothstep(distance, *LID_MARGIN)[:, None]
