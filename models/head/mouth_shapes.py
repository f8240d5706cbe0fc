"""Puckered and funnelled lips: the source's shapes, drawn together and brought forward.

The orbicularis oris is a ring: as it contracts, the corners come 8 to 10 mm nearer to the midline, the lips gather and
push forward like the end of a tube (Fridlund and Cacioppo 1986, action units 18 and 22 of the facial action coding).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.image.filters import smoothstep
from ..sources.topology import SourceTopology
from .membrane import membrane

FRONT = (80.0, 95.0)  # mm of z before which skin belongs to the mouth
DRAWN = ((24.0, 12.0), (50.0, 36.0))  # mm: half axes of the ellipses inside and outside of which all and nothing moves
PUSHED = ((20.0, 8.0), (38.0, 26.0))


@dataclass(frozen=True)
class Purse:
    """How far a shape's mouth is drawn together.

    Attributes:
        gather: share of the way to the midline; forward: mm at the middle of the lips.
        thicken: share by which the lips become taller.
    """

    gather: float
    forward: float
    thicken: float


PURSES = {"mouthPucker": Purse(0.28, 2.5, 0.2), "mouthFunnel": Purse(0.22, 4.5, 0.0)}


def pursed(
    name: str,
    delta: np.ndarray,
    mean: np.ndarray,
    topology: SourceTopology,
    landmarks: np.ndarray,
    regions: dict[str, np.ndarray],
) -> np.ndarray:
    """(V, 3) mm a shape of ``PURSES``, from that of the source.

    Args:
        delta: (V, 3) mm of the source; mean: (V, 3) mm; landmarks: (478, 3) mm on it; regions: masks (V,) by name.
    """
    purse, head = PURSES[name], topology.part_slice("head")
    points, delta = mean[head], delta.copy()
    # the source lifts the skin below the lower lip against it: there it follows the lip and the chin instead
    free = np.maximum(regions["lower_lip"], 0.8 * regions["chin"])[head] * (1.0 - regions["lips"][head]) ** 2
    free *= 1.0 - regions["mouth_inner"][head]
    delta[head] = membrane(points, topology.head_faces, delta[head], free)
    middle = landmarks[[13, 14]].mean(0)
    drawn, pushed = (_ellipse(points, middle, *axes) for axes in (DRAWN, PUSHED))
    posed = points + delta[head]
    taller = purse.thicken * pushed * np.maximum(regions["lips"], regions["mouth_inner"])[head]
    delta[head, 0] -= purse.gather * drawn * posed[:, 0]
    delta[head, 1] += taller * (posed[:, 1] - middle[1])
    delta[head, 2] += purse.forward * pushed
    return delta


def _ellipse(
    points: np.ndarray, middle: np.ndarray, inner: tuple[float, float], outer: tuple[float, float]
) -> np.ndarray:
    """(n,) 1 inside of an ellipse around the mouth, 0 outside of another, and at the back."""
    offset = points[:, :2] - middle[:2]
    near, far = (np.hypot(offset[:, 0] / across, offset[:, 1] / along) for across, along in (inner, outer))
    # 0 on the inner ellipse, 1 on the outer one
    share = (near - 1.0).clip(0) / ((near - 1.0).clip(0) + (1.0 - far).clip(0) + 1e-9)
    return (1.0 - smoothstep(share, 0.0, 1.0)) * smoothstep(points[:, 2], *FRONT)
