"""Measures of mouth and eyes at rest, where likeness is looked for first, from the face landmarks on the mesh.

They complete ``measures``, whose landmarks stop at the corners of the eyes. Landmarks are those of
``core.nets.landmarks``, on the surface of a head (``HeadModel.landmarks``), not as a net saw them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.fit.feature_heights import BROWS, INNER_CORNER, LOWER_LIP, OUTER_CORNER, UPPER_LIP

UPPER_LID, LOWER_LID = (159, 386), (145, 374)  # right and left
MOUTH_CORNER, UNDER_NOSE = (61, 291), 2

Points = np.ndarray  # (..., 478, 3) mm, x left, y up, z forward


def _apart(first: int | tuple[int, int], second: int | tuple[int, int]) -> Callable[[Points], np.ndarray]:
    """(...,) mm between two landmarks; of pairs the mean of both sides."""

    def measured(at: Points) -> np.ndarray:
        offset = at[..., np.atleast_1d(first), :] - at[..., np.atleast_1d(second), :]
        return np.linalg.norm(offset, axis=-1).mean(-1)

    return measured


def _canthal_tilt(at: Points) -> np.ndarray:
    """(...,) degrees by which the outer corner stands above the inner one, seen from the front; mean of both eyes."""
    offset = at[..., OUTER_CORNER, :] - at[..., INNER_CORNER, :]
    return np.degrees(np.arctan2(offset[..., 1], np.abs(offset[..., 0]))).mean(-1)


def _brow_height(at: Points) -> np.ndarray:
    """(...,) mm between the line of the eye's corners and the middle of the brow, along y; mean of both sides."""
    brow = at[..., BROWS, 1].mean(-1)
    return (brow - 0.5 * (at[..., OUTER_CORNER, 1] + at[..., INNER_CORNER, 1])).mean(-1)


MOUTH_AND_EYES: dict[str, Callable[[Points], np.ndarray]] = {
    "mouth width": _apart(*MOUTH_CORNER),
    "upper lip height": _apart(*UPPER_LIP),
    "lower lip height": _apart(*LOWER_LIP),
    "philtrum length": _apart(UNDER_NOSE, UPPER_LIP[0]),
    "eye length": _apart(INNER_CORNER, OUTER_CORNER),
    "eye aperture": _apart(UPPER_LID, LOWER_LID),
    "canthal tilt (degrees)": _canthal_tilt,
    "brow height": _brow_height,
}


def mouth_and_eyes(landmarks: np.ndarray) -> np.ndarray:
    """(..., len(MOUTH_AND_EYES)) mm and degrees of heads whose landmarks (..., 478, 3) mm are given.

    Raises:
        ValueError: another shape.
    """
    if landmarks.shape[-2:] != (478, 3):
        raise ValueError(f"(..., 478, 3) landmarks are needed, got an array of shape {landmarks.shape}.")
    return np.stack([measure(landmarks) for measure in MOUTH_AND_EYES.values()], axis=-1)
