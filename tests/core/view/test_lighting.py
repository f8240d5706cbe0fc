"""Spherical-harmonics light against scipy's harmonics, numeric integration and known lights."""

import numpy as np
from furrow.core.head.camera import rotation_matrix
from furrow.core.view.lighting import Light, estimate_light, radiance, sh_basis


def fibonacci(count):
    k = np.arange(count) + 0.5
    z, angle = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    return np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], -1)


def test_basis_gives_the_irradiance_of_a_smooth_environment():
    """E(n) = 1/pi integral L(w) max(0, n.w) dw for L = 1 + x + 2 z + x y, integrated numerically."""
    directions = fibonacci(20000)
    x, y, z = directions.T
    radiance = 1 + x + 2 * z + x * y
    normals = fibonacci(50)
    expected = (np.maximum(normals @ directions.T, 0) @ radiance) * 4 * np.pi / len(directions) / np.pi
    # the same environment in orthonormal harmonics: coefficients are the projections on them
    coefficients = np.zeros(9)
    coefficients[0] = 1 / 0.282095
    coefficients[1] = 1 / 0.488603
    coefficients[3] = 2 / 0.488603
    coefficients[4] = 1 / 1.092548
    np.testing.assert_allclose(sh_basis(normals) @ coefficients, expected, atol=2e-3)


def test_turned_light_shades_as_the_light_does_on_turned_normals():
    light = Light(np.random.default_rng(3).normal(size=(9, 3)), np.full(3, -np.inf))
    rotation = rotation_matrix(np.array([0.3, -1.0, 0.4]))
    normals = fibonacci(200)
    seen = light.shading(normals @ rotation.T)
    np.testing.assert_allclose(sh_basis(normals) @ light.turned(rotation), seen, atol=1e-5)


def test_radiance_is_what_the_irradiance_comes_from():
    coefficients = np.random.default_rng(4).normal(0, 0.2, (9, 3))
    coefficients[0] = 4.0  # no direction is dark
    directions, normals = fibonacci(20000), fibonacci(40)
    facing = np.maximum(normals @ directions.T, 0)
    irradiance = facing @ radiance(coefficients, directions) * 4 / len(directions)
    np.testing.assert_allclose(irradiance, sh_basis(normals) @ coefficients, atol=2e-3)
    assert radiance(-coefficients, directions).min() == 0.0


def test_known_light_is_recovered_despite_highlights_and_cast_shadows():
    rng = np.random.default_rng(0)
    normals = fibonacci(4000)
    normals = normals[normals[:, 2] < -0.15]
    coefficients = rng.normal(0, 0.25, (9, 3))
    coefficients[0] = 3.5
    shading = sh_basis(normals) @ coefficients
    tone = np.array([0.5, 0.3, 0.2])
    colours = tone * shading * rng.normal(1, 0.02, (len(normals), 1))
    outlier = rng.random(len(normals)) < 0.15
    colours[outlier] *= rng.choice([0.4, 2.0], (int(outlier.sum()), 1))
    light, inlier = estimate_light(normals, colours, np.ones(len(normals)))
    found = light.shading(normals) / light.shading(normals).mean(0)
    error = np.abs(found / (shading / shading.mean(0)) - 1)
    assert np.median(error) < 0.015 and np.quantile(error, 0.95) < 0.06
    assert inlier[outlier].mean() < 0.2 < 0.7 < inlier[~outlier].mean()


def test_gradient_equals_finite_differences():
    light = Light(np.random.default_rng(1).normal(0, 1, (9, 3)), np.full(3, -1e9))
    normals = fibonacci(30)
    step = 1e-5
    for axis in np.eye(3):
        tangent = axis - (normals @ axis)[:, None] * normals

        def at(t, tangent=tangent):
            moved = normals + t * tangent
            return (sh_basis(moved / np.linalg.norm(moved, axis=1, keepdims=True)) @ light.coefficients).mean(1)

        slope = (at(step) - at(-step)) / (2 * step)
        np.testing.assert_allclose((light.gradient(normals) * tangent).sum(1), slope, atol=1e-6)


def test_shading_never_falls_under_its_floor():
    light = Light(np.zeros((9, 3)), np.array([0.25, 0.3, 0.35]))
    np.testing.assert_allclose(light.shading(np.array([[0.0, 0, 1]])), [[0.25, 0.3, 0.35]])
