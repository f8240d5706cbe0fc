"""Unwrapping a rendered photo gives the texture back where it is seen, and knows where it is not."""

from dataclasses import replace

import numpy as np
from dome import dome_fit, dome_model, dome_view, render
from furrow.core.head.raster import texel_millimetres, uv_raster
from furrow.core.image.filters import smoothstep
from furrow.core.view.chart_window import seen_window
from furrow.core.view.unwrap import FEATURES, depth_buffer, landmark_shift, pose_view, unwrap

SIZE = 256


def pattern(positions):
    """Smooth colour pattern fixed to the head, sRGB."""
    x, y, _ = np.asarray(positions).T
    return np.stack([0.5 + 0.3 * np.sin(x / 7), 0.5 + 0.3 * np.cos(y / 9), 0.5 + 0.2 * np.sin((x + y) / 11)], -1)


def unwrapped(yaw, size=480):
    model, view = dome_model(), dome_view(yaw, size)
    photo = render(model, view, lambda positions, normals: pattern(positions))
    texel = texel_millimetres(model.topology, model.mean, SIZE)
    posed = pose_view(model, dome_fit(model, view), view, photo, texel)
    return model, posed, unwrap(model.topology, posed, SIZE)


def test_round_trip_of_a_texture():
    for yaw in (0, 25):
        model, _, result = unwrapped(yaw)
        positions = uv_raster(model.topology, SIZE).sample(model.mean)
        # the dome's open rim, which a head has not, mixes with the background
        inland = np.pad(np.ones((SIZE - 50, SIZE - 50), bool), 25)
        sure = (result.confidence > 0.5) & inland
        assert sure.mean() > 0.3
        error = np.abs(result.colour - pattern(positions.reshape(-1, 3)).reshape(SIZE, SIZE, 3))[sure]
        assert np.quantile(error, 0.99) < 0.01


def test_a_large_photo_is_scaled_down_to_the_texels_and_still_agrees():
    model, posed, result = unwrapped(0, size=1400)
    assert posed.scale.max() < 0.6
    positions = uv_raster(model.topology, SIZE).sample(model.mean)
    error = np.abs(result.colour - pattern(positions.reshape(-1, 3)).reshape(SIZE, SIZE, 3))[result.confidence > 0.5]
    assert np.quantile(error, 0.99) < 0.03


def test_looking_closer_in_a_window_gives_what_each_texel_of_the_larger_map_sees():
    model, posed, coarse = unwrapped(25)
    whole = unwrap(model.topology, posed, 4 * SIZE)
    window = seen_window(coarse.confidence * (coarse.confidence > 0.2), 4 * SIZE)
    found, expected = coarse.look_closer(posed.image, window), whole.colour[window.full]
    assert found.shape == expected.shape == (*window.shape, 3)
    inland = np.pad(np.ones((4 * SIZE - 200, 4 * SIZE - 200), bool), 100)
    sure = ((whole.confidence > 0.5) & inland)[window.full]
    assert sure.mean() > 0.3
    assert np.quantile(np.abs(found - expected)[sure], 0.999) < 0.004
    # a texel beside them is further off
    assert np.quantile(np.abs(np.roll(found, 1, 1) - expected)[sure], 0.999) > 0.01


def test_a_coarse_map_of_a_fine_photo_is_its_area_average():
    model, view = dome_model(), dome_view(0, 1400)
    noise = np.random.default_rng(0).integers(0, 256, (1400, 1400, 3)).astype(np.uint8)
    texel = texel_millimetres(model.topology, model.mean, 2 * SIZE)
    posed = pose_view(model, dome_fit(model, view), view, noise, texel)
    sharp, calm = (unwrap(model.topology, posed, SIZE, t) for t in (0.0, 2 * texel))
    sure = sharp.confidence > 0.5
    assert calm.colour[sure].std() < 0.7 * sharp.colour[sure].std()
    np.testing.assert_array_equal(calm.map_x, sharp.map_x)
    # and lies where it lies in the photo
    wave = np.uint8(127.5 + 120 * np.sin(np.arange(1400) * 2 * np.pi / 100))
    wave = wave[:, None, None] // 2 + wave[:, None] // 2 + np.zeros_like(noise)
    posed = pose_view(model, dome_fit(model, view), view, wave, texel)
    sharp, calm = (unwrap(model.topology, posed, SIZE, t).colour[sure] for t in (0.0, 2 * texel))
    assert np.abs(calm - sharp).max() < 0.012


def test_confidence_falls_with_the_angle_and_is_none_behind():
    model, posed, result = unwrapped(40)
    facing = uv_raster(model.topology, SIZE).sample(posed.facing)
    covered = uv_raster(model.topology, SIZE).covered
    assert not result.confidence[covered & (facing < 0.1)].any()
    assert result.confidence[covered & (facing > 0.6)].mean() > 0.97
    right, left = result.confidence[:, : SIZE // 2].mean(), result.confidence[:, SIZE // 2 :].mean()
    assert abs(right - left) > 0.15


def test_what_a_nearer_surface_hides_is_not_seen():
    model, view = dome_model(), dome_view(0)
    topology = model.topology
    faces = topology.faces
    # a plate before the middle of the face, as the eyes' part of the mesh
    plate = np.array([[-15, -15, 90], [15, -15, 90], [15, 15, 90], [-15, 15, 90]], np.float32)
    count = topology.vertex_count
    fields = {name: getattr(topology, name) for name in topology.__dataclass_fields__}
    fields.update(
        faces=np.concatenate([faces, [[count, count + 1, count + 2, count + 3]]]).astype(np.int32),
        face_part=np.append(topology.face_part, 1).astype(np.int32),
        part_start=np.array([0, count] + [count + 4] * 4, np.int32),
        uv=np.concatenate([topology.uv, np.zeros((1, 4, 2), np.float32)]),
        region_masks=np.pad(topology.region_masks, ((0, 0), (0, 4))),
    )
    plated = type(topology)(**fields)
    points = np.concatenate([model.mean, plate])
    whole = type(model)(**{**vars(model), "topology": plated, "mean": points,
                           "expression_basis": np.zeros((52, count + 4, 3), np.float32)})
    photo = np.full((480, 480, 3), 128, np.uint8)
    posed = pose_view(whole, dome_fit(whole, view), view, photo, 1.0)
    confidence = unwrap(plated, posed, SIZE).confidence
    positions = uv_raster(plated, SIZE).sample(points)
    covered = uv_raster(plated, SIZE).covered
    near = (np.abs(positions[..., :2]) < 10).all(-1) & covered
    ring = (np.abs(positions[..., :2]) > 22).any(-1) & (np.hypot(*positions[..., :2].transpose(2, 0, 1)) < 35) & covered
    assert not confidence[near].any()
    assert confidence[ring].min() > 0.5
    depth, factor = depth_buffer(plated, posed)
    centre = (posed.camera.project(np.array([0, 0, 510.0])) * factor).astype(int)
    assert abs(depth[centre[1], centre[0]] - 510) < 0.1


def test_texel_width_of_a_flat_chart():
    model = dome_model()
    flat = np.column_stack([model.mean[:, :2] * 0, np.zeros(len(model.mean))]).astype(np.float32)
    chart = np.zeros((len(flat), 2))
    chart[model.topology.faces] = model.topology.uv
    flat[:, :2] = chart * 200
    np.testing.assert_allclose(texel_millimetres(model.topology, flat, 400), 0.5, rtol=1e-4)


def test_the_photo_is_sampled_where_the_landmarks_say_the_feature_is():
    model = dome_model()
    quads = model.topology.faces
    marked = np.linspace(0, len(quads) - 1, 478).astype(int)
    model = replace(model, landmark_vertices=quads[marked][:, :3])
    points = model.mean.astype(np.float64)
    offsets = np.tile([2.0, -1.0], (478, 1))
    shift = landmark_shift(model, points, offsets)
    middle = np.abs(points[:, :2]).max(1) < 40
    assert np.abs(shift[middle] - [2.0, -1.0]).max() < 0.8
    offsets[::7] = [60.0, 0]  # mistakes of the net
    assert np.abs(landmark_shift(model, points, offsets)[middle] - [2.0, -1.0]).mean() < 0.4
    assert not landmark_shift(model, points, np.full((478, 2), 50.0)).any()


def test_smoothstep_rises_from_zero_to_one_between_its_bounds():
    np.testing.assert_allclose(smoothstep(np.array([0.0, 1, 1.5, 2, 3]), 1, 2), [0, 0, 0.5, 1, 1])


def test_skin_stays_where_the_fit_projects_it_and_features_go_where_the_landmarks_are():
    """Landmarks all aside, those of features on one half of the dome: with a second photo the other half moves too."""
    model, view = dome_model(), dome_view()
    quads = model.topology.faces
    left = model.mean[quads][:, :, 0].mean(1) < 0
    corners = np.empty((478, 3), quads.dtype)
    for marks, side in ((FEATURES, left), (np.setdiff1d(np.arange(478), FEATURES), ~left)):
        places = np.flatnonzero(side)
        corners[marks] = quads[places[np.linspace(0, len(places) - 1, len(marks)).astype(int)]][:, :3]
    model = replace(model, landmark_vertices=corners)
    projected = view.camera.project(view.pose.apply(model.landmarks(model.mean.astype(np.float64))))
    view = replace(view, landmarks=replace(view.landmarks, points=projected + [3.0, -2.0]))
    photo = np.full((480, 480, 3), 128, np.uint8)
    x = model.mean[:, 0]
    for views, follows in (((view,), False), ((view, view), True)):
        posed = pose_view(model, dome_fit(model, *views), view, photo, 1.0)
        near = np.abs(model.mean[:, :2]).max(1) < 40
        shift = posed.shift / posed.scale
        assert np.abs(shift[near & (x < -8)] - [3.0, -2.0]).mean() < 0.8
        beside = shift[near & (x > 16)]
        assert np.abs(beside - np.array([3.0, -2.0]) * follows).mean() < (0.8 if follows else 0.1)
