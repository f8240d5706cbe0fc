"""What a photo says about the lines of one side of the face, for the side that it does not show.

Expressions and skin are much alike on both sides: a curve that the photo hides has the gain of its image on the other
side, as far as the photo shows that one better.
"""

from __future__ import annotations

import numpy as np

from ..wrinkles.atlas import WrinkleAtlas

APART = 0.25  # by how much more one side must be seen before it speaks for the other
HALFWAY = 0.5  # u of the middle of the face


def partners(atlas: WrinkleAtlas, curves: np.ndarray) -> np.ndarray:
    """(c,) for each curve of a person its image on the other side, by its place in ``curves``; itself without one.

    Args:
        curves: (c,) rows of the atlas.
    """
    first, last = atlas.curve_start[:-1][curves], atlas.curve_start[1:][curves]
    middle = np.array([atlas.uv[a:b, 0].mean() for a, b in zip(first, last)])
    key = np.stack([atlas.curve_group[curves], atlas.curve_layout[curves], atlas.curve_pair[curves]], -1)
    left, right = np.flatnonzero(middle < HALFWAY), np.flatnonzero(middle >= HALFWAY)
    of_left = {tuple(row): i for i, row in zip(left, key[left].tolist())}
    other = np.arange(len(curves))
    for i, row in zip(right, key[right].tolist()):
        image = of_left.get(tuple(row))
        if image is not None:
            other[i], other[image] = image, i
    return other


def borrowed(shown: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(c,) in [0, 1], how far the other side speaks for each curve.

    Args:
        shown: (c,) share of each curve that the photo would show.
        other: (c,) of :func:`partners`.
    """
    return np.clip((shown[other] - shown - APART) / (1 - APART), 0, 1)
