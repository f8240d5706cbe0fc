"""Shading residuals: derivatives against finite differences, and a light that is known."""

import numpy as np
from furrow.core.fit.shading_term import (
    SkinPatch,
    fit_light,
    harmonics,
    harmonics_gradient,
    patch_normals,
    residual_jacobian,
)
from furrow.core.fit.state import ViewState
from furrow.core.fit.terms import PointBasis, project
from furrow.core.head.camera import rotation_matrix
from scipy import sparse


def dome_patch(seed=0, expressions=3, components=4):
    """A bulging grid with random bases; every inner vertex is compared."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-50, 50, 9), np.linspace(-60, 60, 9))
    points = np.column_stack([x.ravel(), y.ravel(), 60 - (x.ravel() ** 2 + y.ravel() ** 2) / 90.0])
    index = np.arange(81).reshape(9, 9)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    rows = index[1:-1, 1:-1].ravel()
    touches = sparse.csr_matrix(
        (np.ones(3 * len(triangles)), (triangles.ravel(), np.repeat(np.arange(len(triangles)), 3))),
        (81, len(triangles)),
    )
    basis = PointBasis(points, rng.normal(0, 1, (81, 3, components)), rng.normal(0, 2, (81, 3, expressions)))
    return SkinPatch(basis, triangles, rows, touches[rows], np.ones(len(rows)), rows), rng


def test_gradient_of_the_harmonics_is_their_derivative():
    rng = np.random.default_rng(1)
    normals, light = rng.normal(size=(20, 3)), rng.normal(size=9)
    numeric = np.stack([
        (harmonics(normals + e) - harmonics(normals - e)) @ light / 2e-6
        for e in 1e-6 * np.eye(3)
    ], axis=-1)
    assert np.allclose(harmonics_gradient(normals, light), numeric, atol=1e-6)


def test_jacobian_of_the_normals_is_their_derivative():
    patch, rng = dome_patch()
    identity, expression = rng.normal(size=4), rng.uniform(size=3)
    normals, jacobian = patch_normals(patch, identity, expression, True)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1.0)
    columns = [
        (patch_normals(patch, identity, expression + e)[0]
         - patch_normals(patch, identity, expression - e)[0]) / 2e-4 for e in 1e-4 * np.eye(3)
    ] + [
        (patch_normals(patch, identity + e, expression)[0]
         - patch_normals(patch, identity - e, expression)[0]) / 2e-4 for e in 1e-4 * np.eye(4)
    ]
    assert np.allclose(jacobian, np.stack(columns, axis=-1), atol=1e-5)


def test_residual_jacobian_at_a_fixed_light():
    patch, rng = dome_patch()
    identity, light, slopes = rng.normal(size=4), rng.normal(size=9), np.array([0.02, -0.013])
    turn = rotation_matrix(np.array([0.1, 0.3, -0.05])) @ np.diag([1.0, -1, -1])
    state = ViewState(turn, np.array([5.0, 9, 600]), np.log(1000.0), rng.uniform(0.3, 0.7, 3))

    def residual(state, identity):
        """Luminance that grows linearly over the photo, less the shading."""
        normals = patch_normals(patch, identity, state.expression)[0] @ state.rotation.T
        pixels = project(patch.basis.rows(patch.rows), identity, state, 400, 400).pixels
        return pixels @ slopes - harmonics(normals) @ light

    normals, normal_jacobian = patch_normals(patch, identity, state.expression, True)
    projection = project(patch.basis.rows(patch.rows), identity, state, 400, 400)
    analytic = residual_jacobian(
        np.tile(slopes, (len(normals), 1)), projection.pixel_jacobian, normals @ state.rotation.T, light,
        state.rotation, normal_jacobian,
    )
    step = 1e-5
    numeric = [(residual(state.stepped(e), identity) - residual(state.stepped(-e), identity)) / (2 * step)
               for e in step * np.eye(10)]
    numeric += [(residual(state, identity + e) - residual(state, identity - e)) / (2 * step) for e in step * np.eye(4)]
    assert np.allclose(analytic, np.stack(numeric, axis=-1), rtol=1e-3, atol=1e-4)


def test_light_is_recovered_in_spite_of_outliers():
    rng = np.random.default_rng(2)
    normals = rng.normal(size=(600, 3)) + [0, 0, 2.0]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    light = np.array([0.8, 0.1, 0.2, 0.3, 0.02, -0.03, 0.05, 0.01, -0.04])
    luminance = harmonics(normals) @ light
    luminance[:60] += 0.7
    found, weight = fit_light(harmonics(normals), luminance, np.ones(600))
    assert np.abs(harmonics(normals) @ (found - light)).max() < 0.02
    assert weight[:60].max() < 0.1 < weight[60:].min()
