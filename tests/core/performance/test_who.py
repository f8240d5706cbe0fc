"""A photo of another person on a character is told, one of the character's own is not."""

import dataclasses

import numpy as np
from face_fixtures import nets, portrait
from furrow.core.head.fitted import Landmarks
from furrow.core.nets import same_person
from furrow.core.nets.detection import find_faces
from furrow.core.nets.landmarks import detect_landmarks
from furrow.core.performance.who import stranger_note
from furrow.models.evaluation.made_up import tiny_character


def marks(pixels: np.ndarray) -> Landmarks:
    return detect_landmarks(pixels, find_faces(pixels, nets())[0], nets())


def read(mark: Landmarks) -> np.ndarray:
    return same_person.load().read(np.column_stack([mark.points, mark.depth]), mark.texture)


def character_of(*persons: np.ndarray | None):
    character = tiny_character()
    view = character.views[0]
    return dataclasses.replace(character, views=tuple(dataclasses.replace(view, person=p) for p in persons))


def test_the_own_person_in_another_picture_is_none_else():
    own = read(marks(portrait()))
    darker = (portrait() * 0.7).astype(np.uint8)[:, ::-1]
    assert stranger_note(character_of(own), [marks(np.ascontiguousarray(darker))], "b.png") is None


def test_somebody_else_is_told():
    mark = marks(portrait())
    own = read(mark)
    # who is as far from this person on every axis as people are from each other, on the other side of the average
    other = -own - 2.0 * np.sign(own) * np.sqrt(same_person.load().between)
    note = stranger_note(character_of(other), [mark], "b.png")
    assert note is not None and note.startswith("b.png: it seems to show somebody else") and "--other-person" in note


def test_a_character_that_nobody_read_says_nothing():
    assert stranger_note(character_of(None), [marks(portrait())], "b.png") is None
    assert stranger_note(dataclasses.replace(tiny_character(), views=()), [marks(portrait())], "b.png") is None
