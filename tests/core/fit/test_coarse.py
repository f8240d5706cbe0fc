"""The coarse fit on landmarks of heads whose shape, expression, pose and camera are known."""

import re
from dataclasses import replace

import numpy as np
import pytest
from furrow.core.errors import NoFaceError, PhotoError
from furrow.core.fit import coarse
from furrow.core.head.landmark_sets import LIP_PAIRS
from synthetic_head import aligned_distance, degrees_between, observe, some_identity

# the points here are the mesh's own, not those of the landmark net that the regressor has learned to read
# landmarks that lie where the model has them, but for noise, deserve more trust than the net's
EXACT = coarse.FitSettings(reading_trust=0.0, landmark_spread=5.0, contour_spread=4.0)


def broken(seen, **changes):
    """The observation with other landmark values."""
    return seen._replace(landmarks=replace(seen.landmarks, **changes))


def weight(fit, model, name, view=0):
    """Fitted weight of a named shape."""
    return fit.views[view].expression[model.expression_names.index(name)]


@pytest.fixture(scope="module")
def neutral_fits(model):
    """Truth and fit of three neutral heads, turned a little."""
    results = []
    for seed in range(3):
        identity = some_identity(model, seed)
        seen, pose = observe(model, identity, turn=(0.06, 0.15 - 0.12 * seed, 0.05), seed=seed)
        results.append((identity, pose, seen, coarse.fit(model, [seen], EXACT)))
    return results


def test_neutral_heads_are_recovered(model, neutral_fits):
    errors, mean_errors = [], []
    for identity, pose, _, fit in neutral_fits:
        view = fit.views[0]
        assert view.landmark_error < 0.02
        assert degrees_between(view.pose.rotation, pose.rotation) < 2.0
        assert fit.warnings == ()
        truth = model.landmarks(model.neutral(identity).astype(float))
        errors.append(aligned_distance(model.landmarks(fit.neutral.astype(float)), truth))
        mean_errors.append(aligned_distance(model.landmarks(model.mean.astype(float)), truth))
        # without EXIF only focal length over distance is well known
        assert view.camera.fx / view.pose.translation[2] == pytest.approx(1500 / 850, rel=0.08)
    # the defaults distrust the net's points, so a good part of the way is all that can be asked
    assert np.mean(errors) < 0.75 * np.mean(mean_errors)


def test_trusted_landmarks_give_the_shape(model, neutral_fits):
    """With spreads as small as the noise the prior has no say, and the solution is the truth."""
    trusting = replace(
        EXACT, landmark_spread=0.3, outline_weight=1.0, contour_spread=50.0, size_spread=9.0,
    )
    identity, _, seen, _ = neutral_fits[2]
    fit = coarse.fit(model, [seen._replace(focal_px=1500.0)], trusting)
    truth = model.landmarks(model.neutral(identity).astype(float))
    assert aligned_distance(model.landmarks(model.mean.astype(float)), truth) > 2.5
    assert aligned_distance(model.landmarks(fit.neutral.astype(float)), truth) < 0.45


def test_reported_error_is_the_reprojection_over_the_eye_distance(model, neutral_fits):
    _, _, seen, fit = neutral_fits[0]
    view = fit.views[0]
    points = model.landmarks(fit.neutral.astype(float) + np.tensordot(view.expression, model.expression_basis, 1))
    x, y, z = (points @ view.pose.rotation.T + view.pose.translation).T
    camera = view.camera
    off = np.hypot(camera.fx * x / z + camera.cx - seen.landmarks.points[:, 0],
                   camera.fy * y / z + camera.cy - seen.landmarks.points[:, 1])
    left, right = seen.landmarks.points[[33, 263]]
    assert view.landmark_error == pytest.approx(off.mean() / np.hypot(*(left - right)), rel=1e-3)


def test_a_neutral_face_gets_next_to_no_expression(neutral_fits):
    for _, _, _, fit in neutral_fits:
        assert fit.views[0].expression.max() < 0.1 and fit.views[0].expression.sum() < 0.2


@pytest.mark.parametrize("shapes", [
    {"jawOpen": 0.6}, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, {"eyeBlinkLeft": 0.9}, {"mouthPucker": 0.8},
])
def test_an_expression_is_found(model, shapes):
    seen, _ = observe(model, some_identity(model, 5), shapes, turn=(0.0, -0.2, 0.0))
    fit = coarse.fit(model, [seen], EXACT)
    for name, value in shapes.items():
        assert 0.25 * value < weight(fit, model, name) < 1.3 * value, name
    others = [w for w, name in zip(fit.views[0].expression, model.expression_names) if name not in shapes]
    assert max(others) < 0.6 * min(weight(fit, model, name) for name in shapes)


@pytest.fixture(scope="module")
def two_photos(model):
    identity = some_identity(model, 8)
    first, pose_1 = observe(model, identity, {}, (0, 0.35, 0), exif=1500.0, photo="first.jpg", seed=1)
    second, pose_2 = observe(
        model, identity, {"jawOpen": 0.6}, (0.1, -0.45, 0), exif=1500.0, photo="second.jpg", seed=2
    )
    return identity, (first, second), (pose_1, pose_2), coarse.fit(model, [first, second], EXACT)


def test_the_order_of_photos_does_not_matter(model, two_photos):
    _, (first, second), _, fit = two_photos
    turned = coarse.fit(model, [second, first], EXACT)
    assert np.allclose(fit.identity, turned.identity, atol=1e-6)
    for one, other in zip(fit.views, reversed(turned.views)):
        assert one.photo == other.photo
        assert np.allclose(one.expression, other.expression, atol=1e-6)
        assert np.allclose(one.pose.translation, other.pose.translation, atol=1e-4)


def test_photos_share_the_identity_and_keep_their_own_expression_and_pose(model, two_photos):
    identity, photos, poses, fit = two_photos
    for view, pose in zip(fit.views, poses):
        assert degrees_between(view.pose.rotation, pose.rotation) < 2.0
    assert weight(fit, model, "jawOpen", 0) < 0.1 < 0.3 < weight(fit, model, "jawOpen", 1)
    truth = model.landmarks(model.neutral(identity).astype(float))
    both = aligned_distance(model.landmarks(fit.neutral.astype(float)), truth)
    single = aligned_distance(model.landmarks(coarse.fit(model, [photos[1]]).neutral.astype(float)), truth)
    assert both < single


@pytest.mark.parametrize("focal", [1000.0, 2800.0])
def test_a_focal_length_from_exif_is_respected(model, focal):
    distance = 850.0 * focal / 1500.0
    seen, _ = observe(model, some_identity(model, 3), focal=focal, distance=distance, exif=focal)
    view = coarse.fit(model, [seen]).views[0]
    assert view.camera.fx == pytest.approx(focal, rel=0.04) and view.camera.fy == view.camera.fx
    assert view.pose.translation[2] == pytest.approx(distance, rel=0.1)


def test_weights_and_coefficients_keep_their_bounds(model):
    """Landmarks that no head has, trusted: both bounds are reached and neither is passed."""
    seen, _ = observe(model, np.zeros(150), {"jawOpen": 1.0, "eyeWideLeft": 1.0})
    points = seen.landmarks.points.copy()
    points[:, 0] = 500 + 1.3 * (points[:, 0] - 500)
    points[[14, 17, 84, 314, 87, 317, 152, 148, 377]] += [0, 70.0]
    settings = replace(
        EXACT, landmark_spread=0.5, contour_spread=50.0, expression_strength=0.02, robust_scale=100.0, limit=1.5
    )
    fit = coarse.fit(model, [broken(seen, points=points)], settings)
    assert 1.45 < np.abs(fit.identity).max() <= 1.5 + 1e-9
    expression = fit.views[0].expression
    assert 0.0 == expression.min() and 0.95 < expression.max() <= 1.0
    assert np.isfinite(fit.neutral).all()


def test_landmarks_that_fit_no_head_give_a_warning(model):
    seen, _ = observe(model, np.zeros(150), noise=25.0, photo="blurred.jpg")
    fit = coarse.fit(model, [seen])
    (line,) = fit.warnings
    assert line.startswith("blurred.jpg: the head fits only roughly") and "\n" not in line


def test_a_profile_is_delivered_with_a_warning(model):
    identity = some_identity(model, 4)
    seen, pose = observe(model, identity, turn=(0, 1.2, 0), photo="side.jpg")
    fit = coarse.fit(model, [seen])
    assert degrees_between(fit.views[0].pose.rotation, pose.rotation) < 3
    (line,) = fit.warnings
    assert re.match("side.jpg: the head is turned by (6.|7[0-2]) degrees", line) and "\n" not in line


def test_a_stray_landmark_does_not_move_the_head(model, neutral_fits):
    _, _, seen, fit = neutral_fits[0]
    points = seen.landmarks.points.copy()
    points[[205, 50, 101]] += [160.0, -140.0]
    other = coarse.fit(model, [broken(seen, points=points)])
    before, after = (model.landmarks(f.neutral.astype(float)) for f in (fit, other))
    assert np.linalg.norm(before - after, axis=1).mean() < 0.5


@pytest.mark.parametrize("spoil, error, words", [
    (lambda s: broken(s, points=np.full((478, 2), np.nan)), PhotoError, "not finite"),
    (lambda s: broken(s, depth=np.full(478, np.inf)), PhotoError, "not finite"),
    (lambda s: broken(s, points=s.landmarks.points[:68]), PhotoError, "478 landmarks"),
    (lambda s: broken(s, points=np.full((478, 2), 7.0)), PhotoError, "too small"),
    (lambda s: broken(s, score=0.02), NoFaceError, "no face"),
    (lambda s: broken(s, score=float("nan")), NoFaceError, "no face"),
    (lambda s: s._replace(width=0), PhotoError, "positive"),
    (lambda s: s._replace(focal_px=-5.0), PhotoError, "positive"),
    (lambda s: s._replace(focal_px=float("nan")), PhotoError, "positive"),
])
def test_bad_input_is_one_clear_line(model, spoil, error, words):
    seen, _ = observe(model, np.zeros(150), photo="bad.jpg")
    with pytest.raises(error) as caught:
        coarse.fit(model, [spoil(seen)])
    assert words in str(caught.value) and str(caught.value).startswith("bad.jpg: ") and "\n" not in str(caught.value)


def test_no_photo_is_an_error(model):
    with pytest.raises(PhotoError, match="give at least one"):
        coarse.fit(model, [])


def test_a_photo_says_nothing_about_the_size(model):
    """Heads that are larger or smaller throughout, seen through one lens: the fit is the same head at another place."""
    seen, _ = observe(model, np.zeros(150), turn=(0.05, 0.3, 0.0), exif=1500.0)
    sizes = []
    for depth_of_net in (0.85, 1.0):
        depth = depth_of_net * seen.landmarks.depth
        fit = coarse.fit(model, [broken(seen, depth=depth)])
        points = model.landmarks(fit.neutral.astype(float))
        sizes.append(np.linalg.norm(points - points.mean(axis=0)))
    mean = model.landmarks(model.mean.astype(float))
    assert np.allclose(np.array(sizes) / np.linalg.norm(mean - mean.mean(axis=0)), 1.0, atol=0.03)


def test_an_open_mouth_stays_an_expression(model):
    """A mouth opened wide is not built into the neutral head, whose lips stay as they are on the mean head."""
    seen, _ = observe(model, some_identity(model, 6), {"jawOpen": 0.9}, seed=3)
    fit = coarse.fit(model, [seen])
    upper, lower = LIP_PAIRS.T
    lips = model.landmarks(fit.neutral.astype(float)) - model.landmarks(model.mean.astype(float))
    assert np.linalg.norm(lips[upper] - lips[lower], axis=1).mean() < 0.6
    assert weight(fit, model, "jawOpen") > 0.5


def test_views_of_a_known_head_are_found(model):
    """From a start that is off, pose and expression come back; the identity is not touched."""
    identity = some_identity(model, 9)
    seen, pose = observe(model, identity, {"jawOpen": 0.5}, turn=(0.0, 0.3, 0.0), exif=1500.0)
    settings = coarse.FitSettings()
    problem = coarse.fit_problem(model, [seen], len(identity), settings)
    start = coarse.initial_state(problem.basis.mean, seen, settings, 52)
    found = coarse.refit_views(problem, coarse.HeadState(identity, (start,)))
    np.testing.assert_array_equal(found.identity, identity)
    (state,) = found.views
    assert degrees_between(start.rotation, pose.rotation) > 2 * degrees_between(state.rotation, pose.rotation)
    assert degrees_between(state.rotation, pose.rotation) < 0.5
    assert coarse.landmark_error(problem.basis, identity, state, seen) < 0.01
    assert state.expression[model.expression_names.index("jawOpen")] > 0.35


@pytest.mark.parametrize("focal, distance", [(778.0, 450.0), (2800.0, 1600.0)])
def test_a_near_camera_gives_no_larger_nose(model, focal, distance):
    """The same head through a 28 mm equivalent at arm's length and through a long lens, focal length known or not."""
    truth = np.zeros(150)
    nose = {}
    for exif in (focal, None):
        seen, _ = observe(model, truth, focal=focal, distance=distance, exif=exif, noise=0.3)
        head = coarse.fit(model, [seen], coarse.FitSettings()).neutral.astype(float)
        nose[exif] = nose_share(model.landmarks(head))
    true_nose = nose_share(model.landmarks(model.neutral(truth).astype(float)))
    assert nose[focal] == pytest.approx(true_nose, rel=0.03)
    assert nose[None] == pytest.approx(true_nose, rel=0.06)


def nose_share(points):
    """Width of the nostrils' wings over the distance of the outer eye corners, and how far the tip stands out."""
    eyes = np.linalg.norm(points[33] - points[263])
    return (np.linalg.norm(points[129] - points[358]) + points[4, 2] - points[[129, 358], 2].mean()) / eyes


def test_lips_open_as_far_as_in_the_photo_against_the_prior(model):
    """A prior that wants the mouth shut costs the opening little; a robust weight would drop it for an outlier."""
    seen, _ = observe(model, some_identity(model, 4), {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "jawOpen": 0.35})
    opening = np.linalg.norm(np.subtract(*seen.landmarks.points[[13, 14]]))
    shares = []
    for changes in ({}, {"lip_opening": 0.5, "lip_robust_scale": 3.0}):
        fit = coarse.fit(model, [seen], replace(EXACT, expression_strength=30.0, **changes))
        view = fit.views[0]
        head = fit.neutral + np.tensordot(view.expression.astype(np.float32), model.expression_basis, 1)
        lips = view.camera.project(view.pose.apply(model.landmarks(head.astype(float))))[[13, 14]]
        shares.append(np.linalg.norm(np.subtract(*lips)) / opening)
    assert shares[0] > 0.85 > 0.7 > shares[1]
