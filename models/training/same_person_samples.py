"""Training samples of the same-person test: rendered people, several pictures of each, as the landmark net sees them.

A person has one head, rig, resting face, skin, brows, lines and beard. Every picture has another pose, expression,
light, lens and camera, and what time changes: weight and age a little, at times a shave or another make-up. Pictures
are stored as many cameras and web pages would: warm or cold, without colour, small, blurred, compressed, with glasses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from ...core.head.model import DIRECTIONS, HeadModel
from ...core.head.personal_shapes import personal_deltas
from ...core.image.crops import Square
from ...core.nets.face_mesh import mesh_in, meshes_in, square_of_points
from ...core.nets.sessions import FaceNets
from ...core.wrinkles.atlas import WrinkleAtlas
from ..renders.camera import SIZE, photographed
from ..renders.covers import covered
from ..renders.scene import RenderScene, Shot, render, render_scene, shot_of, skin_tone
from .chunks import made_once
from .samples import LEAST_SCORE, crop_moves, resting_face, rig_of, sample_person, sample_weights
from .variety import USUAL, Variety

PICTURES = 4  # of each person
CHUNK = 50  # people
SHAPED = 4  # heads of a chunk that get shapes transferred to them; the others borrow theirs
TURN, MOST_TURN = 20.0, 50.0  # degrees, standard deviation and largest yaw
CHANGED = 0.25  # share of pictures with other paint and lines than the person's own: make-up, a shave, years
AGEING, WEIGHT = 0.06, 0.1  # of the model's directions, standard deviation between pictures
WHITE = 0.12  # standard deviation of the logarithm of each channel: the camera's white balance
NOISE, BLUR = 0.03, 1.4  # of ``renders.scene.Looks``, as of the hard samples
SMALL, LEAST_SIDE = 0.35, 60  # share of pictures that were small, and pixels that the smallest had


@dataclass(frozen=True)
class PeopleSamples:
    """Some pictures.

    Attributes:
        points: (n, 2, 478, 3) float32, landmarks as the net gives them in the picture and in its mirror image.
        textures: (n, 2, ``core.nets.features.LENGTH``) float16 around them.
        person: (n,) whose picture it is.
        turn: (n,) degrees of yaw.
    """

    points: np.ndarray
    textures: np.ndarray
    person: np.ndarray
    turn: np.ndarray


def make_people(
    model: HeadModel, atlas: WrinkleAtlas, nets: FaceNets, count: int, seed: int, variety: Variety = USUAL
) -> PeopleSamples:
    """``PICTURES`` pictures of each of ``count`` people, which depend on ``seed`` and ``variety`` only."""
    rng = np.random.default_rng([seed, 7])
    scene = render_scene(model, atlas)
    shapes = [personal_deltas(model, sample_person(model, rng, variety).head(model)).astype(float)
              for _ in range(SHAPED)]
    rows = []
    for who in range(count):
        person = drawn_person(model, scene, shapes[rng.integers(SHAPED)], rng, variety)
        taken = 0
        while taken < PICTURES:
            picture, turn = person.picture(rng)
            seen = observed(picture, nets, rng)
            if seen is not None:
                rows.append((*seen, who, turn))
                taken += 1
    points, textures, owner, turns = (np.stack(column) for column in zip(*rows))
    return PeopleSamples(points.astype(np.float32), textures.astype(np.float16), owner, turns)


@dataclass(frozen=True)
class RenderedPerson:
    """Somebody of whom pictures can be taken.

    Attributes:
        head: (V, 3) mm at rest; deltas: (52, V, 3) mm of the shapes.
        paint: seed of what is painted and of the lines.
        variety: of expressions and pictures; its looks are the person's, skin included.
    """

    model: HeadModel
    scene: RenderScene
    head: np.ndarray
    deltas: np.ndarray
    paint: int
    variety: Variety

    def picture(self, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """(SIZE, SIZE, 3) uint8 and the yaw in degrees."""
        weights = sample_weights(self.model.expression_names, rng, self.variety)
        later = self.model.directions[DIRECTIONS.index("age")] * rng.normal(0, AGEING)
        later = later + self.model.directions[DIRECTIONS.index("weight")] * rng.normal(0, WEIGHT)
        posed = self.head + later + np.tensordot(weights, self.deltas, 1)
        shot, turn = shot_from_the_front(rng)
        changed = int(rng.integers(1 << 30)) if rng.random() < CHANGED else self.paint
        own = np.random.default_rng(changed)
        image = render(self.scene, posed, shot, rng, self.variety.looks, weights, own)
        return image, turn


def drawn_person(
    model: HeadModel, scene: RenderScene, deltas: np.ndarray, rng: np.random.Generator, variety: Variety
) -> RenderedPerson:
    """A random adult with a rig of its own, made of the shapes (52, V, 3) mm of a head."""
    head = sample_person(model, rng, variety).head(model)
    rest = resting_face(model.expression_names, rng, variety)
    tone, age = skin_tone(variety.looks, rng), float(max(rng.uniform(-0.1, 0.9), 0.0))
    looks = replace(variety.looks, noise=NOISE, blur=BLUR, skin=tuple(tone), skin_age=age)
    rig = rig_of(model, deltas, rng)
    return RenderedPerson(model, scene, head + np.tensordot(rest, deltas, 1), rig, int(rng.integers(1 << 30)),
                          replace(variety, looks=looks))


def shot_from_the_front(rng: np.random.Generator) -> tuple[Shot, float]:
    """A camera that mostly sees the face from the front or up to a three-quarter view, and the yaw in degrees."""
    turn, pitch, roll = np.clip(rng.normal(0, (TURN, 8, 6)), (-MOST_TURN, -20, -14), (MOST_TURN, 20, 14))
    yaw, up, aside = np.radians((turn, pitch, roll))
    return shot_of(yaw, up, aside, rng), float(turn)


def observed(picture: np.ndarray, nets: FaceNets, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """(2, 478, 3) landmarks and (2, LENGTH) texture of the picture (SIZE, SIZE, 3) as stored, and of its mirror image;
    None where the net finds no face."""
    first, scores = mesh_in(picture, [Square(SIZE / 2, SIZE / 2, SIZE * 0.95)], nets)
    if scores[0] < LEAST_SCORE or not np.isfinite(first).all():
        return None
    stored = photographed(passed_on(covered(picture, first[0], rng), rng), rng)
    square = square_of_points(first[0])
    moves = crop_moves(rng)
    points, textures = [], []
    for image, around in ((stored, square), (stored[:, ::-1], mirrored_square(square))):
        found = meshes_in(image, [around.jittered(*move) for move in moves], nets)
        if found.textures is None or found.scores.mean() < LEAST_SCORE or not np.isfinite(found.points).all():
            return None
        points.append(found.points.mean(0))
        textures.append(found.textures.mean(0))
    return np.stack(points), np.stack(textures)


def mirrored_square(square: Square) -> Square:
    """The square in the picture's mirror image."""
    return replace(square, x=SIZE - square.x, angle=-square.angle)


def passed_on(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(SIZE, SIZE, 3) uint8: warm or cold, and at times made small and large again."""
    gains = np.exp(rng.normal(0, WHITE, 3) + rng.normal(0, 0.1))
    image = (picture * gains).clip(0, 255).astype(np.uint8)
    if rng.random() < SMALL:
        side = int(rng.integers(LEAST_SIDE, SIZE))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.5:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
            small = cv2.imdecode(cv2.imencode(".jpg", small, quality)[1], cv2.IMREAD_COLOR)
        image = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return image


def collect_people(
    model: HeadModel, atlas: WrinkleAtlas, nets: FaceNets, folder: Path, seeds: range
) -> list[PeopleSamples]:
    """One chunk of ``CHUNK`` people for each seed, made where it is not in ``folder`` yet."""
    stored = (
        made_once(folder / f"people_{seed:03d}.npz", partial(make_people, model, atlas, nets, CHUNK, seed))
        for seed in seeds
    )
    return [PeopleSamples(**arrays) for arrays in stored]
