"""Eyes in a clip: how far the lids are open, and what that says about gaze and blinks.

Behind a shut lid the landmark net still draws an iris, which says nothing: the gaze is held. And an eye that the net
sees shut is shut on the character as well, whatever the fit of the lids would leave open.
"""

from __future__ import annotations

import numpy as np

SIDES = ("Right", "Left")
# upper and lower lid one above the other, and the corners
LIDS = {"Right": ((159, 145), (158, 153), (160, 144)), "Left": ((386, 374), (385, 380), (387, 373))}
CORNERS = {"Right": (33, 133), "Left": (263, 362)}
USUAL_OPENING = 0.3  # height over width of an open eye
USUALLY_OPEN = 0.75  # quantile over a clip that counts as open
# share of the open eye at which no iris can be seen, and at which the lids touch
HALF_SHUT, SHUT = 0.5, 0.27
GAZE, BLINK = "eyeLook", "eyeBlink"


def openings(points: np.ndarray) -> np.ndarray:
    """(2,) height over width of the right and left eye in landmarks (478, 2)."""

    def apart(pair: tuple[int, int]) -> float:
        return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))

    return np.array([np.mean([apart(p) for p in LIDS[s]]) / max(apart(CORNERS[s]), 1e-6) for s in SIDES])


def usual_openings(samples: list) -> np.ndarray:
    """(2,) openings of the open eyes in some frames (``Landmarks``)."""
    return np.quantile([openings(landmarks.points) for landmarks in samples], USUALLY_OPEN, axis=0)


def eye_bounds(
    names: tuple[str, ...], weights: np.ndarray, upper: np.ndarray, opening: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds (E,) of the weights of a frame.

    Args:
        names: of the E shapes.
        weights: (E,) of the frame before, from which the gaze of shut eyes is taken.
        upper: (E,) bounds of open eyes.
        opening: (2,) share of the open eye, right and left.
    """
    low, high = np.zeros_like(upper), upper.copy()
    for side, share in zip(SIDES, opening):
        closed = np.clip((HALF_SHUT - share) / (HALF_SHUT - SHUT), 0.0, 1.0)
        for i, name in enumerate(names):
            if name == BLINK + side:
                low[i] = min(closed, high[i])
            elif closed > 0.0 and name.startswith(GAZE) and name.endswith(side):
                low[i] = high[i] = weights[i]
    return low, high
