"""Trains the test of whether two photos show one person (``core.nets.same_person``).

    python -m furrow.models.training.same_person [--chunks N] [-o FILE]

The samples are rendered people with several pictures of each (``same_person_samples``), every picture in a mirror as
well, which makes another person of everybody. Features are standardised as those of the identity regressor. Their
principal components, and beside them what that regressor reads, go into a linear discriminant analysis; people not seen
in training calibrate the likelihood ratio, and others tell how often it is wrong. Everything follows from fixed seeds.
``models/SAME_PERSON.md`` reports the result.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...core.assets import HEAD, MODELS, WRINKLES
from ...core.head.model import load_head_model
from ...core.nets import identity_regressor, same_person
from ...core.nets.devices import choose
from ...core.nets.identity_regressor import IdentityRegressor, standard_features
from ...core.nets.same_person import SamePersonTest, plain_log_ratios
from ...core.nets.sessions import FaceNets
from ...core.wrinkles.atlas import load_atlas
from ..build import ASSETS, write_npz
from ..sources.wheels import CACHE
from .identity import principal_axes
from .same_person_samples import PeopleSamples, collect_people

CHUNKS = 48
HELD_OUT = 4  # chunks that tell how often the test is wrong; as many calibrate it
MIRRORED = 10**6  # added to a person's number in a mirror


@dataclass(frozen=True)
class SamePersonTraining:
    """Settings; chosen on people of chunks that neither train nor tell the figures of the model card.

    Attributes:
        components: principal components of the features.
        principal: samples that they are taken from, at most.
        axes: of the result.
        reading: what the identity regressor reads is multiplied by beside the principal components.
        ridge: share of the mean variance within people that is added along every direction.
        common: D as a share of B: pictures of one kind may have as much in common as a person's have.
        least: of the between variances.
    """

    components: int = 500
    principal: int = 3500
    axes: int = 32
    reading: float = 0.3
    ridge: float = 0.5
    common: float = 1.0
    least: float = 1e-3


@dataclass(frozen=True)
class Errors:
    """What the test does to people whom it has not seen.

    Attributes:
        equal: error rate where false alarms and misses are equally frequent.
        bounds: (k,) log ratios; alarms: (k,) share of pairs of one person below; caught: (k,) of two people.
    """

    equal: float
    bounds: np.ndarray
    alarms: np.ndarray
    caught: np.ndarray


def features(samples: PeopleSamples, like: IdentityRegressor) -> tuple[np.ndarray, np.ndarray]:
    """(2 n, FEATURES) float32 standardised features of the pictures and their mirror images, and (2 n,) whose."""
    values = [standard_features(samples.points[:, side].astype(float), samples.textures[:, side], like)
              for side in (0, 1)]
    return np.concatenate(values), np.concatenate([samples.person, samples.person + MIRRORED])


def discriminants(inputs: np.ndarray, owner: np.ndarray, count: int, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """(P, count) axes of unit variance within people, strongest first, and (count,) variances between people.

    Fisher 1936 for many classes (Rao 1948); the variance between people is that of their means less what the spread of
    their pictures adds to it.

    Args:
        inputs: (n, P); owner: (n,) whose they are.
    """
    _, at, pictures = np.unique(owner, return_inverse=True, return_counts=True)
    means = np.zeros((len(pictures), inputs.shape[1]))
    np.add.at(means, at, inputs)
    means /= pictures[:, None]
    errors = inputs - means[at]
    within = errors.T @ errors / (len(inputs) - len(means))
    means -= means.mean(0)
    between = means.T @ means / (len(means) - 1) - within / pictures.mean()
    within += ridge * np.trace(within) / len(within) * np.eye(len(within))
    white = np.linalg.inv(np.linalg.cholesky(within)).T
    variance, vectors = np.linalg.eigh(white.T @ between @ white)
    best = np.argsort(-variance)[:count]
    return white @ vectors[:, best], variance[best]


def pairs(ratios: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log ratios (n, n) of pairs of one person, and of pairs of two."""
    first, second = np.triu_indices(len(owner), 1)
    same = owner[first] == owner[second]
    return ratios[first, second][same], ratios[first, second][~same]


def calibration(same: np.ndarray, other: np.ndarray, steps: int = 30) -> np.ndarray:
    """(2,) factor and summand that make scores of pairs log likelihood ratios: logistic regression, both kinds of
    pairs of equal weight (Brümmer & du Preez 2006), by Newton's method."""
    score = np.concatenate([same, other])
    centre, spread = score.mean(), score.std()
    score = (score - centre) / spread
    truth = np.concatenate([np.ones(len(same)), np.zeros(len(other))])
    weight = np.concatenate([np.full(len(same), 0.5 / len(same)), np.full(len(other), 0.5 / len(other))])
    design, found = np.stack([score, np.ones_like(score)]), np.zeros(2)
    for _ in range(steps):
        chance = 1.0 / (1.0 + np.exp(-np.clip(found @ design, -50.0, 50.0)))
        curvature = (design * (weight * chance * (1.0 - chance))) @ design.T
        found = found + np.linalg.solve(curvature + 1e-9 * np.eye(2), design @ (weight * (truth - chance)))
    slope = found[0] / spread
    return np.array([slope, found[1] - slope * centre])


def train(
    chunks: list[PeopleSamples], reader: IdentityRegressor, settings: SamePersonTraining | None = None
) -> SamePersonTest:
    """The test; of the chunks the first ``HELD_OUT`` are left alone and as many after them calibrate it."""
    settings = settings or SamePersonTraining()
    held = min(HELD_OUT, (len(chunks) - 1) // 2)
    learned = chunks[2 * held :]
    directions = _directions(learned, reader, settings)
    inputs, owner = _joined([_projected(chunk, reader, directions) for chunk in learned])
    axes, between = discriminants(inputs, owner, settings.axes, settings.ridge)
    between = between.clip(settings.least)
    projection = (directions @ axes).astype(np.float16).astype(np.float32)
    test = SamePersonTest(
        reader.template, reader.alignment, reader.mean, reader.scale, projection,
        (inputs.mean(0) @ axes).astype(np.float32), between.astype(np.float32),
        (settings.common * between).astype(np.float32), np.array([1.0, 0.0], np.float32),
    )
    read, owner = readings(test, chunks[held : 2 * held])
    same, other = pairs(plain_log_ratios(read, between, settings.common * between), owner)
    return replace(test, calibration=calibration(same, other).astype(np.float32))


def readings(test: SamePersonTest, chunks: list[PeopleSamples]) -> tuple[np.ndarray, np.ndarray]:
    """(n, r) readings of the pictures of some chunks, not of their mirror images, and (n,) whose they are."""
    read = [(test.read_many(chunk.points[:, 0].astype(float), chunk.textures[:, 0]), chunk.person) for chunk in chunks]
    return _joined(read)


def errors(test: SamePersonTest, chunks: list[PeopleSamples], bounds: np.ndarray) -> Errors:
    """How often the test is wrong about the people of some chunks.

    Args:
        bounds: (k,) log ratios below which somebody else is suspected.
    """
    read, owner = readings(test, chunks)
    same, other = pairs(test.log_ratios(read), owner)
    every = np.sort(np.concatenate([same, other]))
    alarm = np.searchsorted(np.sort(same), every) / len(same)
    miss = 1.0 - np.searchsorted(np.sort(other), every) / len(other)
    at = np.abs(alarm - miss).argmin()
    share = (np.array([(scores < bound).mean() for bound in bounds]) for scores in (same, other))
    return Errors(float(alarm[at] + miss[at]) / 2, np.asarray(bounds), *share)


def stored_arrays(test: SamePersonTest) -> dict[str, np.ndarray]:
    """What ``core.nets.same_person.from_arrays`` reads; the large ones in half precision."""
    small = ("mean", "scale", "projection")
    return {name: value.astype(np.float16) if name in small else value for name, value in vars(test).items()}


def _directions(chunks: list[PeopleSamples], reader: IdentityRegressor, settings: SamePersonTraining) -> np.ndarray:
    """(FEATURES, P) principal axes of the features, and what the identity regressor reads."""
    step = max(1, 2 * sum(len(chunk.person) for chunk in chunks) // settings.principal)
    some = np.concatenate([features(chunk, reader)[0][::step] for chunk in chunks])
    axes = principal_axes(some - some.mean(0), settings.components)
    return np.concatenate([axes, settings.reading * reader.projection @ reader.matrix], axis=1)


def _projected(
    chunk: PeopleSamples, reader: IdentityRegressor, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    values, owner = features(chunk, reader)
    return (values @ directions).astype(float), owner


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Values and owners of chunks, whose people become different ones."""
    values = np.concatenate([value for value, _ in parts])
    return values, np.concatenate([owner + 2 * MIRRORED * place for place, (_, owner) in enumerate(parts)])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="furrow.models.training.same_person", description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=CHUNKS, help="chunks of people")
    parser.add_argument("-o", "--output", type=Path, default=MODELS / same_person.FILE)
    arguments = parser.parse_args()
    model, atlas = load_head_model(ASSETS / HEAD), load_atlas(ASSETS / WRINKLES)
    nets = FaceNets(ASSETS, choose("cpu"))
    chunks = collect_people(model, atlas, nets, CACHE / "people", range(max(3, arguments.chunks)))
    test = train(chunks, identity_regressor.load())
    write_npz(arguments.output, stored_arrays(test))
    found = errors(test, chunks[: min(HELD_OUT, (len(chunks) - 1) // 2)], np.arange(-6.0, 0.5, 0.5))
    print(f"equal error rate {found.equal:.3f}, calibration {test.calibration}")
    for bound, alarm, caught in zip(found.bounds, found.alarms, found.caught):
        print(f"below {bound:+.1f}: {alarm:.3f} of pairs of one person, {caught:.3f} of two people")


if __name__ == "__main__":
    main()
