"""What the skin around the landmarks adds to an expression read from their places.

A sneer, a puffed cheek or a lowered brow moves the landmarks little and the picture much. On top of what a regressor
read from the landmarks come, linearly, the whitened inputs x of that regressor and the standardised texture t of
``nets.features``:

    change = offset + x X + clip(t) P T,    P of low rank.

The farther a texture is from those of the training, the less it counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIMIT = 4.0  # standard deviations beyond which a feature says no more
FAMILIAR = 1.5  # mean square of the standardised features up to which a picture is like those of the training


@dataclass(frozen=True)
class FeatureReading:
    """The correction of E weights.

    Attributes:
        mean, scale: (T,) of the texture in training.
        projection: (T, r) of the standardised texture.
        matrix: (r, E) change per component.
        inputs: (P, E) change per input of the landmark regressor.
        offset: (E,).
        calibration: (k,) the weight to expect of a corrected output, as in the landmark regressor.
        error: (E, n) root mean square error on people not seen in training, by predicted weight.
    """

    mean: np.ndarray
    scale: np.ndarray
    projection: np.ndarray
    matrix: np.ndarray
    inputs: np.ndarray
    offset: np.ndarray
    calibration: np.ndarray
    error: np.ndarray

    def change(self, textures: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, E) to add to what the landmarks told, and (n,) how far to trust it, 0 to 1.

        Args:
            textures: (n, T or more) of ``nets.features.read_textures``, of which the first T count.
            inputs: (n, P) whitened inputs of the landmark regressor.
        """
        standard = standardised(textures[:, : len(self.mean)], self.mean, self.scale)
        trust = np.minimum(1.0, FAMILIAR / (standard**2).mean(axis=1).clip(1e-6))
        return standard @ self.projection @ self.matrix + inputs @ self.inputs + self.offset, trust


def standardised(textures: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(n, T) float32 within ``LIMIT``."""
    return np.clip((np.asarray(textures, np.float32) - mean) / scale, -LIMIT, LIMIT)
