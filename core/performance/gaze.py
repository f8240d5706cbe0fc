"""Gaze: what the eyeLook weights do to the eyeballs of a character."""

from __future__ import annotations

import numpy as np

from ..character.character import Character
from ..head.personal_shapes import similarity


def gaze_angles(character: Character, weights: np.ndarray) -> np.ndarray:
    """(F, 2, 2) radians of weights (F, 52): yaw (to the head's left) and pitch (up) of the left and the right eye.

    A shape key blends straight from rest to its full turn a, so a weight w turns the eye by
    atan2(w sin a, 1 - w + w cos a).
    """
    gaze = np.zeros((len(weights), 2, 2))
    for k, side in enumerate(("Left", "Right")):
        for direction in ("In", "Out", "Up", "Down"):
            name = f"eyeLook{direction}{side}"
            if name not in character.expression_names:
                continue
            index = character.expression_names.index(name)
            yaw, pitch = full_turn(character, index, left=side == "Left")
            for axis, turn in ((0, yaw), (1, pitch)):
                w = weights[:, index]
                gaze[:, k, axis] += np.arctan2(w * np.sin(turn), 1.0 - w + w * np.cos(turn))
    return gaze


def full_turn(character: Character, shape: int, left: bool) -> tuple[float, float]:
    """Yaw and pitch in radians by which a shape at weight 1 turns one eyeball about its centre."""
    span = character.topology.part_slice("eyes")
    vertices = np.arange(span.start, span.stop)
    rest = character.neutral[vertices].astype(float)
    ours = vertices[(rest[:, 0] > 0) == left]
    if len(ours) < 4:
        return 0.0, 0.0
    rest = character.neutral[ours].astype(float)
    _, rotation, _ = similarity(rest, rest + character.expression_deltas[shape, ours], with_scale=False)
    forward = rotation[:, 2]  # where the eye that looked along z looks now
    return float(np.arctan2(forward[0], forward[2])), float(np.arcsin(np.clip(forward[1], -1.0, 1.0)))
