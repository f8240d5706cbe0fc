"""Gaze: what the eyeLook weights do to the eyeballs of a character, and which weights look somewhere."""

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
    return turn_between(rest, rest + character.expression_deltas[shape, ours])


def turn_between(rest: np.ndarray, posed: np.ndarray) -> tuple[float, float]:
    """Yaw and pitch in radians by which an eyeball of points (n, 3), head coordinates, was turned."""
    _, rotation, _ = similarity(rest, posed, with_scale=False)
    forward = rotation[:, 2]  # where the eye that looked along z looks now
    return float(np.arctan2(forward[0], forward[2])), float(np.arcsin(np.clip(forward[1], -1.0, 1.0)))


def look_weights(turns: dict[str, tuple[float, float]], aims: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Weights of the eyeLook shapes that turn each eye by yaw and pitch, as far as the shapes go; the others are 0.

    Shapes blend straight: with d_i the direction that shape i at weight 1 looks in, f that at rest and d the wanted
    one, f + w_1 (d_1 - f) + w_2 (d_2 - f) = s d is solved for the weights of one sideways and one upright shape.

    Args:
        turns: yaw and pitch in radians of each shape at weight 1.
        aims: "Left" and "Right" to wanted yaw (to the head's left) and pitch (up) in radians.
    """
    weights = dict.fromkeys(turns, 0.0)
    ahead = np.array([0.0, 0.0, 1.0])
    for side, wanted in aims.items():
        chosen = []
        for axis, pair in enumerate((("In", "Out"), ("Up", "Down"))):
            names = [name for way in pair if (name := f"eyeLook{way}{side}") in turns]
            chosen += [name for name in names if turns[name][axis] * wanted[axis] > 0.0]
        if chosen:
            columns = [direction(*turns[name]) - ahead for name in chosen] + [-direction(*wanted)]
            solved = np.linalg.lstsq(np.column_stack(columns), -ahead, rcond=None)[0]
            weights |= {name: float(w) for name, w in zip(chosen, np.clip(solved, 0.0, 1.0))}
    return weights


def direction(yaw: float, pitch: float) -> np.ndarray:
    """(3,) unit direction in head coordinates of yaw (to the left) and pitch (up) in radians."""
    return np.array([np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)])
