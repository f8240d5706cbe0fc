"""Expression weights read straight from the landmarks, by a small network trained on rendered heads.

A landmark fit cannot tell a person with low brows from a person who lowers them. Over many people some readings are
likelier than others, and that is what this network has learned (``models/EXPRESSION.md`` says how it was trained):

    landmarks -> similarity alignment with a template -> standardised coordinates and distances -> linear projection
    -> an ensemble of multilayer perceptrons -> calibration -> weights, and their expected error.

The alignment takes place, size and pose away (weighted Procrustes, Umeyama 1991); the direction of view is given to the
network besides, as one side of a turned head is seen badly. Where the texture of the face was read with the landmarks,
it corrects the ensemble before the calibration (``expression_features``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..assets import MODELS
from ..errors import PhotoError
from ..head.landmark_sets import APART_PAIRS
from ..head.model import LANDMARK_COUNT
from .expression_features import FeatureReading
from .features import LENGTH, LOCAL
from .trained_file import checked, read_network

FILE = "expression.npz"
Layers = tuple[tuple[np.ndarray, np.ndarray], ...]  # matrix (in, out) and offset (out,) of each
# distances that expressions change: lids and lips (``APART_PAIRS``), brows to eyes, corners of mouth and nose, chin
DISTANCES = np.concatenate(
    [
        APART_PAIRS,
        np.array(
            [
                [105, 33],
                [66, 133],
                [107, 133],
                [70, 33],
                [52, 159],
                [334, 263],
                [296, 362],
                [336, 362],
                [300, 263],
                [282, 386],
                [107, 336],
                [55, 285],
                [61, 291],
                [61, 33],
                [291, 263],
                [0, 2],
                [17, 152],
                [13, 2],
                [14, 152],
                [61, 2],
                [291, 2],
                [61, 152],
                [291, 152],
                [48, 133],
                [278, 362],
                [48, 278],
                [205, 145],
                [425, 374],
                [50, 61],
                [280, 291],
                [168, 2],
                [168, 152],
                [107, 168],
                [336, 168],
                [0, 13],
                [14, 17],
                [132, 61],
                [361, 291],
            ]
        ),
    ]
)
KNOTS = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])  # predicted weights at which the expected error is tabulated
OUTPUTS = np.array([0.0, 0.1, 0.2, 0.3, 0.45, 0.65, 1.0])  # of the ensemble, at which the calibration is tabulated
FEATURES = LANDMARK_COUNT * 3 + len(DISTANCES) * 3 + 3
FAMILIAR = 2.5  # mean square of the whitened inputs up to which a face is like those of the training
MOST_UNITS, MOST_MEMBERS = 1024, 16


@dataclass(frozen=True)
class ExpressionRegressor:
    """The trained network.

    Attributes:
        names: (E,) ARKit names of the weights.
        template: (478, 3) mm, average landmarks, x to the head's left, y up, z forward.
        alignment: (478,) how much each landmark counts in the alignment.
        mean, scale: (FEATURES,) of the features in training.
        projection: (FEATURES, P) of the standardised features.
        layers: per member, pairs of matrix (in, out) and offset (out,).
        calibration: (len(OUTPUTS),) the weight to expect when the ensemble answers ``OUTPUTS``: its averages over
            people are too small where a shape is there and too large where it is not.
        error: (E, len(KNOTS)) root mean square error on people not seen in training, by predicted weight.
        texture: what the texture of a face adds, or None.
    """

    names: tuple[str, ...]
    template: np.ndarray
    alignment: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    projection: np.ndarray
    layers: tuple[Layers, ...]
    calibration: np.ndarray
    error: np.ndarray
    texture: FeatureReading | None = None

    def predict(
        self, landmarks: np.ndarray, width: int, height: int, texture: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights (E,) in [0, 1] and their standard deviations (E,).

        Args:
            landmarks: (478, 3) x and y in pixels of the upright photo, and the net's depth in the same unit.
            width, height: of the photo, pixels.
            texture: (``nets.features.LENGTH``,) around those landmarks; None reads the landmarks alone.

        Raises:
            PhotoError: landmarks or texture of another shape, not finite, or all in one spot.
        """
        points = np.asarray(landmarks, dtype=float)
        if points.shape != (LANDMARK_COUNT, 3) or not np.isfinite(points).all():
            raise PhotoError(f"{LANDMARK_COUNT} finite landmarks with depth are needed, got shape {points.shape}.")
        if np.ptp(points[:, :2], axis=0).min() < 1e-3 * max(width, height, 1) / 2:
            raise PhotoError("The face is too small to read its expression: use a larger photo.")
        if texture is not None and (np.shape(texture) != (LENGTH,) or not np.isfinite(texture).all()):
            raise PhotoError(f"{LENGTH} finite features of the texture are needed, got shape {np.shape(texture)}.")
        weights, spread = self.predict_many(points[None], None if texture is None else texture[None])
        return weights[0], spread[0]

    def predict_many(self, landmarks: np.ndarray, textures: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(n, E) weights and (n, E) deviations of landmarks (n, 478, 3) and their textures (n, T); see ``predict``."""
        inputs = self.inputs(landmarks)
        members = np.stack([run_layers(inputs, layers)[-1] for layers in self.layers])
        outputs = members.mean(axis=0)
        weights, known = _calibrated(outputs, self.calibration, self.error)
        if textures is not None and self.texture is not None:
            change, trust = self.texture.change(textures, inputs)
            seen = _calibrated(outputs + change, self.texture.calibration, self.texture.error)
            weights, known = (a + trust[:, None] * (b - a) for a, b in zip((weights, known), seen))
        # the inputs are white, so their mean square is about 1 on faces like those of the training
        unlike = np.sqrt(np.maximum((inputs**2).mean(axis=1) / FAMILIAR, 1.0))
        return weights, np.hypot(known, members.std(axis=0)) * unlike[:, None]

    def inputs(self, landmarks: np.ndarray) -> np.ndarray:
        """(n, P) whitened inputs of the ensemble, of landmarks (n, 478, 3)."""
        features = (feature_vectors(landmarks, self.template, self.alignment) - self.mean) / self.scale
        return features @ self.projection


def _calibrated(outputs: np.ndarray, calibration: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n, E) of the ensemble's outputs (n, E), and the errors (n, E) that are known of such weights."""
    weights = np.interp(outputs, OUTPUTS, calibration)
    return weights, np.stack([np.interp(w, KNOTS, row) for w, row in zip(weights.T, error)], axis=1)


def align(points: np.ndarray, template: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks in the template's frame.

    Args:
        points: (n, 478, 3) pixels, x right, y down, z away from the camera.
        template: (478, 3) mm.
        weight: (478,).

    Returns:
        (n, 478, 3) mm, and (n, 3, 3) rotations from the head to the camera (Umeyama 1991, weighted).
    """
    share = weight / weight.sum()
    source = points - np.einsum("l,nld->nd", share, points)[:, None]
    target = template - share @ template
    u, values, vt = np.linalg.svd(np.einsum("l,nli,lj->nij", share, source, target))
    sign = np.ones((len(points), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = np.einsum("nij,nj,njk->nik", u, sign, vt)
    scale = (values * sign).sum(1) / np.einsum("l,nld,nld->n", share, source, source).clip(1e-12)
    return np.einsum("nli,nij,n->nlj", source, rotation, scale) + share @ template, rotation


def feature_vectors(points: np.ndarray, template: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n, FEATURES) aligned coordinates, differences over ``DISTANCES``, and the direction of view, all in mm or 1."""
    aligned, rotation = align(points, template, weight)
    apart = aligned[:, DISTANCES[:, 0]] - aligned[:, DISTANCES[:, 1]]
    return np.concatenate([aligned.reshape(len(points), -1), apart.reshape(len(points), -1), rotation[:, 2]], axis=1)


def run_layers(inputs: np.ndarray, layers: Layers) -> list[np.ndarray]:
    """Inputs and outputs of all layers (n, units); rectified linear units, the last layer is linear."""
    values = [inputs]
    for i, (matrix, offset) in enumerate(layers):
        out = values[-1] @ matrix + offset
        values.append(out if i == len(layers) - 1 else np.maximum(out, 0.0))
    return values


def load(folder: Path | None = None) -> ExpressionRegressor:
    """The network in ``folder`` (default: the package's own).

    Raises:
        AssetsError: the file is missing or damaged.
    """
    return _load((Path(folder) if folder else MODELS) / FILE)


@lru_cache(maxsize=4)
def _load(path: Path) -> ExpressionRegressor:
    return read_network(path, "expression network", from_arrays)


def predict(
    landmarks: np.ndarray, width: int, height: int, texture: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """``ExpressionRegressor.predict`` of the package's own network."""
    return load().predict(landmarks, width, height, texture)


def from_arrays(arrays: dict[str, np.ndarray]) -> ExpressionRegressor:
    """The network of stored arrays, their shapes checked.

    Raises:
        KeyError, ValueError: an array is missing or not what it should be.
    """
    names = tuple(str(name) for name in arrays["names"])
    members, depth = int(arrays["members"]), int(arrays["depth"])
    if not (1 <= members <= MOST_MEMBERS and 1 <= depth <= 6 and 1 <= len(names) <= 200):
        raise ValueError("size of the network")
    inputs = arrays["projection"].shape[-1]
    layers = []
    for m in range(members):
        units, layer = inputs, []
        for d in range(depth):
            out = len(names) if d == depth - 1 else arrays[f"offset_{m}_{d}"].shape[-1]
            matrix = _checked(arrays[f"matrix_{m}_{d}"], (units, out), f"matrix {m} {d}")
            layer.append((matrix, _checked(arrays[f"offset_{m}_{d}"], (out,), f"offset {m} {d}")))
            units = out
        layers.append(tuple(layer))
    return ExpressionRegressor(
        names,
        _checked(arrays["template"], (LANDMARK_COUNT, 3), "template"),
        _checked(arrays["alignment"], (LANDMARK_COUNT,), "alignment"),
        _checked(arrays["mean"], (FEATURES,), "mean"),
        _checked(arrays["scale"], (FEATURES,), "scale"),
        _checked(arrays["projection"], (FEATURES, inputs), "projection"),
        tuple(layers),
        _checked(arrays["calibration"], (len(OUTPUTS),), "calibration"),
        _checked(arrays["error"], (len(names), len(KNOTS)), "error"),
        _texture(arrays, inputs, len(names)) if "texture_mean" in arrays else None,
    )


def _texture(arrays: dict[str, np.ndarray], inputs: int, outputs: int) -> FeatureReading:
    rank = arrays["texture_projection"].shape[-1]
    shapes = {
        "mean": (LOCAL,),
        "scale": (LOCAL,),
        "projection": (LOCAL, rank),
        "matrix": (rank, outputs),
        "inputs": (inputs, outputs),
        "offset": (outputs,),
        "calibration": (len(OUTPUTS),),
        "error": (outputs, len(KNOTS)),
    }
    found = {name: _checked(arrays[f"texture_{name}"], shape, f"texture {name}") for name, shape in shapes.items()}
    if found["scale"].min() <= 0:
        raise ValueError("texture scale is not positive")
    return FeatureReading(**found)


def _checked(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    if max(shape[1:], default=0) > MOST_UNITS:
        raise ValueError(f"{name} has shape {array.shape}")
    return checked(array, shape, name)
