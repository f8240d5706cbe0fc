"""Lines, depth, age and pores of pictures that neither Furrow's atlas nor its profiles, light or constants made.

From picture file to character, as an artist would; the pictures are those of ``plain_head``.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from face_fixtures import nets
from furrow.core.character.character import Character
from furrow.core.detail.apparent_age import DEFAULT_AGE
from furrow.core.pipeline import Models, reconstruct
from furrow.core.wrinkles.fine_skin import usual_gain
from furrow.models.evaluation.drawn_lines import DEEP_MM, depths, match, score
from furrow.models.evaluation.plain_head import Line, Viewpoint, lined_face, photo
from scipy.stats import spearmanr
from synthetic_head import some_identity


@dataclass(frozen=True)
class Person:
    """A head that was drawn, the picture's file, and the character made of it."""

    vertices: np.ndarray
    lines: list[Line]
    viewpoint: Viewpoint
    file: object
    character: Character


@pytest.fixture(scope="module")
def models(model, atlas):
    return Models(model, atlas, nets(), ())


@pytest.fixture(scope="module")
def person(models, tmp_path_factory):
    def made(seed, yaw, share, deepest, pores=0.0, freckles=0):
        vertices = models.head.neutral(0.7 * some_identity(models.head, seed))
        lines = lined_face(models.head, vertices, share, deepest, seed)
        viewpoint, file = Viewpoint.turned(yaw), tmp_path_factory.mktemp("drawn") / "head.png"
        picture = photo(models.head, vertices, viewpoint, lines=lines, pores=pores, freckles=freckles, seed=seed)
        cv2.imwrite(str(file), picture[..., ::-1])
        return Person(vertices, lines, viewpoint, file, reconstruct([file], models=models, size=1024))

    return made


@pytest.fixture(scope="module")
def young(person):
    return person(7, 0.0, share=0.0, deepest=0.0, pores=0.06, freckles=100)


@pytest.fixture(scope="module")
def middle(person):
    return person(6, 0.2, share=0.5, deepest=0.3, pores=0.03)


@pytest.fixture(scope="module")
def old(person):
    return person(4, 0.0, share=1.0, deepest=0.6)


@pytest.fixture(scope="module")
def older(person):
    return person(3, 0.1, share=1.0, deepest=0.7)


@pytest.fixture(scope="module")
def matches(model, middle, old, older):
    people = (middle, old, older)
    views = [p.character.views[0] for p in people]
    return [
        match(model, p.vertices, p.viewpoint, p.lines, p.character.own_lines, v, p.character.posed(v.expression))
        for p, v in zip(people, views)
    ]


def test_found_lines_are_drawn_ones_and_deep_ones_are_found(matches):
    precision, recall = score(matches)
    assert sum(len(m.away) for m in matches) > 300
    assert precision > 0.75 and recall > 0.75, f"precision {precision:.2f}, recall {recall:.2f}"


def test_deeper_lines_are_found_deeper(matches):
    found, drawn = depths(matches)
    assert len(found) > 15
    assert spearmanr(found, drawn)[0] > 0.5
    assert 0.6 < np.median(found / drawn) < 1.3


def test_a_young_face_with_freckles_has_no_deep_lines(young):
    assert young.character.own_lines.rest.max(initial=0.0) < DEEP_MM


def test_who_has_more_and_deeper_lines_looks_older(young, middle, old, older):
    everyone = (young, middle, old, older)
    ages = [someone.character.age for someone in everyone]
    drawn = [sum(line.depth.sum() for line in someone.lines) for someone in everyone]
    assert spearmanr(drawn, ages)[0] >= 0.7, ages
    assert ages[0] < 0.2 and ages[3] > 0.5, ages


def test_an_old_face_out_of_focus_is_not_told_young_or_old(models, old):
    picture = cv2.GaussianBlur(cv2.imread(str(old.file)), (0, 0), 6.0)
    soft = old.file.with_name("soft.png")
    cv2.imwrite(str(soft), picture)
    assert abs(reconstruct([soft], models=models, size=512).age - DEFAULT_AGE) < 0.08


def test_deeper_pores_are_found_stronger_whatever_the_age(young, middle, old):
    """The youngest has the deepest, the oldest none: the usual strength rises with age, what is seen falls."""
    strength = [np.mean(p.character.pore_gains / usual_gain(p.character.age)) for p in (young, middle, old)]
    assert strength[0] > 1.1 * strength[1] > 1.1 * 1.03 * strength[2], strength
