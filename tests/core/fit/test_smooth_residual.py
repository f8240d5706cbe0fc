"""The smooth displacement beyond the identity: its modes, that it is found, and that it is kept."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.character.file import load_character, save_character
from furrow.core.fit import coarse, smooth_residual
from furrow.core.fit.evidence import Evidence
from furrow.core.head import smooth_modes
from furrow.core.head.landmark_sets import LIP_PAIRS
from furrow.models.evaluation.made_up import tiny_character
from synthetic_head import aligned_distance, observe

EXACT = coarse.FitSettings(reading_trust=0.0, landmark_spread=5.0, contour_spread=4.0)


@pytest.fixture(scope="module")
def modes(model):
    return smooth_modes.smooth_modes(model)


@pytest.fixture(scope="module")
def bumpy(model, modes):
    """A head with a smooth displacement: the displacement, the true vertices, what a photo shows and its plain fit."""
    residual = np.tensordot(np.random.default_rng(5).normal(size=len(modes)).astype(np.float32), modes, 1)
    head = smooth_modes.displaced(model, residual)
    seen, _ = observe(head, np.zeros(1), turn=(0.05, 0.2, 0.0), exif=1500.0, noise=0.3)
    # a head whose identity says nothing: what is missing is the displacement
    fit = coarse.fit(model, [seen], replace(EXACT, components=2, limit=1e-3))
    return residual, head.mean, seen, fit


def test_covariance_is_that_of_the_mirrored_process(model, modes):
    """Away from what stands still, against the Gaussian kernel and its mirror image."""
    flat = modes.transpose(1, 2, 0).astype(float)
    topology = model.topology
    still = np.max([topology.region(name) for name in smooth_modes.STILL], axis=0) > 0.5
    points = model.landmarks(model.mean.astype(float))[[4, 61, 291, 50, 152]]  # nose, mouth corners, a cheek, chin
    nearest = [np.linalg.norm(model.mean - point, axis=1).argmin() for point in points]
    at = model.mean[nearest].astype(float)
    far = [np.linalg.norm(model.mean[still] - point, axis=1).min() > smooth_modes.FADING for point in at]
    assert np.count_nonzero(far) >= 4
    own = np.exp(-0.5 * ((at[:, None] - at) ** 2).sum(2) / smooth_modes.LENGTH**2)
    other = np.exp(-0.5 * ((at[:, None] - at * [-1, 1, 1]) ** 2).sum(2) / smooth_modes.LENGTH**2)
    for axis, sign in enumerate((-1, 1, 1)):
        covariance = flat[nearest, axis] @ flat[nearest, axis].T
        expected = smooth_modes.SPREAD**2 * (own + sign * other)
        assert np.abs(covariance - expected)[np.ix_(far, far)].max() < 0.08


def test_modes_are_symmetric_and_rest_outside_the_face(model, modes):
    topology = model.topology
    assert np.abs(modes[:, topology.mirror] * [-1, 1, 1] - modes).max() < 1e-5
    for name in smooth_modes.STILL:
        assert not modes[:, topology.region(name) > 0.5].any()


def test_eyes_and_teeth_are_rigid_and_lips_stay_sealed(model, modes):
    topology = model.topology
    spread = np.sqrt((modes.astype(float) ** 2).sum(axis=0))
    eyes = smooth_modes.eye_vertices(topology, model.mean)
    assert all(len(eye) > 20 for eye in eyes)
    teeth = np.arange(topology.vertex_count)[topology.part_slice("teeth")]
    for part in (*eyes, teeth):
        assert np.ptp(modes[:, part], axis=1).max() < 1e-5 and spread[part].max() > 0.5
    # the margin of a lid goes with its eyeball
    lid = np.linalg.norm(model.mean - model.mean[eyes[0]].mean(axis=0), axis=1) < smooth_modes.EYE[0]
    assert np.count_nonzero(lid) > 100 and np.ptp(modes[:, lid], axis=1).max() < 1e-5
    upper, lower = LIP_PAIRS.T
    lips = model.landmarks(modes)
    apart = np.sqrt(((lips[:, upper] - lips[:, lower]) ** 2).sum(axis=0))
    assert apart.max() < 0.17 * np.sqrt((lips[:, upper] ** 2).sum(axis=0)).max()


def test_a_displacement_is_found(model, bumpy):
    residual, truth, _, fit = bumpy
    grey = np.full((1000, 1000, 3), 128, np.uint8)  # no shading: the landmarks alone
    found = smooth_residual.follow_photos(model, fit, Evidence([grey], settings=EXACT))
    assert found.views[0].landmark_error < 0.92 * fit.views[0].landmark_error
    face = model.topology.region("face") > 0.5
    before, after = (aligned_distance(made.neutral[face].astype(float), truth[face]) for made in (fit, found))
    assert after < 0.85 * before
    np.testing.assert_allclose(found.neutral - fit.neutral, found.residual, atol=1e-4)
    assert not found.residual[model.topology.region("scalp") > 0.5].any()


def test_a_refinement_keeps_the_displacement(model, bumpy):
    residual, _, _, fit = bumpy
    kept = replace(fit, residual=residual, neutral=fit.neutral + residual)
    problem = coarse.problem_of(model, kept, Evidence([]))
    again = coarse.result(model, problem, coarse.head_state(fit), ())
    np.testing.assert_allclose(again.neutral, kept.neutral, atol=1e-4)
    np.testing.assert_array_equal(again.residual, residual)
    plain = coarse.problem_of(model, fit, Evidence([])).basis.mean
    np.testing.assert_allclose(problem.basis.mean - plain, model.landmarks(residual), atol=1e-4)
    eyes = smooth_modes.eye_vertices(model.topology, model.mean)
    moved = (again.joints - fit.joints)[:, 0]
    np.testing.assert_allclose(moved[[5, 4]], [residual[eye].mean(axis=0) for eye in eyes], atol=1e-4)
    assert not moved[:4].any()


def test_what_would_fold_or_move_far_is_drawn_in(model):
    """A crease of opposite displacements side by side, far larger than any face's."""
    wild = np.zeros_like(model.mean)
    wild[::2, 2], wild[1::2, 2] = 80.0, -80.0
    tame = smooth_residual._plausible(model, model.mean, wild)
    assert 0.0 < np.linalg.norm(tame, axis=1).max() <= smooth_residual.LARGEST + 1e-4
    calm = np.zeros_like(model.mean)
    calm[:, 1] = 2.0
    np.testing.assert_allclose(smooth_residual._plausible(model, model.mean, calm), calm)
    # what folds nothing is drawn in as well, to the largest that is allowed and no further
    far = smooth_residual._plausible(model, model.mean, 10.0 * calm)
    np.testing.assert_allclose(far, 2.5 * calm, rtol=1e-5)


def test_a_worse_fit_is_not_taken(model, bumpy):
    residual, _, _, fit = bumpy
    assert smooth_residual._refitted(model, fit, -8.0 * residual, Evidence([], settings=EXACT)) is fit


def test_the_file_keeps_the_displacement(tmp_path):
    character = tiny_character()
    assert character.shape_residual is None
    shape = np.random.default_rng(0).normal(size=character.neutral.shape).astype(np.float32)
    save_character(replace(character, shape_residual=shape), tmp_path / "a.furrow")
    np.testing.assert_array_equal(load_character(tmp_path / "a.furrow").shape_residual, shape)
    save_character(character, tmp_path / "b.furrow")
    assert load_character(tmp_path / "b.furrow").shape_residual is None
