"""What the expression regressor reads in the frames of a clip, as a prior of the solver."""

from __future__ import annotations

import numpy as np

from ..head.fitted import Landmarks
from ..nets.expression_regressor import load
from .solve import Guess

UNKNOWN = 1e3  # deviation of a shape that the regressor does not know
MOST_RESTING = 0.9
BATCH = 256  # frames read at once


def guesses(marks: list[Landmarks], names: tuple[str, ...], resting: np.ndarray | None = None) -> list[Guess]:
    """The weights of ``names`` in each frame.

    Args:
        marks: landmarks of some frames.
        resting: (E,) what it reads in the face at rest, taken off; None takes nothing off.

    Raises:
        AssetsError: the network is missing or damaged.
    """
    regressor = load()
    weights, sigma = np.zeros((len(marks), len(names))), np.full((len(marks), len(names)), UNKNOWN)
    known = [i for i, name in enumerate(names) if name in regressor.names]
    columns = [regressor.names.index(names[i]) for i in known]
    for at in range(0, len(marks), BATCH):
        part = slice(at, at + BATCH)
        points = np.stack([np.column_stack([m.points, m.depth]) for m in marks[part]])
        read = regressor.predict_many(points, _textures(marks[part]))
        weights[part, known], sigma[part, known] = (values[:, columns] for values in read)
    if resting is not None:
        rest = np.clip(resting, 0.0, MOST_RESTING)
        weights = np.clip((weights - rest) / (1.0 - rest), 0.0, 1.0)
    return [Guess(w, s) for w, s in zip(weights, sigma)]


def _textures(marks: list[Landmarks]) -> np.ndarray | None:
    """(n, T) textures of some frames; None where one has none, lest a clip is read in two ways."""
    textures = [mark.texture for mark in marks if mark.texture is not None]
    return np.stack(textures) if len(textures) == len(marks) else None
