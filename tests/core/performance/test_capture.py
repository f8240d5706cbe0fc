"""Expression, pose and gaze read from rendered clips whose curves are known; clips that cannot be read."""

import dataclasses
import io
import json
import struct

import cv2
import numpy as np
import pytest
from face_fixtures import nets
from furrow.core import cli
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError, NoFaceError, PerformanceError
from furrow.core.head.camera import Camera, rotation_matrix
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.performance import capture
from furrow.core.performance import clip as performance_clip
from furrow.core.performance.capture import CaptureSettings, capture_performance, capture_photo
from furrow.core.performance.clip import natural_order, open_clip
from furrow.core.performance.eyes import eye_bounds
from furrow.core.performance.file import load_performance
from furrow.core.performance.gaze import gaze_angles
from furrow.core.performance.guess import guesses
from furrow.core.performance.solve import Guess, SolveSettings, clip_focal, face_motion, solve_frame
from furrow.core.performance.track import FaceTracker
from furrow.core.worker import Worker
from furrow.models.evaluation.face_clip import FACING, Painter, pose_at, write_video
from furrow.models.evaluation.made_up import tiny_character
from PIL import Image
from synthetic_head import degrees_between, expression_weights, observe, some_identity

FRAMES, FPS, SIZE, FOCAL = 40, 20.0, 320, 800.0
GAP = slice(33, 36)  # frames in which nobody is there


@pytest.fixture(scope="module")
def person(model):
    """A character without photos: the shape is right, so that only motion is left to find."""
    neutral = model.neutral(0.7 * some_identity(model, 5))
    return dataclasses.replace(
        tiny_character("Actor"), topology=model.topology, neutral=neutral, expression_names=model.expression_names,
        expression_deltas=personal_deltas(model, neutral), directions=model.directions, joints=model.joints,
        joint_directions=model.joint_directions, views=(),
    )


@pytest.fixture(scope="module")
def truth(model):
    """Weights (F, 52) and turns (F, 3) of the clip: smile, brows, jaw, a blink, a look from side to side."""
    time = np.arange(FRAMES) / FPS
    weights = np.zeros((FRAMES, 52))

    def play(curve, *names):
        for name in names:
            weights[:, model.expression_names.index(name)] = curve

    def bump(centre, width):
        return np.exp(-0.5 * ((time - centre) / width) ** 2)

    play(0.8 * bump(0.5, 0.15), "mouthSmileLeft", "mouthSmileRight")
    play(0.9 * bump(1.0, 0.15), "browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    play(0.6 * bump(1.5, 0.15), "jawOpen")
    play(np.minimum(1.2 * bump(0.25, 0.06), 1.0), "eyeBlinkLeft", "eyeBlinkRight")
    side = 0.8 * np.sin(2 * np.pi * time / 2.0)
    play(np.maximum(side, 0), "eyeLookOutLeft", "eyeLookInRight")
    play(np.maximum(-side, 0), "eyeLookInLeft", "eyeLookOutRight")
    turns = np.deg2rad(np.column_stack([5 * np.sin(4 * time), 15 * np.sin(3 * time), 4 * np.cos(3 * time)]))
    return weights, turns


@pytest.fixture(scope="module")
def video(model, person, truth, tmp_path_factory):
    """Motion JPEG of the clip, with a few empty frames."""
    painter = Painter(model, person.neutral.astype(float), person.expression_deltas.astype(float))
    camera = Camera(FOCAL, FOCAL, SIZE / 2, SIZE / 2, SIZE, SIZE)
    frames = [painter.frame(w, pose_at(t), camera) for w, t in zip(*truth)]
    for i in range(*GAP.indices(FRAMES)):
        frames[i] = np.full_like(frames[0], 120)
    path = tmp_path_factory.mktemp("clip") / "take 1.avi"
    write_video(path, frames, FPS)
    cv2.imwrite(str(path.with_suffix(".png")), frames[10][:, :, ::-1])  # the smile
    return path


STAGES = ("_track", "_face", "rest_face", "_solve")


@pytest.fixture(scope="module")
def recorded(model, person, video):
    """The performance, and what each stage before the smoothing gave."""
    results = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in STAGES:
            stage = getattr(capture, name)
            patch.setattr(
                capture, name, lambda *a, _stage=stage, _name=name: results.setdefault(_name, _stage(*a))
            )
        made = capture_performance(person, video, model, nets(), CaptureSettings(smooth=0.5))
    return made, results


@pytest.fixture(scope="module")
def performance(recorded):
    return recorded[0]


@pytest.fixture
def tracked_once(recorded, monkeypatch):
    """The landmarks of the clip are the same in every run."""
    monkeypatch.setattr(capture, "_track", lambda *_: recorded[1]["_track"])


@pytest.fixture
def solved_once(recorded, monkeypatch):
    """So is everything before the smoothing, with the same rest."""
    for name in STAGES:
        monkeypatch.setattr(capture, name, lambda *_, _name=name: recorded[1][_name])


def used(model, *names):
    return [model.expression_names.index(name) for name in names]


def test_weights_follow_the_curves(model, truth, performance):
    weights, _ = truth
    seen = performance.seen
    assert performance.count == FRAMES and performance.fps == pytest.approx(FPS)
    for name in ("mouthSmileLeft", "browInnerUp", "browOuterUpRight", "jawOpen", "eyeBlinkLeft", "eyeBlinkRight"):
        (i,) = used(model, name)
        assert np.corrcoef(weights[seen, i], performance.weights[seen, i])[0, 1] > 0.8, name
    played = weights.max(axis=0) > 0
    got, true = performance.weights[seen][:, played], weights[seen][:, played]
    assert np.corrcoef(got.ravel(), true.ravel())[0, 1] > 0.75
    assert performance.weights[seen][:, ~played].mean() < 0.03


def test_pose_is_found_and_the_gaze_looks_the_right_way(truth, performance):
    weights, turns = truth
    seen = performance.seen
    errors = [degrees_between(r, rotation_matrix(t)) for r, t in zip(performance.rotation[seen], turns[seen])]
    assert np.mean(errors) < 3.2
    side = np.sin(2 * np.pi * np.arange(FRAMES) / FPS / 2.0)
    for eye in (0, 1):
        yaw = performance.gaze[:, eye, 0]
        assert np.corrcoef(yaw[seen], side[seen])[0, 1] > 0.75
        assert yaw[np.argmax(side)] > 0.08 and yaw[np.argmin(side)] < -0.08


def test_shut_eyes_are_shut_and_keep_their_gaze(model, truth, performance):
    weights, _ = truth
    blink = used(model, "eyeBlinkLeft", "eyeBlinkRight")
    shut = int(weights[:, blink[0]].argmax())
    assert performance.weights[shut, blink].min() > 0.85
    assert performance.weights[weights[:, blink[0]] < 0.01][:, blink].mean() < 0.1
    opening = np.array([0.1, 0.9])  # the right eye is shut
    names, before = ("eyeLookInRight", "eyeLookInLeft", "eyeBlinkRight", "eyeBlinkLeft"), np.array([0.4, 0.3, 0.0, 0.0])
    low, high = eye_bounds(names, before, np.ones(4), opening)
    np.testing.assert_array_equal(low, [0.4, 0, 1, 0])
    np.testing.assert_array_equal(high, [0.4, 1, 1, 1])


def test_gap_is_filled_and_told(performance):
    assert performance.seen.sum() == FRAMES - 3 and not performance.seen[GAP].any()
    assert any("33-35" in note and "3 of 40" in note for note in performance.notes)
    assert np.isfinite(performance.weights).all()
    before, after = performance.rotation[GAP.start - 1], performance.rotation[GAP.stop]
    middle = performance.rotation[GAP.start + 1]
    assert degrees_between(before, middle) < degrees_between(before, after) + 1.0


def test_smoothing_takes_jitter_and_leaves_the_curves(model, person, video, performance, solved_once):
    rough = capture_performance(person, video, model, nets(), CaptureSettings(smooth=0.0))
    streamed = capture_performance(person, video, model, nets(), CaptureSettings(smooth=0.5, streaming=True))
    mouth = [i for i, name in enumerate(model.expression_names) if name.startswith(("mouth", "jaw"))]

    def jitter(made):
        return np.abs(np.diff(made.weights[:32, mouth], 2, axis=0)).mean()

    assert jitter(performance) < 0.6 * jitter(rough) and jitter(streamed) < 0.8 * jitter(rough)
    i = model.expression_names.index("jawOpen")
    assert abs(int(performance.weights[:, i].argmax()) - int(rough.weights[:, i].argmax())) <= 1


def test_neutral_frame_counts_as_rest_and_straight_ahead(model, person, video, tracked_once):
    settings = CaptureSettings(neutral=38, fps=10.0, smooth=0.0)
    made = capture_performance(person, video, model, nets(), settings)
    assert made.fps == 10.0 and made.count == 20
    assert made.weights[19].max() < 0.02 and degrees_between(made.rotation[19], np.eye(3)) < 1.0
    with pytest.raises(PerformanceError, match="Frame 34 shows no face"):
        capture_performance(person, video, model, nets(), CaptureSettings(neutral=34))


def test_photo_of_the_smile(model, person, video, tmp_path, capsys):
    photo = video.with_suffix(".png")
    made, view = capture_photo(person, photo, model, nets())
    smile = used(model, "mouthSmileLeft", "mouthSmileRight")
    assert made.count == 1 and made.weights[0, smile].min() > 0.2
    np.testing.assert_array_equal(view.expression, made.weights[0])
    source, target, values = tmp_path / "a.furrow", tmp_path / "b.furrow", tmp_path / "c.json"
    save_character(person, source)
    assert cli.main(["expression", str(source), str(photo), "-o", str(target), "--json", str(values)]) == 0
    assert "mouthSmileLeft" in capsys.readouterr().out
    np.testing.assert_allclose(load_character(target).views[0].expression, made.weights[0], atol=1e-5)
    np.testing.assert_allclose(load_character(target).neutral, person.neutral)
    assert load_performance(values).expression()["mouthSmileLeft"] > 0.2


def test_solver_finds_noiseless_pose_and_expression(model):
    """Against landmarks projected from known parameters."""
    identity = some_identity(model, 8)
    shapes = {"jawOpen": 0.7, "mouthSmileLeft": 0.6, "browDownRight": 0.5, "eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5}
    seen, pose = observe(model, identity, shapes, turn=(0.1, 0.3, -0.05), noise=0.01)
    face = face_motion(model, model.neutral(identity), model.expression_basis)
    fit = solve_frame(face, seen.landmarks, 1000, 1000, 1500.0)
    np.testing.assert_allclose(fit.state.expression, expression_weights(model, **shapes), atol=0.2)
    assert degrees_between(fit.state.rotation, pose.rotation) < 0.3
    assert np.linalg.norm(fit.state.translation - pose.translation) < 4.0
    held = solve_frame(face, seen.landmarks, 1000, 1000, 1500.0, neutral=True)
    assert not held.state.expression.any() and held.error > 3 * fit.error


def test_depth_of_the_net_counts_as_flatter_than_the_face(model):
    """A flat depth must not be taken for a face farther away where depth is all that tells."""
    identity = some_identity(model, 8)
    seen, pose = observe(model, identity, turn=(0.1, 0.35, 0.0), noise=0.01)
    flat = dataclasses.replace(seen.landmarks, depth=seen.landmarks.depth * SolveSettings.depth_gain)
    off = {}
    for gain in (1.0, SolveSettings().depth_gain):
        settings = SolveSettings(depth_gain=gain, depth_spread=0.2, landmark_spread=20.0)
        face = face_motion(model, model.neutral(identity), model.expression_basis, settings)
        found = solve_frame(face, flat, 1000, 1000, 1500.0, neutral=True).state.translation
        off[gain] = np.linalg.norm(found - pose.translation)
    assert off[SolveSettings.depth_gain] < 7.0 and off[1.0] > 30.0


def test_reading_at_rest_is_taken_off_the_guess(model, video):
    frames = list(open_clip(video).frames())
    smiling, plain = (FaceTracker(nets()).track(frames[i]) for i in (10, 39))
    names = model.expression_names[::-1]  # its own order
    (raw,), (rest,) = guesses([smiling], names), guesses([plain], names)
    smile = names.index("mouthSmileLeft")
    assert raw.weights[smile] > 0.4 > rest.weights[smile]
    (same,) = guesses([plain], names, rest.weights)
    assert same.weights.max() < 1e-6
    (less,) = guesses([smiling], names, np.full(52, 0.2))
    np.testing.assert_allclose(less.weights, np.clip((raw.weights - 0.2) / 0.8, 0, 1), atol=1e-6)
    np.testing.assert_array_equal(less.sigma, raw.sigma)


def test_a_clip_is_read_with_textures_in_all_frames_or_in_none(model, video):
    frames = list(open_clip(video).frames())
    tracker = FaceTracker(nets())
    marks = [tracker.track(frames[i]) for i in (10, 12)]
    bare = [dataclasses.replace(mark, texture=None) for mark in marks]

    def read(some):
        return np.array([guess.weights for guess in guesses(some, model.expression_names)])

    np.testing.assert_array_equal(read([marks[0], bare[1]]), read(bare))
    assert np.abs(read(marks) - read(bare)).max() > 0.02


def test_guess_decides_where_landmarks_do_not(model):
    identity = some_identity(model, 11)
    seen = observe(model, identity)[0].landmarks
    face = face_motion(model, model.neutral(identity), model.expression_basis)
    puff = model.expression_names.index("cheekPuff")
    weights, sigma = np.zeros(52), np.full(52, 0.2)
    weights[puff], sigma[puff] = 0.6, 0.02
    without = solve_frame(face, seen, 1000, 1000, 1500.0).state
    guided = solve_frame(face, seen, 1000, 1000, 1500.0, without, Guess(weights, sigma)).state
    assert without.expression[puff] < 0.15 and guided.expression[puff] > 0.4


def test_focal_length_of_a_clip(model):
    identity = some_identity(model, 9)
    face = face_motion(model, model.neutral(identity), model.expression_basis)
    views = [observe(model, identity, turn=(0, t, 0), focal=2500.0, distance=1400.0, seed=k)[0].landmarks
             for k, t in enumerate((-0.4, 0.0, 0.4))]
    near = [observe(model, identity, turn=(0, t, 0), focal=900.0, distance=500.0, seed=k)[0].landmarks
            for k, t in enumerate((-0.4, 0.0, 0.4))]
    assert clip_focal(face, near, 1000, 1000) == pytest.approx(900.0, rel=0.1)
    # from far away there is little perspective to see, and the prior (55 mm) holds it back
    assert 1400.0 < clip_focal(face, views, 1000, 1000) < 2800.0


def test_gaze_is_the_turn_of_the_eyeballs(model, person):
    """Against the direction from the middle of the eyeball to the iris, in the blended mesh."""
    for shapes in ({"eyeLookOutLeft": 0.6}, {"eyeLookUpLeft": 1.0}, {"eyeLookInLeft": 0.9}, {"eyeLookDownLeft": 0.3}):
        weights = expression_weights(model, **shapes)
        yaw, pitch = gaze_angles(person, weights[None])[0, 0]
        eye = person.topology.part_slice("eyes")
        left = np.arange(eye.start, eye.stop)[person.neutral[eye, 0] > 0]
        centre = 0.5 * (person.neutral[left].min(0) + person.neutral[left].max(0))
        rest = model.landmarks(person.neutral)[473] - centre
        moved = model.landmarks(person.posed(weights))[473] - centre
        aside = [np.arctan2(v[0], v[2]) for v in (rest, moved)]
        above = [np.arcsin(v[1] / np.linalg.norm(v)) for v in (rest, moved)]
        assert yaw == pytest.approx(aside[1] - aside[0], abs=0.03), shapes
        assert pitch == pytest.approx(above[1] - above[0], abs=0.03), shapes


# -- clips that cannot be used


def test_clips_that_cannot_be_read(model, person, tmp_path, capsys):
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    (tmp_path / "empty").mkdir()
    for name, line in (
        ("noise.mp4", "not a video"), ("list.mp4", "not a video"), ("song.mp3", "no video Furrow knows"),
        ("empty", "holds no images"), ("absent.mp4", "no file"),
    ):
        with pytest.raises(PerformanceError, match=line) as caught:
            open_clip(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(PerformanceError, match="frames a second"):
        open_clip(tmp_path / "empty", fps=0.0)
    source = tmp_path / "a.furrow"
    save_character(person, source)
    output = tmp_path / "out.json"
    assert cli.main(["performance", str(source), str(tmp_path / "noise.mp4"), "-o", str(output), "--quiet"]) == 2
    assert capsys.readouterr().err.count("furrow: ") == 1 and not output.exists()


def test_image_sequence_is_sorted_by_number_and_must_have_one_size(tmp_path):
    for number in (10, 9, 100):
        Image.new("RGB", (80, 64), (number, 0, 0)).save(tmp_path / f"shot {number}.png")
    clip = open_clip(tmp_path, fps=30.0)
    assert [int(frame[0, 0, 0]) for frame in clip.frames()] == [9, 10, 100]
    assert (clip.count, clip.fps, clip.width, clip.height) == (3, 30.0, 80, 64)
    assert sorted(["b2", "a10", "a9", "2"], key=natural_order) == ["2", "a9", "a10", "b2"]
    Image.new("RGB", (81, 64)).save(tmp_path / "shot 50.png")
    with pytest.raises(PerformanceError, match="shot 50.png has 81 x 64"):
        list(clip.frames()) if clip.count > 3 else list(open_clip(tmp_path).frames())


def test_video_frames_are_rgb_and_stream(tmp_path, monkeypatch):
    frames = [np.full((64, 96, 3), (200, 40, 20), np.uint8)] * 5
    write_video(tmp_path / "red.avi", frames, 12.5)
    clip = open_clip(tmp_path / "red.avi")
    assert (clip.count, clip.width, clip.height, clip.fps) == (5, 96, 64, 12.5)
    first = next(iter(clip.frames()))
    assert np.abs(first.reshape(-1, 3).mean(0) - [200, 40, 20]).max() < 8
    monkeypatch.setattr(performance_clip, "MAX_FRAMES", 4)
    with pytest.raises(PerformanceError, match="more than 4 frames"):
        list(clip.frames())


def test_phone_video_is_turned_upright(tmp_path):
    """A track matrix that says "turned by 90 degrees", as phones write it, in a file of our own."""
    frame = np.full((64, 128, 3), 30, np.uint8)
    frame[:, :40] = 220  # bright on the left: on top once it is turned clockwise
    path = tmp_path / "phone.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30.0, (128, 64))
    for _ in range(4):
        writer.write(frame)
    writer.release()
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    data[at : at + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 64 * one, 0, 1 << 30)
    path.write_bytes(data)
    clip = open_clip(path)
    assert (clip.width, clip.height) == (64, 128)
    upright = next(iter(clip.frames()))
    assert upright.shape == (128, 64, 3) and upright[:30].mean() > 150 > upright[60:].mean()


def test_nobody_in_the_clip(model, person, tmp_path):
    write_video(tmp_path / "wall.avi", [np.full((120, 160, 3), 90, np.uint8)] * 3, 25.0)
    with pytest.raises(NoFaceError, match="wall.avi"):
        capture_performance(person, tmp_path / "wall.avi", model, nets())


def test_settings_and_characters_are_checked_first(model, person, tmp_path):
    for settings, line in (
        (CaptureSettings(smooth=2.0), "between 0 and 1"), (CaptureSettings(neutral="no"), "neither"),
        (CaptureSettings(neutral=-1), "0 \\(the first\\)"),
    ):
        with pytest.raises(PerformanceError, match=line):
            capture_performance(person, tmp_path / "absent.mp4", model, nets(), settings)
    with pytest.raises(CharacterFileError, match="another head model"):
        capture.check_character(tiny_character(), model)


def test_facing_the_camera_is_no_turn():
    np.testing.assert_array_equal(FACING.T @ pose_at((0, 0, 0)).rotation, np.eye(3))


def test_worker_writes_performances_and_refuses_in_one_line(model, person, video, tmp_path, solved_once):
    source, photo, clip = tmp_path / "a.furrow", tmp_path / "p.json", tmp_path / "c.json"
    save_character(person, source)
    events = io.StringIO()
    worker = Worker(events)
    command = {"input": str(source), "device": "cpu"}
    worker.run({**command, "command": "expression", "photo": str(video.with_suffix(".png")), "output": str(photo)})
    worker.run({**command, "command": "performance", "clip": str(video), "output": str(clip), "fps": 10})
    worker.run({**command, "command": "performance", "clip": str(tmp_path / "no.mp4"), "output": str(clip)})
    sent = [json.loads(line) for line in events.getvalue().splitlines()]
    assert [e["event"] for e in sent if e["event"] != "progress"] == ["written", "written", "error"]
    assert sent[-1]["kind"] == "PerformanceError" and "\n" not in sent[-1]["message"]
    fractions = [e["fraction"] for e in sent if e["event"] == "progress"]
    assert all(0 <= f <= 1 for f in fractions) and len(fractions) >= 4
    assert load_performance(photo).expression()["mouthSmileLeft"] > 0.2
    assert load_performance(clip).fps == 10 and load_performance(clip).count == 20
