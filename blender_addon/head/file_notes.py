"""What the artist should know about a character that was read from a file."""

from __future__ import annotations

import numpy as np

from ...core.assets import HEAD, assets_folder
from ...core.character.character import Character
from ...core.head.model import load_head_model

SAME_SIZE = 0.01  # relative: closer sizes are one size


def file_notes(character: Character) -> list[str]:
    """The character's own warnings, and a line where an earlier Furrow made it on a head of another mesh or size.

    The head model's directions are in every file as they were in the model, so they tell its size: s minimises
    |d - s d'|² over the directions d of the file and d' of today's model.

    Raises:
        AssetsError: the head model is missing or damaged.
    """
    return [*filter(None, (earlier_head(character),)), *character.warnings]


def earlier_head(character: Character) -> str:
    """One line about a head that differs from today's; empty where it does not."""
    today = load_head_model(assets_folder() / HEAD).directions
    if character.directions.shape != today.shape:
        return (
            f"{character.name} was made on another head mesh: sliders and wrinkles work; to read expressions from "
            "photos and videos, reconstruct its photo again."
        )
    # each direction on its own, so that one that was modelled anew does not count
    scales = (character.directions * today).sum((1, 2)) / np.square(today).sum((1, 2))
    scale = float(np.median(scales))
    if scale <= 0.0 or abs(scale - 1.0) <= SAME_SIZE:
        return ""
    size = f"{100.0 * abs(1.0 - scale):.0f} % {'smaller' if scale < 1.0 else 'larger'}"
    return (
        f"{character.name} was made by an earlier Furrow, with a head {size} than today's: "
        f"scale its rig by {1.0 / scale:.2f} for true size, or reconstruct its photo again."
    )
