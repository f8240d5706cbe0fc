"""Trains what a portrait says about the head before anything is fitted (``core.nets.identity_regressor``).

    python -m furrow.models.training.identity [--chunks N] [-o FILE]

The samples are the textured ones of ``training.expression``: rendered heads of known identity coefficients, with any
expression, pose, lens, light, skin and hair. Landmarks and texture are standardised, projected on their principal
components, and the coefficients are explained linearly by ridge regression, then cut to a low rank. People whom the
regression has not seen give the covariance of its errors. Everything follows from fixed seeds. ``models/IDENTITY.md``
reports the result.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...core.assets import HEAD, MODELS, WRINKLES
from ...core.head.model import HeadModel, load_head_model
from ...core.nets import identity_regressor
from ...core.nets.devices import choose
from ...core.nets.expression_regressor import feature_vectors
from ...core.nets.identity_regressor import IdentityRegressor, standardised
from ...core.nets.sessions import FaceNets
from ...core.wrinkles.atlas import load_atlas
from ..build import ASSETS, write_npz
from ..sources.wheels import CACHE
from .chunks import CHUNK, collect_textured, mirror_signs, mirrored
from .expression import alignment_weights, fitted_template
from .samples import Samples, landmark_pairs

CHUNKS = 54
HELD_OUT = 4  # chunks, people of their own, that measure the error
LEAST_SCALE = 0.01  # of a feature, lest one that hardly varies decides


@dataclass(frozen=True)
class IdentityTraining:
    """Settings.

    Attributes:
        coefficients: of the identity that are read; weaker ones are hardly seen.
        components: principal components of the features.
        principal: samples that the principal components are taken from, at most.
        rank: of the result.
        ridge: share of the mean variance of a component that is added to all of them.
        shrinkage: of the errors' correlations, for the finite number of held-out people.
    """

    coefficients: int = 80
    components: int = 1500
    principal: int = 3000
    rank: int = 64
    ridge: float = 0.1
    shrinkage: float = 0.1


class Features:
    """Standardised features of samples; each of the blocks (landmarks, skin, whole face) weighs the same."""

    def __init__(self, model: HeadModel, some: Samples):
        self.signs, self.pairs, self.names = mirror_signs(model), landmark_pairs(model), model.expression_names
        self.alignment = alignment_weights(model).astype(np.float32)
        start = model.landmarks(model.mean.astype(float))
        self.template = fitted_template(some.points.astype(float), start, self.alignment, self.pairs).astype(np.float32)
        values = np.concatenate([self._raw(part)[0] for part in (some, self._mirrored(some))])
        self.mean, self.scale = values.mean(0), values.std(0) + np.float32(LEAST_SCALE)

    def of(self, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
        """(m, F) float32 features and (m, K) coefficients, each sample bare and covered, as it is and in a mirror."""
        parts = [self._raw(part) for part in (samples, self._mirrored(samples))]
        values, identity = (np.concatenate(each) for each in zip(*parts))
        return standardised(values, self.mean, self.scale), identity

    def _mirrored(self, samples: Samples) -> Samples:
        return mirrored(samples, self.pairs, self.names, self.signs)

    def _raw(self, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
        marks = feature_vectors(samples.points.astype(float), self.template, self.alignment).astype(np.float32)
        textures = samples.known_textures[:, :, 0].astype(np.float32)
        values = [np.concatenate([marks, textures[:, cover]], axis=1) for cover in (0, 1)]
        return np.concatenate(values), np.concatenate([samples.identity] * 2)


def principal_axes(values: np.ndarray, count: int) -> np.ndarray:
    """(F, count) orthonormal axes of the largest variance of features (n, F) of mean zero, strongest first."""
    variance, vectors = np.linalg.eigh(values @ values.T)
    best = np.argsort(-variance)[:count]
    return (values.T @ vectors[:, best]) / np.sqrt(variance[best].clip(1e-9))


def ridge(inputs: np.ndarray, targets: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (P, K) and offset (K,) of inputs (n, P); ``share`` of their mean variance is added to the diagonal."""
    centre, middle = inputs.mean(0), targets.mean(0)
    x = inputs - centre
    square = (x.T @ x).astype(float) / len(x)
    square += share * np.trace(square) / len(square) * np.eye(len(square))
    matrix = np.linalg.solve(square, (x.T @ (targets - middle)).astype(float) / len(x))
    return matrix, middle - centre @ matrix


def cut_to_rank(matrix: np.ndarray, inputs: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """(P, rank) and (rank, K) whose product explains most of what ``matrix`` answers to inputs (n, P)."""
    answers = (inputs - inputs.mean(0)) @ matrix
    vectors = np.linalg.eigh(answers.T @ answers)[1][:, ::-1][:, :rank]
    return matrix @ vectors, vectors.T


def error_covariance(errors: np.ndarray, shrinkage: float) -> np.ndarray:
    """(K, K) second moments of errors (n, K), correlations shrunk towards none."""
    square = errors.T @ errors / len(errors)
    return (1.0 - shrinkage) * square + shrinkage * np.diag(np.diag(square))


def explained(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(K,) share of the coefficients' variance that a reading explains on people it has not seen."""
    return 1.0 - ((predicted - true) ** 2).sum(0) / ((true - true.mean(0)) ** 2).sum(0)


def train(model: HeadModel, chunks: list[Samples], settings: IdentityTraining | None = None) -> IdentityRegressor:
    """The regressor; the first ``HELD_OUT`` chunks measure its error."""
    settings = settings or IdentityTraining()
    held = min(HELD_OUT, len(chunks) - 1)
    some = _every(chunks[held:], max(1, len(chunks) * CHUNK // settings.principal))
    features = Features(model, some)
    values = features.of(some)[0]
    axes = principal_axes(values[:: max(1, len(values) // settings.principal)], settings.components)
    inputs, targets = _projected(features, chunks[held:], axes, settings)
    matrix, offset = ridge(inputs, targets, settings.ridge)
    first, second = cut_to_rank(matrix, inputs, settings.rank)
    unseen, true = _projected(features, chunks[:held], axes, settings)
    predicted = unseen @ first @ second + offset
    return IdentityRegressor(
        features.template, features.alignment, features.mean, features.scale,
        (axes @ first).astype(np.float16).astype(np.float32), second.astype(np.float32), offset.astype(np.float32),
        error_covariance(predicted - true, settings.shrinkage).astype(np.float32),
        explained(predicted, true).astype(np.float32),
        component_sizes(model, settings.coefficients),
    )


def component_sizes(model: HeadModel, count: int) -> np.ndarray:
    """(count,) float32 mm, root mean square displacement of the identity components."""
    basis = model.identity_basis[:count].astype(np.float64)
    return np.sqrt((basis**2).sum(2).mean(1)).astype(np.float32)


def _every(chunks: list[Samples], step: int) -> Samples:
    """Every ``step``-th sample."""
    return Samples(*(np.concatenate([getattr(chunk, name)[::step] for chunk in chunks])
                     for name in ("points", "weights", "textures", "identity")))


def _projected(
    features: Features, chunks: list[Samples], axes: np.ndarray, settings: IdentityTraining
) -> tuple[np.ndarray, np.ndarray]:
    """(m, components) inputs and (m, coefficients) targets of all samples."""
    inputs, targets = [], []
    for chunk in chunks:
        values, identity = features.of(chunk)
        inputs.append(values @ axes)
        targets.append(identity[:, : settings.coefficients])
    return np.concatenate(inputs), np.concatenate(targets)


def stored_arrays(net: IdentityRegressor) -> dict[str, np.ndarray]:
    """What ``core.nets.identity_regressor.from_arrays`` reads; the large ones in half precision."""
    small = ("mean", "scale", "projection")
    return {name: value.astype(np.float16) if name in small else value for name, value in vars(net).items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="furrow.models.training.identity", description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=CHUNKS, help=f"chunks of {CHUNK} samples")
    parser.add_argument("-o", "--output", type=Path, default=MODELS / identity_regressor.FILE)
    arguments = parser.parse_args()
    model, atlas = load_head_model(ASSETS / HEAD), load_atlas(ASSETS / WRINKLES)
    given = (model, atlas, FaceNets(ASSETS, choose("cpu")), CACHE / "expression")
    chunks = collect_textured(*given, arguments.chunks)
    net = train(model, chunks)
    write_npz(arguments.output, stored_arrays(net))
    print("explained:", " ".join(f"{share:.2f}" for share in net.explained[:40]))


if __name__ == "__main__":
    main()
