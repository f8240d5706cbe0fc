"""Whether a photo or clip shows the character's own person, by what its photos said of who they show."""

from __future__ import annotations

import numpy as np

from ..character.character import Character
from ..head.fitted import Landmarks
from ..nets import same_person

# logarithm of the odds of the own person beforehand: one clip in five shows another, guessed; of a dozen portraits
# 58 % of the pairs of two people were told, none of one person
STRANGER = np.log(4.0)
DOUBTED = 0.5  # chance of the own person below which a line is said


def stranger_note(character: Character, marks: list[Landmarks], name: str) -> str | None:
    """A line for the artist where some frames seem to show somebody else than the character; else None.

    Args:
        marks: of frames that show the face, with texture.
        name: of the photo or clip.
    """
    test = same_person.load()
    known = [v.person for v in character.views if v.person is not None and v.person.shape == test.between.shape]
    read = [test.read(np.column_stack([m.points, m.depth]), m.texture) for m in marks if m.texture is not None]
    if not known or not read:
        return None
    ratio = test.against_rest(np.stack([np.median(read, axis=0), *known]))[0]
    if 1.0 / (1.0 + np.exp(-np.clip(ratio + STRANGER, -50.0, 50.0))) >= DOUBTED:
        return None
    return f"{name}: it seems to show somebody else than {character.name}; if it does, say so (--other-person)."
