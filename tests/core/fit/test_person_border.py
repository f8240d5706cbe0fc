"""The person's border in a photo, and the head's outline that is brought to it."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.fit import coarse
from furrow.core.fit.evidence import Evidence
from furrow.core.fit.person_border import border_in_photo, outline
from furrow.core.fit.refinement import outlined
from furrow.core.head.raster import rasterize
from furrow.core.head.smooth_modes import displaced
from synthetic_head import observe, some_identity

SKIN, HAIR, WALL = (196, 150, 128), (40, 30, 26), (90, 120, 150)


@pytest.fixture(scope="module")
def model():
    from furrow.core.assets import assets_folder
    from furrow.core.head.model import load_head_model

    return load_head_model(assets_folder() / "head.npz")


def drawn(model, identity, observation, pose, scalp=SKIN):
    """A flat picture of a head, (H, W, 3) uint8, and (H, W) float32, where it is; the scalp in a colour of its own."""
    topology, head = model.topology, model.neutral(identity).astype(float)
    triangles = topology.triangles[(topology.triangles < topology.part_slice("head").stop).all(axis=1)]
    points = pose.apply(head)
    camera = coarse.ViewState(pose.rotation, pose.translation, np.log(1500.0), np.zeros(52)).camera(1000, 1000)
    found, _ = rasterize(camera.project(points), points[:, 2], triangles, 1000, 1000)
    image = np.tile(np.uint8(WALL), (1000, 1000, 1))
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    image[found >= 0] = SKIN
    hairy = (topology.region("scalp")[triangles] > 0.5).any(axis=1)
    image[(found >= 0) & hairy[found]] = scalp
    return np.clip(image + noise, 0, 255).astype(np.uint8), (found >= 0).astype(np.float32), camera


@pytest.fixture(scope="module")
def scene(model):
    identity = some_identity(model, 3)
    observation, pose = observe(model, identity, noise=0.3)
    image, person, camera = drawn(model, identity, observation, pose)
    return identity, observation, pose, image, person, camera


def true_fit(model, scene):
    identity, observation, pose, _, _, camera = scene
    view = coarse.View("head.jpg", camera, pose, np.zeros(52), observation.landmarks, 0.0)
    return coarse.CoarseFit(identity, model.neutral(identity), model.joints_of(identity), (view,))


def term_of(model, fit, border):
    line = outline(model, fit, fit.views[0], border, len(fit.identity))
    return line, line.term(fit.identity, coarse.state_of(fit.views[0]), 1000, 1000, 5.0, 40.0, 3.0)


def test_the_true_head_lies_on_the_border(model, scene):
    border = border_in_photo(scene[3], scene[1].landmarks.points, scene[4])
    _, term = term_of(model, true_fit(model, scene), border)
    counted = term.weight > 1e-3
    assert counted.mean() > 0.5
    assert np.abs(term.residual[counted] * 5.0).mean() < 1.5  # pixels of the photo; two make a millimetre
    assert abs((term.residual * 5.0)[counted].mean()) < 0.7


def test_the_term_s_derivative_is_that_of_its_distances(model, scene):
    fit = true_fit(model, scene)
    border = border_in_photo(scene[3], scene[1].landmarks.points, scene[4])
    line, term = term_of(model, fit, border)
    state, step = coarse.state_of(fit.views[0]), np.zeros(7 + 52)
    step[3] = 3.0  # mm to the side, two of the border's own pixels
    moved = line.term(fit.identity, state.stepped(step), 1000, 1000, 5.0, 40.0, 3.0)
    found, told = -(moved.residual - term.residual), term.jacobian @ np.concatenate([step, np.zeros(len(fit.identity))])
    clear = term.weight > 1e-3
    assert np.corrcoef(found[clear], told[clear])[0, 1] > 0.9
    assert np.polyfit(told[clear], found[clear], 1)[0] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("growth, pulled", [(-12.0, False), (6.0, True)])
def test_under_hair_the_head_may_be_smaller_and_never_larger(model, scene, growth, pulled):
    identity, observation, pose, *_ = scene
    image, person, _ = drawn(model, identity, observation, pose, scalp=HAIR)
    border = border_in_photo(image, observation.landmarks.points, person)
    grown = np.zeros_like(model.mean)
    grown[model.topology.region("scalp") > 0.5, 1] = growth
    fit = true_fit(model, scene)
    line, term = term_of(displaced(model, grown), replace(fit, neutral=fit.neutral + grown), border)
    points = line.basis.points(identity, np.zeros(52))
    crown = (line.plain < 0.5) & (points[:, 1] > points[:, 1].max() - 40.0)
    assert crown.sum() > 20
    weight = term.weight[crown].sum() / crown.sum() / (40.0 / len(crown))
    assert weight > 0.3 if pulled else weight < 0.05
    if pulled:
        force = term.jacobian[crown].T @ (term.weight * term.residual)[crown]
        assert force[4] > 0.0  # down in the photo, where the crown of the true head is


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("first", [True, False])
def test_the_edge_of_a_photo_that_cuts_the_face_is_no_border(scene, axis, first):
    """The photo ends 20 pixels inside the face, at its left, right, upper or lower side.

    What the person's border is where it runs into the edge says nothing: the head goes on outside.
    """
    _, observation, _, image, person, _ = scene
    points = observation.landmarks.points
    cut = int(points[:, axis].min()) + 20 if first else int(points[:, axis].max()) - 20
    part = slice(cut, None) if first else slice(cut)
    window = (slice(None), part) if axis == 0 else part
    border = border_in_photo(
        image[window], points - np.where(np.arange(2) == axis, cut if first else 0, 0), person[window]
    )
    beside = person.take(cut, 1 - axis)
    for along in np.flatnonzero(np.diff(beside > 0.5)):
        there, uncut = np.full(2, along + 1.0), np.full(2, along + 1.0)
        there[axis], uncut[axis] = 1.0 if first else cut - 1.0, cut
        distance, _, counts, _ = border.sample(there[None])
        assert abs(distance[0]) < 6.0 and counts[0] < 0.5
        assert border_in_photo(image, points, person).sample(uncut[None])[2][0] > 0.5


def test_hands_are_no_border(scene):
    _, observation, _, image, person, _ = scene
    left = int(observation.landmarks.points[:, 0].min()) + 20
    cover = np.zeros_like(person)
    cover[:, : left + 40] = 1.0
    covered = border_in_photo(image, observation.landmarks.points, person * (1 - cover), cover)
    assert covered.sample(np.array([[left + 40.0, observation.landmarks.points[1, 1]]]))[2][0] < 0.1


def test_the_outline_brings_ears_skull_and_pose_nearer(model, scene):
    """Landmarks alone leave what they do not see to the mean head."""
    identity, observation, pose, image, person, _ = scene
    fit = coarse.fit(model, [observation])
    border = border_in_photo(image, observation.landmarks.points, person)
    after = outlined(model, fit, Evidence([image], borders=[border]))

    def off(found):
        _, term = term_of(model, found, border)
        return float((term.weight * np.abs(term.residual)).sum() / term.weight.sum())

    assert off(after) < 0.6 * off(fit)
    assert after.views[0].landmark_error < fit.views[0].landmark_error + 0.004


def test_a_border_that_fits_no_head_is_left(model, scene):
    _, observation, _, image, person, _ = scene
    fit = coarse.fit(model, [observation])
    narrow = np.zeros_like(person)
    x, y = observation.landmarks.points.mean(axis=0).astype(int)
    narrow[y - 60 : y + 60, x - 30 : x + 30] = 1.0
    border = border_in_photo(image, observation.landmarks.points, narrow)
    found = outlined(model, fit, Evidence([image], borders=[border]))
    assert found.views[0].landmark_error <= fit.views[0].landmark_error + 0.008
