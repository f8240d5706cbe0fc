"""Named expressions for buttons, renders and tests."""

from __future__ import annotations

import numpy as np

from .character import Character

PHOTO = "as_in_the_photo"

PRESETS: dict[str, dict[str, float]] = {
    "neutral": {},
    PHOTO: {},  # the weights of the character's first photo
    "brow_raise": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0, "eyeWideLeft": 0.25,
                   "eyeWideRight": 0.25},
    "frown": {"browDownLeft": 1.0, "browDownRight": 1.0, "mouthFrownLeft": 0.55, "mouthFrownRight": 0.55,
              "eyeSquintLeft": 0.2, "eyeSquintRight": 0.2},
    "smile": {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "cheekSquintLeft": 0.8, "cheekSquintRight": 0.8,
              "eyeSquintLeft": 0.5, "eyeSquintRight": 0.5},
    "grin": {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4,
             "mouthLowerDownLeft": 0.35, "mouthLowerDownRight": 0.35, "jawOpen": 0.08, "cheekSquintLeft": 0.8,
             "cheekSquintRight": 0.8, "eyeSquintLeft": 0.45, "eyeSquintRight": 0.45},  # a smile that shows teeth
    "pucker": {"mouthPucker": 1.0},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}


def photo_expression(character: Character) -> dict[str, float]:
    """ARKit name to weight in the character's first photo; empty without a photo."""
    if not character.views:
        return {}
    weights = np.clip(character.views[0].expression, 0.0, 1.0)
    return dict(zip(character.expression_names, (float(w) for w in weights), strict=True))


def preset_weights(name: str, photo: dict[str, float]) -> dict[str, float]:
    """ARKit name to weight of one preset; names that are absent stand for 0.

    Args:
        name: a key of ``PRESETS``.
        photo: what :func:`photo_expression` gave for the character.
    """
    return dict(photo) if name == PHOTO else dict(PRESETS[name])
