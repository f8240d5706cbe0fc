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
from plain_head import Line, Viewpoint, chart_points, lined_face, photo, true_lines
from scipy.spatial import cKDTree
from scipy.stats import spearmanr
from synthetic_head import some_identity

NEAR_MM = 2.5
DEEP_MM = 0.15


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


@dataclass(frozen=True)
class Match:
    """Found points: mm to a drawn line, which one, both depths. Drawn points: mm to a found line, depth."""

    away: np.ndarray
    line: np.ndarray
    found: np.ndarray
    depth: np.ndarray
    missed: np.ndarray
    drawn: np.ndarray


def match(model, person: Person) -> Match:
    """Found lines against drawn ones, in the picture, but for the skin below the eyes: heads have folds there."""
    own, view = person.character.own_lines, person.character.views[0]
    places = chart_points(model.topology, own.uv, person.character.posed(view.expression))
    pixels = view.camera.project(view.pose.apply(np.nan_to_num(places)))
    drawn, depth, line = true_lines(model, person.vertices, person.viewpoint, person.lines)
    scale = np.linalg.norm(person.viewpoint.translation) / person.viewpoint.focal
    keep = np.isfinite(places).all(1)
    eyes = person.viewpoint.pixels(model.landmarks(person.vertices.astype(float))[[33, 133, 362, 263]])[0]
    for first, last in (eyes[:2], eyes[2:]):
        x, y = (pixels - first).T * scale
        keep &= ~((x > -4) & (x < (last - first)[0] * scale + 4) & (np.abs(y - 10) < 25))
    away, near = cKDTree(drawn).query(pixels[keep])
    missed = cKDTree(pixels[keep]).query(drawn)[0]
    return Match(away * scale, line[near], own.rest[keep], depth[near], missed * scale, depth)


@pytest.fixture(scope="module")
def matches(model, middle, old, older):
    return [match(model, someone) for someone in (middle, old, older)]


def test_found_lines_are_drawn_ones_and_deep_ones_are_found(matches):
    """Precision counts a found line by the depth it was given: what is hardly there does little harm."""
    right = np.concatenate([m.away < NEAR_MM for m in matches])
    depth = np.concatenate([m.found for m in matches])
    hit = np.concatenate([(m.missed < NEAR_MM)[m.drawn > DEEP_MM] for m in matches])
    precision, recall = (right * depth).sum() / depth.sum(), hit.mean()
    assert len(right) > 300
    assert precision > 0.75 and recall > 0.75, f"precision {precision:.2f}, recall {recall:.2f}"


def test_deeper_lines_are_found_deeper(matches):
    found, drawn = [], []
    for m in matches:
        on = m.away < NEAR_MM
        for line in np.unique(m.line[on]):
            rows = on & (m.line == line)
            if rows.sum() > 3:
                found.append(m.found[rows].mean())
                drawn.append(m.depth[rows].mean())
    assert len(found) > 15
    assert spearmanr(found, drawn)[0] > 0.5
    assert 0.6 < np.median(np.array(found) / drawn) < 1.3


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
