"""A sampled population of MakeHuman heads, and its principal components.

Everybody is base mesh + sum of slider weights times targets, so statistics are done on the sliders: with slider
covariance C = R^T R the components are those of the rows of R times the targets, and one linear map moves skin, eyes,
teeth, tongue, lashes and joints alike.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..sources import makehuman

FOLDERS = (
    "head", "forehead", "eyebrows", "eyes", "nose", "mouth", "chin", "cheek", "ears", "neck", "asym",
)
ANCESTRIES = ("african", "asian", "caucasian")
GENDERS = ("female", "male")
AGES = ("young", "old")
LEVELS = ("min", "average", "max")
OPPOSITES = (
    ("incr", "decr"), ("up", "down"), ("in", "out"), ("convex", "concave"), ("forward", "backward"),
    ("compress", "uncompress"),
)
SIDES = ("l", "r")
# standard deviations of the sliders: with an opposite, without one, and of the asymmetry targets
SLIDER_SPREAD, SHAPE_SPREAD, ASYMMETRY_SPREAD = 0.22, 0.13, 0.08
# sliders that are strong for their name, or that make an expression rather than a person: share of that spread
TEMPERED = {
    "head/": 0.55, "neck/": 0.55, "forehead/": 0.75, "mouth/mouth-angles": 0.4, "mouth/mouth-dimples": 0.5,
    "mouth/mouth-laugh-lines": 0.6, "eyebrows/eyebrows-angle": 0.5,
}
SIDE_DIFFERENCE = 0.2  # share of a side's slider that the other side does not share
MEAN_AGE = 1.1 / 3.3  # of the beta distribution in sample_people
MIXING = 0.4  # of the Dirichlet distribution of ancestries: most people are of one, some of several
# MakeHuman's weight control leaves the head alone: what its own sliders add to a heavy head, and take from a thin one
WEIGHT_TARGETS = {
    "head/head-fat-incr": 0.7, "head/head-fat-decr": -0.5, "neck/neck-double-incr": 0.9,
    "cheek/l-cheek-volume-incr": 0.4, "cheek/r-cheek-volume-incr": 0.4, "cheek/l-cheek-volume-decr": -0.4,
    "cheek/r-cheek-volume-decr": -0.4, "neck/measure-neck-circ-incr": 0.3, "neck/measure-neck-circ-decr": -0.3,
}


@dataclass(frozen=True)
class Slider:
    """One control of MakeHuman's: targets for its positive and negative direction, per side ('' for both)."""

    folder: str
    stem: str
    positive: dict[str, int]
    negative: dict[str, int]

    @property
    def spread(self) -> float:
        """Standard deviation over people."""
        if self.folder == "asym":
            return ASYMMETRY_SPREAD
        name = f"{self.folder}/{self.stem}"
        share = next((share for start, share in TEMPERED.items() if name.startswith(start)), 1.0)
        return share * (SLIDER_SPREAD if self.negative else SHAPE_SPREAD)


@dataclass(frozen=True)
class People:
    """Random adults.

    Attributes:
        weights: (n, T) of the targets.
        age: (n,) 0 (25 years) to 1 (90); gender: (n,) 0 female to 1 male.
        ancestry: (n, 3) shares in the order of ``ANCESTRIES``.
        weight: (n,) 0 gaunt to 1 heavy, 0.5 is average.
    """

    weights: np.ndarray
    age: np.ndarray
    gender: np.ndarray
    ancestry: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class HeadTargets:
    """MakeHuman's targets of the adult head at chosen vertices.

    Attributes:
        names: "folder/target" of each.
        deltas: (T, n, 3) float64 mm.
    """

    names: tuple[str, ...]
    deltas: np.ndarray

    @cached_property
    def index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def sliders(self) -> tuple[Slider, ...]:
        """The local sliders, in the order of their first target."""
        found: dict[tuple[str, str], Slider] = {}
        for i, name in enumerate(self.names):
            folder, target = name.split("/")
            if folder == "macrodetails":
                continue
            stem, side, sign = _parse(folder, target)
            slider = found.setdefault((folder, stem), Slider(folder, stem, {}, {}))
            (slider.positive if sign > 0 else slider.negative)[side] = i
        return tuple(found.values())


def read_targets(wheel: zipfile.ZipFile, vertices: np.ndarray, count: int) -> HeadTargets:
    """All adult head targets at base mesh vertices (n,); ``count`` vertices in the base mesh."""
    names, deltas = [], []
    for folder in (*FOLDERS, "macrodetails"):
        for target in makehuman.target_names(wheel, folder):
            if "baby" in target or "child" in target or "breast" in target or "trunk" in target:
                continue
            names.append(f"{folder}/{target}")
            delta = makehuman.read_target(wheel, folder, target, count)[vertices]
            deltas.append(delta.astype(float) * makehuman.MM_PER_UNIT)
    return HeadTargets(tuple(names), np.stack(deltas))


def macro_weights(
    targets: HeadTargets, age: np.ndarray, gender: np.ndarray, ancestry: np.ndarray, muscle: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    """(n, T) target weights of whole-person controls.

    Args:
        age: (n,) 0 young (25 years) to 1 old (90).
        gender: (n,) 0 female to 1 male.
        ancestry: (n, 3) shares in the order of ``ANCESTRIES``.
        muscle, weight: (n,) 0 to 1, 0.5 is average.
    """
    out = np.zeros((len(age), len(targets.names)))
    by_age = dict(zip(AGES, (1 - age, age), strict=True))
    by_gender = dict(zip(GENDERS, (1 - gender, gender), strict=True))
    by_muscle, by_weight = _levels(muscle), _levels(weight)
    for gender_name in GENDERS:
        for age_name in AGES:
            both = by_gender[gender_name] * by_age[age_name]
            for i, name in enumerate(ANCESTRIES):
                out[:, targets.index[f"macrodetails/{name}-{gender_name}-{age_name}"]] = both * ancestry[:, i]
            for muscle_name in LEVELS:
                for weight_name in LEVELS:
                    key = f"macrodetails/universal-{gender_name}-{age_name}-{muscle_name}muscle-{weight_name}weight"
                    if key in targets.index:  # the all-average head of each is the base mesh itself in some releases
                        out[:, targets.index[key]] = both * by_muscle[muscle_name] * by_weight[weight_name]
    return out


def sample_people(targets: HeadTargets, count: int, seed: int) -> People:
    """Random adults; left and right sliders are tied, with mild differences."""
    rng = np.random.default_rng(seed)
    age, gender = rng.beta(1.1, 2.2, count), rng.beta(0.6, 0.6, count)
    ancestry = rng.dirichlet([MIXING] * 3, count)
    muscle, weight = np.clip(rng.normal(0.5, 0.2, count), 0, 1), np.clip(rng.normal(0.5, 0.22, count), 0, 1)
    out = macro_weights(targets, age, gender, ancestry, muscle, weight)
    fat = 2.0 * (weight - 0.5)
    for target, change in WEIGHT_TARGETS.items():
        out[:, targets.index[target]] += fat * change
    for slider in targets.sliders:
        shared = rng.normal(0, slider.spread, count)
        for side, positive in slider.positive.items():
            own = rng.normal(0, slider.spread, count)
            value = shared if side == "" else np.sqrt(1 - SIDE_DIFFERENCE**2) * shared + SIDE_DIFFERENCE * own
            if side in slider.negative:
                out[:, positive] += np.maximum(value, 0)
                out[:, slider.negative[side]] += np.maximum(-value, 0)
            else:
                out[:, positive] += value
    return People(out, age, gender, ancestry, weight)


def rigid_modes(points: np.ndarray) -> np.ndarray:
    """(6, n, 3) displacements of unit translations and of infinitesimal rotations (per radian) about the origin."""
    modes = np.zeros((6, len(points), 3))
    modes[[0, 1, 2], :, [0, 1, 2]] = 1.0
    modes[3:] = np.cross(np.eye(3)[:, None], points[None])
    return modes


def remove_rigid(deltas: np.ndarray, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(..., n, 3) displacements without the rigid motion that weighted least squares finds in them.

    Args:
        deltas: (..., n, 3) mm.
        points: (n, 3) mm where they apply.
        weights: (n,) of the vertices that should stay in place.
    """
    modes = rigid_modes(points).reshape(6, -1)
    weighted = modes * np.repeat(weights, 3)
    flat = deltas.reshape(-1, modes.shape[1])
    motion = np.linalg.solve(weighted @ modes.T, weighted @ flat.T)
    return (flat - motion.T @ modes).reshape(deltas.shape)


def mirrored(deltas: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(..., n, 3) the same displacements seen in the mirror."""
    return deltas[..., mirror, :] * np.array([-1.0, 1.0, 1.0])


def principal_components(
    people: np.ndarray, deltas: np.ndarray, mirror: np.ndarray, weights: np.ndarray, count: int
) -> np.ndarray:
    """(count, n, 3) mm per standard deviation, strongest first; each is mirror-symmetric or antisymmetric.

    That is the principal component analysis of the population together with its mirror images.

    Args:
        people: (m, T) target weights.
        deltas: (T, n, 3) mm.
        mirror: (n,) index of the vertex on the other side.
        weights: (n,) importance of the vertices.
    """
    centred = people - people.mean(0)
    root = np.linalg.qr(centred / np.sqrt(len(people)), mode="r")
    fields = np.tensordot(root, deltas, 1)
    reflected = mirrored(fields, mirror)
    variances, components = [], []
    for half in (0.5 * (fields + reflected), 0.5 * (fields - reflected)):
        flat = half.reshape(len(half), -1)
        weighted = flat * np.repeat(np.sqrt(weights), 3)
        variance, vectors = np.linalg.eigh(weighted @ weighted.T)
        variances.append(variance)
        # a component is the regression of the shape on its unit-variance coefficient
        components.append(vectors.T @ flat)
    variances, components = np.concatenate(variances), np.concatenate(components)
    order = np.argsort(-variances, kind="stable")[:count]
    chosen = components[order].reshape(count, -1, 3)
    # the sign of an eigenvector is arbitrary: fix it, so that builds agree
    largest = np.take_along_axis(chosen.reshape(count, -1), np.abs(chosen.reshape(count, -1)).argmax(1)[:, None], 1)
    return chosen * np.sign(largest)[..., None]


def _levels(value: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.maximum(0, 1 - 2 * value), np.maximum(0, 2 * value - 1)
    return dict(zip(LEVELS, (low, 1 - low - high, high), strict=True))


def _parse(folder: str, target: str) -> tuple[str, str, int]:
    """Stem, side and sign of a target's name: ``l-eye-scale-decr`` -> (``eye-scale-incr|decr``, ``l``, -1)."""
    if folder == "asym":  # the two sides of an asymmetry are opposites
        stem, side = target.rsplit("-", 1)
        return stem, "", 1 if side == "l" else -1
    words = target.split("-")
    side = words.pop(0) if words[0] in SIDES else ""
    for positive, negative in OPPOSITES:
        if words[-1] in (positive, negative):
            return "-".join(words[:-1] + [f"{positive}|{negative}"]), side, 1 if words[-1] == positive else -1
    return "-".join(words), side, 1
