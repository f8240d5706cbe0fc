"""Expressions that crease the skin, and those that a face makes all day."""

from __future__ import annotations

from collections.abc import Mapping

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
SMILES = 2  # row that other drivers go with: how much a face moves the mouth


def habit_of(driver: Mapping[str, float]) -> int:
    """Row of ``HABITS`` whose expression this is; that of the smile for expressions that leave no trace."""
    return next((row for row, (expression, _) in enumerate(HABITS) if expression == driver), SMILES)
