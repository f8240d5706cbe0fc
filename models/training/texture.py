"""Trains what the texture of a face adds to an expression read from its landmarks (``core.nets.expression_features``).

The landmark regressor stays as it is. On heads that it has never seen, what it leaves of the true weights is explained
by the principal components of the texture and by its own inputs: ridge regression, then cut to a low rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.nets import expression_regressor as regressor
from ...core.nets.expression_features import FeatureReading, standardised
from ...core.nets.expression_regressor import ExpressionRegressor
from ...core.nets.features import LOCAL
from .samples import Samples

LEAST_SCALE = 0.01  # of a feature, lest one that hardly varies decides


@dataclass(frozen=True)
class TextureTraining:
    """Settings.

    Attributes:
        components: principal components of the texture.
        rank: of the result.
        ridge: added to the normal matrix, in samples, for white inputs of unit variance.
        principal: samples that the principal components are taken from, at most.
    """

    components: int = 500
    rank: int = 24
    ridge: float = 4000.0
    principal: int = 3000


def outputs_of(net: ExpressionRegressor, inputs: np.ndarray) -> np.ndarray:
    """(n, E) mean of the ensemble before the calibration, for its inputs (n, P)."""
    return np.mean([regressor.run_layers(inputs, layers)[-1] for layers in net.layers], axis=0)


def components_of(standard: np.ndarray, settings: TextureTraining) -> np.ndarray:
    """(T, k) whitening projection on the principal components of standardised textures (n, T)."""
    some = standard[:: -(-len(standard) // settings.principal)]
    values, vectors = np.linalg.eigh(some @ some.T)
    best = np.argsort(-values)[: settings.components]
    variance = values[best] / len(some)
    axes = some.T @ vectors[:, best] / np.sqrt(values[best].clip(1e-9))
    # the weak components are mostly noise
    return axes / np.sqrt(variance + 0.02 * variance.mean())


def feature_reading(net: ExpressionRegressor, seen: Samples, settings: TextureTraining | None = None) -> FeatureReading:
    """The correction for samples that ``net`` was not trained on, textures (n, T); calibration still open."""
    settings = settings or TextureTraining()
    textures = seen.known_textures[:, :LOCAL].astype(np.float32)
    mean, scale = textures.mean(axis=0), textures.std(axis=0) + np.float32(LEAST_SCALE)
    standard = standardised(textures, mean, scale)
    projection = components_of(standard, settings)
    inputs = net.inputs(seen.points.astype(float))
    left = seen.weights - outputs_of(net, inputs)
    design = np.column_stack([standard @ projection, inputs, np.ones(len(inputs))])
    penalty = np.full(design.shape[1], settings.ridge)
    penalty[-1] = 0.0
    solution = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ left)
    count = projection.shape[1]
    # the components are white: the singular values of their part tell what each direction contributes
    u, values, vt = np.linalg.svd(solution[:count], full_matrices=False)
    rank = min(settings.rank, len(values))
    names = len(net.names)
    return FeatureReading(
        mean=mean,
        scale=scale,
        projection=(projection @ u[:, :rank] * np.sqrt(values[:rank])).astype(np.float16).astype(np.float32),
        matrix=(np.sqrt(values[:rank, None]) * vt[:rank]).astype(np.float32),
        inputs=solution[count:-1].astype(np.float32),
        offset=solution[-1].astype(np.float32),
        calibration=regressor.OUTPUTS.astype(np.float32),
        error=np.zeros((names, len(regressor.KNOTS)), np.float32),
    )


def corrected_outputs(net: ExpressionRegressor, samples: Samples) -> np.ndarray:
    """(n, E) what the regressor answers before its calibration, textures (n, T) included.

    Raises:
        ValueError: the regressor reads no features, or the samples have none.
    """
    if net.texture is None:
        raise ValueError("the regressor reads no features")
    inputs = net.inputs(samples.points.astype(float))
    return outputs_of(net, inputs) + net.texture.change(samples.known_textures, inputs)[0]


def stored_texture(reading: FeatureReading) -> dict[str, np.ndarray]:
    """Arrays as ``core.nets.expression_regressor.from_arrays`` reads them; the large one in half precision."""
    arrays = {f"texture_{name}": value for name, value in vars(reading).items()}
    for name in ("projection", "mean", "scale"):
        arrays[f"texture_{name}"] = arrays[f"texture_{name}"].astype(np.float16)
    return arrays
