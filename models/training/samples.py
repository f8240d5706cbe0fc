"""Training samples of the expression regressor: landmarks that the net finds on rendered heads of known weights.

People are drawn from the model's population and beyond, aged 18 to 90, with shapes transferred to them. Nobody's
resting face is exactly the model's, and no two rigs of one shape name move the face alike: every sample gets a resting
face of its own and shapes that differ in strength, place and purity, all of which the labels know nothing about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.fit.expression_prior import EXCLUSIVE, EXCLUSIVE_SAME_SIDE, EXCLUSIVE_WITH_SIDE
from ...core.head.model import DIRECTIONS, HeadModel
from ...core.head.personal_shapes import personal_deltas
from ...core.image.crops import Square
from ...core.nets.face_mesh import mesh_in, meshes_in, square_of_points
from ...core.nets.sessions import FaceNets
from ...core.wrinkles.atlas import WrinkleAtlas
from ..renders.camera import SIZE, photographed
from ..renders.covers import covered
from ..renders.scene import random_shot, render, render_scene
from .variety import USUAL, Variety

NEUTRAL = 0.15  # share of resting faces
LEAST_SCORE = 0.5  # of the landmark net, below which a picture is dropped
CROPS = 2  # of the landmark net, averaged
GAZE = ("eyeLook",)
ONE_SIDED = 0.12  # share of paired shapes that appear on one side only
FIRM = ("eyeBlink", "eyeLook", "jawOpen")  # shapes whose full weight means the same in every rig


@dataclass(frozen=True)
class Samples:
    """Some samples.

    Attributes:
        points: (n, 478, 3) float32, landmarks as the net gives them, x and y in pixels of the picture, and depth.
        weights: (n, 52) float32, the true weights.
        textures: (n, 2, 2, ``core.nets.features.LENGTH``) float16: bare and covered, of the picture and of the picture
            in a
            mirror; or None.
        identity: (n, K) float32, coefficients of the neutral heads, their age included; or None.
    """

    points: np.ndarray
    weights: np.ndarray
    textures: np.ndarray | None = None
    identity: np.ndarray | None = None

    @property
    def known_textures(self) -> np.ndarray:
        """``textures`` of samples that have them.

        Raises:
            ValueError: these have none.
        """
        if self.textures is None:
            raise ValueError("the samples were made without features")
        return self.textures


def sample_weights(names: tuple[str, ...], rng: np.random.Generator, variety: Variety = USUAL) -> np.ndarray:
    """(52,) plausible weights: a resting face, or a few groups of shapes that do not pull against each other."""
    index = {name: i for i, name in enumerate(names)}
    weights = np.zeros(len(names))
    if rng.random() < 0.6:
        _add_gaze(weights, index, rng)
    if rng.random() < NEUTRAL:
        return weights
    groups, often = variety.groups()
    chance = np.array(often)
    count = rng.integers(1, 7)
    for g in rng.choice(len(groups), count, replace=False, p=chance / chance.sum()):
        amount = rng.uniform(variety.least, 1.0)
        if "eyeBlink" in groups[g] and rng.random() < 0.5:
            amount = rng.uniform(0.85, 1.0)
        for stem in groups[g]:
            _add_shape(weights, index, stem, amount, rng)
    return np.clip(weights, 0.0, 1.0)


def _add_shape(weights: np.ndarray, index: dict[str, int], stem: str, amount: float, rng: np.random.Generator) -> None:
    """Raise a shape, or the pair of that stem, unless something exclusive is up already."""
    if any(weights[index[name]] > 0.1 for name in antagonists(stem) if name in index):
        return
    own = [index[name] for name in (stem, f"{stem}Left", f"{stem}Right") if name in index]
    values = amount * np.exp(rng.normal(0, 0.08, len(own)))
    if len(own) == 2 and rng.random() < ONE_SIDED:
        values[rng.integers(2)] *= rng.uniform(0, 0.4) if rng.random() < 0.5 else 0.0
    weights[own] = np.maximum(weights[own], values)


def antagonists(stem: str) -> set[str]:
    """Names of the shapes that cannot be up together with a shape or a pair of shapes."""
    sides = ("Left", "Right")
    pairs = [(a, b + side) for a, b in EXCLUSIVE_SAME_SIDE for side in sides]
    pairs += [(b, a + side) for a, b in EXCLUSIVE_SAME_SIDE for side in sides]
    pairs += [(a, b + side) for a, b in EXCLUSIVE_WITH_SIDE for side in sides]
    pairs += [(b, a) for a, b in EXCLUSIVE_WITH_SIDE]
    pairs += [(a, b) for a, b in EXCLUSIVE] + [(b, a) for a, b in EXCLUSIVE]
    return {other for one, other in pairs if one == stem}


def _add_gaze(weights: np.ndarray, index: dict[str, int], rng: np.random.Generator) -> None:
    """Both eyes look the same way."""
    across, up = rng.normal(0, 0.35, 2)
    sides = ("In", "Out") if across > 0 else ("Out", "In")
    for eye, side in zip(("Left", "Right"), sides):
        weights[index[f"eyeLook{side}{eye}"]] = min(abs(across), 1.0)
        weights[index[f"eyeLook{'Up' if up > 0 else 'Down'}{eye}"]] = min(abs(up), 1.0)


@dataclass(frozen=True)
class Person:
    """A neutral head: identity coefficients (K,), and how much of the model's age direction comes on top."""

    coefficients: np.ndarray
    age: float

    def head(self, model: HeadModel) -> np.ndarray:
        """(V, 3) mm."""
        return model.neutral(self.coefficients).astype(float) + self.age * model.directions[DIRECTIONS.index("age")]

    def mixed(self, other: Person, share: float) -> Person:
        """Somebody who has ``share`` of this person's features and is as different from the mean as both are."""
        coefficients = share * self.coefficients + np.sqrt(1.0 - share**2) * other.coefficients
        return Person(coefficients, share * self.age + (1.0 - share) * other.age)


def sample_person(model: HeadModel, rng: np.random.Generator, variety: Variety = USUAL) -> Person:
    """A random adult: the population, at times more varied, of any age."""
    coefficients = rng.normal(0, rng.uniform(*variety.identity), len(model.identity_basis))
    return Person(coefficients, rng.uniform(-0.2, 0.5) if rng.random() < 0.5 else 0.0)


def sample_identity(model: HeadModel, rng: np.random.Generator, variety: Variety = USUAL) -> np.ndarray:
    """(V, 3) mm neutral head of a random adult."""
    return sample_person(model, rng, variety).head(model)


def age_coefficients(model: HeadModel) -> np.ndarray:
    """(K,) identity coefficients nearest to the model's age direction over the face (least squares)."""
    face = model.topology.region("face") > 0.5
    basis = model.identity_basis[:, face].reshape(len(model.identity_basis), -1).astype(float)
    age = model.directions[DIRECTIONS.index("age")][face].ravel().astype(float)
    # a coefficient is of unit variance: the ridge, mm^2 a vertex, keeps weak components out of it
    return np.linalg.solve(basis @ basis.T + 0.1 * face.sum() * np.eye(len(basis)), basis @ age)


def rig_of(model: HeadModel, deltas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(52, V, 3) mm shapes of another rig: each of a strength of its own, with a little of its neighbours mixed in,
    stronger here than there on the face."""
    names = model.expression_names
    firm = np.array([name.startswith(FIRM) for name in names])
    gain = np.where(firm, np.exp(rng.normal(0, 0.05, len(names))), np.exp(rng.normal(0, 0.22, len(names))))
    mixing = np.diag(gain)
    near = _kinship(names) * rng.normal(0, 0.10, (len(names),) * 2)
    mixing += np.where(firm[:, None], 0.0, near)
    mixing = 0.5 * (mixing + _swap_sides(mixing, names))  # left and right are built alike
    mixed = np.tensordot(mixing, deltas, 1)
    waves = rng.normal(0, 1 / 35.0, (4, 3))
    at = np.abs(model.mean[:, :1]) * [1, 0, 0] + model.mean * [0, 1, 1]
    field = 1.0 + 0.12 * np.cos(at @ waves.T + rng.uniform(0, 2 * np.pi, 4)) @ rng.normal(0, 1, 4)
    share = np.where(firm, 0.0, 1.0)[:, None, None]
    return mixed * (1.0 + share * (np.clip(field, 0.5, 1.5)[None, :, None] - 1.0))


def _kinship(names: tuple[str, ...]) -> np.ndarray:
    """(52, 52) 1 between different shapes of one part of the face (brows, eyes, jaw, mouth), same or no side."""
    part = [("brow", "eye", "jaw", "mouth", "cheek", "nose", "tongue").index(_part(name)) for name in names]
    side = np.array([1 if name.endswith("Left") else -1 if name.endswith("Right") else 0 for name in names])
    usable = np.array([not name.startswith(GAZE) and name != "tongueOut" for name in names])
    same = np.equal.outer(part, part) & (np.multiply.outer(side, side) >= 0) & np.outer(usable, usable)
    return (same & ~np.eye(len(names), dtype=bool)).astype(float)


def _part(name: str) -> str:
    return next(part for part in ("brow", "eye", "jaw", "mouth", "cheek", "nose", "tongue") if name.startswith(part))


def opposite_sides(names: tuple[str, ...]) -> np.ndarray:
    """(52,) index of each shape's mirror image (itself where it has none)."""
    index = {name: i for i, name in enumerate(names)}
    swap = {"Left": "Right", "Right": "Left"}
    out = []
    for i, name in enumerate(names):
        side = next((side for side in swap if name.endswith(side)), None)
        out.append(i if side is None else index[name[: -len(side)] + swap[side]])
    return np.array(out)


def _swap_sides(matrix: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    other = opposite_sides(names)
    return matrix[np.ix_(other, other)]


def resting_face(names: tuple[str, ...], rng: np.random.Generator, variety: Variety = USUAL) -> np.ndarray:
    """(52,) small weights, negative ones too, that belong to the person and not to the expression."""
    spread = np.array(variety.resting(names))
    own = rng.normal(0, 1, len(names))
    shared = 0.5 * (own + own[opposite_sides(names)]) * np.sqrt(2.0)
    return spread * (0.95 * shared + 0.3 * rng.normal(0, 1, len(names)))


def crop_moves(rng: np.random.Generator) -> np.ndarray:
    """(CROPS, 4) how crops of one face differ: shift across and down, in sides, scale, and turn in radians."""
    return np.column_stack([rng.normal(0, 0.012, (CROPS, 2)), rng.normal(1, 0.02, CROPS), rng.normal(0, 0.02, CROPS)])


def detect(pixels: np.ndarray, nets: FaceNets, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """(478, 3) landmarks of a portrait, averaged over ``CROPS`` moved crops, and the net's score."""
    first, _ = mesh_in(pixels, [Square(SIZE / 2, SIZE / 2, SIZE * 0.95)], nets)
    square = square_of_points(first[0])
    points, scores = mesh_in(pixels, [square.jittered(*move) for move in crop_moves(rng)], nets)
    return points.mean(axis=0), float(scores.mean())


def textures_of(
    pixels: np.ndarray, points: np.ndarray, mirror: np.ndarray, nets: FaceNets, rng: np.random.Generator
) -> np.ndarray:
    """(2, 2, LENGTH) float16 textures: of a bare face, and of one that something may cover; as it is, and in a mirror.

    Args:
        points: (478, 3) landmarks of the portrait (H, W, 3) uint8.
        mirror: (478,) index of each landmark's mirror image.
    """
    flipped = points[mirror] * [-1.0, 1.0, 1.0] + [pixels.shape[1], 0.0, 0.0]
    found = []
    for cover in (False, True):
        for picture, marks in ((pixels, points), (pixels[:, ::-1], flipped)):
            shift, scale, turn = rng.normal(0, 0.012, 2), rng.normal(1, 0.02), rng.normal(0, 0.02)
            square = square_of_points(marks).jittered(shift[0], shift[1], scale, turn)
            stored = photographed(covered(picture, marks, rng) if cover else picture, rng)
            found.append(_features_in(stored, square, nets))
    return np.stack(found).astype(np.float16).reshape(2, 2, -1)


def _features_in(picture: np.ndarray, square: Square, nets: FaceNets) -> np.ndarray:
    """(LENGTH,) what the landmark net knows of the face in a square of a picture (H, W, 3)."""
    found = meshes_in(picture, [square], nets).textures
    if found is None:
        raise ValueError("the landmark net tells no features: build it anew")
    return found[0]


def landmark_pairs(model: HeadModel) -> np.ndarray:
    """(478,) index of each landmark's mirror image."""
    points = model.landmarks(model.mean.astype(float))
    apart = np.linalg.norm(points[:, None] * [-1.0, 1.0, 1.0] - points[None], axis=2)
    return apart.argmin(1)


def make_samples(
    model: HeadModel, atlas: WrinkleAtlas, nets: FaceNets, count: int, seed: int, variety: Variety = USUAL
) -> Samples:
    """``count`` samples that depend on ``seed`` and ``variety`` only.

    Some heads get shapes transferred to them; every sample has a neutral head of its own besides, near to or far from
    the one whose shapes it borrows.
    """
    rng, texture_rng = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    scene, mirror = render_scene(model, atlas), landmark_pairs(model)
    people = [sample_person(model, rng, variety) for _ in range(variety.people)]
    shapes = [personal_deltas(model, person.head(model)).astype(float) for person in people]
    ageing = age_coefficients(model)
    points: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    textures: list[np.ndarray] = []
    identity: list[np.ndarray] = []
    while len(points) < count:
        who = rng.integers(variety.people)
        person = people[who].mixed(sample_person(model, rng, variety), rng.uniform(0, 1) ** 2)
        posed, drawn = _posed(model, person.head(model), shapes[who], rng, variety)
        picture = render(scene, posed, random_shot(rng), rng, variety.looks, drawn)
        found, score = detect(picture, nets, rng)
        if score >= LEAST_SCORE and np.isfinite(found).all():
            points.append(found)
            weights.append(drawn)
            textures.append(textures_of(picture, found, mirror, nets, texture_rng))
            identity.append(person.coefficients + person.age * ageing)
    small = [np.stack(values).astype(np.float32) for values in (points, weights, identity)]
    return Samples(small[0], small[1], np.stack(textures), small[2])


def _posed(
    model: HeadModel, head: np.ndarray, deltas: np.ndarray, rng: np.random.Generator, variety: Variety
) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) mm head with a resting face, a rig and an expression of its own, and the weights (52,)."""
    names = model.expression_names
    rig = rig_of(model, deltas, rng)
    weights = sample_weights(names, rng, variety)
    rest = resting_face(names, rng, variety)
    # a closed lid stays closed on every resting face
    for side in ("Left", "Right"):
        lid = [i for i, name in enumerate(names) if name.startswith("eye") and name.endswith(side)]
        rest[lid] *= 1.0 - weights[names.index(f"eyeBlink{side}")]
    return head + np.tensordot(rest, deltas, 1) + np.tensordot(weights, rig, 1), weights
