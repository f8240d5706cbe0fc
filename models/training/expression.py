"""Trains the expression regressor: ``python -m furrow.models.training.expression``.

Samples are rendered in chunks into ``models/.cache/expression`` (a chunk that is there is not made again), then an
ensemble of small multilayer perceptrons is trained with Adam (Kingma and Ba 2015) on squared errors, then what the
texture adds on people whom the ensemble has not seen (``training.texture``), and all is written to
``models/expression.npz``. Everything follows from fixed seeds. ``models/EXPRESSION.md`` reports the result.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...core.assets import HEAD, MODELS, WRINKLES
from ...core.head.model import HeadModel, load_head_model
from ...core.nets import expression_regressor as regressor
from ...core.nets.devices import choose
from ...core.nets.expression_regressor import ExpressionRegressor
from ...core.nets.sessions import FaceNets
from ...core.wrinkles.atlas import load_atlas
from ..build import ASSETS, write_npz
from ..sources.wheels import CACHE
from .chunks import CHUNK, collect, collect_textured, each_texture, joined, mirrored
from .samples import Samples, landmark_pairs
from .texture import corrected_outputs, feature_reading, outputs_of, stored_texture
from .variety import HARD, USUAL

USUAL_CHUNKS, HARD_CHUNKS, TEXTURED_CHUNKS = 34, 23, 29
HELD_OUT = 3  # chunks, people of their own, that measure the error
MEDIAN = 0.5  # how far the answer lies from the conditional mean towards the conditional median
OUTLINE_SLIDES = 0.2  # landmarks of the outline slide over the cheek as the head turns: they count less in alignment
UNSEEN = ("tongueOut",)
NAMES_LENGTH = 24


@dataclass(frozen=True)
class Training:
    """Settings of the training.

    Attributes:
        components: of the linear projection.
        hidden: units of the hidden layers.
        members: of the ensemble.
        epochs: passes over the samples; the learning rate falls along a cosine.
        rate: first learning rate.
        noise: standard deviation added to the whitened inputs.
        decay: weight decay per step, relative to the learning rate.
        exchanged: share of each batch whose expression is exchanged for another sample's (``mean_effect``).
    """

    components: int = 300
    hidden: tuple[int, ...] = (128,)
    members: int = 4
    epochs: int = 25
    batch: int = 128
    rate: float = 2e-3
    noise: float = 0.5
    decay: float = 0.02
    exchanged: float = 0.5


def alignment_weights(model: HeadModel) -> np.ndarray:
    """(478,) weights of the landmarks in the alignment: those that expressions move count little."""
    moved = np.sqrt((model.landmarks(model.expression_basis.astype(float)) ** 2).sum(2).mean(0))
    weight = 1.0 / (1.0 + (moved / 0.4) ** 2)
    points = model.landmarks(model.mean.astype(float))
    outer = np.linalg.norm(points[:, :2] - points[4, :2], axis=1) > 75.0
    weight[outer] *= OUTLINE_SLIDES
    weight[468:] = 0.0
    return weight


def fitted_template(points: np.ndarray, start: np.ndarray, weight: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(478, 3) mean of the aligned landmarks (generalised Procrustes analysis), mirror-symmetric."""
    template = start
    for _ in range(4):
        mean = regressor.align(points, template, weight)[0].mean(axis=0)
        template = 0.5 * (mean + mean[pairs] * [-1.0, 1.0, 1.0])
    return template


def projection_of(features: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, scale and whitening projection (F, components) of features (n, F): their principal components."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard = (features - mean) / scale
    values, vectors = np.linalg.eigh(standard.T @ standard / len(standard))
    best = np.argsort(-values)[:components]
    # white, but for the weak components, which are mostly noise
    return mean, scale, vectors[:, best] / np.sqrt(values[best] + 0.02 * values[best].mean())


def mean_effect(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(E, P) average change of the inputs (n, P) with each weight, by ridge regression on the weights (n, E).

    What a sample's inputs hold beyond its expression's mean effect is the person, the pose and the net's error: adding
    the effect of other weights to it gives a sample of the same person with another expression.
    """
    design = np.column_stack([targets, np.ones(len(targets))]).astype(float)
    return np.linalg.solve(design.T @ design + 5.0 * np.eye(design.shape[1]), design.T @ inputs)[:-1].astype(np.float32)


def train_member(inputs: np.ndarray, targets: np.ndarray, settings: Training, seed: int) -> regressor.Layers:
    """Layers of one multilayer perceptron, trained on inputs (n, P) and weights (n, E)."""
    rng = np.random.default_rng(seed)
    sizes = (inputs.shape[1], *settings.hidden, targets.shape[1])
    values = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        values += [rng.normal(0, np.sqrt(2.0 / a), (a, b)).astype(np.float32), np.zeros(b, np.float32)]
    values[-2] *= 0.1
    values[-1][:] = targets.mean(axis=0)
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    effect = mean_effect(inputs, targets)
    exchanged = round(settings.exchanged * settings.batch)
    steps = settings.epochs * (len(inputs) // settings.batch)
    step = 0
    for _ in range(settings.epochs):
        order = rng.permutation(len(inputs))
        for batch in order[: len(order) // settings.batch * settings.batch].reshape(-1, settings.batch):
            step += 1
            rate = settings.rate * 0.5 * (1.0 + np.cos(np.pi * step / steps))
            x = inputs[batch] + settings.noise * rng.standard_normal((settings.batch, sizes[0]), dtype=np.float32)
            y = targets[batch]
            other = targets[rng.integers(len(targets), size=exchanged)]
            x[:exchanged] += (other - y[:exchanged]) @ effect
            y[:exchanged] = other
            for i, slope in enumerate(_slopes(x, y, values)):
                first[i] += 0.1 * (slope - first[i])
                second[i] += 0.001 * (slope * slope - second[i])
                move = (first[i] / (1 - 0.9**step)) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
                if values[i].ndim == 2:
                    move += settings.decay * values[i]
                values[i] -= np.float32(rate) * move
    return tuple(zip(values[::2], values[1::2]))


def _slopes(x: np.ndarray, target: np.ndarray, values: list[np.ndarray]) -> list[np.ndarray]:
    """Gradient of half the squared error, per sample, by matrix and offset of each layer."""
    layers = tuple(zip(values[::2], values[1::2]))
    passed = regressor.run_layers(x, layers)
    back = (passed[-1] - target) / len(x)
    slopes: list[np.ndarray] = []
    for i in reversed(range(len(layers))):
        slopes = [passed[i].T @ back, back.sum(axis=0)] + slopes
        if i:
            back = (back @ layers[i][0].T) * (passed[i] > 0)
    return slopes


def calibrated_weights(outputs: np.ndarray, true: np.ndarray, median: float = MEDIAN) -> np.ndarray:
    """(len(OUTPUTS),) weights to answer for outputs of the ensemble; outputs and weights (n, E) of held-out people.

    Between the conditional mean, which has the least squared error, and the conditional median, which has the least
    absolute error and leaves at zero what is probably not there; all shapes together, never falling.
    """
    given, truth = outputs.ravel(), true.ravel()
    order = np.argsort(truth)
    given, truth = given[order], truth[order]
    table = []
    for knot in regressor.OUTPUTS:
        near = np.exp(-0.5 * ((given - knot) / 0.03) ** 2) + 1e-9
        share = np.cumsum(near) / near.sum()
        table.append((1 - median) * (near * truth).sum() / near.sum() + median * truth[np.searchsorted(share, 0.5)])
    return np.maximum.accumulate(table)


def error_table(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(E, len(KNOTS)) root mean square error around each predicted weight, from held-out people."""
    out = np.zeros((predicted.shape[1], len(regressor.KNOTS)))
    for e, (guess, truth) in enumerate(zip(predicted.T, true.T)):
        overall = ((guess - truth) ** 2).mean() + 1e-4
        for k, knot in enumerate(regressor.KNOTS):
            near = np.exp(-0.5 * ((guess - knot) / 0.1) ** 2)
            # a few pseudo-observations of the overall error where hardly any prediction lies
            out[e, k] = np.sqrt(((near * (guess - truth) ** 2).sum() + 3.0 * overall) / (near.sum() + 3.0))
    return out


def train(model: HeadModel, chunks: list[Samples], settings: Training) -> ExpressionRegressor:
    """The regressor of landmarks alone; the first ``HELD_OUT`` chunks measure its error."""
    held = min(HELD_OUT, len(chunks) - 1)
    seen, unseen = joined(chunks[held:]), joined(chunks[:held])
    pairs = landmark_pairs(model)
    both = joined([seen, mirrored(seen, pairs, model.expression_names)])
    weight = alignment_weights(model)
    template = fitted_template(both.points.astype(float), model.landmarks(model.mean.astype(float)), weight, pairs)
    features = regressor.feature_vectors(both.points.astype(float), template, weight)
    mean, scale, projection = projection_of(features, settings.components)
    inputs = (((features - mean) / scale) @ projection).astype(np.float32)
    targets = both.weights.copy()
    targets[:, [model.expression_names.index(name) for name in UNSEEN]] = 0.0
    members = []
    for seed in range(settings.members):
        members.append(train_member(inputs, targets, settings, seed))
        print(f"member {seed + 1} of {settings.members} trained", flush=True)
    small = np.float16
    net = ExpressionRegressor(
        model.expression_names,
        template.astype(np.float32),
        weight.astype(np.float32),
        mean.astype(np.float32),
        scale.astype(np.float32),
        projection.astype(small).astype(np.float32),
        tuple(
            tuple((matrix.astype(small).astype(np.float32), offset) for matrix, offset in layers) for layers in members
        ),
        regressor.OUTPUTS.astype(np.float32),
        np.zeros((len(model.expression_names), len(regressor.KNOTS)), np.float32),
    )
    calibration, error = tables(outputs_of(net, net.inputs(unseen.points.astype(float))), unseen.weights)
    return replace(net, calibration=calibration, error=error)


def train_texture(net: ExpressionRegressor, model: HeadModel, chunks: list[Samples]) -> ExpressionRegressor:
    """The regressor with what textures add; the first ``HELD_OUT`` of the chunks, new to it, measure the error."""
    held = min(HELD_OUT, len(chunks) - 1)
    pairs, names = landmark_pairs(model), net.names
    seen, measured = (
        each_texture(joined([part, mirrored(part, pairs, names)]))
        for part in (joined(chunks[held:]), joined(chunks[:held]))
    )
    reading = feature_reading(net, seen)
    outputs = corrected_outputs(replace(net, texture=reading), measured)
    calibration, error = tables(outputs, measured.weights)
    return replace(net, texture=replace(reading, calibration=calibration, error=error))


def tables(outputs: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Calibration and errors of outputs (n, E), on people whose weights (n, E) are known."""
    calibration = calibrated_weights(outputs, true).astype(np.float32)
    predicted = np.interp(outputs, regressor.OUTPUTS, calibration)
    return calibration, error_table(predicted, true).astype(np.float32)


def stored_arrays(net: ExpressionRegressor) -> dict[str, np.ndarray]:
    """What ``core.nets.expression_regressor.from_arrays`` reads; matrices in half precision."""
    arrays = {
        "names": np.array(net.names, dtype=f"U{NAMES_LENGTH}"),
        "members": np.array(len(net.layers)),
        "depth": np.array(len(net.layers[0])),
        "template": net.template,
        "alignment": net.alignment,
        "mean": net.mean,
        "scale": net.scale,
        "projection": net.projection.astype(np.float16),
        "calibration": net.calibration,
        "error": net.error,
    }
    for m, layers in enumerate(net.layers):
        for d, (matrix, offset) in enumerate(layers):
            arrays[f"matrix_{m}_{d}"], arrays[f"offset_{m}_{d}"] = matrix.astype(np.float16), offset
    return arrays if net.texture is None else arrays | stored_texture(net.texture)


def report(net: ExpressionRegressor, samples: Samples) -> str:
    """A table: per shape correlation, mean absolute error, and that of always answering zero; textures (n, T)."""
    predicted = net.predict_many(samples.points.astype(float), samples.textures)[0]
    lines = ["| shape | r | mean error | of zeros |", "|---|---|---|---|"]
    for name, guess, truth in zip(net.names, predicted.T, samples.weights.T):
        r = np.corrcoef(guess, truth)[0, 1] if guess.std() > 1e-6 and truth.std() > 1e-6 else float("nan")
        lines.append(f"| {name} | {r:.2f} | {np.abs(guess - truth).mean():.3f} | {np.abs(truth).mean():.3f} |")
    pooled = np.corrcoef(predicted.ravel(), samples.weights.ravel())[0, 1]
    lines.append(
        f"| all, pooled | {pooled:.3f} | {np.abs(predicted - samples.weights).mean():.4f} |"
        f" {np.abs(samples.weights).mean():.4f} |"
    )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="furrow.models.training.expression", description=__doc__.splitlines()[0])
    parser.add_argument("--usual", type=int, default=USUAL_CHUNKS, help=f"chunks of {CHUNK} usual samples")
    parser.add_argument("--hard", type=int, default=HARD_CHUNKS, help=f"chunks of {CHUNK} hard samples")
    parser.add_argument("--textured", type=int, default=TEXTURED_CHUNKS, help=f"chunks of {CHUNK} for the texture")
    parser.add_argument("--keep", action="store_true", help="keep the landmark part of the committed file")
    parser.add_argument("-o", "--output", type=Path, default=MODELS / regressor.FILE)
    arguments = parser.parse_args()
    model, atlas = load_head_model(ASSETS / HEAD), load_atlas(ASSETS / WRINKLES)
    given = (model, atlas, FaceNets(ASSETS, choose("cpu")), CACHE / "expression")
    if arguments.keep:
        net = regressor.load()
    else:
        # the first chunks are held out: usual ones
        chunks = collect(*given, range(max(2, arguments.usual)), USUAL, "usual")
        net = train(model, chunks + collect(*given, range(arguments.hard), HARD, "hard"), Training())
    textured = collect_textured(*given, arguments.textured)
    net = train_texture(net, model, textured)
    write_npz(arguments.output, stored_arrays(net))
    held = each_texture(joined(textured[:HELD_OUT]))
    print(
        "landmarks alone:", report(net, replace(held, textures=None)), "with the texture:", report(net, held), sep="\n"
    )


if __name__ == "__main__":
    main()
