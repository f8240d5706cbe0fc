"""Heights of lips and brows on the head, which colour shows and shading does not.

The borders of lips and brows are edges of colour. The light on the skin around says nothing of where they are, but
identity coefficients that answer to it move them along: the lower lip grew by half a millimetre on average.
"""

from __future__ import annotations

import numpy as np

from .terms import PointBasis

# landmarks: outer and inner border of the upper lip, inner and outer border of the lower lip, in the middle
UPPER_LIP, LOWER_LIP = (0, 13), (14, 17)
# of the right and of the left side: corners of the eye, both edges of the middle of the brow
INNER_CORNER, OUTER_CORNER = (133, 362), (33, 263)
BROWS = ((63, 105, 66, 65, 52, 53), (293, 334, 296, 295, 282, 283))


def held_heights(basis: PointBasis, spread: float) -> np.ndarray:
    """(K, K) precision of identity coefficients that keeps lips as high, and brows as far above the eyes, as they are.

    Args:
        basis: the 478 landmarks.
        spread: mm, by which each of the four heights may change.
    """
    height = basis.identity[:, 1]
    corners = [height[list(pair)].mean(0) for pair in zip(INNER_CORNER, OUTER_CORNER)]
    brows = [height[list(brow)].mean(0) - corner for brow, corner in zip(BROWS, corners)]
    lips = [height[above] - height[below] for above, below in (UPPER_LIP, LOWER_LIP)]
    rows = np.stack([*lips, *brows]) / spread
    return rows.T @ rows
