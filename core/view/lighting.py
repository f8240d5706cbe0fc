"""The light in a photo as second-order spherical harmonics, estimated robustly from normals and colours.

Irradiance on a convex Lambertian surface is 99 % captured by nine coefficients (Ramamoorthi and Hanrahan 2001, Basri
and Jacobs 2003). Albedo is taken as one tone while the light is estimated; moles, highlights and cast shadows are
outliers of that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# real spherical harmonics, bands 0 to 2, times the Lambertian kernel (pi, 2 pi / 3, pi / 4) over pi
_BAND_0 = 0.282095
_BAND_1 = 0.488603 * 2 / 3
_BAND_2 = np.array([1.092548, 1.092548, 0.315392, 1.092548, 0.546274]) / 4

IRLS_ITERATIONS = 12
FLOOR = 0.42  # of the mean shading: darker than that is taken for cast shadow, and not divided out further
OUTLIER = 0.12  # relative residual at which a sample counts half as an outlier
RIDGE = np.array([0, 1, 1, 1, 12, 12, 12, 12, 12]) * 3e-4
# a channel's departure from the mean of the channels: skin has hues of its own, redder on cheeks and nose, which the
# light must not explain away
TINT_RIDGE = np.array([0, 1, 1, 1, 8, 8, 8, 8, 8]) * 1e-2


@dataclass(frozen=True)
class Light:
    """Distant light.

    Attributes:
        coefficients: (9, 3) of ``sh_basis``, linear RGB; shading is ``sh_basis(n) @ coefficients``.
        floor: (3,) smallest shading that is believed.
    """

    coefficients: np.ndarray
    floor: np.ndarray

    def shading(self, normals: np.ndarray) -> np.ndarray:
        """(..., 3) float32 shading of unit normals (..., 3), camera coordinates; at least ``floor``."""
        return np.maximum(sh_basis(normals) @ self.coefficients, self.floor).astype(np.float32)

    def turned(self, rotation: np.ndarray) -> np.ndarray:
        """(9, 3) the coefficients in other coordinates, whose axes a rotation (3, 3) takes to the camera's.

        Each band of spherical harmonics is closed under rotation, so that the fit has no residual.
        """
        normals = _directions(64)
        seen = sh_basis(normals @ np.asarray(rotation, np.float64).T) @ self.coefficients
        return np.linalg.lstsq(sh_basis(normals), seen, rcond=None)[0]

    def gradient(self, normals: np.ndarray) -> np.ndarray:
        """(..., 3) derivative of the mean shading over the channels by the normal, tangent part."""
        mean = self.coefficients.mean(1)
        x, y, z = np.moveaxis(np.asarray(normals, np.float64), -1, 0)
        c = mean[1:4] * _BAND_1
        d = mean[4:] * _BAND_2
        full = np.stack(
            [
                c[0] + d[0] * y + d[3] * z + 2 * d[4] * x,
                c[1] + d[0] * x + d[1] * z - 2 * d[4] * y,
                c[2] + d[1] * y + 6 * d[2] * z + d[3] * x,
            ],
            axis=-1,
        )
        return full - (full * normals).sum(-1, keepdims=True) * normals


def sh_basis(normals: np.ndarray) -> np.ndarray:
    """(..., 9) irradiance basis at unit normals (..., 3): 1, x, y, z, xy, yz, 3z^2 - 1, xz, x^2 - y^2."""
    x, y, z = np.moveaxis(np.asarray(normals, np.float64), -1, 0)
    return np.stack(
        [
            np.full_like(x, _BAND_0),
            _BAND_1 * x,
            _BAND_1 * y,
            _BAND_1 * z,
            _BAND_2[0] * x * y,
            _BAND_2[1] * y * z,
            _BAND_2[2] * (3 * z * z - 1),
            _BAND_2[3] * x * z,
            _BAND_2[4] * (x * x - y * y),
        ],
        axis=-1,
    )


def radiance(coefficients: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """(..., 3) float32 light that comes from unit directions (..., 3), at least 0: the kernel is taken out again.

    What ``sh_basis(n) @ coefficients`` is the irradiance of, over pi (Ramamoorthi and Hanrahan 2001, equation 8).
    """
    kernel = np.array([1.0, *[2 / 3] * 3, *[1 / 4] * 5])
    return np.maximum((sh_basis(directions) / kernel) @ coefficients, 0.0).astype(np.float32)


def _directions(count: int) -> np.ndarray:
    """(count, 3) unit vectors, evenly spread (a Fibonacci spiral)."""
    height = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    angle = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    around = np.sqrt(1.0 - height**2)
    return np.stack([around * np.cos(angle), around * np.sin(angle), height], axis=-1)


def estimate_light(normals: np.ndarray, colours: np.ndarray, weights: np.ndarray) -> tuple[Light, np.ndarray]:
    """Light under which skin of one tone looks as it does, by iteratively reweighted least squares.

    Args:
        normals: (n, 3) unit, camera coordinates.
        colours: (n, 3) linear RGB.
        weights: (n,) at least 0, how far a sample is trusted to be plain skin.

    Returns:
        The light, scaled so that the weighted mean shading is 1 in each channel (the tone is left in the albedo),
        and the inlier weights (n,) in [0, 1] that the estimate ended with.
    """
    colours = np.asarray(colours, np.float64)
    weights = np.asarray(weights, np.float64)
    basis = sh_basis(normals)
    total = max(float(weights.sum()), 1e-9)
    level = np.maximum((weights[:, None] * colours).sum(0) / total, 1e-6)
    grey = (colours / level).mean(1)
    inlier = np.ones(len(weights))
    for _ in range(IRLS_ITERATIONS):
        predicted = basis @ _solve(basis, grey, weights * inlier)
        relative = (grey - predicted) / np.maximum(predicted, 0.2)
        inlier = 1.0 / (1.0 + (relative / OUTLIER) ** 2)
    used = weights * inlier
    shared = _solve(basis, grey, used)
    tinted = [_solve(basis, colours[:, c] / level[c] - basis @ shared, used, TINT_RIDGE) for c in range(3)]
    coefficients = shared[:, None] + np.stack(tinted, axis=-1)
    shading = basis @ coefficients
    mean = (used[:, None] * shading).sum(0) / max(float(used.sum()), 1e-9)
    coefficients = coefficients / np.maximum(mean, 1e-6)
    return Light(coefficients, np.full(3, FLOOR)), inlier


def _solve(basis: np.ndarray, values: np.ndarray, weights: np.ndarray, ridge: np.ndarray = RIDGE) -> np.ndarray:
    """(9,) ridge solution of weighted least squares."""
    weighted = basis * weights[:, None]
    total = max(float(weights.sum()), 1e-9)
    return np.linalg.solve(weighted.T @ basis + np.diag(ridge * total + 1e-9), weighted.T @ values)
